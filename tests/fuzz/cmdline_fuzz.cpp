// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel command line, through both of its readers. The first byte chooses the version of kmod.
#include "core/modconf/boot_options.h"
#include "core/modconf/lint.h"
#include "core/modconf/modconf.h"
#include "tests/fuzz/fuzz.h"

using namespace virt_nested;
using fuzz::must;

namespace {

void check(const Cmdline& line) {
    size_t last = 0;
    for (const Cmdline::Token& token : line.tokens) {
        must(token.offset < line.text.size(), "a word is in the text");
        must(&token == line.tokens.data() || token.offset > last, "words stand in order");
        last = token.offset;
        must(token.name.size() + (token.value ? token.value->size() : 0) <= line.text.size(),
             "a word is no longer than the text");
    }
    for (const Cmdline::ModuleOption& option : line.options) {
        must(option.offset < line.text.size(), "an option is in the text");
        must(option.module.find('-') == std::string::npos ||
                 option.module.find('[') != std::string::npos,
             "its module is normalised");
    }
    for (const Cmdline::Blacklisted& entry : line.blacklist)
        must(entry.offset < line.text.size() && entry.name.find(',') == std::string::npos,
             "a blacklisted name is one name");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0)
        return 0;
    const auto versions = kmod_versions();
    const KmodProfile profile = kmod_profile(versions[data[0] % versions.size()]);
    const Cmdline line = parse_cmdline(fuzz::text(data + 1, size - 1), profile);
    check(line);
    clears_cpu_flag(line, platform(PlatformId::amd));
    ModConf conf;
    conf.profile = profile;
    LintContext context;
    context.module = "kvm_amd";
    for (const Linkage linkage : {Linkage::module, Linkage::built_in}) {
        const Effective found = effective(conf, line, "kvm_amd", "nested", linkage);
        for (const Setting& setting : found.settings)
            must(setting.origin.on_command_line(), "there is no other place");
        context.linkage = linkage;
        for (const LintFinding& finding : lint_modconf(conf, {}, line, context))
            must(fuzz::is_harmless(finding.text + finding.why + finding.mend),
                 "a finding is printable");
    }
    return 0;
}
