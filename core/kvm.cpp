// SPDX-License-Identifier: GPL-2.0-or-later
// The ioctls of /dev/kvm, and their captured answers. The numbers are spelled out: a build host's
// headers may be older than the kernel that answers.
#include "core/kvm.h"

#include "core/text.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <vector>

namespace virt_nested {

namespace {

// include/uapi/linux/kvm.h
constexpr unsigned kvmio = 0xAE;
constexpr unsigned long get_api_version = _IO(kvmio, 0x00);
constexpr unsigned long create_vm = _IO(kvmio, 0x01);
constexpr unsigned long check_extension = _IO(kvmio, 0x03);
constexpr unsigned long get_supported_cpuid = _IOWR(kvmio, 0x05, uint32_t[2]);
constexpr unsigned long get_msrs = _IOWR(kvmio, 0x88, uint32_t[2]);
struct DeviceAttribute {
    uint32_t flags, group;
    uint64_t attr, addr;
};
constexpr unsigned long get_device_attr = _IOW(kvmio, 0xe2, DeviceAttribute);
constexpr int api_version = 12;
constexpr unsigned long cap_ppc_nested_hv = 160;
constexpr unsigned long cap_arm_el2 = 240;
constexpr uint32_t s390_vm_cpu_model = 3;
constexpr uint64_t s390_machine_feat = 3;
constexpr unsigned s390_feat_sief2 = 1; // numbered from the left

struct CpuidEntry {
    uint32_t function, index, flags, eax, ebx, ecx, edx, padding[3];
};
struct CpuidTable {
    uint32_t count = 0, padding = 0;
    std::array<CpuidEntry, 512> entries{};
};

Fact offers(bool yes, std::string_view feature, const std::string& source) {
    return {yes ? State::on : State::off,
            std::string(feature) + (yes ? " offered" : " not offered"),
            source,
            {}};
}

Fact unknown(const std::string& source, const std::string& reason) {
    return Fact::undetermined_because(reason, source);
}

/// Bits of KVM_GET_SUPPORTED_CPUID: set exactly if the module nests
/// (arch/x86/kvm/{vmx/vmx,svm/svm}.c, *_set_cpu_caps).
const CpuidEntry* leaf(const CpuidTable& table, uint32_t function) {
    for (uint32_t i = 0; i < table.count && i < table.entries.size(); ++i)
        if (table.entries[i].function == function)
            return &table.entries[i];
    return nullptr;
}

/// EPT for the guest hypervisor: IA32_VMX_PROCBASED_CTLS2 (0x48b), bit 1 of the allowed ones
/// (vmx/nested.c, nested_vmx_setup_secondary_ctls), read as a feature MSR of /dev/kvm.
Fact nested_ept(int kvm, const std::string& device) {
    struct {
        uint32_t count = 1, padding = 0;
        uint32_t index = 0x48b, reserved = 0;
        uint64_t data = 0;
    } msrs;
    const std::string source = "KVM_GET_MSRS 0x48b on " + device;
    const int got = ::ioctl(kvm, get_msrs, &msrs);
    if (got < 0)
        return unknown(source, std::strerror(errno));
    const bool offered = got == 1 && (msrs.data >> 33 & 1);
    return offers(offered, "ept", source);
}

void ask_x86(int kvm, const std::string& device, const Platform& platform, KvmAnswer& out) {
    const std::string source = "KVM_GET_SUPPORTED_CPUID on " + device;
    CpuidTable table;
    table.count = static_cast<uint32_t>(table.entries.size());
    if (::ioctl(kvm, get_supported_cpuid, &table) < 0) {
        out.nesting = out.nested_paging = unknown(source, std::strerror(errno));
        return;
    }
    const bool intel = platform.probe == KvmProbe::x86_vmx;
    const CpuidEntry* entry = leaf(table, intel ? 1 : 0x80000001);
    const bool offered = entry && (entry->ecx >> (intel ? 5 : 2) & 1);
    out.nesting = offers(offered, platform.feature, source);
    if (intel && offered) {
        out.nested_paging = nested_ept(kvm, device);
    } else {
        const CpuidEntry* svm = leaf(table, 0x8000000A);
        const bool paging = offered && svm && (svm->edx & 1);
        out.nested_paging = offers(paging, platform.paging_flag, source);
    }
}

Fact ask_capability(int kvm, unsigned long capability, const Platform& platform,
                    const std::string& device) {
    const std::string source = std::string(platform.truth) + " on " + device;
    const int got = ::ioctl(kvm, check_extension, capability);
    if (got < 0)
        return unknown(source, std::strerror(errno));
    return offers(got > 0, platform.feature, source);
}

Fact ask_machine_feature(int kvm, const Platform& platform, const std::string& device) {
    const std::string source = std::string(platform.truth) + " of a VM on " + device;
    const Fd vm(::ioctl(kvm, create_vm, 0UL));
    if (vm.get() < 0)
        return unknown(source, std::string("KVM_CREATE_VM: ") + std::strerror(errno));
    std::array<uint64_t, 16> features{};
    DeviceAttribute attribute{0, s390_vm_cpu_model, s390_machine_feat,
                              reinterpret_cast<uintptr_t>(features.data())};
    if (::ioctl(vm.get(), get_device_attr, &attribute) < 0)
        return unknown(source, std::strerror(errno));
    const bool offered = features[0] >> (63 - s390_feat_sief2) & 1;
    return offers(offered, platform.feature, source);
}

class LiveKvm final : public Kvm {
  public:
    explicit LiveKvm(std::string device) : device_(std::move(device)) {}

