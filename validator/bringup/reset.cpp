// SPDX-License-Identifier: GPL-2.0-or-later
// What enable and disable leave on the disk, taken away.
#include "core/atomic_file.h"
#include "core/text.h"
#include "validator/bringup/enable.h"
#include "validator/bringup/plan.h"
#include "validator/checks/mend.h"
#include "validator/checks/outlook.h"

#include <cerrno>
#include <iostream>

namespace virt_nested {

namespace {

ExitStatus object(const std::string& line, ExitStatus status = exit_fail) {
    std::cout.flush();
    std::cerr << "virt-nested enable: " << line << "\n";
    return status;
}

/// Images were built while it was there.
ExitStatus name_images(const Facts& facts, EnableResult& result) {
    ExitStatus status = exit_pass;
    for (const InitramfsImage& image : facts.boot.images) {
        if (!image.next_boot || !image.content)
            continue;
        for (const ConfFile& file : image.content->modprobe)
            if (file.path == own_file && is_own_text(file.text)) {
                result.waits.emplace_back("image");
                status = object(facts.shown(printable(image.path)) + " still holds it; " +
                                    in_words(mend_initramfs(facts, image)),
                                exit_warn);
            }
    }
    return status;
}

void say_next_load(const Facts& facts, EnableResult& result) {
    const Outlook next = at_next_load(facts);
    std::cout << in_words(next, "at the next load") << "\n";
    const Fact& now = facts.host.parameter;
    if ((now.on() || now.off()) && (next.state == State::on) != now.on())
        result.waits.emplace_back("reload");
}

} // namespace

ExitStatus reset(const Sysroot& root, bool dry_run, EnableResult& result) {
    const std::string shown = root.shown(own_file);
    Result<AtomicFile> file = AtomicFile::open(
        root, own_file, dry_run ? AtomicFile::Access::look : AtomicFile::Access::change);
    if (!file && file.error().code != ENOENT)
        return object(file.error().what);
    result.file_before = file ? state_of_own_file(file->kind(), file->text()) : "absent";
    result.file_after = result.file_before;
    if (result.file_before == "other")
        return object(shown + " holds what virt-nested did not write; it is left as it is");
    if (result.file_before == "absent") {
        std::cout << "nothing to take away: there is no " << shown << "\n";
        return exit_pass;
    }
    result.changed = true;
    result.file_after = "absent";
    if (dry_run) {
        std::cout << "would take away " << shown << "\n";
        return exit_pass;
    }
    if (const Result<bool> done = file->remove(); !done) {
        result.changed = false;
        result.file_after = result.file_before;
        return object(done.error().what);
    }
    std::cout << "took away " << shown << "\n";
    const Facts facts = gather(root, {});
    if (!facts.platform())
        return exit_pass;
    const Fact& now = facts.host.parameter;
    result.running_before = result.running_after = now.on() || now.off() ? now.found : "";
    say_next_load(facts, result);
    return name_images(facts, result);
}

} // namespace virt_nested
