// SPDX-License-Identifier: GPL-2.0-or-later
// Does nothing but needs what the judge needs: what its libraries cost.
#include <libxml/parser.h>

#include <string>

int main(int argc, char** argv) {
    // Never true, and not known to be: the linker keeps both libraries.
    if (argc > 1000)
        xmlInitParser();
    return std::string(argv[0]).empty() ? 1 : 0;
}
