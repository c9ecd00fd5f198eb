// SPDX-License-Identifier: GPL-2.0-or-later
// The grammar of GRUB's shell.
#include "validator/boot/grub/script.h"

#include <algorithm>
#include <array>
#include <optional>

namespace virt_nested::grub {

namespace {

/// GRUB follows no deeper nest itself (grub: script/execute.c MAX_RECURSION_DEPTH).
constexpr unsigned most_nested = 64;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_name(char c) {
    return c == '_' || is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

enum class Kind { end, newline, semicolon, left, right, word, bad };

struct Token {
    Kind kind = Kind::end;
    size_t at = 0, size = 0;
    unsigned line = 0;
    const char* wrong = nullptr; ///< kind bad: what
};

/// Why a unit is not taken. Thrown inside Parser alone.
struct Wrong {
    std::string what;
    unsigned line;
};

} // namespace

struct Parser::State {
    std::shared_ptr<const Source> source;
    std::string_view text;
    size_t most_commands;
    size_t at = 0;
    unsigned breaks = 0; ///< line feeds before `at`
    Token token;         ///< the one that is looked at
    bool fresh = false;  ///< `token` has been read
    std::shared_ptr<Script> script;
    std::vector<std::pair<std::string, uint32_t>> functions;
    unsigned nested = 0;

    unsigned line() const { return source->line(at, breaks); }

    /// Passes over a quoted text that begins at `at`.
    const char* quoted(char quote) {
        for (++at; at < text.size() && text[at] != quote; ++at) {
            std::string_view name;
            if (text[at] == '\n')
                ++breaks;
            if (quote != '"')
                continue;
            if (text[at] == '\\' && at + 1 < text.size()) {
                ++at;
                breaks += text[at] == '\n' ? 1 : 0;
            } else if (text[at] == '$' && variable_end(text, at, name) == 0) {
                return "'$' names no variable";
            }
        }
        if (at >= text.size())
            return "a quote is not closed";
        ++at;
        return nullptr;
    }

    const char* piece() {
        const char c = text[at];
        std::string_view name;
        if (c == '\'' || c == '"')
            return quoted(c);
        if (c == '\\') {
            if (at + 1 >= text.size())
                return "a backslash ends it";
            breaks += text[at + 1] == '\n' ? 1 : 0;
            at += 2;
        } else if (c == '$') {
            if (at + 1 < text.size() && text[at + 1] == '"') {
                ++at;
                return quoted('"');
            }
            const size_t end = variable_end(text, at, name);
            if (end == 0)
                return "'$' names no variable";
            at = end;
        } else {
            ++at;
        }
        return nullptr;
    }

    Token read_token() {
        while (at < text.size() && (text[at] == ' ' || text[at] == '\t'))
            ++at;
        if (at < text.size() && text[at] == '#')
            at = std::min(text.find('\n', at), text.size());
        Token out{Kind::end, at, 0, line(), nullptr};
        if (at >= text.size())
            return out;
        const size_t known = std::string_view("\n;{}|&<>").find(text[at]);
        if (known != std::string_view::npos) {
            constexpr std::array kinds = {Kind::newline, Kind::semicolon, Kind::left, Kind::right,
                                          Kind::bad,     Kind::bad,       Kind::bad,  Kind::bad};
            out.kind = kinds[known];
            out.wrong = "GRUB's shell knows no '|', '&', '<' and '>' outside of quotes";
            breaks += text[at] == '\n' ? 1 : 0;
            ++at;
            return out;
        }
        out.kind = Kind::word;
        while (at < text.size() &&
               std::string_view("{}|&;<> \t\n").find(text[at]) == std::string_view::npos)
            if (const char* wrong = piece(); wrong != nullptr) {
                out.kind = Kind::bad;
                out.wrong = wrong;
                at = std::min(at + 1, text.size());
                break;
            }
        out.size = at - out.at;
        return out;
    }

    const Token& peek() {
        if (!fresh)
            token = read_token();
        fresh = true;
        return token;
    }
    Token take() {
        peek();
        fresh = false;
        return token;
    }
    bool is(std::string_view keyword) {
        return peek().kind == Kind::word && text.substr(token.at, token.size) == keyword;
    }
    [[noreturn]] void refuse(const Token& found) const {
        if (found.kind == Kind::bad)
            throw Wrong{found.wrong, found.line};
        if (found.kind == Kind::end)
            throw Wrong{"it ends inside a block", found.line};
        throw Wrong{found.kind == Kind::newline
                        ? "the line ends where a command or a block is expected"
                        : "'" +
                              std::string(text.substr(found.at, std::max<size_t>(found.size, 1))) +
                              "' stands where GRUB's shell expects none",
                    found.line};
    }
    void want(std::string_view keyword) {
        if (!is(keyword))
            refuse(peek());
        take();
    }
    void skip_line() {
        const bool at_end = fresh && token.kind == Kind::newline;
        fresh = false;
        if (at_end)
            return;
        const size_t end = text.find('\n', at);
        breaks += end == std::string_view::npos ? 0 : 1;
        at = end == std::string_view::npos ? text.size() : end + 1;
    }
    void newlines() {
        while (peek().kind == Kind::newline)
            take();
    }
    /// ';' or a line feed, then line feeds.
    bool delimiters() {
        if (peek().kind != Kind::newline && token.kind != Kind::semicolon)
            return false;
        take();
        newlines();
        return true;
    }

