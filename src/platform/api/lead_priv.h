/* What the files of the resource /leads share. */
#pragma once

#include "platform/api/cursor.h"
#include "platform/api/query.h"
#include "platform/lead_form.h"
#include "platform/store/lead.h"

#include <stdbool.h>

struct http_request;

/* Which leads are asked for: the query string of the list and of the file. */
struct lead_filter {
	struct store_lead_filter filter; /* limit: the default before reading */
	char after_id[CURSOR_ID_SIZE];
	char phone[QUERY_PHONE_SIZE];
	char *owned[2]; /* of lead_filter_keep() */
};

/* Answers 400 and returns false for what cannot be. Sets the tenant. */
bool lead_filter_read(struct http_request *req, struct lead_filter *page, int64_t max_limit);
/* One that outlives the request: owned by the caller, mem_unref(). */
struct lead_filter *lead_filter_keep(const struct lead_filter *page);

/* Handlers; arg is struct platform. */
void lead_csv(struct http_request *req, void *arg);
void lead_post(struct http_request *req, void *arg);
void lead_preflight(struct http_request *req, void *arg);

/* ---- pages, for forms without a script ---- */

void lead_page_thanks(struct http_request *req, bool call_back);
/* What is wrong, a line a fault. */
void lead_page_faults(struct http_request *req, const struct lead_form *form);
/* Anything else: a status and a sentence. */
void lead_page_refusal(struct http_request *req, int status, const char *sentence);
