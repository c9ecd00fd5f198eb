# SPDX-License-Identifier: GPL-2.0-or-later
# The product from the tree under test, as `cmake --install` lays it out in a system: for /usr, whatever the build
# folder was configured for, since units and links name their programs by their full path.  Sourced by tests/boot/run; bash.

# build_product DIR KEY CMAKE-OPTION...: configure, build, install into DIR/root
build_product() {
    local dir=$1 launcher=()
    shift 2
    need_tools cmake ninja
    if command -v ccache >/dev/null; then launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
    { cmake -S "$source_dir" -B "$dir/build" -G Ninja -DCMAKE_INSTALL_PREFIX=/usr -DVIRT_NESTED_MODPROBE=ON -DBUILD_TESTING=OFF "${launcher[@]}" "$@" &&
        nice -n 10 cmake --build "$dir/build" -j 2 &&
        DESTDIR=$dir/root cmake --install "$dir/build" --strip; } >"$dir/log" 2>&1 || { tail -n 40 "$dir/log"; return 1; }
    rm -rf "$dir/build"
}

# everything of the tree that can change what is installed
product_digest() {
    local path paths=()
    for path in "$source_dir"/*; do
        case ${path##*/} in build* | tests | docs | *.md) ;; *) paths+=("$path") ;; esac
    done
    digest "${paths[@]}"
}

# install_product ROOT: into a root of this machine's architecture
install_product() {
    if grep -q '^CMAKE_INSTALL_PREFIX:[A-Z]*=/usr$' "$build_dir/CMakeCache.txt" &&
        grep -q '^VIRT_NESTED_MODPROBE:BOOL=ON$' "$build_dir/CMakeCache.txt"; then
        DESTDIR=$1 cmake --install "$build_dir" --strip >"$work/install.log" 2>&1 ||
            { cat "$work/install.log"; die "cmake --install failed"; }
        # nobody will uninstall it
        rm -f "$build_dir/installed-$(printf %s "$1" | md5sum | cut -d' ' -f1).txt"
    else
        cached product build_product "$(product_digest)" -DCMAKE_BUILD_TYPE=RelWithDebInfo
        cp -a "$CACHED/root/." "$1/"
    fi
}

# cross_product ARCH TRIPLET: sets product, built against $sysroot
cross_product() {
    local arch=$1 triplet=$2 toolchain=$work/$1.cmake
    cross_toolchain "$triplet" "$toolchain"
    # the file's name is this run's own, its content is what counts
    cached "product-$arch" build_cross "$(product_digest) $(cat "$toolchain")"
    product=$CACHED/root
}
build_cross() {
    build_product "$1" "" -DCMAKE_TOOLCHAIN_FILE="$toolchain" -DVIRT_NESTED_LIBVIRT=OFF "${cross_options[@]}"
}
