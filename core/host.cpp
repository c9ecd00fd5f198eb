// SPDX-License-Identifier: GPL-2.0-or-later
// The host's facts, each known, or undetermined with the reason.
#include "core/host.h"

#include "core/cpuinfo.h"
#include "core/text.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

namespace virt_nested {

namespace {

Fact read_cpu_flag(std::string_view cpuinfo, const Host& host, const std::string& source) {
    if (!host.platform)
        return Fact::undetermined_because("unknown CPU vendor", source);
    const std::string flag(host.platform->cpu_flag);
    if (flag.empty())
        return Fact::absent({}, source).because("no flag tells on this platform");
    const bool there = shows_flag(cpuinfo, *host.platform);
    return {there ? State::on : State::off, flag + (there ? " present" : " missing"), source, {}};
}

Fact read_module(const Sysroot& root, const Platform& platform) {
    const std::string path = "/sys/module/" + std::string(platform.module);
    if (platform.module.empty())
        return Fact::absent({}, root.shown("/sys/module"))
            .because("KVM is part of the kernel on this platform");
    const Result<FileStatus> found = root.status(path);
    if (found)
        return Fact::on("loaded", root.shown(path));
    if (found.error().code == ENOENT)
        return Fact::absent("not loaded", root.shown(path));
    return Fact::undetermined_because(found.error().what, root.shown(path));
}

Fact read_parameter(const Sysroot& root, const Platform& platform) {
    if (platform.parameter.empty())
        return Fact::absent(
                   {}, root.shown(platform.boot_option.empty() ? "/sys/module" : "/proc/cmdline"))
            .because(platform.boot_option.empty()
                         ? "this platform has no parameter"
                         : "this platform has a boot option, no parameter");
    const std::string path = "/sys/module/" + std::string(platform.module) + "/parameters/" +
                             std::string(platform.parameter);
    const Result<std::string> text = root.read(path, 4096);
    if (text)
        return parse_parameter(*text, root.shown(path));
    if (text.error().code == ENOENT)
        return Fact::absent({}, root.shown(path)).because("no such file");
    return Fact::undetermined_because(text.error().what, root.shown(path));
}

/// Modules named like a backend that are none: kvm_hv_pmu is a driver of perf
/// (arch/powerpc/perf/kvm-hv-pmu.c, since 7.2).
constexpr std::array<std::string_view, 1> no_backends = {"kvm_hv_pmu"};

/// Modules that sit on kvm and are none of the table's: another backend answers /dev/kvm then.
std::vector<std::string> read_backends(const Sysroot& root) {
    std::vector<std::string> out;
    const Result<std::vector<std::string>> modules = root.list("/sys/module");
    if (!modules)
        return out;
    for (const std::string& module : *modules) {
        const bool known =
            std::find(no_backends.begin(), no_backends.end(), module) != no_backends.end() ||
            std::any_of(platforms().begin(), platforms().end(),
                        [&](const Platform& platform) { return platform.module == module; });
        if (module.starts_with("kvm_") && !known)
            out.push_back(printable(module));
    }
    return out;
}

/// KVM's answer rules; the parameter explains it, and stands in only where a captured machine
/// brought no answer.
Fact combine(const Sysroot& root, const Host& host) {
    Fact out = host.kvm.nesting;
    if (host.platform->probe == KvmProbe::none)
        return out;
    const std::string parameter =
        in_words(host.parameter, std::string(host.platform->module) + ".nested");
    if (out.on() && host.parameter.off())
        out.reason = "although " + parameter;
    if (out.off() && host.parameter.on())
        out.reason = "although " + parameter;
    const Result<FileStatus> answer = root.status("/dev/kvm");
    if (out.undetermined() && !root.live() && !answer && answer.error().code == ENOENT) {
        out = host.parameter;
        if (out.absent() && !host.module.on())
            out.reason = "no captured answer of KVM, and the module is not loaded";
        else
            out.reason = "from the parameter: no captured answer of KVM";
    }
    return out;
}

} // namespace

Fact parse_parameter(std::string_view text, std::string source) {
    const std::string_view value = trim(text);
    if (value == "Y" || value == "N")
        return {value == "Y" ? State::on : State::off, std::string(value), std::move(source), {}};
    int number = 0;
    const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (!value.empty() && code == std::errc() && end == value.data() + value.size())
        return {number != 0 ? State::on : State::off, std::string(value), std::move(source), {}};
    return {State::undetermined, printable(value, 32), std::move(source),
            "'" + printable(value, 32) + "' is neither Y, N nor a number"};
}

std::string in_words(const Fact& fact, std::string_view what) {
    std::string out(what);
    switch (fact.state) {
    case State::on:
    case State::off:
        out += " is " + fact.found;
        break;
    case State::absent:
        out += fact.found.empty() ? " is absent" : " is " + fact.found;
        break;
    case State::undetermined:
        return out + " could not be determined: " + fact.reason;
    }
    return out + " (" + fact.source + ")";
}

Host read_host(const Sysroot& root, const Kvm& kvm) {
    Host host;
    const std::string source = root.shown("/proc/cpuinfo");
    const Result<std::string> text = read_cpu_record(root);
    const std::string cpuinfo = text.value_or({});
    const Machine machine = identify(cpuinfo);
    host.machine = machine.name;
    host.platform = machine.platform;
    host.cpu = read_cpu_flag(cpuinfo, host, source);
    if (!text)
        host.cpu.reason = text.error().what;
    if (!host.platform) {
        const std::string why =
            !text ? text.error().what : source + " names no platform that is known here";
        host.module = host.parameter = host.nests = host.nested_paging =
            Fact::undetermined_because(why, source);
        host.kvm.device = host.kvm.nesting = host.kvm.nested_paging = host.nests;
        return host;
    }
    host.module = read_module(root, *host.platform);
    host.parameter = read_parameter(root, *host.platform);
    host.kvm = kvm.ask(*host.platform);
    if (std::optional<Fact> known = known_unasked(*host.platform))
        host.kvm.nesting = std::move(*known);
    if (host.module.absent() && !host.platform->module.empty())
        host.backends = read_backends(root);
    host.nests = combine(root, host);
    host.nested_paging = host.kvm.nested_paging;
    return host;
}

} // namespace virt_nested
