// SPDX-License-Identifier: GPL-2.0-or-later
// Waits for the event of each define of ours.
#include "guests/define_guard.h"

#include <libvirt/virterror.h>

namespace virt_nested {

namespace {

constexpr int patience_ms = 2000;  ///< for the event of a define, which follows at once
constexpr int suspicion_ms = 1000; ///< for one more event that would clear a suspicion

} // namespace

DefineGuard::DefineGuard(const Connection& connection) : connection_(connection.get()) {
    callback_ =
        virConnectDomainEventRegisterAny(connection_, nullptr, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                         event_callback(on_event), this, nullptr);
}

DefineGuard::~DefineGuard() {
    if (callback_ >= 0)
        virConnectDomainEventDeregisterAny(connection_, callback_);
}

int DefineGuard::on_event(virConnectPtr, virDomainPtr domain, int event, int detail, void* self) {
    if (event != VIR_DOMAIN_EVENT_DEFINED && event != VIR_DOMAIN_EVENT_UNDEFINED)
        return 0;
    Seen& seen = static_cast<DefineGuard*>(self)->seen_[uuid_of(domain)];
    if (event == VIR_DOMAIN_EVENT_UNDEFINED) {
        seen = {false, false, true};
    } else {
        seen.defined = true;
        seen.came_back = seen.undefined && detail == VIR_DOMAIN_EVENT_DEFINED_ADDED;
    }
    return 0;
}

template<typename Enough>
void DefineGuard::pump(int milliseconds, Enough enough) {
    bool over = false;
    const int timer = virEventAddTimeout(
        milliseconds, [](int, void* flag) { *static_cast<bool*>(flag) = true; }, &over, nullptr);
    while (!over && !enough() && virEventRunDefaultImpl() == 0) {
    }
    if (timer >= 0)
        virEventRemoveTimeout(timer);
}

Result<DomainPtr> DefineGuard::define(const std::string& uuid, const std::string& xml) {
    if (callback_ >= 0)
        pump(0, [] { return false; });
    Seen& seen = seen_[uuid];
    seen.defined = false;
    DomainPtr domain(virDomainDefineXMLFlags(connection_, xml.c_str(), 0));
    if (!domain)
        return libvirt_error();
    if (callback_ < 0)
        return domain;
    pump(patience_ms, [&] { return seen.defined; });
    // Added after it was undefined: by this define, or by whoever undefined it, whose definition
    // this one has changed then, and that event is still to come.
    if (seen.came_back)
        pump(suspicion_ms, [&] { return !seen.came_back; });
    const bool came_back = seen.came_back;
    seen_.erase(uuid);
    if (!came_back)
        return domain;
    // Drivers without NVRAM do not know the flag.
    if (virDomainUndefineFlags(domain.get(), VIR_DOMAIN_UNDEFINE_KEEP_NVRAM) < 0)
        virDomainUndefine(domain.get());
    return Error{VIR_ERR_NO_DOMAIN, "it was undefined in the meantime, and stays so"};
}

} // namespace virt_nested
