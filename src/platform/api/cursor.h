/*
 * Where a page of a list ended: the time and the id of its last row, as one word that clients hand
 * back and need not read ("TIME:ID" in base64url).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct http_request;

enum { CURSOR_ID_SIZE = 40 };

/* Owned by the caller. */
char *cursor_make(int64_t at, const char *id);

/*
 * The request's "cursor": its id goes into id, and *ret_id points there; both are left alone when
 * there is none. Answers 400 and returns false for one that is not ours.
 */
bool cursor_read(struct http_request *req, int64_t *ret_at, const char **ret_id,
		 char id[CURSOR_ID_SIZE]);

/* The same for a list whose cursors are UUIDs: *ret_id is part of the request. */
bool cursor_read_id(struct http_request *req, const char **ret_id);
