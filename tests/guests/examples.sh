#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The filter between the real virt-install and the real virsh: examples/virt-install, and what man 8 virt-nested-inject says of it.
set -euo pipefail
. "$(dirname "$0")/guests.sh"
lab_need
if ! command -v virt-install >/dev/null; then
    [ "${CI:-}" != true ] || fail 'virt-install is missing; run: tests/need libvirt'
    skip 'virt-install is missing; run: tests/need libvirt'
fi
lab_up

example=$lab_source/examples/virt-install/define-nested
machine=(--connect qemu:///system --virt-type qemu --memory 64 --osinfo none --disk none --network none --graphics none --cpu kvm64)
in_lab() { lab_in env "PATH=$VN_BUILD/validator:$lab_path" HOME="$lab" "$@"; }

in_lab bash "$example" require --name imported "${machine[@]}" --import >"$lab/said" 2>&1 || fail "define-nested: $(cat "$lab/said")"
expect_has imported "<feature policy='require' name='svm'/>"
expect_lacks imported urn:virt-nested
expect_vn 0 'labelled require' label imported require
expect_vn 0 'at prepare: passes' explain --connect qemu:///system imported
expect_start imported

# An installation has two definitions in a row, of which the filter takes one.
status=0
in_lab sh -c 'virt-install "$@" --print-xml | virt-nested inject --policy require -' sh --name staged "${machine[@]}" --pxe >"$lab/out" 2>"$lab/said" || status=$?
[ "$status" = 3 ] && [ ! -s "$lab/out" ] && grep -q 'there is more behind its end' "$lab/said" || fail "status $status: $(cat "$lab/said" "$lab/out")"
ok 'two definitions in a row are none'
in_lab env STEP=2 bash "$example" require --name staged "${machine[@]}" --pxe >"$lab/said" 2>&1 || fail "define-nested: $(cat "$lab/said")"
expect_has staged "<feature policy='require' name='svm'/>"
ok 'define-nested, with --import and for the last step of an installation'

# What cannot be made to deliver is not defined.
if in_lab bash "$example" require --name never "${machine[@]}" --cpu kvm64,disable=svm --import >"$lab/said" 2>&1; then fail 'defined all the same'; fi
grep -q "the definition says svm policy='disable'" "$lab/said" || fail "$(cat "$lab/said")"
if lab_virsh dominfo never >/dev/null 2>&1; then fail 'a guest came of it'; fi
ok 'a contradiction ends before virsh'

# What libvirt keeps of a definition out of the filter is what the filter leaves alone.
lab_guest kept cpu=EPYC svm=optional label=require >"$lab/kept.xml"
in_lab sh -c 'virt-nested inject "$1" | virsh --quiet define --validate /dev/stdin' sh "$lab/kept.xml" >/dev/null || fail 'define'
definition kept >"$lab/kept.xml"
grep -q 'injected="feature.svm=require/optional"' "$lab/kept.xml" || fail "no note: $(cat "$lab/kept.xml")"
in_lab virt-nested inject "$lab/kept.xml" | cmp - "$lab/kept.xml" || fail 'not the same'
expect_vn 0 'as it should be' inject kept
expect_vn 0 "svm policy='optional' instead of 'require'" unlabel --restore kept
ok 'libvirt and unlabel take what the filter has noted'
lab_done
