#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Ways past a definition to a CPU with svm. Each is shown to work, by what QEMU itself says of its CPUs (under TCG, which gives svm):
# libvirt denies it in the live definition, or tells of it once the guest runs. Each is refused for a guest labelled forbid, and what
# leaves the CPU alone passes.
set -euo pipefail
. "$(dirname "$0")/lab.sh"
lab_need

qemu_ns="xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'"
arguments() { # ARG...
    printf "<q:commandline %s>" "$qemu_ns"
    [ $# = 0 ] || printf "<q:arg value='%s'/>" "$@"
    printf '</q:commandline>'
}
no_svm="<cpu mode='custom' match='exact' check='none'><model fallback='forbid'>kvm64</model><feature policy='disable' name='svm'/></cpu>"
plain="<cpu mode='custom' match='exact' check='none'><model fallback='forbid'>kvm64</model></cpu>"

lab_up --no-hook
# How many CPUs of NAME's QEMU have svm.
with_svm() {
    lab_virsh qemu-monitor-command "$1" '{"execute":"query-cpus-fast"}' |
        grep -o '"qom-path":"[^"]*"' | cut -d'"' -f4 |
        while read -r path; do
            lab_virsh qemu-monitor-command "$1" "{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"$path\",\"property\":\"svm\"}}" </dev/null
        done | grep -c '"return":true' || true
}
expect_way() { # NAME denied|told: its guest runs with svm, and what the live definition says of it
    local told=denied
    expect_start "$1"
    [ "$(with_svm "$1")" = 1 ] || fail "$1: QEMU has svm on $(with_svm "$1") CPUs, not on one"
    if lab_virsh dumpxml "$1" | grep -qE "<feature policy='(require|force|optional)' name='svm'"; then told=told; fi
    [ "$told" = "$2" ] || fail "$1: svm is $told by the live definition"
    lab_virsh destroy "$1" >/dev/null
    ok "$1: QEMU has svm, $told by the live definition"
}
second="$(arguments -smp 1,maxcpus=2,sockets=2,cores=1,threads=1 -device kvm64-x86_64-cpu,socket-id=1,core-id=0,thread-id=0,svm=on)"
override="<q:override $qemu_ns><q:device alias='ua-w'><q:frontend>
    <q:property name='driver' type='string' value='kvm64-x86_64-cpu'/><q:property name='svm' type='bool' value='true'/>
    <q:property name='socket-id' type='unsigned' value='1'/><q:property name='core-id' type='unsigned' value='0'/><q:property name='thread-id' type='unsigned' value='0'/>
    </q:frontend></q:device></q:override>"
# A device whose place libvirt does not write down, on the machine that has a bus for it: 11.3 refuses it for q35.
watchdog="<watchdog model='ib700' action='none'><alias name='ua-w'/></watchdog>"
slot=$(arguments -smp 1,maxcpus=2,sockets=2,cores=1,threads=1)
lab_guest second cpu_xml="$no_svm" more_xml="$second" | lab_define
lab_guest override machine=pc cpu_xml="$no_svm" devices_xml="$watchdog" more_xml="$slot$override" | lab_define
lab_guest global cpu_xml="$plain" more_xml="$(arguments -global kvm64-x86_64-cpu.svm=on)" | lab_define
lab_guest all cpu_xml="$plain" more_xml="$(arguments -global driver=cpu,property=svm,value=on)" | lab_define
expect_way second denied
expect_way override denied
expect_way global told
expect_way all told
lab_down

lab_up --host amd on
refused() { # NAME WORDS XML [KEY=VALUE...]
    local name=$1 words=$2 xml=$3
    shift 3
    lab_guest "$name" type=kvm label=forbid cpu_xml="$plain" more_xml="$xml" "$@" | lab_define
    expect_refused "$name" "$words"
}
passes() { # NAME XML: whatever QEMU makes of it, we do not refuse it
    local said
    lab_guest "$1" type=kvm label=forbid cpu_xml="$plain" more_xml="$2" | lab_define
    said=$(lab_virsh start "$1" 2>&1) || true
    if grep -q 'virt-nested: ' <<<"$said"; then fail "$1 is refused: $said"; fi
    lab_virsh destroy "$1" >/dev/null 2>&1 || true
    ok "$1 passes"
}
refused second '-smp' "$second"
refused device '-device kvm64-x86_64-cpu' "$(arguments -device kvm64-x86_64-cpu,svm=on)"
refused override 'driver' "$override" machine=pc devices_xml="$watchdog"
refused global '-global kvm64-x86_64-cpu.svm=on' "$(arguments -global kvm64-x86_64-cpu.svm=on)"
refused all '-global driver=cpu' "$(arguments -global driver=cpu,property=svm,value=on)"
refused cpu '-cpu' "$(arguments -cpu host)"
refused twice '--cpu' "$(arguments --cpu host)"
for option in -qmp -monitor -mon -plugin -readconfig -accel; do refused "x$option" "$option" "$(arguments "$option" x)"; done
refused mux 'mux' "$(arguments -serial unix:/tmp/x,server=on,wait=off,mux=on)"
refused alsa '-audiodev' "$(arguments -audiodev 'alsa,id=a,out.dev=plug:{slave.pcm null}')"
refused preconfig '-preconfig' "$(arguments -preconfig)"
refused preload 'LD_PRELOAD' "<q:commandline $qemu_ns><q:env name='LD_PRELOAD' value='/tmp/x.so'/></q:commandline>"
refused capabilities 'query-cpu-model-expansion' "<q:capabilities $qemu_ns><q:del capability='query-cpu-model-expansion'/></q:capabilities>"

passes hole "$(arguments -global q35-pcihost.pci-hole64-size=512G)"
passes hotplug "$(arguments -global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off)"
passes firmware "$(arguments -fw_cfg name=opt/x,string=y -smbios type=2 -rtc base=utc -boot menu=on)"
passes device-of-none "$(arguments -device pvpanic -object memory-backend-ram,id=m,size=1M)"
passes json "<q:capabilities $qemu_ns><q:del capability='device.json'/></q:capabilities>$(arguments -set device.hostdev0.x-vga=on)"
passes sound "<q:commandline $qemu_ns><q:env name='QEMU_AUDIO_DRV' value='none'/></q:commandline>"
passes deprecation "<q:deprecation $qemu_ns behavior='omit'/>"
lab_config 'qemu_arguments = -qmp unix:/run/site/*'
passes vouched "$(arguments -qmp unix:/run/site/x,server=on,wait=off)"
refused other 'unix:/tmp' "$(arguments -qmp unix:/tmp/x,server=on,wait=off)"

# Nobody asked anything of such a guest.
lab_guest unlabelled cpu_xml="$plain" more_xml="$(arguments -global kvm64-x86_64-cpu.svm=on)" | lab_define
expect_start unlabelled

lab_done
