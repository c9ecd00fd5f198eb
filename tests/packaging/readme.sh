# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0-or-later
# What README.md prints, line by line of its indented blocks, and who runs it: `source` and `deb`, the two ways to install, each in
# a bare Debian, or nobody, for a reason. A line that no row knows fails the test, and so does a row without a line.
# Sourced after cache.sh and common.sh.
bare_flags=()

# WHO | EXIT STATUSES, or REASON | LINE, as a pattern
readme_table() {
    cat <<'TABLE'
none | what CI runs, or has parts of (tests/boot, tests/libvirt)       | tests/demo
none | what CI runs                                                    | tests/run
source | 0 | tests/need build
source | 0 | cmake -S . -B build *
source | 0 | cmake --install build
none | no systemd runs in a bare root; tests/boot and tests/bringup    | systemctl *
deb | 0 | cp -r packaging/debian . && *
deb | 0 | dpkg-buildpackage *
deb | 0 | apt-get install ../virt-nested_*
none | Debian has no dnf                                               | dnf *
deb | 0 | packaging/release .
none | needs the macros of other distributions; packaging.rpm          | rpmbuild *
deb | 0 | apt-get install ../virt-nested-modprobe_*
source,deb | 0 1 3 4 | virt-nested validate
source,deb | 0 1 3 | virt-nested enable --dry-run
source,deb | 0 1 3 4 | virt-nested prove
deb | 0 | virt-nested label web1 require
none | XML, not a command                                              | <*
deb | 0 | virsh dumpxml --inactive web1 | virt-nested inject --dry-run -
none | a host that does not nest; every refusal is in tests/libvirt    | # virsh start web1
none | what virsh says to that                                         | error: *
none | what virsh says to that                                         | virt-nested: *
deb | 0 | virt-nested explain web1
deb | 0 | virsh dumpxml --inactive web1 | virt-nested explain -
deb | 0 | virt-nested list --exposed
none | needs a second host; tests/libvirt has two                      | virt-nested list --exposed --connect *
deb | 0 | virt-nested facts --guests
source,deb | 0 | virt-nested capture host.tar.zst
source,deb | 0 1 3 4 | virt-nested validate --root host.tar.zst
deb | 0 | virt-nested selftest
deb | 0 | virt-nested unlabel web1
deb | 0 | apt-get purge *
source | 0 | sh build/uninstall
none | the configuration, not a command; packaging.docs-agree          | * = *
none | figures of a quiet machine, taken by hand                       | cmake --preset ci *
TABLE
}

# readme_rows: into $work/rows, WHO, STATUSES and LINE of every printed line, in order, with tabs between.
readme_rows() {
    local line who what pattern hits used=()
    while IFS= read -r line; do
        hits=0
        while IFS= read -r row; do
            IFS='|' read -r who what pattern <<<"$row"
            read -r who <<<"$who"
            read -r what <<<"$what"
            read -r pattern <<<"$pattern"
            # shellcheck disable=SC2053
            [[ $line == $pattern ]] || continue
            hits=$((hits + 1))
            used+=("$row")
            printf '%s\t%s\t%s\n' "$who" "$what" "$line"
        done < <(readme_table)
        [ "$hits" = 1 ] || fail "README.md prints what $hits rows of tests/packaging/readme.sh know: $line"
    done < <(sed -nE '/^    /{s/^ +//; s/ {2,}# .*//; s/ +$//; p}' "$source/README.md") >"$work/rows"
    readme_table | grep -vxF -f <(printf '%s\n' "${used[@]}") >&2 && fail 'README.md prints nothing of the kind any more'
    return 0
}

# readme_run WHO: its lines, each as it is printed, in the bare root. What only apt may do (fetch) nothing else can: there is no network.
# Between them `before LINE` is called, for what README leaves to the reader.
readme_run() {
    local who statuses line status count=0
    while IFS=$'\t' read -r who statuses line <&3; do
        [[ ,$who, == *,$1,* ]] || continue
        before "$line"
        local net=(unshare --net) began=$SECONDS
        case $line in *apt-get* | tests/need*) net=() ;; esac
        status=0
        bare "${net[@]}" bash -o pipefail -c "$line" >"$work/said" 2>&1 || status=$?
        [[ " $statuses " == *" $status "* ]] || fail_log "'$line', as README.md prints it, ends with $status" "$work/said"
        count=$((count + 1))
        printf 'ran (%s s): %s\n' "$((SECONDS - began))" "$line"
        after "$line"
    done 3<"$work/rows"
    ok "$count of README.md's commands, in a bare Debian"
}

