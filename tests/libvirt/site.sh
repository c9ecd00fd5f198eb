#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The site's configuration: unlabelled guests, labels that exempt, undetermined facts, and mistakes in the file.
set -euo pipefail
. "$(dirname "$0")/lab.sh"
lab_need

lab_up --host amd on
# Refusals come at prepare, before KVM is asked for anything; where one would start for real, an emulated guest stands in.
lab_guest bare type=kvm cpu=host-passthrough | lab_define
lab_guest exempt type=kvm label=allow cpu=host-passthrough | lab_define
lab_guest closed type=kvm cpu=kvm64 svm=disable | lab_define
lab_guest emulated cpu=EPYC svm=require | lab_define
passes() { # GUEST: whatever QEMU makes of it, we do not refuse it
    local said
    said=$(lab_virsh start "$1" 2>&1) || true
    if grep -q 'virt-nested: ' <<<"$said"; then fail "$1 is refused: $said"; fi
    lab_virsh destroy "$1" >/dev/null 2>&1 || true
    ok "$1 is let pass"
}
logged() { grep -qF -- "$1" "$lab/syslog" || fail "no '$1' in the log: $(lab_syslog)"; ok "the log has: $1"; : >"$lab/syslog"; }

passes bare
[ ! -s "$lab/syslog" ] || fail "a guest that nobody labelled left something in the log: $(lab_syslog)"
ok 'without a rule nothing is logged about unlabelled guests'

lab_config 'unlabelled = forbid'
expect_refused bare 'unlabelled under unlabelled = forbid, but host-passthrough gives svm'
logged "'bare' refused"
passes exempt
passes closed
expect_start emulated
lab_virsh destroy emulated >/dev/null
lab_config $'unlabelled = forbid\nhonour_allow = no'
expect_refused exempt 'labelled allow, which honour_allow = no sets aside'

: >"$lab/syslog"
lab_config 'unlabelled = warn'
passes bare
logged "'bare' at prepare: unlabelled under unlabelled = warn"

# A fact that cannot be had: the configuration decides for forbid, never for require.
printf 'error=Device or resource busy\n' >"$lab/host-amd/dev/kvm"
lab_guest forbidden type=kvm label=forbid cpu=host-passthrough | lab_define
lab_guest required type=kvm label=require cpu=host-passthrough svm=require | lab_define
lab_config ''
expect_refused forbidden 'Device or resource busy'
expect_refused required 'Device or resource busy'
lab_config 'undetermined = allow'
passes forbidden
expect_refused required 'Device or resource busy'
lab_nesting_host amd on >/dev/null

# Mistakes: logged with file and line, the strictest value of the key counts, and no other key suffers.
: >"$lab/syslog"
lab_config $'unlabelled = forbiden'
expect_refused bare 'unlabelled = forbid'
logged "virt-nested.conf:1: unlabelled = 'forbiden'"
lab_config $'colour = red\nunlabelled = forbid'
expect_refused bare 'unlabelled = forbid'
logged "virt-nested.conf:1: unknown key 'colour'"
lab_config $'colour = red\nnonsense'
passes bare
chmod 666 "$lab/etc/virt-nested/virt-nested.conf"
expect_refused forbidden 'labelled forbid'
logged 'can be written by others than root'

lab_done
