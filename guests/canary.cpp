// SPDX-License-Identifier: GPL-2.0-or-later
// What can be wrong with a hook, in the order in which libvirt meets it (src/util/virhook.c).
#include "guests/canary.h"

#include "core/config.h"
#include "core/domain.h"
#include "core/hook_files.h"
#include "core/text.h"
#include "core/xml.h"

namespace virt_nested {

namespace {

std::string why_not_run(const Sysroot& root, const std::string& uri) {
    if (uri.find("/embed") != std::string::npos)
        return "qemu:///embed runs no hooks at all";
    const HookFacts hooks = read_hook_files(root);
    const HookFile* ours = hooks.ours();
    if (!ours)
        return "there is no hook of ours below " + root.shown(hooks_folder) + "; " +
               (hooks.installed ? "run: " + link_hook_command(hook_places(), hooks.daemon)
                                : "install the package virt-nested-libvirt");
    const std::string path = root.shown(ours->path);
    if (!ours->exists)
        return path + " leads nowhere; reinstall the package virt-nested-libvirt";
    if (!ours->executable)
        return path +
               " is not executable, and libvirt passes over such files in silence; run: chmod "
               "755 " +
               shell_word(path);
    return path +
           " is there and executable, but the daemon did not run it or did not honour it: it "
           "looks for hooks when it starts and when it is reloaded, and one that came later "
           "is not seen; run: systemctl reload " +
           hooks.daemon;
}

bool hook_can_run(const Sysroot& root) {
    const HookFacts hooks = read_hook_files(root);
    const HookFile* ours = hooks.ours();
    return ours && ours->exists && ours->executable;
}

/// The script that libvirt names in "Child process (... /path/qemu NAME ...)", or empty.
std::string blamed_script(const std::string& message) {
    const size_t start = message.find("/hooks/qemu");
    if (start == std::string::npos)
        return {};
    const size_t begin = message.rfind(' ', start) + 1;
    return message.substr(begin, message.find(' ', start) - begin);
}

std::string failed_hook(const CanaryFate& fate, const Sysroot& root) {
    const std::string script = blamed_script(fate.message);
    const HookFacts hooks = read_hook_files(root);
    const HookFile* ours = hooks.ours();
    for (const char* status : {"exit status 126", "exit status 127"})
        if (fate.message.find(status) != std::string::npos)
            return "the hook " + script +
                   " could not be executed: a missing interpreter or library, or SELinux or "
                   "AppArmor "
                   "keeps the daemon from it (look for AVC or DENIED in the log); libvirt said: " +
                   fate.message;
    if (ours && script == root.shown(ours->path))
        return "our hook failed in another way than it should have: " + fate.message;
    return "another hook stands in the way: " + script +
           " refused the canary, and libvirt shows the last message only; libvirt said: " +
           fate.message;
}

struct Kind {
    std::string arch;
    std::string type;
};

/// The host's own architecture first; emulation will do, for the hook is asked before QEMU runs.
Kind kind_of(const XmlNode& capabilities) {
    const std::string host = capabilities.child("host").child("cpu").child("arch").text();
    Kind found;
    for (const XmlNode& guest : capabilities.children("guest")) {
        if (guest.child("os_type").text() != "hvm")
            continue;
        const XmlNode arch = guest.child("arch");
        const std::string name = arch.attribute("name").value_or("");
        if (!found.arch.empty() && name != host)
            continue;
        for (const XmlNode& domain : arch.children("domain")) {
            const std::string type = domain.attribute("type").value_or("");
            if (type == "qemu" || found.arch != name)
                found = {name, type};
        }
    }
    return found;
}

} // namespace

Result<std::string> canary_xml(std::string_view capabilities, const std::string& nonce) {
    const Result<XmlDocument> document = XmlDocument::parse(capabilities);
    if (!document)
        return Error{0, "the connection's capabilities are " + document.error().what};
    const Kind kind = kind_of(document->root());
    if (kind.arch.empty() || kind.type.empty())
        return Error{0, "the host can run no guests: no emulator in its capabilities"};
    // libvirt repeats the name in every message about a hook: it must not hold the whole nonce.
    const std::string name = std::string(canary_name_prefix) + nonce.substr(0, nonce.size() / 2);
    return "<domain type='" + kind.type + "'><name>" + name +
           "</name><metadata><vn:nested xmlns:vn='" + std::string(label_uri) +
           "' policy='selftest-" + nonce +
           "'/></metadata><memory unit='MiB'>32</memory><vcpu>1</vcpu><os><type arch='" +
           kind.arch +
           "'>hvm</type></os><devices><controller type='usb' model='none'/>"
           "<memballoon model='none'/></devices></domain>";
}

bool is_canary(std::string_view domain_xml) {
    const Result<XmlDocument> document = XmlDocument::parse(domain_xml);
    if (!document)
        return false;
    for (const XmlNode& label : document->root().child("metadata").children_of(label_uri))
        if (label.attribute("policy").value_or("").starts_with("selftest-"))
            return true;
    return false;
}

CanaryVerdict judge_canary(const CanaryFate& fate, const Sysroot& root) {
    if (!fate.started && fate.by_hook && fate.message.find(fate.nonce) != std::string::npos)
        return {exit_pass, "the hook is live: the daemon of '" + printable(fate.uri) +
                               "' ran it and refused the canary"};
    if (fate.started && fate.local && fate.reports && hook_can_run(root))
        return {exit_warn, "mode = report in " + root.shown(config_path) +
                               " refuses nothing: the canary started, and has been destroyed; that "
                               "the daemon runs the hook shows in the log, as 'would be refused'"};
    if (fate.started)
        return {exit_fail,
                "ENFORCEMENT IS NOT LIVE: the canary started; it has been destroyed; " +
                    (fate.local ? why_not_run(root, fate.uri)
                                : "look at the hook on the host of '" + printable(fate.uri) +
                                      "', and run selftest there")};
    if (fate.by_hook)
        return {exit_fail, failed_hook(fate, root)};
    return {exit_undetermined,
            "the canary did not get as far as the hook; libvirt said: " + fate.message};
}

} // namespace virt_nested
