/* Tables call_limit, call_usage, call_reservation and call_attempt; see schema_limit.c. */
#pragma once

#include "platform/call_limit.h"
#include "platform/store/batch.h"

struct call;

/* At most one row: limits (JSON text). */
void store_limit_select(struct batch *batch, const char *tenant_id);
void store_limit_set(struct batch *batch, const char *tenant_id, const char *limits, int64_t now);

/*
 * Count a new outbound call and reserve micros for it; without caps, nothing. A cap that is reached
 * undoes the batch (-EAGAIN, and the statement that failed is not before the index that is
 * returned). Last in a batch: the rows of a tenant are locked from here to the commit.
 */
size_t store_usage_reserve(struct batch *batch, const struct call *call,
			   const struct call_limit *limit, int64_t micros);
/* An outbound call is over and came to micros: spent, nothing reserved. Also last in its batch. */
void store_usage_settle(struct batch *batch, const struct call *call, int64_t micros);

/* One result, for store_usage_correct(): a row when the call is there and outbound. */
void store_usage_of_call(struct batch *batch, const char *tenant_id, const char *call_id);
/* What a call that is over came to turns out to be so much more, or less. Also last in its batch.
 */
void store_usage_correct(struct batch *batch, const char *tenant_id, const struct db_result *call,
			 int64_t micros);

struct call_usage {
	int64_t calls;
	int64_t reserved;
	int64_t spent;
};

/* Two results: of the day and of the month of at. */
void store_usage_select(struct batch *batch, const char *tenant_id, int64_t at);
struct call_usage store_usage_load(const struct db_result *result); /* zero without a row */

/* One result: attempts at number on the day of at. */
void store_attempt_select(struct batch *batch, const char *tenant_id, const char *number,
			  int64_t at);

/* What nobody asks for any more, of all tenants. */
void store_usage_tidy(struct batch *batch, int64_t now);
