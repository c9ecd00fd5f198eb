// SPDX-License-Identifier: GPL-2.0-or-later
// A recording in a tar archive, and back.
#include "validator/capture/archive.h"

#include "core/text.h"
#include "version.h"

#include <archive.h>
#include <archive_entry.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <set>
#include <stdexcept>

namespace virt_nested {

namespace {

using Json = nlohmann::json;

constexpr int version = 1;
constexpr const char* list_name = "capture.json";
constexpr size_t most_list = 8U << 20; ///< bytes; a host with a thousand guests has one
constexpr const char* version_key = "virt_nested_capture";

/// JSON holds text alone, and paths are bytes: each becomes the character of its number.
std::string to_utf8(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x80)
            out += static_cast<char>(0xc0U | (byte >> 6U));
        out += byte >= 0x80 ? static_cast<char>(0x80U | (byte & 0x3fU)) : c;
    }
    return out;
}

std::string from_utf8(std::string_view text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte < 0x80)
            out += text[i];
        else if ((byte == 0xc2 || byte == 0xc3) && i + 1 < text.size())
            out += static_cast<char>(((byte & 3U) << 6U) |
                                     (static_cast<unsigned char>(text[++i]) & 0x3fU));
        else
            throw std::runtime_error("a character that is no byte");
    }
    return out;
}

Json error_to_json(const Error& error) {
    return {{"error", {error.code, to_utf8(error.what)}}};
}

Json to_json(const FileStatus& status) {
    return {status.mode,  status.uid,    status.gid,      status.size,
            status.inode, status.device, status.mtime_ns, status.ctime_ns};
}

void from_json_to(const Json& json, FileStatus& out) {
    out = {json.at(0), json.at(1), json.at(2), json.at(3),
           json.at(4), json.at(5), json.at(6), json.at(7)};
}

Json to_json(const std::string& text) {
    return to_utf8(text);
}

void from_json_to(const Json& json, std::string& out) {
    out = from_utf8(json.get_ref<const std::string&>());
}

Json to_json(const std::vector<std::string>& names) {
    Json out = Json::array();
    for (const std::string& name : names)
        out.push_back(to_utf8(name));
    return out;
}

void from_json_to(const Json& json, std::vector<std::string>& out) {
    for (const Json& name : json.get_ref<const Json::array_t&>())
        out.push_back(from_utf8(name.get_ref<const std::string&>()));
}

template<typename T>
void put(Json& out, const char* key, const std::optional<Result<T>>& answer) {
    if (answer)
        out[key] = *answer ? to_json(**answer) : error_to_json(answer->error());
}

template<typename T>
std::optional<Result<T>> take(const Json& from, const char* key) {
    const auto found = from.find(key);
    if (found == from.end())
        return std::nullopt;
    if (found->is_object()) {
        const Json& error = found->at("error");
        return Error{error.at(0).get<int>(),
                     still_printable(from_utf8(error.at(1).get_ref<const std::string&>()))};
    }
    T out{};
    from_json_to(*found, out);
    return out;
}

