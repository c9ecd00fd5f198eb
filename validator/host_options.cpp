// SPDX-License-Identifier: GPL-2.0-or-later
// Options and limits of a validation.
#include "validator/host_options.h"

#include "core/text.h"
#include "validator/capture/archive.h"

#include <cerrno>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

namespace virt_nested {

ValidateOptions host_options(const Parsed& parsed, const Sysroot& root) {
    ValidateOptions out;
    out.config = file_of(parsed, "config");
    if (root.here() && ::geteuid() == 0)
        out.cache = "/var/cache/virt-nested/initramfs.json";
    return out;
}

Sysroot root_or_capture_of(const Parsed& parsed) {
    const std::string file = parsed.text("root");
    const Sysroot here;
    if (const Result<FileStatus> status = here.status(file); !status || !S_ISREG(status->mode))
        return root_of(parsed);
    const Result<std::string> packed = here.read(file, most_packed);
    if (!packed)
        throw std::runtime_error(packed.error().what);
    Result<Recording> recording = unpack(*packed, file);
    if (!recording && recording.error().code == EINVAL)
        throw UsageError("--root " + recording.error().what);
    if (!recording)
        throw std::runtime_error(recording.error().what);
    return Sysroot::replayed(std::make_shared<Recording>(std::move(*recording)));
}

void begin_time_limit() {
    set_deadline(std::chrono::steady_clock::now() + std::chrono::seconds(120));
}

} // namespace virt_nested
