// SPDX-License-Identifier: GPL-2.0-or-later
// The entries that systemd-boot finds on its file systems, in its order (systemd: src/boot/boot.c
// boot_entry_add_type1, boot_entry_add_type2, boot_entry_compare).
#include "core/text.h"
#include "validator/boot/menus/bls.h"
#include "validator/boot/menus/loader_text.h"
#include "validator/boot/menus/spec_order.h"
#include "validator/boot/menus/systemd_boot.h"
#include "validator/boot/menus/unified.h"
#include "validator/boot/paths.h"

#include <algorithm>
#include <array>
#include <cerrno>

namespace virt_nested {

namespace {

using namespace std::string_view_literals;

std::optional<std::string> unless_empty(std::string_view text) {
    return text.empty() ? std::nullopt : std::optional<std::string>(bls_unquoted(text));
}

/// A kernel that the firmware can start by itself is no unified image, and is named by `efi` too.
bool is_kernel(const Sysroot& root, const std::string& path) {
    const std::string head = root.read_head(path, 0x210).value_or(std::string());
    const auto has = [&](size_t at, std::string_view magic) {
        return head.size() >= at + magic.size() && head.compare(at, magic.size(), magic) == 0;
    };
    // x86's boot protocol, arm64, riscv64 (their booting.rst), and EFI_ZBOOT.
    return has(0x202, "HdrS"sv) || has(56, "ARM\x64"sv) || has(56, "RSC\x05"sv) || has(4, "zimg"sv);
}

/// What one of the file systems has.
class Gatherer {
  public:
    Gatherer(const Sysroot& root, std::string home, const EfiVariables& variables,
             const BootLimits& limits, SystemdBootFiles& out)
        : root_(root), home_(std::move(home)), variables_(variables), limits_(limits), out_(out) {}

    void take_images();
    void take_files();

  private:
    void take_image(const std::string& name);
    void take_file(const BlsFile& file);
    bool for_another_machine(const BlsFile& file) const;
    void take_options(const BlsFile& file, BootEntry& entry) const;
    void take_kernel(const BlsFile& file, SystemdBootEntry& out) const;
    void take_program(const BlsFile& file, SystemdBootEntry& out) const;
    void take_initrd_arguments(const BlsFile& file, BootEntry& entry) const;
    /// Where the path leads; `out` learns whether it is there.
    std::string lead(const BlsFile& file, std::string_view path, SystemdBootEntry& out) const;
    void note_found(const std::string& folder) {
        const Result<FileStatus> there = root_.status(folder);
        out_.found = out_.found || there || there.error().code != ENOENT;
    }