    uint32_t add(NodeKind kind, unsigned line_number) {
        if (script->nodes.size() > most_commands)
            throw Wrong{"more commands are written here than are taken", line_number};
        Node node;
        node.kind = kind;
        node.line = line_number;
        script->nodes.push_back(node);
        return static_cast<uint32_t>(script->nodes.size() - 1);
    }
    void add_word(uint32_t node, const Token& found) {
        Node& to = script->nodes[node];
        if (to.words == 0)
            to.first_word = static_cast<uint32_t>(script->words.size());
        ++to.words;
        script->words.push_back(
            {static_cast<uint32_t>(found.at), static_cast<uint32_t>(found.size)});
    }

    /// Commands up to one of the words that end them. With `delimited`, a delimiter stands before.
    template<typename Ends>
    uint32_t commands(Ends ends, bool delimited) {
        if (++nested > most_nested)
            throw Wrong{"it is nested deeper than is followed", line()};
        uint32_t first = 0, last = 0;
        newlines();
        bool parted = true;
        while (first == 0 || !ends()) {
            if (!parted)
                refuse(peek());
            const uint32_t one = command();
            (last == 0 ? first : script->nodes[last].next) = one;
            last = one;
            parted = delimiters();
        }
        if (delimited && !parted)
            refuse(peek());
        --nested;
        return first;
    }
    uint32_t block() {
        take();
        const uint32_t body = commands([this] { return peek().kind == Kind::right; }, false);
        take();
        return body;
    }

    uint32_t branch() {
        const uint32_t first = add(NodeKind::branch, take().line);
        for (uint32_t one = first;;) {
            const uint32_t condition = commands([this] { return is("then"); }, true);
            take();
            const uint32_t then =
                commands([this] { return is("else") || is("elif") || is("fi"); }, true);
            script->nodes[one].first = condition;
            script->nodes[one].second = then;
            const bool more = is("elif");
            const Token word = take();
            if (more) {
                const uint32_t other = add(NodeKind::branch, word.line);
                script->nodes[one].third = other;
                one = other;
                continue;
            }
            if (text.substr(word.at, word.size) == "else") {
                const uint32_t other = commands([this] { return is("fi"); }, true);
                script->nodes[one].third = other;
                take();
            }
            return first;
        }
    }

    uint32_t loop() {
        const NodeKind kind = is("for")     ? NodeKind::for_each
                              : is("until") ? NodeKind::repeat_until
                                            : NodeKind::repeat_while;
        const uint32_t one = add(kind, take().line);
        uint32_t condition = 0;
        if (kind == NodeKind::for_each) {
            add_word(one, name());
            want("in");
            while (peek().kind == Kind::word)
                add_word(one, take());
            if (!delimiters())
                refuse(peek());
        } else {
            condition = commands([this] { return is("do"); }, true);
        }
        want("do");
        const uint32_t body = commands([this] { return is("done"); }, true);
        take();
        script->nodes[one].first = condition;
        script->nodes[one].second = body;
        return one;
    }

    Token name() {
        const Token found = take();
        const std::string_view written = text.substr(found.at, found.size);
        if (found.kind != Kind::word || is_digit(written.front()) ||
            !std::all_of(written.begin(), written.end(), is_name))
            refuse(found);
        return found;
    }

    uint32_t command() {
        if (peek().kind != Kind::word)
            refuse(token);
        if (is("if"))
            return branch();
        if (is("for") || is("while") || is("until"))
            return loop();
        constexpr std::array reserved = {"[[",   "]]", "case", "do",     "done", "elif",    "else",
                                         "esac", "fi", "in",   "select", "then", "function"};
        for (const char* word : reserved)
            if (is(word))
                refuse(token);
        const uint32_t one = add(NodeKind::command, token.line);
        while (peek().kind == Kind::word)
            add_word(one, take());
        if (peek().kind == Kind::left) {
            const uint32_t body = block();
            script->nodes[one].first = body;
            script->nodes[one].block_end = 1;
        }
        return one;
    }

    void function() {
        take();
        const Token found = name();
        newlines();
        if (peek().kind != Kind::left)
            refuse(token);
        take();
        const uint32_t body = commands([this] { return peek().kind == Kind::right; }, true);
        take();
        functions.emplace_back(text.substr(found.at, found.size), body);
    }

    /// A line, with the lines that its blocks and quotes take in.
    void line_of_commands() {
        uint32_t last = 0;
        while (peek().kind != Kind::end) {
            if (is("function")) {
                function();
            } else {
                const uint32_t one = command();
                (last == 0 ? script->first : script->nodes[last].next) = one;
                last = one;
            }
            const Kind parted = peek().kind;
            if (parted == Kind::end)
                return;
            if (parted != Kind::newline && parted != Kind::semicolon)
                refuse(token);
            take();
            // What is looked at next would be read on the next line.
            while (at < text.size() && (text[at] == ' ' || text[at] == '\t'))
                ++at;
            if (parted == Kind::newline)
                return;
            if (peek().kind == Kind::newline) {
                take();
                return;
            }
        }
    }
};

Parser::Parser(std::shared_ptr<const Source> source, size_t most_commands)
    : state_(std::make_unique<State>()) {
    state_->source = std::move(source);
    state_->text = state_->source->text();
    state_->most_commands = most_commands;
}

Parser::~Parser() = default;

Unit Parser::next() {
    Unit out;
    State& state = *state_;
    state.script = std::make_shared<Script>();
    state.script->source = state.source;
    state.functions.clear();
    state.nested = 0;
    try {
        state.newlines();
        state.line_of_commands();
    } catch (const Wrong& wrong) {
        // GRUB runs nothing of the unit, drops the rest of the line, and goes on behind it.
        out.wrong = wrong.what;
        out.line = wrong.line;
        state.skip_line();
    }
    out.script = std::move(state.script);
    out.functions = std::move(state.functions);
    out.last = state.at >= state.text.size() && (!state.fresh || state.token.kind == Kind::end);
    return out;
}

} // namespace virt_nested::grub
