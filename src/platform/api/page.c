/* GET / and the files of the dashboard. Its addresses are answered with a page, which reads them.
 */
#include "platform/api/page.h"

#include "core/mem.h"
#include "core/str.h"
#include "http/http_server.h"
#include "platform/api/api.h"

#include <string.h>

/*
 * Only our own scripts and styles, nothing inline, no frames: text from calls can do no harm. A
 * recording and a logo are bytes that the page has fetched already.
 */
static const char policy[] =
	"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
	"img-src 'self' data:; media-src 'self' blob:; manifest-src 'self'; base-uri 'none'; "
	"form-action 'none'; frame-ancestors 'none'";

/* Addresses, and the file that reads them: what dashboard/app.js routes, what is shared, the API.
 */
static const struct view {
	const char *pattern, *file;
} views[] = {
	{"/live", "/"},
	{"/calls", "/"},
	{"/calls/{call_id}", "/"},
	{"/new", "/"},
	{"/talk", "/"},
	{"/analytics", "/"},
	{"/agents", "/"},
	{"/agents/{name}", "/"},
	{"/numbers", "/"},
	{"/leads", "/"},
	{"/webhooks", "/"},
	{"/webhooks/{webhook_id}", "/"},
	{"/keys", "/"},
	{"/users", "/"},
	{"/audit", "/"},
	{"/jobs", "/"},
	{"/settings", "/"},
	{"/account", "/"},
	{"/tenants", "/"},
	{"/shared/{token}", "/shared"},
	{"/docs", "/reference"},
	{"/redoc", "/reference"},
};

static bool takes_gzip(const struct http_request *req)
{
	const char *accepted = http_request_header(req, "accept-encoding");

	return accepted && strstr(accepted, "gzip");
}

static void on_page(struct http_request *req, void *arg)
{
	const struct page_file *file = arg;
	const struct page_body *body = takes_gzip(req) ? &file->gzip : &file->plain;
	const char *known = http_request_header(req, "if-none-match");

	http_reply_header(req, "ETag", body->etag);
	http_reply_header(req, "Cache-Control", "no-cache");
	http_reply_header(req, "Vary", "Accept-Encoding");
	http_reply_header(req, "Content-Security-Policy", policy);
	if (str_equal(file->path, "/shared"))
		http_reply_header(req, "X-Robots-Tag", "noindex");
	if (known && strstr(known, body->etag)) {
		http_reply(req, 304, NULL, NULL, 0);
		return;
	}
	if (body == &file->gzip)
		http_reply_header(req, "Content-Encoding", "gzip");
	http_reply(req, 200, file->content_type, body->data, body->len);
}

static const struct page_file *find(const char *path)
{
	for (size_t i = 0; i < page_file_count; i++)
		if (str_equal(page_files[i].path, path))
			return &page_files[i];
	return NULL;
}

bool page_has(const char *pattern)
{
	for (size_t i = 0; i < ARRAY_LEN(views); i++)
		if (str_equal(views[i].pattern, pattern))
			return true;
	return find(pattern) != NULL;
}

void api_page_routes(struct api *api, struct http_server *server)
{
	for (size_t i = 0; i < page_file_count; i++)
		http_server_route(server, "GET", page_files[i].path, on_page,
				  (void *)&page_files[i]);
	for (size_t i = 0; i < ARRAY_LEN(views); i++)
		http_server_route(server, "GET", views[i].pattern, on_page,
				  (void *)find(views[i].file));
}
