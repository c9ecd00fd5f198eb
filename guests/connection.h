// SPDX-License-Identifier: GPL-2.0-or-later
// A connection to libvirt, its guests, and its errors as sentences. Everything here owns what
// libvirt hands out.
#pragma once

#include "core/result.h"

#include <libvirt/libvirt.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

struct DomainDeleter {
    void operator()(virDomainPtr domain) const { virDomainFree(domain); }
};
using DomainPtr = std::unique_ptr<virDomain, DomainDeleter>;

/// The last error of libvirt's, printable; `code` is its virErrorNumber.
Error libvirt_error();

/// VIR_DOMAIN_EVENT_CALLBACK by way of void (*)(), from which Clang 19 lets a function be cast
/// without a warning.
template<typename Function>
virConnectDomainEventGenericCallback event_callback(Function* function) {
    return VIR_DOMAIN_EVENT_CALLBACK(reinterpret_cast<void (*)()>(function));
}

/// Text that libvirt allocated.
Result<std::string> taken_text(char* text);

/// The server that a URI names, without user and port; empty: it names none.
std::string server_name_of(std::string_view uri);

class Connection {
  public:
    /// `uri` as virsh has it; empty: libvirt's own choice (LIBVIRT_DEFAULT_URI, libvirt.conf, then
    /// probing). Errors name the URI.
    static Result<Connection> open(const std::string& uri, bool read_only);
    /// For commands that change nothing: read-only, which any user may. A remote host tells of its
    /// CPU over a connection that may write alone (virConnectGetDomainCapabilities), so there that
    /// is tried first.
    static Result<Connection> open_reading(const std::string& uri);

    virConnectPtr get() const { return connection_.get(); }
    std::string uri() const;
    bool alive() const { return virConnectIsAlive(connection_.get()) == 1; }
    /// Neither a server nor a transport other than a local socket in the URI.
    bool local() const;
    /// virConnectGetType: QEMU for qemu:///system; TEST, LXC, Xen, ... elsewhere.
    std::string hypervisor() const;
    unsigned long libvirt_version() const;

    /// In the order of their names.
    Result<std::vector<DomainPtr>> list(unsigned flags = 0) const;
    /// By UUID, else by name, as virsh has it (tools/virsh-util.c): a guest that is named like the
    /// UUID of another does not stand in for it.
    Result<DomainPtr> find(const std::string& name_or_uuid) const;
    /// By UUID alone: a guest may be named like the UUID of another.
    Result<DomainPtr> find_uuid(const std::string& uuid) const;

  private:
    struct Closer {
        void operator()(virConnectPtr connection) const { virConnectClose(connection); }
    };
    explicit Connection(virConnectPtr connection) : connection_(connection) {}

    std::unique_ptr<virConnect, Closer> connection_;
};

/// Once, before the first connection: no message of libvirt's own on stderr, an event loop, and no
/// SIGPIPE from a daemon's socket.
void prepare_libvirt();

std::string name_of(virDomainPtr domain);
std::string uuid_of(virDomainPtr domain);
bool running(virDomainPtr domain);
/// True where libvirt cannot tell.
bool persistent(virDomainPtr domain);
Result<std::string> xml_of(virDomainPtr domain, unsigned flags);
/// Names of its snapshots; empty where the driver has none.
std::vector<std::string> snapshots_of(virDomainPtr domain);

} // namespace virt_nested
