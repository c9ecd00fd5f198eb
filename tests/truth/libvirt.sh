#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What libvirt makes of each form of <cpu>, by its own word, is what definitions.py has as a rule.
set -euo pipefail
# shellcheck source=../libvirt/lab.sh
. "$(dirname "$0")/../libvirt/lab.sh"
lab_need
lab_up --no-hook
run=$lab_source/tests/truth/run
mkdir "$lab/forms"
count=0
while IFS=$'\t' read -r key xml; do
    count=$((count + 1))
    printf '%s\n' "$xml" >"$lab/forms/$count"
    printf 'echo "FORM|%s|"\ndomxml-to-native qemu-argv %s\n' "$key" "$lab/forms/$count"
done < <("$run" --rule-ask) >"$lab/commands"
# One virsh, whose words are one argument: the kernel takes 128 KiB of that.
split -l 400 "$lab/commands" "$lab/commands."
for part in "$lab"/commands.*; do lab_virsh "$(cat "$part")" || true; done >"$lab/argv" 2>&1
"$run" --rule-same "$lab/argv" || fail "libvirt does otherwise"
ok "libvirt was asked about $count definitions"
lab_done
