// SPDX-License-Identifier: GPL-2.0-or-later
// Defining a guest that somebody undefines at the same moment would bring it back: libvirt's define
// makes and changes alike. Its events tell both apart, so a guest that came back is taken away
// again.
#pragma once

#include "guests/connection.h"

#include <map>
#include <string>

namespace virt_nested {

class DefineGuard {
  public:
    /// Without lifecycle events (an old driver) it cannot tell, and says that a define changed.
    explicit DefineGuard(const Connection& connection);
    ~DefineGuard();
    DefineGuard(const DefineGuard&) = delete;
    DefineGuard& operator=(const DefineGuard&) = delete;

    /// Defines; the new definition is there whole, or the old one is. Errors: libvirt's own;
    /// VIR_ERR_NO_DOMAIN where the guest had been undefined, which it is again then.
    Result<DomainPtr> define(const std::string& uuid, const std::string& xml);

  private:
    /// What is known of one guest since the last look at its events.
    struct Seen {
        bool defined = false;   ///< any DEFINED event
        bool came_back = false; ///< undefined, then added, and not changed since
        bool undefined = false;
    };
    static int on_event(virConnectPtr, virDomainPtr domain, int event, int detail, void* self);
    /// Runs the event loop until `enough`, or the time is over.
    template<typename Enough>
    void pump(int milliseconds, Enough enough);

    virConnectPtr connection_;
    int callback_ = -1;
    std::map<std::string, Seen> seen_;
};

} // namespace virt_nested
