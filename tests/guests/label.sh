#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# label, unlabel, inject, list and explain: names, scopes, saved and transient guests, bad input.
set -euo pipefail
. "$(dirname "$0")/guests.sh"
lab_need
lab_up

# --- names
name=$'w\xc3\xa4b "1" \'x\''
lab_guest 'placeholder' cpu=kvm64 >"$lab/named.xml"
sed -i "s|<name>.*</name>|<name>$name</name>|" "$lab/named.xml"
lab_virsh define "$lab/named.xml" >/dev/null
expect_vn 0 'labelled require' label "$name" require
expect_has "$name" "policy=\"require\""
expect_vn 0 "$name" list
expect_vn 0 'label taken away' unlabel "$(lab_virsh domuuid "$name")"
expect_lacks "$name" 'urn:virt-nested'

# --- secrets, and what else a definition can hold
lab_guest secret cpu=kvm64 label=require features_xml='<pae/>' devices_xml="<graphics type='vnc' port='-1' autoport='yes' passwd='s3cr&amp;t'/>" \
    more_xml="<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><qemu:env name='QEMU_AUDIO_DRV' value='none'/></qemu:commandline>" >"$lab/secret.xml"
lab_virsh define "$lab/secret.xml" >/dev/null
expect_vn 0 "+    <feature policy='require' name='svm'/>" inject --dry-run secret
grep -q 's3cr' <<<"$said" && fail 'a password in the diff'
expect_lacks secret "name='svm'"
lab_virsh dumpxml --inactive secret >"$lab/before"
vn inject --dry-run secret | sed '/^secret: /,$d' >"$lab/diff"
expect_vn 0 'added' inject secret
patch -s "$lab/before" "$lab/diff" || fail "the diff does not apply: $(cat "$lab/diff")"
lab_virsh dumpxml --inactive secret | diff "$lab/before" - || fail 'the diff is not what was done'
ok 'the diff of --dry-run, applied, is what inject makes of it'
expect_has secret "passwd='s3cr&amp;t'"
expect_has secret "<qemu:env name='QEMU_AUDIO_DRV' value='none'/>"

# --- every kind of definition survives the round trip: but for label and CPU it stays what libvirt made of it
forms=(
    "cpu=none"
    "cpu=host-model"
    "cpu=maximum"
    "cpu=EPYC svm=optional npt=require"
    "cpu_xml=<cpu mode='custom' match='minimum' check='partial'><model fallback='allow' vendor_id='AuthenticAMD'>Opteron_G3</model><vendor>AMD</vendor><topology sockets='1' dies='1' cores='1' threads='1'/><cache level='3' mode='emulate'/><feature policy='disable' name='x2apic'/><numa><cell id='0' cpus='0' memory='64' unit='MiB'/></numa></cpu>"
    "cpu=kvm64|label_xml=<o:vm xmlns:o='http://example.org/ovirt' a='&lt;&amp;&quot;'><o:x>1 &gt; 0</o:x></o:vm><n:flavor xmlns:n='urn:n' name='m1'/>|more_xml=<title>t &amp; t</title><description>two
lines, ä</description><memtune><hard_limit unit='KiB'>900000</hard_limit></memtune><cputune><shares>2048</shares></cputune><clock offset='utc'><timer name='rtc' tickpolicy='catchup'/></clock>"
    "cpu=kvm64|devices_xml=<graphics type='vnc' socket='/tmp/a b' passwd='p&lt;w'/><channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel><serial type='pty'/><watchdog model='i6300esb' action='reset'/><rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>"
    "cpu=kvm64|features_xml=<apic/><hyperv mode='custom'><relaxed state='on'/><spinlocks state='on' retries='8191'/></hyperv><kvm><hidden state='on'/></kvm><vmport state='off'/>|more_xml=<sysinfo type='smbios'><bios><entry name='vendor'>A &amp; B</entry></bios></sysinfo><seclabel type='none'/><on_crash>preserve</on_crash>"
    "cpu=kvm64|devices_xml=<disk type='network' device='disk'><driver name='qemu' type='raw'/><auth username='u'><secret type='ceph' usage='s'/></auth><source protocol='rbd' name='p/i'><host name='h' port='1'/></source><target dev='vda' bus='virtio'/></disk><interface type='user'><mac address='52:54:00:00:00:01'/><model type='virtio'/></interface>|more_xml=<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><qemu:arg value='-name'/><qemu:arg value='a&apos;b'/></qemu:commandline>"
)
# A package of its own on Debian 13, and none on EL 9 and later.
if grep -q '<value>spice</value>' <<<"$(lab_virsh domcapabilities --virttype qemu --machine q35 --arch x86_64)"; then
    forms+=("cpu=kvm64|devices_xml=<graphics type='spice' autoport='yes' passwd='x&apos;y'><listen type='address' address='127.0.0.1'/></graphics>")
