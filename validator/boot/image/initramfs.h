// SPDX-License-Identifier: GPL-2.0-or-later
// What an initramfs holds that concerns KVM: looked into, never run. Images are several archives
// one after another, the first ones often uncompressed (early microcode), the last one compressed
// (Documentation/driver-api/early-userspace/buffer-format.rst); libarchive does the archive work.
#pragma once

#include "core/modconf/modconf.h"
#include "core/result.h"
#include "core/sysroot.h"

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace virt_nested {

/// A module of KVM in an image. modprobe sees those of the kernel that runs alone.
struct ImageModule {
    std::string name;    ///< '_' for '-'
    std::string release; ///< the folder below lib/modules

    bool operator==(const ImageModule&) const = default;
    bool operator<(const ImageModule& other) const {
        return std::tie(name, release) < std::tie(other.name, other.release);
    }
};

/// The parts of an initramfs that matter here. Files stand where links inside the image lead from.
struct InitramfsContent {
    std::vector<ImageModule> modules; ///< sorted
    std::vector<ConfFile> modprobe;   ///< modprobe.d, paths with a leading slash
    std::vector<ConfFile> loads;      ///< modules-load.d and conf/modules: what is loaded there
    std::vector<ConfFile> cmdline;    ///< etc/cmdline and etc/cmdline.d: dracut's own arguments
    bool squashed = false;            ///< holds a squashfs that was not looked into
    /// Ends in parameters that `bootconfig` on the command line puts in front of that
    /// (Documentation/admin-guide/bootconfig.rst); they were not read.
    bool bootconfig = false;
    /// Where it is an earlier run's answer: when the image was looked into, in seconds since 1970.
    std::optional<int64_t> kept_since;

    /// `release` empty: for any kernel.
    bool has(std::string_view module, std::string_view release = {}) const;
};

/// The tool of this host that makes images.
enum class ImageBuilder { unknown, dracut, initramfs_tools };

struct InitramfsImage {
    std::string path;               ///< inside the root; of several files, the one that tells
    std::vector<std::string> files; ///< in the order of loading
    std::string kernel;             ///< release that boots with it; empty: not known
    bool unified = false;           ///< the .initrd section of a unified kernel image
    bool next_boot = false;
    ImageBuilder builder = ImageBuilder::unknown;
    Result<InitramfsContent> content = Error{0, "not read"};

    /// Whether what boots next with it finds the module there.
    bool has(std::string_view module) const {
        return content && content->has(module, next_boot ? kernel : std::string());
    }
};

/// Bounds on what is unpacked.
struct InitramfsLimits {
    uint64_t unpacked = 2ULL << 30; ///< bytes
    size_t entries = 1'000'000;
    size_t kept = 4U << 20; ///< bytes of modprobe.d and the like
    int seconds = 60;
};

/// Reads `size` bytes from `offset` of a file (size 0: to its end). Errors: EFBIG a limit; EBADMSG
/// truncated, corrupt or of an unknown compression; ELOOP links that lead too far; else that of
/// reading.
Result<InitramfsContent> read_initramfs(const Sysroot& root, const std::string& path,
                                        uint64_t offset = 0, uint64_t size = 0,
                                        const InitramfsLimits& limits = {});

/// The same with the answers of earlier runs: kept in `cache`, a file below its own root, by the
/// image's path, device, inode, size and times. A cache that others than root could have written
/// counts for nothing; one that cannot be written is no error.
Result<InitramfsContent> read_initramfs_cached(const Sysroot& root, const std::string& path,
                                               uint64_t offset, uint64_t size,
                                               const std::string& cache);

/// A section of a PE file, e.g. ".initrd" or ".cmdline" of a unified kernel image (UAPI group,
/// Unified Kernel Image).
struct PeSection {
    std::string name;
    uint64_t offset = 0;
    uint64_t size = 0;
};
/// Error EBADMSG: not a PE file, or its headers contradict themselves.
Result<std::vector<PeSection>> pe_sections(const Sysroot& root, const std::string& path);
/// The bytes of a small section. Error EFBIG: longer than 64 KiB.
Result<std::string> read_section(const Sysroot& root, const std::string& path,
                                 const PeSection& section);

} // namespace virt_nested
