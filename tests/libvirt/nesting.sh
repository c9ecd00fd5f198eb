#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Guests of type kvm on captured hosts that nest, and that do not; and what QEMU drops at the start, on this very machine.
set -euo pipefail
. "$(dirname "$0")/lab.sh"
lab_need

lab_up --host amd on
lab_guest exposed type=kvm label=forbid cpu=host-passthrough | lab_define
expect_refused exposed 'labelled forbid, but host-passthrough gives svm and this host nests'
lab_guest plain type=kvm label=forbid | lab_define
lab_guest hidden type=kvm label=forbid cpu=kvm64 svm=disable | lab_define
lab_guest byhand type=kvm label=forbid more_xml="<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><q:arg value='-cpu'/><q:arg value='host'/></q:commandline>" | lab_define
expect_refused byhand 'has -cpu'
lab_guest none type=kvm label=require | lab_define
expect_refused none 'labelled require, but'
lab_guest model type=kvm label=require cpu=host-model | lab_define
expect_refused model 'host-model leaves svm out on AMD'
lab_guest other type=kvm label=require cpu=kvm64 vmx=require | lab_define
expect_refused other 'does not deliver svm'

if lab_kvm; then
    expect_start plain
    expect_start hidden
    # Nothing here nests, so QEMU drops the svm that the captured host promised: only started shows it.
    lab_guest dropped type=kvm label=require cpu_xml="<cpu mode='custom' match='exact' check='none'><model>kvm64</model><feature policy='require' name='svm'/></cpu>" | lab_define
    expect_refused dropped 'the running CPU has no svm'
else
    printf 'note: no guest of type kvm starts here: what QEMU drops is not tried\n'
fi

lab_nesting_host amd off >/dev/null
lab_guest req type=kvm label=require cpu=host-passthrough svm=require | lab_define
expect_refused req "labelled require, but kvm_amd.nested is 0 ($lab/host-amd/sys/module/kvm_amd/parameters/nested); run: virt-nested enable --now"
lab_guest once type=kvm label=require cpu=host-passthrough >"$lab/once.xml"
expect_hook_refusal 'labelled require' create "$lab/once.xml"
if lab_kvm; then
    lab_guest safe type=kvm label=forbid cpu_xml="<cpu mode='host-passthrough'><feature policy='disable' name='arch-capabilities'/></cpu>" | lab_define
    expect_start safe
fi
lab_down

lab_up --host intel on
lab_guest model type=kvm label=forbid cpu=host-model | lab_define
expect_refused model 'host-model gives vmx'
lab_guest passthrough type=kvm label=forbid cpu=maximum | lab_define
expect_refused passthrough 'gives vmx'
lab_guest other type=kvm label=require cpu=kvm64 svm=require | lab_define
expect_refused other 'does not deliver vmx'

lab_done
