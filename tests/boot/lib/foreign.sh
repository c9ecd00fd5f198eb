# SPDX-License-Identifier: GPL-2.0-or-later
# Other architectures: Debian's kernels and user land for them, and the product cross-built.  Nothing foreign is installed on
# this machine, nothing foreign runs outside the emulator.  Sourced by tests/boot/run; bash.

# foreign_system ARCH TRIPLET PACKAGES: sets sysroot (to build with), root (user land), product
foreign_system() {
    need_tools readelf
    cross_sysroot "$1" "$2"
    cached "root-$1" build_sysroot "$1" "$3" "${release:-$suite}"
    root=$CACHED/root
    cross_product "$1" "$2"
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

# foreign_product ARCH TRIPLET: as foreign_system, with what a small initramfs needs beside busybox in initrd_add
foreign_product() {
    local library
    foreign_system "$1" "$2" 'busybox-static kmod jq'
    initrd_add=$work/add-$1
    mkdir -p "$initrd_add"/{bin,lib,usr/bin}
    cp -a "$product/." "$initrd_add/"
    cp "$root/usr/bin/jq" "$initrd_add/usr/bin/jq"
    cp "$root/usr/bin/kmod" "$initrd_add/bin/kmod"
    { needed "$sysroot" "$product"/usr/{bin,libexec}/* "$product"/usr/libexec/*/*
      needed "$root" "$initrd_add/usr/bin/jq" "$initrd_add/bin/kmod"; } | sort -u | while read -r library; do
        cp -nL "$library" "$initrd_add/lib/"
    done
}

# foreign_initrd OUT INIT TRIPLET MODULE...: busybox, modules of $kernel_tree, and the truth
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
    strip_program=$triplet-strip copy_modules "$dir" "$kernel_tree" "$kernel_version" "$@"
    "$triplet-gcc" -O2 -static -o "$dir/usr/bin/kvm-truth" "$boot_dir/src/kvm-truth.c"
    install -m 755 "$boot_dir/guest/$init" "$dir/init"
    guest_parts "$dir"
    pack "$dir" "$out"
    rm -rf "$dir"
}
