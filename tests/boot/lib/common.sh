# SPDX-License-Identifier: GPL-2.0-or-later
# What every boot test shares beside tests/lib: a private work folder, expectations, and the time it took.
# Sourced by tests/boot/run; bash.

boot_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
started=$(date +%s)
failures=0

# The work folder: private, and gone when the test ends, whichever way it ends.  VN_BOOT_KEEP=1 keeps it.
make_work() {
    work=$(mktemp -d "${TMPDIR:-/tmp}/virt-nested-boot.XXXXXX")
    trap 'leave $?' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

leave() {
    local status=$1 job
    trap - EXIT
    for job in $(jobs -p); do kill -KILL "$job" 2>/dev/null || true; done
    wait
    if [ -n "${VN_BOOT_KEEP:-}" ]; then say "kept: $work"; else rm -rf --one-file-system "$work"; fi
    exit "$status"
}

# --- what the guest said -------------------------------------------------------------------------------------------
# A guest reports lines `VN ok WORDS`, `VN FAIL WORDS`, `VN note WORDS` and, as its last act, `VN done COUNT`.

# judge NAME LOG [MINIMUM]: the guest ran to its end, made at least MINIMUM checks, and none of them failed.
judge() {
    local name=$1 log=$2 minimum=${3:-1} count bad=0
    sed -n 's/^\[ *\([0-9.]*\)\] VN \(ok\|FAIL\|note\) /  [\1 s] \2  /p' "$log" | cut -c1-400
    count=$(sed -n 's/^\[[^]]*\] VN done \([0-9]*\).*/\1/p' "$log" | tail -n 1)
    if [ -z "$count" ]; then say "  FAIL  $name: the guest did not run to its end"; bad=1
    elif [ "$count" -lt "$minimum" ]; then say "  FAIL  $name: $count checks were made, $minimum expected"; bad=1
    fi
    if grep -q '^\[[^]]*\] VN FAIL ' "$log"; then bad=1; fi
    [ "$bad" = 0 ] || { failures=$((failures + 1)); show_log "$name" "$log"; }
}

show_log() {
    say "--- console of $1 (last 250 lines of $(wc -l <"$2"))"
    tail -n 250 "$2" | cut -c1-300
    grep -v "TCG doesn't support requested feature" "$2.err" | tail -n 20 || true
    say "--- end"
}

# finish: the verdict of the whole test
finish() {
    say "wall: $(($(date +%s) - started)) s"
    [ "$failures" = 0 ] || die "$failures boots failed"
}