fi
for form in "${forms[@]}"; do
    mapfile -t -d '|' words <<<"$form"
    words[-1]=${words[-1]%$'\n'}
    [[ ${words[0]} == cpu_xml=* ]] || read -r -a first <<<"${words[0]}"
    [[ ${words[0]} == cpu_xml=* ]] && first=("${words[0]}")
    words=("${words[@]%|}")
    lab_guest round "${first[@]}" "${words[@]:1}" >"$lab/round.xml"
    lab_virsh define "$lab/round.xml" >/dev/null || fail "define: $(cat "$lab/round.xml")"
    # libvirt itself sorts what it added (controllers) when it reads its own text again.
    definition round >"$lab/round.xml"
    lab_virsh define "$lab/round.xml" >/dev/null
    before=$(definition round)
    vn label --no-inject round allow >/dev/null || fail "label: $form"
    vn unlabel round >/dev/null || fail "unlabel: $form"
    diff <(sed '/<metadata>/d; /<\/metadata>/d' <<<"$before") <(definition round | sed '/<metadata\/*>/d; /<\/metadata>/d') ||
        fail "changed by labelling and unlabelling it: $form"
    expect_vn 0 'labelled require' label round require
    definition round | grep -q 'policy="require"' || fail "no label: $form"
    diff <(but_cpu_and_label <<<"$before") <(definition round | but_cpu_and_label) || fail "more than label and CPU changed: $form"
    foreign=$(grep -c 'example.org/ovirt\|urn:n' <<<"$before" || true)
    [ "$(definition round | grep -c 'example.org/ovirt\|urn:n' || true)" = "$foreign" ] || fail "others' metadata changed: $form"
    lab_virsh undefine round >/dev/null
done
ok "${#forms[@]} kinds of definitions survive the round trip"

# --- scopes, running guests
lab_guest runs cpu=kvm64 | lab_define
expect_start runs
expect_vn 0 'it is running: its CPU stays as it is' label runs require
lab_virsh dumpxml runs | grep -q 'policy="require"' || fail 'the running guest carries no label'
expect_vn 0 'labelled forbid' label --config --no-inject runs forbid
lab_virsh dumpxml runs | grep -q 'policy="require"' || fail '--config changed the running guest'
expect_vn 0 'forbid' list
expect_vn 0 'labelled allow' label --live runs allow
expect_has runs 'policy="forbid"'
expect_vn 0 'labelled require' label runs require
expect_vn 1 'it does not run' label --live secret require

# --- the managed-save image brings its label along
lab_virsh managedsave runs >/dev/null
expect_vn 0 'saved' list
expect_vn 0 'the label in its managed-save image was changed too' unlabel runs
lab_virsh managedsave-dumpxml runs | grep -q 'urn:virt-nested' && fail 'the image kept its label'
expect_vn 0 'its managed-save image keeps the old CPU' label --override runs require
lab_virsh managedsave-dumpxml runs | grep -q 'policy="require"' || fail 'the image has no label'
expect_vn 1 'at prepare: refused' explain --connect qemu:///system runs
# Every option that its help lists, also for a guest: the captured machine stands in for the host.
other_host=$lab_source/tests/roots/intel-nested-off
expect_vn 1 "($other_host/sys/module/kvm_intel/parameters/nested)" explain --root "$other_host" --connect qemu:///system runs
expect_refused runs 'labelled require'
lab_virsh managedsave-remove runs >/dev/null
expect_start runs

