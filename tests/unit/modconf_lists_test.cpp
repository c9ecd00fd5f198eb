// SPDX-License-Identifier: GPL-2.0-or-later
// Lists of modules and their arguments, whose init hands them on, and when; and sysctl.d.
#include "core/modconf/load_lists.h"
#include "core/modconf/sysctl.h"
#include "tests/unit/folder.h"

#include <gtest/gtest.h>

#include <chrono>
#include <sys/stat.h>

using namespace virt_nested;
using test::Folder;

namespace {

const Platform& intel() {
    return platform(PlatformId::intel);
}

struct Read {
    LoadArguments arguments;
    std::vector<ConfProblem> problems;
};

Read read(const Folder& folder, const Platform& row = intel(),
          const std::string& kernel = "6.6.30-gentoo") {
    Read out;
    out.arguments = read_load_arguments(Sysroot(folder.path()), row, kernel, out.problems);
    return out;
}

/// "first nested=0 @ /etc/modules:3", "-" without arguments.
std::string in_short(const LoadArguments& arguments) {
    static constexpr const char* orders[] = {"first", "open", "late"};
    if (arguments.options.empty())
        return "-";
    std::string out = orders[static_cast<size_t>(arguments.order)];
    for (const Setting& setting : arguments.settings)
        out += " " + setting.shown("nested") + " @ " + shown(setting.origin);
    return out;
}

/// "LINE ARGUMENTS", "-", and "?" behind it where the file is more than assignments.
std::string conf_d(const std::string& text, const char* kernel = "6.6.30-gentoo") {
    const ConfD found = conf_d_line(text, "kvm_intel", kernel);
    return (found.found ? std::to_string(found.found->line) + " " + found.found->arguments : "-") +
           (found.understood ? "" : "?");
}

constexpr const char* list = "# KVM\n\nkvm-intel nested=0 # off\nkvm_intel nested=1\n";

} // namespace

TEST(LoadService, IsToldByTheInitsFiles) {
    struct Case {
        std::vector<std::string> files;
        std::string os;
        LoadService expected;
    };
    for (const Case& one : std::vector<Case>{
             {{}, "", LoadService::names_only},
             {{}, "ID=alpine", LoadService::alpine},
             {{}, "ID=postmarketos\nID_LIKE=\"alpine\"", LoadService::alpine},
             {{"sbin/openrc"}, "ID=postmarketos\nID_LIKE=\"alpine\"", LoadService::alpine},
             {{}, "ID='gentoo'", LoadService::openrc},
             {{}, "ID=devuan", LoadService::sysv},
             {{}, "ID=debian", LoadService::names_only},
             {{"usr/lib/systemd/systemd"}, "ID=gentoo", LoadService::names_only},
             {{"lib/systemd/systemd", "etc/init.d/kmod", "etc/inittab"},
              "ID=debian",
              LoadService::names_only},
             {{"etc/init.d/kmod", "sbin/init"}, "ID=debian", LoadService::sysv},
             {{"sbin/openrc-run"}, "ID=artix", LoadService::openrc},
             {{"sbin/openrc-run", "run/systemd/system/x"}, "ID=artix", LoadService::names_only}}) {
        const Folder folder{{"etc/os-release", one.os}};
        for (const std::string& file : one.files)
            folder.write(file, "");
        EXPECT_EQ(name(load_service(Sysroot(folder.path()))), name(one.expected))
            << one.os << (one.files.empty() ? "" : one.files[0]);
    }
    const Folder linked{{"usr/lib/systemd/systemd", ""}};
    linked.link("openrc-init", "sbin/init");
    EXPECT_EQ(load_service(Sysroot(linked.path())), LoadService::openrc);
}

TEST(LoadOrder, IsOneOfRunlevels) {
    struct Case {
        std::vector<std::string> services;
        LoadOrder expected;
    };
    for (const Case& one : std::vector<Case>{
             {{}, LoadOrder::open},
             {{"sysinit/hwdrivers", "boot/modules"}, LoadOrder::late},
             {{"sysinit/hwdrivers", "sysinit/modules"}, LoadOrder::first},
             {{"boot/modules"}, LoadOrder::first},
             {{"sysinit/udev-trigger", "boot/modules"}, LoadOrder::open},
             {{"boot/hwdrivers", "sysinit/modules", "boot/udev-trigger"}, LoadOrder::first},
             {{"sysinit/hwdrivers"}, LoadOrder::open}}) {
        const Folder folder{};
        for (const std::string& service : one.services)
            folder.link("/etc/init.d/x", "etc/runlevels/" + service);
        const Sysroot root(folder.path());
        EXPECT_EQ(load_order(root, LoadService::alpine, LoadedBy::cpu_alias), one.expected)
            << (one.services.empty() ? "" : one.services[0]);
        EXPECT_EQ(load_order(root, LoadService::openrc, LoadedBy::name), LoadOrder::first);
    }
}

