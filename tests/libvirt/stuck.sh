#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What stands still around the hook does not make the daemon stand still: a log that nobody reads, a judge that says nothing, and a
# judge that is gone while either is so.
set -euo pipefail
. "$(dirname "$0")/lab.sh"
lab_need

lab_up --host amd on
lab_guest forbidden type=kvm label=forbid cpu=host-passthrough | lab_define
lab_guest needy type=kvm label=require cpu=kvm64 | lab_define
lab_guest plain | lab_define

# A datagram socket whose queue is full: syslog(3) waits for it without limit.
# The shell in between would hold the lifeline.
# shellcheck disable=SC2046
(exec {lab_fd}>&-; exec $(lab_door) /usr/bin/python3 - "$lab/stuck") <<'PYTHON' >/dev/null 2>"$lab/log/stuck.out" &
import os, socket, sys, time
os.unlink("/dev/log")
never_read = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
never_read.bind("/dev/log")
sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sender.setblocking(False)
try:
    while True:
        sender.sendto(b"x" * 100, "/dev/log")
except BlockingIOError:
    pass
open(sys.argv[1], "w").close()
time.sleep(600)
PYTHON
disown
lab_wait 100 test -e "$lab/stuck" || fail "the log does not get stuck: $(cat "$lab/log/stuck.out")"

now() { date +%s%N; }
# Seconds times ten that a command took, which may fail.
took() {
    local before
    before=$(now)
    "$@" >/dev/null 2>&1 || true
    echo $((($(now) - before) / 100000000))
}
# A guest's start is under way while the daemon is asked for another; what it says is in $lab/said.
meanwhile() { # TENTHS that an answer may take
    local answer
    answer=$(took lab_virsh domstate plain)
    [ "$answer" -lt "$1" ] || fail "virsh domstate of another guest took $answer tenths of a second"
    ok "another guest is told about in $answer tenths of a second meanwhile"
}

[ "$(took lab_virsh start forbidden)" -lt 50 ] || fail 'a refusal waits for the log'
expect_refused forbidden 'labelled forbid'
expect_refused needy 'labelled require'
expect_start plain
meanwhile 50
for _ in $(seq 200); do echo 'colour = red'; done >"$lab/etc/virt-nested/virt-nested.conf"
[ "$(took lab_virsh start forbidden)" -lt 50 ] || fail 'two hundred mistakes in the configuration wait for the log'
expect_refused forbidden 'labelled forbid'
rm "$lab/etc/virt-nested/virt-nested.conf"

mv "$lab/bin/virt-nested-judge" "$lab/judge.good"
[ "$(took lab_virsh start forbidden)" -lt 50 ] || fail 'a refusal without a judge waits for the log'
expect_refused forbidden 'could not be judged'
[ "$(took lab_virsh list)" -lt 50 ] || fail 'virsh list hangs'
ok 'virsh list answers'

# A judge that says nothing, then one that says its verdict and stays.
printf '#!/bin/sh\nexec sleep 60\n' >"$lab/bin/virt-nested-judge"
chmod 755 "$lab/bin/virt-nested-judge"
lab_virsh start forbidden >"$lab/said" 2>&1 &
sleep 1
meanwhile 50
wait $! && fail 'forbidden starts'
grep -qF 'gave no answer within 10 s' "$lab/said" || fail "what was said: $(cat "$lab/said")"
ok "$(grep -o 'virt-nested: .*' "$lab/said")"
printf '#!/bin/sh\ncat >/dev/null; echo pass 1 1; exec >&- 2>&- sleep 60\n' >"$lab/bin/virt-nested-judge"
expect_refused forbidden 'gave no answer within 10 s'
lab_copy "$lab/judge.good" "$lab/bin/virt-nested-judge"

# With SIGCHLD ignored a process cannot hear how another one ended.
lab_hook_install --root "$lab/host-amd"
sed -i '2i trap "" CHLD ALRM PIPE' "$lab/etc/libvirt/hooks/qemu.d/99-virt-nested"
expect_refused forbidden 'labelled forbid'
ok 'ignored signals drop no refusal'

lab_done
