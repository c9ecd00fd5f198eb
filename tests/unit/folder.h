// SPDX-License-Identifier: GPL-2.0-or-later
// A folder for one test, filled from literals and gone with the test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <utility>

namespace virt_nested::test {

class Folder {
  public:
    Folder(std::initializer_list<std::pair<std::string, std::string>> files) {
        // Of the process's own rights: a test may have given them up since.
        static const std::filesystem::path place = std::filesystem::temp_directory_path();
        std::string pattern = (place / "virt-nested-XXXXXX").string();
        if (!::mkdtemp(pattern.data()))
            throw std::runtime_error("mkdtemp " + pattern);
        path_ = pattern;
        for (const auto& [name, text] : files)
            write(name, text);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    const std::string& path() const { return path_; }

    void write(const std::string& name, const std::string& text) const {
        const std::filesystem::path file = std::filesystem::path(path_) / name;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << text;
    }
    void link(const std::string& target, const std::string& name) const {
        const std::filesystem::path file = std::filesystem::path(path_) / name;
        std::filesystem::create_directories(file.parent_path());
        std::filesystem::create_symlink(target, file);
    }

  private:
    std::string path_;
};

} // namespace virt_nested::test
