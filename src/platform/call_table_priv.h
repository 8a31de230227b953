/* Between call_table.c and the files that write beside it: transcript, summary, recording. */
#pragma once

#include "core/list.h"
#include "core/log.h"
#include "core/mem.h"
#include "platform/call_table.h"
#include "platform/store/batch.h"

struct timer;

struct call_table {
	struct call_table_conf conf;
	struct log log;
	struct list ops; /* under way; released with the table, which silences them */
	struct timer *sweep_timer;
	struct db_request *sweep;
	struct db_request *tidy;
	uint64_t tidied_at_ms;
	call_overdue_h *overdueh;
	void *overdue_arg;
	bool started;
	struct call_count *count;
	double confidence; /* mean of recent user turns; NAN before the first */
};

/* Something that was started for the table and ends with a handler. */
struct call_op {
	struct list_node node;
	struct call_table *table;
	struct db_request *request;
	char *tenant_id;
	char call_id[UUID_SIZE];
	call_noted_h *notedh;
	void *arg;
	/* call_note(): what is published after the commit */
	const char *type;
	char *data; /* JSON */
	int64_t at;
	size_t event_index;
	int told_index; /* see webhook_tell() */
};

/* Add op's event, for live readers and for webhooks, to the transaction it is about. */
void call_op_event(struct call_op *op, struct batch *batch);
/* It was committed: tell them. */
void call_op_told(struct call_op *op, struct db_result *const *results);

/* size: that of a struct which begins with struct call_op; cleared. destroyh gets it, then calls
 * call_op_free(). */
struct call_op *call_op_new(struct call_table *table, size_t size, mem_destroy_h *destroyh,
			    const char *tenant_id, const char *call_id);
void call_op_free(struct call_op *op);

/*
 * Run batch with an event added to it; publish the event after the commit and answer notedh. When
 * an expectation of the batch fails, there was nothing new to tell: err is 0 and nothing is
 * published. type is static, data is taken over.
 */
void call_note(struct call_table *table, struct batch *batch, const char *tenant_id,
	       const char *call_id, const char *type, json_t *data, call_noted_h *notedh,
	       void *arg);