TEST(LoadArguments, AlpineHandsThemOn) {
    const Folder folder{{"etc/os-release", "ID=alpine\n"},
                        {"etc/modules", list},
                        {"etc/modules-load.d/a.conf", "kvm_intel nested=1\n"}};
    EXPECT_EQ(in_short(read(folder).arguments), "open nested=0 @ /etc/modules:3");
    folder.link("/etc/init.d/modules", "etc/runlevels/boot/modules");
    EXPECT_EQ(in_short(read(folder).arguments), "first nested=0 @ /etc/modules:3");
    folder.write("etc/modules", "kvm\n");
    EXPECT_EQ(in_short(read(folder).arguments), "first nested=1 @ /etc/modules-load.d/a.conf:1");
    EXPECT_EQ(in_short(read(folder, platform(PlatformId::amd)).arguments), "-");
}

TEST(LoadArguments, ANameAloneLoadsItWithout) {
    EXPECT_EQ(in_short(read(Folder{{"etc/os-release", "ID=alpine\n"},
                                   {"etc/modules", "kvm_intel\nkvm_intel nested=0\n"}})
                           .arguments),
              "-");
}

TEST(LoadArguments, SysvReadsEtcModulesLast) {
    const Folder folder{{"etc/os-release", "ID=devuan\n"},
                        {"etc/modules", "kvm_intel nested=0\n"},
                        {"usr/lib/modules-load.d/a.conf", "kvm_intel nested=1\n"}};
    EXPECT_EQ(in_short(read(folder).arguments), "open nested=1 @ /usr/lib/modules-load.d/a.conf:1");
    folder.write("etc/modules-load.d/a.conf", "");
    EXPECT_EQ(in_short(read(folder).arguments), "open nested=0 @ /etc/modules:1");
    const Folder z{{"etc/os-release", "ID=devuan\n"}, {"etc/modules", "kvm nested=1\n"}};
    EXPECT_EQ(in_short(read(z, platform(PlatformId::z)).arguments),
              "first nested=1 @ /etc/modules:1");
}

TEST(LoadArguments, SystemdTakesNamesAlone) {
    EXPECT_EQ(
        in_short(read(Folder{{"usr/lib/systemd/systemd", ""}, {"etc/modules", list}}).arguments),
        "-");
}

TEST(LoadArguments, OpenrcReadsConfD) {
    const Folder folder{
        {"etc/os-release", "ID=gentoo\n"},
        {"etc/modules", list},
        {"etc/conf.d/modules", "modules=\"kvm_intel\"\nmodule_kvm_intel_args=\"nested=0\"\n"}};
    EXPECT_EQ(in_short(read(folder).arguments), "open nested=0 @ /etc/conf.d/modules:2");
    // Named there it is loaded before, without what stands behind it.
    folder.write("etc/modules-load.d/kvm.conf", "kvm_intel nested=1\n");
    EXPECT_EQ(in_short(read(folder).arguments), "-");
}

TEST(ConfD, AssignmentsAreFollowed) {
    const std::string named = "modules=\"kvm kvm-intel\"\n";
    EXPECT_EQ(conf_d(named + "module_kvm_intel_args='nested=0 ept=1'\n"), "2 nested=0 ept=1");
    EXPECT_EQ(conf_d("module_kvm_intel_args=nested=0\n"), "-") << "it is not in the list";
    EXPECT_EQ(conf_d("modules=kvm_intel\n"), "1 ");
    EXPECT_EQ(conf_d("#modules=kvm_intel\n"), "-");
    EXPECT_EQ(conf_d(named + "module_kvm_intel_args=\"nested=1\"\n"
                             "module_kvm_intel_args=\"$module_kvm_intel_args nested=0\" # x\n"),
              "3 nested=1 nested=0");
    EXPECT_EQ(conf_d("modules=\"kvm\n  kvm_intel\"; module_kvm_intel_args=\"x\"\"y\"\n"), "2 xy");
    EXPECT_EQ(conf_d("export modules=kvm_intel\n\nmodule_kvm_intel_args=a\\\n=b\n"), "3 a=b");
    EXPECT_EQ(conf_d("modules=kvm_intel\r\n"), "-") << "the CR is part of the name";
}

TEST(ConfD, TheKernelsOwnVersionComesFirst) {
    const std::string text = "modules=\"x\"\nmodules_6_6=\"kvm_intel\"\n"
                             "module_kvm_intel_args=\"nested=1\"\n"
                             "module_kvm_intel_args_6_6=\"nested=0\"\n"
                             "module_kvm_intel_args_6_6_30_gentoo=\"\"\n";
    EXPECT_EQ(conf_d(text), "4 nested=0");
    EXPECT_EQ(conf_d(text, "6.1.0"), "-");
    EXPECT_EQ(conf_d(text + "module_kvm_intel_args_6_6_30=y\n"), "6 y");
    EXPECT_EQ(conf_d("modules_6=kvm_intel\n", ""), "-");
}

