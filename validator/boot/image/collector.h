// SPDX-License-Identifier: GPL-2.0-or-later
// What matters of an initramfs, taken from its entries in their order. The kernel puts a file where
// the links that are there by then lead (init/initramfs.c); where one leads to what was not kept,
// the image is gone through once more.
#pragma once

#include "validator/boot/image/initramfs.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace virt_nested {

struct ImageEntry {
    std::string name; ///< without "." and "..", doubled slashes and a leading one
    uint32_t inode = 0, mode = 0, links = 0, size = 0;
};

/// The name as the kernel takes it, from the root.
std::string normal_name(std::string_view name);

class Collector {
  public:
    explicit Collector(const InitramfsLimits& limits);

    /// Before each pass.
    void begin();
    /// Every entry comes by. Whether its bytes are to be kept. Throws UnpackError at a limit.
    bool see(const ImageEntry& entry);
    /// What see() asked for; without its bytes where they are too many.
    void keep(const ImageEntry& entry, std::optional<std::string> text);
    /// Behind each archive: hard links do not reach beyond (init/initramfs.c free_hash).
    void end_archive() { ++archive_; }
    /// After a pass: whether all that the links lead to was kept. If not, another pass keeps it.
    bool settled();
    /// What was missed at last, for an error.
    const std::string& missed() const { return missed_; }
    InitramfsContent take() { return std::move(content_); }

    static constexpr uint32_t most_bytes = 1U << 20; ///< of one file

  private:
    using Inode = std::pair<size_t, uint32_t>; ///< number of the archive, inode
    struct Node {
        bool link = false;
        std::optional<std::string> text; ///< or the link's target; none: too long
        std::optional<Inode> elsewhere;  ///< a hard link whose bytes another one has
    };

    void watch(const std::string& path);
    bool watched(const std::string& path) const;
    const Node* find(const std::string& path);
    std::optional<std::string> real(std::string_view path, bool last);
    void see_module(const ImageEntry& entry);
    void emit(const std::string& path, const std::string& shown, std::vector<ConfFile>& out);
    void emit_folder(const std::string& folder, std::string_view ending,
                     std::vector<ConfFile>& out);
    const std::optional<std::string>& bytes_of(const Node& node);

    InitramfsLimits limits_;
    std::set<std::string, std::less<>> paths_, folders_; ///< what is kept
    std::set<Inode> inodes_;
    std::set<std::string> more_paths_, more_folders_; ///< what a link leads to beside
    std::set<Inode> more_inodes_;
    std::string missed_;

    InitramfsContent content_;
    std::set<ImageModule> modules_;
    std::map<std::string, Node> nodes_; ///< by their paths without links
    std::map<Inode, std::optional<std::string>> bytes_;
    std::set<Inode> waiting_; ///< hard links without bytes as yet
    size_t archive_ = 0, entries_ = 0, kept_ = 0, emitted_ = 0;
};

} // namespace virt_nested
