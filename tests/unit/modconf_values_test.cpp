// SPDX-License-Identifier: GPL-2.0-or-later
// Which values the kernel accepts for a module parameter, and where its type comes from.
#include "core/modconf/values.h"

#include <gtest/gtest.h>

using namespace virt_nested;

namespace {

/// "on", "off", "accepted" (no switch), "depends", "refused"
std::string judged(Parmtype type, const std::optional<std::string>& value) {
    const Acceptance found = check_value(type, value);
    if (found.verdict == Acceptance::Verdict::refused)
        return found.why.empty() ? "refused without a reason" : "refused";
    if (found.verdict == Acceptance::Verdict::depends)
        return "depends";
    if (!found.on)
        return "accepted";
    return *found.on ? "on" : "off";
}

} // namespace

TEST(CheckValue, SwitchLooksAtTheFirstCharacters) {
    for (const char* value : {"1", "Y", "y", "yes", "10", "on", "ON", "Yellow"})
        EXPECT_EQ(judged(Parmtype::boolean, value), "on") << value;
    for (const char* value : {"0", "N", "n", "no", "0x1", "off", "OF"})
        EXPECT_EQ(judged(Parmtype::boolean, value), "off") << value;
    for (const char* value : {"", "2", "-1", "o", "ok", " 1", "enable", "#", "="})
        EXPECT_EQ(judged(Parmtype::boolean, value), "refused") << value;
}

TEST(CheckValue, WordsTrueAndFalseDependOnTheKernel) {
    for (const char* value : {"true", "True", "false", "f"})
        EXPECT_EQ(judged(Parmtype::boolean, value), "depends") << value;
}

TEST(CheckValue, BareNameIsOnForASwitchAndNothingForANumber) {
    EXPECT_EQ(judged(Parmtype::boolean, std::nullopt), "on");
    EXPECT_EQ(judged(Parmtype::integer, std::nullopt), "refused");
}

TEST(CheckValue, NumberIsReadInBaseNought) {
    for (const char* value :
         {"1", "2", "-1", "+1", "0x1", "0X1f", "01", "2147483647", "-2147483648"})
        EXPECT_EQ(judged(Parmtype::integer, value), "on") << value;
    for (const char* value : {"0", "00", "0x0", "-0"})
        EXPECT_EQ(judged(Parmtype::integer, value), "off") << value;
    for (const char* value : {"", "Y", "y", "N", "true", "on", "1 ", "1#", "0x", "08", "1.0", "-+1",
                              "--1", "2147483648", "-2147483649", "99999999999999999999999"})
        EXPECT_EQ(judged(Parmtype::integer, value), "refused") << value;
}

TEST(CheckValue, UnsignedNumbersHaveTheirRange) {
    EXPECT_EQ(judged(Parmtype::unsigned_integer, "4294967295"), "on");
    EXPECT_EQ(judged(Parmtype::unsigned_integer, "4294967296"), "refused");
    EXPECT_EQ(judged(Parmtype::unsigned_integer, "-1"), "refused");
    EXPECT_EQ(judged(Parmtype::unsigned_short, "65535"), "on");
    EXPECT_EQ(judged(Parmtype::unsigned_short, "65536"), "refused");
    EXPECT_EQ(judged(Parmtype::unsigned_long, "18446744073709551615"), "on");
    EXPECT_EQ(judged(Parmtype::unsigned_long, "18446744073709551616"), "refused");
}

TEST(CheckValue, OtherTypesAreNotJudged) {
    EXPECT_EQ(judged(Parmtype::other, "anything"), "accepted");
}

TEST(Parmtype, FromItsText) {
    EXPECT_EQ(parmtype_of("bool"), Parmtype::boolean);
    EXPECT_EQ(parmtype_of("bint"), Parmtype::boolean);
    EXPECT_EQ(parmtype_of("int"), Parmtype::integer);
    EXPECT_EQ(parmtype_of("ushort"), Parmtype::unsigned_short);
    EXPECT_EQ(parmtype_of("charp"), Parmtype::other);
    EXPECT_EQ(parmtype_of(""), Parmtype::other);
}

TEST(KnownParameters, NestedHasItsTypeOnEachPlatform) {
    EXPECT_EQ(known_parameter("kvm-intel", "nested")->type, Parmtype::boolean);
    EXPECT_EQ(known_parameter("kvm_amd", "nested")->type, Parmtype::integer);
    EXPECT_EQ(known_parameter("kvm_hv", "nested")->type, Parmtype::boolean);
    EXPECT_EQ(known_parameter("kvm", "nested")->type, Parmtype::integer);
    EXPECT_EQ(known_parameter("kvm_amd", "nestd"), nullptr);
}

TEST(KnownParameters, NoneIsNamedTwice) {
    for (const Parameter& a : known_parameters())
        for (const Parameter& b : known_parameters())
            EXPECT_TRUE(&a == &b || a.module != b.module || a.name != b.name) << a.name;
}
