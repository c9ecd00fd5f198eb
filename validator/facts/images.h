// SPDX-License-Identifier: GPL-2.0-or-later
// The initramfs images of the boots that may come next, and where asked for, of all others.
#pragma once

#include "validator/boot/image/initramfs.h"
#include "validator/boot/menu.h"

#include <string>
#include <vector>

namespace virt_nested {

class ImageReader {
  public:
    /// `cache`: as of read_initramfs_cached().
    ImageReader(const Sysroot& root, std::string cache) : root_(root), cache_(std::move(cache)) {}

    /// The files that an entry loads one behind another, as the one image that the kernel makes of
    /// them: a later file's content replaces an earlier one's. Its place in `all`.
    size_t add(const std::vector<std::string>& files, const std::string& kernel, bool unified,
               bool next_boot);
    /// Where no entry tells: the file that the usual tools make for this release; none: empty.
    std::vector<std::string> by_name(const std::string& kernel) const;
    /// Those of the other entries, and those in /boot.
    void add_others(const std::vector<BootEntry>& entries, const std::vector<std::string>& names);

    std::vector<InitramfsImage> all;

  private:
    Result<InitramfsContent> read(const std::string& file, bool unified) const;

    const Sysroot& root_;
    std::string cache_;
    size_t looked_into_ = 0; ///< of the next boot's
};

} // namespace virt_nested
