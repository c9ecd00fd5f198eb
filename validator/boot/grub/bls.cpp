// SPDX-License-Identifier: GPL-2.0-or-later
// GRUB's blscfg: entry files of the Boot Loader Specification as entries of its menu (grub2:
// grub-core/commands/blscfg.c of Fedora and EL, blsuki.c of GRUB 2.14).
#include "validator/boot/menus/bls.h"

#include "core/text.h"
#include "validator/boot/grub/run.h"
#include "validator/boot/paths.h"

#include <algorithm>
#include <array>

namespace virt_nested::grub {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
char front(std::string_view text) {
    return text.empty() ? '\0' : text.front();
}

/// Takes off the run of digits, or of letters, at the front.
std::string_view take_run(std::string_view& text, bool (*belongs)(char)) {
    const auto end = std::find_if_not(text.begin(), text.end(), belongs);
    const std::string_view out = text.substr(0, static_cast<size_t>(end - text.begin()));
    text.remove_prefix(out.size());
    return out;
}

/// RPM's order of versions; less than 0: `a` is older.
int compare_versions(std::string_view a, std::string_view b) {
    if (a == b)
        return 0;
    const auto skip = [](std::string_view& text) {
        while (!text.empty() && !is_digit(text[0]) && !is_letter(text[0]) && text[0] != '~' &&
               text[0] != '+')
            text.remove_prefix(1);
    };
    while (!a.empty() || !b.empty()) {
        skip(a);
        skip(b);
        if (front(a) == '~' || front(b) == '~') {
            if (front(a) != front(b))
                return front(a) == '~' ? -1 : 1;
        } else if (front(a) == '+' || front(b) == '+') {
            if (a.empty() || b.empty())
                return a.empty() ? -1 : 1;
            if (front(a) != front(b))
                return front(a) == '+' ? -1 : 1;
        }
        if (front(a) == '~' || front(a) == '+') {
            a.remove_prefix(1);
            b.remove_prefix(1);
            continue;
        }
        if (a.empty() || b.empty())
            break;
        const bool digits = is_digit(a[0]);
        std::string_view one = take_run(a, digits ? is_digit : is_letter);
        std::string_view other = take_run(b, digits ? is_digit : is_letter);
        if (other.empty())
            return digits ? 1 : -1;
        if (digits) {
            one.remove_prefix(std::min(one.find_first_not_of('0'), one.size()));
            other.remove_prefix(std::min(other.find_first_not_of('0'), other.size()));
            if (one.size() != other.size())
                return one.size() < other.size() ? -1 : 1;
        }
        if (const int order = one.compare(other); order != 0)
            return order;
    }
    return a.empty() && b.empty() ? 0 : a.empty() ? -1 : 1;
}

/// "name-version-release", the last two parts compared apart.
int compare_ids(std::string_view a, std::string_view b) {
    const auto parts = [](std::string_view id) {
        std::array<std::string_view, 3> out{id, {}, {}};
        const size_t last = id.rfind('-');
        if (last == std::string_view::npos)
            return out;
        const size_t middle = last == 0 ? std::string_view::npos : id.rfind('-', last - 1);
        if (middle == std::string_view::npos)
            return std::array<std::string_view, 3>{id.substr(0, last), id.substr(last + 1), {}};
        return std::array<std::string_view, 3>{
            id.substr(0, middle), id.substr(middle + 1, last - middle - 1), id.substr(last + 1)};
    };
    const auto one = parts(a);
    const auto other = parts(b);
    for (size_t i = 0; i < one.size(); ++i)
        if (const int order = compare_versions(one[i], other[i]); order != 0)
            return order;
    return 0;
}

std::string file_id(const BlsFile& file) {
    const std::string_view name = base_name(file.path);
    return std::string(name.substr(0, name.size() - 5));
}

/// Bytes that mark what is unknown stand in no value.
std::string cleaned(std::string text) {
    for (char& c : text)
        c = c >= '\x01' && c <= '\x04' ? '?' : c;
    return text;
}

/// $name as blscfg replaces it: with a blank behind the value, in place of one in the file. It
/// loses a text of one letter before a variable and at the end, as GRUB does (expand_val).
Text replaced(const State& state, std::string_view value) {
    Text out;
    size_t from = 0;
    bool variable = false;
    const auto flush = [&](size_t to) {
        const std::string_view part = value.substr(from, to - from);
        if (!variable)
            out += part;
        else if (const Value* known = state.get(std::string(part)); known != nullptr)
            out += known->text + " ";
    };
    for (size_t at = 0; at < value.size(); ++at) {
        if (value[at] == '$' && (at == 0 || value[at - 1] != '\\')) {
            if (at > from + 1)
                flush(at);
            variable = true;
            from = at + 1;
        } else if (variable && !is_digit(value[at]) && !is_letter(value[at]) && value[at] != '_') {
            flush(at);
            variable = false;
            from = at + (value[at] == ' ' ? 1 : 0);
        }
    }
    if (value.size() > from + 1)
        flush(value.size());
    return out;
}

/// What blscfg runs for the entry.
Text commands_of(const State& state, const BlsFile& file, const Text& options) {
    Text out = "linux " + cleaned(file.kernel) + (options.empty() ? "" : " ") + options;
    Text initrds;
    if (const Value* early = state.get("early_initrd"); early != nullptr) {
        const std::string& beside = file.initrds.empty() ? file.kernel : file.initrds.front().text;
        for (const std::string_view word : words(early->text))
            initrds += " " + cleaned(beside.substr(0, beside.rfind('/') + 1)) + Text(word);
    }
    for (const BlsValue& one : file.initrds)
        initrds += " " + cleaned(one.text);
    return out + (initrds.empty() ? "" : "\ninitrd" + initrds) + "\n";
}

/// GRUB's reading of a file ends at a line that has no value, an empty one included.
unsigned last_line(std::string_view text) {
    unsigned number = 0;
    for (std::string_view line : lines(text)) {
        ++number;
        line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
        if (line.starts_with('#'))
            continue;
        const size_t blank = line.find_first_of(" \t");
        if (blank == std::string_view::npos || trim(line.substr(blank)).empty())
            return number;
    }
    return number + 1;
}

/// Which entries a call takes: those that `default` names, the others, or one.
struct Filter {
    bool chosen = true, others = true;
    std::string id;
};

struct BlsCall {
    Filter filter;
    Text folder;
    bool fall_back = false;
};

/// Fedora's has words, GRUB 2.14's has options.
BlsCall bls_call(const State& state, const std::vector<Text>& words) {
    BlsCall out;
    bool narrow = false;
    for (size_t i = 1; i < words.size(); ++i) {
        const std::string word = state.shown(words[i]);
        const bool more = i + 1 < words.size();
        if (word == "default" || word == "non-default") {
            out.filter = {word == "default", word != "default", {}};
        } else if (word == "-d" || word == "--show-default") {
            out.filter = {true, narrow && out.filter.others, {}};
            narrow = true;
        } else if (word == "-n" || word == "--show-non-default") {
            out.filter = {narrow && out.filter.chosen, true, {}};
            narrow = true;
        } else if (word.starts_with('(')) {
            out.folder = words[i];
        } else if ((word == "-p" || word == "--path") && more) {
            out.folder = words[++i];
        } else if (word == "-f" || word == "--enable-fallback") {
            out.fall_back = true;
        } else if ((word == "-e" || word == "--entry") && more) {
            out.filter = {false, false, state.shown(words[++i])};
        } else {
            out.filter = {false, false, word};
        }
    }
    return out;
}

Tri is_default(const State& state, const BlsFile& file, size_t number) {
    const Value* value = state.get("default");
    if (value == nullptr || value->text.empty())
        return Tri::no;
    if (!is_known(value->text))
        return Tri::unknown;
    unsigned long named = 0;
    std::string_view rest;
    return tri(value->text == file_id(file) || value->text == file.title ||
               (read_number(value->text, named, rest) && named == number));
}

} // namespace

