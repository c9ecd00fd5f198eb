// SPDX-License-Identifier: GPL-2.0-or-later
// What the elements of a domain XML mean, one after the other as a parser comes by them. For
// core/domain_xml.cpp alone; knows no libxml2.
#pragma once

#include "core/domain.h"

namespace virt_nested {

/// As libxml2 hands them over, as five pointers each: name, prefix, URI, start and end of the
/// value.
class Attributes {
  public:
    Attributes(const unsigned char** raw, int count)
        : raw_(raw), count_(static_cast<size_t>(count)) {}

    size_t size() const { return count_; }
    std::string_view name(size_t i) const { return view(raw_[i * 5]); }
    std::string_view uri(size_t i) const { return view(raw_[i * 5 + 2]); }
    std::string value(size_t i) const;
    /// Of no namespace.
    std::string get(std::string_view wanted) const;
    bool has(std::string_view wanted) const;

    static std::string_view view(const unsigned char* text) {
        return text ? std::string_view(reinterpret_cast<const char*>(text)) : std::string_view();
    }

  private:
    const unsigned char** raw_;
    size_t count_;
};

/// Where in the definition: one of the elements that matter.
enum class Room : int;

/// Builds the Domain out of the parser's events.
class DomainReader {
  public:
    void start(std::string_view element, std::string_view uri, const Attributes& attributes);
    void end();
    void text(std::string_view more) {
        if (text_.size() < text_limit)
            text_ += more.substr(0, text_limit - text_.size());
    }

    /// The root element has come to its end.
    bool complete() const { return complete_; }

    Domain domain;
    std::string problem; ///< why this is no domain; the rest is not read then

  private:
    static constexpr size_t text_limit = 4096; ///< bytes kept of one element's text

    Room enter(std::string_view element, std::string_view uri);
    void look_for_label(Room room, std::string_view element, std::string_view uri,
                        const Attributes& attributes);
    void take(Room room, const Attributes& attributes);
    void take_qemu(Room room, std::string_view element, const Attributes& attributes);
    void take_cpu(const Attributes& attributes);
    void take_feature(const Attributes& attributes);
    void take_label(const Attributes& attributes);
    void cpu_unknown(const char* attribute, const Attributes& attributes);
    void cpu_beyond(const std::string& clause);
    void label_problem(LabelFault fault, const std::string& what);

    std::vector<Room> path_;
    std::string text_;
    std::string alias_;     ///< of the device of <qemu:override> that is being read
    size_t qemu_bytes_ = 0; ///< kept in domain.qemu
    int labels_ = 0;
    bool complete_ = false;
};

} // namespace virt_nested
