/*
 * For commands, which have nothing to do but wait: a batch is run and the loop with it until the
 * results are there. On the stack: `struct answer answer auto_answer = {0};`
 */
#pragma once

#include "platform/store/batch.h"

struct loop;

struct answer {
	bool done;
	int err;
	size_t failed; /* the statement that did, when err is not 0 */
	size_t count;
	struct db_result *results[DB_MAX_STATEMENTS];
};

/* Returns answer->err, see db_done_h. */
int answer_wait(struct answer *answer, struct loop *loop, struct db *db, struct batch *batch);

/* May be waited for again afterwards. */
void answer_free(struct answer *answer);
#define auto_answer __attribute__((cleanup(answer_free)))
