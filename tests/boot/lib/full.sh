# SPDX-License-Identifier: GPL-2.0-or-later
# The full system with the product installed, booted as often as a scenario needs on one disk.
# Sourced by tests/boot/run; bash.

# full_system [FOLDER...]: a disk of this test's own with the product and FOLDERs laid over it: sets disk product initrd
full_system() {
    base_image
    cached disk build_disk "$(basename "$(dirname "$base_root")")"
    disk=$work/disk
    cp --sparse=always "$CACHED/disk" "$disk"
    product=$work/product
    mkdir "$product"
    install_product "$product"
    own_libraries "$product"
    enable_units "$product"
    local extra=$work/extra
    mkdir -p "$extra/vn" "$extra/usr/local/bin" "$extra/etc/systemd/system/multi-user.target.wants"
    cp -r "$boot_dir/guest/full/." "$boot_dir/guest/lib" "$extra/vn/"
    build_truth "$extra/usr/local/bin/kvm-truth"
    mv "$extra/vn/vn-boot-test.service" "$extra/etc/systemd/system/"
    ln -s ../vn-boot-test.service "$extra/etc/systemd/system/multi-user.target.wants/"
    mkdir -p "$extra/etc/dracut.conf.d"
    dracut_configuration >"$extra/etc/dracut.conf.d/10-boot-test.conf"
    l1_initrd "$extra/vn/l1.gz"
    local folder
    for folder in "$product" "$extra" "$@"; do put_files "$disk" "$folder"; done
    dracut_initrd generic "$product"
    rm -rf "$extra"
    mkdir -p "$extra/boot"
    cp "$initrd" "$extra/boot/initrd.img-$kernel_version"
    put_files "$disk" "$extra"
    rm -rf "$extra"
}

# own_libraries ROOT: what this machine's programs are linked with and another release has in another version alone
own_libraries() {
    local file library
    for file in "$1"/usr/bin/* "$1"/usr/libexec/*; do
        { ldd "$file" 2>/dev/null || true; } | sed -n 's/^[^/]*\(\/[^ ]*\).*/\1/p'
    done | sort -u | while read -r library; do
        [[ $library == /lib/* ]] && library=/usr$library
        [ -e "$base_root$library" ] || install -D "$(readlink -f "$library")" "$1$library"
    done
}

# What a package's scripts do after the files are there: the timer is enabled, the hook is linked.
enable_units() {
    local root=$1 timer=virt-nested-validate.timer dir
    for dir in usr/lib/systemd/system lib/systemd/system; do
        [ -e "$root/$dir/$timer" ] || continue
        mkdir -p "$root/etc/systemd/system/timers.target.wants"
        ln -s "/$dir/$timer" "$root/etc/systemd/system/timers.target.wants/$timer"
    done
}

# l1_initrd OUT: what a guest of the emulated host boots, with the host's own kernel
l1_initrd() {
    local root=$work/l1-root
    small_root "$root" l1 "$base_root" "$kernel_version"
    copy_program "$root" "$product/usr/bin/virt-nested" /usr/bin/virt-nested
    pack "$root" "$1"
    rm -rf "$root"
}

full_arguments="root=LABEL=vnroot rw systemd.show_status=0 systemd.log_target=journal"

# full_amd NAME SCENARIO [ARGUMENT...]: one boot of the disk; what it writes is there at the next
full_amd() {
    local name=$1 scenario=$2
    shift 2
    VN_MEMORY=${VN_MEMORY:-1536} VN_SECONDS=${VN_SECONDS:-600} boot_amd "$name" "$image_kernel" "$initrd" \
        "$full_arguments vn.do=$scenario $*" -drive "file=$disk,format=raw,if=virtio,cache=unsafe"
}

# full_intel NAME SCENARIO [ARGUMENT...]: the same on the slower machine, whose clocks run behind
full_intel() {
    local name=$1 scenario=$2
    shift 2
    VN_MEMORY=${VN_MEMORY:-1024} VN_SECONDS=${VN_SECONDS:-1500} boot_intel "$name" "$image_kernel" "$initrd" \
        "$full_arguments systemd.default_timeout_start_sec=900 rd.timeout=900 rd.retry=900 rd.udev.event_timeout=900 vn.do=$scenario $*" "$disk"
}
