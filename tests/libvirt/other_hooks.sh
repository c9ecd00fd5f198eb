#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Beside other hooks: order and messages, a hook that rewrites the XML, a hook folder that was empty, installation as hooks/qemu.
set -euo pipefail
. "$(dirname "$0")/lab.sh"
lab_need

lab_up
hooks=$lab/etc/libvirt/hooks
hook() { # PATH TEXT
    printf '#!/bin/sh\n%s\n' "$2" >"$hooks/$1"
    chmod 755 "$hooks/$1"
}

# --- an earlier hook that refuses: both run, and libvirt shows the last that failed
hook qemu.d/10-site 'cat >/dev/null; echo "$1 $2" >>'"$lab"'/site.log; if [ "${1#closed}" != "$1" ] && [ "$2" = prepare ]; then echo "site: closed" >&2; exit 1; fi'
lab_guest plain | lab_define
expect_start plain
grep -q 'plain prepare' "$lab/site.log" || fail 'the other hook did not run'
lab_guest closed | lab_define
if said=$(lab_virsh start closed 2>&1); then fail 'closed starts although the other hook refuses'; fi
grep -q 'site: closed' <<<"$said" || fail "the other hook's words are lost: $said"
ok 'the other hook refuses on its own'
lab_guest closed2 label=require cpu=kvm64 | lab_define
expect_refused closed2 'labelled require'

# --- a hook that rewrites what is restored: our silence must not undo its work
hook qemu.d/20-rewrite 'if [ "$2" = restore ]; then sed "s,</name>,</name><title>rewritten</title>,"; else cat >/dev/null; fi'
for guest in plain nests; do
    [ "$guest" = plain ] || lab_guest nests label=require cpu=EPYC svm=require | lab_define
    lab_running "$guest" || lab_virsh start "$guest" >/dev/null
    lab_virsh managedsave "$guest" >/dev/null || fail 'managedsave'
    lab_virsh start "$guest" >/dev/null || fail "$guest does not come back through a hook that rewrites"
    grep -q '<title>rewritten</title>' <<<"$(lab_virsh dumpxml "$guest")" || fail "what the other hook wrote about $guest is undone"
    ok "$guest: what another hook wrote at restore stays"
done
# ... and what it writes is what we judge.
hook qemu.d/20-rewrite 'if [ "$2" = restore ]; then sed "s,policy=.require./>,policy=\"nonsense\"/>,"; else cat >/dev/null; fi'
lab_virsh managedsave nests >/dev/null
expect_refused nests "policy"
rm "$hooks"/qemu.d/{10-site,20-rewrite}
lab_down

# --- a folder that was empty when the daemon started
lab_up --no-hook
lab_guest lacks label=require cpu=kvm64 | lab_define
lab_virsh start lacks >/dev/null || fail 'without a hook everything starts'
lab_virsh destroy lacks >/dev/null
lab_hook_name=qemu.d/99-virt-nested
lab_hook_install
lab_virsh start lacks >/dev/null || fail 'a hook that the daemon has not seen yet cannot refuse'
lab_virsh destroy lacks >/dev/null
ok 'libvirt does not see the first hook until it reloads'
lab_reload
expect_refused lacks 'labelled require'
lab_hook_remove
lab_virsh start lacks >/dev/null || fail 'without the link the hook cannot refuse'
lab_virsh destroy lacks >/dev/null
ok 'without the link nothing is enforced'
lab_down

# --- as hooks/qemu
lab_up --hook-as qemu
lab_guest plain | lab_define
expect_start plain
lab_guest lacks label=require cpu=kvm64 | lab_define
expect_refused lacks 'labelled require'

lab_done
