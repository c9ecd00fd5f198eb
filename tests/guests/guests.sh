# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of the libvirt-facing commands share: source it in the place of ../libvirt/lab.sh.
#
#   vn ARGS...                 virt-nested in the lab, at the lab's daemon; its exit status
#   expect_vn STATUS WORDS ARGS...   it exits with STATUS and says WORDS (on either stream); the text is in $said
#   definition NAME            the persistent definition, secrets included
#   expect_has NAME TEXT, expect_lacks NAME TEXT     in the persistent definition
#   but_cpu_and_label          standard input, a definition, without both
#   command_line NAME          the arguments of the QEMU that runs NAME, one line

# shellcheck source=tests/libvirt/lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/../libvirt/lab.sh"

vn() { lab_in timeout 120 "$VN_BUILD/validator/virt-nested" "$@"; }

expect_vn() {
    local status=0 wanted=$1 words=$2
    shift 2
    said=$(vn "$@" 2>&1) || status=$?
    [ "$status" = "$wanted" ] || fail "virt-nested $*: exit status $status, not $wanted: $said"
    grep -qF -- "$words" <<<"$said" || fail "virt-nested $*: no '$words' in: $said"
    ok "virt-nested $*: status $status, '$words'"
}

definition() { lab_virsh dumpxml --inactive --security-info "$1"; }
expect_has() { definition "$1" | grep -qF -- "$2" || fail "no '$2' in: $(definition "$1")"; }
expect_lacks() { if definition "$1" | grep -qF -- "$2"; then fail "'$2' in: $(definition "$1")"; fi; }

# The daemon's pid file counts in the lab's PID namespace.
command_line() {
    local pid
    pid=$(cat "$lab/run/libvirt/qemu/$1.pid")
    lab_in sh -c "tr '\\0' ' ' </proc/$pid/cmdline"
}

but_cpu_and_label() { sed '/<metadata>/,/<\/metadata>/d; /<cpu[^>]*\/>/d; /<cpu[ >]/,/<\/cpu>/d'; }
