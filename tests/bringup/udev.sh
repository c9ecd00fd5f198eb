#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The udev rule under the real rule engine, on a /sys of the test's own.
# shellcheck disable=SC2317 # functions are called through expect
set -euo pipefail
# shellcheck source=tests/bringup/common.sh
. "$(dirname "$0")/common.sh"
in_private_mounts "$@"
need_programs udevadm

rule=$source_dir/udev/70-virt-nested.rules
sys=$work/sys
# module NAME PARAMETER...
module() {
    mkdir -p "$sys/module/$1/parameters"
    : >"$sys/module/$1/uevent"
    echo live >"$sys/module/$1/initstate"
    local parameter
    for parameter in "${@:2}"; do echo 1 >"$sys/module/$1/parameters/$parameter"; done
}
mkdir -p "$sys/class/misc" "$sys/devices/virtual/misc/kvm" "$sys/bus" "$sys/fs/cgroup"
printf 'MAJOR=10\nMINOR=232\nDEVNAME=kvm\n' >"$sys/devices/virtual/misc/kvm/uevent"
ln -s ../../../../class/misc "$sys/devices/virtual/misc/kvm/subsystem"
ln -s ../../devices/virtual/misc/kvm "$sys/class/misc/kvm"
module kvm_intel nested ept
module kvm_amd nested npt
module kvm_hv nested
module kvm halt_poll_ns
module kvmgt
module loop max_loop

# Only our rule: all folders of udev's are covered.
mkdir -p "$work/empty" "$work/udev/rules.d"
cp "$rule" "$work/udev/rules.d/"
mount --bind "$sys" /sys
mount -t tmpfs tmpfs /run # where the engine keeps what it knows of a device
for folder in /etc/udev /usr/local/lib/udev; do
    [ ! -d "$folder" ] || mount --bind "$work/empty" "$folder"
done
mount --bind "$work/udev" "$(readlink -f /lib)/udev"
[ "$(readlink -f /lib)" = /usr/lib ] || mount --bind "$work/empty" /usr/lib/udev

# event ACTION SYSPATH -> $work/event: what the rules made of it
event() {
    SYSTEMD_DEVICE_VERIFY_SYSFS=0 udevadm test --action="$1" "/sys/$2" >"$work/event" 2>&1 || true
    grep -qE '^(ACTION|SYSTEMD_WANTS|DEVPATH|TAGS)=' "$work/event" || grep -q 'Reading rules file' "$work/event" ||
        skip "udevadm test does not run here: $(tail -1 "$work/event")"
}
wants() {
    event "$1" "$2"
    grep -q '^SYSTEMD_WANTS=virt-nested-validate.service$' "$work/event" && grep -q '^TAGS=.*:systemd:' "$work/event"
}
only_tagged() {
    event "$1" "$2"
    ! grep -q '^SYSTEMD_WANTS=' "$work/event" && grep -q '^TAGS=.*:systemd:' "$work/event"
}
wants_nothing() {
    rm -rf /run/udev
    event "$1" "$2"
    ! grep -qE '^SYSTEMD_WANTS=|^TAGS=.*:systemd:' "$work/event"
}
expect 'kvm_intel loaded: the validation is wanted' wants add module/kvm_intel
expect 'kvm_amd loaded: the validation is wanted' wants add module/kvm_amd
expect 'kvm_hv loaded: the validation is wanted' wants add module/kvm_hv
expect 'replayed: the device unit stays, nothing is wanted again' only_tagged add module/kvm_amd
expect 'replayed as change: the same' only_tagged change module/kvm_amd
event remove module/kvm_amd # the engine forgets the module, and whether it was asked about
expect 'removed and loaded again: the validation is wanted again' wants add module/kvm_amd
expect 'kvm without the parameter (x86): nothing' wants_nothing add module/kvm
expect 'another module: nothing' wants_nothing add module/loop
expect 'a module that only sounds alike: nothing' wants_nothing add module/kvmgt
expect '/dev/kvm added: nothing' wants_nothing add devices/virtual/misc/kvm
expect '/dev/kvm changed (a guest started): nothing' wants_nothing change devices/virtual/misc/kvm
module kvm nested hpage
expect 'kvm with the parameter (s390x): the validation is wanted' wants add module/kvm

! grep -v '^#' "$rule" | grep -qE 'RUN|PROGRAM|IMPORT\{(program|file|builtin)' || fail 'the rule runs something'
# The verb came with systemd 254.
if udevadm verify --help >/dev/null 2>&1; then
    expect 'udevadm verify' env SYSTEMD_LOG_TARGET=console udevadm verify "$rule"
fi
done_with
