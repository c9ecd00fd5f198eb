// SPDX-License-Identifier: GPL-2.0-or-later
// The editor of a definition's own bytes: what is not edited stays as it was written.
#include "core/xml.h"

#include <gtest/gtest.h>

namespace virt_nested {
namespace {

/// The text after `edit` has been at its root.
template<typename Change>
std::string changed(const std::string& xml, Change change) {
    Result<XmlDocument> document = XmlDocument::parse(xml);
    if (!document)
        return "not read: " + document.error().what;
    change(document->root());
    return document->text();
}

TEST(Xml, StaysAsItIs) {
    for (const std::string& xml : std::vector<std::string>{
             "<a/>", "<a></a>",
             "<?xml version='1.0'?>\n<!-- <b> -->\n<a b=\"'\" c='\"'>&#228;</a>\n",
             "<a>\r\n\t<b x = '>' /><![CDATA[<c>]]><?p <d> ?></a>\n<!-- end -->\n",
             "\xEF\xBB\xBF<a xmlns:o='urn:o'><o:b o:c='1'/></a>"})
        EXPECT_EQ(changed(xml, [](const XmlNode&) {}), xml);
}

TEST(Xml, AnAttributeIsSetAndTakenAwayInPlace) {
    const auto set = [](XmlNode root) { root.child("b").set_attribute("x", "1<'\"&"); };
    EXPECT_EQ(changed("<a><b  x=\"0\" y='2'/></a>", set),
              "<a><b  x=\"1&lt;'&quot;&amp;\" y='2'/></a>");
    EXPECT_EQ(changed("<a><b y='2' /></a>", set), "<a><b y='2' x='1&lt;&apos;\"&amp;' /></a>");
    EXPECT_EQ(changed("<a q=\"1\"><b/></a>", set), "<a q=\"1\"><b x=\"1&lt;'&quot;&amp;\"/></a>");
    EXPECT_EQ(changed("<a><b></b></a>", set), "<a><b x='1&lt;&apos;\"&amp;'></b></a>");
    // A prefix is another attribute.
    EXPECT_EQ(changed("<a xmlns:o='u'><b o:x='0'/></a>",
                      [](XmlNode root) { root.child("b").remove_attribute("x"); }),
              "<a xmlns:o='u'><b o:x='0'/></a>");
    EXPECT_EQ(changed("<a><b w='1'\n x='0' y='2'/></a>",
                      [](XmlNode root) { root.child("b").remove_attribute("x"); }),
              "<a><b w='1' y='2'/></a>");
}

TEST(Xml, AChildComesWhereTheOthersAre) {
    const auto add = [](XmlNode root) { root.child("b").add_child("c").set_attribute("d", "1"); };
    EXPECT_EQ(changed("<a><b/></a>", add), "<a><b><c d='1'/></b></a>");
    EXPECT_EQ(changed("<a><b></b></a>", add), "<a><b><c d='1'/></b></a>");
    EXPECT_EQ(changed("<a>\n  <b/>\n</a>", add), "<a>\n  <b>\n    <c d='1'/>\n  </b>\n</a>");
    EXPECT_EQ(changed("<a>\r\n\t<b>\r\n\t</b>\r\n</a>", add),
              "<a>\r\n\t<b>\r\n\t  <c d='1'/>\r\n\t</b>\r\n</a>");
    EXPECT_EQ(changed("<a>\n  <b>\n      <x/>\n  </b>\n</a>", add),
              "<a>\n  <b>\n      <x/>\n    <c d='1'/>\n  </b>\n</a>");
    EXPECT_EQ(changed("<a>\n  <b><x/></b>\n</a>", add), "<a>\n  <b><x/><c d='1'/></b>\n</a>");
    EXPECT_EQ(changed("<a>\n  <b>\n    <x/>\n    <y/>\n  </b>\n</a>",
                      [](XmlNode root) {
                          const XmlNode b = root.child("b");
                          root.child("b").add_child_after(b.child("x"), "c");
                          root.child("b").add_first_child("f");
                      }),
              "<a>\n  <b>\n    <f/>\n    <x/>\n    <c/>\n    <y/>\n  </b>\n</a>");
}

TEST(Xml, AChildGoesWithTheBlanksBeforeIt) {
    const auto remove = [](XmlNode root) {
        XmlNode b = root.child("b");
        b.remove_child(b.child("c"));
    };
    EXPECT_EQ(changed("<a><b><c>1<d/></c></b></a>", remove), "<a><b/></a>");
    EXPECT_EQ(changed("<a>\n  <b x='1'>\n    <c/>\n  </b>\n</a>", remove),
              "<a>\n  <b x='1'/>\n</a>");
    EXPECT_EQ(changed("<a><b>\n <c/>\n <d/></b></a>", remove), "<a><b>\n <d/></b></a>");
    EXPECT_EQ(changed("<a><b>text <c/></b></a>", remove), "<a><b>text </b></a>");
    EXPECT_EQ(changed("<a><b><c/><!-- kept --></b></a>", remove), "<a><b><!-- kept --></b></a>");
}

TEST(Xml, AsksByNamespaceAndDirectChild) {
    const Result<XmlDocument> document = XmlDocument::parse(
        "<a><b><c/></b><o:b xmlns:o='urn:o' x='1' o:x='2'>t</o:b><b xmlns='urn:o'/><c/></a>");
    ASSERT_TRUE(document);
    const XmlNode root = document->root();
    EXPECT_EQ(root.name(), "a");
    EXPECT_EQ(root.children("b").size(), 1U);
    EXPECT_EQ(root.children("c").size(), 1U);
    const std::vector<XmlNode> other = root.children_of("urn:o");
    ASSERT_EQ(other.size(), 2U);
    EXPECT_EQ(other[0].attribute("x"), "1");
    EXPECT_EQ(other[0].text(), "t");
    EXPECT_FALSE(other[1].attribute("x"));
    EXPECT_TRUE(other[1].child("none").bare());
    EXPECT_FALSE(root.child("none"));
    EXPECT_FALSE(other[0].bare());
}

TEST(Xml, AdoptsAWellFormedElementAlone) {
    Result<XmlDocument> document = XmlDocument::parse("<a>\n  <b/>\n</a>");
    ASSERT_TRUE(document);
    EXPECT_FALSE(document->adopt(document->root(), "<c"));
    EXPECT_TRUE(document->adopt(document->root(), "<o:c xmlns:o='u'/>"));
    EXPECT_EQ(document->text(), "<a>\n  <b/>\n  <o:c xmlns:o='u'/>\n</a>");
}

TEST(Xml, WhatIsNotReadIsToldWhy) {
    const auto why = [](std::string_view xml) {
        const Result<XmlDocument> document = XmlDocument::parse(xml);
        return document ? std::string() : document.error().what;
    };
    EXPECT_NE(why("").find("not well-formed"), std::string::npos);
    EXPECT_NE(why("<a>").find("line 1"), std::string::npos);
    EXPECT_NE(why("<a/><b/>").find("not well-formed"), std::string::npos);
    EXPECT_NE(why("<!DOCTYPE a><a/>").find("document type"), std::string::npos);
    constexpr std::string_view utf16("\xFF\xFE<\0a\0/\0>\0", 10);
    EXPECT_NE(why(utf16).find("UTF-8"), std::string::npos) << why(utf16);
}

} // namespace
} // namespace virt_nested
