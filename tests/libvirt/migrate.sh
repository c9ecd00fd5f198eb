#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Migration between two private daemons: the destination judges before anything else happens, and the source keeps what is refused.
set -euo pipefail
. "$(dirname "$0")/lab.sh"
lab_need

lab_up --no-hook
source=$lab
lab_up --host amd on
destination=$lab
uri=$(lab_uri)

# A path instead of ports: tests run side by side.
migrate() { # NAME OPTION...
    local name=$1
    shift
    lab_use "$source"
    lab_virsh migrate --live --migrateuri "unix://$destination/migrate-$name" "$@" "$name" "$uri"
}
arrived() {
    lab_use "$destination"
    lab_running "$1" || fail "$1 does not run at the destination"
    if lab_tainted "$1"; then fail "$1 is tainted"; fi
    lab_use "$source"
    if lab_running "$1"; then fail "$1 still runs at the source"; fi
    ok "$1 migrates"
}
stayed() { # NAME WORDS
    local status=0 said
    said=$(migrate "$1" 2>&1) || status=$?
    [ "$status" != 0 ] || fail "$1 migrates although it had to be refused"
    grep -qF "$2" <<<"$said" || fail "$1: no '$2' in: $said"
    # Any later, and libvirt would delete the vTPM state that both hosts may share.
    grep -q "$1 migrate begin" <<<"$said" || fail "$1 is not refused at migrate: $said"
    lab_use "$source"
    lab_running "$1" || fail "$1 was lost at the source"
    ok "$1 stays: ${said##*: virt-nested: }"
}

lab_use "$source"
for guest in plain unjudged; do lab_guest "$guest" | lab_define; done
lab_guest nests label=require cpu=EPYC svm=require | lab_define
lab_guest lacks label=require cpu=kvm64 | lab_define
for guest in plain unjudged nests lacks; do lab_virsh start "$guest" >/dev/null || fail "$guest"; done

migrate plain >/dev/null || fail 'migrate plain'
arrived plain
migrate nests >/dev/null || fail 'migrate nests'
arrived nests
lab_use "$destination"
grep -q "policy=['\"]require" <<<"$(lab_virsh metadata nests --uri urn:virt-nested:domain:1 --live)" || fail 'the label did not migrate'
stayed lacks 'labelled require'

if lab_kvm; then
    lab_use "$source"
    lab_guest exposed type=kvm label=forbid cpu_xml="<cpu mode='host-passthrough' migratable='on'><feature policy='disable' name='arch-capabilities'/></cpu>" | lab_define
    lab_virsh start exposed >/dev/null
    stayed exposed 'labelled forbid'
fi

# Offline migration fires migrate alone.
lab_use "$source"
lab_guest cold label=require cpu=kvm64 | lab_define
status=0
said=$(lab_virsh migrate --offline --persistent cold "$uri" 2>&1) || status=$?
[ "$status" != 0 ] && grep -q 'labelled require' <<<"$said" || fail "offline migration of cold: $said"
ok 'an offline migration is judged, too'
lab_guest unsure label=require cpu=kvm64 svm=optional | lab_define
status=0
said=$(lab_virsh migrate --offline --persistent unsure "$uri" 2>&1) || status=$?
[ "$status" != 0 ] && grep -q "policy='optional'" <<<"$said" || fail "offline migration of unsure: $said"
ok 'an incoming guest has to be certain of its feature'

# Without the judge the destination takes what has no label, and says why it takes nothing else.
rm "$destination/bin/virt-nested-judge"
migrate unjudged >/dev/null || fail 'migrate unjudged'
arrived unjudged
stayed lacks 'could not be judged'

lab_done
