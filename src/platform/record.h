/*
 * A call with its transcript and summary as one JSON object: the spec's CallRecord, the element of
 * call_records.json. What import reads and export writes; unknown members are ignored.
 */
#pragma once

#include "core/json.h"
#include "platform/call.h"
#include "platform/store/batch.h"

enum { RECORD_ERROR_SIZE = 200, RECORD_MAX_TURNS = 10000 };

struct record {
	struct call *call;
	json_t *transcript; /* checked array */
	json_t *summary;    /* checked object, or NULL */
};

/*
 * Check json and take the record from it. A call that was not over when it was written down is
 * taken as FAILED, lost. ret_record: owned by the caller, record_free(). Returns 0, or -EINVAL with
 * error holding "FIELD: reason".
 */
int record_parse(struct record *ret_record, const char *tenant_id, const json_t *json,
		 char error[RECORD_ERROR_SIZE]);
void record_free(struct record *record);
#define auto_record __attribute__((cleanup(record_free)))

/*
 * Add as many of the record's statements as the batch takes, from *next (0 at first) on. True when
 * that was the last of them. What is stored already is left as it is; the first statement changes
 * one row exactly when the call is new. record must live until batch_run().
 */
bool record_store(const struct record *record, size_t *next, struct batch *batch);

/* The other way: call, and the views of transcript.h and summary.h. New reference. */
json_t *record_view(const struct call *call, json_t *transcript, json_t *summary);
