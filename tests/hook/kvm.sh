#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The live /dev/kvm missing, or something else in its place: require is refused with the reason, forbid as the facts are.
set -euo pipefail
. "$(dirname "$0")/../libvirt/lab.sh"
lab_need

judge() { # LABEL
    lab_guest web1 type=kvm "label=$1" cpu=host-passthrough |
        lab_in timeout 20 "$lab/bin/virt-nested-hook" web1 prepare begin - 2>&1
}
refused() { # LABEL WORDS
    local said status=0
    said=$(judge "$1") || status=$?
    [ "$status" = 1 ] && grep -qF -- "$2" <<<"$said" || fail "$1: status $status, no '$2' in: $said"
    ok "$said"
}
passed() {
    local said
    said=$(judge "$1") && [ -z "$said" ] || fail "$1 is refused: $said"
    ok "$1 passes"
}

lab_up --no-daemon --dev-kvm none
refused require '/dev/kvm is missing'
passed forbid
passed none
scratch=$lab/nodes
mkdir "$scratch"
mkfifo "$scratch/fifo"
: >"$scratch/file"
for node in /dev/null "$scratch/fifo" "$scratch/file"; do
    lab_up --no-daemon --dev-kvm "$node"
    refused require 'could not be determined'
    refused forbid 'cannot be determined'
    passed none
    lab_down
done
lab_done
