// SPDX-License-Identifier: GPL-2.0-or-later
// A private mount namespace in which modprobe's folders and /proc/cmdline are ours. It ends with
// the process, and leaves nothing.
#pragma once

#include "core/result.h"
#include "tests/differential/generate.h"

#include <string>

namespace virt_nested::test {

class Sandbox {
  public:
    /// Enters the namespace: as root, or through a user namespace. The error says why it cannot be.
    static Result<Sandbox> enter();

    /// Replaces whatever was there.
    void fill(const Case& generated) const;

    /// The same files, seen as a root of their own.
    const std::string& root() const { return root_; }
    /// A tree of four modules, of which kvm-intel needs kvm, for modprobe -d DIR -S VERSION.
    const std::string& module_tree() const { return modules_; }
    static constexpr const char* release = "6.1.0-test";
    std::string module_folder() const { return modules_ + "/lib/modules/" + release; }

    /// What modprobe prints to stdout, "" where it could not be run.
    std::string run_modprobe(const std::string& module, bool as_udev) const;

    /// What a shell runs as modprobe for this command, which is a program of ours there: a line
    /// "called ARGUMENTS" each time.
    std::string run_shell(const std::string& command) const;

  private:
    explicit Sandbox(std::string root, std::string modules)
        : root_(std::move(root)), modules_(std::move(modules)) {}

    std::string root_;
    std::string modules_;
};

} // namespace virt_nested::test
