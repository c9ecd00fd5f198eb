// SPDX-License-Identifier: GPL-2.0-or-later
// What does not leave the machine.
#include "validator/capture/secrets.h"

#include "core/platform.h"
#include "core/text.h"
#include "validator/facts/kernel_log.h"
#include "validator/facts/outer_hosts.h"

#include <algorithm>
#include <array>
#include <fnmatch.h>
#include <span>

namespace virt_nested {

namespace {

/// A part of a name, between . _ and -, by which its value is a secret.
constexpr std::array<std::string_view, 17> secret_parts = {
    "password",   "passwd",      "passphrase", "pass", "pw",     "rootpw",
    "sshpw",      "secret",      "token",      "key",  "apikey", "sshkey",
    "credential", "credentials", "secrets",    "psk",  "keys"};

/// Arguments of kernel and initramfs whose values name hosts, or carry addresses with passwords
/// (dracut.cmdline(7), systemd-hostnamed, Anaconda's boot options).
constexpr std::array<std::string_view, 14> naming_arguments = {
    "ip",       "nfsroot", "nfsaddrs",   "netroot",         "iscsi_initiator",
    "hostname", "ifname",  "inst.ks",    "inst.repo",       "inst.stage2",
    "ks",       "BOOTIF",  "nameserver", "systemd.hostname"};

constexpr std::array<std::string_view, 1> roots_with_passwords = {"root=iscsi:"};
constexpr std::array<std::string_view, 5> roots_with_names = {
    "root=nfs:", "root=nfs4:", "root=nbd:", "root=nvmf:", "root=live:"};

constexpr std::array<std::string_view, 3> mount_tables = {"/etc/fstab", "/proc/self/mountinfo",
                                                          "/proc/mounts"};

/// A host of this name is one of thousands, and the words stand in the texts for other reasons.
constexpr std::array<std::string_view, 26> plain_names = {
    "localhost", "localdomain", "host",   "kvm",    "kvm_intel", "kvm_amd", "intel",
    "amd",       "linux",       "debian", "ubuntu", "fedora",    "rhel",    "centos",
    "suse",      "arch",        "boot",   "root",   "server",    "node",    "vm",
    "libvirt",   "qemu",        "nested", "system", "none"};

template<size_t count>
bool is_one_of(const std::array<std::string_view, count>& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

bool in_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

bool names_secret(std::string_view name) {
    const std::string small = lower_case(name);
    std::string_view rest = small;
    while (!rest.empty()) {
        const std::string_view part = rest.substr(0, rest.find_first_of("._-"));
        if (is_one_of(secret_parts, part))
            return true;
        rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    }
    return false;
}

bool blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\0';
}

void cross_out(std::string& text, size_t from, size_t to) {
    for (size_t i = from; i < std::min(to, text.size()); ++i)
        if (text[i] != '\n')
            text[i] = 'x';
}

/// Of a value that begins here: to the quote that closes it, in JSON (\") too, or to the next
/// blank.
std::pair<size_t, size_t> value_at(std::string_view text, size_t at) {
    const bool escaped = text.substr(at).starts_with("\\\"");
    if (escaped || (at < text.size() && (text[at] == '"' || text[at] == '\''))) {
        const std::string quote = escaped ? "\\\"" : std::string(1, text[at]);
        const size_t start = at + quote.size();
        return {start, std::min({text.find(quote, start), text.find('\n', start), text.size()})};
    }
    size_t end = at;
    while (end < text.size() && !blank(text[end]) && text[end] != '"' && text[end] != '\'' &&
           text[end] != '\\')
        ++end;
    return {at, end};
}

template<typename Named>
void cross_out_values(std::string& text, const Named& named) {
    for (size_t equals = text.find('='); equals != std::string::npos;
         equals = text.find('=', equals + 1)) {
        size_t start = equals;
        while (start > 0 && in_name(text[start - 1]))
            --start;
        if (!named(std::string_view(text).substr(start, equals - start)))
            continue;
        const auto [from, to] = value_at(text, equals + 1);
        cross_out(text, from, to);
    }
}

/// "password USER PASSWORD", "password_pbkdf2 USER HASH" of GRUB, "MENU MASTER PASSWD HASH" of
/// SYSLINUX, "password PASSWORD" of others.
void cross_out_password_lines(std::string& text) {
    const std::string before = text;
    size_t start = 0;
    for (const std::string_view line : lines(before)) {
        const std::vector<std::string_view> parts = words(line);
        for (size_t i = 0; i < std::min<size_t>(parts.size(), 3); ++i) {
            const auto end = static_cast<size_t>(parts[i].data() + parts[i].size() - before.data());
            if (lower_case(parts[i]).starts_with("passw") &&
                parts[i].find('=') == std::string::npos)
                cross_out(text, std::min(text.find_first_not_of(" \t", end), start + line.size()),
                          start + line.size());
        }
        start += line.size() + 1;
    }
}

/// What begins with `sign`, to the next blank or quote, and is too long for a variable of a
/// shell's.
void cross_out_hashes(std::string& text, std::string_view sign) {
    constexpr size_t least = 20;
    for (size_t at = text.find(sign); at != std::string::npos; at = text.find(sign, at + 1)) {
        const auto [from, to] = value_at(text, at);
        if (to - from >= least)
            cross_out(text, from, to);
    }
}

/// "://USER:PASSWORD@HOST"
void cross_out_users(std::string& text) {
    for (size_t at = text.find("://"); at != std::string::npos; at = text.find("://", at + 3)) {
        const size_t end = std::min(text.find_first_of(" \t\n\"'/", at + 3), text.size());
        const size_t sign = text.substr(at, end - at).rfind('@');
        if (sign != std::string::npos)
            cross_out(text, at + 3, at + sign);
    }
}

/// dracut's "root=iscsi:USER:PASSWORD@SERVER:...", netroot= too (dracut.cmdline(7)).
void cross_out_remote_roots(std::string& text, std::span<const std::string_view> kinds) {
    for (const std::string_view kind : kinds)
        for (size_t at = text.find(kind); at != std::string::npos; at = text.find(kind, at + 1)) {
            const auto [from, to] = value_at(text, at + kind.size());
            cross_out(text, from, to);
        }
}

void cross_out_keys(std::string& text) {
    for (size_t at = text.find("-----BEGIN "); at != std::string::npos;) {
        const size_t start = at;
        at = text.find("-----BEGIN ", at + 1);
        if (text.substr(start, 64).find("PRIVATE KEY") == std::string::npos)
            continue;
        const size_t end = text.find("-----END ", start);
        cross_out(text, start, end == std::string::npos ? text.size() : end);
    }
}

/// "server:/path" of NFS and "//server/share" of CIFS; an overlay's folders have an option in
/// front.
void cross_out_servers(std::string& text) {
    for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find_first_of(" \t\n", at), text.size());
        const std::string_view word = std::string_view(text).substr(at, end - at);
        const size_t path = word.find(":/");
        if (word.starts_with("//"))
            cross_out(text, at + 2, std::min(text.find('/', at + 2), end));
        else if (path != std::string_view::npos && word.find_first_of("/,=") > path)
            cross_out(text, at, at + path);
        at = end + 1;
    }
}

