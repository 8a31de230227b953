/* Which calls are asked for: the query string of the call list and of its export. */
#pragma once

#include "platform/api/cursor.h"
#include "platform/api/query.h"
#include "platform/store/call_list.h"

struct http_request;

/* Strings are the request's, static, or its own. */
struct call_filter {
	struct store_call_filter filter; /* limit: the default before reading */
	const char *text;                /* what was said or summarised; NULL: anything */
	char after_id[CURSOR_ID_SIZE];
	char number[QUERY_PHONE_SIZE];
	char *owned[4]; /* of call_filter_keep() */
};

/* Answers 400 and returns false for what cannot be. Sets the tenant. */
bool call_filter_read(struct http_request *req, struct call_filter *page, int64_t max_limit);

/* One that outlives the request: owned by the caller, mem_unref(). Its text is in lower case. */
struct call_filter *call_filter_keep(const struct call_filter *page);

/* A kept filter's text comes up in a row of store_call_list() or store_call_list_turns(). */
bool call_filter_matches(const struct call_filter *page, const struct db_result *calls,
			 const struct db_result *turns, size_t row);

/* The next page of a kept filter begins after that row. */
void call_filter_go_on(struct call_filter *page, const struct db_result *calls, size_t row);
