// SPDX-License-Identifier: GPL-2.0-or-later
// The rows. Their commands are those of the tools' own manuals: update-grub(8), grub-mkconfig(8),
// grubby(8), kernel-install(8), zipl(8), u-boot-update(8), update-extlinux (Alpine),
// proxmox-boot-tool (Proxmox VE Administration Guide, "Host Bootloader"), and Microsoft's page
// "Advanced settings configuration in WSL".
#include "validator/boot/loaders.h"

#include "validator/boot/readers.h"

#include <array>

namespace virt_nested {

namespace {

using Kind = Sign::Kind;
using Names = std::array<std::string_view, 1>;

BootMenu grub_menu(const Sysroot& root, const std::vector<std::string>& configs) {
    return read_grub_menus(root, configs);
}
BootMenu syslinux_menu(const Sysroot& root, const std::vector<std::string>& configs) {
    return read_syslinux_menu(root, configs.front());
}
BootMenu zipl_menu(const Sysroot& root, const std::vector<std::string>& configs) {
    return read_zipl_menu(root, configs.front());
}
BootMenu systemd_boot_menu(const Sysroot& root, const std::vector<std::string>& configs) {
    return read_systemd_boot_menu(root, configs);
}

// --- GRUB, and petitboot, which reads the same files
constexpr std::array<Sign, 9> grubby = {{{Kind::file, "/usr/sbin/grubby"},
                                         {Kind::file, "/sbin/grubby"},
                                         {Kind::distribution, "rhel"},
                                         {Kind::distribution, "centos"},
                                         {Kind::distribution, "fedora"},
                                         {Kind::distribution, "rocky"},
                                         {Kind::distribution, "almalinux"},
                                         {Kind::distribution, "ol"},
                                         {Kind::distribution, "amzn"}}};
constexpr std::array<Sign, 4> update_grub = {{{Kind::file, "/usr/sbin/update-grub"},
                                              {Kind::file, "/usr/bin/update-grub"},
                                              {Kind::distribution, "debian"},
                                              {Kind::distribution, "ubuntu"}}};
constexpr std::array<Sign, 5> grub2_mkconfig = {{{Kind::file, "/usr/sbin/grub2-mkconfig"},
                                                 {Kind::file, "/boot/grub2"},
                                                 {Kind::distribution, "sles"},
                                                 {Kind::distribution, "opensuse-leap"},
                                                 {Kind::distribution, "opensuse-tumbleweed"}}};
constexpr std::array<std::string_view, 2> default_grub = {"/etc/default/grub",
                                                          "/etc/default/grub.d/*.cfg"};
constexpr std::string_view grub_variables = "GRUB_CMDLINE_";
constexpr std::string_view add_to_grub = "add @ to GRUB_CMDLINE_LINUX in %f";
constexpr std::string_view remove_from_grub = "remove @ from GRUB_CMDLINE_LINUX in %f";
constexpr std::array<ArgumentList, 4> grub_lists = {{
    {.when = grubby,
     .add = "run: grubby --update-kernel=ALL --args=@",
     .remove = "run: grubby --update-kernel=ALL --remove-args=@"},
    {.when = update_grub,
     .files = default_grub,
     .key = grub_variables,
     .shell = true,
     .adds_to = "GRUB_CMDLINE_LINUX",
     .add = add_to_grub,
     .remove = remove_from_grub,
     .apply = "update-grub"},
    {.when = grub2_mkconfig,
     .files = default_grub,
     .key = grub_variables,
     .shell = true,
     .adds_to = "GRUB_CMDLINE_LINUX",
     .add = add_to_grub,
     .remove = remove_from_grub,
     .apply = "grub2-mkconfig -o %c"},
    {.files = default_grub,
     .key = grub_variables,
     .shell = true,
     .adds_to = "GRUB_CMDLINE_LINUX",
     .add = add_to_grub,
     .remove = remove_from_grub,
     .apply = "grub-mkconfig -o %c"},
}};
constexpr std::array<Sign, 2> booted_by_grub = {
    {{Kind::argument, "BOOT_IMAGE="}, {Kind::loader, "GRUB"}}};
constexpr std::array<std::string_view, 3> grub_configs = {
    "/boot/grub2/grub.cfg", "/boot/grub/grub.cfg", "/boot/efi/EFI/*/grub.cfg"};
constexpr std::array<Sign, 3> grub_there = {
    {{Kind::file, grub_configs[0]}, {Kind::file, grub_configs[1]}, {Kind::file, grub_configs[2]}}};
constexpr std::array<Sign, 11> usual_grub = {{{Kind::distribution, "rhel"},
                                              {Kind::distribution, "centos"},
                                              {Kind::distribution, "fedora"},
                                              {Kind::distribution, "rocky"},
                                              {Kind::distribution, "almalinux"},
                                              {Kind::distribution, "ol"},
                                              {Kind::distribution, "amzn"},
                                              {Kind::distribution, "debian"},
                                              {Kind::distribution, "ubuntu"},
                                              {Kind::distribution, "sles"},
                                              {Kind::distribution, "opensuse-leap"}}};
constexpr std::array<Sign, 1> opal = {{{Kind::file, "/sys/firmware/opal"}}};

// --- GRUB without a grub.cfg that could be seen, by its entry files
constexpr Names bls_folder = {"/boot/loader/entries"};
constexpr std::array<Sign, 1> bls_there = {{{Kind::file, bls_folder[0]}}};
constexpr Names boot_home = {"/boot"};

// --- zipl
constexpr Names zipl_configs = {"/etc/zipl.conf"};
constexpr std::array<Sign, 1> zipl_there = {{{Kind::file, zipl_configs[0]}}};
constexpr std::array<Sign, 1> ibm_z = {{{Kind::machine, "s390x"}}};
constexpr std::array<ArgumentList, 2> zipl_lists = {{
    {.when = grubby,
     .add = "run: grubby --update-kernel=ALL --args=@ && zipl",
     .remove = "run: grubby --update-kernel=ALL --remove-args=@ && zipl"},
    {.files = zipl_configs,
     .key = "parameters",
     .adds_to = "parameters",
     .add = "add @ to parameters= in /etc/zipl.conf",
     .remove = "remove @ from parameters= in /etc/zipl.conf",
     .apply = "zipl"},
}};

// --- systemd-boot, unified kernel images
constexpr std::array<std::string_view, 3> efi_homes = {"/efi", "/boot/efi", "/boot"};
constexpr std::array<Sign, 2> booted_by_systemd = {
    {{Kind::loader, "systemd-boot"}, {Kind::argument, "initrd=\\"}}};
constexpr std::array<Sign, 9> systemd_there = {{{Kind::file, "/efi/loader/loader.conf"},
                                                {Kind::file, "/boot/efi/loader/loader.conf"},
                                                {Kind::file, "/boot/loader/loader.conf"},
                                                {Kind::file, "/efi/loader/entries"},
                                                {Kind::file, "/boot/efi/loader/entries"},
                                                {Kind::file, "/boot/loader/entries"},
                                                {Kind::file, "/efi/EFI/Linux"},
                                                {Kind::file, "/boot/efi/EFI/Linux"},
                                                {Kind::file, "/boot/EFI/Linux"}}};
constexpr Names kernel_cmdline = {"/etc/kernel/cmdline"};
constexpr std::string_view add_to_cmdline = "add @ to /etc/kernel/cmdline";
constexpr std::string_view remove_from_cmdline = "remove @ from /etc/kernel/cmdline";
constexpr std::array<Sign, 1> kernel_cmdline_there = {{{Kind::file, kernel_cmdline[0]}}};
constexpr std::array<std::string_view, 3> entry_files = {
    "/efi/loader/entries/*.conf", "/boot/efi/loader/entries/*.conf", "/boot/loader/entries/*.conf"};
constexpr std::array<Sign, 2> kernelstub = {
    {{Kind::file, "/usr/bin/kernelstub"}, {Kind::distribution, "pop"}}};
constexpr std::array<ArgumentList, 4> systemd_lists = {{
    {.when = kernelstub, .add = "run: kernelstub -a @", .remove = "run: kernelstub -d @"},
    {.when = kernel_cmdline_there,
     .files = kernel_cmdline,
     .add = add_to_cmdline,
     .remove = remove_from_cmdline,
     .apply = "kernel-install add %k %v"},
    {.when = grubby,
     .add = "run: grubby --update-kernel=ALL --args=@",
     .remove = "run: grubby --update-kernel=ALL --remove-args=@"},
    {.files = entry_files,
     .key = "options",
     .adds_to = "options",
     .add = "add @ to the options of %e",
     .remove = "remove @ from the options of %e"},
}};

// --- unified kernel images: by the tool that makes them
constexpr std::array<Sign, 1> mkinitcpio = {{{Kind::file, "/etc/mkinitcpio.d/*.preset"}}};
constexpr std::array<ArgumentList, 2> unified_lists = {{
    {.when = mkinitcpio,
     .files = kernel_cmdline,
     .add = add_to_cmdline,
     .remove = remove_from_cmdline,
     .apply = "mkinitcpio -P"},
    {.files = kernel_cmdline,
     .add = add_to_cmdline,
     .remove = remove_from_cmdline,
     .apply = "kernel-install add %k %v"},
}};

// --- Proxmox VE
constexpr std::array<Sign, 1> proxmox_there = {{{Kind::file, "/etc/kernel/proxmox-boot-uuids"}}};
constexpr std::array<Sign, 2> proxmox_systemd = {
    {{Kind::loader, "systemd-boot"}, {Kind::argument, "initrd=\\EFI\\proxmox"}}};
constexpr std::array<ArgumentList, 1> proxmox_systemd_lists = {{
    {.files = kernel_cmdline,
     .add = add_to_cmdline,
     .remove = remove_from_cmdline,
     .apply = "proxmox-boot-tool refresh"},
}};
constexpr std::array<ArgumentList, 1> proxmox_grub_lists = {{
    {.files = default_grub,
     .key = grub_variables,
     .shell = true,
     .adds_to = "GRUB_CMDLINE_LINUX",
     .add = add_to_grub,
     .remove = remove_from_grub,
     .apply = "proxmox-boot-tool refresh"},
}};

// --- syslinux, extlinux, U-Boot
constexpr std::array<std::string_view, 6> syslinux_configs = {
    "/boot/extlinux/extlinux.conf", "/boot/extlinux.conf",         "/boot/syslinux/syslinux.cfg",
    "/boot/syslinux.cfg",           "/boot/isolinux/isolinux.cfg", "/boot/syslinux/extlinux.conf"};
constexpr std::array<Sign, 6> syslinux_there = {{{Kind::file, syslinux_configs[0]},
                                                 {Kind::file, syslinux_configs[1]},
                                                 {Kind::file, syslinux_configs[2]},
                                                 {Kind::file, syslinux_configs[3]},
                                                 {Kind::file, syslinux_configs[4]},
                                                 {Kind::file, syslinux_configs[5]}}};
constexpr std::array<Sign, 1> u_boot_menu = {{{Kind::file, "/usr/sbin/u-boot-update"}}};
constexpr Names default_u_boot = {"/etc/default/u-boot"};
constexpr Names update_extlinux_conf = {"/etc/update-extlinux.conf"};
constexpr std::array<Sign, 1> update_extlinux = {{{Kind::file, update_extlinux_conf[0]}}};
constexpr std::array<ArgumentList, 3> syslinux_lists = {{
    {.when = u_boot_menu,
     .files = default_u_boot,
     .key = "U_BOOT_PARAMETERS",
     .shell = true,
     .adds_to = "U_BOOT_PARAMETERS",
     .add = "add @ to U_BOOT_PARAMETERS in /etc/default/u-boot",
     .remove = "remove @ from U_BOOT_PARAMETERS in /etc/default/u-boot",
     .apply = "u-boot-update"},
    {.when = update_extlinux,
     .files = update_extlinux_conf,
     .key = "default_kernel_opts",
     .shell = true,
     .adds_to = "default_kernel_opts",
     .add = "add @ to default_kernel_opts in /etc/update-extlinux.conf",
     .remove = "remove @ from default_kernel_opts in /etc/update-extlinux.conf",
     .apply = "update-extlinux"},
    {.files = syslinux_configs,
     .key = "append",
     .adds_to = "append",
     .add = "add @ to the append lines of %c",
     .remove = "remove @ from the append lines of %c"},
}};

// --- loaders whose entries are somewhere else, or in a form that is not read
constexpr std::array<Sign, 2> wsl = {
    {{Kind::release, "microsoft-standard"}, {Kind::release, "WSL2"}}};
constexpr std::array<ArgumentList, 1> wsl_lists = {{
    {.add = "add @ to kernelCommandLine= below [wsl2] of .wslconfig on Windows",
     .remove = "remove @ from kernelCommandLine= below [wsl2] of .wslconfig on Windows"},
}};
constexpr Names refind_conf = {"/boot/refind_linux.conf"};
constexpr std::array<Sign, 1> refind_there = {{{Kind::file, refind_conf[0]}}};
constexpr std::array<Sign, 1> booted_by_refind = {{{Kind::loader, "rEFInd"}}};
constexpr std::array<ArgumentList, 1> refind_lists = {{
    {.files = refind_conf,
     .add = "add @ to the options in /boot/refind_linux.conf",
     .remove = "remove @ from the options in /boot/refind_linux.conf"},
}};
constexpr std::array<Sign, 1> booted_by_efi = {{{Kind::argument, "initrd=\\"}}};
constexpr std::array<ArgumentList, 1> efi_lists = {{
    {.add = "add @ to the arguments of this system's entry in the firmware; see efibootmgr(8)",
     .remove =
         "remove @ from the arguments of this system's entry in the firmware; see efibootmgr(8)"},
}};

constexpr std::array<BootLoader, 12> rows = {{
    {.name = "WSL", .booted = wsl, .lists = wsl_lists, .reboot = "run on Windows: wsl --shutdown"},
    {.name = "systemd-boot, by proxmox-boot-tool",
     .booted = proxmox_systemd,
     .installed = proxmox_there,
     .lists = proxmox_systemd_lists},
    {.name = "GRUB, by proxmox-boot-tool",
     .booted = booted_by_grub,
     .installed = proxmox_there,
     .lists = proxmox_grub_lists},
    {.name = "petitboot",
     .booted = opal,
     .installed = grub_there,
     .configs = grub_configs,
     .read = grub_menu,
     .lists = grub_lists},
    {.name = "rEFInd",
     .booted = booted_by_refind,
     .installed = refind_there,
     .lists = refind_lists},
    {.name = "GRUB",
     .booted = booted_by_grub,
     .installed = grub_there,
     .configs = grub_configs,
     .read = grub_menu,
     .lists = grub_lists},
    {.name = "syslinux",
     .booted = booted_by_grub, // it says BOOT_IMAGE= too
     .installed = syslinux_there,
     .configs = syslinux_configs,
     .read = syslinux_menu,
     .lists = syslinux_lists},
    {.name = "zipl",
     .booted = ibm_z,
     .installed = zipl_there,
     .usual = ibm_z,
     .configs = zipl_configs,
     .read = zipl_menu,
     .lists = zipl_lists},
    {.name = "systemd-boot",
     .booted = booted_by_systemd,
     .installed = systemd_there,
     .configs = efi_homes,
     .read = systemd_boot_menu,
     .lists = systemd_lists},
    {.name = "GRUB",
     .booted = booted_by_grub,
     .installed = bls_there,
     .configs = boot_home,
     .read = systemd_boot_menu,
     .lists = grub_lists},
    {.name = "the EFI firmware", .booted = booted_by_efi, .lists = efi_lists},
    {.name = "GRUB",
     .installed = {},
     .usual = usual_grub,
     .configs = grub_configs,
     .lists = grub_lists},
}};

} // namespace

std::span<const ArgumentList> unified_image_lists() {
    return unified_lists;
}

std::span<const BootLoader> boot_loaders() {
    return rows;
}

} // namespace virt_nested
