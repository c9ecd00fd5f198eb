#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Inside of the chroot that in-chroot makes: daemon, guests and clients stay in it, and a lab that would leave it does not come up.
set -euo pipefail
. "$(dirname "$0")/lab.sh"
marker=/in-the-chroot
[ -e "$marker" ] || fail "this runs in a chroot; run: tests/libvirt/in-chroot $0"
[ ! -e /dev/kvm ] || fail 'this chroot has a /dev/kvm'
lab_need

inside() { # WHAT, PID in the lab
    lab_in test -e "/proc/$2/root$marker" || fail "$1 is outside of the chroot"
    ok "$1 is inside"
}
lab_up
inside 'the daemon' "$(cat "$lab/run/libvirtd.pid")"
inside 'what runs in the lab' self
lab_guest plain label=require cpu=EPYC svm=require | lab_define
expect_start plain
inside 'the guest' "$(cat "$lab/run/libvirt/qemu/plain.pid")"
lab_guest kvm type=kvm label=forbid | lab_define
if lab_kvm; then fail 'without /dev/kvm a guest of type kvm is said to start'; fi
said=$(lab_virsh start kvm 2>&1) && fail 'a guest of type kvm starts without KVM'
if grep -q 'virt-nested' <<<"$said"; then fail "the hook refuses what is not exposed: $said"; fi
ok "a guest of type kvm is defined, and does not start: ${said##*$'\n'}"
lab_down

# The door of a lab that forgets the root: it leads to the machine, where nothing may be started.
if said=$(lab_door() { printf 'nsenter --mount --pid --target %s --' "${lab_keeper[$lab]}"; }; lab_up 2>&1); then
    fail 'a lab comes up outside of the chroot'
fi
grep -qF 'leads somewhere else' <<<"$said" || fail "no word of what is wrong: $said"
ok 'a lab that would leave the chroot does not come up'

# A chroot without /proc: nothing can be entered.
mkdir "$TMPDIR/empty"
if said=$("$lab_source/tests/lib/own-mounts" sh -c "mount --bind $TMPDIR/empty /proc && exec bash '$lab_source/tests/libvirt/start.sh'" 2>&1); then
    fail 'a lab comes up without /proc'
fi
rmdir "$TMPDIR/empty"
grep -q '^SKIP: no private view' <<<"$said" || fail "no reason is given: $said"
ok "${said##*SKIP: }"
lab_done
