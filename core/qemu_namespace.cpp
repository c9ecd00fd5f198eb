// SPDX-License-Identifier: GPL-2.0-or-later
// A definition's pieces for QEMU, one after the other.
#include "core/qemu_namespace.h"

#include "core/qemu_list.h"
#include "core/text.h"

#include <utility>

namespace virt_nested {

namespace {

/// "--opt" is "-opt" (system/vl.c, lookup_opt); empty: it is no option.
std::string_view option_name(std::string_view argument) {
    if (argument.size() < 2 || argument[0] != '-')
        return {};
    return argument.substr(argument[1] == '-' ? 2 : 1);
}

/// The arguments of <qemu:commandline>, in QEMU's order: an option takes the next one as its value,
/// whatever that is (system/vl.c, lookup_opt).
class Arguments {
  public:
    explicit Arguments(const Vouched& vouched) : vouched_(vouched) {}

    /// What is in doubt about this one, or empty.
    std::string take(std::string_view text) {
        const bool vouched = fits_one(text, vouched_.qemu_arguments);
        const std::string_view name = option_name(text);
        const bool takes_value = !name.empty() && !is_flag(name);
        if (const QemuOption* option = std::exchange(option_, nullptr))
            return vouched || harmless_value(option->value, text)
                       ? std::string()
                       : "-" + std::string(option->name) + " " + printable(text, 64);
        const QemuOption* option = harmless_option(name);
        if (!std::exchange(by_itself_, false) && option) {
            option_ = takes_value ? option : nullptr;
            return {};
        }
        by_itself_ = vouched && takes_value;
        if (vouched)
            return {};
        return text.empty() ? "an empty argument" : printable(text, 64);
    }

    /// What is in doubt at their end: libvirt goes on with arguments of its own.
    std::string end() const {
        return option_ ? "-" + std::string(option_->name) + " without its value" : std::string();
    }

  private:
    const Vouched& vouched_;
    const QemuOption* option_ = nullptr; ///< whose value comes next
    bool by_itself_ = false;             ///< the next may be the value of one that is vouched for
};

QemuDoubt doubt_about(const QemuPiece& piece, const Vouched& vouched) {
    switch (piece.kind) {
    case QemuPiece::argument:
        break;
    case QemuPiece::variable:
        if (harmless_variable(piece.name) ||
            fits_one(piece.name + "=" + piece.value, vouched.qemu_arguments))
            break;
        return {"the variable " + printable(piece.name, 64), "<qemu:commandline>", true};
    case QemuPiece::capability:
        if (harmless_capability(piece.name))
            break;
        return {printable(piece.name, 64), "<qemu:capabilities>", false};
    case QemuPiece::property:
        if (piece.value != "driver" && !is_cpu_alias(piece.name))
            break;
        return {"the property " + printable(piece.value, 64) + " of " + printable(piece.name, 64),
                "<qemu:override>", false};
    case QemuPiece::unknown:
        return {"<qemu:" + printable(piece.name, 64) + ">", "the definition", false};
    }
    return {};
}

} // namespace

QemuDoubt doubt_of(const Domain& domain, const Vouched& vouched) {
    Arguments arguments(vouched);
    for (const QemuPiece& piece : domain.qemu) {
        QemuDoubt doubt = doubt_about(piece, vouched);
        if (piece.kind == QemuPiece::argument)
            doubt = {arguments.take(piece.value), "<qemu:commandline>", true};
        if (!doubt.what.empty())
            return doubt;
    }
    if (std::string open = arguments.end(); !open.empty())
        return {std::move(open), "<qemu:commandline>", true};
    if (domain.more_qemu)
        return {"more than anybody reads", "QEMU's namespace", false};
    return {};
}

} // namespace virt_nested
