// SPDX-License-Identifier: GPL-2.0-or-later
// GRUB's `test` and `[`.
#include "validator/boot/grub/test.h"

#include "validator/boot/grub/words.h"

#include <algorithm>
#include <array>
#include <climits>
#include <utility>

namespace virt_nested::grub {

namespace {

constexpr unsigned most_nested = 100; // grub: MAX_TEST_RECURSION_DEPTH

Tri both(Tri a, Tri b) {
    if (a == Tri::no || b == Tri::no)
        return Tri::no;
    return a == Tri::yes && b == Tri::yes ? Tri::yes : Tri::unknown;
}
Tri negated(Tri a) {
    return a == Tri::unknown ? a : tri(a == Tri::no);
}
Tri either(Tri a, Tri b) {
    return negated(both(negated(a), negated(b)));
}

/// Whether `known` can be `text` at all, whatever its pieces are.
bool can_be(const State& state, std::string_view text, std::string_view known) {
    const std::optional<Piece> first = next_piece(text, 0);
    std::optional<Piece> last = first;
    size_t least = 0, at = 0;
    while (const std::optional<Piece> piece = next_piece(text, at)) {
        least += piece->at - at + (state.what(*piece).may_be_empty ? 0 : 1);
        last = piece;
        at = piece->at + piece->size;
    }
    const std::string_view tail = text.substr(at);
    return known.size() >= least + tail.size() && known.starts_with(text.substr(0, first->at)) &&
           known.ends_with(tail);
}

Tri equal(const State& state, const Text& a, const Text& b) {
    if (a == b && (is_known(a) || next_piece(a, 0)->number == next_piece(b, 0)->number))
        return Tri::yes;
    if (is_known(a) && is_known(b))
        return Tri::no;
    if (is_known(a) != is_known(b) && !(is_known(a) ? can_be(state, b, a) : can_be(state, a, b)))
        return Tri::no;
    return Tri::unknown;
}

Tri not_empty(const State& state, const Text& text) {
    if (text.empty())
        return Tri::no;
    return is_known(text) || !state.may_be_empty(text) ? Tri::yes : Tri::unknown;
}

long number(std::string_view text) {
    const bool minus = text.starts_with('-');
    unsigned long value = 0;
    std::string_view rest;
    if (!read_number(text.substr(minus ? 1 : 0), value, rest))
        value = 0;
    return minus ? -static_cast<long>(value) : static_cast<long>(value);
}

std::optional<Tri> compare(const State& state, const Text& a, const Text& relation, const Text& b) {
    if (relation == "=" || relation == "==")
        return equal(state, a, b);
    if (relation == "!=")
        return negated(equal(state, a, b));
    constexpr std::array<std::pair<std::string_view, int>, 10> relations = {{{"<", 0},
                                                                             {"<=", 1},
                                                                             {">", 2},
                                                                             {">=", 3},
                                                                             {"-lt", 10},
                                                                             {"-le", 11},
                                                                             {"-gt", 12},
                                                                             {"-ge", 13},
                                                                             {"-eq", 14},
                                                                             {"-ne", 15}}};
    const auto found = std::find_if(
        relations.begin(), relations.end(),
        [&](const std::pair<std::string_view, int>& one) { return one.first == relation; });
    if (found == relations.end()) {
        // Times of files, and numbers behind a common start: what they are about changes.
        if (relation == "-pgt" || relation == "-plt" || relation.starts_with("-nt") ||
            relation.starts_with("-ot"))
            return Tri::unknown;
        return std::nullopt;
    }
    if (!is_known(a) || !is_known(b))
        return Tri::unknown;
    const long order = found->second < 10 ? a.compare(b) : [&] {
        const long one = number(a);
        const long other = number(b);
        return static_cast<long>(one > other) - static_cast<long>(one < other);
    }();
    const std::array holds = {order<0, order <= 0, order> 0, order >= 0, order == 0, order != 0};
    return tri(holds[static_cast<size_t>(found->second % 10)]);
}

class Test {
  public:
    Test(const State& state, const std::vector<Text>& words, const FileQuestion& file)
        : state_(state), words_(words), file_(file) {}

