# SPDX-License-Identifier: GPL-2.0-or-later
# Kernels, emulators and tools of any Debian release, for any architecture: fetched by an apt of their own, unpacked, never
# installed.  Nothing of this machine's apt but its mirror and its proxy is used.  Sourced by tests/boot/run; bash.

# not_to_be_had WORDS: what the archive does not give is the one thing that may be missing in CI as well
not_to_be_had() {
    say "$test_part test: skipped: $*"
    exit 77
}

# archive DIR SUITE ARCH: from here on apt knows that suite of that architecture alone, and nothing that is installed
archive() {
    local apt=$1/apt mirror one
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || die "apt knows no Debian $suite mirror"
    mkdir -p "$apt"/{lists/partial,cache/archives/partial,parts}
    : >"$apt/status"
    # backports are made for what they are ported to
    for one in "${2%-backports}" "$2"; do
        echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $one main"
    done | sort -u >"$apt/sources"
    {
        apt-config dump | grep '^Acquire::' || true
        cat <<CONF
APT::Architecture "$3";
APT::Architectures { "$3"; };
APT::Default-Release "$2";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Acquire::Retries "2";
Acquire::Languages "none";
Dir::State "$apt";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Dir::Etc::sourcelist "$apt/sources";
Dir::Etc::sourceparts "$apt/parts";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "$apt/parts";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$apt/parts";
CONF
    } >"$apt/apt.conf"
    export APT_CONFIG=$apt/apt.conf
    apt-get -q update >"$apt/log" 2>&1 || not_to_be_had "the archive of Debian $2 cannot be reached: $(tail -n 1 "$apt/log")"
}

# unpack DIR DEB...: without maintainer scripts, into a tree as every release since Debian 12 has it, /usr merged
unpack() {
    local root=$1 deb name
    shift
    for name in bin sbin lib lib64; do
        mkdir -p "$root/usr/$name"
        [ -e "$root/$name" ] || ln -s "usr/$name" "$root/$name"
    done
    for deb in "$@"; do dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$root" --keep-directory-symlink; done
}

# unpack_kernel DIR SUITE ARCH FLAVOUR [FIRST]: the suite's newest kernel of that flavour, or its oldest from version FIRST on; what
# the archive names and no longer has is passed over
unpack_kernel() {
    local dir=$1 flavour=$4 first=${5:-} names name parts
    archive "$1" "$2" "$3"
    names=$(apt-cache pkgnames linux-image- | grep -E "^linux-image-[0-9][^-]*(-[0-9]+)?-$flavour\$" | sort -V)
    if [ -z "$first" ]; then names=$(sort -rV <<<"$names")
    else names=$({ echo "linux-image-$first"; echo "$names"; } | sort -V | awk -v first="linux-image-$first" 'on; $0 == first { on = 1 }')
    fi
    for name in $names; do
        # from Linux 7.1 on an image is a package of packages
        parts=$(apt-cache depends "$name" | sed -nE 's/.*Depends: <?(linux-(base|binary|modules)-[0-9][^>]*)>?/\1/p')
        # shellcheck disable=SC2086
        ! (cd "$dir/apt" && rm -f -- *.deb && apt-get download -qq "$name" $parts) >"$dir/apt/log" 2>&1 || break
        rm -f "$dir"/apt/*.deb
    done
    [ -n "$names" ] || not_to_be_had "Debian $2 has no kernel linux-image-*-$flavour${first:+ from $first on}"
    ls "$dir"/apt/"$name"_*.deb >/dev/null 2>&1 || not_to_be_had "no kernel of Debian $2 can be fetched: $(tail -n 1 "$dir/apt/log")"
    unpack "$dir/tree" "$dir"/apt/*.deb
    rm -r "$dir/apt"
    ls "$dir/tree/usr/lib/modules" >"$dir/version"
    depmod -b "$dir/tree" "$(cat "$dir/version")"
}

# release_kernel SUITE ARCH FLAVOUR [FIRST]: sets kernel_tree kernel_version kernel
release_kernel() {
    need_tools depmod modprobe
    cached "kernel-$1-$3" unpack_kernel "$@"
    kernel_tree=$CACHED/tree
    kernel_version=$(cat "$CACHED/version")
    # in /boot, or beside its modules
    kernel=$(find "$kernel_tree" -name 'vmlinu[xz]*' -type f -size +1M -print -quit)
    say "version: linux-$2 $kernel_version"
}

# unpack_programs DIR SUITE ARCH PACKAGE...: with all that they depend on
unpack_programs() {
    local dir=$1 of=$2
    archive "$1" "$2" "$3"
    apt-get install -qq -y --download-only "${@:4}" >"$dir/apt/log" 2>&1 ||
        not_to_be_had "$4 of Debian $of cannot be fetched: $(tail -n 1 "$dir/apt/log")"
    unpack "$dir/root" "$dir"/apt/cache/archives/*.deb
    apt-cache show "$4" | sed -n 's/^Version: //p' | head -n 1 >"$dir/version"
    rm -r "$dir/apt"
}

# release_programs SUITE ARCH PACKAGE...: sets release_root, where they are unpacked
release_programs() {
    cached "programs-$1-$3-$2" unpack_programs "$@"
    release_root=$CACHED/root
    say "version: $3 $(cat "$CACHED/version")"
}

# release_emulator SUITE PACKAGE PROGRAM: sets emulator, how that release's QEMU is started: with its own libraries, modules and
# firmware, which a program that another loader has started does not find by itself
release_emulator() {
    local libraries
    release_programs "$1" amd64 "$2" seabios ipxe-qemu
    libraries=$release_root/usr/lib/x86_64-linux-gnu
    emulator=(env "QEMU_MODULE_DIR=$libraries/qemu" "$release_root/usr/lib64/ld-linux-x86-64.so.2" --library-path "$libraries"
              "$release_root/usr/bin/$3" -L "$release_root/usr/share/qemu" -L "$release_root/usr/share/seabios")
}

# copy_release_program ROOT FILE AS: a program out of $release_root, with its libraries and its loader
copy_release_program() {
    local root=$1 library
    install -D "$release_root$2" "$root$3"
    needed "$release_root" "$release_root$2" | sort -u | while read -r library; do
        install -D "$library" "$root/lib/x86_64-linux-gnu/${library##*/}"
    done
    mkdir -p "$root/lib64"
    ln -sf "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" "$root/lib64/"
}
