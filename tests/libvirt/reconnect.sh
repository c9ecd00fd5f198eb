#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A daemon that restarts asks reconnect for every running guest and kills those whose hook fails: none of ours may, whatever is broken.
set -euo pipefail
. "$(dirname "$0")/lab.sh"
lab_need

lab_up --host amd off
cp "$lab/bin/virt-nested-judge" "$lab/judge.good"
lab_guest plain | lab_define
lab_guest nests label=require cpu=EPYC svm=require | lab_define
lab_guest emulated label=forbid cpu=EPYC | lab_define
guests=(plain nests emulated)
for guest in "${guests[@]}"; do expect_start "$guest"; done
if lab_kvm; then
    lab_guest exposed type=kvm label=forbid cpu_xml="<cpu mode='host-passthrough'><feature policy='disable' name='arch-capabilities'/></cpu>" | lab_define
    expect_start exposed
    guests+=(exposed)
fi

survive() { # WHAT IS BROKEN
    local guest
    : >"$lab/syslog"
    lab_restart
    for guest in "${guests[@]}"; do lab_running "$guest" || fail "$guest was killed at reconnect: $1"; done
    ok "all guests survive a restart: $1"
}
judge_script() {
    printf '#!/bin/sh\n%s\n' "$1" >"$lab/judge.new"
    chmod 755 "$lab/judge.new"
    mv -f "$lab/judge.new" "$lab/bin/virt-nested-judge"
}

survive 'nothing broken'
if [ ${#guests[@]} = 4 ]; then
    lab_nesting_host amd on >/dev/null
    survive 'a guest that would be refused by now'
    # The answer does not wait for the words.
    lab_wait 100 grep -q "'exposed' at reconnect: labelled forbid" "$lab/syslog" || fail "the log does not say what is wrong with exposed: $(lab_syslog)"
    ok 'the log says what is wrong with it'
fi
lab_stop_daemon -KILL
rm -f "$lab/run/libvirtd.pid"
lab_start_daemon
for guest in "${guests[@]}"; do lab_running "$guest" || fail "$guest was killed after a crash of the daemon"; done
ok 'all guests survive a crash of the daemon'

lab_config $'unlabelled = forbid\nhonour_allow = no'
survive 'a site that forbids unlabelled guests'
lab_config $'\001\377 = \nunlabelled\n[x\nundetermined = = ='
survive 'garbage for a configuration'
rm "$lab/etc/virt-nested/virt-nested.conf"
mkfifo "$lab/etc/virt-nested/virt-nested.conf"
survive 'a FIFO for a configuration'
rm "$lab/etc/virt-nested/virt-nested.conf"
rm -r "$lab/host-amd"
survive 'no facts about the host'
rm "$lab/bin/virt-nested-judge"
survive 'the judge is gone'
lab_wait 100 grep -q 'could not be judged at reconnect' "$lab/syslog" || fail 'nothing in the log about a judge that is gone'
judge_script 'kill -SEGV $$'
survive 'the judge crashes'
judge_script 'exit 1'
survive 'the judge refuses without a word'
judge_script 'echo out; echo err >&2; exit 1'
survive 'the judge refuses at reconnect'
head -c 100000 /dev/urandom >"$lab/bin/virt-nested-judge"
survive 'the judge is no program'
chmod 000 "$lab/bin/virt-nested-judge"
survive 'the judge may not be run'
judge_script 'exec sleep 60'
survive 'the judge hangs'
mv -f "$lab/judge.good" "$lab/bin/virt-nested-judge"

# --- removed half, then altogether, and installed anew: as a package has it, a link
lab_hook_install
rm "$lab/bin/virt-nested-hook"
survive 'the link leads nowhere'
lab_hook_remove
survive 'the hook is removed'
lab_hook_install
survive 'the hook is there again'

lab_done
