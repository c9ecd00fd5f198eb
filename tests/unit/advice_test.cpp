// SPDX-License-Identifier: GPL-2.0-or-later
// What a refusal advises, confidential guests, the site's own emulators, definitions without an
// architecture, and input that is read whole.
#include "core/judgement.h"
#include "tests/unit/machine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

using namespace virt_nested;

namespace {

constexpr const char* passthrough = "<cpu mode='host-passthrough'/>";

Host host(PlatformId id, State nests = State::on) {
    test::Folder root{{"proc/cpuinfo", test::cpuinfo(id)}};
    if (const std::string parameter = test::parameter_path(platform(id)); !parameter.empty())
        root.write(parameter, nests == State::off ? "0\n" : "1\n");
    return read_host(Sysroot(root.path()), test::ToldKvm(nests));
}

std::string arch(PlatformId id) {
    return std::string(platform(id).guests.front());
}

std::string guest(const std::string& label, const std::string& body, const std::string& arch,
                  const std::string& type = "kvm", const std::string& machine = {}) {
    return "<domain type='" + type + "' xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'>" +
           "<name>web 1</name>" +
           (label.empty() ? ""
                          : "<metadata><n:nested xmlns:n='urn:virt-nested:domain:1' policy='" +
                                label + "'/></metadata>") +
           "<os><type" + (arch.empty() ? "" : " arch='" + arch + "'") +
           (machine.empty() ? "" : " machine='" + machine + "'") + ">hvm</type></os>" + body +
           "</domain>";
}

Verdict judged(PlatformId id, const std::string& xml, const Config& config = {},
               Phase phase = Phase::prepare, State nests = State::on) {
    const Result<Domain> domain = parse_domain(xml);
    EXPECT_TRUE(domain) << xml;
    return domain ? decide(phase, *domain, host(id, nests), config) : Verdict();
}

Config forbids() {
    Config config;
    config.unlabelled = UnlabelledRule::forbid;
    return config;
}

std::string feature(const std::string& policy) {
    return "<cpu mode='host-model'><feature policy='" + policy + "' name='svm'/></cpu>";
}

std::string security(const std::string& type) {
    return "<launchSecurity type='" + type + "'/>";
}

std::string argument(const std::string& value) {
    return "<q:commandline><q:arg value='" + value + "'/></q:commandline>";
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// A refusal's advice: the command, and what its words must have.
struct Case {
    const char* name;
    PlatformId id;
    const char* label; ///< empty: none, and the site forbids
    std::string body;
    const char* mend;
    const char* decision; ///< part of it; empty: there is none
    const char* type = "kvm";
    const char* machine = "";
};

const std::string unknown_word = "<cpu mode='later'/>";

const std::vector<Case>& cases() {
    using Id = PlatformId;
    static const std::vector<Case> all = {
        {"nothing delivers", Id::amd, "require", "<cpu mode='host-model'/>",
         "virt-nested inject 'web 1'", ""},
        {"delivered", Id::amd, "forbid", passthrough, "virt-nested inject 'web 1'", ""},
        {"delivered, by the site's rule", Id::amd, "", passthrough,
         "virt-nested label 'web 1' forbid", ""},
        {"disabled", Id::amd, "require", feature("disable"),
         "virt-nested inject --override 'web 1'", ""},
        {"required", Id::amd, "forbid", feature("require"), "virt-nested inject --override 'web 1'",
         ""},
        {"required, by the site's rule", Id::amd, "", feature("force"),
         "virt-nested label --override 'web 1' forbid", ""},
        {"switched off", Id::power, "require", "<features><nested-hv state='off'/></features>",
         "virt-nested inject --override 'web 1'", "", "kvm", "pseries-9.1"},
        {"switched on", Id::power, "forbid", "<features><nested-hv state='on'/></features>",
         "virt-nested inject --override 'web 1'", "", "kvm", "pseries-9.1"},
        {"no switch", Id::power, "require", "", "virt-nested inject 'web 1'", "", "kvm",
         "pseries-9.1"},
        {"another machine", Id::power, "require", "", "", "a machine of type pseries", "kvm",
         "powernv9"},
        {"a new element", Id::arm64, "require", "", "virt-nested inject 'web 1'",
         "libvirt 12.1.0 or later"},
        {"the element", Id::arm64, "forbid", "<features><virtualization/></features>",
         "virt-nested inject --override 'web 1'", ""},
        {"vmx under emulation", Id::z, "require", passthrough, "", "a guest of type kvm", "qemu"},
        {"TDX", Id::intel, "require", passthrough + security("tdx"), "",
         "another label, or take <launchSecurity> out"},
        {"SEV", Id::amd, "require", passthrough + security("sev"), "",
         "another label, or take <launchSecurity> out"},
        {"SEV, forbid", Id::amd, "forbid", passthrough + security("sev"), "",
         "<feature policy='disable' name='svm'/>"},
        {"SEV, by the site's rule", Id::amd, "", passthrough + security("sev-snp"), "",
         "or exempt it: virt-nested label 'web 1' allow"},
        {"a later kind", Id::amd, "forbid", passthrough + security("later"), "",
         "take <launchSecurity> out"},
        {"type", Id::amd, "require", passthrough, "", "of type kvm or qemu", "xen"},
        {"a word", Id::amd, "forbid", unknown_word, "virsh edit 'web 1'", "<cpu>"},
        {"a name", Id::z, "require",
         "<cpu mode='custom'><model>z14</model><feature name='aen=on,sief2'/></cpu>",
         "virsh edit 'web 1'", "<cpu>"},
        {"a machine and more", Id::power, "forbid", "", "virsh edit 'web 1'", "plain name", "kvm",
         "pseries,cap-nested-hv=on"},
        {"an argument", Id::amd, "forbid", argument("-cpu"), "virsh edit 'web 1'",
         "take -cpu out of <qemu:commandline>, or vouch for it by qemu_arguments "
         "(virt-nested.conf(5))"},
        {"an argument", Id::amd, "", argument("-cpu"), "virsh edit 'web 1'", "exempt it"},
        {"capabilities", Id::amd, "require",
         "<q:capabilities><q:add capability='kvm'/></q:capabilities>", "virsh edit 'web 1'",
         "take kvm out of it"},
        {"an emulator", Id::amd, "forbid",
         "<devices><emulator>/usr/local/bin/qemu</emulator></devices>", "",
         "/usr/local/bin in emulators in /etc/virt-nested/virt-nested.conf"},
        {"an emulator's path", Id::amd, "forbid",
         "<devices><emulator>/usr/bin/../x/qemu</emulator></devices>", "virsh edit 'web 1'",
         "'..'"},
    };
    return all;
}

} // namespace

TEST(Advice, EndsTheRefusalOrSaysWhatToDecide) {
    for (const Case& one : cases()) {
        const std::string label = one.label;
        SCOPED_TRACE(one.name + (", " + label));
        const Verdict verdict =
            judged(one.id, guest(label, one.body, arch(one.id), one.type, one.machine),
                   label.empty() ? forbids() : Config());
        EXPECT_TRUE(verdict.refuse) << verdict.reason;
        EXPECT_EQ(verdict.mend, one.mend) << verdict.reason;
        EXPECT_TRUE(*one.decision == '\0' ? verdict.decision.empty()
                                          : has(verdict.decision, one.decision))
            << verdict.decision;
        if (verdict.undetermined) {
            EXPECT_FALSE(has(refusal("g", verdict), "virt-nested inject"))
                << "it ends with 3: " << refusal("g", verdict);
        }
    }
}

TEST(Advice, AHostThatCouldNestAndADefinitionThatDoesNotDeliverNeedTwoCommands) {
    const Verdict verdict = judged(PlatformId::amd, guest("require", feature("disable"), "x86_64"),
                                   {}, Phase::prepare, State::off);
    EXPECT_EQ(verdict.mend, "virt-nested enable --now && virt-nested inject --override 'web 1'");
    EXPECT_TRUE(has(verdict.reason, "kvm_amd.nested is 0")) << verdict.reason;
    EXPECT_TRUE(has(verdict.reason, "svm policy='disable'")) << verdict.reason;
}

TEST(Advice, AHostWhoseCauseIsNotKnownIsNoCommand) {
    for (const State state : {State::off, State::undetermined}) {
        const test::Folder root{{"proc/cpuinfo", test::cpuinfo(PlatformId::intel)},
                                {"dev/kvm", "error=told so\n"},
                                {"sys/module/kvm_intel/parameters/nested", "Y\n"}};
        const Host machine = read_host(Sysroot(root.path()), test::ToldKvm(state));
        const Result<Domain> domain = parse_domain(guest("require", passthrough, "x86_64"));
        const Verdict verdict = decide(Phase::prepare, *domain, machine, Config());
        EXPECT_TRUE(verdict.refuse);
        EXPECT_EQ(verdict.mend, "");
        EXPECT_TRUE(has(verdict.decision, "virt-nested validate")) << verdict.decision;
    }
}

TEST(Advice, AnIncomingGuestIsMendedAtItsSource) {
    const Verdict verdict =
        judged(PlatformId::amd, guest("forbid", passthrough, "x86_64"), {}, Phase::migrate);
    EXPECT_EQ(verdict.mend, "virt-nested inject 'web 1'");
    EXPECT_TRUE(has(verdict.decision, "at the source")) << verdict.decision;
}

TEST(Advice, OnALabelGoesByWhatMendsIt) {
    const auto advice = [](const std::string& metadata) {
        const std::string xml = guest("", "<metadata>" + metadata + "</metadata>", "x86_64");
        return judged(PlatformId::amd, xml);
    };
    const Verdict words = advice("<n:nested xmlns:n='urn:virt-nested:domain:1' policy='x'/>");
    EXPECT_EQ(words.mend, "");
    EXPECT_TRUE(has(words.decision, "virt-nested label 'web 1' require, or forbid, or allow"));
    const Verdict version =
        advice("<n:nested xmlns:n='urn:virt-nested:domain:2' policy='require'/>");
    EXPECT_TRUE(version.refuse);
    EXPECT_EQ(version.mend,
              "virsh metadata --uri urn:virt-nested:domain:2 --remove --config 'web 1'");
    EXPECT_TRUE(has(version.reason, "urn:virt-nested:domain:2")) << version.reason;
    EXPECT_EQ(advice("<n:nested xmlns:n='urn:virt-nested:domain:1 ' policy='require'/>").mend,
              "virsh metadata --uri 'urn:virt-nested:domain:1 ' --remove --config 'web 1'");
    EXPECT_EQ(advice("<n:nested xmlns:n='urn:virt-nested:&#x200b;' policy='require'/>").mend,
              "virsh edit 'web 1'");
    const Verdict place = advice("<a:b xmlns:a='urn:a'><n:nested "
                                 "xmlns:n='urn:virt-nested:domain:1' policy='require'/></a:b>");
    EXPECT_EQ(place.mend, "virsh edit 'web 1'");
}

TEST(Confidential, EveryKindLabelAndPhase) {
    struct Kind {
        const char* type;
        PlatformId id;
        const char* name;
        bool delivers; ///< the guest gets the feature, of which it has no use
    };
    constexpr Kind kinds[] = {{"s390-pv", PlatformId::z, "Secure Execution", false},
                              {"sev", PlatformId::amd, "SEV", true},
                              {"sev-snp", PlatformId::amd, "SEV-SNP", true},
                              {"tdx", PlatformId::intel, "TDX", false}};
    for (const Kind& kind : kinds)
        for (const Phase phase : {Phase::prepare, Phase::start, Phase::started, Phase::migrate})
            for (const char* label : {"require", "forbid", ""}) {
                const std::string shown =
                    std::string(kind.type) + ", " + label + ", " + name(phase);
                const std::string named =
                    "<cpu mode='custom'><model>x</model><feature policy='require' name='" +
                    std::string(platform(kind.id).feature) + "'/></cpu>";
                for (const std::string& cpu : {std::string(passthrough), named}) {
                    const Verdict verdict =
                        judged(kind.id, guest(label, cpu + security(kind.type), arch(kind.id)),
                               *label ? Config() : forbids(), phase);
                    const bool require = std::strcmp(label, "require") == 0;
                    EXPECT_EQ(verdict.refuse, require || kind.delivers) << shown;
                    EXPECT_FALSE(verdict.undetermined) << shown;
                    EXPECT_FALSE(has(refusal("g", verdict), "inject")) << refusal("g", verdict);
                    if (require || !kind.delivers) {
                        EXPECT_TRUE(has(verdict.reason, kind.name)) << shown << verdict.reason;
                    }
                }
            }
    const std::string disabled = "<cpu mode='host-passthrough'><feature policy='disable' "
                                 "name='svm'/></cpu><launchSecurity type='sev'/>";
    EXPECT_FALSE(judged(PlatformId::amd, guest("forbid", disabled, "x86_64")).refuse);
    EXPECT_TRUE(judged(PlatformId::amd, guest("require", disabled, "x86_64")).refuse);
    // Nothing that a host lacks is the reason, for no host would do.
    const Verdict off =
        judged(PlatformId::amd, guest("require", passthrough + security("sev"), "x86_64"), {},
               Phase::prepare, State::off);
    EXPECT_TRUE(has(off.reason, "SEV")) << off.reason;
    EXPECT_EQ(off.mend, "");
}

TEST(Confidential, AnUnknownKindIsNamed) {
    for (const char* label : {"require", "forbid"}) {
        const Verdict verdict =
            judged(PlatformId::amd, guest(label, feature("disable") + security("tdx"), "x86_64"));
        EXPECT_TRUE(verdict.refuse && verdict.undetermined);
        EXPECT_TRUE(has(verdict.reason, "<launchSecurity type='tdx'> is not known here on AMD"))
            << verdict.reason;
    }
}

TEST(Emulators, OfTheSystemAndThoseThatTheSiteVouchesFor) {
    const auto refused = [](const std::string& emulator, std::vector<std::string> vouched = {}) {
        Config config;
        config.vouched.emulators = std::move(vouched);
        return judged(
                   PlatformId::amd,
                   guest("require",
                         passthrough + ("<devices><emulator>" + emulator + "</emulator></devices>"),
                         "x86_64"),
                   config)
            .refuse;
    };
    for (const char* emulator :
         {"/usr/bin/kvm", "/sbin/qemu", "/run/current-system/sw/bin/qemu-system-x86_64",
          "/run/libvirt/nix-emulators/qemu-kvm", "/usr/lib64/xen/bin/qemu"})
        EXPECT_FALSE(refused(emulator)) << emulator;
    for (const char* emulator : {"/usr/local/sbin/qemu", "/nix/store/x/bin/qemu", "/opt/q",
                                 "/usr/binary/q", "q", "/usr/bin/../local/q"})
        EXPECT_TRUE(refused(emulator)) << emulator;
    EXPECT_FALSE(refused("/usr/local/sbin/qemu", {"/usr/local/sbin"}));
    EXPECT_FALSE(refused("/usr/local/sbin/qemu", {"/opt", "/usr/local/"}));
    EXPECT_TRUE(refused("/usr/local/sbin/qemu", {"/usr/local/s"}));
    EXPECT_TRUE(refused("/usr/local/sbin/../x/qemu", {"/usr/local/sbin"}));
}

TEST(Vouched, ArgumentsOfTheConfiguration) {
    Config config;
    config.vouched.qemu_arguments = {"-cpu"};
    const std::string xml = guest("require", passthrough + argument("-cpu"), "x86_64");
    EXPECT_TRUE(judged(PlatformId::amd, xml).refuse);
    EXPECT_FALSE(judged(PlatformId::amd, xml, config).refuse);
}

TEST(Unlabelled, IsLeftAloneWithoutARule) {
    for (const std::string& body :
         {argument("-cpu"), unknown_word, security("later"), std::string(passthrough)}) {
        const Verdict verdict = judged(PlatformId::amd, guest("", body, "x86_64"));
        EXPECT_FALSE(verdict.refuse || verdict.undetermined);
        EXPECT_TRUE(verdict.warnings.empty());
    }
}

TEST(Unlabelled, UnderAConfigurationThatCannotBeRead) {
    const Config config = unreadable_config("/etc/x.conf", "Permission denied");
    for (const char* label : {"", "allow"}) {
        const Verdict verdict =
            judged(PlatformId::amd, guest(label, passthrough, "x86_64"), config);
        EXPECT_TRUE(verdict.refuse);
        EXPECT_TRUE(has(verdict.reason, "the configuration cannot be read and counts as unlabelled "
                                        "= forbid (/etc/x.conf: Permission denied)"))
            << verdict.reason;
        EXPECT_EQ(verdict.mend, "");
        EXPECT_EQ(verdict.decision, "mend that file first");
    }
    EXPECT_TRUE(has(decide_unreadable(Phase::prepare, "cut off", false, config).reason,
                    "the configuration cannot be read"));
    EXPECT_FALSE(judged(PlatformId::amd, guest("require", passthrough, "x86_64"), config).refuse);
}

TEST(Architecture, WithoutOneItIsTheHosts) {
    for (const PlatformId id : {PlatformId::intel, PlatformId::amd, PlatformId::z}) {
        EXPECT_FALSE(judged(id, guest("require", passthrough, "")).refuse);
        EXPECT_TRUE(judged(id, guest("forbid", passthrough, "")).refuse);
    }
    EXPECT_FALSE(judged(PlatformId::intel, guest("require", passthrough, "", "qemu")).refuse)
        << "QEMU emulates svm on any x86";
    EXPECT_TRUE(judged(PlatformId::z, guest("require", passthrough, "", "qemu")).refuse);
}

TEST(Judged, TheInputIsReadWhole) {
    const std::string xml = guest("require", passthrough, "x86_64");
    const test::Folder root{{"proc/cpuinfo", test::cpuinfo(PlatformId::amd)}};
    const auto judged_of = [&](const std::string& text, bool fails) {
        std::string_view rest = text;
        return judge_guest(
            Phase::prepare,
            [&](char* buffer, size_t size) {
                const size_t step = std::min({size, size_t{7}, rest.size()});
                std::memcpy(buffer, rest.data(), step);
                rest.remove_prefix(step);
                return step == 0 && fails ? -1L : static_cast<long>(step);
            },
            Sysroot(root.path()), Config());
    };
    for (const std::string& text : {xml, "<!DOCTYPE domain>" + xml, "<a>" + xml, xml + xml,
                                    std::string("no xml"), std::string()}) {
        const Judgement whole = judged_of(text, false);
        EXPECT_TRUE(whole.whole);
        EXPECT_EQ(whole.bytes, text.size());
        EXPECT_EQ(whole.label_seen, has(text, "urn:virt-nested:"));
        const Judgement cut = judged_of(text, true);
        EXPECT_FALSE(cut.whole);
        EXPECT_FALSE(cut.readable);
        EXPECT_EQ(cut.bytes, text.size());
        EXPECT_EQ(cut.label_seen, whole.label_seen);
        EXPECT_EQ(cut.verdict.refuse, cut.label_seen);
    }
}
