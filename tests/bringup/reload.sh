#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `virt-nested enable --now` on a live host whose kernel is a folder: a root of the machine's programs with a /sys, an
# /etc and a /dev/kvm of its own, the real modprobe to say what it would load, and one that changes /sys to load it.
# (The boot tests have the real kernel; here it goes wrong at will.)
# shellcheck disable=SC2317 # functions are called through expect
set -euo pipefail
# shellcheck source=tests/bringup/common.sh
. "$(dirname "$0")/common.sh"
in_private_mounts "$@"
need_programs gcc depmod modprobe
# Nothing can be preloaded before AddressSanitizer; the plain build has this test.
if ldd "$program" | grep -qE 'lib(clang_rt\.)?asan' || nm "$program" 2>/dev/null | grep -q __asan_init; then
    echo 'skipped: built with a sanitizer'
    exit 77
fi

host=$work/host
kernel=$(uname -r)
gcc -shared -fPIC -o "$work/fake_kvm.so" "$here/fake_kvm.c"
# A kernel module, as far as modprobe looks.
printf '__attribute__((section(".modinfo"), used)) static const char a[] = "parmtype=nested:int";\n' >"$work/module.c"
tree=$host/fake/lib/modules/$kernel
mkdir -p "$tree/kernel/arch/x86/kvm" "$host"/{sys,proc,dev,etc/modprobe.d,run,tmp,usr}
gcc -c -o "$tree/kernel/arch/x86/kvm/kvm-amd.ko" "$work/module.c"
: >"$tree/modules.order"
: >"$tree/modules.builtin"
: >"$tree/modules.builtin.modinfo"
depmod -b "$host/fake" "$kernel"

mount --rbind /usr "$host/usr"
for name in bin sbin lib lib64 lib32; do
    if [ -L /$name ]; then cp -a /$name "$host/$name"; elif [ -d /$name ]; then mkdir "$host/$name" && mount --rbind /$name "$host/$name"; fi
done
mkdir "$work/empty"
modules=$host$(readlink -f /lib)/modules
[ ! -d "$modules" ] || mount --bind "$work/empty" "$modules"
mount --rbind /proc "$host/proc"
printf 'processor\t: 0\nvendor_id\t: AuthenticAMD\nflags\t\t: fpu svm npt\n\n' >"$work/cpuinfo"
echo quiet >"$work/cmdline"
mount --bind "$work/cpuinfo" "$host/proc/cpuinfo"
mount --bind "$work/cmdline" "$host/proc/cmdline"
# The kernel that this machine runs is none of the folder's.
: >"$work/config"
[ ! -e "$host/proc/config.gz" ] || mount --bind "$work/config" "$host/proc/config.gz"
cp /etc/ld.so.cache "$host/etc/" 2>/dev/null || true
for device in null urandom; do : >"$host/dev/$device" && mount --bind "/dev/$device" "$host/dev/$device"; done
cp "$program" "$work/fake_kvm.so" "$here/modprobe" "$host/fake/"
chmod +x "$host/fake/modprobe"