    const Sysroot& root_;
    std::string home_;
    const EfiVariables& variables_;
    const BootLimits& limits_;
    SystemdBootFiles& out_;
};

void Gatherer::take_images() {
    const std::string folder = home_ + "/EFI/Linux";
    const Result<std::vector<std::string>> names = root_.list(folder);
    note_found(folder);
    if (!names && names.error().code != ENOENT)
        out_.doubts.push_back(unread(root_, folder, names.error(), "folder of kernel images"));
    size_t taken = 0;
    for (const std::string& name : names.value_or({})) {
        const std::string small = lower_case(name);
        if (!small.ends_with(".efi") || small.starts_with('.') || small.starts_with("auto-"))
            continue;
        if (++taken > limits_.entries) {
            out_.doubts.push_back({"more than " + std::to_string(limits_.entries) +
                                       " images lie there, and the others are not read",
                                   doubt_source(folder), E2BIG});
            return;
        }
        take_image(name);
    }
}

/// The names that an os-release gives it, in a section .osrel (systemd:
/// src/fundamental/bootspec-fundamental.c). False: none, and systemd-boot passes over the image.
bool take_names(const std::string& os_release, SystemdBootEntry& out) {
    constexpr std::array keys = {"PRETTY_NAME"sv,   "IMAGE_ID"sv, "NAME"sv,       "ID"sv,
                                 "IMAGE_VERSION"sv, "VERSION"sv,  "VERSION_ID"sv, "BUILD_ID"sv};
    std::array<std::string, keys.size()> values;
    for (std::string_view line : lines(os_release)) {
        line = trim(line);
        const size_t equals = line.find('=');
        const auto key = std::find(keys.begin(), keys.end(), line.substr(0, equals));
        if (equals != std::string_view::npos && key != keys.end())
            values.at(static_cast<size_t>(key - keys.begin())) =
                bls_unquoted(trim(line.substr(equals + 1)));
    }
    const auto first = [&](std::initializer_list<size_t> order) {
        for (const size_t i : order)
            if (!values.at(i).empty())
                return values.at(i);
        return std::string();
    };
    out.entry.title = first({0, 1, 2, 3});
    out.version = first({4, 5, 6, 7});
    out.sort_key = unless_empty(first({1, 3}));
    return !out.entry.title.empty();
}

void Gatherer::take_image(const std::string& name) {
    const std::string path = home_ + "/EFI/Linux/" + name;
    const Result<UnifiedImage> image = read_unified(root_, path);
    if (!image) {
        out_.doubts.push_back(unread(root_, path, image.error(), "kernel image"));
        return;
    }
    SystemdBootEntry out;
    const bool named = take_names(image->os_release, out);
    // Its tries are counted as those of an entry file.
    const BlsFile counted = parse_bls(path.substr(0, path.size() - 4) + ".conf", {}, limits_);
    out.tries_left = counted.tries_left;
    out.tries_done = counted.tries_done;
    out.id = lower_case(name);
    out.entry.id = name;
    out.entry.source = path + " .cmdline";
    take_unified(root_, home_, path, *image, variables_, out.entry);
    if (image->profiles > 1)
        out_.doubts.push_back({"the image has several profiles, each an entry of its own, and only "
                               "the first is read",
                               doubt_source(path), 0});
    (named ? out_.entries : out_.nameless).push_back(std::move(out));
}

void Gatherer::take_files() {
    const std::string folder = home_ + "/loader/entries";
    note_found(folder);
    for (const BlsFile& file : read_bls_files(root_, folder, limits_, out_.doubts)) {
        // Where something of the file is not taken, its place in the order is not sure either.
        const bool whole = std::all_of(file.doubts.begin(), file.doubts.end(),
                                       [](const Doubt& doubt) { return doubt.code == 0; });
        const bool one_program = file.kernel.empty() + file.efi.empty() + file.url.empty() >= 2;
        if (!whole || !one_program)
            out_.doubts.insert(out_.doubts.end(), file.doubts.begin(), file.doubts.end());
        if (!lower_case(base_name(file.path)).starts_with("auto-"))
            take_file(file);
    }
}

void Gatherer::take_file(const BlsFile& file) {
    SystemdBootEntry out;
    BootEntry& entry = out.entry;
    entry.id = std::string(base_name(file.path));
    entry.title = file.title.empty() ? entry.id : std::string(bls_unquoted(file.title));
    entry.doubts = file.doubts;
    out.id = lower_case(entry.id);
    out.sort_key = unless_empty(file.sort_key);
    out.machine_id = unless_empty(file.machine_id);
    out.version = bls_unquoted(file.version);
    out.tries_left = file.tries_left;
    out.tries_done = file.tries_done;
    if (for_another_machine(file))
        return;
    take_options(file, entry);
    if (!file.kernel.empty())
        take_kernel(file, out);
    else if (!file.efi.empty())
        take_program(file, out);
    else if (!file.url.empty())
        entry.doubts.push_back({"its kernel comes from the network", doubt_source(file.path), 0});
    else
        return; // systemd-boot passes over it
    out_.entries.push_back(std::move(out));
}

/// The architecture of systemd-boot itself counts, which its file's name tells.
bool Gatherer::for_another_machine(const BlsFile& file) const {
    if (file.architecture.empty())
        return false;
    std::vector<std::string> machines;
    for (const char* folder : {"/EFI/systemd", "/EFI/BOOT", "/EFI/boot"})
        for (const std::string& name : root_.list(home_ + folder).value_or({}))
            for (const std::string_view front : {"systemd-boot"sv, "boot"sv})
                if (const std::string small = lower_case(name);
                    small.starts_with(front) && small.ends_with(".efi"))
                    machines.push_back(small.substr(front.size(), small.size() - front.size() - 4));
    const std::string wanted = lower_case(bls_unquoted(file.architecture));
    const bool among = std::find(machines.begin(), machines.end(), wanted) != machines.end();
    const bool only = std::all_of(machines.begin(), machines.end(),
                                  [&](const std::string& one) { return one == machines.front(); });
    if (machines.empty() || (among && !only))
        out_.doubts.push_back({"it is for the architecture '" + printable(wanted) +
                                   "', and whether that is the loader's is not known",
                               doubt_source(file.path), 0});
    return !machines.empty() && !among;
}

void Gatherer::take_options(const BlsFile& file, BootEntry& entry) const {
    entry.source = file.path;
    if (!file.options.empty())
        entry.source += ":" + std::to_string(file.options.front().line);
    for (const BlsValue& options : file.options) {
        entry.cmdline += entry.cmdline.empty() ? "" : " ";
        entry.cmdline += bls_unquoted(options.text);
    }
}

std::string Gatherer::lead(const BlsFile& file, std::string_view path,
                           SystemdBootEntry& out) const {
    const BootFile found = boot_file(root_, file.path, bls_unquoted(path));
    if (!found.exists) {
        const Result<FileStatus> status = root_.status(found.path);
        const int code = status ? 0 : status.error().code;
        out.there = code != ENOENT && code != ENOTDIR;
    }
    return found.path;
}

void Gatherer::take_kernel(const BlsFile& file, SystemdBootEntry& out) const {
    out.entry.kernel_file = lead(file, file.kernel, out);
    for (const BlsValue& initrd : file.initrds)
        out.entry.initrds.push_back(boot_file(root_, file.path, bls_unquoted(initrd.text)).path);
    take_initrd_arguments(file, out.entry);
}

/// "initrd=" is the kernel's own, and counts where the loader gives it none (Linux:
/// drivers/firmware/efi/libstub/efi-stub-helper.c efi_load_initrd).
void Gatherer::take_initrd_arguments(const BlsFile& file, BootEntry& entry) const {
    const bool given = !entry.initrds.empty();
    for (const std::string_view word : words(entry.cmdline)) {
        if (!word.starts_with("initrd="))
            continue;
        if (given) {
            entry.doubts.push_back({"it names an initramfs by a key and by an argument, and the "
                                    "argument is not followed",
                                    doubt_source(file.path), 0});
            return;
        }
        entry.initrds.push_back(boot_file(root_, file.path, word.substr(7)).path);
    }
}

void Gatherer::take_program(const BlsFile& file, SystemdBootEntry& out) const {
    BootEntry& entry = out.entry;
    const std::string path = lead(file, file.efi, out);
    const Result<UnifiedImage> image = read_unified(root_, path);
    if (image && image->linux) {
        if (!file.profile.empty())
            entry.doubts.push_back({"it starts a certain profile of its image, and only the first "
                                    "is read",
                                    doubt_source(file.path), 0});
        return take_unified(root_, home_, path, *image, variables_, entry);
    }
    if (is_kernel(root_, path)) {
        entry.kernel_file = path;
        return take_initrd_arguments(file, entry);
    }
    const std::string name = lower_case(base_name(path));
    if (name.find("xen") != std::string::npos) {
        entry.kind = EntryKind::under_hypervisor;
        entry.doubts.push_back({"what Xen gives to its first guest stands in a file of its own, "
                                "which is not read",
                                doubt_source(file.path), 0});
        return;
    }
    entry.kind = file.uki ? EntryKind::linux : EntryKind::other;
    if (!image && image.error().code != EBADMSG)
        entry.doubts.push_back(unread(root_, path, image.error(), "program that it starts"));
    else if (file.uki)
        entry.doubts.push_back(
            {"what it starts is no unified kernel image", doubt_source(file.path), 0});
}

int sign_of(long long difference) {
    return (difference > 0) - (difference < 0);
}

int compare_optional(const std::optional<std::string>& a, const std::optional<std::string>& b) {
    if (!a || !b)
        return (a ? 1 : 0) - (b ? 1 : 0);
    return a->compare(*b);
}

/// Below 0: a comes first.
int compare_entries(const SystemdBootEntry& a, const SystemdBootEntry& b) {
    if (const int found = (a.tries_left == 0) - (b.tries_left == 0); found != 0)
        return found;
    if (a.sort_key.has_value() != b.sort_key.has_value())
        return a.sort_key ? -1 : 1;
    if (a.sort_key) {
        if (const int found = a.sort_key->compare(*b.sort_key); found != 0)
            return found;
        if (const int found = compare_optional(a.machine_id, b.machine_id); found != 0)
            return found;
        if (const int found = compare_versions(b.version, a.version); found != 0)
            return found;
    }
    if (const int found = compare_versions(b.id, a.id); found != 0)
        return found;
    if (a.tries_left < 0 || b.tries_left < 0)
        return 0;
    if (a.tries_left != b.tries_left)
        return sign_of(static_cast<long long>(b.tries_left) - a.tries_left);
    return sign_of(static_cast<long long>(a.tries_done) - b.tries_done);
}

/// systemd-boot passes over an entry whose kernel is not there. A captured machine seldom has any,
/// and then all entries would be lost: they are left out where others' kernels are there.
void leave_out_missing(SystemdBootFiles& out) {
    const auto first =
        std::stable_partition(out.entries.begin(), out.entries.end(),
                              [](const SystemdBootEntry& entry) { return entry.there; });
    if (first == out.entries.begin())
        return;
    out.entries.erase(first, out.entries.end());
}

} // namespace

bool in_one_place(const SystemdBootEntry& a, const SystemdBootEntry& b) {
    return compare_entries(a, b) == 0;
}

SystemdBootFiles gather_systemd_boot(const Sysroot& root, const std::vector<std::string>& homes,
                                     const EfiVariables& variables, const BootLimits& limits) {
    SystemdBootFiles out;
    for (const std::string& home : homes) {
        Gatherer gatherer(root, home, variables, limits, out);
        gatherer.take_images();
        gatherer.take_files();
    }
    // Where there is nothing else, it is not systemd-boot that starts them.
    if (out.entries.empty())
        out.entries.swap(out.nameless);
    leave_out_missing(out);
    std::stable_sort(out.entries.begin(), out.entries.end(),
                     [](const SystemdBootEntry& a, const SystemdBootEntry& b) {
                         return compare_entries(a, b) < 0;
                     });
    return out;
}

} // namespace virt_nested
