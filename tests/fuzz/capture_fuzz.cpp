// SPDX-License-Identifier: GPL-2.0-or-later
// Captures that nobody took: an error, or a machine whose report can be printed.
#include "tests/fuzz/fuzz.h"
#include "validator/capture/archive.h"
#include "validator/capture/capture.h"
#include "validator/capture/secrets.h"

#include <string>

using namespace virt_nested;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const Result<Recording> recording =
        unpack(fuzz::text(data, size), "capture", {.unpacked = 4U << 20, .entries = 1000});
    if (!recording) {
        must(fuzz::is_harmless(recording.error().what), "an error is printable");
        return 0;
    }
    auto kept = std::make_shared<Recording>(*recording);
    const std::string report = report_to_compare(Sysroot::replayed(kept), {});
    std::string lines = report;
    std::erase(lines, '\n');
    must(fuzz::is_harmless(lines), "a report is printable");
    // What is taken out of it leaves a recording that goes through a file.
    take_out_secrets(*kept, "host");
    must(static_cast<bool>(unpack(pack(*kept), "capture")), "what is packed can be unpacked");
    return 0;
}
