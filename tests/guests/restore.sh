#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What label and inject note in the label, and unlabel --restore takes back; a guest that is named like another's UUID; somebody
# else who edits at the same moment.
set -euo pipefail
. "$(dirname "$0")/guests.sh"
lab_need
lab_up

# --- the definition before the label is the one after unlabel --restore
topology="<topology sockets='1' dies='1' cores='1' threads='1'/>"
forms=("cpu=none" "cpu=host-model" "cpu=host-passthrough" "cpu=maximum" "cpu=kvm64" "cpu=EPYC svm=optional" "cpu=Opteron_G3 npt=disable"
    "cpu_xml=<cpu>$topology</cpu>" "cpu_xml=<cpu mode='host-passthrough' check='partial' migratable='off'>$topology</cpu>"
    "cpu_xml=<cpu mode='custom' match='minimum'><model fallback='allow'>kvm64</model></cpu>"
    "label_xml=<o:x xmlns:o='urn:o'/>")
types=(qemu)
! lab_takes_kvm || types+=(kvm)
names=() defines=''
for type in "${types[@]}"; do
    for number in "${!forms[@]}"; do
        name=$type$number form=${forms[number]}
        names+=("$name")
        if [[ $form == *_xml=* ]]; then words=("$form"); else read -r -a words <<<"$form"; fi
        lab_guest "$name" "type=$type" "${words[@]}" >"$lab/$name.xml"
        defines+="define $lab/$name.xml; "
    done
