// SPDX-License-Identifier: GPL-2.0-or-later
// Who keeps kvm's module from being unloaded.
#include "validator/facts/module_users.h"

#include "core/text.h"

#include <algorithm>
#include <charconv>

namespace virt_nested {

namespace {

constexpr size_t shown_users = 8;

int number(std::string_view text) {
    int value = -1;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    return code == std::errc() && end == text.data() + text.size() ? value : -1;
}

bool is_kvm(std::string_view link) {
    return link == "/dev/kvm" || link.starts_with("anon_inode:kvm-v");
}

bool holds_kvm(const Sysroot& root, const std::string& process) {
    const std::vector<std::string> fds = root.list(process + "/fd").value_or({});
    return std::any_of(fds.begin(), fds.end(), [&](const std::string& fd) {
        return is_kvm(root.link(process + "/fd/" + fd).value_or({}));
    });
}

/// "guest=web1,debug-threads=on": the value up to the first single comma; two stand for one
/// (QEMU: util/qemu-option.c get_opt_value).
std::string guest_of(std::string_view name) {
    if (name.starts_with("guest="))
        name.remove_prefix(6);
    std::string out;
    for (size_t i = 0; i < name.size(); ++i) {
        if (name[i] == ',' && (i + 1 == name.size() || name[++i] != ','))
            break;
        out += name[i];
    }
    return printable(out, 64);
}

std::string guest_name(const Sysroot& root, const std::string& process) {
    const Result<std::string> text = root.read_head(process + "/cmdline", Sysroot::small_file);
    if (!text)
        return {};
    std::string_view rest = *text;
    bool next = false;
    while (!rest.empty()) {
        const std::string_view word = rest.substr(0, rest.find('\0'));
        if (next)
            return guest_of(word);
        next = word == "-name";
        rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    }
    return {};
}

/// The definition stands behind what libvirt notes of the running guest: its monitor, its vCPUs,
/// and a line for each of some hundred capabilities of QEMU.
bool emulated(const Sysroot& root, const std::string& status) {
    const std::string text = root.read_head(status, Sysroot::small_file).value_or({});
    const size_t domain = text.find("<domain ");
    if (domain == std::string::npos)
        return false;
    const std::string_view tag =
        std::string_view(text).substr(domain, text.find('>', domain) - domain);
    return tag.find(" type='qemu'") != std::string_view::npos ||
           tag.find(" type=\"qemu\"") != std::string_view::npos;
}

} // namespace

std::string ModuleUser::in_words() const {
    const std::string process = "process " + std::to_string(pid);
    return guest.empty() ? command + " (" + process + ")"
                         : "guest '" + guest + "' (" + command + ", " + process + ")";
}

std::vector<ModuleUser> module_users(const Sysroot& root) {
    std::vector<ModuleUser> out;
    for (const std::string& name : root.list("/proc").value_or({})) {
        const int pid = number(name);
        const std::string process = "/proc/" + name;
        if (pid <= 0 || !holds_kvm(root, process))
            continue;
        const Result<std::string> command = root.read_head(process + "/comm", 64);
        out.push_back(
            {pid, command ? printable(trim(*command), 64) : "?", guest_name(root, process)});
    }
    std::sort(out.begin(), out.end(),
              [](const ModuleUser& a, const ModuleUser& b) { return a.pid < b.pid; });
    return out;
}

std::vector<std::string> libvirt_guests(const Sysroot& root) {
    std::vector<std::string> out;
    const std::string folder = "/run/libvirt/qemu";
    for (const std::string& name : root.list(folder).value_or({}))
        if (name.ends_with(".xml") && !emulated(root, folder + "/" + name))
            out.push_back(printable(name.substr(0, name.size() - 4), 64));
    return out;
}

int reference_count(const Sysroot& root, const std::string& module) {
    const Result<std::string> text = root.read("/sys/module/" + module + "/refcnt", 64);
    return text ? number(trim(*text)) : -1;
}

std::string module_in_use(const Sysroot& root, const std::string& module) {
    const int references = reference_count(root, module);
    std::vector<std::string> who;
    for (const ModuleUser& user : module_users(root))
        who.push_back(user.in_words());
    if (who.empty() && references > 0)
        for (const std::string& guest : libvirt_guests(root))
            who.push_back("guest '" + guest + "'");
    for (const std::string& holder : root.list("/sys/module/" + module + "/holders").value_or({}))
        who.push_back("module " + printable(holder, 64));
    if (who.empty() && references <= 0)
        return {};
    if (who.size() > shown_users) {
        const size_t more = who.size() - shown_users;
        who.resize(shown_users);
        who.push_back(std::to_string(more) + " more");
    }
    std::string out = module + " is in use";
    if (!who.empty())
        return out + " by " + listed(who);
    return out + " (" + root.shown("/sys/module/") + module + "/refcnt is " +
           std::to_string(references) + "), by whom could not be seen";
}

} // namespace virt_nested
