// SPDX-License-Identifier: GPL-2.0-or-later
// Files of modprobe.d. The first byte chooses the version of kmod; a NUL ends a file, so that
// names, masks and order play their part.
#include "core/modconf/install.h"
#include "core/modconf/lint.h"
#include "core/modconf/load_lists.h"
#include "core/modconf/modconf.h"
#include "core/modconf/sysctl.h"
#include "tests/fuzz/fuzz.h"

#include <algorithm>
#include <array>

using namespace virt_nested;
using fuzz::must;

namespace {

constexpr std::array paths = {"/etc/modprobe.d/kvm.conf", "/run/modprobe.d/a.conf",
                              "/lib/modprobe.d/kvm.conf", "/usr/lib/modprobe.d/zz.conf",
                              "/etc/modprobe.d/m.alias"};

std::vector<ConfFile> cut(std::string_view text) {
    std::vector<ConfFile> files;
    for (size_t i = 0; i < paths.size() && !text.empty(); ++i) {
        const size_t end =
            i + 1 < paths.size() ? std::min(text.find('\0'), text.size()) : text.size();
        files.push_back({paths[i], std::string(text.substr(0, end))});
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return files;
}

void check(const ModConf& conf, const std::vector<ConfFile>& files) {
    for (const Directive& directive : conf.directives) {
        const Origin origin = conf.origin(directive);
        const auto file = std::find_if(files.begin(), files.end(),
                                       [&](const ConfFile& f) { return f.path == origin.file; });
        must(file != files.end(), "a directive comes from a file that was given");
        must(origin.line >= 1 && static_cast<long>(origin.line) <=
                                     std::count(file->text.begin(), file->text.end(), '\n') + 1,
             "the line is in the file");
        must(!directive.name.empty(), "a directive names something");
    }
}

void check(const Effective& found) {
    const Setting* winner = found.winner();
    for (const Setting& setting : found.settings)
        must(setting.ignored || winner, "what is not ignored has a winner");
    must(found.overridden().size() + (winner ? 1 : 0) <= found.settings.size(),
         "none counts twice");
    if (winner && winner->value)
        must((found.options + " " + found.arguments).find(*winner->value) != std::string::npos,
             "the value is in the options");
}

/// Files that are not of modprobe.d, and commands in its lines.
void check_others(std::string_view text) {
    const auto count = std::count(text.begin(), text.end(), '\n') + 1;
    const auto in_text = [&](unsigned line) {
        must(line >= 1 && static_cast<long>(line) <= count, "the line is in the text");
    };
    const ConfD conf_d = conf_d_line(text, "kvm_intel", "6.6.30-gentoo");
    if (conf_d.found)
        in_text(conf_d.found->line);
    for (const bool comments : {false, true})
        if (const auto line = load_line(text, "kvm_intel", comments))
            in_text(line->line);
    if (const auto line = modules_disabled_in(text))
        in_text(line->line);
    const InstallEffect effect = follow_install(text, "kvm_intel");
    must(effect.kind == InstallEffect::Kind::loads || effect.arguments.empty(),
         "only what is loaded has arguments");
    dependencies_in(text, "kvm_intel");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0)
        return 0;
    const std::string_view text = fuzz::text(data + 1, size - 1);
    const auto versions = kmod_versions();
    const KmodProfile profile = kmod_profile(versions[data[0] % versions.size()]);
    const std::vector<ConfFile> files = cut(text);
    const ModConf conf = parse_modconf(files, profile);
    check(conf, files);
    LoadContext load;
    load.dependencies = {"kvm", "irqbypass"};
    if (data[0] & 0x40U)
        load.cpu_alias = "cpu:type:x86,ven0000fam0006mod009E:feature:,0000,0085";
    for (const char* module : {"kvm", "kvm_intel", "kvm_amd"})
        check(effective(conf, {}, module, "nested", load));
    check_others(text);
    LintContext context;
    context.module = data[0] & 0x80U ? "kvm_amd" : "kvm_intel";
    for (const LintFinding& finding : lint_modconf(conf, {}, {}, context)) {
        must(fuzz::is_harmless(finding.text + finding.why + finding.mend + shown(finding.origin)),
             "a finding is printable");
        must(!finding.why.empty() && !finding.mend.empty(), "a finding says why, and what to do");
    }
    return 0;
}