    KvmAnswer ask(const Platform& platform) const override {
        KvmAnswer out;
        out.nested_paging = Fact::absent({}, device_);
        const Fd kvm(::open(device_.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
        if (kvm.get() < 0) {
            const bool absent = errno == ENOENT || errno == ENXIO || errno == ENODEV;
            const std::string why = std::strerror(errno);
            out.device = {absent ? State::absent : State::undetermined, {}, device_, why};
            out.nesting =
                absent ? Fact::absent("missing", device_).because(why) : unknown(device_, why);
            return out;
        }
        const int version = ::ioctl(kvm.get(), get_api_version, 0);
        if (version != api_version) {
            const std::string why = version < 0
                                        ? std::string("not KVM: ") + std::strerror(errno)
                                        : "KVM API version " + std::to_string(version) + ", not 12";
            out.device = out.nesting = unknown(device_, why);
            return out;
        }
        out.device = Fact::on("KVM API 12", device_);
        switch (platform.probe) {
        case KvmProbe::x86_vmx:
        case KvmProbe::x86_svm:
            ask_x86(kvm.get(), device_, platform, out);
            break;
        case KvmProbe::power_nested_hv:
            out.nesting = ask_capability(kvm.get(), cap_ppc_nested_hv, platform, device_);
            break;
        case KvmProbe::arm64_el2:
            out.nesting = ask_capability(kvm.get(), cap_arm_el2, platform, device_);
            break;
        case KvmProbe::z_sief2:
            out.nesting = ask_machine_feature(kvm.get(), platform, device_);
            break;
        case KvmProbe::none:
            out.nesting = *known_unasked(platform);
            break;
        }
        return out;
    }

  private:
    std::string device_;
};

class CapturedKvm final : public Kvm {
  public:
    explicit CapturedKvm(const Sysroot& root) : root_(root) {}

    KvmAnswer ask(const Platform& platform) const override {
        const std::string source = root_.shown("/dev/kvm") + " (captured)";
        KvmAnswer out;
        out.device = out.nesting = unknown(source, "no captured answer of KVM");
        out.nested_paging = out.nesting;
        const Result<std::string> text = root_.read("/dev/kvm");
        if (!text) {
            if (text.error().code != ENOENT)
                out.nesting.reason = out.device.reason = text.error().what;
            return out;
        }
        out.device = Fact::on("captured", source);
        for (const std::string_view line : lines(*text)) {
            const size_t equals = line.find('=');
            const std::string_view key = trim(line.substr(0, equals));
            const std::string_view value =
                equals == std::string_view::npos ? "" : trim(line.substr(equals + 1));
            if (key == "nesting")
                out.nesting = captured(value, platform.feature, source);
            else if (key == "nested_paging")
                out.nested_paging = captured(value, platform.paging_flag, source);
            else if (key == "device" && value == "absent")
                out.device = out.nesting = out.nested_paging = Fact::absent("missing", source);
            else if (key == "error")
                out.device = out.nesting = unknown(source, printable(value));
        }
        return out;
    }

  private:
    static Fact captured(std::string_view value, std::string_view feature,
                         const std::string& source) {
        if (value != "0" && value != "1")
            return unknown(source, "'" + printable(value) + "' is neither 0 nor 1");
        return offers(value == "1", feature, source);
    }

    Sysroot root_;
};

/// An answer as it was given, word for word, or as it is given now for a recording.
class RecordedKvm final : public Kvm {
  public:
    RecordedKvm(const Sysroot& root, std::unique_ptr<Kvm> kvm)
        : root_(root), kvm_(std::move(kvm)) {}

    KvmAnswer ask(const Platform& platform) const override {
        const std::string of =
            "KVM on " + std::string(platform.name) + " (" + std::string(platform.machine) + ")";
        const Result<std::string> text = root_.answer(of, [&]() -> Result<std::string> {
            const KvmAnswer out = kvm_->ask(platform);
            return line(out.device) + line(out.nesting) + line(out.nested_paging);
        });
        const std::string known = text.value_or({});
        const std::vector<std::string_view> facts = lines(known);
        const auto fact = [&](size_t i) {
            return i < facts.size()
                       ? fact_of(facts[i])
                       : unknown(of, text ? "it was captured in part alone" : text.error().what);
        };
        return {fact(0), fact(1), fact(2)};
    }

  private:
    static constexpr std::array states = {State::on, State::off, State::absent,
                                          State::undetermined};

    static std::string line(const Fact& fact) {
        return join({name(fact.state), fact.found, fact.source, fact.reason}, "\t") + "\n";
    }
    static Fact fact_of(std::string_view line) {
        std::array<std::string, 4> part;
        for (std::string& one : part) {
            const std::string_view text = line.substr(0, line.find('\t'));
            line.remove_prefix(std::min(text.size() + 1, line.size()));
            one = still_printable(text);
        }
        const auto state = std::find_if(states.begin(), states.end(),
                                        [&](State one) { return part[0] == name(one); });
        return {state == states.end() ? State::undetermined : *state, part[1], part[2], part[3]};
    }

    Sysroot root_;
    std::unique_ptr<Kvm> kvm_;
};

} // namespace

std::optional<Fact> known_unasked(const Platform& platform) {
    if (platform.probe != KvmProbe::none)
        return std::nullopt;
    return Fact{State::off, std::string(platform.not_offered), std::string(platform.truth), {}};
}

std::unique_ptr<Kvm> live_kvm(std::string device) {
    return std::make_unique<LiveKvm>(std::move(device));
}

std::unique_ptr<Kvm> captured_kvm(const Sysroot& root) {
    return std::make_unique<CapturedKvm>(root);
}

std::unique_ptr<Kvm> kvm_of(const Sysroot& root) {
    std::unique_ptr<Kvm> kvm = root.live() ? live_kvm() : captured_kvm(root);
    return root.recorded() ? std::make_unique<RecordedKvm>(root, std::move(kvm)) : std::move(kvm);
}

std::string write_answer(const KvmAnswer& answer) {
    if (answer.device.absent())
        return "device=absent\n";
    if (answer.nesting.undetermined())
        return "error=" + printable(answer.nesting.reason) + "\n";
    std::string out = answer.nesting.on() ? "nesting=1\n" : "nesting=0\n";
    if (answer.nested_paging.on() || answer.nested_paging.off())
        out += answer.nested_paging.on() ? "nested_paging=1\n" : "nested_paging=0\n";
    return out;
}

} // namespace virt_nested
