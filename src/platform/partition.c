#include "platform/partition.h"

#include "core/clock.h"
#include "core/encoding.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/str.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "platform/recording_fetch.h"
#include "platform/recording_gone.h"
#include "platform/recording_store.h"
#include "platform/store/partition.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	INTERVAL_MS = 600000,
	RETRY_MS = 30000,
	MAX_STEPS = 1000, /* of one look */
	RECORDINGS = 8,   /* at once: each takes a statement */
};

static const int64_t day_ms = 86400000;
/* Before that nobody had such ids. */
static const int64_t first_ms = 1420070400000;

struct range {
	char suffix[16];
	int64_t low, high;
};

struct partition {
	struct partition_conf conf;
	struct timer *timer;
	struct db_request *request;
	struct range *ranges;
	size_t count;
	size_t checked;      /* ranges seen to be kept */
	struct range target; /* what is made or dropped */
	int steps;
	struct log log;
};

static void partition_destroy(void *data)
{
	struct partition *partition = data;

	mem_unref(partition->request);
	mem_unref(partition->timer);
	mem_free(partition->ranges);
}

/* ---- periods ---- */

static int64_t month_start(int64_t ms, int months_later)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	tm = (struct tm){.tm_year = tm.tm_year, .tm_mon = tm.tm_mon + months_later, .tm_mday = 1};
	return (int64_t)timegm(&tm) * 1000;
}

enum partition_period partition_period_parse(const char *name)
{
	if (str_equal(name, "day"))
		return PARTITION_DAY;
	return str_equal(name, "week") ? PARTITION_WEEK : PARTITION_MONTH;
}

int64_t partition_period_start(enum partition_period period, int64_t ms)
{
	int64_t day = ms / day_ms;

	if (period == PARTITION_MONTH)
		return month_start(ms, 0);
	if (period == PARTITION_WEEK)
		day -= (day + 3) %
		       7; /* the first day of all was a Thursday; weeks begin on Monday */
	return day * day_ms;
}

int64_t partition_period_end(enum partition_period period, int64_t ms)
{
	if (period == PARTITION_MONTH)
		return month_start(ms, 1);
	return partition_period_start(period, ms) + (period == PARTITION_WEEK ? 7 : 1) * day_ms;
}

static const struct range *range_at(const struct partition *partition, int64_t ms)
{
	for (size_t i = 0; i < partition->count; i++)
		if (partition->ranges[i].low <= ms && ms < partition->ranges[i].high)
			return &partition->ranges[i];
	return NULL;
}

/*
 * The period around ms, which is in no partition, as far as it is in none: after a change of the
 * period others may reach into it.
 */
static struct range gap_at(const struct partition *partition, int64_t ms)
{
	struct range gap = {.low = partition_period_start(partition->conf.period, ms),
			    .high = partition_period_end(partition->conf.period, ms)};
	time_t seconds;
	struct tm tm;

	for (size_t i = 0; i < partition->count; i++) {
		const struct range *range = &partition->ranges[i];

		if (range->high <= ms && range->high > gap.low)
			gap.low = range->high;
		if (range->low > ms && range->low < gap.high)
			gap.high = range->low;
	}
	seconds = (time_t)(gap.low / 1000);
	gmtime_r(&seconds, &tm);
	strftime(gap.suffix, sizeof(gap.suffix), "%Y%m%d", &tm);
	return gap;
}

/* ---- steps; each ends in a handler that goes on or looks again ---- */

static void look(void *arg);

static void go_on(struct partition *partition)
{
	if (partition->steps++ < MAX_STEPS)
		look(partition);
	else
		timer_start(partition->timer, RETRY_MS);
}

static void give_up(struct partition *partition, const char *what, int err)
{
	LOG_WARN(&partition->log, what, LOG_STR("partition", partition->target.suffix),
		 LOG_ERR(err));
	timer_start(partition->timer, RETRY_MS);
}

static void on_made(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct partition *partition = arg;
	int64_t moved = err ? 0 : db_get_int(results[0], 0, 0);

	partition->request = mem_unref(partition->request);
	if (err || moved == -2) {
		give_up(partition, "partition_not_made", err ? err : -EBUSY);
		return;
	}
	if (moved >= 0)
		LOG_INFO(&partition->log, "partition_made",
			 LOG_STR("partition", partition->target.suffix), LOG_INT("moved", moved));
	go_on(partition);
}

static void make(struct partition *partition)
{
	struct batch batch auto_batch = {0};

	store_partition_make(&batch, partition->target.suffix, partition->target.low,
			     partition->target.high);
	batch_run(&batch, &partition->request, partition->conf.db, on_made, partition);
}

/* ---- dropping ---- */

static int64_t cutoff_ms(const struct partition *partition)
{
	return clock_wall_us() / 1000 - partition->conf.retention_days * day_ms;
}

static void drop_next(struct partition *partition);

static void on_dropped(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct partition *partition = arg;
	int64_t calls = err ? 0 : db_get_int(results[0], 0, 0);

	partition->request = mem_unref(partition->request);
	if (err || calls == -2) {
		give_up(partition, "partition_not_dropped", err ? err : -EBUSY);
		return;
	}
	if (calls >= 0)
		LOG_INFO(&partition->log, "partition_dropped",
			 LOG_STR("partition", partition->target.suffix), LOG_INT("calls", calls));
	drop_next(partition);
}

static void drop(struct partition *partition)
{
	struct batch batch auto_batch = {0};

	store_partition_drop(&batch, partition->target.suffix, cutoff_ms(partition) * 1000);
	batch_run(&batch, &partition->request, partition->conf.db, on_dropped, partition);
}

