// SPDX-License-Identifier: GPL-2.0-or-later
// libvirt's C interface, owned.
#include "guests/connection.h"

#include "core/text.h"

#include <libvirt/virterror.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <string_view>

namespace virt_nested {

namespace {

/// What to do about errors of libvirt's that name no way out (src/util/virerror.c).
struct Mend {
    int code;
    const char* what;
};
constexpr std::array<Mend, 2> mends = {
    {{VIR_ERR_ACCESS_DENIED,
      "the daemon's access control (polkit, access_drivers in its configuration) keeps this user "
      "from it: run it as one who may"},
     {VIR_ERR_OPERATION_DENIED,
      "the connection is read-only: run it as root, or with --connect and a URI that may write"}}};

/// The part of a URI between scheme:// and the next slash: the server.
std::string_view server_of(std::string_view uri) {
    const size_t start = uri.find("://");
    if (start == std::string_view::npos)
        return {};
    uri.remove_prefix(start + 3);
    return uri.substr(0, uri.find_first_of("/?"));
}

std::string_view transport_of(std::string_view uri) {
    const std::string_view scheme = uri.substr(0, uri.find("://"));
    const size_t plus = scheme.find('+');
    return plus == std::string_view::npos ? std::string_view() : scheme.substr(plus + 1);
}

bool names_server(std::string_view uri) {
    const std::string_view transport = transport_of(uri);
    return !server_of(uri).empty() || (!transport.empty() && transport != "unix");
}

} // namespace

Error libvirt_error() {
    const virError* error = virGetLastError();
    if (!error || !error->message)
        return {0, "libvirt gave no reason"};
    Error out{error->code, printable(trim(error->message), 2048)};
    for (const Mend& mend : mends)
        if (mend.code == error->code)
            out.what += std::string("; ") + mend.what;
    return out;
}

Result<std::string> taken_text(char* text) {
    if (!text)
        return libvirt_error();
    std::string out = text;
    std::free(text);
    return out;
}

std::string server_name_of(std::string_view uri) {
    std::string_view server = server_of(uri);
    server.remove_prefix(server.rfind('@') + 1); // npos + 1 is 0
    if (server.starts_with('['))
        return std::string(server.substr(1, server.find(']') - 1));
    return std::string(server.substr(0, server.find(':')));
}

Result<Connection> Connection::open_reading(const std::string& uri) {
    const char* chosen = std::getenv("LIBVIRT_DEFAULT_URI");
    if (names_server(uri.empty() && chosen ? chosen : uri))
        if (Result<Connection> connection = open(uri, false))
            return connection;
    return open(uri, true);
}

Result<Connection> Connection::open(const std::string& uri, bool read_only) {
    const virConnectPtr connection =
        virConnectOpenAuth(uri.empty() ? nullptr : uri.c_str(), virConnectAuthPtrDefault,
                           read_only ? VIR_CONNECT_RO : 0);
    if (!connection) {
        Error error = libvirt_error();
        const std::string option = uri.empty() ? "" : "--connect " + shell_word(printable(uri));
        error.what = "no connection to " +
                     (uri.empty() ? std::string("libvirt") : "'" + printable(uri) + "'") + ": " +
                     error.what + "; run: " +
                     (names_server(uri) ? "virsh " + option + " version"
                                        : "systemctl status libvirtd virtqemud");
        return error;
    }
    return Connection(connection);
}

std::string Connection::uri() const {
    return taken_text(virConnectGetURI(get())).value_or({});
}

bool Connection::local() const {
    const std::string text = uri();
    return !text.empty() && !names_server(text);
}

std::string Connection::hypervisor() const {
    const char* type = virConnectGetType(get());
    return type ? type : "";
}

unsigned long Connection::libvirt_version() const {
    unsigned long version = 0;
    return virConnectGetLibVersion(get(), &version) == 0 ? version : 0;
}

Result<std::vector<DomainPtr>> Connection::list(unsigned flags) const {
    virDomainPtr* raw = nullptr;
    const int count = virConnectListAllDomains(get(), &raw, flags);
    if (count < 0)
        return libvirt_error();
    std::vector<DomainPtr> out;
    for (int i = 0; i < count; ++i)
        out.emplace_back(raw[i]);
    std::free(static_cast<void*>(raw));
    std::sort(out.begin(), out.end(), [](const DomainPtr& a, const DomainPtr& b) {
        return std::string_view(virDomainGetName(a.get())) < virDomainGetName(b.get());
    });
    return out;
}

Result<DomainPtr> Connection::find(const std::string& name_or_uuid) const {
    const bool whole_uuid = name_or_uuid.size() == VIR_UUID_STRING_BUFLEN - 1;
    if (whole_uuid)
        if (Result<DomainPtr> domain = find_uuid(name_or_uuid))
            return domain;
    if (virDomainPtr domain = virDomainLookupByName(get(), name_or_uuid.c_str()))
        return DomainPtr(domain);
    const Error by_name = libvirt_error();
    if (by_name.code != VIR_ERR_NO_DOMAIN)
        return by_name;
    Result<DomainPtr> by_uuid = find_uuid(name_or_uuid); // one without dashes
    if (!by_uuid)
        return Error{VIR_ERR_NO_DOMAIN, "there is no such guest on " + printable(uri())};
    return by_uuid;
}

Result<DomainPtr> Connection::find_uuid(const std::string& uuid) const {
    if (virDomainPtr domain = virDomainLookupByUUIDString(get(), uuid.c_str()))
        return DomainPtr(domain);
    return libvirt_error();
}

void prepare_libvirt() {
    // A daemon that goes away between two calls is an error to report, not the end of the program.
    std::signal(SIGPIPE, SIG_IGN);
    virSetErrorFunc(nullptr, [](void*, virErrorPtr) {});
    virEventRegisterDefaultImpl();
    virInitialize();
}

std::string name_of(virDomainPtr domain) {
    const char* name = virDomainGetName(domain);
    return name ? name : "";
}

std::string uuid_of(virDomainPtr domain) {
    std::array<char, VIR_UUID_STRING_BUFLEN> buffer{};
    return virDomainGetUUIDString(domain, buffer.data()) == 0 ? buffer.data() : "";
}

bool running(virDomainPtr domain) {
    return virDomainIsActive(domain) == 1;
}

bool persistent(virDomainPtr domain) {
    return virDomainIsPersistent(domain) != 0;
}

Result<std::string> xml_of(virDomainPtr domain, unsigned flags) {
    return taken_text(virDomainGetXMLDesc(domain, flags));
}

std::vector<std::string> snapshots_of(virDomainPtr domain) {
    virDomainSnapshotPtr* raw = nullptr;
    const int count = virDomainListAllSnapshots(domain, &raw, 0);
    std::vector<std::string> out;
    for (int i = 0; i < count; ++i) {
        out.emplace_back(virDomainSnapshotGetName(raw[i]));
        virDomainSnapshotFree(raw[i]);
    }
    if (count >= 0)
        std::free(static_cast<void*>(raw));
    return out;
}

} // namespace virt_nested