done
definitions() { lab_virsh "$(printf 'dumpxml --inactive --security-info %s; ' "${names[@]}")"; }
lab_virsh "$defines" >/dev/null || fail "define: ${names[*]}"
# libvirt itself sorts what it added when it reads its own text again.
for name in "${names[@]}"; do definition "$name" >"$lab/$name.xml"; done
lab_virsh "$defines" >/dev/null
definitions >"$lab/before"
back() { # COUNT TOLD POLICY...: each label in turn, then all of it taken back; at least COUNT definitions are changed, saying TOLD
    local count=$1 told=$2 policy
    shift 2
    for policy in "$@"; do vn label --override "${names[@]}" "$policy" >"$lab/said" || fail "label $policy: $(cat "$lab/said")"; done
    [ "$(grep -c "$told" "$lab/said")" -ge "$count" ] || fail "label $*: $(cat "$lab/said")"
    definitions >"$lab/labelled"
    [ "$(grep -c ' injected="' "$lab/labelled")" -ge "$count" ] || fail "label $*: too few notes: $(grep policy= "$lab/labelled")"
    vn unlabel --restore "${names[@]}" >"$lab/said" || fail "unlabel: $(cat "$lab/said")"
    definitions | diff "$lab/before" - || fail "not as before label $*: $(cat "$lab/said")"
    ok "the definition before label is the one after unlabel --restore: $*"
}
back 6 'added\|set\|instead of\|in the place of' require
if [ "${#types[@]}" = 2 ]; then
    back 2 "policy='disable'" forbid
    back 6 "policy='disable'" require forbid
fi

# --- the hook takes the note; one that says something else it names
lab_guest noted cpu=kvm64 | lab_define
definition noted >"$lab/before"
expect_vn 0 "svm policy='require' added" label noted require
expect_has noted 'policy="require" injected="feature.svm=require feature.npt=require"'
expect_start noted
lab_virsh destroy noted >/dev/null
expect_vn 0 'was labelled require already' label noted require
expect_has noted 'injected="feature.svm=require feature.npt=require"'
expect_vn 0 'labelled forbid' label noted forbid
expect_has noted 'injected="feature.'
expect_vn 0 'label taken away' unlabel --restore noted
definition noted | diff "$lab/before" - || fail 'two labels, one after the other, are not taken back'
ok 'a second label keeps the note of the first'
lab_virsh metadata noted urn:virt-nested:domain:1 --key vn --set "<nested policy='require' injected='cpu=mine'/>" --config >/dev/null
expect_refused noted "'cpu=mine' is not understood"
expect_vn 1 'its label stays' unlabel --restore noted
expect_vn 0 'labelled require' label noted require
expect_lacks noted 'cpu=mine'

# --- what somebody has changed since stays, and is named
definition noted | sed "s/<feature policy='require' name='npt'/<feature policy='disable' name='npt'/" >"$lab/noted.xml"
lab_virsh define "$lab/noted.xml" >/dev/null
expect_vn 0 "npt policy='disable' stays: somebody has changed it since" unlabel --restore noted
expect_lacks noted "name='svm'"
expect_has noted "<feature policy='disable' name='npt'/>"
expect_vn 0 'carried no label' unlabel --restore noted
expect_vn 2 'excludes --live' unlabel --restore --live noted

# --- a running guest keeps its processor, and loses its label everywhere
lab_guest runs cpu=kvm64 | lab_define
definition runs >"$lab/before"
expect_start runs
expect_vn 0 'labelled require' label runs require
expect_vn 0 'its CPU stays as it is until it is shut down' unlabel --restore runs
definition runs | diff "$lab/before" - || fail 'the definition of a running guest is not as before'
if lab_virsh dumpxml runs | grep -q 'urn:virt-nested'; then fail 'the running guest kept its label'; fi

# --- a UUID is looked up before a name
lab_guest first cpu=kvm64 | lab_define
uuid=$(lab_virsh domuuid first)
lab_guest "$uuid" cpu=kvm64 | lab_define
expect_vn 0 'first: labelled require' label "$uuid" require
definition first | grep -q 'policy="require"' || fail 'the guest with that UUID carries no label'
lab_virsh dumpxml --inactive "$uuid" | grep -q '<name>first</name>' || fail 'virsh has another order'
expect_vn 0 'first: as it should be' inject "$uuid"
expect_vn 0 "'first' at prepare" explain --connect qemu:///system "$uuid"
expect_vn 0 'first: was labelled require already' label "${uuid//-/}" require

# --- somebody else edits between the reading and the writing
command -v cc >/dev/null || fail 'no C compiler; run: tests/need build'
cc -shared -fPIC -o "$lab/between.so" "$(dirname "$0")/between.c" -ldl
between() { lab_in env LD_PRELOAD="$lab/between.so" VN_BETWEEN="$1" timeout 120 "$VN_BUILD/validator/virt-nested" "${@:2}"; }
lab_guest edited label=require cpu=kvm64 | lab_define
definition edited >"$lab/before"
between 'virsh -q -c qemu:///system desc edited --config --title --new-desc theirs >/dev/null' inject edited >"$lab/said" || fail "inject: $(cat "$lab/said")"
expect_has edited '<title>theirs</title>'
expect_has edited "<feature policy='require' name='svm'/>"
between 'virsh -q -c qemu:///system desc edited --config --new-desc also >/dev/null' unlabel --restore edited >"$lab/said" || fail "unlabel: $(cat "$lab/said")"
expect_has edited '<title>theirs</title>'
expect_has edited '<description>also</description>'
expect_lacks edited "name='svm'"
ok 'what somebody else writes in between is kept'
lab_virsh metadata edited urn:virt-nested:domain:1 --key vn --set "<nested policy='require'/>" --config >/dev/null
status=0
# shellcheck disable=SC2016
VN_BETWEEN_ALWAYS=1 between 'virsh -q -c qemu:///system desc edited --config --new-desc "$(date +%N)" >/dev/null' inject edited >"$lab/said" 2>&1 || status=$?
[ "$status" = 1 ] && grep -q 'somebody else keeps changing its definition' "$lab/said" || fail "status $status: $(cat "$lab/said")"
expect_lacks edited "name='svm'"
ok 'a definition that never comes to rest is left alone'
lab_done
