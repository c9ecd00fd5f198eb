# SPDX-License-Identifier: GPL-2.0-or-later
# The full system: Debian 12, or the $release that is set, with systemd, udev, dracut and libvirtd, as a folder and as an ext4 image.  Built once and
# cached; the product under test is put into a copy for each run.  No loop mount, no nbd.  Sourced by tests/boot/run; bash.

image_packages=(systemd-sysv udev dbus kmod dracut libvirt-daemon-system libvirt-clients qemu-system-x86
    linux-image-cloud-amd64 busybox-static procps iproute2 xz-utils zstd cpio jq)
# what the product is linked with, beside what libvirt brings
declare -A image_libraries=([bookworm]="libboost-program-options1.74.0 libarchive13" [trixie]="libboost-program-options1.83.0 libarchive13t64")

# nothing in the image waits for a person, a clock or a network
image_masked=(apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer
    dpkg-db-backup.timer systemd-timesyncd.service serial-getty@ttyS0.service getty@tty1.service libvirt-guests.service)

# build_base DIR PACKAGES MASKED RELEASE: DIR/root (the folder), DIR/version (the kernel's)
build_base() {
    local dir=$1 root=$1/root release=$4 unit
    bootstrap "$root" "$2" --variant=minbase --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/doc/*'
    ls "$root/lib/modules" >"$dir/version"
    for unit in $3; do ln -sf /dev/null "$root/etc/systemd/system/$unit"; done
    echo virt-nested-host >"$root/etc/hostname"
    echo 'LABEL=vnroot / ext4 rw,noatime 0 0' >"$root/etc/fstab"
    chroot "$root" passwd -d root >/dev/null 2>&1 || true
    rm -f "$root/usr/bin/qemu-system-i386"      # libvirtd would probe it too: half a minute under Bochs
    rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/qemu/edk2-* "$root"/usr/share/OVMF
}

base_image() {
    need_tools mmdebstrap mke2fs debugfs
    local of=${release:-$suite}
    cached "base-$of" build_base "${image_packages[*]} ${image_libraries[$of]}" "${image_masked[*]}" "$of"
    base_root=$CACHED/root
    kernel_version=$(cat "$CACHED/version")
    image_kernel=$base_root/boot/vmlinuz-$kernel_version
    chroot "$base_root" dpkg-query -W -f 'version: ${Package} ${Version}\n' dracut libvirt-daemon systemd
    say "version: linux-amd64 $kernel_version"
}

# build_dracut_base DIR RELEASE PACKAGES KERNEL: a root with the dracut of that Debian and a folder of kernel modules
build_dracut_base() {
    release=$2 bootstrap "$1/root" "$3" --variant=minbase
    mkdir -p "$1/root/lib/modules"
    cp -a "$base_root/lib/modules/$4" "$1/root/lib/modules/"
    rm -rf "$1"/root/var/cache/apt/* "$1"/root/var/lib/apt/lists/*
}

# dracut_base RELEASE: another Debian's dracut in the place of the base's; the kernel stays
dracut_base() {
    cached "dracut-$1" build_dracut_base "$1" "dracut-core systemd-sysv udev kmod e2fsprogs cpio" "$kernel_version"
    base_root=$CACHED/root
}

# What this machine needs in an initramfs, and nothing else, as the configuration of dracut that is in the image too:
# a rebuild in the emulated machine takes a minute then, not four.
dracut_configuration() {
    cat <<'CONF'
hostonly="no"
hostonly_cmdline="no"
compress="gzip"
omit_dracutmodules+=" network plymouth lvm mdraid dm crypt multipath iscsi nfs nvdimm resume btrfs qemu qemu-net fs-lib terminfo i18n "
drivers+=" virtio_blk virtio_pci ext4 ata_piix sd_mod "
CONF
}

# overlay ROOT FOLDER...: a throw-away copy (hard links) of the base root with folders laid over it
overlay() {
    local root=$1 folder
    shift
    cp -al "$base_root" "$root"
    for folder in "$@"; do cp -a --remove-destination "$folder"/. "$root/"; done
}

# what of a product can reach an initramfs: everything but the programs and the manual
initramfs_part() { (cd "$1" && find . -path ./usr/share/man -prune -o -path ./usr/bin -prune -o -type f -print -o -type l -print | tar -c -T -) | tar -x -C "$2"; }

# in_root ROOT COMMAND...: with /proc, /sys, /run and /dev, without which dracut silently makes another image; the mounts
# go with the command's own namespace
in_root() {
    # shellcheck disable=SC2016
    "$source_dir/tests/lib/own-mounts" /bin/sh -euc 'root=$1; shift
        for fs in proc sys run dev; do mount --rbind "/$fs" "$root/$fs"; done
        exec nice -n 10 chroot "$root" "$@"' sh "$@"
}

# build_initrd DIR DIGEST SETUP [OPTION...]: dracut in a copy of the base root with $initrd_overlay laid over it
build_initrd() {
    local dir=$1 root=$1/root
    shift 2
    overlay "$root" "$initrd_overlay"
    in_root "$root" dracut "$@" /boot/initrd-new "$kernel_version" >"$dir/log" 2>&1 || { tail -n 20 "$dir/log"; return 1; }
    cp "$root/boot/initrd-new" "$dir/initrd"
    in_root "$root" lsinitrd /boot/initrd-new >"$dir/list" 2>/dev/null
    rm -rf --one-file-system "$root"
}

# dracut_initrd NAME FOLDER [OPTION...]: sets initrd and initrd_list, for the base system with FOLDER laid over it
dracut_initrd() {
    local name=$1 initrd_overlay=$work/overlay-$1 folder=$2
    shift 2
    mkdir -p "$initrd_overlay"
    initramfs_part "$folder" "$initrd_overlay"
    mkdir -p "$initrd_overlay/etc/dracut.conf.d"
    dracut_configuration >"$initrd_overlay/etc/dracut.conf.d/10-boot-test.conf"
    cached "initrd-$name" build_initrd "$(basename "$(dirname "$base_root")") $(digest "$initrd_overlay")" --force "$@"
    rm -rf "$initrd_overlay"
    initrd=$CACHED/initrd initrd_list=$CACHED/list
}

# build_disk DIR KEY: the base root as an ext4 image of whole cylinders (16 heads, 63 sectors), which Bochs wants
build_disk() {
    mke2fs -q -t ext4 -F -L vnroot -E lazy_itable_init=0,lazy_journal_init=0 -d "$base_root" "$1/disk" 3014M
    truncate -s $(((3014 * 1048576 + 516095) / 516096 * 516096)) "$1/disk"
}

# put_files DISK FOLDER: the files, folders and links of FOLDER into the ext4 image DISK, by debugfs; owner root
put_files() {
    local disk=$1 folder=$2 path
    (cd "$folder" && find . -mindepth 1 | LC_ALL=C sort | while read -r path; do
        path=${path#.}
        if [ -L ".$path" ]; then printf 'rm %s\nsymlink %s %s\n' "$path" "$path" "$(readlink ".$path")"
        elif [ -d ".$path" ]; then printf 'mkdir %s\n' "$path"
        else printf 'rm %s\nwrite %s %s\nsif %s uid 0\nsif %s gid 0\n' "$path" "$folder$path" "$path" "$path" "$path"
        fi
    done) >"$work/debugfs"
    debugfs -w -f "$work/debugfs" "$disk" >"$work/debugfs.log" 2>&1
    # what is there already (mkdir) or not yet (rm) is no error
    if sed '/^debugfs/d' "$work/debugfs.log" | grep -v -E 'File not found|Ext2 (directory|file) already exists|^Allocated inode|^$'; then
        die "debugfs could not write $disk"
    fi
}

# get_file DISK PATH OUT: a file out of an image that a guest has written; the journal is replayed first
get_file() {
    e2fsck -p "$1" >/dev/null 2>&1 || [ $? -le 2 ] || die "the guest left a damaged file system"
    debugfs -R "dump $2 $3" "$1" >/dev/null 2>&1
    [ -s "$3" ] || die "no $2 in the guest's disk"
}

# build_tools_initrd DIR DIGEST PACKAGE...: initramfs-tools in a copy of the base root.  Its packages are unpacked, not
# installed: in a system, they and dracut exclude each other.
build_tools_initrd() {
    local dir=$1 root=$1/root deb
    shift 2
    overlay "$root" "$initrd_overlay"
    mkdir "$dir/debs"
    (cd "$dir/debs" && apt-get -o APT::Sandbox::User=root download -qq "$@" >/dev/null)
    for deb in "$dir"/debs/*.deb; do    # dpkg-deb -x would put a folder in the place of the link /lib
        dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$root" --keep-directory-symlink
    done
    printf 'MODULES=list\nBUSYBOX=auto\nKEYMAP=n\nCOMPRESS=gzip\nRUNSIZE=10%%\n' >"$root/etc/initramfs-tools/initramfs.conf"
    printf '%s\n' virtio_pci virtio_blk ext4 kvm_amd >"$root/etc/initramfs-tools/modules"
    in_root "$root" mkinitramfs -o /boot/initrd-new "$kernel_version" >"$dir/log" 2>&1 || { tail -n 20 "$dir/log"; return 1; }
    cp "$root/boot/initrd-new" "$dir/initrd"
    in_root "$root" lsinitramfs /boot/initrd-new >"$dir/list"
    rm -rf --one-file-system "$root" "$dir/debs"
}

# initramfs_tools_initrd FOLDER: as dracut_initrd
initramfs_tools_initrd() {
    local initrd_overlay=$work/overlay-tools
    mkdir -p "$initrd_overlay"
    initramfs_part "$1" "$initrd_overlay"
    cached initrd-tools build_tools_initrd "$(basename "$(dirname "$base_root")") $(digest "$initrd_overlay")" \
        initramfs-tools initramfs-tools-core klibc-utils libklibc
    rm -rf "$initrd_overlay"
    initrd=$CACHED/initrd initrd_list=$CACHED/list
}
