# SPDX-License-Identifier: GPL-2.0-or-later
# To build for another architecture: Debian's libraries of that architecture, unpacked outside the tree and never installed,
# and CMake told to look there.  Sourced after cache.sh; bash.

# How everything is built for another architecture: alike, so that ccache compiles each file once for all that need it.
cross_options=(-DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE=-O1 -DVIRT_NESTED_WERROR=ON)

# build_sysroot DIR ARCH PACKAGES RELEASE: unpacked packages, whose absolute links would point out of it
build_sysroot() {
    local root=$1/root release=$4 link
    bootstrap "$root" "$3" --variant=extract --architectures="$2" --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr
    find "$root" -type l -lname '/*' -print | while read -r link; do
        ln -sfn "$(realpath -m -s --relative-to="$(dirname "$link")" "$root$(readlink "$link")")" "$link"
    done
    rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
}

# cross_sysroot ARCH TRIPLET: sets sysroot, to build the product and its tests with; of the Debian $release, if that is set
cross_sysroot() {
    need_tools mmdebstrap "$2-g++"
    cached "sysroot-$1" build_sysroot "$1" \
        "libc6-dev libstdc++6 libxml2-dev libboost-program-options-dev libarchive-dev nlohmann-json3-dev libgtest-dev libkmod-dev" \
        "${release:-$suite}"
    sysroot=$CACHED/root
}

# cross_toolchain TRIPLET FILE [EMULATOR...]: what CMake is told, written to FILE
cross_toolchain() {
    local triplet=$1 file=$2
    shift 2
    cat >"$file" <<CMAKE
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${triplet%%-*})
set(CMAKE_C_COMPILER $triplet-gcc)
set(CMAKE_CXX_COMPILER $triplet-g++)
set(CMAKE_LIBRARY_ARCHITECTURE $triplet)
set(CMAKE_SYSROOT $sysroot)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_CROSSCOMPILING_EMULATOR "$(IFS=";" && printf %s "$*")")
set(ENV{PKG_CONFIG_LIBDIR} $sysroot/usr/lib/$triplet/pkgconfig:$sysroot/usr/share/pkgconfig)
set(ENV{PKG_CONFIG_SYSROOT_DIR} $sysroot)
CMAKE
}