/// Whether a person who unpacks the archive finds the text at this path.
bool plain(std::string_view path) {
    return path.size() > 1 && path.size() < 200 && path.front() == '/' && path.back() != '/' &&
           path.find("//") == std::string_view::npos && path.find("/.") == std::string_view::npos &&
           std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

using ArchivePtr = std::unique_ptr<archive, int (*)(archive*)>;
using EntryPtr = std::unique_ptr<archive_entry, void (*)(archive_entry*)>;

class Writer {
  public:
    Writer() : archive_(::archive_write_new(), ::archive_write_free) {
        archive* const a = archive_.get();
        check(::archive_write_set_format_pax_restricted(a));
        check(::archive_write_add_filter_zstd(a));
        check(::archive_write_set_bytes_in_last_block(a, 1)); // zeros behind it are no zstd
        check(::archive_write_open(a, this, nullptr, more, nullptr));
    }

    void add(const std::string& name, std::string_view text) {
        const EntryPtr entry(::archive_entry_new(), ::archive_entry_free);
        ::archive_entry_set_pathname(entry.get(), name.c_str());
        ::archive_entry_set_filetype(entry.get(), AE_IFREG);
        ::archive_entry_set_perm(entry.get(), 0644);
        ::archive_entry_set_mtime(entry.get(), 0, 0);
        ::archive_entry_set_size(entry.get(), static_cast<la_int64_t>(text.size()));
        check(::archive_write_header(archive_.get(), entry.get()));
        if (::archive_write_data(archive_.get(), text.data(), text.size()) !=
            static_cast<la_ssize_t>(text.size()))
            check(ARCHIVE_FATAL);
    }

    std::string bytes() {
        check(::archive_write_close(archive_.get()));
        return std::move(bytes_);
    }

  private:
    static la_ssize_t more(archive*, void* self, const void* data, size_t size) {
        static_cast<Writer*>(self)->bytes_.append(static_cast<const char*>(data), size);
        return static_cast<la_ssize_t>(size);
    }
    void check(int code) const {
        if (code == ARCHIVE_OK)
            return;
        const char* why = ::archive_error_string(archive_.get());
        throw std::runtime_error(std::string("the capture cannot be packed: ") +
                                 (why ? printable(why) : "libarchive gives no reason"));
    }

    std::string bytes_;
    ArchivePtr archive_;
};

struct Refused {
    Error error;
};

/// All texts of an archive, by their names.
class Entries {
  public:
    Entries(std::string_view file, const ArchiveLimits& limits)
        : limits_(limits), archive_(::archive_read_new(), ::archive_read_free) {
        archive* const a = archive_.get();
        ::archive_read_support_filter_zstd(a);
        ::archive_read_support_format_tar(a);
        // The beginning of a file packed with zstd (RFC 8878, 3.1.1): what is wrong is behind it.
        const bool packed = file.starts_with("\x28\xb5\x2f\xfd");
        if (::archive_read_open_memory(a, file.data(), file.size()) != ARCHIVE_OK)
            throw Refused{{packed ? EBADMSG : EINVAL, packed
                                                          ? "truncated or corrupt"
                                                          : "not a capture: neither tar nor zstd"}};
        archive_entry* entry = nullptr;
        for (int code = 0; (code = ::archive_read_next_header(a, &entry)) != ARCHIVE_EOF;) {
            if (code != ARCHIVE_OK)
                fail(texts.empty() && !packed ? EINVAL : EBADMSG);
            add(entry);
        }
    }

    std::map<std::string, std::string, std::less<>> texts;

  private:
    void add(archive_entry* entry) {
        const char* const path = ::archive_entry_pathname(entry);
        const std::string name = path ? path : "";
        const auto refuse = [&](const char* why) {
            throw Refused{{EBADMSG, "'" + printable(name, 128) + "' in it " + why}};
        };
        if (++seen_ > limits_.entries)
            throw Refused{
                {EFBIG, "it has more than " + std::to_string(limits_.entries) + " entries"}};
        // What `tar` writes of a capture that somebody has unpacked.
        if (::archive_entry_filetype(entry) == AE_IFDIR)
            return;
        if (::archive_entry_filetype(entry) != AE_IFREG || ::archive_entry_hardlink(entry))
            refuse("is a link or a device, and no capture has any");
        if (name.starts_with("/") || ("/" + name + "/").find("/../") != std::string::npos)
            refuse("leads out of it");
        std::string text;
        for (;;) {
            const void* data = nullptr;
            size_t size = 0;
            la_int64_t offset = 0;
            const int code = ::archive_read_data_block(archive_.get(), &data, &size, &offset);
            if (code == ARCHIVE_EOF)
                break;
            if (code != ARCHIVE_OK)
                fail(EBADMSG);
            if (offset != static_cast<la_int64_t>(text.size()))
                refuse("has holes, and no capture has any");
            unpacked_ += size;
            if (unpacked_ > limits_.unpacked)
                throw Refused{{EFBIG, "it unpacks to more than " +
                                          std::to_string(limits_.unpacked) + " bytes"}};
            text.append(static_cast<const char*>(data), size);
        }
        if (!texts.emplace(name.starts_with("./") ? name.substr(2) : name, std::move(text)).second)
            refuse("is there twice");
    }

    [[noreturn]] void fail(int code) {
        const char* why = ::archive_error_string(archive_.get());
        throw Refused{{code, (code == EINVAL ? "not a capture: " : "truncated or corrupt: ") +
                                 (why ? printable(why) : std::string("it cannot be unpacked"))}};
    }

    ArchiveLimits limits_;
    ArchivePtr archive_;
    uint64_t unpacked_ = 0;
    size_t seen_ = 0;
};

Recording from_list(const Json& list, Entries& entries) {
    const auto text_of = [&](const Json& json) -> Result<std::string> {
        if (json.is_object() && json.contains("error"))
            return *take<std::string>({{"text", json}}, "text");
        const auto found = entries.texts.find(json.get_ref<const std::string&>());
        if (found == entries.texts.end())
            throw std::runtime_error("'" + printable(json.get<std::string>(), 128) +
                                     "' is missing in it");
        return found->second;
    };
    Recording out;
    out.live = list.at("live").get<bool>();
    for (const auto& [path, json] : list.at("paths").items()) {
        RecordedPath one;
        one.status = take<FileStatus>(json, "status");
        one.link = take<std::string>(json, "link");
        one.inside = take<std::string>(json, "inside");
        one.names = take<std::vector<std::string>>(json, "names");
        if (json.contains("text")) {
            one.text = text_of(json.at("text"));
            one.asked = json.at("asked").get<size_t>();
        }
        out.paths.emplace(from_utf8(path), std::move(one));
    }
    for (const auto& [of, json] : list.at("answers").items())
        out.answers.emplace(from_utf8(of), text_of(json));
    return out;
}

/// What is deeper than any list is left out as it is read.
bool shallow(int depth, Json::parse_event_t, Json&) {
    return depth < 8;
}

Json read_list(const Entries& entries) {
    const auto found = entries.texts.find(list_name);
    if (found != entries.texts.end() && found->second.size() > most_list)
        throw Refused{{EFBIG, std::string("its ") + list_name + " is longer than " +
                                  std::to_string(most_list) + " bytes"}};
    Json list = found == entries.texts.end() ? Json() : Json::parse(found->second, shallow, false);
    if (!list.is_object() || !list.contains(version_key))
        throw Refused{{EINVAL, std::string("not a capture: no ") + list_name + " in it"}};
    if (list[version_key] != version)
        throw Refused{{EINVAL, "a capture of version " + printable(list[version_key].dump(), 32) +
                                   ", and this virt-nested reads version " +
                                   std::to_string(version) +
                                   "; use the release that made it, or capture again"}};
    return list;
}

} // namespace

