#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# qemu+ssh://: a host that is not this machine. The ssh client is a script that enters the lab and runs there what libvirt asks of
# ssh, so libvirt's own remote transport and its virt-ssh-helper do the rest.
set -euo pipefail
. "$(dirname "$0")/guests.sh"
lab_need
lab_up
cat >"$lab/bin/ssh" <<SH
#!/bin/bash
printf '%s\n' "\$*" >>"$lab/ssh.log"
while [ "\$1" != -- ]; do shift; done
[ "\$2" = far.example ] || { echo "ssh: Could not resolve hostname \$2" >&2; exit 255; }
shift 2
exec $(lab_door) /bin/sh -c "\$*"
SH
chmod 755 "$lab/bin/ssh"
far="qemu+ssh://admin@far.example/system?command=$lab/bin/ssh"

# From outside of the lab: nothing of the lab's files is seen but what comes over the connection.
vn() {
    local command=$1
    shift
    timeout 120 "$VN_BUILD/validator/virt-nested" "$command" --connect "$far" "$@"
}
lab_guest web1 cpu=kvm64 | lab_define
lab_guest kvm1 type=kvm cpu=host-passthrough | lab_define

expect_vn 0 "web1: labelled require; svm policy='require' added" label web1 require
grep -q -- '-l admin .*far.example' "$lab/ssh.log" || fail "ssh was not asked: $(cat "$lab/ssh.log")"
expect_has web1 "<feature policy='require' name='svm'/>"
expect_vn 0 'was labelled require already' label web1 require
expect_start web1
expect_vn 0 'is not this machine' list
expect_vn 1 'carries no label' inject --dry-run kvm1
expect_vn 0 'the host is not this machine' explain web1
expect_vn 0 'the hook is live' selftest
lab_hook_remove
expect_vn 1 'look at the hook on the host of' selftest

# Whether that host nests is libvirt's word, and never this machine's: what it does not tell is undetermined.
expect_vn 0 '"local": false' list --format json
nests=$(lab_in /usr/bin/python3 -c 'import json, sys; host = json.load(sys.stdin)["host"]; print(host["nests"], host["nests_why"])' <<<"$said")
host_model=$(lab_virsh domcapabilities --virttype kvm 2>/dev/null | sed -n "/mode name='host-model'/,/<\/mode>/p" || true)
case $nests in
True\ host-model*) grep -q "name='vmx'\|name='svm'\|<model.*\(EPYC\|Opteron\)" <<<"$host_model" || fail "$nests: $host_model" ;;
False\ host-model*) if grep -q "policy='require' name='\(vmx\|svm\)'" <<<"$host_model"; then fail "$nests: $host_model"; fi ;;
None*) if grep -q 'read only' <<<"$nests"; then fail "the connection was not one that tells: $nests"; fi ;;
*) fail "$nests" ;;
esac
ok "the far host nests: $nests"

# --- no way there
far="qemu+ssh://nobody.example/system?command=$lab/bin/ssh"
expect_vn 1 'run: virsh --connect' label web1 require
expect_vn 3 'no connection' list
lab_done
