// SPDX-License-Identifier: GPL-2.0-or-later
// Turning nesting on and off.
#include "validator/bringup/enable.h"

#include "core/atomic_file.h"
#include "core/process.h"
#include "core/text.h"
#include "validator/bringup/plan.h"
#include "validator/bringup/reload_live.h"
#include "validator/checks/beyond_options.h"
#include "validator/checks/mend.h"
#include "validator/checks/outlook.h"
#include "validator/facts/module_users.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <optional>
#include <unistd.h>

namespace virt_nested {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::minutes image_time_limit{30}; ///< a slow disk and a large image

/// As if the site had meant what this command is asked for: then all advice is to that end.
Facts meant(Facts facts, bool on) {
    facts.config.host = on ? HostIntent::on : HostIntent::off;
    return facts;
}

/// One run: what it says, and the worst that it has met.
class Run {
  public:
    Run(const Sysroot& root, const EnableOptions& options, EnableResult& result, Facts facts)
        : root_(root), options_(options), result_(result), site_(facts.config.host),
          facts_(meant(std::move(facts), options.on)), conf_(facts_.configuration.conf),
          boot_(facts_.boot) {}

    ExitStatus go();
    /// What came of it.
    void tell();

  private:
    void say(const std::string& line) const { std::cout << line << "\n"; }
    void object(const std::string& line, ExitStatus status = exit_fail) {
        std::cout.flush();
        std::cerr << "virt-nested " << (options_.on ? "enable" : "disable") << ": " << line << "\n";
        if (status_ == exit_pass || status == exit_fail)
            status_ = status;
    }
    const char* value() const { return options_.on ? "1" : "0"; }

    bool refused();
    bool write();
    void weigh();
    void now();
    void write_live();
    std::string why_no_reload() const;
    void reload_module();
    void images();
    void build(const StaleImage& stale);
    ExitStatus until_the_next_boot();
    /// Handed to modprobe; empty: what is configured counts.
    std::string option() const {
        return options_.runtime ? std::string("nested=") + value() : std::string();
    }

