#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# contents.sh PROGRAM: it holds what guests need, nothing of the validator, and needs no library of its.
set -euo pipefail
symbols=$(nm -C --defined-only "$1")
libraries=$(ldd "$1")
grep -q 'virt_nested::run_command' <<<"$symbols" || { echo "FAIL: the symbols are not readable"; exit 1; }
grep -q libvirt <<<"$libraries" || { echo "FAIL: it does not need libvirt"; exit 1; }
! grep -E 'virt_nested::(gather|validate|report_formats|make_plan)\(' <<<"$symbols" || { echo "FAIL: the validator is in it"; exit 1; }
! grep libarchive <<<"$libraries" || { echo "FAIL: it needs libarchive"; exit 1; }
