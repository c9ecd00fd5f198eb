#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The units under systemd's own checks.
# shellcheck disable=SC2317 # functions are called through expect
set -euo pipefail
# shellcheck source=tests/bringup/common.sh
. "$(dirname "$0")/common.sh"
need_programs systemd-analyze

# A root with our units, systemd's own, and a libvirt that is gated.
root=$work/root
units=$root/usr/lib/systemd/system
mkdir -p "$units" "$root/usr/bin" "$root/usr/sbin"
for folder in /usr/lib/systemd/system /lib/systemd/system; do
    [ ! -d "$folder" ] || cp -a "$folder/." "$units/"
    [ -L /lib ] && break
done
for folder in bin sbin lib; do ln -s "usr/$folder" "$root/$folder"; done
ours=(virt-nested-validate.service virt-nested-validate.timer virt-nested-gate.service)
for unit in "${ours[@]}"; do
    if [ -f "$build/systemd/$unit" ]; then cp "$build/systemd/$unit" "$units/"; else cp "$source_dir/systemd/$unit" "$units/"; fi
done
exec=$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' "$units/virt-nested-validate.service")
mkdir -p "$root${exec%/*}"
cp /bin/true "$root$exec"
for daemon in libvirtd virtqemud; do
    rm -rf "$units/$daemon".*
    cp /bin/true "$root/usr/sbin/$daemon"
    printf '[Unit]\nDescription=a daemon\n[Service]\nExecStart=/usr/sbin/%s\n' "$daemon" >"$units/$daemon.service"
    printf '[Unit]\nDescription=its socket\n[Socket]\nListenStream=/run/%s\n[Install]\nWantedBy=sockets.target\n' \
        "$daemon" >"$units/$daemon.socket"
    mkdir -p "$root/etc/systemd/system/$daemon.service.d"
    cp "$source_dir/systemd/libvirt-gate.conf" "$root/etc/systemd/system/$daemon.service.d/50-virt-nested-gate.conf"
done

verify() {
    # Manual pages and programs of other units are not in that root: only lines on our units count.
    systemd-analyze verify --man=no --root="$root" "$1" >"$work/verify" 2>&1 || true
    ! grep -E 'virt-nested|libvirtd|virtqemud|cycle' "$work/verify"
}
for unit in "${ours[@]}" libvirtd.service virtqemud.service libvirtd.socket; do
    expect "systemd-analyze verify $unit" verify "$unit"
done
# The check itself: a unit that is wrong is found.
printf '[Service]\nExecStart=/usr/bin/no-such-program\nNoSuchKey=1\n' >"$units/virt-nested-wrong.service"
if verify virt-nested-wrong.service >/dev/null; then fail 'systemd-analyze verify finds nothing wrong in a wrong unit'; fi

exposure() {
    systemd-analyze security --no-pager --offline=yes --threshold="$2" "$units/$1" >"$work/security" 2>&1 ||
        { tail -3 "$work/security"; return 1; }
}
# Tenths; 15 is 1.5 of 10, "OK".
expect 'exposure of virt-nested-validate.service is at most 1.6' exposure virt-nested-validate.service 16
expect 'exposure of virt-nested-gate.service is at most 1.6' exposure virt-nested-gate.service 16
if exposure libvirtd.service 16 >/dev/null; then fail 'systemd-analyze security finds nothing in an open unit'; fi

# What would make the validation blind.
for unit in virt-nested-validate.service virt-nested-gate.service; do
    if grep -nE '^(PrivateDevices|ProtectKernelModules)=(yes|true|1)|^ProcSubset=pid' "$units/$unit"; then
        fail "$unit hides what the validation reads"
    fi
    expect "$unit: a warning is no failure" grep -qx 'SuccessExitStatus=4' "$units/$unit"
    if grep -n '^RemainAfterExit' "$units/$unit"; then fail "$unit would not run again"; fi
done
done_with
