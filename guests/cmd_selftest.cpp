// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested selftest: a canary that the hook must refuse. It proves that the daemon found the
// hook, runs it, and honours it.
#include "guests/commands.h"

#ifndef VN_WORDS_ALONE

#include "cli/result.h"
#include "core/sysroot.h"
#include "core/text.h"
#include "guests/batch.h"
#include "guests/canary.h"

#include <libvirt/virterror.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <iostream>
#include <sys/random.h>
#include <unistd.h>

namespace virt_nested {

namespace {

std::string make_nonce() {
    unsigned char bytes[8] = {};
    if (::getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
        return std::to_string(::getpid());
    static constexpr const char* digits = "0123456789abcdef";
    std::string out;
    for (const unsigned char byte : bytes) {
        out += digits[byte >> 4U];
        out += digits[byte & 15U];
    }
    return out;
}

/// Held until the canary is gone: a signal in between must not leave it behind.
class SignalsHeld {
  public:
    SignalsHeld() {
        sigset_t set;
        sigemptyset(&set);
        for (const int signal : {SIGINT, SIGTERM, SIGHUP})
            sigaddset(&set, signal);
        sigprocmask(SIG_BLOCK, &set, &before_);
    }
    SignalsHeld(const SignalsHeld&) = delete;
    SignalsHeld& operator=(const SignalsHeld&) = delete;
    ~SignalsHeld() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

  private:
    sigset_t before_{};
};

/// A canary that a killed selftest may have left, should the daemon have missed the end of its
/// connection: paused, ours by name and by label.
void remove_leftovers(const Connection& connection) {
    const Result<std::vector<DomainPtr>> list = connection.list(VIR_CONNECT_LIST_DOMAINS_TRANSIENT);
    if (!list)
        return;
    for (const DomainPtr& domain : *list) {
        if (!name_of(domain.get()).starts_with(canary_name_prefix))
            continue;
        const Result<std::string> xml = xml_of(domain.get(), 0);
        if (xml && is_canary(*xml))
            virDomainDestroy(domain.get());
    }
}

struct Answer {
    bool started = false;
    Error error;
};

Answer create(const Connection& connection, const std::string& xml) {
    const SignalsHeld held;
    remove_leftovers(connection);
    const DomainPtr domain(virDomainCreateXML(
        connection.get(), xml.c_str(), VIR_DOMAIN_START_PAUSED | VIR_DOMAIN_START_AUTODESTROY));
    if (!domain)
        return {false, libvirt_error()};
    virDomainDestroy(domain.get());
    return {true, {}};
}

int fail(int status, const std::string& what) {
    std::cerr << "virt-nested selftest: " << what << "\n";
    return status;
}

Options selftest_options() {
    Options options;
    add_connect(options);
    add_flag(options, "quiet,q", "say nothing where the hook works");
    add_result_format(options);
    return options;
}

int try_canary(const Parsed& parsed) {
    const Result<Connection> connection = Connection::open(parsed.text("connect"), false);
    if (!connection)
        return fail(exit_undetermined, connection.error().what);
    const HostSide side = read_host_side(*connection);
    if (const std::string no = not_qemu(side); !no.empty())
        return fail(exit_undetermined, no);
    const Result<std::string> capabilities =
        taken_text(virConnectGetCapabilities(connection->get()));
    if (!capabilities)
        return fail(exit_undetermined, capabilities.error().what);
    const std::string nonce = make_nonce();
    const Result<std::string> xml = canary_xml(*capabilities, nonce);
    if (!xml)
        return fail(exit_undetermined, xml.error().what);
    const Answer answer = create(*connection, *xml);
    const bool by_hook = answer.error.code == VIR_ERR_HOOK_SCRIPT_FAILED;
    const CanaryVerdict verdict =
        judge_canary({answer.started, by_hook, answer.error.what, nonce, side.local, side.uri,
                      side.config.mode == Mode::report},
                     Sysroot());
    if (verdict.status != exit_pass)
        return fail(verdict.status, verdict.what);
    if (!parsed.flag("quiet"))
        std::cout << verdict.what << "\n";
    return exit_pass;
}

int run_selftest(const Parsed& parsed) {
    return with_result(
        parsed, "selftest", [&] { return try_canary(parsed); },
        [](nlohmann::ordered_json& out) { out["changed"] = false; });
}

} // namespace

} // namespace virt_nested

#endif

namespace virt_nested {

namespace {

constexpr Command entries[] = {
    {.name = "selftest",
     .summary = "prove that enforcement is live, with a guest that the hook must refuse",
     .operands = "",
     .options = VN_HERE(selftest_options),
     .run = VN_HERE(run_selftest)}};

} // namespace

extern const Entries<Command> command_selftest = entries;

} // namespace virt_nested
