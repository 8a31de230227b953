/* Table call_link: the links to calls that open something; one that was taken back has no row. */
#pragma once

#include "platform/store/batch.h"

struct call_link;
struct principal;

void store_link_insert(struct batch *batch, const struct call_link *link,
		       const struct principal *by, int64_t now);

/* id; one row, or none when the link has run out or was taken back. */
void store_link_select(struct batch *batch, const struct call_link *link, int64_t now);

/* id, scope, created_at, expires_at, made_by_kind, made_by, name (NULL: unknown); newest first */
enum {
	STORE_LINK_ID,
	STORE_LINK_SCOPE,
	STORE_LINK_CREATED,
	STORE_LINK_EXPIRES,
	STORE_LINK_MADE_BY_KIND,
	STORE_LINK_MADE_BY,
	STORE_LINK_NAME,
};
void store_link_list(struct batch *batch, const char *tenant_id, const char *call_id, int64_t now,
		     int64_t limit);

void store_link_delete(struct batch *batch, const char *tenant_id, const char *call_id,
		       const char *id);
void store_link_delete_before(struct batch *batch, int64_t time);
