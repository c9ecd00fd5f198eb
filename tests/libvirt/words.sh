#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What people see: virsh's message to the byte, names of all kinds, passwords in no log, labels of any prefix.
set -euo pipefail
. "$(dirname "$0")/lab.sh"
lab_need

lab_up --debug
lab_guest lacks label=require cpu=kvm64 | lab_define
lab_virsh start lacks >"$lab/out" 2>"$lab/err" && fail 'lacks starts'
[ ! -s "$lab/out" ] || fail "virsh printed on its standard output: $(cat "$lab/out")"
{
    printf "error: Failed to start domain 'lacks'\n"
    printf 'error: Hook script execution failed: internal error: Child process (LC_ALL=C PATH=%s ' "$lab_path"
    printf '/etc/libvirt/hooks/qemu.d/99-virt-nested lacks prepare begin -) unexpected exit status 1: '
    printf "virt-nested: 'lacks' refused: labelled require, but the CPU model kvm64 does not contain svm; run: virt-nested inject lacks\n"
} >"$lab/expected"
cmp "$lab/err" "$lab/expected" || fail "the message is not to the byte what it should be: $(cat -A "$lab/err")"
ok 'the message, to the byte'

# --- names
for name in "it's" '50%s%n' 'two words' '"quoted"' '$(reboot)' 'größe' '--help' '--root' '--version' '-x' 'a\b' '&amp;&lt;'; do
    lab_guest "$name" | lab_define
    shown=${name//&amp;/\&}
    shown=${shown//&lt;/<}
    lab_virsh start --domain "$shown" >/dev/null 2>"$lab/err" || fail "a guest named $shown does not start: $(cat "$lab/err")"
    lab_virsh destroy --domain "$shown" >/dev/null
    lab_virsh undefine --domain "$shown" >/dev/null
    lab_guest "$name" label=require cpu=kvm64 | lab_define
    expect_hook_refusal 'labelled require' start --domain "$shown"
    lab_virsh undefine --domain "$shown" >/dev/null
done
if grep -q 'is tainted: hook-script' "$lab/log/libvirtd.log"; then fail 'some guest is tainted: the hook wrote to standard output'; fi
ok 'nothing on standard output, whatever the name'
if LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$lab/syslog"; then fail 'control characters in the log'; fi

# --- labels set by virsh metadata come with a prefix of its own
lab_guest byvirsh cpu=kvm64 | lab_define
lab_virsh metadata byvirsh --uri urn:virt-nested:domain:1 --key anything --set "<nested policy='require'/>" --config >/dev/null || fail 'virsh metadata'
expect_refused byvirsh 'labelled require'
lab_virsh metadata byvirsh --uri urn:virt-nested:domain:1 --config --remove >/dev/null
expect_start byvirsh
lab_guest prefixed cpu=kvm64 label_xml="<nested xmlns='urn:virt-nested:domain:1' policy='require'/>" | lab_define
expect_refused prefixed 'labelled require'
lab_guest foreign cpu=kvm64 label_xml="<vn:nested xmlns:vn='urn:somebody:else' policy='require'/>" | lab_define
expect_start foreign

# --- restore and migrate carry passwords on standard input
secret=Sesame_7
lab_guest vnc label=require cpu=EPYC svm=require devices_xml="<graphics type='vnc' passwd='$secret'><listen type='socket' socket='$lab/vnc.sock'/></graphics>" | lab_define
expect_start vnc
lab_virsh managedsave vnc >/dev/null || fail 'managedsave'
expect_start vnc
lab_virsh managedsave vnc >/dev/null
rm "$lab/bin/virt-nested-judge"
expect_refused vnc 'could not be judged'
if grep -q "$secret" "$lab/syslog"; then fail 'a password is in the log'; fi
ok 'no password in the log'

lab_done