# --- snapshots are named
lab_guest snapped cpu=kvm64 | lab_define
# A guest without a disk has nothing to snapshot: the record of one does.
{
    echo "<domainsnapshot><name>before it</name><state>shutoff</state><creationTime>1700000000</creationTime>"
    lab_virsh dumpxml --inactive snapped
    echo '</domainsnapshot>'
} >"$lab/snapshot.xml"
lab_virsh snapshot-create snapped "$lab/snapshot.xml" --redefine >/dev/null
expect_vn 0 "reverting to snapshot 'before it'" label snapped require

# --- what a label brought does not go with it, and unlabel says so
lab_guest kept cpu=kvm64 | lab_define
expect_vn 0 'carried no label' unlabel kept
if grep -q 'its definition keeps' <<<"$said"; then fail "nothing to keep: $said"; fi
expect_vn 0 'labelled require' label kept require
expect_vn 0 "its definition keeps svm policy='require' and npt policy='require'; to change that, run: virsh edit kept" unlabel kept
expect_has kept "<feature policy='require' name='svm'/>"
expect_lacks kept 'urn:virt-nested'
expect_vn 0 'its definition keeps svm' unlabel kept

# --- transient guests have no definition
lab_guest passing cpu=kvm64 >"$lab/passing.xml"
lab_virsh create "$lab/passing.xml" >/dev/null
expect_vn 1 "create it with <feature policy='require' name='svm'/> in its <cpu>" label passing require
expect_vn 0 'transient' list --format json

# --- bad input
expect_vn 1 'there is no such guest' label nobody require
expect_vn 2 "policy 'maybe' is none of require, forbid and allow" label secret maybe
expect_vn 2 'needed' label require
expect_vn 2 '--all excludes guests by name' label --all secret require
expect_vn 2 '--current excludes' label --current --live secret require
expect_vn 1 'carries no label' inject "$name"
expect_vn 3 'no connection' list --connect 'qemu+unix:///system?socket=/nonexistent'
expect_vn 1 'no connection' label --connect 'qemu+unix:///system?socket=/nonexistent' a require
expect_vn 1 'QEMU/KVM only' inject --connect test:///default test
expect_vn 1 'QEMU/KVM only' label --connect test:///default test require
expect_vn 0 'labelled require' label --no-inject --connect test:///default test require
expect_vn 3 'QEMU/KVM only' selftest --connect test:///default
expect_vn 0 'virt_nested_guest_info{guest="secret"' list --format prometheus
promtool=$("$lab_source/tests/lib/promtool") || { [ $? = 77 ] || fail 'no promtool'; }
if [ -n "$promtool" ]; then
    vn list --format prometheus >"$lab/metrics"
    "$promtool" check metrics <"$lab/metrics" || fail "promtool: $(cat "$lab/metrics")"
    ok 'promtool takes the metrics of list'
fi
expect_vn 2 'is none of text, json, prometheus and counts' list --format yaml

# --- the counts, and the facts with them, agree with the list
vn list --format counts >"$lab/counts"
vn facts --guests >"$lab/facts"
vn list --format json | lab_in /usr/bin/python3 -c '
import collections, json, sys
guests = json.load(sys.stdin)["guests"]
counts = json.load(open(sys.argv[1]))
assert counts["total"] == len(guests) > 2, counts
assert counts["exposed"] == sum(g["exposed"] for g in guests), counts
labels = collections.Counter(g["label"] for g in guests)
assert {name: count["all"] for name, count in counts["labels"].items() if count["all"]} == labels, (counts, labels)
assert json.load(open(sys.argv[2]))["guests"] == counts' "$lab/counts" "$lab/facts" || fail "counts: $(cat "$lab/counts"), facts: $(cat "$lab/facts")"
expect_vn 0 '"guests":null,"guests_why":"exit status 3: virt-nested list: no connection' facts --guests --connect 'qemu+unix:///system?socket=/nonexistent'
expect_vn 2 '--connect is for --guests' facts --connect test:///default

# --- a definition that libvirt refuses stays as it was
lab_guest brittle label=require cpu=kvm64 | lab_define
before=$(definition brittle)
chattr +i "$lab/etc/libvirt/qemu" 2>/dev/null && {
    expect_vn 1 'brittle' inject brittle
    chattr -i "$lab/etc/libvirt/qemu"
    [ "$(definition brittle)" = "$before" ] || fail 'a definition that could not be written changed'
}
lab_done
