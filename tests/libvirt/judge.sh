#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Without the judge, or a library of its: unlabelled guests start, running ones go on, labelled ones are refused with the reason.
set -euo pipefail
. "$(dirname "$0")/lab.sh"
lab_need

lab_up
lab_guest nests label=require cpu=EPYC svm=require | lab_define
lab_guest plain | lab_define
lab_guest exempt label=allow | lab_define
expect_start nests
cp "$lab/bin/virt-nested-judge" "$lab/judge.good"

without() { # WORDS: what the refusal says
    lab_running nests || fail 'a running guest was lost with the judge'
    expect_start plain
    lab_virsh destroy plain >/dev/null
    expect_refused exempt "$1"
}
rm "$lab/bin/virt-nested-judge"
without 'No such file or directory'
lab_virsh destroy nests >/dev/null || fail 'destroy without a judge'
ok 'guests stop without a judge'
expect_refused nests 'could not be judged: '
lab_config 'unlabelled = forbid'
expect_refused plain 'the site forbids guests without a label'
lab_config 'unlabelled = warn'
expect_start plain
rm "$lab/etc/virt-nested/virt-nested.conf"
lab_virsh destroy plain >/dev/null

mv "$lab/judge.good" "$lab/bin/virt-nested-judge"
expect_start nests
lab_virsh destroy plain >/dev/null 2>&1 || true
# libxml2 is taken away in the lab's own view of the machine; virsh needs it, too, so it speaks from outside.
library=$(ldd "$lab/bin/virt-nested-judge" | sed -n 's/.*libxml2[^ ]* => \([^ ]*\) .*/\1/p')
[ -n "$library" ] || fail 'the judge does not use libxml2'
library=$(readlink -f "$library")
: >"$lab/no-library"
lab_in mount --bind "$lab/no-library" "$library"
lab_client=outside
without 'libxml2'
lab_in umount "$library"
expect_start exempt

lab_done
