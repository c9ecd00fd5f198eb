# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests share that download or build: a cache keyed by content, Debian's packages unpacked, how to skip.
# Sourced, by a script that has set `test_part`, its line in tests/packages; bash.

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache_dir=${VN_BOOT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/virt-nested/boot}
suite=bookworm

say() { printf '%s\n' "$*"; }
die() { printf '%s test: %s\n' "$test_part" "$*" >&2; exit 1; }

# skip REASON: 77 is CTest's SKIP_RETURN_CODE.  In CI nothing may be skipped for want of a package.
skip() {
    printf '%s test: skipped: %s\n' "$test_part" "$*"
    [ "${CI:-}" != true ] || exit 1
    exit 77
}

# need_tools NAME...: programs that the host must have
need_tools() {
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null || [ -e "$tool" ] || skip "no $tool on this machine; run: tests/need $test_part"
    done
}

# the Debian mirror that this machine's apt uses; the main archive alone, whose indexes agree with each other
debian_mirror() {
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(ORIGIN)|$(COMPONENT)|$(CODENAME)|$(REPO_URI)' 'Created-By: Packages' |
        sed -n "s/^Debian|main|$suite|//p" | head -n 1
}

# bootstrap ROOT PACKAGES OPTION...: mmdebstrap, its downloads kept for the next time; of the Debian $release, if that is set
bootstrap() {
    local root=$1 packages=$2 debs=$cache_dir/debs mirror
    shift 2
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || die "apt knows no Debian $suite mirror"
    # A mirror that stands still has sid beyond its day: what it says of itself holds for a week.
    local dated=true
    [ "${release:-}" != sid ] || dated=false
    mkdir -p "$debs"
    # shellcheck disable=SC2016
    nice -n 10 "$source_dir/tests/lib/own-mounts" mmdebstrap --mode=root --aptopt='APT::Install-Recommends "false"' \
        --aptopt="Acquire::Check-Valid-Until \"$dated\"" --dpkgopt=force-unsafe-io --skip=download/empty,check/empty \
        --include="${packages// /,}" --setup-hook='mkdir -p "$1/var/cache/apt/archives"' \
        --setup-hook="cp -n $debs/*.deb \"\$1/var/cache/apt/archives/\" 2>/dev/null || true" \
        "$@" --customize-hook="cp -n \"\$1\"/var/cache/apt/archives/*.deb $debs/ 2>/dev/null || true" \
        "${release:-$suite}" "$root" "deb $mirror ${release:-$suite} main" >"$root.log" 2>&1 || { tail -n 30 "$root.log"; return 1; }
    rm -f "$root.log"
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
        if [ "$status" != 0 ]; then
            rm -rf --one-file-system "$part"
            [ "$status" != 77 ] || exit 77 # it has said why
            die "$name: could not be built"
        fi
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
