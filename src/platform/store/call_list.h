/* Pages of table call, newest first, by what clients may filter. */
#pragma once

#include "platform/call.h"
#include "platform/store/batch.h"

struct store_call_filter {
	const char *tenant_id;
	const char *status;    /* exact name; NULL: any. So with the others. */
	const char *direction; /* exact name */
	const char *agent;
	const char *number; /* of either side */
	bool scheduled;     /* only those that wait for their time */
	const char *retry_of;
	const char *sentiment; /* of its summary: exact name */
	int64_t from;          /* created_at >= from; 0: any */
	int64_t to;            /* created_at < to; 0: any */
	int64_t after_at;      /* the last row of the page before; 0: the first page */
	const char *after_id;
	int64_t limit;
};

/* Rows: STORE_CALL_COLUMNS, then the columns of store_summary_select() or NULLs. */
void store_call_list(struct batch *batch, const struct store_call_filter *filter);

/* call_id, text of every final turn of the same calls. */
void store_call_list_turns(struct batch *batch, const struct store_call_filter *filter);

/* The same columns, of calls that are not over and not for later, oldest first. */
void store_call_active(struct batch *batch, const char *tenant_id, int64_t now, int64_t limit);