// --- files of which a little is enough

/// How libvirt runs a hook, and whether it is ours.
std::string hook_alone(const std::string& text) {
    constexpr std::string_view front = "virt-nested-hook";
    if (!text.starts_with("#!"))
        return text.substr(0, 4) +
               (text.find(front) == std::string::npos ? "" : std::string(front));
    std::string out;
    for (const std::string_view line : lines(text))
        if (out.empty() || line.find(front) != std::string_view::npos)
            out += std::string(line) + "\n";
    return out;
}

/// Of a running guest, what runs it.
std::string domain_tag_alone(const std::string& text) {
    const size_t at = text.find("<domain ");
    if (at == std::string::npos)
        return {};
    const std::string_view tag = std::string_view(text).substr(at, text.find('>', at) - at);
    for (const std::string_view emulated : {" type='qemu'", " type=\"qemu\""})
        if (tag.find(emulated) != std::string_view::npos)
            return "<domain type='qemu'>\n";
    return "<domain type='kvm'>\n";
}

/// An owner's own tag is nobody's business; a cloud's tells which it is.
std::string cloud_tag_alone(const std::string& text) {
    for (const OuterHost& host : outer_hosts())
        for (const OuterSigns& signs : host.signs)
            for (const OuterSign& sign : signs)
                if (sign.in == SignIn::chassis_asset_tag &&
                    text.find(sign.text) != std::string::npos)
                    return text;
    return {};
}

/// Of any platform: which one this is may be what is in doubt.
bool about_kvm(std::string_view line) {
    return std::any_of(platforms().begin(), platforms().end(), [&](const Platform& platform) {
        return log_row(line, platform.module) != nullptr;
    });
}

std::string log_of_kvm_alone(const std::string& text) {
    std::string out;
    for (const std::string_view line : lines(text))
        if (about_kvm(line) || about_kvm(line.substr(line.find(';') + 1))) // as in /dev/kmsg
            out += std::string(line) + "\n";
    return out;
}

