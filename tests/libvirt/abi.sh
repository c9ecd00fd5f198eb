#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A definition that is handed over for a migration or a restore can carry a label, and no feature that the guest did not have: libvirt
# refuses that (src/conf/domain_conf.c, virDomainDefCheckABIStability), so there is nothing to inject there.
set -euo pipefail
. "$(dirname "$0")/lab.sh"
lab_need

lab_up
source=$lab
lab_up
destination=$lab
uri=$(lab_uri)
lab_use "$source"

label="<vn:nested xmlns:vn='urn:virt-nested:domain:1' policy='require'/>"
with_label() { sed "s|<memory |<metadata>$label</metadata>\\n&|"; }
with_feature() { sed "s|\\( *\\)</cpu>|<feature policy='require' name='svm'/></cpu>|"; }
labelled() { grep -q 'policy="require"' <<<"$(lab_virsh dumpxml "$1")" || fail "$1 carries no label: $(lab_virsh dumpxml "$1")"; }
refused() { # WORDS CMD...
    local words=$1 status=0 said
    shift
    said=$(lab_virsh "$@" 2>&1) || status=$?
    [ "$status" != 0 ] || fail "$* works although libvirt has to refuse it"
    grep -q "$words" <<<"$said" || fail "$*: no '$words' in: $said"
    if grep -q 'virt-nested: ' <<<"$said"; then fail "refused by the hook, not by libvirt: $said"; fi
    ok "${said##*$'\n'}"
}

# --- restore: the guest nests, so that the hook has nothing against the label
lab_guest saved cpu=EPYC svm=require | lab_define
expect_start saved
lab_virsh save saved "$lab/saved.save" >/dev/null
lab_virsh save-image-dumpxml --security-info "$lab/saved.save" >"$lab/saved.xml"
with_label <"$lab/saved.xml" >"$lab/labelled.xml"
lab_virsh restore "$lab/saved.save" --xml "$lab/labelled.xml" >/dev/null || fail 'a restore with a label'
labelled saved
ok 'a restore carries a label'
lab_virsh destroy saved >/dev/null

lab_guest bare cpu=kvm64 | lab_define
expect_start bare
lab_virsh save bare "$lab/bare.save" >/dev/null
cp "$lab/bare.save" "$lab/before"
lab_virsh save-image-dumpxml --security-info "$lab/bare.save" | with_feature >"$lab/feature.xml"
grep -q "name='svm'" "$lab/feature.xml" || fail "no feature: $(cat "$lab/feature.xml")"
refused 'Target CPU' restore "$lab/bare.save" --xml "$lab/feature.xml"
cmp -s "$lab/bare.save" "$lab/before" || fail 'the saved guest was lost'
lab_virsh restore "$lab/bare.save" >/dev/null || fail 'restore after the refusal'

# --- migration
refused_migration() { lab_virsh dumpxml --migratable --security-info "$1" | with_feature >"$lab/feature.xml"; refused 'Target CPU' migrate --live --migrateuri "unix://$destination/migrate-$1" --xml "$lab/feature.xml" "$1" "$uri"; }
refused_migration bare
lab_running bare || fail 'bare was lost by a refused migration'
lab_guest moves cpu=EPYC svm=require | lab_define
expect_start moves
lab_virsh dumpxml --migratable --security-info moves | with_label >"$lab/labelled.xml"
lab_virsh migrate --live --migrateuri "unix://$destination/migrate-moves" --xml "$lab/labelled.xml" moves "$uri" >/dev/null || fail 'a migration with a label'
lab_use "$destination"
labelled moves
ok 'a migration carries a label'
lab_done
