// SPDX-License-Identifier: GPL-2.0-or-later
// The search for a label's namespace, in bytes that come in pieces of any size.
#include "core/label.h"

#include <gtest/gtest.h>

#include <string>

using namespace virt_nested;

namespace {

bool seen_in_pieces(const std::string& text, size_t size) {
    LabelWatch watch;
    for (size_t at = 0; at < text.size(); at += size)
        watch.pass(std::string_view(text).substr(at, size));
    return watch.seen();
}

} // namespace

TEST(Label, ThePrefixIsFoundWhereverThePiecesEnd) {
    const std::string labelled = "<domain><a-b/>xmlns:v='urn:urn:virt-nested:domain:1'></domain>";
    const std::string almost = "<domain>urn:virt-neste :urn-virt:nested:-urn:virt-nested</domain>";
    for (size_t size = 1; size <= labelled.size(); ++size) {
        EXPECT_TRUE(seen_in_pieces(labelled, size)) << size;
        EXPECT_FALSE(seen_in_pieces(almost, size)) << size;
    }
}

TEST(Label, UpperAndLowerCaseAlike) {
    EXPECT_TRUE(has_label_prefix("URN:Virt-NESTED:"));
    EXPECT_TRUE(has_label_prefix("xurn:virt-nested:"));
    EXPECT_FALSE(has_label_prefix("urn:virt_nested:"));
    EXPECT_FALSE(has_label_prefix("virt-nested:"));
    EXPECT_FALSE(has_label_prefix(""));
}

TEST(Label, ANamespaceBeginsWithIt) {
    EXPECT_TRUE(is_label_namespace(label_uri));
    EXPECT_TRUE(is_label_namespace(" \tURN:VIRT-NESTED:domain:2\n"));
    EXPECT_FALSE(is_label_namespace("x urn:virt-nested:domain:1"));
    EXPECT_FALSE(is_label_namespace("urn:virt-nested"));
}
