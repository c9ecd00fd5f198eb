// SPDX-License-Identifier: GPL-2.0-or-later
// Trees and command lines from a seed.
#include "tests/differential/generate.h"

#include <algorithm>
#include <random>
#include <string_view>

namespace virt_nested::test {

namespace {

using namespace std::string_view_literals;
using Words = std::vector<std::string_view>;

class Dice {
  public:
    explicit Dice(uint64_t seed) : engine_(seed) {}
    size_t below(size_t limit) { return engine_() % limit; }
    bool one_in(size_t n) { return below(n) == 0; }
    std::string pick(const Words& words) { return std::string(words[below(words.size())]); }

  private:
    std::mt19937_64 engine_;
};

const Words folders = {"etc/modprobe.d"sv, "run/modprobe.d"sv, "usr/local/lib/modprobe.d"sv,
                       "usr/lib/modprobe.d"sv};

const Words names = {
    "kvm.conf"sv,         "kvm.conf"sv,      "a.conf"sv,        "zz.conf"sv,   "50-vn.conf"sv,
    "kvm-intel.conf"sv,   "Kvm.conf"sv,      "kvm.conf.conf"sv, "kvm"sv,       "kvm.CONF"sv,
    "kvm.conf.rpmsave"sv, ".kvm.conf"sv,     ".conf"sv,         "a.alias"sv,   ".alias"sv,
    "b.alias.conf"sv,     "\xc3\xa9.conf"sv, "x y.conf"sv,      "\xff.conf"sv, "modules.softdep"sv,
    "modules.conf"sv,     "x.conf~"sv,       "1.conf"sv,        "_.conf"sv};

const Words keywords = {"options"sv, "options"sv,   "options"sv,  "options"sv,
                        "options"sv, "blacklist"sv, "install"sv,  "remove"sv,
                        "softdep"sv, "weakdep"sv,   "alias"sv,    "Options"sv,
                        "option"sv,  "include"sv,   "config"sv,   "#options"sv,
                        "#"sv,       ""sv,          "modprobe"sv, "\xef\xbb\xbfoptions"sv};

const Words modules = {"kvm_intel"sv,
                       "kvm-intel"sv,
                       "kvm_intel"sv,
                       "kvm-intel"sv,
                       "kvm"sv,
                       "kvm_amd"sv,
                       "kvm-amd"sv,
                       "dummy"sv,
                       "KVM_INTEL"sv,
                       "kvm*"sv,
                       "kvm_int[e-f]l"sv,
                       "kvm["sv,
                       "kvm]"sv,
                       "kvm-[a-z]-x"sv,
                       "*"sv,
                       "?vm"sv,
                       "kvm_intel\r"sv,
                       "kvm.intel"sv,
                       "[]k]vm"sv,
                       "nothere"sv,
                       "kvm_intel.ko"sv,
                       "off"sv,
                       "modprobe"sv,
                       "kvm\\_intel"sv,
                       "cpu:*"sv,
                       "cpu:type:x86,*feature:*0085*"sv,
                       "cpu:type:x86,ven[0-9]*:feature:*00FF*"sv};

const Words blanks = {" "sv, " "sv, " "sv, " "sv, "\t"sv, "  "sv, " \t "sv, "\t\t"sv, "\v"sv, ""sv};

const Words values = {"nested=1"sv,     "nested=0"sv,
                      "nested=Y"sv,     "nested"sv,
                      "nested = 1"sv,   "nested=1 # on"sv,
                      "ept=0"sv,        "x=\"a b\""sv,
                      "\""sv,           "--"sv,
                      "\tnested=1"sv,   "nested=1\t"sv,
                      "\xff\xfe"sv,     "\x1b[31m"sv,
                      "nested=0x1"sv,   " "sv,
                      "nes-ted=1"sv,    "=nested=1"sv,
                      "nested=\"1\""sv, "\"nested=1\""sv,
                      "nested=1\r"sv,   "kvm_intel.nested=1"sv,
                      "a=1 b=2 c"sv,    "\v"sv,
                      "\\n"sv};

const Words commands = {
    "/bin/false"sv,         "/bin/true"sv,        "/sbin/modprobe --ignore-install kvm_intel"sv,
    "echo $CMDLINE_OPTS"sv, "/bin/false; true"sv, ":"sv,
    "\t/bin/false"sv};

const Words shell_words = {"true"sv,
                           "false"sv,
                           ":"sv,
                           "echo x"sv,
                           "exit 1"sv,
                           "logger x"sv,
                           "exec true"sv,
                           "nothere x"sv,
                           "modprobe dummy"sv,
                           "modprobe -i kvm_intel"sv,
                           "modprobe -i kvm_intel nested=0"sv,
                           "modprobe kvm-intel nested=0 -qi"sv,
                           "modprobe --ignore-install kvm_intel 'nested=1'"sv,
                           "modprobe -i kvm_intel \"nested=1\" >/dev/null 2>&1"sv,
                           "exec modprobe -i -- kvm_intel nested=1"sv,
                           "# modprobe -i kvm_intel"sv,
                           "(exit 1)"sv,
                           "x=1"sv,
                           ""sv};

const Words operators = {" && "sv, " || "sv, "; "sv, ";"sv, " & "sv, "&&"sv, "||"sv};

const Words softdeps = {"pre: dummy"sv,
                        "post: dummy nothere"sv,
                        "pre:"sv,
                        " pre: dummy"sv,
                        "dummy pre: kvm post: kvm_amd"sv,
                        "pre: nothere"sv,
                        "pre:\tdummy"sv,
                        "pre:  dummy"sv,
                        "post:"sv,
                        "pre: post: dummy"sv,
                        "pre: dummy "sv,
                        "pre: \v dummy"sv,
                        "dummy"sv,
                        "pre:dummy"sv};

const Words ends = {"\n"sv,   "\n"sv,     "\n"sv,    "\n"sv,   "\n"sv,   "\n"sv,  "\n"sv,  "\r\n"sv,
                    "\\\n"sv, "\\\r\n"sv, "\\ \n"sv, "\n\n"sv, "\0\n"sv, " \n"sv, "\t\n"sv};

std::string text_for(Dice& dice, const std::string& keyword) {
    if (keyword == "install" || keyword == "remove")
        return dice.pick(commands);
    if (keyword == "softdep" || keyword == "weakdep")
        return dice.pick(softdeps);
    if (keyword == "alias")
        return dice.pick(modules);
    std::string text = dice.pick(values);
    while (dice.one_in(3))
        text += dice.pick(blanks) + dice.pick(values);
    return text;
}

/// Now and then one byte is another: what nobody thought of.
void disturb(Dice& dice, std::string& text) {
    while (!text.empty() && dice.one_in(12))
        text[dice.below(text.size())] = static_cast<char>(dice.below(256));
}

std::string generate_line(Dice& dice) {
    const std::string keyword = dice.pick(keywords);
    std::string line = dice.one_in(8) ? dice.pick(blanks) : "";
    line += keyword + dice.pick(blanks) + dice.pick(modules);
    if (keyword != "blacklist" || dice.one_in(4))
        line += dice.pick(blanks) + (dice.one_in(20) ? "" : text_for(dice, keyword));
    disturb(dice, line);
    return line + dice.pick(ends);
}

std::string generate_file(Dice& dice) {
    std::string text;
    for (size_t lines = dice.below(6); lines > 0; --lines)
        text += generate_line(dice);
    if (dice.one_in(6) && !text.empty())
        text.pop_back();
    if (dice.one_in(12))
        text += '\\';
    return text;
}

Entry generate_entry(Dice& dice) {
    const std::string folder = dice.pick(folders);
    const std::string path = folder + "/" + dice.pick(names);
    if (dice.one_in(15))
        return {Entry::Kind::link, path, dice.one_in(2) ? "/dev/null" : "target.txt"};
    if (dice.one_in(30))
        return {Entry::Kind::folder, path, ""};
    return {Entry::Kind::file, path, generate_file(dice)};
}

const Words starts = {"kvm_intel."sv,    "kvm-intel."sv, "kvm_intel."sv, "kvm."sv,
                      "modprobe."sv,     "kvm_amd."sv,   "KVM_INTEL."sv, "\"kvm_intel."sv,
                      "kvm_intel\"."sv,  ""sv,           "\""sv,         "kvm_intel.nested."sv,
                      "x=y."sv,          "kvm]."sv,      "."sv,          "--"sv,
                      "root=/dev/vda1"sv};

const Words rests = {"nested=1"sv,
                     "nested=0"sv,
                     "nested"sv,
                     "nested=\"1\""sv,
                     "nested=1\""sv,
                     "nested=\"1 2\""sv,
                     "\"nested=1\""sv,
                     "blacklist=kvm_intel"sv,
                     "blacklist=kvm-intel,kvm_intel"sv,
                     "blacklist=,"sv,
                     "blacklist="sv,
                     "blacklist=a=kvm_intel"sv,
                     "blacklist=\"kvm_intel,kvm\""sv,
                     "blacklist=kvm_intel\""sv,
                     "blacklist"sv,
                     "nested=a.b"sv,
                     "nested=a=b"sv,
                     "nes.ted=1"sv,
                     "=1"sv,
                     ""sv,
                     "dyndbg=file x +p\""sv,
                     "quiet"sv,
                     "nested=\""sv};

const Words gaps = {" "sv,  " "sv,  " "sv,  " "sv,  "\t"sv, "  "sv,
                    "\n"sv, "\v"sv, "\r"sv, "\f"sv, "\""sv, ""sv};

std::string generate_cmdline(Dice& dice) {
    std::string line = dice.one_in(2) ? "BOOT_IMAGE=/vmlinuz-6.1 quiet " : "";
    for (size_t words = dice.below(8); words > 0; --words)
        line += dice.pick(starts) + dice.pick(rests) + dice.pick(gaps);
    disturb(dice, line);
    if (dice.one_in(40)) // beyond libkmod's buffer, the end of a word on its edge
        line.insert(0, std::string(4060 + dice.below(40), 'x') + " ");
    return dice.one_in(4) ? line : line + "\n";
}

} // namespace

const std::vector<std::string>& generated_folders() {
    static const std::vector<std::string> out(folders.begin(), folders.end());
    return out;
}

std::string generate_command(uint64_t seed) {
    Dice dice(seed * 0x9e3779b97f4a7c15U + 2);
    std::string out = dice.pick(shell_words);
    for (size_t more = dice.below(4); more > 0; --more)
        out += dice.pick(operators) + dice.pick(shell_words);
    return out;
}

Case generate(uint64_t seed) {
    Dice dice(seed * 0x9e3779b97f4a7c15U + 1);
    Case out;
    for (size_t entries = dice.below(7); entries > 0; --entries) {
        Entry entry = generate_entry(dice);
        const bool taken = std::any_of(out.entries.begin(), out.entries.end(),
                                       [&](const Entry& e) { return e.path == entry.path; });
        if (!taken)
            out.entries.push_back(std::move(entry));
    }
    // What the relative links lead to; a dangling one has no defined meaning before kmod 34.
    for (const std::string& folder : generated_folders())
        out.entries.push_back({Entry::Kind::file, folder + "/target.txt", generate_file(dice)});
    out.cmdline = generate_cmdline(dice);
    return out;
}

} // namespace virt_nested::test
