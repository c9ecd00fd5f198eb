# SPDX-License-Identifier: GPL-2.0-or-later
# Where a distribution keeps what it ships for the programs that read it. Relative to the prefix (which is /usr in a
# package), or absolute; strings, so that -D takes a relative folder as it is.
set(VIRT_NESTED_MODPROBE_DIR "lib/modprobe.d" CACHE STRING "modprobe.d of the vendor")
set(VIRT_NESTED_UDEV_RULES_DIR "lib/udev/rules.d" CACHE STRING "udev rules of the vendor")
set(VIRT_NESTED_SYSTEMD_DIR "lib/systemd/system" CACHE STRING "systemd system units of the vendor")
set(VIRT_NESTED_DRACUT_DIR "lib/dracut/modules.d" CACHE STRING "dracut modules")
set(VIRT_NESTED_INITRAMFS_TOOLS_DIR "share/initramfs-tools" CACHE STRING "hooks and scripts of initramfs-tools")
set(VIRT_NESTED_DATA_DIR "share/virt-nested" CACHE STRING "what a person copies from: the drop-in that gates libvirt")

# The same as files name it.
cmake_path(ABSOLUTE_PATH VIRT_NESTED_DATA_DIR BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}"
           OUTPUT_VARIABLE VIRT_NESTED_FULL_DATA_DIR)
