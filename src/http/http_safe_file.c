#include "http/http_safe_file.h"

#include "core/mem.h"
#include "core/safe_file.h"
#include "core/seal_file.h"
#include "http/http_server.h"

enum { PIECE = SEAL_FILE_PIECE };

/* To the end of a sealed piece, so that none is opened twice. */
static void on_more(struct http_body *body, uint64_t offset, size_t len, void *arg)
{
	size_t most = PIECE - (size_t)(offset % PIECE);
	auto_free uint8_t *data = mem_alloc(PIECE);
	ssize_t got = safe_file_read(arg, (int64_t)offset, data, len < most ? len : most);

	if (got > 0)
		http_body_give(body, data, (size_t)got);
	else
		http_body_fail(body);
}

int http_reply_safe_file(struct http_request *req, const struct safe *safe, const char *path,
			 const char *content_type)
{
	struct safe_file *file;
	int err = safe_file_open(&file, safe, path);

	if (!err)
		http_reply_body(req, (uint64_t)safe_file_size(file), content_type, on_more, file);
	return err;
}
