#include "platform/rollup.h"

#include "core/digest.h"
#include "core/log.h"
#include "core/mem.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "platform/store/figure.h"
#include "platform/store/rollup.h"

#include <errno.h>
#include <stdbool.h>

enum { INTERVAL_MS = 1000, AT_ONCE = 2000 };

struct rollup {
	struct loop *loop;
	struct db *db;
	struct timer *timer;
	struct db_request *request;
	uint32_t interval_ms;
	struct log log;
};

static void rollup_destroy(void *data)
{
	struct rollup *rollup = data;

	mem_unref(rollup->request);
	mem_unref(rollup->timer);
}

/* Several processes and several folds of one must not take each other's rows for their own. */
static int64_t new_mark(void)
{
	int64_t mark;

	random_bytes(&mark, sizeof(mark));
	mark &= INT64_MAX;
	return mark ? mark : 1;
}

static void fold(struct db *db, struct db_request **ret_request, db_done_h *doneh, void *arg)
{
	struct batch batch auto_batch = {0};

	store_rollup_fold(&batch, new_mark(), AT_ONCE);
	store_turn_figure_fold(&batch, new_mark(), AT_ONCE);
	batch_run(&batch, ret_request, db, doneh, arg);
}

/* Of the two kinds of differences, the larger number. */
static int64_t folded(struct db_result *const *results)
{
	int64_t calls = db_changes(results[0]);
	int64_t turns = db_changes(results[STORE_ROLLUP_FOLD_STATEMENTS]);

	return calls > turns ? calls : turns;
}

static void on_folded(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct rollup *rollup = arg;

	rollup->request = mem_unref(rollup->request);
	if (err)
		LOG_WARN(&rollup->log, "fold_failed", LOG_ERR(err));
	timer_start(rollup->timer, !err && folded(results) == AT_ONCE ? 0 : rollup->interval_ms);
}

/* Most of the time there is nothing to do, and looking disturbs nobody. */
static void on_looked(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct rollup *rollup = arg;

	rollup->request = mem_unref(rollup->request);
	if (!err && db_rows(results[0]))
		fold(rollup->db, &rollup->request, on_folded, rollup);
	else
		timer_start(rollup->timer, rollup->interval_ms);
}

static void look(void *arg)
{
	struct rollup *rollup = arg;
	struct batch batch auto_batch = {0};

	store_rollup_waiting(&batch, 1);
	batch_lookup(&batch, &rollup->request, rollup->db, on_looked, rollup);
}

struct rollup *rollup_start(struct loop *loop, struct db *db, uint32_t interval_ms)
{
	struct rollup *rollup = mem_new(sizeof(*rollup), rollup_destroy);

	rollup->loop = loop;
	rollup->db = db;
	rollup->interval_ms = interval_ms ? interval_ms : INTERVAL_MS;
	log_init(&rollup->log, "rollup", "");
	rollup->timer = timer_new(loop, look, rollup);
	timer_start(rollup->timer, rollup->interval_ms);
	return rollup;
}

/* ---- for commands ---- */

struct fold_all {
	bool done;
	int err;
	int64_t folded;
};

static void on_one(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct fold_all *all = arg;

	all->done = true;
	all->err = err;
	all->folded = err ? 0 : folded(results);
}

int rollup_fold_all(struct loop *loop, struct db *db)
{
	struct fold_all all = {0};

	do {
		all.done = false;
		fold(db, NULL, on_one, &all);
		while (!all.done)
			loop_run_once(loop, 100);
	} while (!all.err && all.folded);
	return all.err;
}
