#include "platform/api/cursor.h"

#include "core/buf.h"
#include "core/encoding.h"
#include "core/str.h"
#include "core/uuid.h"
#include "http/form.h"
#include "http/http_server.h"
#include "platform/api/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

char *cursor_make(int64_t at, const char *id)
{
	struct buf cursor = {0};
	char text[64];

	snprintf(text, sizeof(text), "%lld:%s", (long long)at, id);
	base64url_encode(&cursor, text, strlen(text));
	return buf_steal(&cursor);
}

static int parse(const char *cursor, int64_t *ret_at, char id[CURSOR_ID_SIZE])
{
	struct buf auto_buf text = {0}, auto_buf plain = {0};
	const char *colon;
	char at[24];

	/* base64url to base64, with its padding back */
	for (const char *c = cursor; *c; c++)
		buf_append_char(&plain, *c == '-' ? '+' : *c == '_' ? '/' : *c);
	while (plain.len % 4)
		buf_append_char(&plain, '=');
	if (plain.len > 128 || base64_decode(&text, buf_str(&plain), plain.len))
		return -EINVAL;
	colon = strchr(buf_str(&text), ':');
	if (!colon || (size_t)(colon - text.data) >= sizeof(at))
		return -EINVAL;
	memcpy(at, text.data, (size_t)(colon - text.data));
	at[colon - text.data] = '\0';
	if (str_parse_int(ret_at, at, 0, INT64_MAX) || !colon[1] ||
	    strlen(buf_str(&text)) != text.len || !str_is_utf8(colon + 1, strlen(colon + 1)) ||
	    !str_copy(id, CURSOR_ID_SIZE, colon + 1))
		return -EINVAL;
	return 0;
}

static bool refuse(struct http_request *req)
{
	api_fail(req, API_INVALID_FIELD, "cursor", "cursor must be a next_cursor of this list.");
	return false;
}

bool cursor_read(struct http_request *req, int64_t *ret_at, const char **ret_id,
		 char id[CURSOR_ID_SIZE])
{
	const char *cursor = form_get(http_request_query(req), "cursor");

	if (str_is_empty(cursor))
		return true;
	if (!parse(cursor, ret_at, id)) {
		*ret_id = id;
		return true;
	}
	return refuse(req);
}

bool cursor_read_id(struct http_request *req, const char **ret_id)
{
	const char *cursor = form_get(http_request_query(req), "cursor");

	if (str_is_empty(cursor))
		return true;
	*ret_id = cursor;
	return uuid_is_valid(cursor) || refuse(req);
}
