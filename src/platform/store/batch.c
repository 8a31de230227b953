#include "platform/store/batch.h"

#include "core/mem.h"

#include <stdlib.h>

size_t batch_add(struct batch *batch, const char *sql, int64_t expect_rows,
		 const struct db_value *params, size_t param_count)
{
	if (batch->count == DB_MAX_STATEMENTS ||
	    param_count > BATCH_MAX_PARAMS - batch->param_count)
		abort();
	batch->statements[batch->count] = (struct db_statement){
		.sql = sql,
		.expect_rows = expect_rows,
		.params = param_count ? mem_memdup(params, param_count * sizeof(*params)) : NULL,
		.param_count = param_count,
	};
	batch->param_count += param_count;
	return batch->count++;
}

const char *batch_own(struct batch *batch, char *text)
{
	if (batch->owned_count == BATCH_MAX_OWNED)
		abort();
	batch->owned[batch->owned_count++] = text;
	return text;
}

void batch_run(struct batch *batch, struct db_request **ret_request, struct db *db,
	       db_done_h *doneh, void *arg)
{
	db_run(ret_request, db, batch->statements, batch->count, doneh, arg);
}

void batch_read(struct batch *batch, struct db_request **ret_request, struct db *db,
		db_done_h *doneh, void *arg)
{
	db_read(ret_request, db, batch->statements, batch->count, doneh, arg);
}

void batch_lookup(struct batch *batch, struct db_request **ret_request, struct db *db,
		  db_done_h *doneh, void *arg)
{
	db_lookup(ret_request, db, batch->statements, batch->count, doneh, arg);
}

void batch_free(struct batch *batch)
{
	for (size_t i = 0; i < batch->owned_count; i++)
		mem_free(batch->owned[i]);
	for (size_t i = 0; i < batch->count; i++)
		mem_free((void *)batch->statements[i].params);
	batch->count = batch->param_count = batch->owned_count = 0;
}
