/* Reading for a request: values of its query string checked, a batch run, and the answer given. */
#pragma once

#include "platform/store/batch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct api;
struct http_request;
struct json_writer;

/* Answers 400 naming the first query field that is not in names, and returns false. */
bool query_has_only(struct http_request *req, const char *const *names, size_t count);

/*
 * The field as a number or time; left alone when it is not there. Answers 400 and returns false for
 * one that is not a number, out of range, or not a time.
 */
bool query_int(struct http_request *req, const char *name, int64_t min, int64_t max,
	       int64_t *value);
bool query_time(struct http_request *req, const char *name, int64_t *value);

/* The fields from and to as times; 400 for a to that is not later than from. */
bool query_period(struct http_request *req, int64_t *from, int64_t *to);

/* The field as a number in E.164, with or without its '+'; NULL when it is not there or empty. */
enum { QUERY_PHONE_SIZE = 18 };
bool query_phone(struct http_request *req, const char *name, char out[QUERY_PHONE_SIZE],
		 const char **value);

/* The field as one of values, which are static; left alone when it is not there or empty. */
bool query_choice(struct http_request *req, const char *name, const char *const *values,
		  size_t count, const char **value);

/* The field as text of at most max bytes of UTF-8; NULL when it is not there or empty. */
bool query_text(struct http_request *req, const char *name, size_t max, const char **value);

/*
 * Run batch, which only reads, for req, which is kept until doneh has returned. Errors of the
 * database are answered without doneh.
 */
typedef void query_done_h(struct api *api, struct http_request *req,
			  struct db_result *const *results);
void query_run(struct api *api, struct http_request *req, struct batch *batch, query_done_h *doneh);
/* The same for a few rows found by their keys, see db_lookup(). */
void query_lookup(struct api *api, struct http_request *req, struct batch *batch,
		  query_done_h *doneh);

/*
 * {"call_id": ..., NAME: [...]}: the rows of results[1], each written by writeh, of the call in the
 * path, which results[0] selects; 404 when there is none.
 */
typedef void query_row_h(struct json_writer *writer, const struct db_result *result, size_t row);
void query_reply_of_call(struct http_request *req, struct db_result *const *results,
			 const char *name, query_row_h *writeh);

/*
 * {NAME: [...], "next_cursor": ...}: as many rows as the field limit says, each written by writeh.
 * result has one row more where there is another page. The cursor is what cursorh makes of the last
 * row, as text of the caller's; without one it is the id in id_column.
 */
typedef char *query_cursor_h(const struct db_result *result, size_t row);
struct query_page {
	const char *name;
	int64_t default_limit, max_limit;
	query_row_h *writeh;
	query_cursor_h *cursorh;
	size_t id_column;
};
void query_reply_page(struct http_request *req, const struct db_result *result,
		      const struct query_page *page);
