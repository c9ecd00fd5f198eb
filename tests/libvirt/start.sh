#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Define, start and refuse on this very host, and `virsh create`.
set -euo pipefail
. "$(dirname "$0")/lab.sh"
lab_need
lab_up

lab_guest plain | lab_define
expect_start plain
# An emulated guest with svm is a real hypervisor-to-be, whatever the host can do.
lab_guest nests label=require cpu=EPYC svm=require | lab_define
expect_start nests
lab_guest lacks label=require cpu=kvm64 | lab_define
expect_refused lacks 'kvm64 does not contain svm'
lab_guest novmx label=require cpu=Nehalem vmx=require | lab_define
expect_refused novmx 'Nehalem does not contain svm'
lab_guest emulated label=forbid cpu=EPYC svm=require | lab_define
expect_start emulated
lab_guest broken label_xml="<vn:nested xmlns:vn='urn:virt-nested:domain:1' policy='maybe'/>" | lab_define
expect_refused broken "policy 'maybe' is none of require, forbid and allow"

lab_guest transient label=require cpu=EPYC svm=require >"$lab/transient.xml"
lab_virsh create "$lab/transient.xml" >/dev/null || fail 'virsh create'
lab_running transient || fail 'the transient guest does not run'
ok 'virsh create starts a transient guest'
lab_guest gone label=require cpu=kvm64 >"$lab/gone.xml"
expect_hook_refusal 'labelled require' create "$lab/gone.xml"
if lab_virsh dominfo gone >/dev/null 2>&1; then fail 'a refused transient guest is still known'; fi
ok 'a refused transient guest is gone'

lab_done
