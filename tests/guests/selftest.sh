#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# selftest finds each way in which enforcement can be dead, and leaves no guest behind.
set -euo pipefail
. "$(dirname "$0")/guests.sh"
lab_need
lab_up --no-hook

nothing_left() {
    local left
    left=$(lab_virsh list --all --name | grep virt-nested-selftest) || return 0
    fail "left behind: $left"
}

expect_vn 1 'there is no hook of ours' selftest
nothing_left
lab_hook_install
expect_vn 1 'the daemon did not run it' selftest
lab_reload
expect_vn 0 'the hook is live' selftest
chmod 644 "$lab/bin/virt-nested-hook"
expect_vn 1 'is not executable' selftest
nothing_left
chmod 755 "$lab/bin/virt-nested-hook"
rm "$lab/bin/virt-nested-hook"
expect_vn 1 'leads nowhere' selftest
lab_hook_install
expect_vn 0 'the hook is live' selftest
printf '#!/bin/sh\nexit 1\n' >"$lab/etc/libvirt/hooks/qemu.d/zz-busy"
chmod 755 "$lab/etc/libvirt/hooks/qemu.d/zz-busy"
expect_vn 1 'another hook stands in the way' selftest
printf '#!/nonexistent/interpreter\n' >"$lab/etc/libvirt/hooks/qemu.d/zz-busy"
expect_vn 1 'could not be executed' selftest
rm "$lab/etc/libvirt/hooks/qemu.d/zz-busy"
lab_config 'unlabelled = allow'
expect_vn 0 '' selftest --quiet
[ -z "$said" ] || fail "--quiet: $said"

# Killed at any moment, it leaves nothing behind: no canary, and no guest of anybody else's touched.
lab_hook_remove
for delay in 0.02 0.05 0.1 0.2 0.4 0.8; do
    lab_in timeout --signal=KILL "$delay" "$VN_BUILD/validator/virt-nested" selftest >/dev/null 2>&1 || true
done
nothing_left_yet() { ! lab_virsh list --all --name | grep -q virt-nested-selftest; }
lab_wait 100 nothing_left_yet || fail "left behind: $(lab_virsh list --all)"
ok 'killed at any moment, it leaves no canary behind'
lab_done
