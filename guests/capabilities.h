// SPDX-License-Identifier: GPL-2.0-or-later
// What libvirt's own documents say of the host that runs the guests: its platform, and whether KVM
// offers nesting there. Pure: the documents are handed in.
#pragma once

#include "core/fact.h"
#include "core/platform.h"
#include "core/result.h"

#include <string_view>

namespace virt_nested {

/// `capabilities`: virConnectGetCapabilities. Errors: an architecture or a CPU vendor that is not
/// known here, or not told.
Result<const Platform*> platform_of(std::string_view capabilities);

/// `domain_capabilities`: virConnectGetDomainCapabilities for type kvm. Only x86 tells: the
/// host-model that libvirt builds from what QEMU and KVM offer names vmx where KVM offers it, and
/// names svm as disabled where the model would bring it and KVM does not offer it.
Fact nests_by_capabilities(std::string_view domain_capabilities, const Platform& platform);

} // namespace virt_nested
