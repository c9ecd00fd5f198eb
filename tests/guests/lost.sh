#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The daemon goes away in the middle of --all: what was done is said, the rest is done when it comes back, or named.
set -euo pipefail
. "$(dirname "$0")/guests.sh"
lab_need
lab_up --no-daemon --no-hook
# Enough of them that the work takes seconds where nothing else does.
number=2000
for ((i = 0; i < number; i++)); do
    lab_guest "guest$i" cpu=kvm64 label=require more_xml="<uuid>$(printf '%08d-1111-4111-8111-111111111111' "$i")</uuid>" \
        >"$lab/etc/libvirt/qemu/guest$i.xml"
done
lab_start_daemon

# in_the_middle CMD...: once the command under test has done 50 guests.
in_the_middle() {
    lab_wait 300 fifty_done
    "$@"
}
fifty_done() { [ "$(wc -l <"$lab/out")" -ge 50 ]; }

: >"$lab/out"
in_the_middle lab_restart -KILL &
helper=$!
status=0
vn inject --all >"$lab/out" 2>"$lab/err" || status=$?
wait "$helper"
grep -q 'the connection was lost; opening it anew' "$lab/err" || fail "the daemon's end was not met: $(tail -n 3 "$lab/err")"
[ "$status" = 0 ] || fail "exit status $status: $(cat "$lab/err")"
expect_vn 0 "0 changed, $number need nothing" inject --all
ok 'a daemon that comes back: the rest is done'

: >"$lab/out"
in_the_middle lab_stop_daemon -KILL &
helper=$!
status=0
vn label --all --no-inject allow >"$lab/out" 2>"$lab/err" || status=$?
wait "$helper"
[ "$status" = 1 ] || fail "exit status $status: $(cat "$lab/err")"
done_guests=$(grep -c ': labelled allow' "$lab/out")
# The one on which the connection was lost counts as not done, even where its label had been written.
grep -qE "($done_guests|$((done_guests - 1))) of $number guests were done, not done: 'guest" "$lab/err" || fail "$done_guests were done: $(cat "$lab/err")"
lab_start_daemon
[ "$(vn list | grep -c ' allow ')" -ge "$done_guests" ] || fail 'what was done is not there'
ok 'a daemon that stays away: what was done is said, and what was not'
lab_done
