# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A private libvirtd for one test: source this file, call lab_up, use the functions below.
#
#   . "$(dirname "$0")/../libvirt/lab.sh"
#   lab_need                               # skips (77) without root or namespaces; fails in CI where a package is missing
#   lab_up                                 # a libvirtd with our hook installed; sets $lab, the lab's folder
#   lab_guest web1 label=require | lab_define
#   expect_refused web1 'labelled require'
#   lab_done                               # says PASS; the trap takes everything down
#
# Each lab has a folder of its own below mktemp -d, and mount and PID namespaces of its own: several run side by side, and the
# system's libvirt is neither read nor changed. In a chroot everything stays in that chroot. Inside: /etc is a copy, /etc/libvirt,
# /etc/virt-nested, /var/{lib,cache,log}/libvirt and /run are the lab's own, /dev holds what QEMU needs and a /dev/log whose lines
# end up in $lab/syslog. A process outside watches a pipe that only the test's shell holds: when that shell ends, however it ends
# (SIGKILL included), the PID namespace and with it daemon and guests are killed, and the folder is removed. VN_KEEP_LAB=1 keeps
# the folder of a test that failed.
#
# Where the machine has no KVM, a stand-in lets libvirt define guests of type kvm (kvm_stand_in.c), which the hook can judge. Only
# what starts one has to ask lab_kvm.
#
# Several labs: each lab_up sets $lab; `lab_use "$first"` makes another one current. All functions speak to the current one.
#
#   lab_up [OPTION...]         --no-hook        nothing in the hook folder
#                              --hook-as qemu   installed as hooks/qemu instead of hooks/qemu.d/99-virt-nested
#                              --host intel|amd on|off   the hook judges for a captured host that nests, or does not: type='kvm' guests
#                                               of a nesting host can be judged, though not nest, on a machine that does not nest
#                              --root DIR       the hook judges for the machine captured in DIR (a wrapper in qemu.d adds --root)
#                              --config TEXT    text of /etc/virt-nested/virt-nested.conf
#                              --dev-kvm PATH   this node is /dev/kvm, without the stand-in for KVM; "none": no /dev/kvm
#                              --no-daemon      namespaces and hook only
#                              --debug          libvirtd logs its hook and command code at debug level
#   lab_down                   take the current lab down (the trap does it for all)
#   lab_in CMD...              run CMD inside the lab, in the same working folder
#   lab_door                   the words before a command that make it run inside the lab
#   lab_virsh ARGS...          virsh -q at the lab's daemon
#   lab_uri                    the URI by which another lab's virsh reaches this one (for migration)
#   lab_start_daemon, lab_stop_daemon, lab_restart, lab_reload     guests keep running
#   lab_hook_install [ARGS...] put the hook in; ARGS (e.g. --root DIR) come before libvirt's own, through a wrapper script
#   lab_hook_remove            take the link (or wrapper) away again
#   lab_config TEXT            write /etc/virt-nested/virt-nested.conf
#   lab_guest NAME [KEY=VALUE...]   print a small diskless domain; keys:
#                              type=qemu|kvm    (default qemu)
#                              label=require|forbid|allow|none        label_xml=XML   any text for <metadata>
#                              cpu=none|host-passthrough|host-model|maximum|MODEL     svm=|vmx=|npt=POLICY   cpu_xml=XML
#                              features_xml=XML devices_xml=XML more_xml=XML memory=MIB machine=TYPE
#   lab_define                 define the domain on standard input
#   lab_syslog                 what was sent to syslog so far
#   lab_nesting_host intel|amd on|off [DIR]   make a captured root of a host that nests, or does not, or change it; prints its folder
#   lab_kvm                    whether guests of type kvm start here
#   lab_running NAME, lab_tainted NAME
#   expect_start NAME          `virsh start` works, the guest runs, no hook tainted it
#   expect_refused NAME WORDS  `virsh start` fails with our one line, which has WORDS in it, and the guest is off
#   expect_hook_refusal WORDS CMD...   the same for any other command of virsh; what it said is in $said
#   ok TEXT, fail TEXT, skip TEXT, lab_done
#
# VN_BUILD is the build folder (default: build/ of the source tree), VN_BIN the folder with the programs to install (default:
# $VN_BUILD/hooks).

lab_source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
VN_BUILD=${VN_BUILD:-$lab_source/build}
VN_BIN=${VN_BIN:-$VN_BUILD/hooks}
lab=
declare -A lab_lifeline=() lab_keeper=()
lab_path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
lab_cases=0

