# SPDX-License-Identifier: GPL-2.0-or-later
# Emulated machines: AMD with SVM by QEMU's TCG, Intel with VT-x by Bochs, POWER9 and IBM Z by QEMU.  No KVM is used.
# Each function boots once, in the foreground, writes the serial console with time stamps to $work/NAME.log, and
# returns when the guest has powered off or the time is up.  Sourced by tests/boot/run; bash.

# Each line with the seconds since the start; the console's other control characters would garble a test's output.
stamp() {
    perl -MTime::HiRes=time -e '$| = 1; my $t = time;
        while (<STDIN>) { s/\r//g; s/\e\[[0-9;?]*[A-Za-z]//g; s/[^\t\n\x20-\x7e]/?/g; printf "[%7.2f] %s", time - $t, $_ }'
}

# An emulator must not outlive the test, not even one that is killed without notice.
bound() { setpriv --pdeathsig KILL timeout -k 5 "$1" setpriv --pdeathsig KILL "${@:2}"; }

# emulate NAME SECONDS COMMAND...: the guest's serial console is the command's standard output
emulate() {
    local name=$1 seconds=$2 begin log=$work/$1.log status=0
    shift 2
    begin=$(date +%s.%N)
    # in the background, so that a signal to the test is acted on at once
    { bound "$seconds" "$@" </dev/null 2>"$log.err" | stamp >"$log"; } &
    wait $! || status=$?
    say "boot $name: $(awk "BEGIN { printf \"%.1f\", $(date +%s.%N) - $begin }") s"
    [ "$status" = 0 ] || say "  (emulator's status $status)"
}

# boot_amd NAME KERNEL INITRD ARGUMENTS [QEMU-OPTION...]: VN_CPU, VN_MEMORY (MiB), VN_SECONDS change the machine
boot_amd() {
    local name=$1 kernel=$2 initrd=$3 arguments=$4
    shift 4
    emulate "$name" "${VN_SECONDS:-300}" qemu-system-x86_64 -accel tcg -cpu "${VN_CPU:-EPYC-Milan,+svm,+npt}" -smp 1 \
        -m "${VN_MEMORY:-512}" -M q35 -nodefaults -nic none -display none -no-reboot -kernel "$kernel" -initrd "$initrd" \
        -append "console=ttyS0 panic=-1 loglevel=4 $arguments" -serial stdio "$@"
}

# boot_intel NAME KERNEL INITRD ARGUMENTS [DISK]: VN_BOCHS_CPU, VN_MEMORY, VN_SECONDS as above
# Bochs boots from an ISO.  Debian's build has the debugger in, which waits for a `c`, and its text screen wants a
# terminal of its own, which stops the machine for good when nobody reads it: script(1) gives one, `drain` reads it.
boot_intel() {
    local name=$1 kernel=$2 initrd=$3 arguments=$4 disk=${5:-} dir=$work/bochs-$1 log=$work/$1.log begin hold reader drain pid
    mkdir -p "$dir/iso/isolinux"
    cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$dir/iso/isolinux/"
    cp "$kernel" "$dir/iso/vmlinuz"
    cp "$initrd" "$dir/iso/initrd.gz"
    # a third of the boot is self-tests and mitigations, which nothing here depends on
    cat >"$dir/iso/isolinux/isolinux.cfg" <<CFG
default l
prompt 0
label l
 kernel /vmlinuz
 append initrd=/initrd.gz console=ttyS0,115200 panic=-1 loglevel=4 mitigations=off nokaslr tsc=reliable cryptomgr.notests $arguments
CFG
    xorriso -as mkisofs -quiet -o "$dir/boot.iso" -b isolinux/isolinux.bin -c isolinux/boot.cat \
        -no-emul-boot -boot-load-size 4 -boot-info-table "$dir/iso" >/dev/null 2>&1
    bochs_config "$dir" "$disk" >"$dir/bochsrc"
    echo c >"$dir/debugger.rc"
    mkfifo "$dir/serial"
    begin=$(date +%s.%N)
    exec {hold}<>"$dir/serial"          # keeps the FIFO open: nobody blocks in open()
    stamp <"$dir/serial" >"$log" {hold}>&- & reader=$!
    : >"$log.term"
    drain_screen "$log.term" {hold}>&- & drain=$!
    TERM=xterm bound "${VN_SECONDS:-300}" script -qfc \
        "echo \$\$ >$dir/pid; exec setpriv --pdeathsig KILL bochs -q -f $dir/bochsrc -rc $dir/debugger.rc" /dev/null \
        </dev/null >"$log.term" 2>"$log.err" {hold}>&- &
    wait $! || true
    # bochs outlives script(1) when the time is up
    pid=$(cat "$dir/pid" 2>/dev/null) || pid=
    if [ -n "$pid" ] && grep -q -a "$dir/bochsrc" "/proc/$pid/cmdline" 2>/dev/null; then kill -KILL "$pid"; fi
    exec {hold}>&-
    wait "$reader" || true
    kill "$drain" 2>/dev/null || true
    wait "$drain" || true
    rm -rf "$dir"
    say "boot $name: $(awk "BEGIN { printf \"%.1f\", $(date +%s.%N) - $begin }") s"
}

bochs_config() {
    local dir=$1 disk=$2
    cat <<RC
config_interface: textconfig
display_library: term
romimage: file=/usr/share/bochs/BIOS-bochs-latest, options=fastboot
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
cpu: model=${VN_BOCHS_CPU:-corei7_haswell_4770}, count=1, ips=100000000, reset_on_triple_fault=0
memory: guest=${VN_MEMORY:-512}, host=${VN_MEMORY:-512}
clock: sync=none, time0=local
pci: enabled=1, chipset=i440fx
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata1: enabled=1, ioaddr1=0x170, ioaddr2=0x370, irq=15
ata1-master: type=cdrom, path=$dir/boot.iso, status=inserted
${disk:+ata0-master: type=disk, path=$disk, mode=flat, cylinders=0, heads=16, spt=63}
boot: cdrom
com1: enabled=1, mode=file, dev=$dir/serial
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
speaker: enabled=0
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
log: $dir/bochs.log
RC
}

drain_screen() {
    local terminal _
    for _ in $(seq 50); do
        terminal=$(grep -a -o '/dev/pts/[0-9]*' "$1" | head -n 1) || true
        if [ -n "$terminal" ]; then
            stty -F "$terminal" raw -echo
            exec setpriv --pdeathsig KILL cat "$terminal" >/dev/null 2>&1
        fi
        sleep 0.2
    done
}
