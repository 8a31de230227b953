/* The pages that answer forms without a script. What was sent is on none of them. */
#include "core/buf.h"
#include "core/str.h"
#include "http/http_server.h"
#include "platform/api/lead_priv.h"

#include <string.h>

static void append_text(struct buf *out, const char *text)
{
	for (; *text; text++) {
		const char *safe = *text == '<'    ? "&lt;"
				   : *text == '>'  ? "&gt;"
				   : *text == '&'  ? "&amp;"
				   : *text == '"'  ? "&quot;"
				   : *text == '\'' ? "&#39;"
						   : NULL;

		if (safe)
			buf_append_str(out, safe);
		else
			buf_append_char(out, *text);
	}
}

static void begin(struct buf *out, const char *title)
{
	buf_append_str(out, "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
			    "<meta name=\"viewport\" content=\"width=device-width\">\n"
			    "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	append_text(out, title);
	buf_append_str(out, "</title>\n<main>\n<h1>");
	append_text(out, title);
	buf_append_str(out, "</h1>\n");
}

static void paragraph(struct buf *out, const char *text)
{
	buf_append_str(out, "<p>");
	append_text(out, text);
	buf_append_str(out, "</p>\n");
}

static void reply(struct http_request *req, int status, struct buf *page)
{
	buf_append_str(page, "</main>\n</html>\n");
	http_reply(req, status, "text/html; charset=utf-8", page->data, page->len);
}

void lead_page_thanks(struct http_request *req, bool call_back)
{
	struct buf auto_buf page = {0};

	begin(&page, "Thank you");
	paragraph(&page, "We have received your message.");
	if (call_back)
		paragraph(&page, "We will call you.");
	reply(req, 202, &page);
}

void lead_page_faults(struct http_request *req, const struct lead_form *form)
{
	struct buf auto_buf page = {0};

	begin(&page, "Something is missing or not right");
	buf_append_str(&page, "<ul>\n");
	for (size_t i = 0; i < form->fault_count; i++) {
		buf_append_str(&page, "<li>");
		append_text(&page, form->faults[i].reason);
		buf_append_str(&page, "</li>\n");
	}
	buf_append_str(&page, "</ul>\n");
	paragraph(&page, "Nothing was sent. Go back, change it, and send the form again.");
	reply(req, 400, &page);
}

void lead_page_refusal(struct http_request *req, int status, const char *sentence)
{
	struct buf auto_buf page = {0};

	begin(&page, "That could not be sent");
	paragraph(&page, sentence);
	reply(req, status, &page);
}
