/* A call with what is known of it in other tables, a row each at most: one statement, one row. */
#pragma once

#include "platform/store/call.h"

/* Where the columns of each begin, behind STORE_CALL_COLUMNS; NULLs when there is none. */
enum {
	STORE_WHOLE_SUMMARY = STORE_CALL_COLUMN_COUNT,    /* of store_summary_select() */
	STORE_WHOLE_RECORDING = STORE_WHOLE_SUMMARY + 10, /* of store_recording_select() */
	STORE_WHOLE_COST = STORE_WHOLE_RECORDING + 8,     /* STORE_COST_COLUMNS */
};

void store_call_whole_select(struct batch *batch, const char *tenant_id, const char *call_id);
