// SPDX-License-Identifier: GPL-2.0-or-later
// What is nobody else's business, taken out of a recording: of what one file says, all that no
// verdict rests on; of any text, passwords, keys and tokens. What goes is replaced by as many 'x',
// so that the same lines stand in the same places.
#pragma once

#include "core/recording.h"

#include <string>
#include <string_view>

namespace virt_nested {

/// `text` without the values of what is named like a secret (password=, rd.luks.key=, ...),
/// password lines of GRUB's, crypt(3) hashes, private keys, and what stands before the @ of an
/// address.
std::string without_secrets(std::string text);

/// `text` without this host's name as a word of its own, with the domain behind it. Names that tell
/// nobody anything ("localhost", "kvm") stay.
std::string without_name(std::string text, std::string_view host);

/// `host`: the name that is to be hidden, with all names of other hosts; empty: names are kept.
void take_out_secrets(Recording& recording, std::string_view host);

} // namespace virt_nested
