# SPDX-License-Identifier: GPL-2.0-or-later
# What is tried on the kernel of another release than this Debian's, in a small initramfs.  Sourced by tests/boot/run; bash.

# amd_on SUITE [BOOT-ARGUMENT...]: kvm_amd with that release's kernel and kmod: every way to set the parameter, `enable` and
# `disable --now`, the command line
amd_on() {
    small_kernel "$1"
    release_programs "${1%-backports}" amd64 kmod
    small_initrd matrix
    boot_amd matrix "$kernel" "$initrd" "${*:2}"
    judge matrix "$work/matrix.log" 60
    small_initrd cmdline
    command_lines boot_amd kvm_amd
}

# intel_on SUITE: kvm_intel with that release's kernel, under Bochs
intel_on() {
    bare_modules=1
    small_kernel "$1"
    release_programs "${1%-backports}" amd64 kmod
    small_initrd matrix
    VN_SECONDS=1500 boot_intel matrix "$kernel" "$initrd" vn.subset
    judge matrix "$work/matrix.log" 55
    small_initrd cmdline
    command_lines boot_intel kvm_intel
}

# command_lines BOOT MODULE: of the initramfs `cmdline`, those that settle who wins
command_lines() {
    local name want arguments
    while read -r name want arguments; do
        "$1" "$name" "$kernel" "$initrd" "vn.want=$want $arguments"
        judge "$name" "$work/$name.log" 3
    done <<WAYS
off no $2.nested=0
file-off-on yes vn.d=0 $2.nested=1
WAYS
}

# arm64_on SUITE FIRST EMULATOR-SUITE MODE-NESTED: Arm64 with that kernel under that release's QEMU; MODE-NESTED: yes or no, whether
# `kvm-arm.mode=nested` gives guests an EL2 there
arm64_on() {
    local name virtualization want kvm arguments
    foreign_product arm64 aarch64-linux-gnu
    release_kernel "$1" arm64 cloud-arm64 ${2:+"$2"}
    release_emulator "$3" qemu-system-arm qemu-system-aarch64
    foreign_initrd "$work/arm64.gz" arm64 aarch64-linux-gnu
    while read -r name virtualization want kvm arguments; do
        emulate "$name" "${VN_SECONDS:-300}" "${emulator[@]}" -M "virt,virtualization=$virtualization,gic-version=3" -cpu max -smp 1 \
            -m 1G -nodefaults -nic none -display none -no-reboot -serial stdio -kernel "$kernel" -initrd "$work/arm64.gz" \
            -append "console=ttyAMA0 loglevel=4 panic=-1 vn.want=$want vn.kvm=$kvm $arguments"
        judge "$name" "$work/$name.log" 10
    done <<WAYS
nested on $4 yes kvm-arm.mode=nested
default on no yes
no-el2 off no no kvm-arm.mode=nested
none on no no kvm-arm.mode=none
dash-and-last on $4 yes kvm_arm.mode=none kvm_arm.mode=nested
WAYS
}

# arm64_l1_on SUITE EMULATOR-SUITE: a guest of QEMU and KVM on that host that starts at EL2 and has a KVM itself
arm64_l1_on() {
    local library
    foreign_product arm64 aarch64-linux-gnu
    release_kernel "$1" arm64 cloud-arm64
    foreign_initrd "$work/l1.gz" arm64 aarch64-linux-gnu
    release_programs "$2" arm64 qemu-system-arm ipxe-qemu
    initrd_add=$work/add-l0
    cp -a "$work/add-arm64" "$initrd_add"
    cp "$work/l1.gz" "$initrd_add/l1.gz"
    cp "$kernel" "$initrd_add/Image"
    mkdir -p "$initrd_add/usr/lib/aarch64-linux-gnu" "$initrd_add/usr/share/qemu"
    cp "$release_root/usr/bin/qemu-system-aarch64" "$initrd_add/usr/bin/"
    # the newer C library in the place of this Debian's
    needed "$release_root" "$release_root/usr/bin/qemu-system-aarch64" | sort -u | while read -r library; do
        cp -L --remove-destination "$library" "$initrd_add/lib/"
    done
    release_emulator "$2" qemu-system-arm qemu-system-aarch64
    foreign_initrd "$work/l0.gz" arm64-l0 aarch64-linux-gnu
    emulate l0 1500 "${emulator[@]}" -M virt,virtualization=on,gic-version=3 -cpu max -smp 1 -m 3G -nodefaults -nic none \
        -display none -no-reboot -serial stdio -kernel "$kernel" -initrd "$work/l0.gz" \
        -append 'console=ttyAMA0 loglevel=4 panic=-1 kvm-arm.mode=nested'
    judge l0 "$work/l0.log" 5
}

# ibm_z_on SUITE: an emulated IBM Z has no SIE, which every kernel answers alike
ibm_z_on() {
    need_tools qemu-system-s390x
    foreign_product s390x s390x-linux-gnu
    release_kernel "$1" s390x s390x
    foreign_initrd "$work/z.gz" ibm-z s390x-linux-gnu kvm
    emulate z 300 qemu-system-s390x -M s390-ccw-virtio -cpu max -smp 1 -m 1G -nodefaults -nic none -display none -no-reboot \
        -kernel "$kernel" -initrd "$work/z.gz" -append "console=ttysclp0 loglevel=4 panic=-1" \
        -chardev stdio,id=console -device sclpconsole,chardev=console
    judge z "$work/z.log" 5
}

# power_on SUITE EMULATOR-SUITE: POWER9 on bare metal, and a PAPR partition of nested API version 2, which serves none itself
power_on() {
    foreign_product ppc64el powerpc64le-linux-gnu
    release_kernel "$1" ppc64el powerpc64le
    release_emulator "$2" qemu-system-ppc qemu-system-ppc64
    foreign_initrd "$work/matrix.gz" matrix powerpc64le-linux-gnu kvm_hv
    emulate power9 300 "${emulator[@]}" -M powernv9 -cpu power9 -smp 1 -m 2G -nic none -nographic -no-reboot \
        -kernel "$kernel" -initrd "$work/matrix.gz" -append "console=hvc0 loglevel=4 panic=-1 vn.subset"
    judge power9 "$work/power9.log" 20
    foreign_initrd "$work/cannot.gz" cannot powerpc64le-linux-gnu kvm_hv
    emulate papr 300 "${emulator[@]}" -M pseries,cap-nested-papr=on -cpu power10 -smp 1 -m 2G -nic none -nographic -no-reboot \
        -kernel "$kernel" -initrd "$work/cannot.gz" -append "console=hvc0 loglevel=4 panic=-1"
    judge papr "$work/papr.log" 5
}

# risc_v_on SUITE: KVM is there, and offers no guest what it would need; its user land is Debian 13's, the first with RISC-V
risc_v_on() {
    need_tools qemu-system-riscv64
    release=trixie foreign_product riscv64 riscv64-linux-gnu
    release_kernel "$1" riscv64 riscv64
    foreign_initrd "$work/riscv.gz" cannot riscv64-linux-gnu kvm
    emulate riscv 300 qemu-system-riscv64 -M virt -cpu rv64,h=true -smp 1 -m 1G -nodefaults -nic none -display none -no-reboot \
        -serial stdio -kernel "$kernel" -initrd "$work/riscv.gz" -append "console=ttyS0 loglevel=4 panic=-1 vn.kvm=yes"
    judge riscv "$work/riscv.log" 5
}
