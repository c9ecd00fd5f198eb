// SPDX-License-Identifier: GPL-2.0-or-later
// The host's facts, from captured machines, and KVM's answers, live and captured.
#include "core/cpuinfo.h"
#include "core/host.h"
#include "core/modconf/values.h"
#include "tests/unit/machine.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

using namespace virt_nested;
using test::Folder;
using test::ToldKvm;

namespace {

Host read(const Folder& root) {
    const Sysroot sysroot(root.path());
    return read_host(sysroot, *kvm_of(sysroot));
}

Fact parameter(const std::string& text) {
    return parse_parameter(text, "f");
}

} // namespace

TEST(PlatformTable, IsWhole) {
    std::set<std::string_view> features;
    EXPECT_EQ(platforms().size(), 6U);
    for (const Platform& row : platforms()) {
        EXPECT_TRUE(row.id == PlatformId::unnamed || &platform(row.id) == &row);
        EXPECT_TRUE(features.insert(row.feature).second) << row.feature;
        for (const std::string_view needed : {row.name, row.machine, row.arch_folder, row.truth})
            EXPECT_FALSE(needed.empty()) << row.name;
        EXPECT_FALSE(row.signs.empty() || row.guests.empty() || row.hosts.empty()) << row.name;
        const bool can_nest = row.probe != KvmProbe::none;
        EXPECT_EQ(can_nest, row.parameter.empty() == !row.boot_option.empty()) << row.name;
        EXPECT_TRUE(row.parameter.empty() || known_parameter(row.module, row.parameter))
            << row.name << ": its type belongs into core/modconf/values.cpp";
    }
    // The kernel says sie, QEMU and libvirt say sief2; asking a guest for sie breaks it.
    EXPECT_EQ(platform(PlatformId::z).cpu_flag, "sie");
    EXPECT_EQ(platform(PlatformId::z).feature, "sief2");
}

TEST(PlatformTable, WhoRunsWhatGuest) {
    EXPECT_TRUE(runs_guest(platform(PlatformId::intel), "i686"));
    EXPECT_TRUE(runs_guest(platform(PlatformId::power), "ppc64"));
    EXPECT_FALSE(runs_guest(platform(PlatformId::amd), "aarch64"));
    EXPECT_EQ(emulated_platform("x86_64")->id, PlatformId::amd);
    EXPECT_EQ(emulated_platform("s390x")->id, PlatformId::z);
    EXPECT_EQ(emulated_platform("riscv64"), platform_of_machine("riscv64"));
    EXPECT_EQ(emulated_platform("loongarch64"), nullptr);
}

TEST(RiscV, ShowsItsExtensionAndHasNoNesting) {
    const auto host = [](const std::string& isa, const std::string& kvm) {
        return read(
            Folder{{"proc/cpuinfo", "processor\t: 0\nhart\t\t: 0\nisa\t\t: " + isa + "\n\n"},
                   {"dev/kvm", kvm}});
    };
    const Host with = host("rv64imafdch_zicsr_zba", "nesting=0\n");
    EXPECT_EQ(with.machine, "riscv64");
    ASSERT_EQ(with.platform, platform_of_machine("riscv64"));
    EXPECT_TRUE(with.cpu.on());
    EXPECT_TRUE(host("rv64imafdcvh", "").cpu.on());
    EXPECT_TRUE(host("rv64imafdc_zicsr_svinval_sh", "").cpu.off())
        << "only letters before a _ count";
    for (const char* kvm : {"nesting=0\n", "nesting=1\n", "device=absent\n", "error=told so\n"}) {
        const Fact nests = host("rv64imafdch", kvm).nests;
        EXPECT_TRUE(nests.off()) << kvm;
        EXPECT_EQ(nests.found, "KVM on RISC-V does not offer nesting yet");
    }
}

TEST(PlatformTable, ModelsWithTheFeature) {
    for (const char* with : {"EPYC", "EPYC-Rome", "EPYC-Milan-v2", "EPYC-Genoa", "Dhyana",
                             "Opteron_G2", "Opteron_G5", "phenom", "qemu64"})
        EXPECT_NE(model_with_feature(platform(PlatformId::amd), with), nullptr) << with;
    for (const char* without : {"kvm64", "Opteron_G1", "athlon", "Nehalem", "EPYCX", "", "epyc"})
        EXPECT_EQ(model_with_feature(platform(PlatformId::amd), without), nullptr) << without;
    EXPECT_NE(model_with_feature(*platform_of_machine("riscv64"), "rv64"), nullptr);
    EXPECT_EQ(model_with_feature(*platform_of_machine("riscv64"), "sifive-u54"), nullptr);
}

