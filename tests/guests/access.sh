#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a daemon refuses: users whom polkit keeps from some guests, and the read-only socket.
set -euo pipefail
. "$(dirname "$0")/guests.sh"
lab_need
for program in dbus-daemon dbus-send setpriv; do
    command -v "$program" >/dev/null || fail "$program is missing; run: tests/need libvirt"
done
[ -x /usr/lib/polkit-1/polkitd ] || fail 'polkitd is missing; run: tests/need libvirt'
lab_up --no-daemon

# --- the real polkit, asked by libvirtd over a system bus of the lab's own
sed -i 's/^unix_sock_rw_perms = .*/unix_sock_rw_perms = "0777"\naccess_drivers = [ "polkit" ]/' "$lab/etc/libvirt/libvirtd.conf"
mkdir -p "$lab/run/dbus" "$lab/etc/polkit-1/rules.d"
# root may do all (polkit never asks for it); anybody else as the guest's name says.
cat >"$lab/etc/polkit-1/rules.d/00-lab.rules" <<'JS'
polkit.addRule(function(action, subject) {
    var guest = action.lookup("domain_name"), right = action.id.replace("org.libvirt.api.", "");
    if (right === action.id) return polkit.Result.NOT_HANDLED;
    var writes = ["domain.write", "domain.save", "domain.read-secure", "domain.start"].indexOf(right) >= 0;
    if (guest === "hidden" || guest === "shy" && right === "domain.read") return polkit.Result.NO;
    if (guest === "sealed" && right === "domain.read-secure") return polkit.Result.NO;
    return writes && guest !== "mine" && guest !== "sealed" ? polkit.Result.NO : polkit.Result.YES;
});
JS
# Without the lab's pipe: else they would keep the lab up.
(exec {lab_fd}>&-; lab_in dbus-daemon --system --nofork --nopidfile >"$lab/dbus.log" 2>&1) &
lab_wait 100 test -S "$lab/run/dbus/system_bus_socket" || fail "no system bus: $(cat "$lab/dbus.log")"
(exec {lab_fd}>&-; lab_in /usr/lib/polkit-1/polkitd >"$lab/polkitd.log" 2>&1) &
polkit_answers() {
    grep -q 'boolean true' <<<"$(lab_in dbus-send --system --print-reply --dest=org.freedesktop.DBus / \
        org.freedesktop.DBus.NameHasOwner string:org.freedesktop.PolicyKit1)"
}
lab_wait 100 polkit_answers || fail "no polkitd: $(cat "$lab/polkitd.log")"
lab_start_daemon
for guest in hidden mine sealed shy theirs; do lab_guest "$guest" cpu=kvm64 | lab_define; done

# The programs where any user can reach them; this replaces vn, which is root's.
mkdir "$lab/programs"
cp "$VN_BUILD/validator/virt-nested" "$VN_BUILD/validator/virt-nested-guests" "$lab/programs"
vn() {
    local command=$1
    shift
    lab_in setpriv --reuid nobody --regid nogroup --clear-groups timeout 120 "$lab/programs/virt-nested" "$command" --connect "${socket:-qemu:///system}" "$@"
}
before=$(for guest in hidden shy theirs; do definition "$guest"; done)

expect_vn 0 "mine: labelled require; svm policy='require' added" label mine require
expect_vn 1 "virt-nested label: 'theirs': access denied: 'QEMU' denied access; the daemon's access control (polkit" label theirs require
expect_vn 1 "'hidden': access denied" label hidden require
expect_vn 3 "'hidden': access denied" explain hidden
expect_vn 1 "sealed: labelled require" label sealed require
grep -q "'sealed': labelled require, but its definition was not changed: access denied" <<<"$said" || fail "$said"
expect_vn 1 'access denied' inject sealed

# One that is refused spoils none of the others.
expect_vn 1 "'theirs': access denied" label --all allow
grep -q '^mine: labelled allow' <<<"$said" || fail "$said"
grep -q '^sealed: labelled allow' <<<"$said" || fail "$said"
expect_vn 1 "'shy': access denied" inject --all
[ "$(for guest in hidden shy theirs; do definition "$guest"; done)" = "$before" ] || fail 'a refused change changed a definition'

# What may not be read is unknown, and not exposed or harmless by guess.
expect_vn 4 'shy' list
grep -qE '^shy +shut off +unknown +unknown +undetermined' <<<"$said" || fail "$said"
if grep -q '^hidden' <<<"$said"; then fail "hidden shows: $said"; fi
expect_vn 4 'shy' list --exposed
expect_vn 3 'the canary did not get as far as the hook; libvirt said: access denied' selftest

# --- the socket that may only be read
socket='qemu+unix:///system?socket=/run/libvirt/libvirt-sock-ro'
expect_vn 1 'the connection is read-only' label mine require
expect_vn 1 'the connection is read-only' inject mine
expect_vn 4 'mine' list
lab_done
