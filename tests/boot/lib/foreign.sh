# SPDX-License-Identifier: GPL-2.0-or-later
# POWER and IBM Z: Debian's kernels and user land of that architecture, and the product cross-built for it.
# Nothing foreign is installed on this machine, nothing foreign runs outside the emulator.  Sourced by tests/boot/run; bash.

# foreign_system ARCH TRIPLET KERNEL-PACKAGE PACKAGES: sets sysroot (to build with), root (user land, kernel), product
foreign_system() {
    local arch=$1 triplet=$2
    need_tools readelf
    cross_sysroot "$arch" "$triplet"
    cached "root-$arch" build_sysroot "$arch" "$3 $4"
    root=$CACHED/root
    kernel_version=$(ls "$root/usr/lib/modules")
    kernel=$(find "$root/boot" -name "vmlinu*-$kernel_version")
    cross_product "$arch" "$triplet"
}

# needed LIBRARY-ROOT FILE...: the libraries that dynamic programs of another architecture need, with theirs
needed() {
    local from=$1 name file
    shift
    for file in "$@"; do
        { readelf -d "$file" 2>/dev/null || true; } | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | while read -r name; do
            file=$(find "$from/usr/lib" -name "$name" | head -n 1)
            [ -z "$file" ] || { printf '%s\n' "$file"; needed "$from" "$file"; }
        done
    done
}

# foreign_initrd OUT INIT TRIPLET MODULE...: busybox, what the kernel needs, and the truth
foreign_initrd() {
    local out=$1 init=$2 triplet=$3 dir=$work/foreign-initrd applet tool
    shift 3
    mkdir -p "$dir"/{bin,sbin,dev,proc,sys,run,tmp,mnt,etc/modprobe.d,usr/bin,lib}
    cp "$root/usr/bin/busybox" "$dir/bin/busybox"
    for applet in $(busybox --list); do [ "$applet" = busybox ] || ln -s busybox "$dir/bin/$applet"; done
    [ -z "${initrd_add:-}" ] || cp -a "$initrd_add"/. "$dir/"
    applet=busybox
    [ ! -e "$dir/bin/kmod" ] || applet=kmod
    for tool in modprobe rmmod lsmod modinfo depmod; do ln -s "../bin/$applet" "$dir/sbin/$tool"; done
    strip_program=$triplet-strip copy_modules "$dir" "$root" "$kernel_version" "$@"
    "$triplet-gcc" -O2 -static -o "$dir/usr/bin/kvm-truth" "$boot_dir/src/kvm-truth.c"
    install -m 755 "$boot_dir/guest/$init" "$dir/init"
    install -m 644 "$boot_dir/guest/lib" "$dir/etc/vn-lib"
    install -m 644 "$boot_dir/guest/init-lib" "$dir/etc/vn-init"
    pack "$dir" "$out"
    rm -rf "$dir"
}
