#include "platform/twiml.h"

#include "core/mem.h"

#include <libxml/xmlwriter.h>
#include <stdlib.h>

struct document {
	xmlBufferPtr buffer;
	xmlTextWriterPtr writer;
};

static struct document begin(void)
{
	struct document doc = {.buffer = xmlBufferCreate()};

	if (doc.buffer)
		doc.writer = xmlNewTextWriterMemory(doc.buffer, 0);
	if (!doc.writer)
		abort(); /* out of memory */
	xmlTextWriterStartDocument(doc.writer, "1.0", "UTF-8", NULL);
	xmlTextWriterStartElement(doc.writer, BAD_CAST "Response");
	return doc;
}

/* Closes every open element. */
static char *end(struct document *doc)
{
	char *text;

	xmlTextWriterEndDocument(doc->writer);
	xmlFreeTextWriter(doc->writer);
	text = mem_strdup((const char *)doc->buffer->content);
	xmlBufferFree(doc->buffer);
	return text;
}

static void add_empty(struct document *doc, const char *name)
{
	xmlTextWriterStartElement(doc->writer, BAD_CAST name);
	xmlTextWriterEndElement(doc->writer);
}

/*
 * The vendor goes on with the verb after Connect once the stream is closed: without the Hangup the
 * caller would hear silence until the document ends, with other carriers for longer.
 */
char *twiml_connect(const char *url)
{
	struct document doc = begin();

	xmlTextWriterStartElement(doc.writer, BAD_CAST "Connect");
	xmlTextWriterStartElement(doc.writer, BAD_CAST "Stream");
	xmlTextWriterWriteAttribute(doc.writer, BAD_CAST "url", BAD_CAST url);
	xmlTextWriterEndElement(doc.writer);
	xmlTextWriterEndElement(doc.writer);
	add_empty(&doc, "Hangup");
	return end(&doc);
}

char *twiml_reject_busy(void)
{
	struct document doc = begin();

	xmlTextWriterStartElement(doc.writer, BAD_CAST "Reject");
	xmlTextWriterWriteAttribute(doc.writer, BAD_CAST "reason", BAD_CAST "busy");
	xmlTextWriterEndElement(doc.writer);
	return end(&doc);
}

char *twiml_hangup(const char *text)
{
	struct document doc = begin();

	if (text)
		xmlTextWriterWriteElement(doc.writer, BAD_CAST "Say", BAD_CAST text);
	add_empty(&doc, "Hangup");
	return end(&doc);
}
