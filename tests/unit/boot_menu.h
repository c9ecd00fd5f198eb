// SPDX-License-Identifier: GPL-2.0-or-later
// What tests of the boot loaders' readers ask of a menu.
#pragma once

#include "tests/unit/folder.h"
#include "validator/boot/menu.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace virt_nested::test {

using Strings = std::vector<std::string>;

inline Strings ids(const BootMenu& menu) {
    Strings out;
    for (const BootEntry& entry : menu.entries)
        out.push_back(entry.id);
    return out;
}

inline Strings chosen(const BootMenu& menu) {
    Strings out;
    for (const BootEntry& entry : menu.entries)
        if (entry.chosen)
            out.push_back(entry.id);
    return out;
}

inline const BootEntry& entry(const BootMenu& menu, std::string_view id) {
    static const BootEntry none;
    for (const BootEntry& one : menu.entries)
        if (one.id == id)
            return one;
    ADD_FAILURE() << "no entry " << id;
    return none;
}

/// All doubts as lines: "SOURCE: WHAT".
inline std::string doubts(const std::vector<Doubt>& found) {
    std::string out;
    for (const Doubt& doubt : found)
        out += doubt.source + ": " + doubt.what + "\n";
    return out;
}

inline bool has_doubt(const std::vector<Doubt>& found, std::string_view source,
                      std::string_view what, int code = 0) {
    return std::any_of(found.begin(), found.end(), [&](const Doubt& doubt) {
        return doubt.source == source && doubt.what.find(what) != std::string::npos &&
               doubt.code == code;
    });
}

/// While it lives, a file or folder that this process may not read: 0600 or 0700 of root, and it is
/// somebody else; without root, of no mode at all.
class Forbidden {
  public:
    Forbidden(const Folder& folder, const std::string& name)
        : path_(folder.path() + "/" + name), was_(::geteuid()) {
        struct stat found {};
        if (::stat(path_.c_str(), &found) != 0)
            ADD_FAILURE() << path_;
        mode_ = found.st_mode & 07777;
        ::chmod(folder.path().c_str(), 0755);
        ::chmod(path_.c_str(), was_ != 0 ? 0 : S_ISDIR(found.st_mode) ? 0700 : 0600);
        if (was_ == 0 && ::seteuid(65534) != 0)
            ADD_FAILURE() << "seteuid";
    }
    Forbidden(const Forbidden&) = delete;
    Forbidden& operator=(const Forbidden&) = delete;
    ~Forbidden() {
        if (::seteuid(was_) != 0 || ::chmod(path_.c_str(), mode_) != 0)
            std::abort();
    }

  private:
    std::string path_;
    uid_t was_;
    mode_t mode_ = 0;
};

/// That reading took less than a second and 32 MiB.
class Bounded {
  public:
    Bounded() : start_(std::chrono::steady_clock::now()), before_(peak()) {}
    Bounded(const Bounded&) = delete;
    Bounded& operator=(const Bounded&) = delete;
    ~Bounded() {
        EXPECT_LT(std::chrono::steady_clock::now() - start_, std::chrono::seconds(1) * slow);
        EXPECT_LT(peak() - before_, 32 * 1024 * slow) << "KiB";
    }

  private:
#if defined(VN_SLOW)
    static constexpr int slow = 8;
#else
    static constexpr int slow = 1;
#endif
    static long peak() {
        rusage usage{};
        ::getrusage(RUSAGE_SELF, &usage);
        return usage.ru_maxrss;
    }
    std::chrono::steady_clock::time_point start_;
    long before_;
};

} // namespace virt_nested::test
