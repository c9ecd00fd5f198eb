#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a refusal says is to be run is run, as it stands there, and the next start is not refused; where it says that something has to
# be decided, that is done by hand.
set -euo pipefail
. "$(dirname "$0")/guests.sh"
lab_need

# virsh edit needs an editor: one that takes out what the line says.
editor() { printf '#!/bin/sh\nexec sed -i %q "$1"\n' "$1" >"$lab/editor"; chmod 755 "$lab/editor"; }
paste() { lab_in env PATH="$VN_BUILD/validator:$PATH" EDITOR="$lab/editor" timeout 120 sh -c "$1"; }

# refused NAME WORDS: its line is in $line, the command in it in $command, or empty.
refused() {
    expect_refused "$1" "$2"
    line=$(grep -o 'virt-nested: .*' <<<"$said" | head -n 1)
    command=
    case $line in *'; run: '*) command=${line##*; run: } command=${command%%; *} ;; esac
}
started() { # NAME: no hook of ours stands in its way; an emulated guest runs then
    local text
    text=$(lab_virsh start "$1" 2>&1) && return
    if grep -q 'virt-nested: ' <<<"$text"; then fail "$1 is refused again: $text"; fi
    definition "$1" | grep -q "<domain type='kvm'" || fail "$1 does not start: $text"
}
mended() { # NAME WORDS COMMAND-BEGINS-WITH: the command of the refusal ends it
    refused "$1" "$2"
    [[ $command == "$3"* ]] || fail "$1: the command is '$command', not '$3': $line"
    paste "$command" >"$lab/pasted" 2>&1 || fail "$command: exit status $?: $(cat "$lab/pasted")"
    started "$1"
    ok "$1: $command"
    lab_virsh destroy "$1" >/dev/null 2>&1 || true
}
decided() { # NAME WORDS DECISION ACT...: the line says DECISION and no command; the act ends the refusal
    refused "$1" "$2"
    [ -z "$command" ] || fail "$1: a command where something has to be decided: $line"
    grep -qF -- "$3" <<<"$line" || fail "$1: no '$3' in: $line"
    "${@:4}" >"$lab/pasted" 2>&1 || fail "${*:4}: $(cat "$lab/pasted")"
    started "$1"
    ok "$1: $3"
    lab_virsh destroy "$1" >/dev/null 2>&1 || true
}

lab_up
argument="<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><q:arg value='-cpu'/><q:arg value='EPYC'/></q:commandline>"
lab_guest lacks label=require cpu=kvm64 | lab_define
mended lacks 'does not contain svm' 'virt-nested inject lacks'
lab_guest against label=require cpu=EPYC svm=disable | lab_define
mended against "svm policy='disable'" 'virt-nested inject --override against'
lab_guest "it's" label=require cpu=kvm64 | lab_define
mended "it's" 'does not contain svm' 'virt-nested inject '
lab_guest argument label=require cpu=EPYC svm=require more_xml="$argument" | lab_define
editor '/<qemu:commandline>/,/<\/qemu:commandline>/d'
mended argument 'has -cpu' 'virsh edit argument'
lab_guest version label_xml="<v:nested xmlns:v='urn:virt-nested:domain:2' policy='require'/>" cpu=EPYC | lab_define
mended version "urn:virt-nested:domain:2" 'virsh metadata --uri urn:virt-nested:domain:2'
lab_guest shouted label_xml="<v:nested xmlns:v='URN:Virt-Nested:domain:1 ' policy='require'/>" cpu=EPYC | lab_define
mended shouted "URN:Virt-Nested:domain:1" 'virsh metadata --uri '
lab_guest elsewhere label_xml="<a:app xmlns:a='urn:app'><vn:nested xmlns:vn='urn:virt-nested:domain:1' policy='require'/></a:app>" cpu=EPYC | lab_define
editor '/<a:app/,/<\/a:app>/d'
mended elsewhere 'not a direct child' 'virsh edit elsewhere'
lab_guest words label_xml="<vn:nested xmlns:vn='urn:virt-nested:domain:1' policy='maybe'/>" cpu=kvm64 | lab_define
decided words "policy 'maybe'" 'virt-nested label words require, or forbid, or allow' vn label words require
ln -s "$(command -v qemu-system-x86_64)" "$lab/bin/qemu-of-the-site"
lab_guest emulator label=require cpu=EPYC svm=require devices_xml="<emulator>$lab/bin/qemu-of-the-site</emulator>" | lab_define
decided emulator "$lab/bin/qemu-of-the-site" 'emulators in /etc/virt-nested/virt-nested.conf' lab_config "emulators = $lab/bin"
lab_down

# On a host that nests, of this machine's vendor, for the commands ask libvirt for that.
vendor=amd feature=svm
if grep -q GenuineIntel /proc/cpuinfo; then vendor=intel feature=vmx; fi
lab_up --host "$vendor" on
lab_guest exposed type=kvm label=forbid cpu=host-passthrough | lab_define
mended exposed 'labelled forbid' 'virt-nested inject exposed'
lab_guest asked type=kvm label=forbid cpu=kvm64 "$feature=require" | lab_define
mended asked "requires $feature" 'virt-nested inject --override asked'
printf 'error=Device or resource busy\n' >"$lab/host-$vendor/dev/kvm"
lab_guest unknown type=kvm label=forbid cpu=host-passthrough | lab_define
mended unknown 'Device or resource busy' 'virt-nested inject unknown'
lab_nesting_host "$vendor" on >/dev/null
lab_config 'unlabelled = forbid'
lab_guest bare type=kvm cpu=host-passthrough | lab_define
mended bare 'unlabelled under unlabelled = forbid' 'virt-nested label bare forbid'
lab_guest bold type=kvm cpu=kvm64 "$feature=require" | lab_define
mended bold 'unlabelled under unlabelled = forbid' 'virt-nested label --override bold forbid'
# A configuration that cannot be read counts as the strictest.
lab_guest plain type=kvm cpu=host-passthrough | lab_define
rm "$lab/etc/virt-nested/virt-nested.conf"
mkdir "$lab/etc/virt-nested/virt-nested.conf"
decided plain 'counts as unlabelled = forbid' 'mend that file first' rmdir "$lab/etc/virt-nested/virt-nested.conf"
lab_nesting_host "$vendor" off >/dev/null
lab_guest early type=kvm label=require cpu=host-passthrough | lab_define
# Carried out on copies of machines and in booted kernels by tests/bringup and tests/boot.
refused early 'labelled require'
[ "$command" = 'virt-nested enable --now' ] || fail "a host that does not nest: $line"

lab_done
