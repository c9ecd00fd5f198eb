#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Where kvm is loaded in the initramfs, let it have the options of the real root there too, and leave a record of what
# was loaded. No kernel module is added: where none of kvm's is in the image, none of this matters.

# Does the configuration of this image, as dracut has read it, load one of kvm's modules in it?
vn_image_has_kvm() {
    local _file
    # shellcheck disable=SC2154 # drivers, add_drivers and force_drivers are dracut's own
    case " ${drivers-} ${add_drivers-} ${force_drivers-} " in
        *[[:blank:]]kvm[[:blank:]]* | *[[:blank:]]kvm[-_]*) return 0 ;;
    esac
    # systemd-modules-load is in the image with these files, dracut installs what they name.
    for _file in "${dracutsysrootdir-}"{/etc,/usr/lib}/modules-load.d/*.conf; do
        [[ -r $_file ]] && grep -Eq '^[[:blank:]]*kvm([-_][[:alnum:]]+)?[[:blank:]]*$' "$_file" && return 0
    done
    return 1
}

# called by dracut
check() {
    # By itself only in an image made for this host; in a generic one when somebody asks (255).
    # shellcheck disable=SC2154 # hostonly is dracut's own
    [[ $hostonly ]] && vn_image_has_kvm && return 0
    return 255
}

# called by dracut
depends() {
    return 0
}

# The files of modprobe.d that decide about kvm. dracut carries /usr/lib/modprobe.d into every image, but
# /etc/modprobe.d into hostonly ones alone, and /usr/local/lib/modprobe.d into none; without the admin's files a vendor
# file would win in the initramfs that loses in the real root.
vn_install_options() {
    local _root=${dracutsysrootdir-} _file _name _path
    for _file in "$_root"{/etc,/usr/local/lib,/usr/lib,/lib}/modprobe.d/*.conf; do
        [[ -e $_file || -L $_file ]] || continue
        _path=${_file#"$_root"}
        _name=${_path##*/}
        if [[ ! -s $_file || ! -f $_file ]]; then
            # Empty, or a link to /dev/null: it does away with the vendor's file of that name, so it must do so there.
            [[ -e $_root/usr/lib/modprobe.d/$_name || -e $_root/lib/modprobe.d/$_name ]] || continue
            # shellcheck disable=SC2154 # initdir is dracut's own
            mkdir -p "$initdir${_path%/*}" && rm -f "$initdir$_path" && : > "$initdir$_path"
        elif [[ $_name == 00-virt-nested.conf ]] || grep -Eq '\<kvm([-_][[:alnum:]]+)?\>' "$_file"; then
            inst_simple "$_path"
        fi
    done
}

# called by dracut
install() {
    vn_install_options
    # As late as can be: the module is loaded by a udev worker, beside the hooks.
    # shellcheck disable=SC2154 # moddir is dracut's own
    inst_hook pre-pivot 99 "$moddir/virt-nested-record.sh"
    inst_multiple -o udevadm mkdir mv
}
