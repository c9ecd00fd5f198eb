// SPDX-License-Identifier: GPL-2.0-or-later
// What was in an initramfs, kept until the image changes: unpacking takes a second, a boot's worth
// of validations asks for the same one.
#include "core/atomic_file.h"
#include "core/text.h"
#include "validator/boot/image/initramfs.h"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <ctime>
#include <sys/stat.h>
#include <unistd.h>

namespace virt_nested {

namespace {

using Json = nlohmann::json;

constexpr int format = 4; ///< of the cache; another one is not read

Json key_of(const std::string& path, uint64_t offset, const FileStatus& status) {
    return {{"path", path},
            {"offset", offset},
            {"device", status.device},
            {"inode", status.inode},
            {"size", status.size},
            {"mtime", status.mtime_ns},
            {"ctime", status.ctime_ns}};
}

Json files(const std::vector<ConfFile>& list) {
    Json out = Json::array();
    for (const ConfFile& file : list)
        out.push_back({{"path", file.path}, {"text", file.text}});
    return out;
}

std::vector<ConfFile> files(const Json& list) {
    std::vector<ConfFile> out;
    for (const Json& file : list)
        out.push_back({file.at("path"), file.at("text")});
    return out;
}

Json modules(const std::vector<ImageModule>& list) {
    Json out = Json::array();
    for (const ImageModule& module : list)
        out.push_back({{"name", module.name}, {"release", module.release}});
    return out;
}

std::vector<ImageModule> modules(const Json& list) {
    std::vector<ImageModule> out;
    for (const Json& module : list)
        out.push_back({module.at("name"), module.at("release")});
    return out;
}

/// The cache's images, or none: root alone may have written it.
Json load(const Sysroot& root, const std::string& cache) {
    const Result<FileStatus> status = root.status(cache);
    const Result<std::string> text = root.read(cache, AtomicFile::limit);
    if (!status || !text || !S_ISREG(status->mode) || status->uid != ::geteuid() ||
        (status->mode & (S_IWGRP | S_IWOTH)) != 0)
        return Json::array();
    const Json parsed = Json::parse(*text, nullptr, false);
    if (!parsed.is_object() || parsed.value("format", 0) != format || !parsed.contains("images") ||
        !parsed["images"].is_array())
        return Json::array();
    return parsed["images"];
}

/// Whether a kept entry is of another image, and well-formed.
bool of_another(const Json& image, const std::string& path) {
    return image.is_object() && image.contains("key") && image["key"].is_object() &&
           image["key"].value("path", Json()) != Json(path);
}

void store(const Sysroot& root, const std::string& cache, Json images) {
    Result<AtomicFile> file = AtomicFile::open(root, cache, AtomicFile::Access::change);
    if (!file)
        return;
    std::string text;
    try {
        text = Json{{"format", format}, {"images", std::move(images)}}.dump() + "\n";
    } catch (const Json::exception&) {
        return; // text that is not UTF-8
    }
    if (text.size() <= AtomicFile::limit)
        (void)file->replace(text);
}

Json to_json(const InitramfsContent& content) {
    return {{"modules", modules(content.modules)}, {"modprobe", files(content.modprobe)},
            {"loads", files(content.loads)},       {"cmdline", files(content.cmdline)},
            {"squashed", content.squashed},        {"bootconfig", content.bootconfig}};
}

/// Throws Json::exception.
InitramfsContent from_json(const Json& image) {
    InitramfsContent out;
    out.modules = modules(image.at("modules"));
    out.modprobe = files(image.at("modprobe"));
    out.loads = files(image.at("loads"));
    out.cmdline = files(image.at("cmdline"));
    out.squashed = image.at("squashed");
    out.bootconfig = image.at("bootconfig");
    return out;
}

Result<InitramfsContent> read_through(const Sysroot& root, const std::string& path, uint64_t offset,
                                      uint64_t size, const std::string& cache) {
    const Result<FileStatus> status = root.status(path);
    if (cache.empty() || !status)
        return read_initramfs(root, path, offset, size);
    const Sysroot own;
    const Json key = key_of(path, offset, *status);
    Json images = load(own, cache);
    try {
        for (const Json& image : images)
            if (image.at("key") == key) {
                InitramfsContent out = from_json(image);
                out.kept_since = image.at("read").get<int64_t>();
                return out;
            }
    } catch (const Json::exception&) {
        images = Json::array();
    }
    Result<InitramfsContent> content = read_initramfs(root, path, offset, size);
    if (!content)
        return content;
    Json kept = Json::array();
    for (Json& image : images)
        if (of_another(image, path) && kept.size() < 15)
            kept.push_back(std::move(image));
    Json entry = to_json(*content);
    entry["key"] = key;
    entry["read"] = static_cast<int64_t>(::time(nullptr));
    kept.push_back(std::move(entry));
    store(own, cache, std::move(kept));
    return content;
}

} // namespace

Result<InitramfsContent> read_initramfs_cached(const Sysroot& root, const std::string& path,
                                               uint64_t offset, uint64_t size,
                                               const std::string& cache) {
    if (!root.recorded())
        return read_through(root, path, offset, size, cache);
    const std::string of = "initramfs at " + std::to_string(offset) + " of " + path;
    const Result<std::string> text = root.answer(of, [&]() -> Result<std::string> {
        const Result<InitramfsContent> content = read_through(root, path, offset, size, cache);
        if (!content)
            return content.error();
        return to_json(*content).dump(-1, ' ', true, Json::error_handler_t::replace);
    });
    if (!text)
        return text.error();
    try {
        return from_json(Json::parse(*text));
    } catch (const Json::exception&) {
        return Error{EBADMSG,
                     printable(root.shown(path), 512) + ": its captured content is broken"};
    }
}

} // namespace virt_nested
