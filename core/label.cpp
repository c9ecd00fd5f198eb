// SPDX-License-Identifier: GPL-2.0-or-later
// The search for the label's namespace.
#include "core/label.h"

#include "core/text.h"

#include <algorithm>
#include <cstring>

namespace virt_nested {

namespace {

/// A character of the prefix that is rare in XML and has no case: the search leaps from one to the
/// next.
constexpr size_t leap = label_prefix.find('-');

constexpr char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool begins_with_prefix(std::string_view text) {
    return text.size() >= label_prefix.size() &&
           std::equal(label_prefix.begin(), label_prefix.end(), text.begin(),
                      [](char known, char c) { return known == lower(c); });
}

} // namespace

bool has_label_prefix(std::string_view bytes) {
    for (size_t at = leap; at < bytes.size(); ++at) {
        const void* found = std::memchr(bytes.data() + at, label_prefix[leap], bytes.size() - at);
        if (!found)
            return false;
        at = static_cast<size_t>(static_cast<const char*>(found) - bytes.data());
        if (begins_with_prefix({bytes.data() + at - leap, bytes.size() - at + leap}))
            return true;
    }
    return false;
}

bool is_label_namespace(std::string_view uri) {
    return begins_with_prefix(trim(uri));
}

void LabelWatch::pass(std::string_view bytes) {
    constexpr size_t most = label_prefix.size() - 1;
    if (seen_ || bytes.empty())
        return;
    const size_t joined = std::min(bytes.size(), most);
    std::memcpy(tail_.data() + kept_, bytes.data(), joined);
    seen_ = has_label_prefix({tail_.data(), kept_ + joined}) || has_label_prefix(bytes);
    const size_t filled = kept_ + joined;
    if (bytes.size() >= most) {
        std::memcpy(tail_.data(), bytes.data() + bytes.size() - most, most);
        kept_ = most;
    } else {
        kept_ = std::min(filled, most);
        std::memmove(tail_.data(), tail_.data() + filled - kept_, kept_);
    }
}

} // namespace virt_nested
