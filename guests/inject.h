// SPDX-License-Identifier: GPL-2.0-or-later
// Makes one guest's persistent definition agree with its label, through libvirt.
#pragma once

#include "core/edit.h"
#include "guests/define_guard.h"
#include "guests/host_side.h"

#include <optional>
#include <string>
#include <vector>

namespace virt_nested {

struct InjectOptions {
    bool dry_run = false;
    bool by_person = false;              ///< edit.h, Wish
    bool override_contradiction = false; ///< edit.h, Wish
    /// With `dry_run`: as if it carried this label.
    std::optional<LabelPolicy> labelled = std::nullopt;
};

struct Injected {
    enum Kind {
        unlabelled, ///< nothing asks for anything
        unchanged,  ///< it agrees already
        changed,    ///< it does now; with dry_run: it would
        gone,       ///< the guest was undefined in between
        undetermined,
        failed
    };
    Kind kind = failed;
    LabelPolicy label = LabelPolicy::none;
    int code = 0;                   ///< libvirt's, for `failed`
    std::string what;               ///< what was changed, or why it was not
    std::vector<std::string> notes; ///< what waits for what
    std::string diff;               ///< with dry_run: unified
};

class Injector {
  public:
    /// Both outlive it.
    Injector(const Connection& connection, const HostSide& side)
        : side_(side), guard_(connection) {}

    Injected inject(virDomainPtr domain, const InjectOptions& options);
    /// Takes back what the label says was injected, and the label in the definition with it.
    /// `unchanged`: there is neither.
    Injected take_back(virDomainPtr domain, bool dry_run);

  private:
    /// Nothing where the definition was changed by somebody else between `xml` and the define.
    std::optional<Injected> judged(virDomainPtr domain, const InjectOptions& options,
                                   const std::string& xml, const Domain& before,
                                   bool has_definition);
    std::optional<Injected> taken_back(virDomainPtr domain, bool dry_run);
    std::optional<Result<DomainPtr>> define(virDomainPtr domain, const std::string& before,
                                            const std::string& after);
    std::optional<Injected> write(virDomainPtr domain, const std::string& xml, const Edit& edit,
                                  const Domain& before, const Platform& platform);

    const HostSide& side_;
    DefineGuard guard_;
};

/// What keeps an old definition alive: the running guest where its CPU was changed, a managed-save
/// image, snapshots.
std::vector<std::string> what_waits(virDomainPtr domain, bool cpu_changed);

} // namespace virt_nested