    Tri parse() {
        Tri before = Tri::no, all = Tri::yes;
        bool invert = false;
        const auto take = [&](Tri value, size_t count) {
            all = both(all, invert ? negated(value) : value);
            invert = false;
            at_ += count;
        };
        while (at_ < words_.size()) {
            const Text& word = words_[at_];
            std::optional<Tri> value;
            if (at_ + 2 < words_.size())
                value = compare(state_, word, words_[at_ + 1], words_[at_ + 2]);
            if (value) {
                take(*value, 3);
            } else if (at_ + 1 < words_.size() && (value = of_one(word, words_[at_ + 1]))) {
                take(*value, 2);
            } else if (word == ")") {
                ++at_;
                depth_ -= depth_ > 0 ? 1 : 0;
                return either(before, all);
            } else if (word == "(") {
                ++at_;
                if (++depth_ > most_nested)
                    return Tri::unknown;
                take(parse(), 0);
            } else if (word == "!") {
                invert = !invert;
                ++at_;
            } else if (word == "-a") {
                ++at_;
            } else if (word == "-o") {
                before = either(before, all);
                all = Tri::yes;
                ++at_;
            } else {
                take(not_empty(state_, word), 1);
            }
        }
        return either(before, all);
    }

  private:
    std::optional<Tri> of_one(const Text& which, const Text& word) {
        if (which == "-d" || which == "-e" || which == "-f" || which == "-s")
            return file_(which[1], word);
        if (which == "-n")
            return not_empty(state_, word);
        if (which == "-z")
            return negated(not_empty(state_, word));
        return std::nullopt;
    }

    const State& state_;
    const std::vector<Text>& words_;
    const FileQuestion& file_;
    size_t at_ = 0;
    unsigned depth_ = 0;
};

} // namespace

bool read_number(std::string_view text, unsigned long& value, std::string_view& rest) {
    size_t at = text.find_first_not_of(" \t\n\v\f\r");
    if (at == std::string_view::npos)
        return false;
    unsigned long base = 10;
    if (text[at] == '0') {
        const char second = at + 1 < text.size() ? text[at + 1] : '\0';
        base = second == 'x' ? 16 : second >= '0' && second <= '7' ? 8 : 10;
        at += second == 'x' ? 2 : 0;
    }
    bool any = false;
    value = 0;
    for (; at < text.size(); ++at) {
        const char c = text[at];
        unsigned long digit = 99;
        if (c >= '0' && c <= '9')
            digit = static_cast<unsigned long>(c - '0');
        else if (base == 16 && (c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            digit = static_cast<unsigned long>((c | 0x20) - 'a') + 10;
        if (digit >= base)
            break;
        if (value > (ULONG_MAX - digit) / base)
            return false;
        value = value * base + digit;
        any = true;
    }
    rest = text.substr(at);
    return any;
}

Tri test(const State& state, const std::vector<Text>& words, const FileQuestion& file) {
    if (std::all_of(words.begin(), words.end(), [](const Text& word) { return is_known(word); }))
        return Test(state, words, file).parse();
    // One by one where all that they may be is told: then a variable that is not there takes no
    // place.
    const std::vector<std::vector<std::string>> all = forms(state, words);
    if (!all.empty()) {
        std::optional<Tri> out;
        for (const std::vector<std::string>& form : all) {
            const Tri one = Test(state, form, file).parse();
            out = !out || *out == one ? one : Tri::unknown;
        }
        return *out;
    }
    for (const Text& word : words)
        if (const std::optional<Piece> piece = next_piece(word, 0);
            piece && piece->split && piece->size == word.size() && state.may_be_empty(word))
            return Tri::unknown;
    return Test(state, words, file).parse();
}

} // namespace virt_nested::grub
