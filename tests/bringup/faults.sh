#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `virt-nested enable` killed before every system call that it makes, every one that touches the file made to fail, the
# disk full or read-only, an editor in the way: the configuration is the old one or the new one, never half, and what was
# the administrator's is still there.
# shellcheck disable=SC2317 # functions are called through expect
set -euo pipefail
# shellcheck source=tests/bringup/common.sh
. "$(dirname "$0")/common.sh"
in_private_mounts "$@"
need_programs strace

root=$work/root
folder=$root/etc/modprobe.d
file=$folder/00-virt-nested.conf
mkdir -p "$root/proc" "$folder" "$root/usr/lib/modprobe.d"
printf 'processor\t: 0\nvendor_id\t: AuthenticAMD\nflags\t\t: fpu svm npt\n\n' >"$root/proc/cpuinfo"
"$program" disable --root "$root" >/dev/null
cp "$file" "$work/old"
"$program" enable --root "$root" >/dev/null
cp "$file" "$work/new"
printf '# mine\noptions kvm_amd avic=1\n' >"$work/admin"

reset() {
    rm -rf "$folder"
    mkdir "$folder"
    cp "$work/admin" "$folder/kvm.conf"
    [ -z "${1:-}" ] || cp "$1" "$file"
}
# old_or_new: whole, and nothing that modprobe would read beside it
old_or_new() {
    cmp -s "$work/admin" "$folder/kvm.conf" || { echo "the administrator's file has changed"; return 1; }
    if [ -e "$file" ]; then
        cmp -s "$file" "$work/old" || cmp -s "$file" "$work/new" || { echo "half a file:"; cat "$file"; return 1; }
    else
        [ "$1" = absent ] || { echo 'the file is gone'; return 1; }
    fi
    local other
    other=$(find "$folder" -name '*.conf' ! -name kvm.conf ! -name 00-virt-nested.conf)
    [ -z "$other" ] || { echo "modprobe would read $other"; return 1; }
}
# and from there the next run does it all
mends_itself() {
    "$program" enable --root "$root" >"$work/out" 2>&1 || { cat "$work/out"; return 1; }
    cmp -s "$file" "$work/new" || return 1
    [ "$(find "$folder" -mindepth 1 | wc -l)" = 2 ] || { find "$folder"; return 1; }
}

# Of the hundreds of times that something is only read the last ones are taken: the writing is among them.
most=15

# --- killed
for before in absent old; do
    reset "$([ $before = absent ] || echo "$work/old")"
    # From the first look at the root on: what comes before is the loader's, and touches nothing.
    strace -f -qq -o "$work/trace" "$program" enable --root "$root" >/dev/null
    awk '{ sub(/^[0-9]+ +/, ""); sub(/\(.*/, ""); if ($0 ~ /^[a-z_0-9]+$/) n[$0]++ } END { for (c in n) print c, n[c] }' \
        "$work/trace" | grep -vE '^(execve|exit_group|mmap|munmap|mprotect|brk|rt_sig|prctl|pread64|set_|arch_|rseq|prlimit)' \
        >"$work/calls"
    killed=0 wrong=0
    while read -r call count; do
        for ((at = count > most ? count - most + 1 : 1; at <= count; at++)); do
            reset "$([ $before = absent ] || echo "$work/old")"
            status=0
            # In a shell of its own, which says that it was killed to nobody.
            bash -c '"$@"; exit' - strace -f -qq -o /dev/null -e trace="$call" \
                -e inject="$call:signal=KILL:when=$at" "$program" enable --root "$root" \
                >/dev/null 2>&1 </dev/null || status=$?
            [ "$status" = 0 ] || killed=$((killed + 1))
            if ! old_or_new $before || ! mends_itself; then
                echo "      killed before $call number $at"
                wrong=$((wrong + 1))
            fi
        done
    done <"$work/calls"
    if [ "$wrong" = 0 ] && [ "$killed" -gt 20 ]; then
        echo "ok    $before: killed at $killed system calls"
    else
        fail "$before: killed at $killed system calls, $wrong left something wrong"
    fi
done

# --- system calls that fail
wrong=0 failed=0
for error in ENOSPC EIO EACCES; do
    for call in write fsync fchmod renameat2 renameat unlinkat openat flock getrandom newfstatat; do
        count=$(awk -v c="$call" '$1 == c { print $2 }' "$work/calls")
        for ((at = ${count:-0} > 4 * most ? count - 4 * most + 1 : 1; at <= ${count:-0}; at++)); do
            reset "$work/old"
            status=0
            strace -f -qq -o /dev/null -e trace="$call" -e inject="$call:error=$error:when=$at" \
                "$program" enable --root "$root" >"$work/out" 2>&1 </dev/null || status=$?
            [ "$status" = 0 ] || failed=$((failed + 1))
            if [ "$status" -ge 128 ] || ! old_or_new old; then
                echo "      $call number $at: $error (exit status $status)"
                wrong=$((wrong + 1))
            fi
            # Success is only said when the new file stands.
            if [ "$status" = 0 ] && ! cmp -s "$file" "$work/new"; then
                echo "      $call number $at: $error: said to be done, and is not"
                wrong=$((wrong + 1))
            fi
        done
    done