TEST(Parameter, TheKernelsForms) {
    EXPECT_TRUE(parameter("Y\n").on());
    EXPECT_TRUE(parameter("N\n").off());
    EXPECT_TRUE(parameter("1\n").on());
    EXPECT_TRUE(parameter("0\n").off());
    EXPECT_TRUE(parameter("2\n").on());
    EXPECT_TRUE(parameter("-1\n").on());
    EXPECT_TRUE(parameter("1").on());
}

TEST(Parameter, EverythingElseIsUndetermined) {
    for (const std::string text : {"", "\n", "y\n", "n\n", "yes\n", "on\n", "1x\n", "Y Y\n",
                                   "99999999999999999999\n", "0x1\n", "\x1b[31mY\n", "(null)\n"}) {
        const Fact fact = parameter(text);
        EXPECT_TRUE(fact.undetermined()) << text;
        EXPECT_EQ(fact.reason.find('\x1b'), std::string::npos);
    }
    EXPECT_TRUE(parameter(std::string("\0", 1)).undetermined());
    EXPECT_TRUE(parameter(std::string(4000, '1')).undetermined());
}

TEST(HostFacts, EveryPlatformThatNests) {
    for (const Platform& row : platforms()) {
        if (row.probe == KvmProbe::none)
            continue;
        Folder root{{"proc/cpuinfo", test::cpuinfo(row.id)}, {"dev/kvm", "nesting=1\n"}};
        if (!row.parameter.empty())
            root.write(test::parameter_path(row), "1\n");
        const Host host = read(root);
        ASSERT_NE(host.platform, nullptr) << row.name;
        EXPECT_EQ(host.platform->id, row.id);
        EXPECT_EQ(host.machine, row.machine);
        EXPECT_TRUE(host.nests.on()) << row.name;
        EXPECT_EQ(host.cpu.state, row.cpu_flag.empty() ? State::absent : State::on) << row.name;
        EXPECT_EQ(host.parameter.state, row.parameter.empty() ? State::absent : State::on)
            << row.name;
        EXPECT_EQ(host.module.state, row.module.empty() ? State::absent : State::on) << row.name;
    }
}

TEST(HostFacts, KvmsAnswerRulesAndTheParameterIsNamed) {
    for (const Platform& row : platforms()) {
        if (row.parameter.empty())
            continue;
        Folder root{{"proc/cpuinfo", test::cpuinfo(row.id)},
                    {"dev/kvm", "nesting=0\n"},
                    {test::parameter_path(row), "1\n"}};
        const Host no = read(root);
        EXPECT_TRUE(no.nests.off()) << row.name;
        EXPECT_NE(no.nests.reason.find("although " + std::string(row.module) + ".nested is 1"),
                  std::string::npos)
            << no.nests.reason;
        root.write("dev/kvm", "nesting=1\n");
        root.write(test::parameter_path(row), "0\n");
        const Host yes = read(root);
        EXPECT_TRUE(yes.nests.on()) << row.name;
        EXPECT_NE(yes.nests.reason.find("although"), std::string::npos);
    }
}

TEST(HostFacts, WithoutACapturedAnswerTheParameterStandsInAndSaysSo) {
    Folder root{{"proc/cpuinfo", test::cpuinfo(PlatformId::amd)},
                {"sys/module/kvm_amd/parameters/nested", "1\n"}};
    EXPECT_TRUE(read(root).nests.on());
    EXPECT_NE(read(root).nests.reason.find("from the parameter"), std::string::npos);
    root.write("sys/module/kvm_amd/parameters/nested", "0\n");
    EXPECT_TRUE(read(root).nests.off());
    root.write("sys/module/kvm_amd/parameters/nested", "?\n");
    EXPECT_TRUE(read(root).nests.undetermined());
    const Folder bare{{"proc/cpuinfo", test::cpuinfo(PlatformId::amd)}};
    EXPECT_TRUE(read(bare).nests.absent());
}

