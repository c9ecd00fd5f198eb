#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Saved guests and snapshots are judged on what they carry: save and restore, managed save, snapshot-revert.
set -euo pipefail
. "$(dirname "$0")/lab.sh"
lab_need

lab_up --host amd off
nests=(type=qemu label=require cpu=EPYC svm=require)

# --- an emulated guest that nests goes through everything
lab_guest nests "${nests[@]}" | lab_define
expect_start nests
lab_virsh save nests "$lab/nests.save" >/dev/null || fail 'save'
lab_virsh restore "$lab/nests.save" >/dev/null || fail 'restore of a guest that nests'
lab_running nests || fail 'nests does not run after its restore'
ok 'save and restore'
lab_virsh managedsave nests >/dev/null || fail 'managedsave'
expect_start nests
if lab_tainted nests; then fail 'nests is tainted'; fi

# --- an image whose definition does not deliver: saved before the label counted
lab_hook_remove
lab_guest lacks label=require cpu=kvm64 | lab_define
lab_virsh start lacks >/dev/null || fail 'without the hook everything starts'
lab_virsh managedsave lacks >/dev/null
lab_guest lacks2 label=require cpu=kvm64 | lab_define
lab_virsh start lacks2 >/dev/null
lab_virsh save lacks2 "$lab/lacks2.save" >/dev/null
lab_hook_install --root "$lab/host-amd" --config /etc/virt-nested/virt-nested.conf
# Never at restore, where libvirt 11.2 to 11.10 would unlink the image and call that a success: prepare refuses, and the image stays.
image=$lab/lib/qemu/save/lacks.save
kept() { # WHY: neither image nor file is touched by a refusal
    grep -q 'Managed save: *yes' <<<"$(lab_virsh dominfo lacks)" || fail "the managed save is forgotten: $1"
    cmp -s "$image" "$lab/managed" || fail "the image of a refused managed save is lost: $1"
    cmp -s "$lab/lacks2.save" "$lab/file" || fail "the file of a refused restore is lost: $1"
    ok "a refused managed save and the file of a refused restore are as they were: $1"
}
cp "$image" "$lab/managed"
cp "$lab/lacks2.save" "$lab/file"
expect_refused lacks 'labelled require'
grep -q 'lacks prepare begin' <<<"$said" || fail "not refused at prepare: $said"
expect_hook_refusal 'labelled require' restore "$lab/lacks2.save"
grep -q 'lacks2 prepare begin' <<<"$said" || fail "not refused at prepare: $said"
kept 'the host lost nesting'
mv "$lab/bin/virt-nested-judge" "$lab/judge.good"
expect_refused lacks 'could not be judged'
expect_hook_refusal 'could not be judged' restore "$lab/lacks2.save"
kept 'the judge is missing, as in the middle of an upgrade'
mv "$lab/judge.good" "$lab/bin/virt-nested-judge"
lab_hook_remove
expect_start lacks
lab_virsh restore "$lab/lacks2.save" >/dev/null || fail 'restore of a file that was refused before'
ok 'what was refused goes on from where it was, once nothing refuses it'
for guest in lacks lacks2; do lab_virsh destroy "$guest" >/dev/null; done
lab_hook_install --root "$lab/host-amd" --config /etc/virt-nested/virt-nested.conf

# --- the host began to nest in between
if lab_kvm; then
    passthrough="<cpu mode='host-passthrough'><feature policy='disable' name='arch-capabilities'/></cpu>"
    lab_guest later type=kvm label=forbid cpu_xml="$passthrough" | lab_define
    expect_start later
    lab_virsh managedsave later >/dev/null || fail 'managedsave of later'
    lab_nesting_host amd on >/dev/null
    expect_refused later 'labelled forbid, but host-passthrough gives svm'
    lab_nesting_host amd off >/dev/null
    expect_start later
fi

# --- snapshots
qemu-img create -q -f qcow2 "$lab/disk.qcow2" 8M
disk="<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='$lab/disk.qcow2'/><target dev='vda' bus='virtio'/></disk>"
lab_guest snap "${nests[@]}" devices_xml="$disk" | lab_define
lab_virsh snapshot-create-as snap off >/dev/null || fail 'snapshot of a guest that is off'
lab_virsh snapshot-revert snap off --running >/dev/null || fail 'revert to running'
lab_running snap || fail 'snap does not run'
lab_virsh snapshot-create-as snap live >/dev/null || fail 'snapshot of a running guest'
lab_virsh snapshot-revert snap live --force >/dev/null || fail 'revert of a running guest'
lab_running snap || fail 'snap does not run after a live revert'
ok 'snapshot-revert of guests that nest'
lab_virsh destroy snap >/dev/null

lab_guest snap2 label=require cpu=kvm64 devices_xml="${disk//disk.qcow2/disk2.qcow2}" | lab_define
qemu-img create -q -f qcow2 "$lab/disk2.qcow2" 8M
lab_virsh snapshot-create-as snap2 off >/dev/null
expect_hook_refusal 'labelled require' snapshot-revert snap2 off --running
if lab_running snap2; then fail 'snap2 runs although its revert was refused'; fi

lab_done
