// SPDX-License-Identifier: GPL-2.0-or-later
// modprobe.d and the kernel command line: what they say, where, and what the kernel takes from them
// at the next load of a module. Read as libkmod reads them (kmod: libkmod/libkmod-config.c) and as
// the kernel does (Linux: kernel/params.c, lib/cmdline.c), but below a root, with the file and line
// of every setting, and bounded.
#pragma once

#include "core/modconf/profile.h"
#include "core/result.h"
#include "core/sysroot.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace virt_nested {

/// Where a setting stands. Paths are inside the root.
struct Origin {
    enum class Kind { file, command_line };

    Kind kind = Kind::file;
    std::string file;  ///< "/etc/modprobe.d/kvm.conf", or Cmdline::file
    unsigned line = 0; ///< in a file: the first line of the directive, from 1
    size_t offset = 0; ///< on the command line: the byte, from 0

    static Origin in_file(std::string file, unsigned line);
    static Origin at_command_line(size_t offset);
    bool on_command_line() const { return kind == Kind::command_line; }
    bool operator==(const Origin&) const = default;
};

/// "/etc/modprobe.d/kvm.conf:3", or "the kernel command line"; printable.
std::string shown(const Origin& origin);

// --- modprobe.d
// -----------------------------------------------------------------------------------

/// One file that modprobe would look at, and its whole text.
struct ConfFile {
    std::string path; ///< inside the root
    std::string text;
};

/// A line that modprobe accepts. Continued lines are joined, module names have '_' for '-'.
struct Directive {
    enum class Kind { options, blacklist, install, remove, softdep, weakdep, alias };

    Kind kind = Kind::options;
    uint32_t file = 0; ///< index into ModConf::files
    uint32_t line = 0; ///< first line, from 1
    std::string name;  ///< the module; for alias, the pattern
    std::string text;  ///< options, command or dependencies as written; for alias, the module
};

const char* keyword(Directive::Kind kind);

/// A line that concerns KVM or nesting, accepted or not, and every `include`: what lint() looks at.
struct NotedLine {
    uint32_t file = 0;
    uint32_t line = 0;
    std::string raw; ///< as it stands in the file, continuations and line ends included
};

/// Something that could not be read, or that modprobe itself leaves out.
struct ConfProblem {
    enum class Kind {
        unreadable, ///< unknown content: the answer may change with it
        skipped,    ///< modprobe does not read it either: sub-folder, dangling link
    };
    Kind kind = Kind::unreadable;
    std::string path;   ///< inside the root
    std::string reason; ///< printable; names the path
};

/// A file that modprobe does not read, for one of the same name in a folder before it.
struct MaskedFile {
    std::string path;
    std::string by;
};

struct ModConf {
    KmodProfile profile;
    std::vector<std::string> files;    ///< paths, in the order that modprobe reads them
    std::vector<Directive> directives; ///< in that order
    std::vector<NotedLine> noted;
    std::vector<MaskedFile> masked;
    std::vector<ConfProblem> problems;

    Origin origin(const Directive& directive) const;
    /// False where something could not be read: what was not found may still be there.
    bool complete() const;
};

/// Limits of load(): far beyond any real host, and small enough for a fault not to hurt.
struct ConfLimits {
    size_t files = 10'000;
    size_t file_bytes = 4U << 20;
    size_t all_bytes = 16U << 20;
    size_t directives = 200'000;
    size_t line_bytes = 64 * 1024; ///< its continuations included
};

/// Reads the profile's folders of modprobe.d. Never fails: what could not be read is in `problems`.
ModConf load_modconf(const Sysroot& root, const KmodProfile& profile,
                     const ConfLimits& limits = {});

/// The same as if `written`, of the first of these folders, stood there already.
ModConf load_modconf_with(const Sysroot& root, const KmodProfile& profile, const ConfFile& written);

/// The same for files that were had otherwise (an initramfs): in any order, those outside the
/// profile's folders ignored. /usr/lib counts as /lib for a kmod that does not list it: /usr is
/// merged in every image.
ModConf parse_modconf(const std::vector<ConfFile>& files, const KmodProfile& profile,
                      const ConfLimits& limits = {});

// --- the kernel command line
// ----------------------------------------------------------------------

struct Cmdline {
    static constexpr const char* file = "/proc/cmdline";

    /// As the kernel cuts it: blanks outside quotes, the outer quotes removed (lib/cmdline.c
    /// next_arg).
    struct Token {
        std::string name;
        std::optional<std::string> value; ///< absent: no '='
        size_t offset = 0;
        bool after_dashes = false; ///< behind "--": for init, not for the kernel

        std::string text() const { return name + (value ? "=" + *value : ""); }
    };
    /// What libkmod makes of module.parameter=value.
    struct ModuleOption {
        std::string module; ///< '_' for '-'
        std::string text;   ///< "nested=1"
        size_t offset = 0;
    };
    /// A name in modprobe.blacklist=, as it stands: libkmod does not normalise it.
    struct Blacklisted {
        std::string name;
        size_t offset = 0;
    };

