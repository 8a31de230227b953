#include "platform/purge.h"

#include "core/mem.h"
#include "core/str.h"
#include "loop/work.h"
#include "platform/platform_priv.h"
#include "platform/recording_fetch.h"
#include "platform/recording_gone.h"
#include "platform/recording_store.h"
#include "platform/store/call_purge.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

typedef void purge_call_h(struct batch *batch, const char *tenant_id, const char *call_id);

static const struct {
	purge_call_h *purgeh;
	bool takes_file;
	bool takes_words;
} parts[] = {
	[PURGE_WORDS] = {store_purge_words, false, true},
	[PURGE_RECORDING] = {store_purge_recording, true, false},
	[PURGE_PERSON] = {store_purge_person, true, true},
	[PURGE_CALL] = {store_purge_call, true, true},
};

struct purge {
	struct platform *platform;
	char tenant_id[UUID_SIZE];
	enum purge_part part;
	struct purge_item items[PURGE_MOST];
	size_t count;
	size_t next;                      /* the first that is not purged yet */
	size_t batched;                   /* how many from there are under way */
	size_t firsts[DB_MAX_STATEMENTS]; /* the first statement of each */
	int err;
	struct purge_counts counts;
	purge_done_h *doneh;
	void *arg;
};

static void next_batch(struct purge *purge);

static void purge_destroy(void *data)
{
	struct purge *purge = data;

	for (size_t i = 0; i < purge->count; i++)
		mem_free(purge->items[i].path);
}

static void finish(struct purge *purge, int err)
{
	purge->doneh(err, &purge->counts, purge->arg);
	mem_unref(purge);
}

static void on_batch(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct purge *purge = arg;

	if (err) {
		finish(purge, err);
		return;
	}
	for (size_t i = 0; i < purge->batched; i++)
		if (parts[purge->part].takes_words)
			purge->counts.turns += db_changes(results[purge->firsts[i]]);
	purge->counts.calls += (int64_t)purge->batched;
	purge->next += purge->batched;
	job_queue_wake(purge->platform->api.jobs);
	next_batch(purge);
}

/* What lies in a store goes by a job; a file that was not here is removed by whichever pod has it.
 */
static void forget_far(struct purge *purge, struct batch *batch, size_t index)
{
	const struct purge_item *item = &purge->items[index];

	if (!item->path)
		return;
	if (!recording_place_is_file(item->path))
		recording_forget(batch, purge->tenant_id, item->path);
	else if (item->is_elsewhere)
		recording_gone_add(batch, purge->platform->api.db, item->path);
	purge->counts.recordings++;
}

static void next_batch(struct purge *purge)
{
	struct batch batch auto_batch = {0};

	purge->batched = 0;
	while (purge->next + purge->batched < purge->count &&
	       batch.count + CALL_PURGE_STATEMENTS + 1 <= DB_MAX_STATEMENTS) {
		purge->firsts[purge->batched] = batch.count;
		parts[purge->part].purgeh(&batch, purge->tenant_id,
					  purge->items[purge->next + purge->batched].call_id);
		forget_far(purge, &batch, purge->next + purge->batched);
		purge->batched++;
	}
	if (purge->batched)
		batch_run(&batch, NULL, purge->platform->api.db, on_batch, purge);
	else
		finish(purge, 0);
}

/* On a worker. A file that is not there is another pod's, or was removed by a run that died after
 * it. */
static void remove_files(void *arg)
{
	struct purge *purge = arg;

	for (size_t i = 0; !purge->err && i < purge->count; i++) {
		struct purge_item *item = &purge->items[i];

		if (!item->path || !recording_place_is_file(item->path) || !unlink(item->path))
			continue;
		item->is_elsewhere = errno == ENOENT;
		if (!item->is_elsewhere)
			purge->err = -errno;
	}
}

static void files_removed(void *arg)
{
	struct purge *purge = arg;

	if (purge->err)
		finish(purge, purge->err);
	else
		next_batch(purge);
}

void purge_calls(struct platform *platform, const char *tenant_id, enum purge_part part,
		 const struct purge_item *items, size_t count, purge_done_h *doneh, void *arg)
{
	struct purge *purge = mem_new(sizeof(*purge), purge_destroy);

	purge->platform = platform;
	str_copy(purge->tenant_id, sizeof(purge->tenant_id), tenant_id);
	purge->part = part;
	purge->count = count;
	memcpy(purge->items, items, count * sizeof(*items));
	purge->doneh = doneh;
	purge->arg = arg;
	for (size_t i = 0; i < count && !parts[part].takes_file; i++)
		purge->items[i].path = mem_free(purge->items[i].path);
	strand_post(platform->strand, remove_files, files_removed, purge);
}