inside() { LD_PRELOAD='' chroot "$host" /usr/bin/env -i PATH=/fake:/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
nested() { inside LD_PRELOAD=/fake/fake_kvm.so /fake/virt-nested "$@"; }
parameter=$host/sys/module/kvm_amd/parameters/nested
file=$host/etc/modprobe.d/00-virt-nested.conf
# fresh VALUE: the module is loaded with nested=VALUE, nothing is configured
fresh() {
    rm -rf "$host/sys/module" "$host/etc/modprobe.d" "$host"/fake/{refuse,log,slow}
    mkdir -p "$host/etc/modprobe.d" "$host/sys/module/kvm_amd/parameters" "$host/sys/module/kvm_amd/holders"
    echo live >"$host/sys/module/kvm_amd/initstate"
    echo 0 >"$host/sys/module/kvm_amd/refcnt"
    echo "$1" >"$parameter"
    : >"$host/dev/kvm"
    : >"$host/fake/log"
}
# run STATUS COMMAND...: nested COMMAND ends with that
run() {
    local wanted=$1 status=0
    shift
    nested "$@" >"$work/out" 2>&1 </dev/null || status=$?
    [ "$status" = "$wanted" ] || { echo "exit status $status, not $wanted:"; sed 's/^/      /' "$work/out"; return 1; }
}
is() { [ "$(cat "$1")" = "$2" ]; }
calls() { printf '%s\n' "$@" | diff - "$host/fake/log"; }

fresh 0
expect 'a dry run is a pass' run 0 enable --now --dry-run
expect 'a dry run proves nothing' bash -c '! grep -q proof "$1"' _ "$work/out"
says 'a dry run: the plan' 'would run: modprobe -r kvm_amd; modprobe kvm_amd' "$work/out"
expect 'a dry run changes nothing' test ! -e "$file" -a ! -s "$host/fake/log"
expect 'without --now the configuration is written' run 0 enable
says 'without --now: when it counts' 'counts from the next load: virt-nested enable --now, or a reboot' "$work/out"
expect 'without --now the module is left alone' is "$parameter" 0

fresh 0
expect 'enable --now' run 0 enable --now
expect 'enable --now: the module has it' is "$parameter" 1
says 'enable --now: KVM was asked' 'KVM: svm offered' "$work/out"
expect 'enable --now: its last line offers the proof' test "$(tail -n 1 "$work/out")" = "a guest's guest that runs is the proof: virt-nested prove"
expect 'enable --now: asked, unloaded, loaded' calls '--show-depends kvm_amd' '-r kvm_amd' kvm_amd
expect 'enable --now again' run 0 enable --now
says 'enable --now again: nothing to do' 'nothing to reload' "$work/out"
expect 'disable --now' run 0 disable --now
expect 'disable --now: the module has it' is "$parameter" 0

fresh 0
rm -rf "$host/sys/module/kvm_amd" "$host/dev/kvm"
expect 'the module is not loaded: it is' run 0 enable --now
expect 'the module is not loaded: just loaded' calls '--show-depends kvm_amd' kvm_amd

fresh 0
echo 3 >"$host/sys/module/kvm_amd/refcnt"
mkdir -p "$host/run/libvirt/qemu"
: >"$host/run/libvirt/qemu/web1.xml"
expect 'in use: refused' run 1 enable --now
says 'in use: the guest is named' "guest 'web1'" "$work/out"
expect 'in use: nothing was tried' test ! -s "$host/fake/log"
expect 'in use: the configuration is written' grep -q 'kvm_amd nested=1' "$file"
rm -rf "$host/run/libvirt"

fresh 0
sleep 300 9<"$host/dev/kvm" &
holder=$!
expect 'a process holds /dev/kvm: refused' run 1 enable --now
says 'a process holds /dev/kvm: it is named' "sleep (process $holder)" "$work/out"
kill $holder

fresh 0
echo 'options kvm_amd nested=Y' >"$host/etc/modprobe.d/zz.conf"
expect 'a value that does not load: refused' run 1 enable --now
says 'a value that does not load: named' '/etc/modprobe.d/zz.conf:1 says nested=Y: fatal' "$work/out"
expect 'a value that does not load: the module is there still' is "$parameter" 0
expect 'a value that does not load: nothing was unloaded' test ! -s "$host/fake/log"

fresh 0
echo 'options kvm_amd nested=0' >"$host/etc/modprobe.d/zz.conf"
expect 'beaten by a file: refused' run 1 enable --now
expect 'beaten by a file: the module is left alone' is "$parameter" 0

fresh 0
echo 'options kvm_amd nested=0' >"$host/etc/modprobe.d/zz.conf"
expect 'until the next boot: a dry run' run 0 enable --now --runtime --dry-run
says 'until the next boot: the plan' 'would run: modprobe -r kvm_amd; modprobe kvm_amd nested=1' "$work/out"
expect 'until the next boot: whatever a file says' run 0 enable --now --runtime
expect 'until the next boot: the module has it' is "$parameter" 1
expect 'until the next boot: nothing is written' test ! -e "$file"
expect 'until the next boot: asked, unloaded, loaded' calls '--show-depends kvm_amd nested=1' '--show-depends kvm_amd nested=1' \
    '-r kvm_amd' 'kvm_amd nested=1'
says 'until the next boot: and what that brings' \
    'at the next boot nesting is off: nested=0 (/etc/modprobe.d/zz.conf:1)' "$work/out"
expect 'until the next boot: again' run 0 enable --now --runtime
says 'until the next boot: nothing to do' 'nothing to reload' "$work/out"
expect 'until the next boot: off' run 0 disable --now --runtime
expect 'until the next boot: it is off' is "$parameter" 0
echo 3 >"$host/sys/module/kvm_amd/refcnt"
expect 'until the next boot: never under a guest' run 1 enable --now --runtime
expect 'until the next boot: without --now' run 2 enable --runtime
says 'until the next boot: without --now, said' 'needs --now' "$work/out"

fresh 0
echo 'quiet kvm_amd.nested=0' >"$work/cmdline"
expect 'beaten by the command line: refused' run 1 enable --now
says 'beaten by the command line: said' '/proc/cmdline says nested=0' "$work/out"
echo quiet >"$work/cmdline"

fresh 0
echo nested=1 >"$host/fake/refuse"
expect 'the load fails: a failure' run 1 enable --now
says 'the load fails: why' 'Device or resource busy' "$work/out"
says 'the load fails: it went back' 'is loaded again, as it was configured before' "$work/out"
expect 'the load fails: our file is gone again' test ! -e "$file"
expect 'the load fails: the host has KVM' test -e "$host/dev/kvm"

fresh 1
expect 'a previous file' run 0 disable
cp "$file" "$work/before"
echo 0 >"$parameter"
echo nested=1 >"$host/fake/refuse"
expect 'the load fails: a failure here too' run 1 enable --now
expect 'the load fails: the previous file is back' cmp "$file" "$work/before"
expect 'the load fails: loaded as before' is "$parameter" 0

fresh 0
echo all >"$host/fake/refuse"
expect 'nothing loads: a failure' run 1 enable --now
says 'nothing loads: said loudly' 'this host has no KVM now, run: modprobe -v kvm_amd' "$work/out"

fresh 0
mv "$host/fake/modprobe" "$host/fake/modprobe.away"
: >"$work/nothing"
mount --bind "$work/nothing" "$host$(readlink -f "$(PATH=$PATH:/usr/sbin:/sbin command -v kmod)")"
expect 'modprobe is missing: refused' run 1 enable --now
says 'modprobe is missing: said' 'modprobe' "$work/out"
expect 'modprobe is missing: the module is left alone' is "$parameter" 0
umount "$host$(readlink -f "$(PATH=$PATH:/usr/sbin:/sbin command -v kmod)")"
mv "$host/fake/modprobe.away" "$host/fake/modprobe"

# The connection is lost between unloading and loading.
fresh 0
: >"$host/fake/slow"
(nested enable --now >/dev/null 2>&1 || true) 2>/dev/null &
for ((i = 0; i < 100; i++)); do grep -q -e '^-r' "$host/fake/log" && break; sleep 0.1; done
for process in /proc/[0-9]*; do
    # Only ours: their root is this test's.
    if [ "$(readlink "$process/root" 2>/dev/null)" = "$host" ] && [ "$(cat "$process/comm")" = virt-nested ]; then
        kill -HUP "${process#/proc/}"
    fi
done
for ((i = 0; i < 100; i++)); do [ "$(cat "$parameter" 2>/dev/null)" = 1 ] && break; sleep 0.1; done
expect 'the connection is lost: the module comes back all the same' is "$parameter" 1
wait
done_with
