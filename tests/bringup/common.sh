# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the tests of this folder share: a folder of their own, expectations, and skips that say why.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2034 # for the tests
source_dir=$(cd "$here/../.." && pwd)
build=${VN_BUILD:?the build folder}
# shellcheck disable=SC2034
program=$build/validator/virt-nested
failures=0

skip() {
    echo "skipped: $1"
    exit 77
}

need_programs() {
    local name
    for name in "$@"; do
        command -v "$name" >/dev/null || PATH=$PATH:/usr/sbin:/sbin command -v "$name" >/dev/null && continue
        # A failure where all packages are meant to be there.
        [ "${CI:-}" != true ] || { echo "FAIL  $name is not installed; run: tests/need bringup"; exit 1; }
        skip "$name is not installed; run: tests/need bringup"
    done
}

# Starts the script again in a mount namespace of its own, as root there: mounts end with it.
in_private_mounts() {
    [ -z "${VN_PRIVATE:-}" ] || return 0
    local how=("$source_dir/tests/lib/own-mounts") said
    [ "$(id -u)" = 0 ] || how=(unshare --map-root-user "${how[@]}")
    said=$("${how[@]}" mount -t tmpfs tmpfs /run 2>&1) || skip "nothing can be mounted here (root, or user namespaces): $said"
    rm -rf "$work" # the script that is started has its own
    VN_PRIVATE=1 exec "${how[@]}" bash "$0" "$@"
}

fail() {
    echo "FAIL  $1"
    failures=$((failures + 1))
}

# expect NAME COMMAND...: it succeeds
expect() {
    local name=$1
    shift
    if "$@"; then echo "ok    $name"; else fail "$name"; fi
}

quietly() { "$@" >/dev/null; }

# says NAME TEXT FILE: the file holds the text
says() {
    if grep -qF -- "$2" "$3"; then echo "ok    $1"; else fail "$1; not said: $2; but:" && sed 's/^/      /' "$3"; fi
}

done_with() {
    [ "$failures" = 0 ] || { echo "$failures failed"; exit 1; }
    exit 0
}

work=$(mktemp -d "${TMPDIR:-/tmp}/virt-nested-bringup-XXXXXX")
clean_up() {
    # Mounts inside are the namespace's, and gone with it; here they only stand in the way.
    if [ -n "${VN_PRIVATE:-}" ]; then
        awk -v work="$work/" 'index($5, work) == 1 { print $5 }' /proc/self/mountinfo | sort -r |
            while read -r at; do umount -l "$at" 2>/dev/null || true; done
    fi
    rm -rf --one-file-system "$work"
}
trap clean_up EXIT
