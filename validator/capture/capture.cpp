// SPDX-License-Identifier: GPL-2.0-or-later
// Everything asked, once.
#include "validator/capture/capture.h"

#include "core/text.h"
#include "validator/render/render.h"

#include <algorithm>
#include <sys/utsname.h>

namespace virt_nested {

std::string report_to_compare(const Sysroot& root, const ValidateOptions& options) {
    const Report report = validate(root, options);
    std::string out;
    for (const ReportFormat* format : report_formats())
        out += format->render(report, {.colour = false, .everything = true, .columns = 0});
    // What a captured folder puts in front of its paths.
    const std::string prefix = root.root() + "/";
    for (size_t at = out.find(prefix); prefix.size() > 1 && at != std::string::npos;
         at = out.find(prefix, at))
        out.erase(at, prefix.size() - 1);
    return out;
}

Captured capture(const Sysroot& root, const ValidateOptions& options) {
    Captured out;
    out.recording = std::make_shared<Recording>();
    const Sysroot asked(root.root(), out.recording);
    ValidateOptions more = options;
    more.deep = true;
    (void)gather(asked, more);
    for (const int version : kmod_versions()) {
        more.kmod_profile = version;
        (void)gather(asked, more);
    }
    out.report = report_to_compare(root, options);
    return out;
}

std::string name_of_host(const Sysroot& root) {
    if (!root.here())
        return std::string(trim(root.read("/etc/hostname").value_or({})));
    utsname names{};
    return ::uname(&names) == 0 ? std::string(names.nodename) : std::string();
}

} // namespace virt_nested
