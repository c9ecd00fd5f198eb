// SPDX-License-Identifier: GPL-2.0-or-later
// The reload against a host that goes wrong at every place, and who holds the module.
#include "core/text.h"
#include "folder.h"
#include "validator/bringup/reload.h"
#include "validator/facts/module_users.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <unistd.h>

namespace virt_nested {
namespace {

using test::Folder;

/// A host that has the module loaded, and a configuration that can be put back once.
class FakeHost final : public ReloadHost {
  public:
    bool is_loaded = true;
    bool is_new = true;    ///< the new configuration is in force
    bool unloads = true;   ///< modprobe -r takes it away
    bool loads_new = true; ///< with the new configuration
    bool loads_old = true; ///< with the previous one
    bool restores = true;
    State answer = State::on;
    std::string log;
    std::vector<std::string> calls;
    std::vector<std::string> said;

    Result<Ran> run(const std::vector<std::string>& arguments) override {
        calls.push_back(join(arguments, " "));
        Ran ran;
        ran.status = 0;
        if (arguments[1] == "-r") {
            if (!unloads)
                return failed("modprobe: FATAL: Module is in use.");
            is_loaded = false;
            return ran;
        }
        if (!(is_new ? loads_new : loads_old))
            return failed("modprobe: ERROR: could not insert: Invalid argument");
        is_loaded = true;
        return ran;
    }
    bool loaded(const std::string&) override { return is_loaded; }
    Fact nests() override { return {answer, "svm", "/dev/kvm", "why"}; }
    Result<bool> restore() override {
        if (!restores)
            return Error{EROFS, "read-only"};
        is_new = false;
        return true;
    }
    std::string kernel_says() override { return log; }
    void say(const std::string& line) override { said.push_back(line); }

    bool has_said(const std::string& part) const {
        return std::any_of(said.begin(), said.end(), [&](const std::string& line) {
            return line.find(part) != std::string::npos;
        });
    }