TEST(HostFacts, HygonAndTheOthersOfTheFamily) {
    const std::pair<const char*, PlatformId> vendors[] = {{"HygonGenuine", PlatformId::amd},
                                                          {"CentaurHauls", PlatformId::intel},
                                                          {"  Shanghai  ", PlatformId::intel}};
    for (const auto& [vendor, id] : vendors) {
        const Folder root{{"proc/cpuinfo", std::string("processor\t: 0\nvendor_id\t: ") + vendor +
                                               "\nflags\t\t: fpu\n\n"}};
        ASSERT_NE(read(root).platform, nullptr) << vendor;
        EXPECT_EQ(read(root).platform->id, id) << vendor;
        EXPECT_TRUE(read(root).cpu.off());
    }
    const Folder hidden{
        {"proc/cpuinfo", "processor\t: 0\nvendor_id\t: Hidden\nflags\t\t: fpu svm\n\n"}};
    EXPECT_EQ(read(hidden).platform->id, PlatformId::amd);
}

TEST(HostFacts, AFlagIsAWholeWord) {
    const Folder root{
        {"proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: vmxx tsc_vmx\n\n"}};
    EXPECT_TRUE(read(root).cpu.off());
}

TEST(HostFacts, AnUnknownMachineIsUndetermined) {
    for (const char* text : {"", "nonsense", "processor\t: 0\nISA\t\t: loongarch64\n\n",
                             "processor\t: 0\nvendor_id\t: Nobody\nflags\t\t: fpu\n\n"}) {
        const Folder root{{"proc/cpuinfo", text}, {"dev/kvm", "nesting=1\n"}};
        const Host host = read(root);
        EXPECT_EQ(host.platform, nullptr) << text;
        EXPECT_TRUE(host.nests.undetermined()) << text;
        EXPECT_FALSE(host.nests.reason.empty()) << text;
    }
    const Folder none{};
    EXPECT_TRUE(read(none).nests.undetermined());
}

TEST(HostFacts, UnreadableIsNotAbsent) {
    Folder root{{"proc/cpuinfo", test::cpuinfo(PlatformId::amd)}, {"dev/kvm", "nesting=1\n"}};
    root.write("sys/module/kvm_amd/parameters/other", "");
    const std::string file = root.path() + "/sys/module/kvm_amd/parameters/nested";
    ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
    EXPECT_TRUE(read(root).parameter.undetermined());
    ASSERT_EQ(::unlink(file.c_str()), 0);
    EXPECT_TRUE(read(root).parameter.absent());
    ASSERT_EQ(::mkdir(file.c_str(), 0700), 0);
    EXPECT_TRUE(read(root).parameter.undetermined());
}

TEST(HostFacts, BackendsThatAreNoneOfOurs) {
    const Folder root{{"proc/cpuinfo", test::cpuinfo(PlatformId::amd)},
                      {"sys/module/kvm_pvm/x", ""},
                      {"sys/module/kvm/x", ""},
                      {"sys/module/kvmfr/x", ""},
                      {"sys/module/kvm_hv_pmu/x", ""},
                      {"dev/kvm", "nesting=0\n"}};
    EXPECT_EQ(read(root).backends, std::vector<std::string>{"kvm_pvm"});
}

TEST(HostFacts, OneRecordOfManyIsRead) {
    std::string text;
    for (int i = 0; i < 4096; ++i)
        text += test::cpuinfo(PlatformId::intel);
    const Folder root{{"proc/cpuinfo", text}, {"dev/kvm", "nesting=1\n"}};
    EXPECT_TRUE(read(root).nests.on());
    EXPECT_EQ(*read_cpu_record(Sysroot(root.path())), test::cpuinfo(PlatformId::intel));
}