    std::string text;
    std::vector<Token> tokens;
    std::vector<ModuleOption> options;
    std::vector<Blacklisted> blacklist;

    /// Values of a parameter of the kernel ('-' and '_' equal, up to "--"), in order; clearcpuid,
    /// kvm-arm.mode, initcall_blacklist. A name without '=' counts as "".
    std::vector<std::string> values(std::string_view name) const;
    /// The comma-separated words of all of them.
    std::vector<std::string> words(std::string_view name) const;
};

Cmdline parse_cmdline(std::string_view text, const KmodProfile& profile);
/// Of this root; the error is that of reading.
Result<Cmdline> read_cmdline(const Sysroot& root, const KmodProfile& profile);

// --- what the kernel takes
// ------------------------------------------------------------------------

/// '_' for '-'.
std::string module_name(std::string_view name);
/// Of "kernel/arch/x86/kvm/kvm-intel.ko.xz" kvm_intel; empty for what is no file of a module.
std::string module_in_path(std::string_view path);
/// The kernel's comparison of parameter names: '-' and '_' equal (kernel/params.c parameq).
bool same_parameter(std::string_view a, std::string_view b);

/// One time that the parameter is set.
struct Setting {
    std::optional<std::string> value; ///< absent: the bare name
    Origin origin;
    bool ignored = false; ///< behind "--": the kernel does not look at it

    /// "nested=1" or "nested"
    std::string shown(std::string_view parameter) const;
};

/// Something that keeps the module from being loaded.
struct Block {
    enum class Kind {
        install,             ///< modprobe.d: a command in place of the load
        blacklist,           ///< modprobe.d
        modprobe_blacklist,  ///< command line, libkmod
        module_blacklist,    ///< command line, kernel
        initramfs_blacklist, ///< rd.driver.blacklist=, dracut; in the initramfs, and beyond it
                             ///< since dracut-ng 102
        alias,               ///< modprobe.d: the module's name, or the CPU's, leads elsewhere
        initcall_blacklist,  ///< command line, kernel: the module's own init function
        modules_disabled,    ///< kernel.modules_disabled, nomodule: no module loads any more
    };
    Kind kind = Kind::install;
    Origin origin;
    std::string text;      ///< the line or token, normalised; not yet printable
    bool by_name = false;  ///< stops `modprobe kvm_intel`
    bool by_alias = false; ///< stops udev, systemd-modules-load and `modprobe -b`
    /// Why it may be loaded all the same: a command that cannot be followed, a blacklist of the
    /// initramfs alone; empty where the block is certain.
    std::string doubt;
    /// Of an argument with a list of names: the one that blocks, as it is spelled there.
    std::string item = {};
};

const char* name(Block::Kind kind);

struct Effective {
    std::string module;
    std::string parameter;
    /// Everything that modprobe hands to the kernel, as `modprobe --show-depends` prints it,
    /// without the blank at its end; empty for a built-in.
    std::string options;
    /// What an install command that loads the module hands on behind them.
    std::string arguments;
    std::vector<Setting> settings; ///< of this parameter, in the kernel's order
    std::vector<Block> blocks;

    /// The last setting that the kernel looks at; the ones before it are overridden, but a wrong
    /// value among them is fatal all the same (kernel/params.c parse_args goes on and fails).
    const Setting* winner() const;
    std::vector<const Setting*> overridden() const;
    bool blocked_by_name() const;  ///< certainly
    bool blocked_by_alias() const; ///< certainly
    /// A block in doubt that leaves open whether the module is loaded, or with what, by its name or
    /// (`by_alias`) by a device's; nullptr: there is none. Only of weight where none is certain.
    const Block* open_question(bool by_alias) const;
};

enum class Linkage { module, built_in };

/// What counts for a load beside modprobe.d and the command line.
struct LoadContext {
    Linkage linkage = Linkage::module;
    /// The modules that are loaded before it, '_' for '-': what stops one of them stops it.
    std::vector<std::string> dependencies;
    /// The CPU's own alias, /sys/devices/system/cpu/modalias; empty: not known.
    std::string cpu_alias;
    std::string kernel;        ///< its release; empty: not known
    std::vector<Block> beside; ///< that are found elsewhere: sysctl.d

    LoadContext(Linkage its_linkage = Linkage::module,
                std::vector<std::string> its_dependencies = {}, std::string its_cpu_alias = {})
        : linkage(its_linkage), dependencies(std::move(its_dependencies)),
          cpu_alias(std::move(its_cpu_alias)) {}
};

/// The dependencies of a module, transitively, out of the text of its kernel's modules.dep; empty
/// where it has none, or is not there.
std::vector<std::string> dependencies_in(std::string_view modules_dep, std::string_view module);

/// What the kernel would be given for `module` at its next load (a module), or was given at boot (a
/// built-in: the command line alone, read by the kernel).
Effective effective(const ModConf& conf, const Cmdline& cmdline, std::string_view module,
                    std::string_view parameter, const LoadContext& context = {});

} // namespace virt_nested
