#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The dracut module's own decisions, with dracut's helpers stood in for: when it takes part by itself, and which files
# it brings. (The boot tests have the real dracut.)
# shellcheck disable=SC2317 # functions are called through expect
set -euo pipefail
# shellcheck source=tests/bringup/common.sh
. "$(dirname "$0")/common.sh"

moddir=$source_dir/dracut/55virt-nested
root=$work/root initdir=$work/image
inst_simple() { mkdir -p "$initdir${1%/*}" && cp "$root$1" "$initdir$1"; }
inst_hook() { echo "$1 $2 $3" >>"$work/hooks"; }
inst_multiple() { :; }
# check_with HOSTONLY ADD_DRIVERS -> status of check()
check_with() {
    # shellcheck disable=SC2030,SC2034
    (
        hostonly=$1 add_drivers=$2 drivers='' force_drivers='' dracutsysrootdir=$root
        # shellcheck source=/dev/null
        . "$moddir/module-setup.sh"
        status=0
        check || status=$?
        echo "$status"
    )
}
mkdir -p "$root/etc/modules-load.d" "$root/usr/lib/modules-load.d"
is() {
    local got
    got=$(check_with "$2" "$3")
    if [ "$got" = "$4" ]; then echo "ok    $1"; else fail "$1: check() said $got, not $4"; fi
}
is 'generic image: only when asked' '' '' 255
is 'generic image with kvm: only when asked' '' ' kvm_amd ' 255
is 'image of this host without kvm: only when asked' yes ' nvme ' 255
is 'image of this host with kvm_amd: by itself' yes ' nvme kvm_amd ' 0
is 'image of this host with kvm-intel: by itself' yes ' kvm-intel ' 0
is 'image of this host with a module that only sounds alike' yes ' kvmgt-other kvmfr ' 255
echo 'kvm_intel' >"$root/etc/modules-load.d/kvm.conf"
is 'modules-load.d names it: by itself' yes '' 0
echo '# kvm_intel' >"$root/etc/modules-load.d/kvm.conf"
is 'modules-load.d names it in a comment: not' yes '' 255

mkdir -p "$root"/{etc,usr/lib,usr/local/lib}/modprobe.d
echo 'options kvm_amd nested=1' >"$root/usr/lib/modprobe.d/00-virt-nested.conf"
echo 'options kvm_amd nested=0' >"$root/etc/modprobe.d/kvm.conf"
echo 'options kvm ignore_msrs=1' >"$root/usr/local/lib/modprobe.d/msrs.conf"
echo 'options nvme poll_queues=1' >"$root/etc/modprobe.d/nvme.conf"
echo 'options kvm_amd avic=1' >"$root/usr/lib/modprobe.d/avic.conf"
ln -s /dev/null "$root/etc/modprobe.d/avic.conf"
(
    # shellcheck disable=SC2031,SC2034
    dracutsysrootdir=$root
    # shellcheck source=/dev/null
    . "$moddir/module-setup.sh"
    depends
    install
)
(cd "$initdir" && find . -type f | sort) >"$work/files"
cat >"$work/wanted" <<'TEXT'
./etc/modprobe.d/avic.conf
./etc/modprobe.d/kvm.conf
./usr/lib/modprobe.d/00-virt-nested.conf
./usr/lib/modprobe.d/avic.conf
./usr/local/lib/modprobe.d/msrs.conf
TEXT
expect 'the files of modprobe.d that decide about kvm, and no others' diff "$work/wanted" "$work/files"
expect 'a mask is an empty file there' test ! -s "$initdir/etc/modprobe.d/avic.conf"
expect 'the record is a pre-pivot hook' grep -qx "pre-pivot 99 $moddir/virt-nested-record.sh" "$work/hooks"

# The record, with a /sys that is told to be somewhere else, in the shell of an initramfs.
mkdir -p "$work/sys/module/kvm_amd/parameters" "$work/sys/module/kvm" "$work/sys/module/kvm_intel/parameters"
echo live >"$work/sys/module/kvm_amd/initstate"
echo 0 >"$work/sys/module/kvm_amd/parameters/nested"
echo live >"$work/sys/module/kvm/initstate"
echo Y >"$work/sys/module/kvm_intel/parameters/nested" # no initstate: built in
sed -e "s|/sys/|$work/sys/|g; s|/run/|$work/run/|g; s|udevadm|:|" "$moddir/virt-nested-record.sh" >"$work/record.sh"
sh -eu -c '. "$0"; [ -z "${vn_module-}${vn_nested-}" ]' "$work/record.sh" 2>"$work/errors" || fail 'the record, sourced'
expect 'it says nothing' test ! -s "$work/errors"
printf 'kvm nested=absent\nkvm_amd nested=0\n' >"$work/wanted"
expect 'the record names what was loaded, and how' diff "$work/wanted" "$work/run/virt-nested/initramfs"
[ "$(sh "$moddir/virt-nested-record.sh" prereqs)" = udev ] || fail 'prereqs'
done_with