struct Rule {
    const char* paths; ///< fnmatch(3)
    std::string (*kept)(const std::string& text);
};

constexpr std::array rules = {
    Rule{"/etc/libvirt/hooks/*", hook_alone},
    Rule{"/run/libvirt/qemu/*.xml", domain_tag_alone},
    Rule{"/sys/class/dmi/id/chassis_asset_tag", cloud_tag_alone},
    Rule{"/var/log/dmesg", log_of_kvm_alone},
    Rule{"/dev/kmsg", log_of_kvm_alone},
};

// --- names

/// A line "LPAR Name: X" or "VM00 Name: X" of /proc/sysinfo.
void cross_out_names_of_partitions(std::string& text) {
    for (size_t at = text.find("Name:"); at != std::string::npos; at = text.find("Name:", at + 1)) {
        const size_t from = text.find_first_not_of(" \t", at + 5);
        if (from != std::string::npos)
            cross_out(text, from, std::min(text.find('\n', from), text.size()));
    }
}

class Hider {
  public:
    explicit Hider(std::string_view host) : host_(host) {}

    std::string operator()(std::string text) const {
        text = without_secrets(std::move(text));
        if (host_.empty())
            return text;
        cross_out_values(text, [](std::string_view name) {
            return is_one_of(naming_arguments, name) || name.starts_with("rd.iscsi") ||
                   name.starts_with("rd.nvmf") || name.starts_with("ignition.");
        });
        cross_out_remote_roots(text, roots_with_names);
        return without_name(std::move(text), host_);
    }

    std::string of_file(const std::string& path, std::string text) const {
        for (const Rule& rule : rules)
            if (::fnmatch(rule.paths, path.c_str(), 0) == 0)
                text = rule.kept(text);
        if (!host_.empty() && path == "/proc/sysinfo")
            cross_out_names_of_partitions(text);
        if (!host_.empty() && is_one_of(mount_tables, path))
            cross_out_servers(text);
        return (*this)(std::move(text));
    }

    void in(std::optional<Result<std::string>>& answer) const {
        if (answer)
            answer = in(*answer);
    }
    Result<std::string> in(const Result<std::string>& answer) const {
        if (answer)
            return (*this)(*answer);
        return Error{answer.error().code, (*this)(answer.error().what)};
    }

  private:
    std::string_view host_;
};

} // namespace

std::string without_secrets(std::string text) {
    cross_out_keys(text);
    cross_out_password_lines(text);
    cross_out_users(text);
    for (const std::string_view hash :
         {"grub.pbkdf2.", "$1$", "$2a$", "$2b$", "$2y$", "$5$", "$6$", "$y$", "$gy$"})
        cross_out_hashes(text, hash);
    cross_out_remote_roots(text, roots_with_passwords);
    cross_out_values(text, names_secret);
    return text;
}

std::string without_name(std::string text, std::string_view host) {
    host = host.substr(0, host.find('.'));
    if (host.size() < 2 || is_one_of(plain_names, lower_case(host)))
        return text;
    const auto inner = [&](size_t at) {
        return in_name(text[at]) && text[at] != '.' && text[at] != '-' && text[at] != '_';
    };
    for (size_t at = text.find(host); at != std::string::npos; at = text.find(host, at + 1)) {
        size_t end = at + host.size();
        if ((at > 0 && inner(at - 1)) || (end < text.size() && inner(end)))
            continue;
        // The domain behind it; a file's suffix is none of it.
        if (end + 1 < text.size() && text[end] == '.' && text.substr(end, 6) != ".conf")
            while (end < text.size() && in_name(text[end]))
                ++end;
        cross_out(text, at, end);
    }
    return text;
}

void take_out_secrets(Recording& recording, std::string_view host) {
    const Hider hide(host);
    std::map<std::string, RecordedPath, std::less<>> paths;
    for (auto& [path, one] : recording.paths) {
        if (one.text)
            one.text = *one.text ? Result<std::string>(hide.of_file(path, **one.text))
                                 : hide.in(*one.text);
        hide.in(one.link);
        hide.in(one.inside);
        if (one.names && *one.names)
            for (std::string& name : **one.names)
                name = hide(name);
        paths.emplace(hide(path), std::move(one));
    }
    recording.paths = std::move(paths);
    std::map<std::string, Result<std::string>, std::less<>> answers;
    for (auto& [of, text] : recording.answers)
        answers.emplace(hide(of), hide.in(text));
    recording.answers = std::move(answers);
}

} // namespace virt_nested