std::string pack(const Recording& recording) {
    std::vector<std::pair<std::string, std::string_view>> texts;
    std::set<std::string> taken;
    const auto keep = [&](std::string name, std::string_view text) -> Json {
        taken.insert(name);
        texts.emplace_back(name, text);
        return name;
    };
    Json paths = Json::object();
    for (const auto& [path, one] : recording.paths) {
        Json json = Json::object();
        put(json, "status", one.status);
        put(json, "link", one.link);
        put(json, "inside", one.inside);
        put(json, "names", one.names);
        if (one.text) {
            const std::string name = plain(path) && !taken.contains("root" + path)
                                         ? "root" + path
                                         : "other/" + std::to_string(texts.size());
            json["text"] = *one.text ? keep(name, **one.text) : error_to_json(one.text->error());
            json["asked"] = one.asked;
        }
        paths[to_utf8(path)] = std::move(json);
    }
    Json answers = Json::object();
    for (const auto& [of, text] : recording.answers)
        answers[to_utf8(of)] = text ? keep("answers/" + std::to_string(texts.size()), *text)
                                    : error_to_json(text.error());
    const Json list = {{version_key, version},
                       {"program", VIRT_NESTED_VERSION},
                       {"live", recording.live},
                       {"paths", std::move(paths)},
                       {"answers", std::move(answers)}};
    Writer writer;
    writer.add(list_name, list.dump(1) + "\n");
    for (const auto& [name, text] : texts)
        writer.add(name, text);
    return writer.bytes();
}

Result<Recording> unpack(std::string_view file, const std::string& name,
                         const ArchiveLimits& limits) {
    const std::string shown = printable(name, 512) + ": ";
    try {
        Entries entries(file, limits);
        return from_list(read_list(entries), entries);
    } catch (const Refused& refused) {
        return Error{refused.error.code, shown + refused.error.what};
    } catch (const std::exception& failed) { // JSON's, and what stands in the list
        return Error{EBADMSG, shown + "its list is broken: " + printable(failed.what(), 128)};
    }
}

} // namespace virt_nested
