// SPDX-License-Identifier: GPL-2.0-or-later
// Entry files of the Boot Loader Specification, and the comparisons that they are ordered by. The
// parts between the bytes 0x1e are files.
#include "tests/fuzz/boot_fuzz.h"
#include "validator/boot/menus/bls.h"
#include "validator/boot/menus/spec_order.h"

#include <string>
#include <vector>

using namespace virt_nested;
using fuzz::must;

namespace {

BlsFile check(const std::string& path, std::string_view text, const BootLimits& limits) {
    BlsFile file = parse_bls(path, text, limits);
    size_t kept = file.title.size() + file.kernel.size() + file.efi.size() + file.url.size();
    for (const std::vector<BlsValue>* values : {&file.options, &file.initrds}) {
        must(values->size() <= limits.entries, "lines are bounded");
        unsigned last = 0;
        for (const BlsValue& value : *values) {
            kept += value.text.size();
            must(value.line >= last, "values stand in order");
            must(value.text.size() <= limits.text, "a value is bounded");
            must(value.text.find('\n') == std::string::npos, "a value is on one line");
            last = value.line;
        }
    }
    must(kept <= text.size(), "nothing is made up");
    fuzz::check(file.doubts);
    return file;
}

int sign(int value) {
    return (value > 0) - (value < 0);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    BootLimits limits;
    limits.entries = 100;
    limits.text = 4096;
    std::vector<BlsFile> files;
    for (const std::string_view part : fuzz::parts(fuzz::text(data, size)))
        files.push_back(check("/boot/loader/entries/" + std::to_string(files.size()) + "+3.conf",
                              part, limits));
    for (const BlsFile& a : files)
        for (const BlsFile& b : files) {
            const int found = compare_versions(a.version, b.version);
            must(sign(found) == -sign(compare_versions(b.version, a.version)),
                 "the order has two sides");
            must(&a != &b || found == 0, "what is the same is in one place");
            matches_pattern(a.sort_key, b.title);
            must(matches_pattern("*", b.title), "a star matches all");
        }
    return 0;
}