static void find_recordings(struct partition *partition);

static void on_forgotten(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct partition *partition = arg;

	partition->request = mem_unref(partition->request);
	if (err)
		give_up(partition, "recordings_not_forgotten", err);
	else
		find_recordings(partition);
}

/* The file goes before the row that knows of it. */
static void on_recordings(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct partition *partition = arg;
	struct batch batch auto_batch = {0};

	partition->request = mem_unref(partition->request);
	/* What does not fit is found again. */
	for (size_t row = 0; !err && row < db_rows(results[0]); row++) {
		const char *path = db_get_text(results[0], row, 2);
		bool here = recording_place_is_file(path);

		if (batch.count + 2 > DB_MAX_STATEMENTS)
			break;
		bool missing = here && unlink(path);

		if (missing && errno != ENOENT) {
			err = -errno;
			break;
		}
		if (missing)
			recording_gone_add(&batch, partition->conf.db, path);
		else if (!here)
			recording_forget(&batch, db_get_text(results[0], row, 0), path);
		store_partition_forget(&batch, db_get_text(results[0], row, 0),
				       db_get_text(results[0], row, 1));
	}
	if (err)
		give_up(partition, "recordings_not_removed", err);
	else if (!batch.count)
		drop(partition);
	else
		batch_run(&batch, &partition->request, partition->conf.db, on_forgotten, partition);
}

static void find_recordings(struct partition *partition)
{
	struct batch batch auto_batch = {0};

	store_partition_recordings(&batch, partition->target.low, partition->target.high,
				   RECORDINGS);
	batch_run(&batch, &partition->request, partition->conf.db, on_recordings, partition);
}

static void on_busy(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct partition *partition = arg;

	partition->request = mem_unref(partition->request);
	if (err)
		give_up(partition, "partition_not_dropped", err);
	else if (db_rows(results[0]))
		drop_next(partition);
	else
		find_recordings(partition);
}

static void drop_next(struct partition *partition)
{
	int64_t cutoff = cutoff_ms(partition);
	struct batch batch auto_batch = {0};

	while (partition->conf.retention_days > 0 && partition->checked < partition->count) {
		partition->target = partition->ranges[partition->checked++];
		if (partition->target.high > cutoff)
			continue;
		store_partition_busy(&batch, partition->target.low, partition->target.high,
				     cutoff * 1000);
		batch_run(&batch, &partition->request, partition->conf.db, on_busy, partition);
		return;
	}
	timer_start(partition->timer, partition->conf.interval_ms);
}

/* ---- looking ---- */

static void take_ranges(struct partition *partition, const struct db_result *result)
{
	mem_free(partition->ranges);
	partition->count = db_rows(result);
	partition->checked = 0;
	partition->ranges = mem_alloc((partition->count + 1) * sizeof(*partition->ranges));
	for (size_t i = 0; i < partition->count; i++) {
		struct range *range = &partition->ranges[i];

		str_copy(range->suffix, sizeof(range->suffix), db_get_text(result, i, 0));
		range->low = db_get_int(result, i, 1);
		range->high = db_get_int(result, i, 2);
	}
}

/* The millisecond that a UUIDv7 begins with. */
static int64_t time_of_id(const char *id)
{
	uint8_t bytes[6];
	char hex[13];
	int64_t ms = 0;

	snprintf(hex, sizeof(hex), "%.8s%.4s", id, id + 9);
	if (hex_decode(bytes, sizeof(bytes), hex, 12))
		return 0;
	for (size_t i = 0; i < sizeof(bytes); i++)
		ms = ms << 8 | bytes[i];
	return ms;
}

static int64_t horizon_ms(const struct partition *partition, int64_t now)
{
	int64_t end = partition_period_end(partition->conf.period, now);

	for (int64_t i = 0; i < partition->conf.ahead; i++)
		end = partition_period_end(partition->conf.period, end);
	return end;
}

/* target: the next partition to be made, if any. */
static bool find_missing(struct partition *partition, const char *stray)
{
	int64_t ms = clock_wall_us() / 1000, end = horizon_ms(partition, ms);
	const struct range *range;

	while (ms < end && (range = range_at(partition, ms)))
		ms = range->high;
	if (ms >= end)
		ms = stray ? time_of_id(stray) : 0;
	if (!ms || range_at(partition, ms))
		return false;
	partition->target = gap_at(partition, ms);
	return true;
}

static void on_looked(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct partition *partition = arg;

	partition->request = mem_unref(partition->request);
	if (err) {
		give_up(partition, "partitions_not_read", err);
		return;
	}
	take_ranges(partition, results[0]);
	if (find_missing(partition, db_get_text(results[1], 0, 0)))
		make(partition);
	else
		drop_next(partition);
}

static void look(void *arg)
{
	struct partition *partition = arg;
	struct batch batch auto_batch = {0};
	int64_t now = clock_wall_us() / 1000;

	store_partition_select(&batch);
	store_partition_stray(&batch, first_ms, partition_period_end(partition->conf.period, now));
	batch_run(&batch, &partition->request, partition->conf.db, on_looked, partition);
}

static void begin(void *arg)
{
	struct partition *partition = arg;

	partition->steps = 0;
	look(partition);
}

struct partition *partition_start(const struct partition_conf *conf)
{
	struct partition *partition = mem_new(sizeof(*partition), partition_destroy);

	partition->conf = *conf;
	if (!partition->conf.interval_ms)
		partition->conf.interval_ms = INTERVAL_MS;
	log_init(&partition->log, "partition", "");
	partition->timer = timer_new(conf->loop, begin, partition);
	timer_start(partition->timer, 0);
	return partition;
}
