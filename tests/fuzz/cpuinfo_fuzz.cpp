// SPDX-License-Identifier: GPL-2.0-or-later
// /proc/cpuinfo as no kernel writes it: the platform is one of the table, and fields are parts of
// the text.
#include "core/cpuinfo.h"
#include "core/host.h"
#include "tests/fuzz/fuzz.h"

#include <cstring>

using namespace virt_nested;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text = fuzz::text(data, size);
    const Machine machine = identify(text);
    must(!machine.platform || machine.platform->machine == machine.name,
         "a platform is of its machine");
    for (const char* key : {"flags", "vendor_id", "platform", "MMU", "cpu", "features"}) {
        const std::string_view value = cpu_field(text, key);
        must(value.empty() ||
                 (value.data() >= text.data() && value.data() + value.size() <= text.data() + size),
             "a field is in the text");
        must(value.find('\n') == std::string_view::npos, "a field is in one line");
    }
    const Fact fact = parse_parameter(text, "parameter");
    must(fuzz::is_harmless(fact.found + fact.reason), "a parameter's text is printable");
    return 0;
}
