/*
 * What is left of a call when its time is over, or when somebody wants to be forgotten. Each adds
 * its statements for one call that has ended; a table that holds something about a call has its
 * statement here. The changes of the first statement are the turns, but for the recording's.
 */
#pragma once

#include "platform/store/batch.h"

/* At most what one call takes in a batch. */
enum { CALL_PURGE_STATEMENTS = 11 };

/* What was said, and what was made of it; sentiment and figures stay, for the analytics. */
void store_purge_words(struct batch *batch, const char *tenant_id, const char *call_id);
/* The row of the recording; its file has been removed. */
void store_purge_recording(struct batch *batch, const char *tenant_id, const char *call_id);
/* Words, recording, and whatever tells who it was. */
void store_purge_person(struct batch *batch, const char *tenant_id, const char *call_id);
/* Everything but what it has cost. */
void store_purge_call(struct batch *batch, const char *tenant_id, const char *call_id);

/*
 * A page of calls that have ended, in the order of their creation: id, created_at, and the path of
 * the recording or NULL. They come after the call with these and were created before `to`.
 */
void store_purge_page(struct batch *batch, const char *tenant_id, int64_t after_at,
		      const char *after_id, int64_t to, int64_t limit);
/* The same row of one call, if it has ended. */
void store_purge_one(struct batch *batch, const char *tenant_id, const char *call_id);
/* The same, of calls with this number: id, deadline_at (0: it has ended), path. */
void store_purge_of_number(struct batch *batch, const char *tenant_id, const char *phone_hash,
			   int64_t limit);
