#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What `virt-nested list` and `inject --all --dry-run` cost over many guests, against virsh doing the same reading: `list
# --all` and a dumpxml of each, in one virsh (fed on standard input) and, for the smallest number, in one process each.
#   tests/bench/guests_bench.sh [NUMBER...]          (default: 100 1000 10000); needs root, VN_BUILD as in lab.sh
# Seconds of wall time, the best of three; the last column is microseconds for each guest of `list`: it stays level.
set -euo pipefail
. "$(dirname "$0")/../guests/guests.sh"
lab_need

best() {
    local best='' began took
    for _ in 1 2 3; do
        began=$(date +%s%N)
        "$@" >/dev/null 2>&1 || true
        took=$((($(date +%s%N) - began) / 1000))
        [ -n "$best" ] && [ "$best" -le "$took" ] || best=$took
    done
    printf '%s\n' "$best"
}
seconds() { printf '%d.%03d' $(($1 / 1000000)) $(($1 / 1000 % 1000)); }

virsh_one() { lab_virsh <"$lab/commands"; }
virsh_each() {
    local name
    lab_virsh list --all
    while read -r _ _ name; do lab_virsh dumpxml --inactive "$name"; done < <(grep dumpxml "$lab/commands")
}

printf '%8s %10s %10s %14s %14s %14s\n' guests list inject virsh-one virsh-each 'us/guest'
[ $# -gt 0 ] || set -- 100 1000 10000
for number in "$@"; do
    lab_up --no-daemon
    echo 'list --all' >"$lab/commands"
    for ((i = 0; i < number; i++)); do
        lab_guest "guest$i" cpu=kvm64 label=require more_xml="<uuid>$(printf '%08d-1111-4111-8111-111111111111' "$i")</uuid>" \
            >"$lab/etc/libvirt/qemu/guest$i.xml"
        echo "dumpxml --inactive guest$i" >>"$lab/commands"
    done
    lab_start_daemon
    [ "$(lab_virsh list --all --name | grep -c guest)" = "$number" ] || fail "libvirtd knows other than $number guests"
    list=$(best vn list --format json)
    inject=$(best vn inject --all --dry-run)
    one=$(best virsh_one)
    each=-
    [ "$number" -gt 100 ] || each=$(seconds "$(best virsh_each)")
    printf '%8s %10s %10s %14s %14s %14s\n' "$number" "$(seconds "$list")" "$(seconds "$inject")" "$(seconds "$one")" "$each" $((list / number))
    lab_down
done
