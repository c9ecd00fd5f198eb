// SPDX-License-Identifier: GPL-2.0-or-later
// What the next boot will be.
#include "validator/facts/boot.h"

#include "core/text.h"
#include "validator/boot/menus/efi_variables.h"
#include "validator/facts/images.h"

#include <algorithm>
#include <cerrno>
#include <map>

namespace virt_nested {

namespace {

constexpr size_t most_next = 64;    ///< boots that are told apart; beyond, a doubt
constexpr size_t most_releases = 8; ///< the same for kernels of an entry that does not tell

/// Who started the kernel, by its own word; a variable that cannot be read tells nothing here, and
/// is a doubt of the loader's reader.
std::string loader_info(const Sysroot& root) {
    std::vector<Doubt> unread;
    return EfiVariables(root).loader_text("LoaderInfo", unread).value_or("");
}

/// A number of the firmware's (UEFI, "Globally Defined Variables"): four bytes of attributes, then
/// two of it.
std::string firmware_entry(const Sysroot& root, std::string_view variable) {
    const Result<std::string> text =
        root.read("/sys/firmware/efi/efivars/" + std::string(variable) +
                      "-8be4df61-93ca-11d2-aa0d-00e098032b8c",
                  4096);
    return text && text->size() == 6 ? text->substr(4) : std::string();
}

class Reading {
  public:
    Reading(const Sysroot& root, const Host& host, const MachineFacts& machine,
            const KernelFacts& running, const BootOptions& options)
        : root_(root), platform_(host.platform), machine_(machine), running_(running),
          options_(options), by_{root.read("/proc/cmdline").value_or({}), machine.kernel,
                                 machine.distribution, host.machine, loader_info(root)} {}

    BootFacts read() {
        tell_loader();
        for (const BootEntry& entry : out_.menu.entries)
            if (entry.chosen)
                add_boots(entry);
        // Of a unified image the command line is part, whatever starts it.
        if (out_.unified())
            take_list(unified_image_list(root_, by_));
        if (!out_.menu.entries.empty() && out_.next.empty())
            doubt("none of the entries is known to be the next boot's", out_.config);
        if (out_.next.empty())
            out_.next.push_back({as_now(), running_, NextBoot::no_image});
        if (const std::string next = firmware_entry(root_, "BootNext");
            !next.empty() && next != firmware_entry(root_, "BootCurrent"))
            doubt("the firmware starts another of its entries next (BootNext; see efibootmgr)",
                  "/sys/firmware/efi/efivars");
        if (root_.read_head("/sys/kernel/kexec_loaded", 1).value_or("0") == "1")
            doubt("a kernel is loaded for kexec, which the next reboot may start",
                  "/sys/kernel/kexec_loaded");
        if (platform_ && !platform_->module.empty())
            look_into_images();
        return std::move(out_);
    }

  private:
    void doubt(std::string what, const std::string& source, int code = 0) {
        out_.menu.doubts.push_back({std::move(what), printable(source, 512), code});
    }

    void tell_loader() {
        out_.loader = boot_loader_of(root_, by_);
        if (!out_.loader)
            return;
        const BootLoader& loader = *out_.loader;
        const std::vector<std::string> configs = files_of(root_, loader.configs);
        take_list(argument_list_of(root_, by_, loader));
        if (!configs.empty())
            out_.config = configs.front();
        if (loader.read && !configs.empty()) {
            out_.menu = loader.read(root_, configs);
            if (out_.menu.entries.empty() && out_.menu.doubts.empty())
                doubt("no entry of " + std::string(loader.name) + " was found", configs.front());
        } else if (loader.read && !by_.loader.empty()) {
            doubt("the entries of " + std::string(loader.name) +
                      " were not found: its file system may not be mounted",
                  "EFI variable LoaderInfo");
        } else if (loader.read || !out_.list || out_.list->files.empty()) {
            return;
        } else if (!as_in_list()) {
            doubt("it has other arguments about KVM than this boot; whether they have been brought "
                  "to " +
                      std::string(loader.name) + " cannot be seen",
                  out_.list_files.front());
        }
    }

    void take_list(const ArgumentList* list) {
        out_.list = list;
        if (list) {
            out_.list_files = files_of(root_, list->files);
            ListLines lines = read_argument_list(root_, *list);
            out_.arguments = std::move(lines.places);
            out_.list_set_in = std::move(lines.set_in);
        }
    }

