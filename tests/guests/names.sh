#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Names that look like options, words or another guest's UUID, or hold what a terminal obeys: none of them gets in the way of others.
set -euo pipefail
. "$(dirname "$0")/guests.sh"
lab_need
lab_up

# named NAME: a guest of that name, any character that XML can hold
named() {
    lab_guest placeholder cpu=kvm64 | /usr/bin/python3 -c '
import sys
from xml.sax.saxutils import escape
print(sys.stdin.read().replace("placeholder", escape(sys.argv[1], {"\t": "&#9;"})))' "$1" >"$lab/named.xml"
    lab_virsh define "$lab/named.xml" >/dev/null || fail "libvirt does not take the name '$1'"
}

names=(--help -x require 'a  b' "it's" $'tab\there' $'c1\xc2\x9b31m' $'right\xe2\x80\xaeleft' '%s%n' '$(false)' ' lead' '"q')
for name in "${names[@]}"; do named "$name"; done
expect_vn 0 "tab\\x09here" list
if LC_ALL=C grep -q $'\xc2\x9b\|\xe2\x80\xae\|\t' <<<"$said"; then fail "control characters on the terminal: $said"; fi
vn list --format json | lab_in /usr/bin/python3 -c '
import json, sys
names = sorted(g["name"] for g in json.load(sys.stdin)["guests"])
assert names == sorted(sys.argv[1:]), names' "${names[@]}" || fail 'JSON tells other names'
for name in "${names[@]}"; do expect_vn 0 'labelled require' label -- "$name" require; done
expect_vn 0 "0 changed, ${#names[@]} need nothing" inject --all
expect_vn 2 "unrecognised option '-x'" label -x require
expect_vn 0 'passes' explain --connect qemu:///system -- --help

# A mend is a command to paste, whatever the name.
for name in -x "it's"; do
    lab_virsh metadata "--domain=$name" --uri urn:virt-nested:domain:1 --key k --set "<nested policy='sometimes'/>" --config >/dev/null
    expect_vn 1 "policy 'sometimes' is none of require, forbid and allow; say what it is to be: virt-nested label" inject -- "$name"
    # virsh takes its words apart from its options by itself.
    said=$(lab_virsh start "--domain=$name" 2>&1) && fail "$name starts"
    mend=${said##*: virt-nested }
    eval "expect_vn 0 'labelled require' ${mend%, or forbid, or allow}"
    lab_virsh metadata "--domain=$name" --uri urn:virt-nested:domain:2 --key k --set "<nested policy='forbid'/>" --config >/dev/null
    said=$(lab_virsh start "--domain=$name" 2>&1) && fail "$name starts with a label of another version"
    mend=${said##*; run: virsh }
    eval "lab_virsh ${mend%; or use the version*}" >/dev/null || fail "virsh $mend"
    expect_vn 0 'as it should be' inject -- "$name"
done
ok 'the mends for odd names can be pasted'

# One that is called like another's UUID takes its place nowhere.
lab_guest victim label=require cpu=kvm64 | lab_define
named "$(lab_virsh domuuid victim)"
expect_vn 0 'victim: ' inject --all
expect_has victim "<feature policy='require' name='svm'/>"

# --- one that fails in the middle, and none at all
lab_guest middle cpu_xml="<cpu mode='custom'><model>kvm64</model><feature policy='disable' name='svm'/></cpu>" | lab_define
expect_vn 1 "the label says require, but the definition says svm policy='disable'" label --all require
grep -q '^victim: ' <<<"$said" || fail "what comes after a failure is not done: $said"
lab_guest gone cpu=kvm64 | lab_define
expect_vn 1 "'nobody': there is no such guest" label gone nobody victim forbid
grep -q '^victim: labelled forbid' <<<"$said" || fail "$said"
for guest in $(lab_virsh list --all --uuid); do lab_virsh undefine "$guest" >/dev/null; done
expect_vn 0 'GUEST' list
expect_vn 0 '"guests": []' list --format json
expect_vn 0 '# TYPE virt_nested_guest_info gauge' list --format prometheus
expect_vn 0 '0 changed, 0 need nothing' inject --all
expect_vn 0 '' label --all require
lab_done