TEST(HostFacts, PowerIsOneRecordAndTheSummary) {
    const std::string record = "processor\t: 0\ncpu\t\t: POWER9, altivec supported\n";
    const std::string summary = "timebase\t: 512000000\nplatform\t: PowerNV\nMMU\t\t: Radix\n";
    for (const int cpus : {1, 2, 4096})
        for (const char* const end : {"", "\n", "\n\n"}) {
            std::string text = record;
            for (int i = 1; i < cpus; ++i)
                text += "\nprocessor\t: " + std::to_string(i) + "\ncpu\t\t: POWER9\n";
            const Folder root{{"proc/cpuinfo", text + "\n" + summary + end}};
            const Result<std::string> read = read_outer_records(Sysroot(root.path()));
            ASSERT_TRUE(read);
            EXPECT_EQ(*read, record + "\n" + summary + end) << cpus << " CPUs";
        }
    // Cut off, of an old kernel, or empty: what is there.
    for (const std::string& text : {std::string(), record, record + "\n", record + "\n\n"}) {
        const Folder root{{"proc/cpuinfo", text}};
        EXPECT_EQ(*read_outer_records(Sysroot(root.path())), text);
    }
}

TEST(CapturedKvm, Forms) {
    const auto ask = [](const std::string& text) {
        const Folder root{{"dev/kvm", text}};
        return captured_kvm(Sysroot(root.path()))->ask(platform(PlatformId::amd));
    };
    EXPECT_TRUE(ask("nesting=1\nnested_paging=0\n").nesting.on());
    EXPECT_TRUE(ask("nesting=1\nnested_paging=0\n").nested_paging.off());
    EXPECT_TRUE(ask("nesting=0\n").nesting.off());
    EXPECT_TRUE(ask("error=Device or resource busy\n").nesting.undetermined());
    EXPECT_NE(ask("error=Device or resource busy\n").nesting.reason.find("busy"),
              std::string::npos);
    for (const char* text :
         {"", "nesting\n", "nesting=\n", "nesting=2\n", "nesting=yes\n", "\xff\xfe", "=1\n"})
        EXPECT_TRUE(ask(text).nesting.undetermined()) << text;
}

TEST(CapturedKvm, WhatIsWrittenIsRead) {
    for (const State nesting : {State::on, State::off, State::undetermined})
        for (const State paging : {State::on, State::off, State::absent}) {
            const KvmAnswer told = ToldKvm(nesting, paging).ask(platform(PlatformId::intel));
            const Folder root{{"dev/kvm", write_answer(told)}};
            const KvmAnswer back =
                captured_kvm(Sysroot(root.path()))->ask(platform(PlatformId::intel));
            EXPECT_EQ(back.nesting.state, nesting);
            if (paging != State::absent && nesting != State::undetermined) {
                EXPECT_EQ(back.nested_paging.state, paging);
            }
        }
}

TEST(LiveKvm, MissingIsAbsent) {
    for (const Platform& row : platforms()) {
        const KvmAnswer answer = live_kvm("/nonexistent/kvm")->ask(row);
        EXPECT_TRUE(answer.device.absent());
        EXPECT_TRUE(answer.nesting.absent());
    }
}

TEST(LiveKvm, AnythingElseThanKvmIsUndetermined) {
    const Folder root{{"file", ""}};
    ASSERT_EQ(::mkfifo((root.path() + "/fifo").c_str(), 0600), 0);
    for (const std::string& device : {std::string("/dev/null"), std::string("/dev/zero"),
                                      root.path() + "/file", root.path() + "/fifo", root.path()})
        for (const Platform& row : platforms()) {
            const KvmAnswer answer = live_kvm(device)->ask(row);
            EXPECT_TRUE(answer.device.undetermined()) << device;
            EXPECT_TRUE(answer.nesting.undetermined()) << device;
            EXPECT_FALSE(answer.nesting.reason.empty()) << device;
        }
}

TEST(LiveKvm, TheRealOneAnswersOrSaysWhyNot) {
    if (::access("/dev/kvm", R_OK | W_OK) != 0)
        GTEST_SKIP() << "no /dev/kvm here";
    const KvmAnswer answer = live_kvm()->ask(platform(PlatformId::amd));
    EXPECT_TRUE(answer.device.on()) << answer.device.reason;
    EXPECT_FALSE(answer.nesting.undetermined()) << answer.nesting.reason;
}

TEST(Words, OfAFact) {
    EXPECT_EQ(in_words({State::off, "0", "/f", {}}, "kvm_amd.nested"), "kvm_amd.nested is 0 (/f)");
    EXPECT_EQ(in_words({State::absent, {}, "/f", {}}, "x"), "x is absent (/f)");
    EXPECT_EQ(in_words({State::undetermined, {}, "/f", "busy"}, "x"),
              "x could not be determined: busy");
}
