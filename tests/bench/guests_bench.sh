#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What `virt-nested list` and `inject --all --dry-run` cost over many guests, against virsh doing the same reading: `list
# --all` and a dumpxml of each, in one virsh (fed on standard input) and, for the smallest number, in one process each.
#   tests/bench/guests_bench.sh [NUMBER...]          (default: 100 1000 10000); needs root, VN_BUILD as in lab.sh
# Seconds of wall time, the best of three, and peak memory in MiB, the most of three; the last column is microseconds for each guest of
# `list`: it stays level. Over 64 MiB, or over a third of a virsh for each guest, it ends with 1.
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

# vn_best ARGS...: the best time in $best, the peak in $peak (KiB). A command that fails is no figure.
vn_best() {
    local took kib status
    best='' peak=0
    for _ in 1 2 3; do
        status=0
        lab_in "$VN_BUILD/tests/bench/bench-peak" "$VN_BUILD/validator/virt-nested" "$@" 3>"$lab/told" >/dev/null 2>"$lab/said" || status=$?
        [ "$status" = 0 ] || fail "virt-nested $*: status $status: $(head -n 3 "$lab/said")"
        read -r took kib <"$lab/told"
        took=$((10#${took//./}))
        [ -n "$best" ] && [ "$best" -le "$took" ] || best=$took
        [ "$peak" -ge "$kib" ] || peak=$kib
    done
}
mib() { printf '%d.%d' $(($1 / 1024)) $(($1 % 1024 * 10 / 1024)); }

virsh_one() { lab_virsh <"$lab/commands"; }
virsh_each() {
    local name
    lab_virsh list --all
    while read -r _ _ name; do lab_virsh dumpxml --inactive "$name"; done < <(grep dumpxml "$lab/commands")
}

over=0
printf '%8s %10s %10s %10s %10s %14s %14s %10s\n' guests list MiB inject MiB virsh-one virsh-each us/guest
[ $# -gt 0 ] || set -- 100 1000 10000
for number in "$@"; do
    lab_up --no-daemon
    echo 'list --all' >"$lab/commands"
    guest=$(lab_guest guestNUMBER cpu=kvm64 label=require more_xml='<uuid>UUID-1111-4111-8111-111111111111</uuid>')
    for ((i = 0; i < number; i++)); do
        printf -v uuid %08d "$i"
        text=${guest/NUMBER/$i}
        printf '%s\n' "${text/UUID/$uuid}" >"$lab/etc/libvirt/qemu/guest$i.xml"
        echo "dumpxml --inactive guest$i"
    done >>"$lab/commands"
    lab_start_daemon
    [ "$(lab_virsh list --all --name | grep -c guest)" = "$number" ] || fail "libvirtd knows other than $number guests"
    vn_best list --format json
    list=$best list_peak=$peak
    vn_best inject --all --dry-run
    inject=$best inject_peak=$peak
    one=$(best virsh_one)
    each=-
    if [ "$number" -le 100 ]; then
        each_best=$(best virsh_each)
        each=$(seconds "$each_best")
        [ $((list * 3)) -le "$each_best" ] && [ $((inject * 3)) -le "$each_best" ] || over=1
    fi
    [ "$list_peak" -le 65536 ] && [ "$inject_peak" -le 65536 ] || over=1
    printf '%8s %10s %10s %10s %10s %14s %14s %10s\n' "$number" "$(seconds "$list")" "$(mib "$list_peak")" \
        "$(seconds "$inject")" "$(mib "$inject_peak")" "$(seconds "$one")" "$each" $((list / number))
    lab_down
done
[ "$over" = 0 ]
