// SPDX-License-Identifier: GPL-2.0-or-later
// How a command that needs libvirt (cmd_*.cpp) ends: with its entry, as all commands do.
// virt-nested lists these commands, and links no libvirt: it is built with the same files and
// VN_WORDS_ALONE, which leaves of them the entry, without what carries it out.
#pragma once

#include "cli/command.h"

#ifdef VN_WORDS_ALONE
#define VN_HERE(function) nullptr
#else
#define VN_HERE(function) function
#endif
