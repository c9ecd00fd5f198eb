# SPDX-License-Identifier: GPL-2.0-or-later
# What every boot test shares: a private work folder, a cache keyed by content, expectations, and the time it took.
# Sourced by tests/boot/run; bash.

boot_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source_dir=$(cd "$boot_dir/../.." && pwd)
cache_dir=${VN_BOOT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/virt-nested/boot}
suite=bookworm
started=$(date +%s)
failures=0

say() { printf '%s\n' "$*"; }
die() { printf 'boot test: %s\n' "$*" >&2; exit 1; }

# the Debian mirror that this machine's apt uses; the main archive alone, whose indexes agree with each other
debian_mirror() {
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(ORIGIN)|$(COMPONENT)|$(CODENAME)|$(REPO_URI)' 'Created-By: Packages' |
        sed -n "s/^Debian|main|$suite|//p" | head -n 1
}

# bootstrap ROOT PACKAGES OPTION...: mmdebstrap, its downloads kept for the next time
bootstrap() {
    local root=$1 packages=$2 debs=$cache_dir/debs mirror
    shift 2
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || die "apt knows no Debian $suite mirror"
    mkdir -p "$debs"
    # shellcheck disable=SC2016
    nice -n 10 mmdebstrap --mode=root --aptopt='APT::Install-Recommends "false"' --skip=download/empty,check/empty \
        --include="${packages// /,}" --setup-hook='mkdir -p "$1/var/cache/apt/archives"' \
        --setup-hook="cp -n $debs/*.deb \"\$1/var/cache/apt/archives/\" 2>/dev/null || true" \
        "$@" --customize-hook="cp -n \"\$1\"/var/cache/apt/archives/*.deb $debs/ 2>/dev/null || true" \
        "$suite" "$root" "deb $mirror $suite main" >"$root.log" 2>&1 || { tail -n 30 "$root.log"; return 1; }
    rm -f "$root.log"
}

# skip REASON: 77 is CTest's SKIP_RETURN_CODE.  In CI nothing may be skipped for want of a package.
skip() {
    printf 'boot test: skipped: %s\n' "$*"
    [ "${CI:-}" != true ] || exit 1
    exit 77
}

# need_tools NAME...: programs that the host must have
need_tools() {
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null || [ -e "$tool" ] || skip "no $tool on this machine; run: tests/need boot"
    done
}

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

# cached NAME FUNCTION [TEXT...]: sets CACHED to a folder that FUNCTION DIR once filled.  The key is the function's own
# body and every TEXT, so a changed recipe is a new entry; two runs that want the same one build it once.  A folder
# appears whole or not at all.
cached() {
    local name=$1 function=$2 key lock entry part status
    shift 2
    key=$({ declare -f "$function"; printf '%s\n' "$@"; } | sha256sum | cut -c1-16)
    mkdir -p "$cache_dir"
    entry=$cache_dir/$name-$key
    exec {lock}>"$cache_dir/.$name.lock"
    flock "$lock"
    if [ ! -d "$entry" ]; then
        local begin; begin=$(date +%s)
        part=$(mktemp -d "$cache_dir/.$name-$key.XXXXXX")
        # not as a condition: there the shell would ignore errexit inside the function
        set +e
        ( set -e; exec {lock}>&-; "$function" "$part" "$@" )
        status=$?
        set -e
        if [ "$status" != 0 ]; then rm -rf --one-file-system "$part"; die "$name: could not be built"; fi
        mv "$part" "$entry"
        say "built $name in $(($(date +%s) - begin)) s: $entry"
        # a changed recipe leaves its old product behind; a month unused is long enough
        find "$cache_dir" -mindepth 1 -maxdepth 1 -name "$name-*" ! -path "$entry" -mtime +30 -exec rm -rf --one-file-system {} +
    fi
    touch "$entry"
    exec {lock}>&-
    CACHED=$entry
}

# digest FILE-OR-FOLDER...: one line that changes with any name, mode or content below
digest() {
    local path
    for path in "$@"; do
        [ -e "$path" ] || continue
        (cd "$path" 2>/dev/null || cd "$(dirname "$path")" || exit
         [ -d "$path" ] && path=. || path=$(basename "$path")
         find "$path" -type l -printf '%p %l\n' -o -type f -printf '%p %m ' -exec sha256sum {} \; | LC_ALL=C sort)
    done | sha256sum | cut -d' ' -f1
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