void Run::do_blscfg(Call& call) {
    known(true);
    const BlsCall asked = bls_call(state_, call.words);
    const Filter& filter = asked.filter;
    const Text set = text_of("blsdir");
    const Text folder = !asked.folder.empty() ? asked.folder
                        : !set.empty()        ? set
                                              : "/loader/entries";
    FoundFile found = files_.find(state_, folder, text_of("root"));
    if (!found.exists && (asked.fall_back || asked.folder.empty()))
        found = files_.find(state_, "/boot/loader/entries", text_of("root"));
    while (found.path.size() > 1 && found.path.ends_with('/'))
        found.path.pop_back();
    std::vector<Doubt> doubts;
    std::vector<BlsFile> files = read_bls_files(root_, found.path, limits_, doubts);
    for (Doubt& one : doubts)
        doubt(std::move(one.what), {one.source, 0, false}, one.code);
    if (!found.exists && doubts.empty())
        doubt("no folder of entries is found for '" + call.words.front() + "'", call.place);
    std::stable_sort(files.begin(), files.end(), [](const BlsFile& a, const BlsFile& b) {
        return compare_ids(file_id(a), file_id(b)) > 0;
    });
    size_t number = 0;
    for (const BlsFile& file : files) {
        const size_t here = number++;
        const Tri named = is_default(state_, file, here);
        const bool one = !filter.id.empty() && filter.id == file_id(file);
        const bool wanted =
            (filter.chosen && named != Tri::no) || (filter.others && named != Tri::yes) || one;
        if (file.kernel.empty() || !wanted || bls_shown_.contains(file.path))
            continue;
        const bool perhaps = named == Tri::unknown && filter.chosen != filter.others;
        if (!perhaps)
            bls_shown_.insert(file.path);
        perhaps_ += perhaps ? 1 : 0;
        add_bls(file, call.place);
        perhaps_ -= perhaps ? 1 : 0;
    }
}

void Run::add_bls(const BlsFile& file, const Place& place) {
    Item item;
    item.id = cleaned(file_id(file));
    item.has_id = true;
    item.title = cleaned(file.title.empty() ? file.kernel : file.title);
    item.arguments = {item.title};
    item.place = place;
    item.doubts = file.doubts;
    Text options = file.options.empty() ? Text() : replaced(state_, cleaned(file.options[0].text));
    if (options.empty())
        options = replaced(state_, text_of("default_kernelopts"));
    const unsigned line = file.options.empty() ? 1 : file.options.front().line;
    item.source = file.path + ":" + std::to_string(line);
    const auto say = [&](std::string what, unsigned at) {
        item.doubts.push_back({std::move(what), doubt_source(file.path, at), 0});
    };
    if (file.options.size() > 1)
        say("GRUB takes the first line 'options' of a file alone", file.options[1].line);
    unsigned needed = line;
    for (const BlsValue& one : file.initrds)
        needed = std::max(needed, one.line);
    const unsigned last = last_line(root_.read(file.path, limits_.file_bytes).value_or(""));
    if (needed > last)
        say("GRUB reads the file up to line " + std::to_string(last) +
                " alone, which has no key with a value",
            last);
    item.body.text = std::make_shared<Source>(file.path, commands_of(state_, file, options), line);
    add_item(std::move(item));
}

void Run::do_uki(Call& call) {
    ok_ = Tri::unknown;
    doubt("the entries of unified kernel images that 'uki' adds are not followed", call.place);
}

} // namespace virt_nested::grub