    const Sysroot& root_;
    EnableOptions options_;
    EnableResult& result_;
    const HostIntent site_; ///< what it configured
    const Facts facts_;     ///< before anything was changed
    ModConf conf_;          ///< what of them this run has changed, as it stands now
    BootFacts boot_;
    Plan plan_;
    AtomicFile::Kind before_ = AtomicFile::Kind::absent;
    std::string before_text_;
    std::optional<AtomicFile> written_; ///< by this run, the lock still held
    ExitStatus status_ = exit_pass;
};

/// What counts now that the file is written, read from the disk again.
void Run::weigh() {
    std::vector<std::string> lines = plan_.contradictions;
    if (!options_.dry_run) {
        lines.clear();
        conf_ = load_modconf(root_, facts_.configuration.kmod.profile);
        for (const std::string& module :
             plan_.module.empty() ? plan_.modules : std::vector<std::string>{plan_.module})
            for (std::string& line : contradictions(root_, facts_, conf_, module, options_.on))
                lines.push_back(std::move(line));
    }
    plan_.contradictions = lines;
    for (const std::string& line : lines)
        object(line);
    if (lines.empty())
        say("at the next load: " + (plan_.module.empty() ? listed(plan_.modules) : plan_.module) +
            " with nested=" + value());
}

/// POWER: the parameter can be written, and counts from the next guest on.
void Run::write_live() {
    const std::string path = "/sys/module/" + plan_.module + "/parameters/nested";
    if (options_.dry_run) {
        result_.running_after = value();
        return say(std::string("would write ") + value() + " to " + path);
    }
    const Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
    if (fd.get() < 0 || ::write(fd.get(), value(), 1) != 1)
        return object(path + ": " + std::strerror(errno));
    say(std::string("wrote ") + value() + " to " + path);
    const Fact answer = read_host(root_, *kvm_of(root_)).nests;
    if (answer.undetermined())
        return object("KVM could not be asked: " + answer.reason, exit_undetermined);
    if (answer.on() != options_.on)
        return object("KVM says otherwise: " + answer.found + " (" + answer.source +
                      "); run: virt-nested validate");
    say("KVM: " + answer.found + " (" + answer.source + ")");
}

/// Everything that can be known before the module is taken away.
std::string Run::why_no_reload() const {
    if (!plan_.contradictions.empty())
        return "the module would not come back as wanted (see above)";
    const Result<std::string> disabled = root_.read("/proc/sys/kernel/modules_disabled", 64);
    if (disabled && trim(*disabled) == "1")
        return "this kernel neither loads nor unloads modules any more (kernel.modules_disabled is "
               "1); reboot";
    const std::string used = module_in_use(root_, plan_.module);
    if (!used.empty())
        return used + "; shut that down and run it again, or reboot";
    if (options_.dry_run && plan_.write)
        return {}; // what modprobe says holds for the configuration as it is
    std::vector<std::string> ask = {"modprobe", "--show-depends", plan_.module};
    if (options_.runtime)
        ask.push_back(option());
    const Result<Ran> asked = run_program(ask, 30s);
    if (!asked || !asked->well())
        return "modprobe could not be asked what it would load: " +
               (asked ? asked->why() : asked.error().what);
    return why_not_by_modprobe(asked->out, plan_.module, options_.on);
}

void Run::reload_module() {
    const std::string why = why_no_reload();
    if (!why.empty())
        return object(plan_.module + " was not reloaded: " + why);
    const bool loaded = facts_.host.module.on();
    if (options_.dry_run) {
        result_.running_after = value();
        return say("would run: " + (loaded ? "modprobe -r " + plan_.module + "; " : "") +
                   "modprobe " + plan_.module + (options_.runtime ? " " + option() : ""));
    }
    // The answer's own descriptor is closed, /dev/kvm is nobody's now.
    const ExitStatus done = detached([&](const std::function<void(std::string)>& tell) {
        LiveReloadHost host(root_, written_ ? &*written_ : nullptr, before_, before_text_, tell);
        return reload(host, plan_.module, options_.on, option());
    });
    if (done != exit_pass)
        object(std::string("nesting is not ") + (options_.on ? "on" : "off") + " now", done);
}

void Run::now() {
    const Fact& parameter = facts_.host.parameter;
    const bool parameter_agrees =
        !parameter.undetermined() && !parameter.absent() && parameter.on() == options_.on;
    const Fact& nests = facts_.host.nests;
    const bool is_so = !nests.undetermined() && nests.on() == options_.on;
    const std::string shown = in_words(parameter, plan_.module + ".nested");
    if (parameter_agrees && is_so)
        return say("now: " + shown + "; nothing to reload");
    // A reload cannot change what a parameter that is right already does not bring about.
    if (parameter_agrees && !nests.undetermined())
        return object(shown + ", yet KVM says otherwise: " + nests.found + " (" + nests.source +
                      "); a reload does not mend that, run: virt-nested validate");
    if (!options_.now)
        return say("now: " + shown + "; the configuration counts from the next load: virt-nested " +
                   (options_.on ? "enable" : "disable") + " --now, or a reboot");
    if (facts_.platform()->live && facts_.host.module.on())
        return write_live();
    reload_module();
}

void Run::build(const StaleImage& stale) {
    const std::vector<std::string> command = rebuild_command(root_, *stale.image);
    std::vector<std::string> quoted;
    for (const std::string& word : command)
        quoted.push_back(word.starts_with("-") ? word : shell_word(word));
    const std::string shown = command.empty() ? in_words(mend_initramfs(facts_, *stale.image))
                                              : "run: " + join(quoted, " ");
    if (!options_.initramfs || command.empty() || !root_.live()) {
        result_.waits.emplace_back("image");
        return object(stale.why + "; " + shown, exit_warn);
    }
    result_.changed = true;
    if (options_.dry_run)
        return say(stale.why + "; would " + shown);
    say(stale.why + "; " + shown);
    std::cout.flush();
    const Result<Ran> ran = run_program(command, image_time_limit);
    if (!ran || !ran->well())
        return object("the image could not be built anew: " +
                      (ran ? ran->why() : ran.error().what));
    boot_ = read_boot(root_, facts_.host, facts_.machine, facts_.modules, {});
}

void Run::images() {
    const std::vector<StaleImage> stale = stale_images(root_, facts_, boot_.images, plan_);
    if (stale.empty())
        return;
    build(stale.front());
    if (options_.initramfs && !options_.dry_run && status_ == exit_pass)
        for (const StaleImage& still : stale_images(root_, facts_, boot_.images, plan_))
            object(still.why + ", although it was built anew");
}

/// Opened for changing only when there is something to change: a host that is as wanted needs
/// neither the lock nor a folder that can be written.
bool Run::write() {
    const std::string what =
        root_.shown(own_file) + ": options nested=" + value() + " for " + listed(plan_.modules);
    if (!plan_.kept.empty()) {
        say(plan_.kept);
        return true;
    }
    if (!plan_.write) {
        // Takes away what a run that was killed has left beside it; it does not matter if it
        // cannot.
        if (!options_.dry_run)
            (void)AtomicFile::open(root_, own_file, AtomicFile::Access::change);
        say("already written: " + what);
        return true;
    }
    if (options_.dry_run) {
        say("would write " + what);
        return true;
    }
    Result<AtomicFile> file = AtomicFile::open(root_, own_file, AtomicFile::Access::change);
    if (!file) {
        object(file.error().what);
        return false;
    }
    if (file->kind() != before_ || file->text() != before_text_) {
        object(root_.shown(own_file) +
               ": somebody else has changed it in the meantime; run it again");
        return false;
    }
    const Result<bool> done = file->replace(plan_.text);
    if (!done) {
        object(done.error().what);
        return false;
    }
    say("wrote " + what);
    written_.emplace(std::move(*file));
    return true;
}

bool Run::refused() {
    if (plan_.refusal.empty())
        return false;
    if (plan_.status == exit_pass)
        say(plan_.refusal);
    else
        object(plan_.refusal, plan_.status);
    return true;
}

/// The step by hand of the RHEL guide: modprobe -r MODULE; modprobe MODULE nested=1.
ExitStatus Run::until_the_next_boot() {
    plan_ = runtime_plan(root_, facts_, options_.on);
    if (refused())
        return status_;
    now();
    say(in_words(at_next_boot(facts_), "at the next boot"));
    return status_;
}

ExitStatus Run::go() {
    if (options_.runtime)
        return until_the_next_boot();
    const Result<AtomicFile> file = AtomicFile::open(root_, own_file, AtomicFile::Access::look);
    if (file) {
        before_ = file->kind();
        before_text_ = file->text();
    }
    plan_ = make_plan(root_, facts_, options_.on, before_, before_text_);
    if (refused())
        return status_;
    if (!file && file.error().code != ENOENT) {
        object(file.error().what);
        return status_;
    }
    for (const std::string& note : plan_.notes)
        say(note);
    if (site_ != HostIntent::any && site_ != facts_.config.host)
        say("virt-nested.conf says host = " + std::string(name(site_)) +
            ", by which virt-nested validate goes on judging this host");
    if (!write())
        return status_;
    weigh();
    // Of an image that is not a machine's nothing is known, and nothing is claimed.
    if (options_.on && facts_.platform() && facts_.machine.container.empty())
        if (const std::optional<Outlook> out = beyond_options(facts_, Horizon::next_load);
            out && out->state == State::off)
            object("KVM will not nest with it: " + out->found + " (" + out->source + "); " +
                   in_words(out->mend));
    if (root_.live() && !plan_.module.empty())
        now();
    if (plan_.contradictions.empty())
        for (const std::string& line : beaten_by_boot_loader(facts_, conf_, plan_))
            object(line);
    images();
    if (status_ == exit_pass && options_.on && options_.now && !options_.dry_run && root_.here() &&
        facts_.platform() && facts_.platform()->no_proof.empty())
        say("a guest's guest that runs is the proof: virt-nested prove");
    return status_;
}

void Run::tell() {
    const auto running = [](const Host& host) {
        return host.parameter.undetermined() || host.parameter.absent() ? std::string()
                                                                        : host.parameter.found;
    };
    written_.reset();
    const Host after =
        root_.live() && !options_.dry_run ? read_host(root_, *kvm_of(root_)) : facts_.host;
    result_.running_before = running(facts_.host);
    if (result_.running_after.empty())
        result_.running_after = running(after);
    const std::string file = state_of_own_file(root_);
    result_.file_before = options_.runtime ? file : state_of_own_file(before_, before_text_);
    result_.file_after = options_.dry_run && plan_.write ? std::string("nested=") + value() : file;
    result_.changed |= result_.file_after != result_.file_before ||
                       result_.running_after != result_.running_before;
    if (!plan_.refusal.empty() || options_.runtime || result_.running_after.empty() ||
        parse_parameter(result_.running_after, {}).on() == options_.on)
        return;
    const bool boots = facts_.modules.built_in() || facts_.modules.loading.off();
    result_.waits.emplace_back(boots ? "reboot" : "reload");
}

} // namespace

ExitStatus enable(const Sysroot& root, const EnableOptions& options, EnableResult& result) {
    Run run(root, options, result, gather(root, {}));
    const ExitStatus status = run.go();
    run.tell();
    return status;
}

} // namespace virt_nested
