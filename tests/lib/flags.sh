# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced, by what looks at the flags that a build was made with.

# flags_of BUILD-FOLDER: what its compilations have of -O, -g and -DNDEBUG, in their order; a line for each different answer
flags_of() {
    sed -n 's/^ *"command": //p' "$1/compile_commands.json" |
        awk '{ all = ""; for (i = 1; i <= NF; i++) if ($i ~ /^-(O.*|g[0-9]*|DNDEBUG)$/) all = all " " $i; print substr(all, 2) }' | sort -u
}
