// SPDX-License-Identifier: GPL-2.0-or-later
// The domain XML, read as a stream with libxml2's SAX2 interface.
#include "core/domain_reader.h"
#include "core/text.h"

#include <libxml/parser.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

namespace virt_nested {

namespace {

/// What the parser's events are about. They come through C, which no exception may cross.
struct Reading {
    DomainReader reader;
    bool gave_up = false; ///< an event could not be taken in, for want of memory
};

template<typename Take>
void on_event(void* context, Take take) {
    auto* parser = static_cast<xmlParserCtxtPtr>(context);
    auto* reading = static_cast<Reading*>(parser->_private);
    if (reading->gave_up || !reading->reader.problem.empty())
        return;
    try {
        take(reading->reader);
    } catch (...) {
        reading->gave_up = true;
    }
    if (reading->gave_up || !reading->reader.problem.empty())
        xmlStopParser(parser);
}

/// libxml2 goes on where a prefix is not declared, and hands over the name without it.
bool undeclared(const xmlChar* prefix, const xmlChar* uri) {
    return prefix && !uri;
}

void on_start(void* context, const xmlChar* element, const xmlChar* prefix, const xmlChar* uri, int,
              const xmlChar**, int count, int, const xmlChar** attributes) {
    on_event(context, [&](DomainReader& reader) {
        bool declared = !undeclared(prefix, uri);
        for (int i = 0; i < count; ++i)
            declared &= !undeclared(attributes[i * 5 + 1], attributes[i * 5 + 2]);
        if (declared)
            reader.start(Attributes::view(element), Attributes::view(uri),
                         Attributes(attributes, count));
        else
            reader.problem = "not well-formed XML: a prefix at element '" +
                             printable(Attributes::view(element), 64) + "' is not declared";
    });
}

void on_end(void* context, const xmlChar*, const xmlChar*, const xmlChar*) {
    on_event(context, [](DomainReader& reader) { reader.end(); });
}

void on_text(void* context, const xmlChar* text, int length) {
    on_event(context, [&](DomainReader& reader) {
        reader.text({reinterpret_cast<const char*>(text), static_cast<size_t>(length)});
    });
}

void on_doctype(void* context, const xmlChar*, const xmlChar*, const xmlChar*) {
    on_event(context, [](DomainReader& reader) {
        reader.problem = "it has a document type, which libvirt never writes";
    });
}

xmlSAXHandler handler() {
    xmlSAXHandler out{};
    out.initialized = XML_SAX2_MAGIC;
    out.startElementNs = on_start;
    out.endElementNs = on_end;
    out.characters = on_text;
    out.ignorableWhitespace = on_text;
    out.cdataBlock = on_text;
    out.internalSubset = on_doctype;
    return out;
}

/// `complete`: the root element had come to its end.
std::string parser_problem(xmlParserCtxtPtr parser, bool complete) {
    const xmlError* error = xmlCtxtGetLastError(parser);
    if (parser->wellFormed || (error && error->code == XML_ERR_NO_MEMORY))
        return "libxml2 gave up before its end";
    std::string what =
        error && error->message ? printable(trim(error->message), 160) : "not well-formed";
    return "not well-formed XML, line " + std::to_string(error ? error->line : 0) + ": " +
           (complete ? "there is more behind its end: " : "") + what;
}

} // namespace

Result<Domain> parse_domain(const ByteSource& source) {
    Reading reading;
    const DomainReader& reader = reading.reader;
    xmlSAXHandler sax = handler();
    const std::unique_ptr<xmlParserCtxt, void (*)(xmlParserCtxtPtr)> parser(
        xmlCreatePushParserCtxt(&sax, nullptr, nullptr, 0, nullptr), xmlFreeParserCtxt);
    if (parser) {
        parser->_private = &reading;
        // NOENT: without it libxml2 leaves "&#38;" in attribute values; a document type, which
        // could bring entities of its own, is refused before its declarations are read.
        xmlCtxtUseOptions(parser.get(), XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_NOERROR |
                                            XML_PARSE_NOWARNING);
    }
    std::array<char, 16384> buffer{};
    long got = 0;
    while ((got = source(buffer.data(), buffer.size())) > 0)
        if (parser && parser->wellFormed && reader.problem.empty() && !reading.gave_up)
            xmlParseChunk(parser.get(), buffer.data(), static_cast<int>(got), 0);
    if (got < 0)
        return Error{0, "it could not be read to its end"};
    if (parser && parser->wellFormed && reader.problem.empty() && !reading.gave_up)
        xmlParseChunk(parser.get(), buffer.data(), 0, 1);
    if (!parser || reading.gave_up)
        return Error{0, "there was no memory to read it"};
    if (!reader.problem.empty())
        return Error{0, reader.problem};
    // libxml2 says only of some of its own failures that the document is not well-formed; what it
    // gave up on has no end.
    if (!parser->wellFormed || !reader.complete())
        return Error{0, parser_problem(parser.get(), reader.complete())};
    return std::move(reading.reader.domain);
}

Result<Domain> parse_domain(std::string_view xml) {
    return parse_domain([&xml](char* buffer, size_t size) {
        const size_t step = std::min(size, xml.size());
        std::memcpy(buffer, xml.data(), step);
        xml.remove_prefix(step);
        return static_cast<long>(step);
    });
}

} // namespace virt_nested
