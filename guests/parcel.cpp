// SPDX-License-Identifier: GPL-2.0-or-later
// One list of fields, gone through by what writes and by what reads: they cannot disagree.
#include "guests/parcel.h"

#include "core/platform.h"

#include <cstdint>
#include <cstring>
#include <type_traits>

namespace virt_nested {

namespace {

constexpr unsigned no_platform = ~0U; // else its row's number

class Packing {
  public:
    std::string bytes;

    void value(const std::string& text) {
        number(text.size());
        bytes += text;
    }
    template<typename Small>
    requires std::is_enum_v<Small> || std::is_same_v<Small, bool>
    void value(const Small& small) { bytes += static_cast<char>(small); }
    void value(unsigned line) { number(line); }
    template<typename Item, typename Each>
    void list(const std::vector<Item>& items, Each each) {
        number(items.size());
        for (const Item& item : items)
            each(*this, item);
    }

  private:
    void number(size_t size) {
        const auto wide = static_cast<uint64_t>(size);
        bytes.append(reinterpret_cast<const char*>(&wide), sizeof wide);
    }
};

class Unpacking {
  public:
    explicit Unpacking(std::string_view bytes) : left_(bytes) {}

    bool well() const { return well_ && left_.empty(); }

    void value(std::string& text) { text = take(number()); }
    template<typename Small>
    requires std::is_enum_v<Small> || std::is_same_v<Small, bool>
    void value(Small& small) {
        const std::string_view byte = take(1);
        if (!byte.empty())
            small = static_cast<Small>(byte.front());
    }
    void value(unsigned& line) { line = static_cast<unsigned>(number()); }
    template<typename Item, typename Each>
    void list(std::vector<Item>& items, Each each) {
        for (size_t left = number(); left > 0 && well_; --left)
            each(*this, items.emplace_back());
    }

  private:
    std::string_view take(size_t size) {
        well_ = well_ && size <= left_.size();
        if (!well_)
            return {};
        const std::string_view out = left_.substr(0, size);
        left_.remove_prefix(size);
        return out;
    }
    size_t number() {
        uint64_t wide = 0;
        const std::string_view bytes = take(sizeof wide);
        if (!bytes.empty())
            std::memcpy(&wide, bytes.data(), sizeof wide);
        return wide;
    }

    std::string_view left_;
    bool well_ = true;
};

template<typename Parcel, typename... Values>
void values(Parcel& parcel, Values&... all) {
    (parcel.value(all), ...);
}

constexpr auto text_fields = [](auto& parcel, auto& text) { parcel.value(text); };

constexpr auto row_fields = [](auto& parcel, auto& row) {
    values(parcel, row.name, row.uuid, row.state, row.persistent, row.readable, row.label,
           row.running_label, row.cpu, row.feature, row.emulated, row.gives.how,
           row.gives.undetermined, row.gives.why, row.now, row.now_why, row.start, row.start_why,
           row.start_fix, row.start_decision, row.exposed);
    parcel.list(row.notes, text_fields);
};

constexpr auto problem_fields = [](auto& parcel, auto& problem) {
    values(parcel, problem.file, problem.line, problem.what);
};

constexpr auto answer_fields = [](auto& parcel, auto& answer) {
    auto& side = answer.side;
    auto& nests = side.host.nests;
    values(parcel, answer.asked, answer.problem, answer.unreadable, side.uri, side.hypervisor,
           side.local, nests.state, nests.found, nests.source, nests.reason);
    parcel.list(side.config.problems, problem_fields);
    parcel.list(answer.rows, row_fields);
};

} // namespace

std::string packed(const HostAnswer& answer) {
    Packing parcel;
    const Platform* platform = answer.side.host.platform;
    parcel.value(platform ? static_cast<unsigned>(platform - platforms().data()) : no_platform);
    answer_fields(parcel, answer);
    return std::move(parcel.bytes);
}

std::optional<HostAnswer> unpacked(std::string_view bytes) {
    Unpacking parcel(bytes);
    HostAnswer answer;
    unsigned platform = no_platform;
    parcel.value(platform);
    answer_fields(parcel, answer);
    if (!parcel.well())
        return std::nullopt;
    if (platform < platforms().size())
        answer.side.host.platform = &platforms()[platform];
    return answer;
}

} // namespace virt_nested
