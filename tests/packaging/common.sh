# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the packaging tests share. Source it; $source is the source tree, $work a folder that goes away at the end.
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/vn-packaging.XXXXXX")
version=$(sed -n 's/^project(virt-nested VERSION \([0-9.]*\) .*/\1/p' "$source/CMakeLists.txt")
checks=0
export version
chmod 755 "$work"

# VN_KEEP=1 keeps the folder, to look at what a failed test has left.
cleanup() { if [ "${VN_KEEP:-0}" = 1 ]; then echo "kept: $work"; else rm -rf "$work"; fi; }
trap cleanup EXIT

ok() { checks=$((checks + 1)); printf 'ok: %s\n' "$*"; }
fail() { printf 'FAIL: %s\n' "$*" >&2; exit 1; }
# fail_log WHAT LOG: its end, then one line with those of LOG that tell what went wrong, wherever in it they are.
fail_log() {
    tail -n 60 "$2" >&2
    fail "$1: $(grep -aE 'rror:|\*\*\*(Failed|Timeout|Exception)|^(E|FAIL): |Segmentation|No space left|Permission denied|^unshare:|^mount:' "$2" |
        head -n 12 | tr '\n' '|')"
}
passed() { [ "$checks" -gt 0 ] || fail 'nothing was checked'; printf 'PASS: %s checks in %s s\n' "$checks" "$SECONDS"; }
skip() { printf 'SKIP: %s\n' "$*"; exit 77; }

# need PART PROGRAM...: a missing program skips, but in CI, where PART of tests/packages is installed, it fails.
need() {
    local part=$1 program
    shift
    for program in "$@"; do
        command -v "$program" >/dev/null && continue
        [ "${CI:-}" != true ] || fail "$program is missing; run: tests/need $part"
        skip "$program is missing; run: tests/need $part"
    done
}
need_root() { [ "$(id -u)" = 0 ] || skip 'needs root, for a scratch root'; }

# same WHAT EXPECTED FOUND: two files.
same() {
    diff -u --label "$1: expected" --label "$1: found" "$2" "$3" >&2 || fail "$1 is not as expected"
    ok "$1: $(wc -l <"$3") as expected"
}

# expected [PACKAGE...]: the files, not the folders, of these packages (all, if none is named), without the packages' names.
expected() { expected_all "$@" | grep -v '/$'; }
expected_all() {
    local names=" $* "
    grep -v '^#' "$source/tests/packaging/files" | while read -r package rest; do
        [ $# = 0 ] || [[ $names == *" $package "* ]] || continue
        printf '%s\n' "$rest"
    done | LC_ALL=C sort
}

# found FOLDER: its files as `expected` writes them; what differs with distribution and package format is left out.
found() {
    find "$1" \( -type f -printf '%m /%P\n' \) -o \( -type l -printf '%m /%P -> %l\n' \) | normal
}
# Compressed manual pages, and links that debhelper makes of a .so; documentation; where Debian 12 keeps what others keep in /usr/lib, and its zsh; its absolute links.
normal() {
    sed -E -e '/ \/usr\/share\/(doc|licenses|lintian)\//d' -e '/ \/usr\/lib\/(\.build-id|debug)/d' -e '/ \/usr\/src\/debug/d' \
        -e 's,^777 (/usr/share/man/[^ ]*)\.gz -> .*,644 \1,' -e 's,(/usr/share/man/.*)\.gz$,\1,' -e 's, /lib/, /usr/lib/,' \
        -e 's,/zsh/vendor-completions/,/zsh/site-functions/,' -e 's,-> /usr/bin/,-> ../../../../usr/bin/,' | LC_ALL=C sort
}

# snapshot ROOT: everything in it, the package manager's own records and logs left out.
snapshot() {
    find "$1" -mindepth 1 -not -path "$1/var/*" -not \( -type d -path "$1/usr/lib/.build-id*" \) -printf '/%P %y %m\n' | LC_ALL=C sort
}

# A root with just enough for maintainer scripts to run in it.
scratch_root() {
    local root=$1 applet
    mkdir -p "$root"/{bin,dev,etc/libvirt,run,tmp,usr/bin,var/lib}
    chmod 700 "$root/etc/libvirt"
    mknod -m 666 "$root/dev/null" c 1 3
    # dpkg takes empty folders away, whoever made them.
    : >"$root/etc/libvirt/libvirtd.conf"
    : >"$root/usr/bin/another-package"
    cp "$(command -v busybox)" "$root/bin/busybox"
    for applet in sh rm ls test true cat grep sed tail sha256sum; do ln -s busybox "$root/bin/$applet"; done
    "$root/bin/busybox" true || fail 'busybox does not run; is it busybox-static?'
}

# What validate leaves on a host, and a drop-in that an administrator made.
lived_in() {
    mkdir -p "$1"/var/cache/virt-nested "$1"/var/lib/virt-nested "$1"/run/virt-nested "$1"/etc/systemd/system/libvirtd.service.d "$1"/etc/modprobe.d
    : >"$1/var/cache/virt-nested/initramfs.json"
    : >"$1/var/lib/virt-nested/prove.json"
    : >"$1/run/virt-nested/validate.prom"
    cp "$source/systemd/libvirt-gate.conf" "$1/etc/systemd/system/libvirtd.service.d/50-virt-nested-gate.conf"
}
# no_reports ROOT: what validate left is gone.
no_reports() {
    local folder
    for folder in "$1/var/cache/virt-nested" "$1/var/lib/virt-nested" "$1/run/virt-nested"; do [ ! -e "$folder" ] || fail "$folder outlives it"; done
}
# names FILE WORDS...: each is in it.
names() {
    local file=$1 words
    shift
    for words in "$@"; do grep -qF -- "$words" "$file" || { cat "$file" >&2; fail "it does not say: $words"; }; done
}

# alone CMD...: as nobody, with an environment of its own, without network, git, /dev/kvm and anything in /sys, as a build farm runs it.
alone() {
    # shellcheck disable=SC2016
    "$source/tests/lib/own-mounts" unshare --net --ipc --uts -- bash -c '
        set -e
        mount -t tmpfs -o ro none /sys
        : >"$0/hidden"
        chmod 000 "$0/hidden"
        for hidden in /usr/bin/git /usr/bin/curl /usr/bin/wget /dev/kvm; do
            [ ! -e "$hidden" ] || mount --bind "$0/hidden" "$hidden"
        done
        exec setpriv --reuid=65534 --regid=65534 --clear-groups env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME="$0" TMPDIR="$0/tmp" "$@"' \
        "$work" "$@"
}
