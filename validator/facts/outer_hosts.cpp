// SPDX-License-Identifier: GPL-2.0-or-later
// Which hypervisor runs this host, by the table's signs.
#include "validator/facts/outer_hosts.h"

#include "core/cpuinfo.h"
#include "core/text.h"

#include <algorithm>
#include <map>

namespace virt_nested {

namespace {

const char* file_of(SignIn in) {
    switch (in) {
    case SignIn::sys_vendor:
        return "/sys/class/dmi/id/sys_vendor";
    case SignIn::product_name:
        return "/sys/class/dmi/id/product_name";
    case SignIn::bios_vendor:
        return "/sys/class/dmi/id/bios_vendor";
    case SignIn::bios_version:
        return "/sys/class/dmi/id/bios_version";
    case SignIn::chassis_asset_tag:
        return "/sys/class/dmi/id/chassis_asset_tag";
    case SignIn::chassis_vendor:
        return "/sys/class/dmi/id/chassis_vendor";
    case SignIn::hypervisor_type:
        return "/sys/hypervisor/type";
    case SignIn::device_tree:
        return "/proc/device-tree/hypervisor/compatible";
    case SignIn::command_line:
        return "/proc/cmdline";
    default:
        return nullptr;
    }
}

/// Each file is read once, however many rows ask for it.
class MachineFiles {
  public:
    MachineFiles(const Sysroot& root, const OuterTraits& traits) : root_(root), traits_(traits) {}

    bool shows(const OuterSign& sign) {
        switch (sign.in) {
        case SignIn::nothing:
            return false;
        case SignIn::file:
            return root_.exists(sign.text);
        case SignIn::command_line:
            return has_word(trim(text_of(sign.in)), sign.text);
        default:
            return text_of(sign.in).find(sign.text) != std::string_view::npos;
        }
    }

    bool shows(const OuterSigns& signs) {
        return signs.front().in != SignIn::nothing &&
               std::all_of(signs.begin(), signs.end(), [&](const OuterSign& sign) {
                   return sign.in == SignIn::nothing || shows(sign);
               });
    }

  private:
    std::string_view text_of(SignIn in) {
        switch (in) {
        case SignIn::kernel:
            return traits_.kernel;
        case SignIn::told:
            return traits_.told;
        case SignIn::cpu_model:
            return cpu_field(traits_.cpuinfo, "model name");
        default:
            break;
        }
        const char* file = file_of(in);
        if (!file)
            return {};
        const auto [found, added] = read_.try_emplace(in);
        if (added)
            found->second = root_.read_head(file, 4096).value_or({});
        return found->second;
    }

    const Sysroot& root_;
    const OuterTraits& traits_;
    std::map<SignIn, std::string> read_;
};

} // namespace

std::string_view OuterHost::recipe(std::string_view machine) const {
    return machine == "x86_64" ? x86 : machine == "aarch64" ? arm64 : elsewhere;
}

const OuterHost* outer_host(const Sysroot& root, const OuterTraits& traits) {
    MachineFiles machine(root, traits);
    for (const OuterHost& row : outer_hosts())
        if (std::any_of(row.signs.begin(), row.signs.end(),
                        [&](const OuterSigns& signs) { return machine.shows(signs); }) &&
            !machine.shows(row.unless))
            return &row;
    return nullptr;
}

} // namespace virt_nested
