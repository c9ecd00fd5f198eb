// SPDX-License-Identifier: GPL-2.0-or-later
// What `virt-nested enable` and `disable` have to do on a host, and what stands against it. Pure
// but for reading.
#pragma once

#include "cli/exit_status.h"
#include "core/atomic_file.h"
#include "validator/checks/by_options.h"
#include "validator/facts/facts.h"

#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

/// Written by `enable` and `disable`, nothing else is. It masks the vendor's file of the same name
/// (modprobe.d(5)), comes before every other, and so leaves the last word to the administrator.
inline constexpr const char* own_file = "/etc/modprobe.d/00-virt-nested.conf";

/// "options kvm_amd nested=1"
std::string option_line(const std::string& module, bool on);
/// The file's text. Only a number is good for every kernel: kvm_amd does not load with nested=Y.
std::string own_text(const std::vector<std::string>& modules, bool on);
/// No word in it but those that own_text() writes, for any module and value.
bool is_own_text(std::string_view text);

/// "nested=1", "nested=0"; "absent"; "other": somebody else's.
std::string state_of_own_file(AtomicFile::Kind kind, const std::string& text);
std::string state_of_own_file(const Sysroot& root);

struct Plan {
    bool on = true;
    std::vector<std::string> modules; ///< that the file names: all of this machine's platforms
    std::string module;               ///< this host's own; empty for an image that is not known
    std::string text;                 ///< of the file
    bool write = false;               ///< it is not so yet
    std::string kept; ///< somebody else's file in its place that says the same: why it is left
    /// Why nothing is done at all, with the way of this host; empty: the plan can be carried out.
    std::string refusal;
    ExitStatus status = exit_fail;           ///< of the refusal: exit_pass where it is so already
    std::vector<std::string> contradictions; ///< what beats the file, or keeps the module out
    std::vector<std::string> notes;
};

/// `kind` and `current`: what stands at own_file.
Plan make_plan(const Sysroot& root, const Facts& facts, bool on, AtomicFile::Kind kind,
               const std::string& current);

/// The same without a file: the running module alone.
Plan runtime_plan(const Sysroot& root, const Facts& facts, bool on);

/// What of this configuration keeps `module` from being loaded with nested on (or off), a sentence
/// each with file, line and mend. Every line that the kernel refuses counts, also one that is
/// overridden: it makes the whole load fail (Linux: kernel/params.c parse_args).
std::vector<std::string> contradictions(const Sysroot& root, const Facts& facts,
                                        const ModConf& conf, const std::string& module, bool on);

/// What `modprobe --show-depends` printed, judged: empty if it would load `module` with nested on
/// (or off), else why not.
std::string why_not_by_modprobe(std::string_view printed, const std::string& module, bool on);

/// An image of the next boot that holds a module of the plan and would load it otherwise.
struct StaleImage {
    const InitramfsImage* image = nullptr;
    std::string why;
};
std::vector<StaleImage> stale_images(const Sysroot& root, const Facts& facts,
                                     const std::vector<InitramfsImage>& images, const Plan& plan);

/// "at the next load nesting is on: nested=1 (/etc/modprobe.d/kvm.conf:1)"
std::string in_words(const Outlook& outlook, const std::string& when);

/// Where the boot loader gives the next kernel an argument that beats the configuration: a sentence
/// each, the running kernel's own command line apart.
std::vector<std::string> beaten_by_boot_loader(const Facts& facts, const ModConf& conf,
                                               const Plan& plan);

/// The command that builds it anew in place, for this very host; empty where there is none
/// (mend.h mend_initramfs has words then).
std::vector<std::string> rebuild_command(const Sysroot& root, const InitramfsImage& image);

} // namespace virt_nested
