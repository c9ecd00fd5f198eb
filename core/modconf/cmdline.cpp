// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel command line, as the kernel cuts it and as libkmod does: two parsers that disagree
// about quotes, "--" and dots.
#include "core/modconf/cmdline.h"

#include "core/modconf/parse.h"

#include <algorithm>

namespace virt_nested {

namespace {

// Linux: lib/ctype.c; 0xa0 counts.
bool is_kernel_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r') || c == '\xa0';
}

bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/// libkmod's buffer, its NUL included (kmod: libkmod-internal.h KCMD_LINE_SIZE).
constexpr size_t kmod_buffer = 4096;

void add(Cmdline& out, std::string_view module, std::string_view parameter, std::string_view value,
         size_t offset) {
    if (module == "modprobe" && parameter.starts_with("blacklist=")) {
        for (size_t at = 0; at <= value.size();) {
            const size_t comma = std::min(value.find(',', at), value.size());
            out.blacklist.push_back({std::string(value.substr(at, comma - at)), offset});
            at = comma + 1;
        }
        return;
    }
    std::string name(module);
    if (!to_underscores(name))
        return;
    std::string text(parameter);
    std::replace(text.begin(), text.end(), '\t', ' ');
    out.options.push_back({std::move(name), std::move(text), offset});
}

/// kmod before 29: only a blank separates, quotes may stand in the value alone, every '=' begins
/// the value anew.
void scan_before_29(Cmdline& out, std::string_view text) {
    text = text.substr(0, text.find('\n'));
    constexpr size_t none = std::string_view::npos;
    size_t start = 0;
    size_t dot = none;
    size_t equals = none;
    bool quoted = false;
    bool is_module = true;
    for (size_t i = 0; i <= text.size(); ++i) {
        const bool end = i == text.size();
        if (!end && text[i] == '"') {
            quoted = !quoted;
            if (quoted)
                is_module = false;
            else if (dot != none && equals != none)
                is_module = true;
        } else if (end || (!quoted && text[i] == ' ')) {
            if (is_module && dot != none)
                add(out, text.substr(start, dot - start), text.substr(dot + 1, i - dot - 1),
                    equals == none ? "" : text.substr(equals + 1, i - equals - 1), start);
            start = i + 1;
            dot = equals = none;
            is_module = true;
        } else if (!quoted && text[i] == '.' && dot == none) {
            dot = i;
        } else if (!quoted && text[i] == '=') {
            if (dot != none)
                equals = i;
            else
                is_module = false;
        }
    }
}

/// kmod since 29: a small state machine, one run for each word.
class Scanner {
  public:
    Scanner(Cmdline& out, std::string_view text) : out_(out), text_(text) {}

    void run() {
        for (size_t i = 0; i <= text_.size(); ++i)
            step(i);
    }

  private:
    enum class State { module, parameter, value, skip };

    void begin(size_t at) {
        start_ = at;
        state_ = State::module;
        opened_ = false;
    }

    void step(size_t i) {
        const bool end = i == text_.size();
        if (end || is_space(text_[i])) {
            separate(i);
        } else if (text_[i] == '"') {
            quoted_ = !quoted_;
            if (quoted_ && state_ == State::module && i == start_) {
                opened_ = true;
                start_ = i + 1;
            } else if (state_ != State::value) {
                state_ = State::skip;
            }
        } else if (text_[i] == '.' && state_ != State::value) {
            dot_ = i;
            state_ = state_ == State::module ? State::parameter : State::skip;
        } else if (text_[i] == '=' && state_ != State::value) {
            equals_ = i;
            state_ = state_ == State::parameter ? State::value : State::skip;
        }
    }

    void separate(size_t i) {
        if (quoted_) {
            if (state_ != State::value)
                state_ = State::skip;
            return;
        }
        if (state_ == State::value || state_ == State::parameter)
            complete(i);
        begin(i + 1);
    }

    // GRUB writes "mod.param=value" in quotes as a whole: libkmod moves the opening one to the
    // value.
    void complete(size_t end) {
        const std::string_view module = text_.substr(start_, dot_ - start_);
        std::string parameter(text_.substr(dot_ + 1, end - dot_ - 1));
        size_t value = state_ == State::value ? equals_ - dot_ : parameter.size();
        if (opened_ && state_ == State::value)
            parameter.insert(value, 1, '"');
        value = std::min(value, parameter.size());
        add(out_, module, parameter, std::string_view(parameter).substr(value),
            opened_ ? start_ - 1 : start_);
    }

    Cmdline& out_;
    std::string_view text_;
    State state_ = State::module;
    size_t start_ = 0;
    size_t dot_ = 0;
    size_t equals_ = 0;
    bool quoted_ = false;
    bool opened_ = false;
};

} // namespace

std::vector<Cmdline::Token> kernel_tokens(std::string_view text) {
    std::vector<Cmdline::Token> tokens;
    bool dashes = false;
    size_t at = 0;
    while (true) {
        while (at < text.size() && is_kernel_space(text[at]))
            ++at;
        if (at == text.size())
            return tokens;
        const size_t offset = at;
        const bool opened = text[at] == '"';
        const size_t start = at + (opened ? 1 : 0);
        bool quoted = opened;
        size_t equals = start; // an '=' in the first place is no separator (lib/cmdline.c)
        for (at = start; at < text.size() && (quoted || !is_kernel_space(text[at])); ++at) {
            if (equals == start && text[at] == '=')
                equals = at;
            if (text[at] == '"')
                quoted = !quoted;
        }
        size_t end = at;
        const bool closed = end > start && text[end - 1] == '"';
        Cmdline::Token token;
        token.offset = offset;
        token.after_dashes = dashes;
        if (equals > start) {
            size_t value = equals + 1;
            const bool value_opened = value < end && text[value] == '"';
            if (value_opened)
                ++value;
            if (closed && (value_opened || opened))
                --end;
            token.value = std::string(text.substr(value, end > value ? end - value : 0));
        } else if (closed && opened) {
            --end;
        }
        token.name = std::string(text.substr(start, (equals > start ? equals : end) - start));
        if (!token.value && token.name == "--")
            dashes = true;
        tokens.push_back(std::move(token));
    }
}

Cmdline parse_cmdline(std::string_view text, const KmodProfile& profile) {
    text = text.substr(0, text.find('\0'));
    Cmdline out;
    out.text = text;
    out.tokens = kernel_tokens(text);
    const std::string_view head = text.substr(0, kmod_buffer - 1);
    if (profile.states)
        Scanner(out, head).run();
    else
        scan_before_29(out, head);
    return out;
}

Result<Cmdline> read_cmdline(const Sysroot& root, const KmodProfile& profile) {
    const Result<std::string> text = root.read(Cmdline::file);
    if (!text)
        return text.error();
    return parse_cmdline(*text, profile);
}

std::vector<std::string> Cmdline::values(std::string_view name) const {
    std::vector<std::string> out;
    for (const Token& token : tokens)
        if (!token.after_dashes && same_parameter(token.name, name))
            out.push_back(token.value.value_or(""));
    return out;
}

std::vector<std::string> Cmdline::words(std::string_view name) const {
    std::vector<std::string> out;
    for (const std::string& value : values(name)) {
        for (size_t at = 0; at < value.size();) {
            const size_t comma = std::min(value.find(',', at), value.size());
            if (comma > at)
                out.push_back(value.substr(at, comma - at));
            at = comma + 1;
        }
    }
    return out;
}

} // namespace virt_nested
