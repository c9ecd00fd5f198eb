#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Each CPU mode labelled, injected, started, and looked at: in the definition, the live one, and on QEMU's command line.
# Emulated guests: their svm is real, on any machine. What KVM hosts that nest would make of it is in the unit tests.
set -euo pipefail
. "$(dirname "$0")/guests.sh"
lab_need
lab_up

# mode NAME LAB-GUEST-ARGS... -- WORDS-ON-THE-COMMAND-LINE...
mode() {
    local name=$1 args=() line before after
    shift
    while [ "$1" != -- ]; do args+=("$1"); shift; done
    shift
    lab_guest "$name" "${args[@]}" | lab_define
    before=$(definition "$name")
    expect_vn 0 'labelled require' label "$name" require
    # What libvirt makes of it differs by the label and the CPU alone.
    diff <(but_cpu_and_label <<<"$before") <(definition "$name" | but_cpu_and_label) || fail "$name: more than the CPU changed"
    after=$(definition "$name")
    expect_vn 0 'as it should be' inject "$name"
    expect_vn 0 'was labelled require already' label "$name" require
    [ "$(definition "$name")" = "$after" ] || fail "$name: a second time changes the definition"
    expect_start "$name"
    line=$(command_line "$name")
    for words in "$@"; do
        grep -qE -- "-cpu [^ ]*$words" <<<"$line" || fail "$name: no '$words' after -cpu: $line"
    done
    if lab_virsh dumpxml "$name" | grep -q "policy='disable' name='svm'"; then fail "$name: QEMU dropped svm"; fi
    vn list --format json | lab_in /usr/bin/python3 -c "
import json, sys
row = [g for g in json.load(sys.stdin)['guests'] if g['name'] == '$name'][0]
assert row['label'] == 'require' and row['delivers'] == 'yes' and row['has_now'] is True and row['emulated'], row
assert row['start'] == 'passes' and not row['exposed'], row" || fail "$name: list"
    expect_vn 0 'passes' explain --connect qemu:///system --live "$name"
    ok "$name: the definition, the live one and the command line agree"
    lab_virsh destroy "$name" >/dev/null
}

mode maximum cpu=maximum -- 'max,svm=on'
expect_has maximum "<cpu mode='maximum' check='full'"
mode host-model cpu=host-model -- 'svm'
expect_has host-model "<feature policy='require' name='svm'/>"
mode kvm64 cpu=kvm64 -- 'kvm64.*svm=on' 'npt=on'
mode optional cpu=kvm64 svm=optional -- 'svm=on'
expect_has optional "<feature policy='require' name='svm'/>"
mode epyc cpu=EPYC -- 'EPYC'
mode default -- 'qemu64'
mode topology cpu_xml="<cpu mode='custom'><model>kvm64</model><topology sockets='1' dies='1' cores='1' threads='1'/></cpu>" -- 'svm=on'
# Newer ones of libvirt write more levels between these.
expect_has topology "<topology sockets='1' dies='1'"

# KVM guests: written as they should be; whether this host could start them is another matter.
lab_guest passes type=kvm cpu=host-passthrough | lab_define
feature=$(vn list --format json | lab_in /usr/bin/python3 -c 'import json, sys; print([g["feature"] for g in json.load(sys.stdin)["guests"] if g["name"] == "passes"][0])')
case $feature in vmx | svm) ;; *) fail "the feature of this host is '$feature'" ;; esac
expect_vn 0 "$feature policy='require' added, check='full' set" label passes require
expect_has passes "<cpu mode='host-passthrough' check='full' migratable='on'>"
lab_guest chooses type=kvm | lab_define
expect_vn 0 'label' label --no-inject chooses require
expect_vn 1 'has no CPU of its own' inject --all
expect_has chooses qemu64
expect_vn 0 "CPU mode 'host-passthrough'" inject chooses
lab_guest forbidden type=kvm cpu=host-passthrough | lab_define
expect_vn 0 "$feature policy='disable' added" label forbidden forbid
expect_vn 1 "the label says require, but the definition says $feature policy='disable'" label forbidden require
expect_has forbidden "<feature policy='disable' name='$feature'/>"
expect_vn 0 "$feature policy='require' instead of 'disable'" inject --override forbidden
lab_done
