// SPDX-License-Identifier: GPL-2.0-or-later
// Several hosts at once: the processes that ask, what they hand over, and how it is shown.
#include "guests/connection.h"
#include "guests/parcel.h"
#include "guests/render.h"
#include "guests/side_by_side.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <map>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace virt_nested {
namespace {

using namespace std::chrono_literals;
using Alive = std::function<void()>;

std::map<std::string, std::string> asked(const std::vector<std::string>& hosts,
                                         const AskingLimits& limits, const Ask& ask) {
    std::map<std::string, std::string> out;
    ask_side_by_side(hosts, limits, ask, [&](size_t index, const Result<std::string>& answer) {
        EXPECT_EQ(out.count(hosts[index]), 0U) << "answered twice";
        out[hosts[index]] = answer ? *answer : "none: " + answer.error().what;
    });
    return out;
}

bool without_children() {
    return ::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD;
}

TEST(SideBySide, EachEndIsAnAnswerOrAReason) {
    const auto ask = [](const std::string& host, const Alive& alive) -> std::string {
        alive();
        if (host == "hangs")
            ::pause();
        if (host == "crashes")
            ::raise(SIGKILL);
        if (host == "leaves")
            ::_exit(0);
        if (host == "throws")
            throw std::runtime_error("as the test says");
        if (host == "long")
            return std::string(1 << 20, 'x');
        return "a" + host; // the byte that starts an answer, in the answer
    };
    auto told =
        asked({"hangs", "web", "crashes", "leaves", "throws", "long", ""}, {16, 300ms}, ask);
    EXPECT_EQ(told["web"], "aweb");
    EXPECT_EQ(told[""], "a");
    EXPECT_EQ(told["long"].size(), 1U << 20);
    EXPECT_EQ(told["hangs"], "none: it does not answer: nothing came from it for 1 s");
    EXPECT_EQ(told["crashes"], "none: the process that asked it ended by signal 9");
    EXPECT_EQ(told["leaves"], "none: the process that asked it ended with status 0");
    EXPECT_EQ(told["throws"], "none: the process that asked it ended with status 1");
    EXPECT_TRUE(without_children());
}

TEST(SideBySide, SilenceIsLimitedAndNotTheWhole) {
    const auto slow = [](const std::string&, const Alive& alive) {
        for (int i = 0; i < 8; ++i) {
            ::usleep(250'000);
            alive();
        }
        return std::string("late");
    };
    EXPECT_EQ(asked({"slow"}, {16, 1500ms}, slow)["slow"], "late");
}

TEST(SideBySide, NoMoreAtOnceThanAllowed) {
    std::vector<std::string> hosts;
    for (int i = 0; i < 9; ++i)
        hosts.push_back(std::to_string(i));
    const auto ask = [](const std::string&, const Alive&) {
        const auto now = std::chrono::steady_clock::now().time_since_epoch();
        ::usleep(100'000);
        return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
    };
    const auto told = asked(hosts, {3, 10s}, ask);
    ASSERT_EQ(told.size(), 9U);
    EXPECT_GE(std::stoll(told.at("8")) - std::stoll(told.at("0")), 200) << "three rounds of three";
}

TEST(SideBySide, WhatAHostStartedEndsWithIt) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    const auto ask = [&](const std::string& host, const Alive&) {
        ::close(ends[0]);
        if (::fork() == 0)
            ::pause();
        if (host == "hangs")
            ::pause();
        return std::string("done");
    };
    asked({"hangs", "answers"}, {16, 300ms}, ask);
    ::close(ends[1]);
    char byte = 0;
    EXPECT_EQ(::read(ends[0], &byte, 1), 0) << "nobody has the other end any more";
    ::close(ends[0]);
}

HostAnswer full() {
    HostAnswer out;
    out.asked = "qemu+ssh://root@far/system";
    out.side.uri = "u";
    out.side.hypervisor = "QEMU";
    out.side.local = true;
    out.side.host.platform = &platforms()[1];
    out.side.host.nests = {State::absent, "found", "source", "reason"};
    out.side.config.problems = {{"file", 7, "what"}};
    out.unreadable = true;
    GuestRow row;
    for (std::string* text :
         {&row.name, &row.uuid, &row.state, &row.label, &row.running_label, &row.cpu, &row.feature,
          &row.gives.why, &row.now_why, &row.start_why, &row.start_fix, &row.start_decision})
        *text = std::string("text\0\n", 6) + std::to_string(row.notes.size());
    row.label = "forbid";
    row.persistent = row.readable = false;
    row.emulated = row.exposed = row.gives.undetermined = true;
    row.gives.how = Delivers::possibly;
    row.now = State::off;
    row.start = State::on;
    row.notes = {"one", "two"};
    out.rows = {row, {}};
    out.rows[1].label = "none";
    return out;
}

std::string shown(const std::string& format, const Inventory& inventory) {
    for (const InventoryFormat* one : inventory_formats())
        if (format == one->name)
            return one->render(inventory);
    return {};
}

TEST(Parcel, WhatIsShownSurvives) {
    const HostAnswer answer = full();
    const std::string bytes = packed(answer);
    const std::optional<HostAnswer> back = unpacked(bytes);
    ASSERT_TRUE(back);
    EXPECT_EQ(packed(*back), bytes);
    EXPECT_EQ(back->side.host.platform, answer.side.host.platform);
    EXPECT_TRUE(back->unreadable);
    for (const char* format : {"text", "json", "prometheus", "counts"})
        for (const bool several : {false, true})
            EXPECT_EQ(shown(format, {{*back}, several}), shown(format, {{answer}, several}));
    HostAnswer none = answer;
    none.side.host.platform = nullptr;
    EXPECT_EQ(unpacked(packed(none))->side.host.platform, nullptr);
}

TEST(Parcel, WhatIsCutOffIsNoAnswer) {
    const std::string bytes = packed(full());
    for (size_t length = 0; length < bytes.size(); ++length)
        EXPECT_FALSE(unpacked(std::string_view(bytes).substr(0, length))) << length;
    EXPECT_FALSE(unpacked(bytes + "x"));
    EXPECT_FALSE(unpacked(std::string(4096, '\xff')));
}

TEST(Hosts, AreToldApartByTheShortestName) {
    EXPECT_EQ(server_name_of("qemu+ssh://root@host2:22/system"), "host2");
    EXPECT_EQ(server_name_of("qemu+tls://[fe80::1]:16514/system"), "fe80::1");
    EXPECT_EQ(server_name_of("qemu+ssh://a@b@c/system"), "c");
    EXPECT_EQ(server_name_of("qemu://[/"), "");
    EXPECT_EQ(server_name_of("qemu:///system"), "");
    EXPECT_EQ(server_name_of("web"), "");
    HostAnswer a = full();
    HostAnswer b = full();
    HostAnswer c;
    b.asked = "qemu+ssh://root@near/system";
    c.asked = "qemu+ssh://root@near/session";
    c.problem = "as the test says";
    const std::string table = shown("text", {{a, b, c}, true});
    EXPECT_NE(table.find("\nfar  "), std::string::npos) << table;
    EXPECT_NE(table.find("\nqemu+ssh://root@near/system  "), std::string::npos) << table;
    EXPECT_NE(table.find("\nqemu+ssh://root@near/session  -  "), std::string::npos) << table;
    EXPECT_NE(table.find("\n2 of 3 hosts answered.\n"), std::string::npos) << table;
    const auto json = nlohmann::json::parse(shown("json", {{a, b, c}, true}));
    ASSERT_EQ(json["hosts"].size(), 3U);
    EXPECT_EQ(json["hosts"][1]["guests"].size(), 2U);
    EXPECT_EQ(json["hosts"][2],
              nlohmann::json({{"connect", c.asked}, {"problem", "as the test says"}}));
    const auto counts = nlohmann::json::parse(shown("counts", {{a, b, c}, true}));
    EXPECT_EQ(counts["total"], 4);
    EXPECT_EQ(counts["labels"]["forbid"]["exposed"], 2);
    EXPECT_EQ(counts["hosts"]["answered"], 2);
}

} // namespace
} // namespace virt_nested