# A Debian with nothing in it but what every Debian has; and ccache, which none of the commands asks for.
build_bare() { bootstrap "$1/root" ccache --variant=minbase; }

# bare_up NAME: a copy of it, with the release tarball's tree in it; namespaces of its own, which end with this shell.
bare_up() {
    bare_root=$work/$1
    bare_tree=/srv/virt-nested-$version
    cached bare build_bare
    mkdir -p "$cache_dir/archives/partial" "$cache_dir/ccache"
    cp -a "$CACHED/root" "$bare_root"
    cp /etc/resolv.conf "$bare_root/etc/resolv.conf"
    # Yes to every question; an administrator's own wishes are taken as: nothing that is only recommended, no daemon started.
    printf '%s\n' 'APT::Get::Assume-Yes "true";' 'APT::Install-Recommends "false";' >"$bare_root/etc/apt/apt.conf.d/99answers"
    echo force-unsafe-io >"$bare_root/etc/dpkg/dpkg.cfg.d/99fast"
    printf '#!/bin/sh\nexit 101\n' >"$bare_root/usr/sbin/policy-rc.d"
    chmod 755 "$bare_root/usr/sbin/policy-rc.d"
    tar -xzf "$work/virt-nested-$version.tar.gz" -C "$bare_root/srv"
    mkdir "$bare_root/ccache"
    rm -f "$work/bare.pid"
    # shellcheck disable=SC2016
    exec {bare_fd}> >(exec "$source/tests/lib/own-mounts" unshare --pid --fork --kill-child bash -c '
        set -e
        root=$1
        read -r pid _ </proc/self/stat
        mount -t proc proc "$root/proc"
        mount -t sysfs -o ro sysfs "$root/sys"
        mount -t tmpfs -o mode=755 tmpfs "$root/dev"
        for node in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 "$root/dev/${node%:*}" c 1 "${node#*:}"; done
        mknod -m 666 "$root/dev/tty" c 5 0
        ln -s /proc/self/fd "$root/dev/fd"
        mkdir "$root/dev/pts" "$root/dev/shm"
        mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
        ln -s pts/ptmx "$root/dev/ptmx"
        mount --bind "$3" "$root/var/cache/apt/archives"
        mount --bind "$4" "$root/ccache"
        echo "$pid" >"$2.new"
        mv "$2.new" "$2"
        cd "$root"
        exec chroot . cat' bash "$bare_root" "$work/bare.pid" "$cache_dir/archives" "$cache_dir/ccache" >"$work/bare.log" 2>&1)
    local tries=0
    until [ -s "$work/bare.pid" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || fail "no namespace came up: $(cat "$work/bare.log")"
        sleep 0.1
    done
    bare_pid=$(cat "$work/bare.pid")
}

# bare CMD...: in the release's folder, with an environment of its own. Both ways to install are compiled with the flags of a Debian
# package, so that ccache compiles each file once for both.
bare() {
    # shellcheck disable=SC2016
    nsenter --mount --pid --root --wd --target "$bare_pid" -- env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive ${http_proxy:+http_proxy="$http_proxy"} \
        DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)" CCACHE_DIR=/ccache CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=1G CCACHE_BASEDIR="$bare_tree" \
        CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache "${bare_flags[@]}" \
        bash -c 'cd "$0" && exec "$@"' "$bare_tree" "$@" </dev/null {bare_fd}>&-
}

bare_down() {
    exec {bare_fd}>&-
    # What was killed may still hold a mount for a moment.
    local tries=0
    while [ -e "/proc/$bare_pid" ] && [ "$tries" -lt 100 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    rm -rf --one-file-system "$bare_root"
}
