#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# inject --watch under a storm, over a restart of the daemon, against another editor, and at its end; kill -9 of an injection.
set -euo pipefail
. "$(dirname "$0")/guests.sh"
lab_need
lab_up
guests=25 rounds=40

start_watch() {
    # Without the lab's pipe: else it would keep the lab up when this test is killed.
    (exec {lab_fd}>&-; lab_in "$VN_BUILD/validator/virt-nested" inject --watch >>"$lab/watch.log" 2>&1) &
    watcher=$!
    lab_wait 100 grep -q '^watching' "$lab/watch.log" || fail "the watch does not come up: $(cat "$lab/watch.log")"
}
right() { definition "$1" | grep -q "policy='require' name='svm'"; }
all_right() { local i; for ((i = 1; i <= guests; i++)); do right "g$i" || return 1; done; }
# redefinable NAME NUMBER ARGS...: without a UUID of its own libvirt takes it for another guest of the same name.
redefinable() {
    local name=$1 number=$2
    shift 2
    lab_guest "$name" cpu=kvm64 more_xml="<uuid>$(printf '%08d-1111-4111-8111-111111111111' "$number")</uuid>" "$@"
}

# --- what is there already, and what another tool labels
lab_guest early cpu=kvm64 label=require | lab_define
lab_guest later cpu=kvm64 | lab_define
start_watch
lab_wait 100 right early || fail 'the first sweep passes over a guest'
lab_virsh metadata later --uri urn:virt-nested:domain:1 --key any --set "<nested policy='require'/>" --config >/dev/null
lab_wait 100 right later || fail 'a label set with virsh is not acted on'
ok 'sweeps, and acts on a label that virsh sets'
expect_start later

# --- 1,000 defines and label changes
for ((i = 1; i <= guests; i++)); do redefinable "g$i" "$i" label=require >"$lab/g$i.xml"; done
{
    for ((round = 1; round <= rounds; round++)); do
        for ((i = 1; i <= guests; i++)); do
            if ((round % 4 == 0)); then
                printf "metadata g%s --uri urn:virt-nested:domain:1 --key k --set \"<nested policy='require'/>\" --config\n" "$i"
            else
                printf 'define %s\n' "$lab/g$i.xml"
            fi
        done
    done
} >"$lab/storm"
began=$(date +%s)
lab_virsh <"$lab/storm" >/dev/null || fail 'the storm'
lab_wait 900 all_right || fail "not every definition is right after the storm: $(tail -5 "$lab/watch.log")"
total=$(grep -c "^'g[0-9]*': svm" "$lab/watch.log")
most=$((guests * 9))
[ "$total" -le "$most" ] || fail "$total writes for $guests guests, more than $most"
ok "$((guests * rounds)) defines and label changes in a storm: every definition right after $(($(date +%s) - began)) s, $total writes"
sleep 2
[ "$(grep -c "^'g[0-9]*': svm" "$lab/watch.log")" = "$total" ] || fail 'it goes on writing when all is right'

# --- an editor that keeps undoing it is met ever more rarely, and a start that failed mends at once
redefinable fought 1000 label=require >"$lab/fought.xml"
for _ in 1 2 3 4 5 6 7; do
    lab_virsh define "$lab/fought.xml" >/dev/null
    lab_wait 400 right fought || fail 'a definition stays wrong'
done
grep -q "'fought': its definition was made to agree .* something keeps undoing that" "$lab/watch.log" || fail 'a fight is not reported'
lab_virsh define "$lab/fought.xml" >/dev/null
expect_refused fought 'does not contain svm'
lab_wait 200 right fought || fail 'a start that failed does not mend the definition'
expect_start fought
ok 'a fight is bounded and told; a failed start is mended for the next one'

# --- a label that a revert takes away is noticed
redefinable g1 1 >"$lab/unlabelled.xml"
lab_virsh define "$lab/unlabelled.xml" >/dev/null
lab_wait 600 grep -q "'g1': its label require is gone" "$lab/watch.log" || fail "a lost label is not noticed: $(tail -3 "$lab/watch.log")"
ok 'a label that another definition took away is noticed'

# --- the daemon restarts
: >"$lab/watch.log"
lab_restart
lab_wait 300 grep -q '^watching' "$lab/watch.log" || fail "no connection after the restart: $(cat "$lab/watch.log")"
lab_guest after cpu=kvm64 label=require | lab_define
lab_wait 100 right after || fail 'nothing is done after the daemon restarted'
ok 'goes on after a restart of the daemon'

# --- the end
# shellcheck disable=SC2016
lab_in sh -c 'for p in /proc/[0-9]*; do case $(readlink "$p/exe") in */virt-nested-guests) kill -TERM "${p#/proc/}" ;; esac; done'
status=0
wait "$watcher" || status=$?
[ "$status" = 0 ] || fail "SIGTERM: exit status $status: $(cat "$lab/watch.log")"
ok 'SIGTERM ends it with status 0'

# --- kill -9 at any moment leaves every definition whole
for delay in 0.02 0.04 0.06 0.08 0.1 0.15 0.2 0.3 0.5; do
    lab_virsh <<<"$(for ((i = 1; i <= guests; i++)); do echo "define $lab/g$i.xml"; done)" >/dev/null
    lab_in timeout --signal=KILL "$delay" "$VN_BUILD/validator/virt-nested" inject --all >/dev/null 2>&1 || true
    for ((i = 1; i <= guests; i++)); do
        definition "g$i" | grep -q 'policy="require"' || fail "g$i lost its label"
        definition "g$i" | grep -q '<model fallback=.forbid.>kvm64</model>' || fail "g$i lost its CPU"
    done
done
ok 'killed at any moment, an injection leaves every definition whole'
expect_vn 0 'changed' inject --all
all_right || fail 'inject --all after the kills'
expect_vn 0 '0 changed' inject --all
lab_done
