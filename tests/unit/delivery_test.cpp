// SPDX-License-Identifier: GPL-2.0-or-later
// What a definition delivers where its type of machine decides. Against QEMU's own answers, every
// model and machine: tests/truth.
#include "core/delivery.h"

#include <gtest/gtest.h>

#include <string>

using namespace virt_nested;

namespace {

Delivers gives(const std::string& type, const std::string& arch, const std::string& machine,
               const std::string& cpu, PlatformId id = PlatformId::amd) {
    const Result<Domain> domain =
        parse_domain("<domain type='" + type + "'><os><type arch='" + arch + "' machine='" +
                     machine + "'/></os>" + cpu + "</domain>");
    return delivery(*domain, platform(id)).how;
}

} // namespace

TEST(DeliveryByMachine, OldMachinesGiveNamedModelsBackWhatKvmTakes) {
    const std::string epyc = "<cpu mode='custom'><model>EPYC-Rome</model></cpu>";
    const std::string kvm64 = "<cpu mode='custom'><model>kvm64</model></cpu>";
    for (const char* old : {"pc-i440fx-2.1", "pc-i440fx-1.4", "pc-q35-2.0", "pc-1.3", "pc-0.15",
                            "pc-i440fx-trusty", "pc-i440fx-rhel7.1.0"}) {
        EXPECT_EQ(gives("kvm", "x86_64", old, epyc), Delivers::certainly) << old;
        EXPECT_EQ(gives("kvm", "x86_64", old, kvm64), Delivers::no) << old;
        EXPECT_EQ(gives("kvm", "x86_64", old, ""), Delivers::certainly) << old;
        EXPECT_EQ(gives("kvm", "x86_64", old, "<cpu mode='host-model'/>"), Delivers::possibly)
            << old;
        EXPECT_EQ(gives("kvm", "x86_64", old,
                        "<cpu><model>EPYC</model><feature policy='disable' name='svm'/></cpu>"),
                  Delivers::no)
            << old;
    }
    for (const char* later : {"pc-i440fx-2.2", "pc-i440fx-10.0", "pc-q35-7.2", "pc", "q35",
                              "microvm", "pc-i440fx-rhel7.6.0", "pc-i440fx-noble", ""}) {
        EXPECT_EQ(gives("kvm", "x86_64", later, epyc), Delivers::no) << later;
        EXPECT_EQ(gives("kvm", "x86_64", later, ""), Delivers::no) << later;
        EXPECT_EQ(gives("kvm", "x86_64", later, "<cpu mode='host-model'/>"), Delivers::no) << later;
    }
}

TEST(DeliveryByMachine, AnEmulatedMachinesOwnCpu) {
    EXPECT_EQ(gives("qemu", "x86_64", "pc-q35-7.2", ""), Delivers::certainly);
    EXPECT_EQ(gives("qemu", "x86_64", "isapc", ""), Delivers::no);
    EXPECT_EQ(gives("qemu", "i686", "pc-q35-7.2", ""), Delivers::no);
}

TEST(DeliveryByMachine, OldMachinesHaveTwoModelsWithVmx) {
    for (const char* model : {"coreduo", "core2duo"}) {
        const std::string cpu =
            "<cpu mode='custom'><model>" + std::string(model) + "</model></cpu>";
        EXPECT_EQ(gives("kvm", "x86_64", "pc-i440fx-2.1", cpu, PlatformId::intel),
                  Delivers::certainly);
        EXPECT_EQ(gives("kvm", "x86_64", "pc-i440fx-2.2", cpu, PlatformId::intel), Delivers::no);
        EXPECT_EQ(gives("kvm", "x86_64", "pc-q35-7.2", cpu, PlatformId::intel), Delivers::no);
    }
    EXPECT_EQ(gives("kvm", "x86_64", "pc-i440fx-2.1", "", PlatformId::intel), Delivers::no);
    EXPECT_EQ(
        gives("kvm", "x86_64", "pc-i440fx-2.1", "<cpu mode='host-model'/>", PlatformId::intel),
        Delivers::certainly);
}
