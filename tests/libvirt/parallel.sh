#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Many hooks at once do not meet.
set -euo pipefail
. "$(dirname "$0")/lab.sh"
lab_need

lab_up
for i in 1 2 3 4; do
    lab_guest "yes$i" label=require cpu=EPYC svm=require memory=32 | lab_define
    lab_guest "no$i" label=require cpu=kvm64 memory=32 | lab_define
    lab_guest "plain$i" memory=32 | lab_define
done
pids=()
for i in 1 2 3 4; do
    for kind in yes no plain; do
        (lab_virsh start "$kind$i" >"$lab/said.$kind$i" 2>&1; echo $? >"$lab/status.$kind$i") &
        pids+=($!)
    done
done
wait "${pids[@]}"
for i in 1 2 3 4; do
    for kind in yes plain; do
        [ "$(cat "$lab/status.$kind$i")" = 0 ] || fail "$kind$i: $(cat "$lab/said.$kind$i")"
    done
    [ "$(cat "$lab/status.no$i")" != 0 ] && grep -q "virt-nested: 'no$i' refused" "$lab/said.no$i" || fail "no$i: $(cat "$lab/said.no$i")"
done
ok 'twelve starts at once, each with its own answer'

lab_done