ok() { lab_cases=$((lab_cases + 1)); printf 'ok: %s\n' "$*"; }
skip() { printf 'SKIP: %s\n' "$*"; exit 77; }
lab_done() { [ "$lab_cases" -gt 0 ] || fail 'nothing was checked'; printf 'PASS: %s checks\n' "$lab_cases"; }

fail() {
    printf 'FAIL: %s\n' "$*" >&2
    printf '  at %s:%s\n' "${BASH_SOURCE[1]##*/}" "${BASH_LINENO[0]}" >&2
    local folder file
    for folder in "${!lab_lifeline[@]}"; do
        for file in "$folder"/log/libvirtd.log "$folder"/log/libvirtd.out "$folder"/syslog "$folder"/log/qemu/*.log; do
            [ -s "$file" ] && printf -- '--- the end of %s\n%s\n' "$file" "$(tail -n 15 "$file")" >&2
        done
    done
    [ "${VN_KEEP_LAB:-0}" = 1 ] && for folder in "${!lab_lifeline[@]}"; do cp -a "$folder" "$folder.kept"; done
    exit 1
}

# A missing package skips the test on a person's machine and fails it in CI, where the runner installs what the tests need.
lab_need() {
    local program
    for program in libvirtd virsh qemu-system-x86_64 unshare nsenter /usr/bin/python3; do
        PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null && continue
        [ "${CI:-}" = true ] && fail "$program is missing; run: tests/need libvirt"
        skip "$program is missing; run: tests/need libvirt"
    done
    [ -x "$VN_BIN/virt-nested-hook" ] || fail "$VN_BIN/virt-nested-hook is not built"
    [ "$(id -u)" = 0 ] || skip 'a private libvirtd needs root'
    [ -e /sys/devices/system/cpu/online ] || skip 'libvirt starts no guest where /sys is not mounted'
    # What a lab does first: a container may allow one and not the other.
    local said
    said=$("$lab_source/tests/lib/own-mounts" unshare --pid --fork --kill-child \
        sh -c 'mount -t proc proc /proc && mount -t tmpfs tmpfs /run' 2>&1) || skip "no private view of this machine can be had here: $said"
    awk '{ users += $3 } END { exit users < 65536 }' /proc/self/uid_map || skip 'this user namespace has too few users'
}

lab_use() { lab=$1; }

# A mount namespace alone resets the root to its own, so a chroot would be left: the keeper's root and folder are entered as well.
lab_door() { printf 'nsenter --mount --pid --root --wd --target %s --' "${lab_keeper[$lab]}"; }
lab_in() {
    # Then back to the working folder. The lifeline stays with the test's shell.
    # shellcheck disable=SC2016,SC2046
    $(lab_door) sh -c 'cd "$1" 2>/dev/null; shift; exec "$@"' sh "$PWD" "$@" {lab_fd}>&-
}

lab_client=inside # outside: virsh speaks to the lab from this machine's own view, where nothing is taken away
lab_virsh() {
    if [ "$lab_client" = outside ]; then timeout 120 virsh -q -c "$(lab_uri)" "$@"; else lab_in timeout 120 virsh -q -c qemu:///system "$@"; fi
}
lab_uri() { printf 'qemu+unix:///system?socket=%s/run/libvirt/libvirt-sock' "$lab"; }
lab_syslog() { cat "$lab/syslog"; }

lab_configure() {
    local level=3 identity
    [ "$1" = 1 ] && level=1
    identity=$(md5sum <<<"$lab")
    cat >"$lab/etc/libvirt/libvirtd.conf" <<CONF
host_uuid = "${identity:0:8}-${identity:8:4}-4${identity:13:3}-8${identity:17:3}-${identity:20:12}"
auth_unix_ro = "none"
auth_unix_rw = "none"
unix_sock_group = "root"
unix_sock_rw_perms = "0700"
log_outputs = "$level:file:/var/log/libvirt/libvirtd.log"
CONF
    [ "$1" != 1 ] || echo 'log_filters = "1:util.hook 1:util.command 1:qemu 3:object 3:event 3:rpc"' >>"$lab/etc/libvirt/libvirtd.conf"
    # No SELinux, AppArmor, other user, cgroup or namespace: what is left works in a container too.
    cat >"$lab/etc/libvirt/qemu.conf" <<'CONF'
security_driver = "none"
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
cgroup_controllers = [ ]
namespaces = [ ]
seccomp_sandbox = 0
stdio_handler = "file"
CONF
}

lab_up() {
    local hook=qemu.d/99-virt-nested kvm='' daemon=1 debug=0 config='' arguments=() captured=()
    while [ $# -gt 0 ]; do
        case $1 in
        --no-hook) hook= ;;
        --hook-as) hook=$2; shift ;;
        --host) captured=("$2" "$3"); shift 2 ;;
        --root) arguments+=(--root "$2"); shift ;;
        --config) config=$2; shift ;;
        --dev-kvm) kvm=$2; shift ;;
        --no-daemon) daemon=0 ;;
        --debug) debug=1 ;;
        *) fail "lab_up: unknown option $1" ;;
        esac
        shift
    done
    lab=$(mktemp -d "${TMPDIR:-/tmp}/vn-lab.XXXXXX")
    # From here on the watcher removes it; a session daemon of another user has to get in.
    chmod 755 "$lab"
    mkdir -p "$lab"/{dev,lib,cache,bin,log/qemu,run/libvirt}
    : >"$lab/syslog"
    [ -n "$kvm" ] || { kvm=/dev/kvm; lab_has_kvm || kvm=$lab/stand-in; }
    # Twice forked, so that whoever kills the test with all its children leaves the watcher to do its work.
    # None of them holds another lab's lifeline: that lab would not end before this one.
    exec {lab_fd}> >(for fd in "${lab_lifeline[@]}"; do exec {fd}>&-; done; exec 3<&0; (setsid bash "$lab_source/tests/libvirt/lab-watcher" "$lab" "$kvm" </dev/null >/dev/null 2>&1 &))
    lab_lifeline[$lab]=$lab_fd
    trap lab_down_all EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    cp -a /etc "$lab/etc"
    rm -rf "$lab/etc/libvirt" "$lab/etc/virt-nested"
    mkdir -p "$lab/etc/libvirt/hooks" "$lab/etc/libvirt/qemu/networks" "$lab/etc/libvirt/nwfilter" "$lab/etc/virt-nested"
    lab_configure "$debug"
    [ "$kvm" != "$lab/stand-in" ] || lab_stand_in
    # What QEMU can do takes libvirt seconds to find out; it checks by itself whether a remembered answer still holds.
    [ ! -d "$(lab_cache)" ] || cp -a "$(lab_cache)/." "$lab/cache/"
    [ -z "$config" ] || lab_config "$config"
    if [ ${#captured[@]} -gt 0 ]; then
        # The configuration would be the captured host's, too.
        arguments+=(--root "$(lab_nesting_host "${captured[@]}")" --config /etc/virt-nested/virt-nested.conf)
        printf 'note: a captured %s host with nesting %s stands in for this machine (--root)\n' "${captured[@]}"
    fi
    lab_hook_name=$hook
    [ -z "$hook" ] || lab_hook_install "${arguments[@]}"
    echo go >&"$lab_fd"
    lab_wait 100 test -s "$lab/keeper" || fail "no namespace came up: $(cat "$lab/log/room.out")"
    lab_keeper[$lab]=$(cat "$lab/keeper")
    [ "$(lab_in stat -c %d:%i /run)" = "$(stat -c %d:%i "$lab/run")" ] ||
        fail "entering the lab leads somewhere else, to another /run: nothing is started there ($(lab_door))"
    [ "$daemon" = 0 ] || lab_start_daemon
}

# What QEMU itself tries: a node that opens is not enough, in a container for one.
lab_kvm_answer=
lab_has_kvm() {
    [ -n "$lab_kvm_answer" ] || lab_kvm_answer=$(/usr/bin/python3 -c '
import fcntl
try:
    with open("/dev/kvm", "rb+", buffering=0) as kvm:
        KVM_GET_API_VERSION, KVM_CREATE_VM = 0xAE00, 0xAE01
        print("yes" if fcntl.ioctl(kvm, KVM_GET_API_VERSION) == 12 and fcntl.ioctl(kvm, KVM_CREATE_VM, 0) >= 0 else "no")
except OSError:
    print("no")')
    [ "$lab_kvm_answer" = yes ]
}

lab_stand_in() {
    cc -shared -fPIC -o "$lab/stand-in.so" "$lab_source/tests/libvirt/kvm_stand_in.c" || fail 'no C compiler; run: tests/need build'
    printf '%s\n' "$lab/stand-in.so" >>"$lab/etc/ld.so.preload"
    : >"$lab/stand-in"
}

# lab_wait TENTHS CMD...: until CMD succeeds.
lab_wait() {
    local left=$1
    shift
    while ! "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep 0.1
    done
}

lab_down() {
    local fd=${lab_lifeline[$lab]}
    lab_keep_cache
    exec {fd}>&-
    unset "lab_lifeline[$lab]" "lab_keeper[$lab]"
    lab_wait 200 test ! -e "$lab" || printf 'lab: %s is still there\n' "$lab" >&2
    lab=
}

lab_down_all() {
    local status=$? folder
    trap '' HUP INT TERM
    for folder in "${!lab_lifeline[@]}"; do
        lab=$folder
        lab_down
    done
    exit "$status"
}

# What QEMU says of itself with the stand-in holds nowhere else.
lab_cache() { printf '%s/lab-cache' "$VN_BUILD"; [ ! -e "$lab/stand-in" ] || printf -- '-stand-in'; }
# Whole or not at all: labs come and go side by side.
lab_keep_cache() {
    local kept mine
    kept=$(lab_cache)
    mine=$kept.$$
    if [ ! -d "$kept" ] && [ -d "$lab/cache/qemu" ] && [ -w "$VN_BUILD" ]; then
        cp -a "$lab/cache" "$mine" 2>/dev/null && mv -T "$mine" "$kept" 2>/dev/null
        rm -rf "$mine"
    fi
    return 0
}

lab_start_daemon() {
    # An empty environment: what hooks inherit is then the same everywhere.
    (
        for fd in "${lab_lifeline[@]}"; do exec {fd}>&-; done
        lab_in env -i "PATH=$lab_path" LANG=C.UTF-8 libvirtd -d >"$lab/log/libvirtd.out" 2>&1
    ) || fail 'libvirtd does not start'
    lab_wait 150 lab_virsh version || fail 'libvirtd does not answer'
    # A /dev/kvm that opens and a QEMU without KVM make libvirt ask QEMU anew at every turn.
    [ ! -e "$lab/stand-in" ] || lab_takes_kvm || lab_in sh -c '[ ! -e /dev/kvm ] || { umount "$1/dev/kvm" /dev/kvm && rm /dev/kvm; }' sh "$lab"
}

lab_stop_daemon() {
    local pid
    pid=$(cat "$lab/run/libvirtd.pid")
    lab_kill "${1:--TERM}" "$pid"
    lab_wait 300 lab_gone "$pid" || fail "libvirtd does not end"
}
lab_gone() { ! lab_kill -0 "$1"; }
# The shell's own: not every root has the program.
# shellcheck disable=SC2016
lab_kill() { lab_in sh -c 'kill "$1" "$2"' sh "$1" "$2"; }
lab_restart() {
    lab_stop_daemon "$@"
    lab_start_daemon
}

# The hooks are looked for anew in a thread: its trace is the daemon's own hook (docs/hooks.rst), which lab_reload puts there for a moment.
lab_reload() {
    local probe=$lab/etc/libvirt/hooks/daemon
    rm -f "$lab/reloaded"
    # shellcheck disable=SC2016
    printf '#!/bin/sh\n[ "$2" != reload ] || : >%s/reloaded\n' "$lab" >"$probe"
    chmod 755 "$probe"
    lab_kill -HUP "$(cat "$lab/run/libvirtd.pid")"
    lab_wait 100 test -e "$lab/reloaded" || fail 'libvirtd does not reload'
    rm -f "$probe"
}

# A new file moved into place: a program that runs cannot be written to.
lab_copy() {
    cp "$1" "$2.new"
    mv -f "$2.new" "$2"
}

lab_hook_install() {
    local path=$lab/etc/libvirt/hooks/${lab_hook_name:=qemu.d/99-virt-nested}
    mkdir -p "${path%/*}"
    lab_copy "$VN_BIN/virt-nested-hook" "$lab/bin/virt-nested-hook"
    lab_copy "$VN_BIN/virt-nested-judge" "$lab/bin/virt-nested-judge"
    rm -f "$path"
    if [ $# -eq 0 ]; then
        ln -s "$lab/bin/virt-nested-hook" "$path"
    else
        { printf '#!/bin/sh\nexec %q' "$lab/bin/virt-nested-hook"; printf ' %q' "$@"; printf ' "$@"\n'; } >"$path"
        chmod 755 "$path"
    fi
}
lab_hook_remove() { rm -f "$lab/etc/libvirt/hooks/$lab_hook_name"; }

lab_config() {
    printf '%s\n' "$1" >"$lab/etc/virt-nested/virt-nested.conf"
    chmod 644 "$lab/etc/virt-nested/virt-nested.conf"
}

lab_guest() {
    local name=$1 type=qemu label=none label_xml='' cpu=none cpu_xml='' features='' features_xml='' devices_xml='' more_xml='' memory=64 machine=q35 model=''
    shift
    while [ $# -gt 0 ]; do
        case $1 in
        type=* | label=* | label_xml=* | cpu=* | cpu_xml=* | features_xml=* | devices_xml=* | more_xml=* | memory=* | machine=*)
            printf -v "${1%%=*}" %s "${1#*=}"
            ;;
        svm=* | vmx=* | npt=*) features+="<feature policy='${1#*=}' name='${1%%=*}'/>" ;;
        *) fail "lab_guest: unknown key $1" ;;
        esac
        shift
    done
    [ "$label" = none ] || label_xml+="<vn:nested xmlns:vn='urn:virt-nested:domain:1' policy='$label'/>"
    case $cpu in
    none) [ -z "$features" ] || fail 'lab_guest: a feature needs a cpu' ;;
    host-passthrough | host-model | maximum) cpu_xml="<cpu mode='$cpu'>$features</cpu>" ;;
    *) model=$cpu cpu_xml="<cpu mode='custom' match='exact'><model fallback='forbid'>$model</model>$features</cpu>" ;;
    esac
    cat <<XML
<domain type='$type'>
  <name>$name</name>
  ${label_xml:+<metadata>$label_xml</metadata>}
  <memory unit='MiB'>$memory</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='$machine'>hvm</type></os>
  <features><acpi/>$features_xml</features>
  $cpu_xml
  <devices>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
    $devices_xml
  </devices>
  $more_xml
</domain>
XML
}

lab_takes_kvm() { lab_virsh domcapabilities --virttype kvm --machine q35 --arch x86_64 >/dev/null 2>&1; }
lab_kvm() { lab_has_kvm && lab_takes_kvm; }

lab_define() {
    cat >"$lab/define.xml"
    lab_virsh define --validate "$lab/define.xml" >/dev/null && return
    if [ -e "$lab/stand-in" ] && grep -q "<domain type='kvm'" "$lab/define.xml" && ! lab_takes_kvm; then
        # One that it has to take: as with a missing package.
        [ "${CI:-}" = true ] || skip 'no KVM here, and this libvirt does not take the stand-in for it'
    fi
    fail "define: $(cat "$lab/define.xml")"
}

# A captured machine (sysfs, procfs and KVM's answer as regular files), for --root.
lab_nesting_host() {
    local vendor=$1 state=$2 root=${3:-$lab/host-$1} module=kvm_$1 id=GenuineIntel flags='vmx ept' value=Y
    [ "$vendor" = intel ] || { id=AuthenticAMD flags='svm npt' value=1; }
    [ "$state" = on ] || { value=0; [ "$vendor" = amd ] || value=N; }
    mkdir -p "$root/proc" "$root/dev" "$root/sys/module/$module/parameters" "$root/etc"
    printf 'processor\t: 0\nvendor_id\t: %s\nflags\t\t: fpu tsc msr %s\n\n' "$id" "$flags" >"$root/proc/cpuinfo"
    printf '%s\n' "$value" >"$root/sys/module/$module/parameters/nested"
    if [ "$state" = on ]; then printf 'nesting=1\nnested_paging=1\n'; else printf 'nesting=0\n'; fi >"$root/dev/kvm"
    printf '%s\n' "$root"
}

lab_running() { [ "$(lab_virsh domstate "$1" 2>/dev/null)" = running ]; }
lab_tainted() { grep -q "Domain id=.* name='$1' .* is tainted: hook-script" "$lab/log/libvirtd.log"; }

expect_start() {
    local said
    said=$(lab_virsh start "$1" 2>&1) || fail "$1 does not start: $said"
    lab_running "$1" || fail "$1 does not run after its start"
    if lab_tainted "$1"; then fail "$1 is tainted: the hook wrote to standard output"; fi
    ok "$1 starts"
}

expect_refused() {
    expect_hook_refusal "$2" start "$1"
    if lab_running "$1"; then fail "$1 runs although its start was refused"; fi
}

# libvirt appends what the hook wrote on stderr to its own message: that must be one line, and the last.
expect_hook_refusal() {
    local words=$1 status=0 ours line
    shift
    said=$(lab_virsh "$@" 2>&1) || status=$?
    [ "$status" != 0 ] || fail "$* works although it had to be refused"
    ours=$(grep -c 'virt-nested: ' <<<"$said") || fail "$* fails, but not by us: $said"
    [ "$ours" = 1 ] || fail "$*: our message has $ours lines: $said"
    line=${said#*unexpected exit status 1: }
    line=${line%%$'\n'*}
    grep -qF -- "$words" <<<"$line" || fail "$*: no '$words' in: $line"
    ok "$* is refused: $line"
}
