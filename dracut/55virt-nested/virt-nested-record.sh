#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Which of kvm's modules the initramfs has loaded, and with which options: the real root cannot tell any more where a
# wrong value came from. /run goes along to the real root.
# dracut sources this file (no exit, no names left behind); initramfs-tools runs it, after udev has done its last work.

if [ "${1-}" = prereqs ]; then
    echo udev
    exit 0
fi

vn_record_modules() {
    for vn_module in kvm kvm_intel kvm_amd kvm_hv; do
        # A built-in has no initstate (Linux: kernel/params.c); it was not loaded here.
        [ -r "/sys/module/$vn_module/initstate" ] || continue
        vn_nested=absent
        if [ -r "/sys/module/$vn_module/parameters/nested" ]; then
            read -r vn_nested < "/sys/module/$vn_module/parameters/nested"
        fi
        echo "$vn_module nested=$vn_nested"
    done
}

# The module is loaded by a udev worker on the CPU's modalias: wait for those that are at work, not for long.
udevadm settle --timeout=10 > /dev/null 2>&1
if mkdir -p /run/virt-nested; then
    # An empty file says that none was loaded; no file, that nobody looked.
    vn_record_modules > /run/virt-nested/.initramfs && mv -f /run/virt-nested/.initramfs /run/virt-nested/initramfs
fi
unset -f vn_record_modules
unset vn_module vn_nested
:
