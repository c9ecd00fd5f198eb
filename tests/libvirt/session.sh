#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# qemu:///session: a daemon of a user's own runs the same hook as that user.
set -euo pipefail
. "$(dirname "$0")/lab.sh"
lab_need

command -v setpriv >/dev/null || skip 'setpriv is missing'
lab_up --no-daemon
home=$lab/home
mkdir -p "$home/run"
chown -R nobody "$home"
chmod 700 "$home" "$home/run"
as_nobody() {
    lab_in setpriv --reuid nobody --regid nogroup --clear-groups env -i "PATH=$lab_path" "HOME=$home" "XDG_RUNTIME_DIR=$home/run" LANG=C.UTF-8 "$@"
}
lab_virsh() { as_nobody virsh -q -c qemu:///session "$@"; }
as_nobody libvirtd -d >"$lab/log/libvirtd.out" 2>&1 || skip "no session daemon here: $(cat "$lab/log/libvirtd.out")"
lab_wait 100 lab_virsh version || fail 'the session daemon does not answer'
mkdir -p "$lab/log"

expect_session_start() {
    local said
    said=$(lab_virsh start "$1" 2>&1) || fail "$1 does not start: $said"
    ok "$1 starts as a user's guest"
}
chmod 777 "$lab"
lab_guest plain | lab_define
expect_session_start plain
lab_guest nests label=require cpu=EPYC svm=require | lab_define
expect_session_start nests
lab_guest lacks label=require cpu=kvm64 | lab_define
expect_hook_refusal 'labelled require' start lacks

lab_done
