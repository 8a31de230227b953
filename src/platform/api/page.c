/* GET / and the files of the page */
#include "platform/api/page.h"

#include "http/http_server.h"
#include "platform/api/api.h"

#include <string.h>

/* Only our own scripts and styles, nothing inline, no frames: text from calls can do no harm. */
static const char policy[] =
	"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
	"img-src 'self'; media-src 'self'; base-uri 'none'; form-action 'none'; "
	"frame-ancestors 'none'";

static void on_page(struct http_request *req, void *arg)
{
	const struct page_file *file = arg;
	const char *known = http_request_header(req, "if-none-match");

	http_reply_header(req, "ETag", file->etag);
	http_reply_header(req, "Cache-Control", "no-cache");
	http_reply_header(req, "Content-Security-Policy", policy);
	http_reply_header(req, "X-Content-Type-Options", "nosniff");
	http_reply_header(req, "Referrer-Policy", "no-referrer");
	if (known && strstr(known, file->etag))
		http_reply(req, 304, NULL, NULL, 0);
	else
		http_reply(req, 200, file->content_type, file->data, file->len);
}

void api_page_routes(struct api *api, struct http_server *server)
{
	for (size_t i = 0; i < page_file_count; i++)
		http_server_route(server, "GET", page_files[i].path, on_page,
				  (void *)&page_files[i]);
}
