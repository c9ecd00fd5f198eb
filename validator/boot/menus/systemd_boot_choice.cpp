// SPDX-License-Identifier: GPL-2.0-or-later
// Which entry systemd-boot takes (systemd: src/boot/boot.c config_select_default_entry). Its rules
// have changed: before 245 patterns were held against names without their endings; before 251 the
// order was that of the names; from 259 on there are preferred entries. Where it is not known which
// systemd-boot starts, all rules are followed: whoever asks compares what they choose.
#include "core/text.h"
#include "validator/boot/menus/loader_text.h"
#include "validator/boot/menus/spec_order.h"
#include "validator/boot/menus/systemd_boot.h"
#include "validator/boot/menus/unified.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace virt_nested {

namespace {

enum class Rules {
    before_245,
    from_245,
    of_pop,    ///< a name without its ending will do as well (pop-os/installer issue 210)
    early_250, ///< of several names that fit, the last one (systemd issue 22004)
    from_251,
    from_259,
};

bool by_names(Rules rules) {
    return rules != Rules::from_251 && rules != Rules::from_259;
}

/// A pattern for the entry, and where it stands.
struct Wish {
    std::string pattern; ///< in small letters
    std::string place;
    bool spares_failed = false; ///< entries without tries left do not count
};

struct Wishes {
    Wish one_shot;
    Wish preferred_variable, preferred_file;
    Wish default_variable, default_file;
    Wish saved;
};

enum class There { no, yes, unknown };

/// An entry that systemd-boot makes by itself, behind the others.
struct OwnEntry {
    const char* id;
    const char* title;
};
constexpr std::array<OwnEntry, 7> own_entries = {{
    {"auto-osx", "macOS"},
    {"auto-windows", "Windows Boot Manager"},
    {"auto-efi-shell", "EFI Shell"},
    {"auto-efi-default", "EFI Default Loader"},
    {"auto-reboot-to-firmware-setup", "Reboot Into Firmware Interface"},
    {"auto-poweroff", "Power Off The System"},
    {"auto-reboot", "Reboot The System"},
}};

/// What one set of rules comes to.
struct Decision {
    std::vector<size_t> entries;
    std::vector<const OwnEntry*> own; ///< and these, the last of which may not be there
    std::string place;
    std::vector<Doubt> doubts;
};

class Chooser {
  public:
    Chooser(const Sysroot& root, const std::vector<std::string>& homes,
            const SystemdBootFiles& files, Wishes wishes)
        : root_(root), homes_(homes), files_(files), wishes_(std::move(wishes)) {}

    Decision decide(Rules rules) const;

  private:
    std::vector<Wish> in_order(Rules rules) const;
    std::vector<size_t> order(Rules rules) const;
    /// Takes the first that `fits`; true if there is one.
    template<typename Fits>
    bool take_first(const std::vector<size_t>& order, Decision& out, Fits fits) const;
    /// The same among its own; true if one is surely there.
    bool take_own(const Wish& wish, Decision& out) const;
    There is_there(std::string_view id) const;
    There default_loader() const;

