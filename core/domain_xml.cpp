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

void on_start(void* context, const xmlChar* element, const xmlChar*, const xmlChar* uri, int,
              const xmlChar**, int count, int, const xmlChar** attributes) {
    auto* reader = static_cast<DomainReader*>(static_cast<xmlParserCtxtPtr>(context)->_private);
    reader->start(Attributes::view(element), Attributes::view(uri), Attributes(attributes, count));
}

void on_end(void* context, const xmlChar*, const xmlChar*, const xmlChar*) {
    static_cast<DomainReader*>(static_cast<xmlParserCtxtPtr>(context)->_private)->end();
}

void on_text(void* context, const xmlChar* text, int length) {
    auto* reader = static_cast<DomainReader*>(static_cast<xmlParserCtxtPtr>(context)->_private);
    reader->text({reinterpret_cast<const char*>(text), static_cast<size_t>(length)});
}

void on_doctype(void* context, const xmlChar*, const xmlChar*, const xmlChar*) {
    auto* parser = static_cast<xmlParserCtxtPtr>(context);
    static_cast<DomainReader*>(parser->_private)->problem =
        "it has a document type, which libvirt never writes";
    xmlStopParser(parser);
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

std::string parser_problem(xmlParserCtxtPtr parser) {
    const xmlError* error = xmlCtxtGetLastError(parser);
    std::string what =
        error && error->message ? printable(trim(error->message), 160) : "not well-formed";
    return "not well-formed XML, line " + std::to_string(error ? error->line : 0) + ": " + what;
}

} // namespace

Result<Domain> parse_domain(const ByteSource& source) {
    DomainReader reader;
    xmlSAXHandler sax = handler();
    const std::unique_ptr<xmlParserCtxt, void (*)(xmlParserCtxtPtr)> parser(
        xmlCreatePushParserCtxt(&sax, nullptr, nullptr, 0, nullptr), xmlFreeParserCtxt);
    if (!parser)
        return Error{0, "libxml2 gave no parser"};
    parser->_private = &reader;
    // NOENT: without it libxml2 leaves "&#38;" in attribute values; a document type, which could
    // bring entities of its own, is refused before its declarations are read.
    xmlCtxtUseOptions(parser.get(),
                      XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    std::array<char, 16384> buffer{};
    bool good = true;
    long got = 0;
    while (good && reader.problem.empty() && (got = source(buffer.data(), buffer.size())) > 0)
        good = xmlParseChunk(parser.get(), buffer.data(), static_cast<int>(got), 0) == 0;
    if (got < 0)
        return Error{0, "it could not be read to its end"};
    if (good && reader.problem.empty())
        good = xmlParseChunk(parser.get(), buffer.data(), 0, 1) == 0;
    if (!reader.problem.empty())
        return Error{0, reader.problem};
    if (!good || !parser->wellFormed)
        return Error{0, parser_problem(parser.get())};
    return std::move(reader.domain);
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
