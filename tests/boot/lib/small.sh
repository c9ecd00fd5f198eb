# SPDX-License-Identifier: GPL-2.0-or-later
# A Debian kernel with a small initramfs: busybox, the real kmod, the kvm modules, the product.  Up in seconds, for
# what needs a real module and no service.  Sourced by tests/boot/run; bash.

# unpack_kernel DIR PACKAGE: the newest kernel that the meta package names, unpacked, not installed
unpack_kernel() {
    local dir=$1 package
    apt-cache show "$2" >/dev/null 2>&1 || apt-get update -qq
    package=$(apt-cache depends "$2" | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
    (cd "$dir" && apt-get -o APT::Sandbox::User=root download -qq "$package" >/dev/null)
    dpkg-deb -x "$dir"/*.deb "$dir/tree"
    rm "$dir"/*.deb
    ls "$dir/tree/lib/modules" >"$dir/version"
    depmod -b "$dir/tree" "$(cat "$dir/version")"
}

# small_kernel [PACKAGE]: sets kernel_tree kernel_version kernel
small_kernel() {
    need_tools depmod modprobe cpio gcc strip busybox jq qemu-system-x86_64
    cached kernel unpack_kernel "${1:-linux-image-cloud-amd64}"
    kernel_tree=$CACHED/tree
    kernel_version=$(cat "$CACHED/version")
    kernel=$kernel_tree/boot/vmlinuz-$kernel_version
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
# same, and loading it under Bochs takes a third of the time.
copy_modules() {
    local root=$1 tree=$2 version=$3 name file
    shift 3
    mkdir -p "$root/lib/modules/$version"
    for name in "$@"; do
        modprobe -C /dev/null -d "$tree" -S "$version" --show-depends "$name" 2>/dev/null | sed -n 's/^insmod \([^ ]*\).*/\1/p'
    done | sort -u | while read -r file; do
        install -D -m 644 "$file" "$root${file#"$tree"}"
        case $file in *.ko) "${strip_program:-strip}" --strip-debug -R .BTF "$root${file#"$tree"}" ;; esac
    done
    cp "$tree/lib/modules/$version"/modules.{order,builtin,builtin.modinfo} "$root/lib/modules/$version/"
    depmod -b "$root" "$version"
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
    copy_program "$root" "$(command -v kmod)" /bin/kmod
    for applet in modprobe insmod rmmod lsmod modinfo depmod; do ln -s /bin/kmod "$root/sbin/$applet"; done
    copy_program "$root" "$(command -v jq)" /usr/bin/jq
    copy_modules "$root" "$tree" "$version" kvm kvm_amd kvm_intel
    build_truth "$root/usr/bin/kvm-truth"
    install -m 755 "$boot_dir/guest/$init" "$root/init"
    install -m 644 "$boot_dir/guest/lib" "$root/etc/vn-lib"
    install -m 644 "$boot_dir/guest/init-lib" "$root/etc/vn-init"
    install -m 644 "$boot_dir/guest/prove" "$root/etc/vn-prove"
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
