#include "platform/store/answer.h"

#include "core/mem.h"
#include "loop/loop.h"

static void on_answer(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct answer *answer = arg;

	answer->done = true;
	answer->err = err;
	answer->failed = failed;
	for (size_t i = 0; !err && i < answer->count; i++)
		answer->results[i] = mem_ref(results[i]);
}

int answer_wait(struct answer *answer, struct loop *loop, struct db *db, struct batch *batch)
{
	*answer = (struct answer){.count = batch->count};
	batch_run(batch, NULL, db, on_answer, answer);
	while (!answer->done)
		loop_run_once(loop, 100);
	return answer->err;
}

void answer_free(struct answer *answer)
{
	for (size_t i = 0; i < answer->count; i++)
		mem_unref(answer->results[i]);
	*answer = (struct answer){0};
}