done
if [ "$wrong" = 0 ] && [ "$failed" -gt 10 ]; then echo "ok    failing system calls: $failed runs failed, all whole"; else fail "failing system calls: $failed failed, $wrong wrong"; fi

# --- a power cut: the data is on the disk before the name, the name before success is said
reset "$work/old"
strace -f -qq -y -o "$work/trace" -e trace=write,fsync,renameat2,unlinkat "$program" enable --root "$root" >/dev/null
grep -E '00-virt-nested|modprobe\.d' "$work/trace" | grep -vE 'write\(1<' |
    sed -E 's/^[0-9]+ +//; s/^(write|fsync)\([0-9]+<[^>]*00-virt-nested[^>]*>.*/\1 file/; s/^fsync\([0-9]+<[^>]*modprobe.d>.*/fsync folder/;
            s/^renameat2.*/rename/; s/^unlinkat.*/unlink/' >"$work/order"
printf 'write file\nfsync file\nrename\nfsync folder\nunlink\n' >"$work/wanted"
expect 'order: data, then its fsync, then the name, then the fsync of the folder' diff "$work/wanted" "$work/order"

# --- the disk is full
reset "$work/old"
mkdir "$work/small"
mount -t tmpfs -o size=16k tmpfs "$work/small"
cp -a "$folder/." "$work/small/"
mount --bind "$work/small" "$folder"
head -c 64k /dev/zero >"$folder/fill" 2>/dev/null || true
status=0
"$program" enable --root "$root" >"$work/out" 2>&1 || status=$?
expect 'disk full: refused' test "$status" = 1
says 'disk full: says so' 'No space left on device' "$work/out"
expect 'disk full: the old file stands' cmp "$file" "$work/old"
expect 'disk full: nothing is left beside it' test "$(find "$folder" -name '.*virt-nested*' | wc -l)" = 0
umount "$folder" "$work/small"

# --- read-only
reset "$work/old"
mount --bind "$root/etc" "$root/etc"
mount -o remount,ro,bind "$root/etc"
status=0
"$program" enable --root "$root" >"$work/out" 2>&1 || status=$?
expect 'read-only: refused' test "$status" = 1
says 'read-only: says so' 'Read-only file system' "$work/out"
expect 'read-only: what is as wanted already needs no writing' quietly "$program" disable --root "$root"
expect 'read-only: a dry run needs none either' quietly "$program" enable --dry-run --root "$root"
umount "$root/etc"

# --- /etc/modprobe.d is missing, or a file
rm -rf "$folder"
expect 'no modprobe.d: it is made' quietly "$program" enable --root "$root"
expect 'no modprobe.d: the file is whole' cmp "$file" "$work/new"
rm -rf "$folder"
echo mine >"$folder"
status=0
"$program" enable --root "$root" >"$work/out" 2>&1 || status=$?
expect 'modprobe.d is a file: refused' test "$status" = 1
says 'modprobe.d is a file: says so' 'not a folder' "$work/out"
expect 'modprobe.d is a file: it stands' test "$(cat "$folder")" = mine
rm "$folder"

# --- an editor in the way, at each moment between the look and the end
for moment in getrandom fsync renameat2 unlinkat; do
    for how in replaced written; do
        reset "$work/old"
        strace -f -qq -o /dev/null -e trace=$moment -e inject=$moment:delay_enter=700000:when=1 \
            "$program" enable --root "$root" >"$work/out" 2>&1 </dev/null &
        pid=$!
        sleep 0.4
        echo "# somebody's" >"$work/theirs"
        if [ $how = replaced ]; then
            cp "$work/theirs" "$folder/.swap" && mv "$folder/.swap" "$file"
        else
            cp "$work/theirs" "$file"
        fi
        status=0
        wait $pid || status=$?
        expect "edited ($how) before $moment: theirs stands" cmp -s "$file" "$work/theirs"
        if [ $moment != unlinkat ]; then
            expect "edited ($how) before $moment: refused" test "$status" = 1
        fi
    done
done

# --- two at once
reset "$work/old"
strace -f -qq -o /dev/null -e trace=renameat2 -e inject=renameat2:delay_enter=700000 \
    "$program" enable --root "$root" >/dev/null 2>&1 </dev/null &
pid=$!
sleep 0.4
status=0
"$program" enable --root "$root" >"$work/out" 2>&1 || status=$?
wait $pid
expect 'two at once: the second is refused' test "$status" = 1
says 'two at once: says so' 'another virt-nested is changing it' "$work/out"
done_with