    const Sysroot& root_;
    const std::vector<std::string>& homes_;
    const SystemdBootFiles& files_;
    Wishes wishes_;
};

std::vector<Wish> Chooser::in_order(Rules rules) const {
    std::vector<Wish> out{wishes_.one_shot};
    if (rules == Rules::from_259) {
        out.push_back(wishes_.preferred_variable);
        out.push_back(wishes_.preferred_file);
    }
    for (const Wish& wish : {wishes_.default_variable, wishes_.default_file})
        out.push_back(wish.pattern == "@saved" ? wishes_.saved : wish);
    return out;
}

std::vector<size_t> Chooser::order(Rules rules) const {
    std::vector<size_t> out(files_.entries.size());
    std::iota(out.begin(), out.end(), size_t{0});
    if (by_names(rules))
        std::stable_sort(out.begin(), out.end(), [&](size_t a, size_t b) {
            const SystemdBootEntry& one = files_.entries[a];
            const SystemdBootEntry& other = files_.entries[b];
            if ((one.tries_left == 0) != (other.tries_left == 0))
                return other.tries_left == 0;
            return compare_versions(one.id, other.id) > 0;
        });
    return out;
}

template<typename Fits>
bool Chooser::take_first(const std::vector<size_t>& order, Decision& out, Fits fits) const {
    const SystemdBootEntry* first = nullptr;
    for (const size_t i : order) {
        const SystemdBootEntry& entry = files_.entries[i];
        if (first && !in_one_place(*first, entry))
            break;
        if (!fits(entry))
            continue;
        if (first)
            out.doubts.push_back({"the order of '" + printable(first->id) + "' and '" +
                                      printable(entry.id) + "' is told by nothing but the disk",
                                  doubt_source(entry.entry.source), 0});
        out.entries.push_back(i);
        first = &entry;
    }
    return first != nullptr;
}

bool fits(const Wish& wish, const SystemdBootEntry& entry, Rules rules) {
    const std::string bare = entry.id.substr(0, entry.id.rfind('.'));
    const bool whole = rules != Rules::before_245 && matches_pattern(wish.pattern, entry.id);
    const bool without = (rules == Rules::before_245 || rules == Rules::of_pop) &&
                         matches_pattern(wish.pattern, bare);
    return (whole || without) && (!wish.spares_failed || entry.tries_left != 0);
}

Decision Chooser::decide(Rules rules) const {
    Decision out;
    const std::vector<size_t> order = this->order(rules);
    std::vector<size_t> wished = order;
    if (rules == Rules::early_250)
        std::reverse(wished.begin(), wished.end());
    for (const Wish& wish : in_order(rules)) {
        if (wish.pattern.empty())
            continue;
        const bool found = take_first(
            wished, out, [&](const SystemdBootEntry& entry) { return fits(wish, entry, rules); });
        if (found || take_own(wish, out)) {
            out.place = wish.place;
            return out;
        }
    }
    take_first(order, out, [](const SystemdBootEntry&) { return true; });
    return out;
}

bool Chooser::take_own(const Wish& wish, Decision& out) const {
    for (const OwnEntry& own : own_entries) {
        const There there = matches_pattern(wish.pattern, own.id) ? is_there(own.id) : There::no;
        if (there == There::no)
            continue;
        out.own.push_back(&own);
        if (there == There::yes)
            return true;
        out.doubts.push_back({"whether there is an entry '" + std::string(own.id) +
                                  "', as is asked for, is not known",
                              wish.place, 0});
    }
    if (wish.pattern.starts_with("secure-boot-keys-"))
        out.doubts.push_back({"an entry that sets Secure Boot's keys is asked for, and whether it "
                              "is there is not known",
                              wish.place, 0});
    return false;
}

There Chooser::is_there(std::string_view id) const {
    const auto in_any = [&](const std::string& path) {
        return std::any_of(homes_.begin(), homes_.end(),
                           [&](const std::string& home) { return root_.exists(home + path); });
    };
    if (id == "auto-windows")
        return in_any("/EFI/Microsoft/Boot/bootmgfw.efi") ? There::yes : There::no;
    if (id == "auto-efi-shell") {
        for (const std::string& home : homes_)
            for (const std::string& name : root_.list(home).value_or({}))
                if (matches_pattern("shell*.efi", lower_case(name)))
                    return There::yes;
        return There::no;
    }
    return id == "auto-efi-default" ? default_loader() : There::unknown;
}

/// It is none where it is systemd-boot itself; another one may be shim, which starts it.
There Chooser::default_loader() const {
    for (const std::string& home : homes_)
        for (const char* folder : {"/EFI/BOOT", "/EFI/boot"})
            for (const std::string& name : root_.list(home + folder).value_or({}))
                if (matches_pattern("boot*.efi", lower_case(name)) &&
                    !program_version(root_, home + folder + "/" + name, "systemd-boot"))
                    return There::unknown;
    return There::no;
}

/// The version that starts next, as far as the programs on the disk agree; else the one that has
/// started this system.
std::optional<int> loader_version(const Sysroot& root, const std::vector<std::string>& homes,
                                  const EfiVariables& variables) {
    std::optional<int> found;
    for (const std::string& home : homes)
        for (const std::string& name : root.list(home + "/EFI/systemd").value_or({})) {
            const std::optional<int> one =
                program_version(root, home + "/EFI/systemd/" + name, "systemd-boot");
            if (found && one && *found != *one)
                return std::nullopt;
            found = one ? one : found;
        }
    if (found)
        return found;
    std::vector<Doubt> ignored;
    const std::string info = variables.loader_text("LoaderInfo", ignored).value_or(std::string());
    return leading_number(info, "systemd-boot ");
}

std::string os_id(const Sysroot& root) {
    const std::string text = root.read("/etc/os-release").value_or(std::string());
    for (std::string_view line : lines(text))
        if (line.starts_with("ID=")) {
            std::string out(trim(line.substr(3)));
            std::erase(out, '"');
            return out;
        }
    return {};
}

Wishes read_wishes(const LoaderConf& conf, const EfiVariables& variables,
                   std::vector<Doubt>& doubts) {
    const auto variable = [&](const char* name) {
        return Wish{lower_case(variables.loader_text(name, doubts).value_or(std::string())),
                    doubt_source(variables.loader_path(name))};
    };
    Wishes out;
    out.one_shot = variable("LoaderEntryOneShot");
    out.preferred_variable = variable("LoaderEntryPreferred");
    out.preferred_file = {conf.preferred_pattern, doubt_source(conf.path, conf.preferred_line)};
    out.default_variable = variable("LoaderEntryDefault");
    out.default_file = {conf.default_pattern, doubt_source(conf.path, conf.default_line)};
    for (Wish* wish : {&out.preferred_variable, &out.preferred_file}) {
        wish->spares_failed = true;
        if (wish->pattern == "@saved")
            doubts.push_back({"the entry that was started last is preferred, which is not followed",
                              wish->place, 0});
    }
    if (out.default_variable.pattern == "@saved" || out.default_file.pattern == "@saved")
        out.saved = variable("LoaderEntryLastBooted");
    if (const Wish failed = variable("LoaderEntrySysFail"); !failed.pattern.empty())
        doubts.push_back(
            {"an entry is set for the case that an update of the firmware fails", failed.place, 0});
    return out;
}

void mark(const Decision& decision, BootMenu& menu) {
    for (const size_t i : decision.entries)
        menu.entries[i].chosen = true;
    for (const OwnEntry* own : decision.own) {
        const auto same = [&](const BootEntry& entry) { return entry.id == own->id; };
        if (std::any_of(menu.entries.begin(), menu.entries.end(), same))
            continue;
        BootEntry entry;
        entry.id = own->id;
        entry.title = own->title;
        entry.source = decision.place;
        entry.kind = EntryKind::other;
        entry.chosen = true;
        menu.entries.push_back(std::move(entry));
    }
    for (const Doubt& doubt : decision.doubts) {
        const auto same = [&](const Doubt& one) {
            return one.what == doubt.what && one.source == doubt.source;
        };
        if (std::none_of(menu.doubts.begin(), menu.doubts.end(), same))
            menu.doubts.push_back(doubt);
    }
}

std::vector<Rules> rules_of(std::optional<int> version, bool pop) {
    if (!version)
        return {Rules::from_251, Rules::from_259, pop ? Rules::of_pop : Rules::from_245,
                Rules::before_245};
    if (*version >= 251)
        return {*version >= 259 ? Rules::from_259 : Rules::from_251};
    if (*version < 245)
        return {Rules::before_245};
    if (pop)
        return {Rules::of_pop};
    return *version == 250 ? std::vector{Rules::from_245, Rules::early_250}
                           : std::vector{Rules::from_245};
}

} // namespace

void choose_systemd_boot(const Sysroot& root, const std::vector<std::string>& homes,
                         const SystemdBootFiles& files, const LoaderConf& conf,
                         const EfiVariables& variables, BootMenu& menu) {
    // A captured machine has those that it was captured with.
    if (!variables.known() && root.live() && files.entries.size() > 1)
        menu.doubts.push_back({"the firmware's variables are not there, which may name another "
                               "entry for the next start",
                               variables.folder(), 0});
    const Chooser chooser(root, homes, files, read_wishes(conf, variables, menu.doubts));
    for (const Rules rules :
         rules_of(loader_version(root, homes, variables), os_id(root) == "pop")) {
        const Decision decision = chooser.decide(rules);
        mark(decision, menu);
        if (menu.choice.empty())
            menu.choice = decision.place;
    }
}

} // namespace virt_nested
