// SPDX-License-Identifier: GPL-2.0-or-later
// A proof of this machine, and the last one that somebody kept.
#include "validator/prove/here.h"

#include "core/host.h"
#include "validator/prove/trial.h"

#include <cerrno>

namespace virt_nested::prove {

Proof prove_here(const Sysroot& root, const Platform* platform, const Limits& limits) {
    if (platform && !platform->no_proof.empty())
        return not_tried(std::string(platform->no_proof) + "; virt-nested validate has KVM's word");
    const Result<Evidence> seen = in_child(run_l2, limits);
    Proof out = seen ? decide(*seen, limits) : not_tried(seen.error().what);
    if (platform && out.answer == Answer::proven)
        out.helps = read_helps(root, *platform);
    return out;
}

std::vector<HelpSeen> read_helps(const Sysroot& root, const Platform& platform) {
    std::vector<HelpSeen> out;
    const std::string module(platform.module);
    for (const Help& help : platform.helps) {
        const std::string name(help.parameter);
        const std::string path = "/sys/module/" + module + "/parameters/" + name;
        const Result<std::string> text = root.read(path, 64);
        if (!text && text.error().code == ENOENT)
            continue;
        HelpSeen one{std::string(help.name), module + "." + name, std::string(help.does), {}};
        const Fact fact = parse_parameter(text.value_or(""), path);
        if (fact.on() || fact.off())
            one.on = fact.on();
        out.push_back(std::move(one));
    }
    return out;
}

std::optional<Kept> read_kept(const Sysroot& root) {
    constexpr size_t most = 16 * 1024;
    const Result<std::string> text = root.read(kept_in, most);
    return text ? kept(*text) : std::nullopt;
}

} // namespace virt_nested::prove
