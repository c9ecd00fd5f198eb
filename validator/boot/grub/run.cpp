// SPDX-License-Identifier: GPL-2.0-or-later
// GRUB's shell, followed without running anything: its grammar's part.
#include "validator/boot/grub/run.h"

#include "core/text.h"

#include <cerrno>
#include <utility>

namespace virt_nested::grub {

namespace {

/// Lists in lists, functions in functions (grub: script/execute.c MAX_RECURSION_DEPTH is 64).
constexpr unsigned most_deep = 96;
constexpr size_t most_doubts = 64;

} // namespace

Run::Run(const Sysroot& root, const BootLimits& limits, const std::string& config, BootMenu& out)
    : root_(root), limits_(limits), config_(config), family_(family_of(root)), out_(out),
      texts_(root, limits), state_(limits.text), device_(state_.unknown({"root", {}, false})),
      files_(root, config, device_), doubts_(&out.doubts) {
    const Place nowhere;
    state_.set("root", device_, nowhere);
    state_.set("prefix", "(" + device_ + ")" + config.substr(0, config.rfind('/')), nowhere);
    // grub: normal/main.c features[]
    for (const char* name :
         {"chainloader_bpb", "ntldr", "platform_search_hint", "default_font_path",
          "all_video_module", "menuentry_id", "menuentry_options", "200_final", "nativedisk_cmd",
          "timeout_style", "search_cryptodisk_only", "net_search_cfg"}) {
        state_.set("feature_" + std::string(name), "y", nowhere);
        state_.exports("feature_" + std::string(name), nowhere);
    }
    for (const char* name : {"grub_platform", "grub_cpu"})
        state_.set(name, state_.unknown({name, {}, false}), nowhere);
    for (const char* name : {"cmdpath", "shim_lock", "lockdown", "check_signatures", "lang",
                             "net_default_server", "net_default_ip", "pxe_default_server"})
        state_.set(name, state_.unknown({name, {}, true}), nowhere);
    for (const char* name :
         {"root", "prefix", "grub_platform", "grub_cpu", "cmdpath", "shim_lock", "lockdown",
          "check_signatures", "config_file", "config_directory", "chosen"})
        state_.exports(name, nowhere);
}

void Run::doubt(std::string what, const Place& place, int code) {
    const std::string source =
        place.file.empty() ? printable(config_, 512) : doubt_source(place.file, place.line);
    for (const Doubt& before : *doubts_)
        if (before.what == what && before.source == source)
            return;
    if (doubts_->size() < most_doubts)
        doubts_->push_back({std::move(what), source, code});
}

void Run::stop(std::string what, const Place& place) {
    if (!stopped_ && doubts_ != &out_.doubts)
        out_.doubts.push_back({what, doubt_source(place.file, place.line), EFBIG});
    if (!stopped_)
        doubt(std::move(what), place, EFBIG);
    stopped_ = true;
}

bool Run::step(const Place& place) {
    if (++steps_ > limits_.steps)
        stop("more than " + std::to_string(limits_.steps) + " commands would have to be followed",
             place);
    else if (deadline_passed())
        stop("there was no time left to follow it", place);
    return !stopped_;
}

Text Run::text_of(const std::string& name) const {
    const Value* value = state_.get(name);
    return value == nullptr ? Text() : value->text;
}

std::vector<Text> Run::expand(const Script& script, const Node& node, const Place& place) {
    Expansion expansion(state_, scope_, limits_.text);
    for (uint32_t i = 0; i < node.words; ++i) {
        const std::string_view raw = script.raw(node, i);
        if (raw.find('?') != std::string_view::npos)
            state_.set("?",
                       ok_ == Tri::unknown ? state_.unknown({"?", {}, false})
                                           : Text(ok_ == Tri::yes ? "0" : "1"),
                       place);
        expansion.add(raw);
    }
    from_environment_ = std::move(expansion.environment);
    bytes_ += expansion.bytes;
    if (expansion.overflow || state_.overflow) {
        doubt("a value of more than " + std::to_string(limits_.text) + " bytes is not followed",
              place, EFBIG);
        state_.overflow = false;
    }
    if (bytes_ > limits_.text * 256)
        stop("variables are replaced more often than is followed", place);
    return std::move(expansion).words();
}

void Run::list(const std::shared_ptr<const Script>& script, uint32_t first) {
    if (++depth_ > most_deep && first != 0)
        stop("it calls itself, or is nested, deeper than is followed",
             at(*script, script->nodes[first]));
    for (uint32_t one = first; one != 0 && !leaving(); one = script->nodes[one].next) {
        node(script, one);
        const uint32_t next = script->nodes[one].next;
        if (!maybe_left_ || next == 0 || leaving())
            continue;
        maybe_left_ = false;
        either([&] { list(script, next); }, [] {}, at(*script, script->nodes[next]));
        maybe_left_ = true;
        break;
    }
    --depth_;
}

void Run::node(const std::shared_ptr<const Script>& script, uint32_t which) {
    const Node& node = script->nodes[which];
    if (!step(at(*script, node)))
        return;
    switch (node.kind) {
    case NodeKind::branch:
        return branch(script, which);
    case NodeKind::for_each:
        return for_each(script, node);
    case NodeKind::repeat_while:
    case NodeKind::repeat_until:
        return repeat(script, node);
    default:
        return command(script, node);
    }
}

void Run::either(const std::function<void()>& one, const std::function<void()>& other,
                 const Place& place) {
    const Flow before = flow_;
    const Tri status = ok_;
    const Scope arguments = scope_ == nullptr ? Scope() : *scope_;
    ++perhaps_;
    state_.push();
    one();
    const Scope changed = scope_ == nullptr ? Scope() : std::exchange(*scope_, arguments);
    const Flow flow = std::exchange(flow_, before);
    const Tri ok = std::exchange(ok_, status);
    const bool left = std::exchange(maybe_left_, false);
    Changes changes = state_.pop();
    state_.push();
    other();
    Changes others = state_.pop();
    --perhaps_;
    if (scope_ != nullptr && *scope_ != changed)
        scope_->unknown = true;
    state_.merge(changes, std::move(others), place);
    ok_ = ok == ok_ ? ok : Tri::unknown;
    maybe_left_ = maybe_left_ || left;
    if (flow == flow_)
        return;
    flow_ = before;
    maybe_left_ = true;
}

void Run::branch(const std::shared_ptr<const Script>& script, uint32_t which) {
    const Node& node = script->nodes[which];
    list(script, node.first);
    if (leaving())
        return;
    const auto run = [&](uint32_t first) {
        if (first == 0)
            known(true);
        list(script, first);
    };
    if (ok_ != Tri::unknown)
        return run(ok_ == Tri::yes ? node.second : node.third);
    either([&] { run(node.second); }, [&] { run(node.third); }, at(*script, node));
}

bool Run::loop_body(const std::shared_ptr<const Script>& script, const Node& node) {
    list(script, node.second);
    if (flow_.breaks == 1 && flow_.again)
        flow_ = Flow();
    if (flow_.breaks > 0) {
        --flow_.breaks;
        flow_.again = flow_.breaks > 0 && flow_.again;
        return false;
    }
    return !leaving();
}

void Run::for_each(const std::shared_ptr<const Script>& script, const Node& node) {
    Node list_of = node;
    ++list_of.first_word;
    --list_of.words;
    const std::vector<Text> words = expand(*script, list_of, at(*script, node));
    ++loops_;
    known(true);
    for_words(script, node, words, 0);
    --loops_;
}

void Run::for_words(const std::shared_ptr<const Script>& script, const Node& node,
                    const std::vector<Text>& words, size_t from) {
    const std::string name(script->raw(node, 0));
    const Place place = at(*script, node);
    for (size_t i = from; i < words.size() && step(place); ++i) {
        if (const std::optional<Piece> piece = next_piece(words[i], 0);
            piece && piece->size == words[i].size()) {
            // How many words it stands for is as little known.
            unfollowed(script, node, name, words[i]);
            continue;
        }
        state_.set(name, words[i], place);
        if (!loop_body(script, node))
            return;
        if (!maybe_left_ || i + 1 == words.size())
            continue;
        maybe_left_ = false;
        if (++depth_ > most_deep)
            stop("a loop is left at places that cannot be told", place);
        either([&] { for_words(script, node, words, i + 1); }, [] {}, place);
        --depth_;
        return;
    }
}

void Run::repeat(const std::shared_ptr<const Script>& script, const Node& node) {
    const Place place = at(*script, node);
    const Tri end = node.kind == NodeKind::repeat_until ? Tri::yes : Tri::no;
    ++loops_;
    while (step(place)) {
        list(script, node.first);
        if (leaving() || ok_ == end)
            break;
        const bool followed = ok_ != Tri::unknown;
        if (followed && loop_body(script, node) && !maybe_left_)
            continue;
        if (followed && !maybe_left_)
            break;
        doubt("how often a loop runs cannot be told", place);
        unfollowed(script, node, {}, {});
        break;
    }
    --loops_;
}

/// A loop's body, as often as it may run: what it changes is unknown.
void Run::unfollowed(const std::shared_ptr<const Script>& script, const Node& node,
                     const std::string& name, const Text& word) {
    const Place place = at(*script, node);
    const Scope arguments = scope_ == nullptr ? Scope() : *scope_;
    const bool left = std::exchange(maybe_left_, false);
    state_.push();
    ++perhaps_;
    if (!name.empty())
        state_.set(name, word, place);
    loop_body(script, node);
    --perhaps_;
    state_.forget(state_.pop(), place);
    if (scope_ != nullptr && *scope_ != arguments)
        scope_->unknown = true;
    maybe_left_ = maybe_left_ || left || flow_ != Flow();
    flow_ = Flow();
    ok_ = Tri::unknown;
}

void Run::call(const Function& function, std::vector<Text> arguments) {
    Scope scope{std::move(arguments)};
    Scope* const before = std::exchange(scope_, &scope);
    const unsigned loops = std::exchange(loops_, 0U);
    const bool left = std::exchange(maybe_left_, false);
    list(function.script, function.body);
    flow_.returned = false;
    maybe_left_ = left;
    loops_ = loops;
    scope_ = before;
}

void Run::source(const std::shared_ptr<const Source>& source) {
    if (source->odd_line() != 0)
        doubt("control bytes or a NUL stand in it, behind which GRUB's view differs",
              {source->path(), source->odd_line(), false});
    Parser parser(source, limits_.steps);
    while (!leaving()) {
        const Unit unit = parser.next();
        if (!unit.wrong.empty())
            doubt("GRUB's shell does not take the line: " + printable(unit.wrong),
                  {source->path(), unit.line, false});
        for (const auto& [name, first] : unit.functions)
            functions_[name] = {unit.script, first};
        if (unit.wrong.empty() && maybe_left_) {
            maybe_left_ = false;
            either([&] { list(unit.script, unit.script->first); }, [] {},
                   {source->path(), 0, false});
            maybe_left_ = true;
        } else if (unit.wrong.empty()) {
            list(unit.script, unit.script->first);
        }
        if (unit.last || !step({source->path(), 0, false}))
            break;
    }
}

void Run::body(const Body& body) {
    if (body.text)
        source(body.text);
    else if (body.script)
        list(body.script, body.first);
}

bool Run::file(const std::string& path, const Text& named, const Place& place) {
    if (files_deep_ >= limits_.depth) {
        doubt("files that read files are not followed deeper than " +
                  std::to_string(limits_.depth) + " of them",
              place, ELOOP);
        return false;
    }
    const std::optional<std::string> text = texts_.read(path, "file of GRUB", *doubts_);
    if (!text)
        return false;
    files_.learn(named, text_of("root"), path);
    const Text file = text_of("config_file");
    const Text folder = text_of("config_directory");
    const Text full = named.starts_with('(') ? named : "(" + text_of("root") + ")" + named;
    state_.set("config_file", full, place);
    state_.set("config_directory", full.substr(0, full.rfind('/')), place);
    ++files_deep_;
    source(std::make_shared<Source>(path, *text));
    --files_deep_;
    state_.set("config_file", file, place);
    state_.set("config_directory", folder, place);
    return true;
}

} // namespace virt_nested::grub