TEST(ConfD, WhatIsMoreThanAssignmentsIsSaidToBe) {
    const std::string named = "modules=kvm_intel\n";
    for (const char* more : {"if x; then\n", "modules=\"`x`\"\n", "a=$(x)\n", "a=${b:-c}\n",
                             "a='\n", "a=1 b\n", "a=1|b\n", ". /etc/x\n", "=\n"})
        EXPECT_EQ(conf_d(named + more), "1 ?") << more;
}

TEST(LoadArguments, BadInputIsAProblemAndNotSilence) {
    const auto problems = [](const std::string& text) {
        return read(Folder{{"etc/os-release", "ID=gentoo\n"}, {"etc/conf.d/modules", text}})
            .problems.size();
    };
    using namespace std::string_literals;
    const std::string good = "modules=kvm_intel\nmodule_kvm_intel_args=nested=0\n";
    EXPECT_EQ(problems(good), 0U);
    EXPECT_EQ(problems(std::string(1 << 20, 'x')), 1U);
    EXPECT_NE(problems(good + "\0"s), 0U);
    EXPECT_EQ(problems("modules=kvm_intel\r\n"), 1U);
    EXPECT_EQ(problems("if true; then modules=kvm_intel; fi\n"), 1U);
    EXPECT_EQ(problems("if true; then modules=dummy; fi\n"), 0U);
    const Folder fifo{{"etc/os-release", "ID=alpine\n"}};
    ASSERT_EQ(::mkfifo((fifo.path() + "/etc/modules").c_str(), 0600), 0);
    EXPECT_EQ(read(fifo).problems.size(), 1U);
}

TEST(ConfD, IsNeverSlow) {
    std::string text = "a=aaaaaaaa\n";
    while (text.size() < 60'000)
        text += "a=$a$a$a$a\nb" + std::to_string(text.size()) + "=$a\n";
    const auto start = std::chrono::steady_clock::now();
    conf_d(text);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

// --- sysctl.d
// -------------------------------------------------------------------------------------

TEST(Sysctl, TheLineAndItsForms) {
    for (const char* line : {"kernel.modules_disabled=1", "kernel/modules_disabled = 1",
                             " -kernel.modules_disabled =1 ", "kernel.modules_dis* = 1"}) {
        const auto found = modules_disabled_in("# x\n" + std::string(line) + "\n");
        ASSERT_TRUE(found) << line;
        EXPECT_TRUE(found->on) << line;
        EXPECT_EQ(found->line, 2U);
    }
    for (const char* line : {"kernel.modules_disabled", "#kernel.modules_disabled=1",
                             "; kernel.modules_disabled=1", "kernel.modules=1", "a.b=1", "=1"})
        EXPECT_FALSE(modules_disabled_in(line)) << line;
    EXPECT_FALSE(modules_disabled_in("kernel.modules_disabled=1\nkernel.modules_disabled=0\n")->on);
}

TEST(Sysctl, FilesMaskAndFollowEachOther) {
    const std::string disabled = "kernel.modules_disabled = 1\n";
    const auto place = [](const Folder& folder) {
        std::vector<ConfProblem> problems;
        const std::vector<Block> found = read_modules_disabled(Sysroot(folder.path()), problems);
        EXPECT_TRUE(problems.empty());
        return found.empty() ? "-" : shown(found[0].origin) + (found[0].doubt.empty() ? "" : "?");
    };
    const Folder folder{{"usr/lib/sysctl.d/50-x.conf", disabled}};
    EXPECT_EQ(place(folder), "/usr/lib/sysctl.d/50-x.conf:1?");
    folder.write("etc/sysctl.d/90-x.conf", "\n" + disabled);
    EXPECT_EQ(place(folder), "/etc/sysctl.d/90-x.conf:2?");
    folder.write("etc/sysctl.d/90-x.conf", "kernel.modules_disabled = 0\n");
    EXPECT_EQ(place(folder), "-");
    folder.write("etc/sysctl.d/90-x.conf", "");
    folder.link("/dev/null", "etc/sysctl.d/50-x.conf");
    EXPECT_EQ(place(folder), "-");
    folder.write("etc/sysctl.conf", disabled);
    EXPECT_EQ(place(folder), "/etc/sysctl.conf:1?");
    EXPECT_EQ(place(Folder{{"etc/sysctl.d/x", disabled}}), "-");
}

TEST(Sysctl, WhatCannotBeReadIsAProblem) {
    const Folder folder{{"etc/sysctl.d/a.conf", std::string(1 << 20, 'x')}};
    ASSERT_EQ(::mkfifo((folder.path() + "/etc/sysctl.conf").c_str(), 0600), 0);
    std::vector<ConfProblem> problems;
    EXPECT_TRUE(read_modules_disabled(Sysroot(folder.path()), problems).empty());
    EXPECT_EQ(problems.size(), 2U);
}