    /// Of a loader whose entries cannot be read: what its list says is what this boot has.
    bool as_in_list() const {
        const std::vector<std::string> now = kvm_arguments(by_.cmdline);
        std::vector<std::string> listed;
        for (const ArgumentPlace& place : out_.arguments)
            listed.push_back(place.text);
        return out_.list_files.empty() || listed == now;
    }

    BootEntry as_now() const {
        BootEntry entry;
        entry.source = Cmdline::file;
        entry.cmdline = std::string(trim(by_.cmdline));
        entry.kernel = running_.release;
        entry.chosen = true;
        return entry;
    }

    const KernelFacts& kernel(const std::string& release) {
        if (release == running_.release)
            return running_;
        const auto known = kernels_.find(release);
        if (known != kernels_.end())
            return known->second;
        KernelFacts found = read_kernel(root_, platform_, release);
        // Another deployment, snapshot or generation of such a host brings its own.
        if (machine_.kind && !found.folder && found.available.absent()) {
            found.folder = true;
            found.available = Fact::undetermined_because(
                "the modules of kernel " + found.release + " are not in this root of a " +
                    std::string(machine_.kind->name) + " host",
                found.available.source);
        }
        return kernels_.emplace(release, std::move(found)).first->second;
    }

    /// One boot for each kernel that it may be.
    void add_boots(const BootEntry& entry) {
        if (releases_.empty())
            releases_ = installed_releases(root_);
        std::vector<std::string> may_be{release_of(root_, entry, releases_)};
        if (may_be.front().empty() && !releases_.empty())
            may_be = releases_;
        if (may_be.size() > most_releases) {
            may_be.resize(most_releases);
            doubt("which of " + std::to_string(releases_.size()) + " kernels it boots is not told",
                  entry.source);
        }
        for (const std::string& release : may_be) {
            if (out_.next.size() == most_next)
                return doubt("more than " + std::to_string(most_next) + " boots may be next",
                             entry.source);
            out_.next.push_back(
                {entry, release.empty() ? running_ : kernel(release), NextBoot::no_image});
        }
        note_missing_kernel(entry);
    }

    /// A captured machine seldom has its kernels: then none of them is missing.
    void note_missing_kernel(const BootEntry& entry) {
        if (entry.kernel_file.empty() || root_.exists(entry.kernel_file))
            return;
        const bool captured =
            !root_.live() && std::none_of(out_.menu.entries.begin(), out_.menu.entries.end(),
                                          [&](const BootEntry& one) {
                                              return !one.kernel_file.empty() &&
                                                     root_.exists(one.kernel_file);
                                          });
        if (!captured)
            doubt("its kernel " + printable(root_.shown(entry.kernel_file), 512) + " is not there",
                  entry.source, ENOENT);
    }

    void look_into_images() {
        ImageReader images(root_, options_.cache);
        for (NextBoot& boot : out_.next) {
            const std::vector<std::string> files = boot.entry.source == Cmdline::file
                                                       ? images.by_name(boot.kernel.release)
                                                       : boot.entry.initrds;
            if (!files.empty())
                boot.image = images.add(files, boot.kernel.release, boot.entry.unified, true);
        }
        const Result<std::vector<std::string>> names = root_.list("/boot");
        if (images.all.empty() && !names && names.error().code != ENOENT)
            out_.image_problem = names.error().what;
        if (options_.deep)
            images.add_others(out_.menu.entries, names.value_or({}));
        out_.images = std::move(images.all);
    }

    const Sysroot& root_;
    const Platform* platform_;
    const MachineFacts& machine_;
    const KernelFacts& running_;
    const BootOptions& options_;
    BootedBy by_;
    BootFacts out_;
    std::vector<std::string> releases_;
    std::map<std::string, KernelFacts> kernels_;
};

} // namespace

const std::string& BootFacts::kernel() const {
    static const std::string none;
    return next.empty() ? none : next.front().kernel.release;
}

bool BootFacts::unified() const {
    return !next.empty() && next.front().entry.unified;
}

const InitramfsImage* BootFacts::image_of(const NextBoot& boot) const {
    return boot.image < images.size() ? &images[boot.image] : nullptr;
}

BootFacts read_boot(const Sysroot& root, const Host& host, const MachineFacts& machine,
                    const KernelFacts& running, const BootOptions& options) {
    if (!machine.container.empty())
        return {};
    return Reading(root, host, machine, running, options).read();
}

} // namespace virt_nested