  private:
    static Ran failed(const std::string& why) {
        Ran ran;
        ran.status = 1;
        ran.err = why + "\n";
        return ran;
    }
};

TEST(Reload, UnloadsLoadsAndAsksKvm) {
    FakeHost host;
    EXPECT_EQ(reload(host, "kvm_amd", true), exit_pass);
    EXPECT_EQ(host.calls, (std::vector<std::string>{"modprobe -r kvm_amd", "modprobe kvm_amd"}));
    EXPECT_TRUE(host.is_new);
}

TEST(Reload, LoadsWhatWasNotLoaded) {
    FakeHost host;
    host.is_loaded = false;
    EXPECT_EQ(reload(host, "kvm_amd", true), exit_pass);
    EXPECT_EQ(host.calls, std::vector<std::string>{"modprobe kvm_amd"});
}

TEST(Reload, LeavesTheModuleWhereItCannotBeUnloaded) {
    FakeHost host;
    host.unloads = false;
    EXPECT_EQ(reload(host, "kvm_amd", true), exit_fail);
    EXPECT_EQ(host.calls.size(), 1U);
    EXPECT_TRUE(host.is_loaded);
    EXPECT_TRUE(host.has_said("Module is in use"));
}

TEST(Reload, GoesBackWhereTheModuleDoesNotLoad) {
    FakeHost host;
    host.loads_new = false;
    host.log = "kvm_amd: `Y' invalid for parameter `nested'";
    EXPECT_EQ(reload(host, "kvm_amd", true), exit_fail);
    EXPECT_TRUE(host.is_loaded);
    EXPECT_FALSE(host.is_new);
    EXPECT_TRUE(host.has_said("invalid for parameter"));
    EXPECT_TRUE(host.has_said("is loaded again"));
}

TEST(Reload, SaysThatTheHostHasNoKvmNow) {
    FakeHost host;
    host.loads_new = host.loads_old = false;
    EXPECT_EQ(reload(host, "kvm_amd", true), exit_fail);
    EXPECT_TRUE(host.has_said("this host has no KVM now"));
}

TEST(Reload, TriesAgainEvenWhereTheConfigurationCannotBePutBack) {
    FakeHost host;
    host.loads_new = host.restores = false;
    EXPECT_EQ(reload(host, "kvm_amd", true), exit_fail);
    EXPECT_EQ(host.calls.size(), 3U);
    EXPECT_TRUE(host.has_said("could not be put back: read-only"));
}

TEST(Reload, BelievesKvmAndNotTheModule) {
    FakeHost host;
    host.answer = State::off;
    EXPECT_EQ(reload(host, "kvm_amd", true), exit_fail);
    EXPECT_TRUE(host.has_said("KVM says otherwise"));
    host.answer = State::undetermined;
    EXPECT_EQ(reload(host, "kvm_amd", true), exit_undetermined);
    host.answer = State::off;
    EXPECT_EQ(reload(host, "kvm_amd", false), exit_pass);
}

TEST(Detached, GoesOnWithoutItsTerminal) {
    const Folder folder{};
    const pid_t session = ::getsid(0);
    const ExitStatus status = detached([&](const std::function<void(std::string)>& say) {
        say("begun");
        for (const int signal : {SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGPIPE})
            ::raise(signal);
        folder.write("done", ::getsid(0) != session ? "own session" : "the same session");
        return exit_warn;
    });
    EXPECT_EQ(status, exit_warn);
    EXPECT_EQ(*Sysroot(folder.path()).read("/done"), "own session");
}

TEST(Detached, TellsACrashAsAFailure) {
    EXPECT_EQ(detached([](const std::function<void(std::string)>&) -> ExitStatus {
                  throw std::runtime_error("thrown");
              }),
              exit_fail);
    EXPECT_EQ(detached([](const std::function<void(std::string)>&) -> ExitStatus {
                  ::raise(SIGKILL);
                  return exit_pass;
              }),
              exit_fail);
}

const std::string qemu_line =
    std::string("qemu-system-x86_64\0-name\0guest=web,,1,debug-threads=on\0-S\0", 58);

TEST(ModuleUsers, NamesGuestsAndProcesses) {
    const Folder folder{{"proc/4711/comm", "qemu-system-x86\n"},
                        {"proc/4711/cmdline", qemu_line},
                        {"proc/88/comm", "crosvm\n"},
                        {"proc/88/cmdline", std::string("crosvm\0run\0", 11)},
                        {"proc/99/comm", "bash\n"},
                        {"proc/self/comm", "x\n"},
                        {"sys/module/kvm_amd/refcnt", "5\n"}};
    folder.link("/dev/null", "proc/4711/fd/0");
    folder.link("anon_inode:kvm-vcpu:0", "proc/4711/fd/12");
    folder.link("/dev/kvm", "proc/88/fd/3");
    folder.link("/dev/pts/0", "proc/99/fd/0");
    const Sysroot root(folder.path());
    const std::vector<ModuleUser> users = module_users(root);
    ASSERT_EQ(users.size(), 2U);
    EXPECT_EQ(users[0].in_words(), "crosvm (process 88)");
    EXPECT_EQ(users[1].in_words(), "guest 'web,1' (qemu-system-x86, process 4711)");
    EXPECT_EQ(
        module_in_use(root, "kvm_amd"),
        "kvm_amd is in use by crosvm (process 88) and guest 'web,1' (qemu-system-x86, process "
        "4711)");
}

TEST(ModuleUsers, NamesGuestsByLibvirtsFilesWhereNoProcessShows) {
    const Folder folder{{"run/libvirt/qemu/web1.xml", ""},
                        {"run/libvirt/qemu/web1.pid", "1"},
                        {"sys/module/kvm_amd/refcnt", "5\n"}};
    EXPECT_EQ(module_in_use(Sysroot(folder.path()), "kvm_amd"),
              "kvm_amd is in use by guest 'web1'");
}

TEST(ModuleUsers, SaysThatItIsHeldByNobodyKnown) {
    const Folder folder{{"sys/module/kvm_amd/refcnt", "2\n"}};
    const std::string words = module_in_use(Sysroot(folder.path()), "kvm_amd");
    EXPECT_NE(words.find("refcnt is 2"), std::string::npos) << words;
    const Folder held{{"sys/module/kvm/refcnt", "1\n"}, {"sys/module/kvm/holders/kvmgt/x", ""}};
    EXPECT_EQ(module_in_use(Sysroot(held.path()), "kvm"), "kvm is in use by module kvmgt");
    const Folder idle{{"sys/module/kvm_amd/refcnt", "0\n"}};
    EXPECT_EQ(module_in_use(Sysroot(idle.path()), "kvm_amd"), "");
}

} // namespace
} // namespace virt_nested
