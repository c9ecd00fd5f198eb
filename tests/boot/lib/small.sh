# SPDX-License-Identifier: GPL-2.0-or-later
# A Debian kernel with a small initramfs: busybox, the real kmod, the kvm modules, the product.  Up in seconds, for
# what needs a real module and no service.  Sourced by tests/boot/run; bash.

# small_kernel [SUITE [FIRST]]: of this Debian or another; sets kernel_tree kernel_version kernel
small_kernel() {
    need_tools cpio gcc strip busybox jq qemu-system-x86_64
    release_kernel "${1:-$suite}" amd64 cloud-amd64 "${@:2}"
}

# copy_libraries ROOT FILE: what a program of this machine is linked with; nothing for a static one or a script
copy_libraries() {
    local root=$1 library
    { ldd "$2" 2>/dev/null || true; } | sed -n 's/^[^/]*\(\/[^ ]*\).*/\1/p' | while read -r library; do
        [ -e "$root$library" ] || install -D "$(readlink -f "$library")" "$root$library"
    done
}

# copy_program ROOT FILE AS: a program of this machine with its libraries
copy_program() {
    install -D "$(readlink -f "$2")" "$1$3"
    copy_libraries "$1" "$2"
}

# copy_modules ROOT TREE VERSION NAME...: modules and what they depend on.  Without signature and BTF: the code is the
# same, and loading it under Bochs takes a third of the time; bare_modules=1 has them without compression too.
copy_modules() {
    local root=$1 tree=$2 version=$3 name file
    shift 3
    mkdir -p "$root/lib/modules/$version"
    for name in "$@"; do
        modprobe -C /dev/null -d "$tree" -S "$version" --show-depends "$name" 2>/dev/null | sed -n 's/^insmod \([^ ]*\).*/\1/p'
    done | sort -u | while read -r file; do
        install -D -m 644 "$file" "$root${file#"$tree"}"
        if [ -n "${bare_modules:-}" ] && [[ $file == *.xz ]]; then xz -d "$root${file#"$tree"}"; file=${file%.xz}; fi
        case $file in *.ko) "${strip_program:-strip}" --strip-debug -R .BTF "$root${file#"$tree"}" ;; esac
    done
    cp "$tree/lib/modules/$version"/modules.{order,builtin,builtin.modinfo} "$root/lib/modules/$version/"
    depmod -b "$root" "$version"
}

# guest_parts ROOT: what the /init of a small initramfs is made of
guest_parts() {
    local part
    for part in lib init-lib:init prove switch; do install -m 644 "$boot_dir/guest/${part%:*}" "$1/etc/vn-${part#*:}"; done
}

build_truth() { gcc -O2 -Wall -Wextra -static -o "$1" "$boot_dir/src/kvm-truth.c"; }

# small_root ROOT INIT [TREE VERSION]: a root for an initramfs; INIT (a file of guest/) becomes /init
small_root() {
    local root=$1 init=$2 tree=${3:-$kernel_tree} version=${4:-$kernel_version} applet
    mkdir -p "$root"/{bin,sbin,dev,proc,sys,run,tmp,root,etc/modprobe.d,usr/bin,usr/sbin,usr/lib/modprobe.d,lib}
    cp "$(command -v busybox)" "$root/bin/busybox"
    for applet in $(busybox --list); do
        case $applet in
            modprobe | insmod | rmmod | lsmod | modinfo | depmod | busybox) ;;
            *) ln -s busybox "$root/bin/$applet" ;;
        esac
    done
    # before any of this machine's, for a newer C library runs older programs
    if [ -n "${release_root:-}" ]; then copy_release_program "$root" /usr/bin/kmod /bin/kmod
    else copy_program "$root" "$(command -v kmod)" /bin/kmod
    fi
    for applet in modprobe insmod rmmod lsmod modinfo depmod; do ln -s /bin/kmod "$root/sbin/$applet"; done
    copy_program "$root" "$(command -v jq)" /usr/bin/jq
    copy_modules "$root" "$tree" "$version" kvm kvm_amd kvm_intel
    build_truth "$root/usr/bin/kvm-truth"
    install -m 755 "$boot_dir/guest/$init" "$root/init"
    guest_parts "$root"
    echo 'root:x:0:0::/root:/bin/sh' >"$root/etc/passwd"
    echo 'root:x:0:' >"$root/etc/group"
}

# add_product ROOT: the product and the libraries it is linked with, into a small root
add_product() {
    local root=$1 file
    install_product "$root"
    [ ! -e "$build_dir/tests/boot/prove-trials" ] || cp "$build_dir/tests/boot/prove-trials" "$root/usr/bin/"
    find "$root/usr/bin" "$root/usr/lib" -type f -perm -u+x ! -name '*.so*' | while read -r file; do copy_libraries "$root" "$file"; done
}

# pack ROOT OUT
pack() { (cd "$1" && find . | cpio -o -H newc -R 0:0 --quiet | gzip -1) >"$2"; }

# small_initrd INIT: sets initrd to an initramfs with the product, made once for a test
small_initrd() {
    local root=$work/small-root
    initrd=$work/$1.gz
    small_root "$root" "$1"
    add_product "$root"
    pack "$root" "$initrd"
    rm -rf "$root"
}
