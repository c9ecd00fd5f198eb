// SPDX-License-Identifier: GPL-2.0-or-later
// Machines for tests: a captured root for each platform, and a KVM that answers as it is told.
#pragma once

#include "core/host.h"
#include "tests/unit/folder.h"

#include <string>

namespace virt_nested::test {

/// /proc/cpuinfo as each architecture's kernel writes it (arch/*/kernel), one CPU.
inline std::string cpuinfo(PlatformId id) {
    switch (id) {
    case PlatformId::intel:
        return "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu vmx ept sse2\n\n";
    case PlatformId::amd:
        return "processor\t: 0\nvendor_id\t: AuthenticAMD\nflags\t\t: fpu svm npt sse2\n\n";
    case PlatformId::power:
        return "processor\t: 0\ncpu\t\t: POWER9, altivec supported\nclock\t\t: "
               "3000.000000MHz\nrevision\t: 2.2 (pvr 004e 1202)\n\ntimebase\t: "
               "512000000\nplatform\t: PowerNV\nmodel\t\t: 9006-22P\nMMU\t\t: Radix\n";
    case PlatformId::z:
        return "vendor_id       : IBM/S390\n# processors    : 2\nfeatures\t: esan3 zarch stfle "
               "msa ldisp eimm dfp sie\ncpu number      : 0\n";
    case PlatformId::arm64:
        return "processor\t: 0\nBogoMIPS\t: 125.00\nFeatures\t: fp asimd evtstrm\nCPU "
               "implementer\t: 0x41\nCPU architecture: 8\n\n";
    case PlatformId::unnamed:
        break;
    }
    return {};
}

/// The parameter's file, or empty on a platform without one.
inline std::string parameter_path(const Platform& row) {
    if (row.parameter.empty())
        return {};
    return "sys/module/" + std::string(row.module) + "/parameters/" + std::string(row.parameter);
}

class ToldKvm final : public Kvm {
  public:
    explicit ToldKvm(State nesting, State paging = State::absent)
        : nesting_(nesting), paging_(paging) {}

    KvmAnswer ask(const Platform&) const override {
        const std::string source = "a test";
        KvmAnswer out;
        const bool there = nesting_ == State::on || nesting_ == State::off;
        out.device = {there ? State::on : nesting_, "", source, there ? "" : "told so"};
        out.nesting = {nesting_, nesting_ == State::on ? "offered" : "not offered", source,
                       there ? "" : "told so"};
        out.nested_paging = {paging_, "", source, ""};
        return out;
    }

  private:
    State nesting_;
    State paging_;
};

} // namespace virt_nested::test
