/*
 * PostgreSQL in lanes, like SQLite: `writes` has one connection, so that changes keep their
 * order; what waits while a transaction is under way becomes the next one together, and a burst
 * pays for one commit. `lookups` takes what is found by a key, many at once; what turns out to take
 * long is begun again on `reads`, which gives each query a connection to itself. With a replica
 * there is `replica_reads`, which does the same there.
 *
 * When one batch of a transaction fails nothing of it stands; the bad one is then run alone and the
 * others without it. A batch whose outcome nobody knows, because the connection was lost between
 * sending its commit and hearing of it, is -EINPROGRESS and never run again.
 */
#include "core/clock.h"
#include "core/digest.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "db/postgres_priv.h"
#include "loop/loop.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

enum {
	TICK_MS = 100,
	CONNECT_LIMIT_US = 5000000,
	WAIT_LIMIT_US = 10000000, /* for a connection */
	BACKOFF_MIN_US = 100000,
	BACKOFF_MAX_US = 5000000,
	PAUSE_MIN_US = 20000, /* the tick decides when it is over */
	PAUSE_MAX_US = 200000,
	CLOSE_LIMIT_US = 5000000,
	SILENCE_MARGIN_US = 5000000, /* after the server's own limit */
	WRITE_MS = 30000,
	READ_MS = 5000,
	LOOKUP_MS = 250,
	LOOKUP_GROUP = 16,
	LOOKUP_DEPTH = 64,
	MAX_TRIES = 3,
	POOL_MIN = 3,
	POOL_DEFAULT = 6,
	POOL_MAX = 100,
	MAX_LAG_DEFAULT_S = 10,
};

const struct log pg_log = {.service = "postgres"};

static struct pg *pg_of(struct db *db)
{
	return (struct pg *)db;
}

/* ---- the tick: what has taken too long ---- */

static void on_tick(uv_timer_t *timer);

static void tick_start(struct pg *pg)
{
	if (pg->ticking)
		return;
	if (!pg->tick) {
		pg->tick = mem_alloc(sizeof(*pg->tick));
		uv_timer_init(pg->uv, pg->tick);
		pg->tick->data = pg;
	}
	pg->ticking = true;
	uv_timer_start(pg->tick, on_tick, TICK_MS, TICK_MS);
}

/*
 * ---- the turn: look-ups that were started together are sent together ----
 *
 * Changes are not: one that fails takes the numbers that the others were given with it, and whoever
 * follows call_event has to find out that these will never come.
 */

static void on_turn(uv_prepare_t *turn);

static void turn_start(struct pg *pg)
{
	if (pg->turning)
		return;
	if (!pg->turn) {
		pg->turn = mem_alloc(sizeof(*pg->turn));
		uv_prepare_init(pg->uv, pg->turn);
		pg->turn->data = pg;
	}
	pg->turning = true;
	uv_prepare_start(pg->turn, on_turn);
}

/* ---- jobs ---- */

static void job_finish(struct db_job *job, int err)
{
	job->err = err;
	if (err)
		db_job_forget_results(job);
	db_job_complete(job);
}

static void job_again(struct pg_lane *lane, struct db_job *job)
{
	db_job_forget_results(job);
	job->err = 0;
	list_prepend(&lane->queue, &job->node, job);
	tick_start(lane->pg);
}

static void lane_add(struct pg_lane *lane, struct db_job *job)
{
	job->due_us = clock_mono_us() + WAIT_LIMIT_US;
	list_append(&lane->queue, &job->node, job);
	tick_start(lane->pg);
	if (lane->gathers)
		turn_start(lane->pg);
	else
		pg_lane_push(lane);
}

static void lane_run(struct pg_lane *lane, struct db_job *job)
{
	for (size_t i = 0; i < job->count; i++) {
		if (!pg_params_are_possible(&job->statements[i])) {
			job->failed = i;
			job_finish(job, -EINVAL);
			return;
		}
	}
	lane_add(lane, job);
}

/* ---- sending ---- */

/* The connection that has least to do; a full cache of statements waits until nothing uses it. */
static struct pg_conn *lane_free(struct pg_lane *lane)
{
	struct pg_conn *best = NULL;

	for (size_t i = 0; i < lane->conn_count; i++) {
		struct pg_conn *conn = &lane->conns[i];

		if (conn->state != PG_CONN_READY || conn->jobs >= lane->depth ||
		    (conn->jobs && conn->cached > PG_CACHE_MAX))
			continue;
		if (!best || conn->jobs < best->jobs)
			best = conn;
	}
	return best;
}

/* One more connection is made at a time. */
static void lane_grow(struct pg_lane *lane)
{
	struct pg_conn *off = NULL;

	for (size_t i = 0; i < lane->conn_count; i++) {
		if (lane->conns[i].state == PG_CONN_CONNECTING ||
		    lane->conns[i].state == PG_CONN_RESOLVING)
			return;
		if (lane->conns[i].state == PG_CONN_OFF && !off)
			off = &lane->conns[i];
	}
	if (off && clock_mono_us() >= lane->target->retry_us)
		pg_conn_connect(off);
}

static size_t take_group(struct pg_lane *lane, struct db_job **jobs)
{
	size_t count = 0;

	while (lane->queue.head && count < lane->group) {
		struct db_job *job = lane->queue.head->data;

		if (job->alone && count)
			break;
		jobs[count++] = list_pop(&lane->queue);
		db_job_start(job);
		if (job->alone)
			break;
	}
	return count;
}

void pg_lane_push(struct pg_lane *lane)
{
	struct db_job *jobs[PG_GROUP_MAX];

	if (lane->pause_us && clock_mono_us() < lane->pause_us)
		return;
	lane->pause_us = 0;
	while (lane->queue.head) {
		struct pg_conn *conn = lane_free(lane);
		size_t count;

		if (!conn || conn->jobs)
			lane_grow(lane);
		if (!conn)
			return;
		count = take_group(lane, jobs);
		if (pg_conn_send(conn, jobs, count)) {
			for (size_t i = 0; i < count; i++)
				if (!jobs[i]->started_us)
					db_job_start(jobs[i]);
			continue;
		}
		while (count)
			job_again(lane, jobs[--count]);
		pg_conn_drop(conn, "sending failed");
	}
}

static void on_turn(uv_prepare_t *turn)
{
	struct pg *pg = turn->data;

	pg->turning = false;
	uv_prepare_stop(turn);
	pg_lane_push(&pg->lookups);
}

/* ---- what came of it ---- */

/* Nothing of the segment stands. What failed is tried alone, the others without it. */
static void segment_again(struct pg_lane *lane, struct pg_segment *segment)
{
	size_t bad = segment->at_job < segment->job_count ? segment->at_job : 0;

	segment->jobs[bad]->alone = true;
	for (size_t i = segment->job_count; i > 0; i--)
		job_again(lane, segment->jobs[i - 1]);
}

static void segment_fail(struct pg_lane *lane, struct pg_segment *segment)
{
	struct db_job *job = segment->jobs[0];

	if (segment->collided)
		lane->pause_us = clock_mono_us() + PAUSE_MIN_US +
				 (int64_t)(random_u64() % (PAUSE_MAX_US - PAUSE_MIN_US));
	if (segment->job_count > 1 ||
	    (segment->passing && !lane->instead && ++job->tries < MAX_TRIES)) {
		segment_again(lane, segment);
		return;
	}
	job->failed = segment->at_statement;
	db_job_forget_results(job);
	job->err = 0;
	if (segment->err == -EBUSY && !segment->collided && lane->slower)
		lane_add(lane->slower, job);
	else if ((segment->err != -EBUSY || segment->collided) && lane->instead)
		lane_add(lane->instead, job);
	else
		job_finish(job, segment->err);
}

void pg_lane_done(struct pg_lane *lane, struct pg_segment *segment)
{
	if (segment->err)
		segment_fail(lane, segment);
	for (size_t i = 0; !segment->err && i < segment->job_count; i++)
		job_finish(segment->jobs[i], segment->jobs[i]->err);
	pg_lane_push(lane);
}

static bool job_reads(const struct db_job *job)
{
	for (size_t i = 0; i < job->count; i++)
		if (!pg_sql_reads(job->statements[i].sql))
			return false;
	return true;
}

static bool is_worth_it(struct db_job *job)
{
	return ++job->tries < MAX_TRIES;
}

void pg_lane_lost(struct pg_lane *lane, struct pg_segment *segment)
{
	if (segment->err && !segment->passing) {
		segment_fail(lane, segment);
		return;
	}
	for (size_t i = segment->job_count; i > 0; i--) {
		struct db_job *job = segment->jobs[i - 1];

		if (!segment->certain && !lane->reads && !job_reads(job))
			job_finish(job, -EINPROGRESS);
		else if (is_worth_it(job))
			job_again(lane->instead ? lane->instead : lane, job);
		else
			job_finish(job, -EBUSY);
	}
	if (lane->instead)
		pg_lane_push(lane->instead);
}

bool pg_lane_is_connected(const struct pg_lane *lane)
{
	for (size_t i = 0; i < lane->conn_count; i++)
		if (lane->conns[i].state == PG_CONN_READY)
			return true;
	return false;
}

void pg_lane_ask(struct pg_lane *lane, const char *sql)
{
	for (size_t i = 0; i < lane->conn_count; i++) {
		if (lane->conns[i].state != PG_CONN_READY)
			continue;
		pg_conn_ask(&lane->conns[i], sql);
		return;
	}
	lane_grow(lane);
}

/* ---- connections come and go ---- */

void pg_lane_connected(struct pg_lane *lane)
{
	struct pg_target *target = lane->target;

	if (target->failures)
		LOG_INFO(&pg_log, "database_reconnected", LOG_STR("lane", lane->name),
			 LOG_INT("tries", target->failures));
	target->failures = 0;
	target->retry_us = 0;
	pg_lane_push(lane);
}

void pg_lane_not_connected(struct pg_lane *lane, const char *reason)
{
	struct pg_target *target = lane->target;
	int64_t wait_us = BACKOFF_MIN_US;

	for (uint32_t i = 0; i < target->failures && wait_us < BACKOFF_MAX_US; i++)
		wait_us *= 2;
	if (wait_us > BACKOFF_MAX_US)
		wait_us = BACKOFF_MAX_US;
	/* Half of it by chance: many processes do not come at once. */
	wait_us = wait_us / 2 + (int64_t)(random_u64() % (uint64_t)(wait_us / 2));
	target->failures++;
	target->retry_us = clock_mono_us() + wait_us;
	LOG_WARN(&pg_log, "database_unreachable", LOG_STR("lane", lane->name),
		 LOG_STR("reason", reason), LOG_INT("retry_ms", wait_us / 1000));
}

static void conn_check(struct pg_conn *conn, int64_t now)
{
	int64_t limit = (int64_t)conn->lane->statement_ms * 1000 + SILENCE_MARGIN_US;

	if ((conn->state == PG_CONN_CONNECTING || conn->state == PG_CONN_RESOLVING) &&
	    now - conn->since_us > CONNECT_LIMIT_US)
		pg_conn_drop(conn, "no answer");
	else if (conn->segments.head && now - conn->since_us > limit)
		pg_conn_drop(conn, "the database does not answer");
}

/* Returns whether anything waits. */
static bool lane_tick(struct pg_lane *lane, int64_t now)
{
	size_t working = 0;
	bool busy = false;

	for (size_t i = 0; i < lane->conn_count; i++)
		conn_check(&lane->conns[i], now);
	LIST_EACH(&lane->queue, node)
	{
		struct db_job *job = node->data;

		if (job->due_us > now)
			continue;
		list_remove(&job->node);
		job_finish(job, -EBUSY);
	}
	pg_lane_push(lane);
	for (size_t i = 0; i < lane->conn_count; i++) {
		working += lane->conns[i].jobs > 0;
		busy |= lane->conns[i].state == PG_CONN_CONNECTING ||
			lane->conns[i].state == PG_CONN_RESOLVING ||
			lane->conns[i].segments.head != NULL;
	}
	metric_set(METRIC_DB_BUSY, lane->name, (double)working);
	return busy || lane->queue.head;
}

/* What waits for a replica that is not used any more goes where it is answered. */
static void leave_replica(struct pg *pg)
{
	struct db_job *job;

	while (!pg->replica.usable && (job = list_pop(&pg->replica_reads.queue)))
		lane_add(&pg->reads, job);
}

static bool pg_tick(struct pg *pg)
{
	int64_t now = clock_mono_us();
	bool busy = lane_tick(&pg->writes, now);

	if (pg->secondary.url && !pg->closing) {
		pg_replica_tick(pg, now);
		leave_replica(pg);
		busy = true;
	}
	busy |= lane_tick(&pg->lookups, now);
	busy |= lane_tick(&pg->replica_reads, now);
	/* After those that feed it. */
	return lane_tick(&pg->reads, now) || busy;
}

static void on_tick(uv_timer_t *timer)
{
	struct pg *pg = timer->data;

	if (pg_tick(pg))
		return;
	pg->ticking = false;
	uv_timer_stop(timer);
}

/* ---- opening and closing ---- */

static void lane_open(struct pg_lane *lane, struct pg *pg, struct pg_target *target, size_t count)
{
	lane->pg = pg;
	lane->target = target;
	lane->conn_count = count;
	lane->conns = mem_alloc(count * sizeof(*lane->conns));
	for (size_t i = 0; i < count; i++)
		lane->conns[i].lane = lane;
}

static int open_targets(struct pg *pg, const struct db_conf *conf)
{
	int err = pg_target_open(&pg->primary, conf->url);

	if (!err && !str_is_empty(conf->read_url))
		err = pg_target_open(&pg->secondary, conf->read_url);
	pg->replica.max_lag_us = (conf->max_lag_s ? conf->max_lag_s : MAX_LAG_DEFAULT_S) * 1000000;
	return err;
}

static void open_lanes(struct pg *pg, size_t size)
{
	const struct pg_lane reads = {
		.group = 1, .depth = 1, .reads = true, .statement_ms = READ_MS};

	pg->writes = (struct pg_lane){
		.name = "writes", .group = PG_GROUP_MAX, .depth = 1, .statement_ms = WRITE_MS};
	pg->lookups = (struct pg_lane){.name = "lookups",
				       .group = LOOKUP_GROUP,
				       .depth = LOOKUP_DEPTH,
				       .plans_once = true,
				       .gathers = true,
				       .reads = true,
				       .statement_ms = LOOKUP_MS,
				       .slower = &pg->reads};
	pg->reads = pg->replica_reads = reads;
	pg->reads.name = "reads";
	pg->replica_reads.name = "replica";
	pg->replica_reads.instead = &pg->reads;
	lane_open(&pg->writes, pg, &pg->primary, 1);
	lane_open(&pg->lookups, pg, &pg->primary, size / 2);
	lane_open(&pg->reads, pg, &pg->primary, size - 1 - size / 2);
	lane_open(&pg->replica_reads, pg, &pg->secondary, pg->secondary.url ? size / 2 : 0);
}

static int pg_open(struct db **ret_db, struct loop *loop, const struct db_conf *conf)
{
	size_t size = conf->pool_size ? conf->pool_size : POOL_DEFAULT;
	struct pg *pg;
	int err;

	if (size < POOL_MIN || size > POOL_MAX)
		return -EINVAL;
	pg = mem_new(sizeof(*pg), db_destroy);
	pg->db.ops = &db_postgres;
	pg->uv = loop_uv(loop);
	pg->prelude = conf->prelude ? mem_strdup(conf->prelude) : NULL;
	err = open_targets(pg, conf);
	if (err) {
		mem_unref(pg);
		return err;
	}
	open_lanes(pg, size);
	pg->db.has_replica = pg->secondary.url != NULL;
	if (pg->db.has_replica)
		tick_start(pg);
	*ret_db = &pg->db;
	return 0;
}

/* What the loop does otherwise, for the time it takes to finish what was begun. */
static void poll_once(struct pg *pg)
{
	struct pg_lane *const lanes[] = {&pg->writes, &pg->lookups, &pg->reads, &pg->replica_reads};
	struct pg_conn *conns[2 * POOL_MAX];
	struct pollfd fds[2 * POOL_MAX];
	nfds_t count = 0;

	for (size_t i = 0; i < ARRAY_LEN(lanes); i++) {
		for (size_t j = 0; j < lanes[i]->conn_count; j++) {
			struct pg_conn *conn = &lanes[i]->conns[j];

			if (!conn->handle)
				continue;
			conns[count] = conn;
			fds[count++] = (struct pollfd){
				.fd = PQsocket(conn->handle),
				.events = (short)((conn->events & UV_READABLE ? POLLIN : 0) |
						  (conn->events & UV_WRITABLE ? POLLOUT : 0))};
		}
	}
	if (poll(fds, count, TICK_MS) <= 0)
		return;
	for (nfds_t i = 0; i < count; i++)
		if (fds[i].revents)
			pg_conn_io(conns[i]);
}

static void lane_close(struct pg_lane *lane)
{
	struct db_job *job;

	for (size_t i = 0; i < lane->conn_count; i++)
		if (lane->conns[i].state != PG_CONN_OFF)
			pg_conn_drop(&lane->conns[i], NULL);
	while ((job = list_pop(&lane->queue)))
		mem_unref(job);
	lane->conns = mem_free(lane->conns);
	lane->conn_count = 0;
}

static void on_handle_closed(uv_handle_t *handle)
{
	mem_free(handle);
}

/* Without the loop nobody hears what names are resolved to: begin again without looking. */
static void lane_forget_names(struct pg_lane *lane)
{
	for (size_t i = 0; i < lane->conn_count; i++)
		if (lane->conns[i].state == PG_CONN_RESOLVING)
			pg_conn_drop(&lane->conns[i], NULL);
}

static void pg_close(struct db *db)
{
	struct pg *pg = pg_of(db);
	int64_t until = clock_mono_us() + CLOSE_LIMIT_US;

	pg->closing = true;
	lane_forget_names(&pg->writes);
	lane_forget_names(&pg->lookups);
	lane_forget_names(&pg->reads);
	lane_forget_names(&pg->replica_reads);
	while (pg->db.outbox && pg_tick(pg) && clock_mono_us() < until)
		poll_once(pg);
	lane_close(&pg->writes);
	lane_close(&pg->lookups);
	lane_close(&pg->reads);
	lane_close(&pg->replica_reads);
	pg_migrate_end(pg);
	if (pg->tick)
		uv_close((uv_handle_t *)pg->tick, on_handle_closed);
	if (pg->turn)
		uv_close((uv_handle_t *)pg->turn, on_handle_closed);
	pg_target_close(&pg->primary);
	pg_target_close(&pg->secondary);
	pg->prelude = mem_free(pg->prelude);
}

/* ---- running ---- */

static void pg_run(struct db *db, struct db_job *job)
{
	pg_migrate_end(pg_of(db));
	lane_run(&pg_of(db)->writes, job);
}

static void pg_read(struct db *db, struct db_job *job)
{
	struct pg *pg = pg_of(db);

	if (pg->secondary.url)
		metric_add(METRIC_DB_READ, pg->replica.usable ? "replica" : "primary", 1);
	lane_run(pg->replica.usable ? &pg->replica_reads : &pg->reads, job);
}

static void pg_lookup(struct db *db, struct db_job *job)
{
	lane_run(&pg_of(db)->lookups, job);
}

const struct db_ops db_postgres = {
	.scheme = "postgresql",
	.alias = "postgres",
	.open = pg_open,
	.probe = pg_probe,
	.migration_level = pg_migration_level,
	.migrate = pg_migrate,
	.run = pg_run,
	.read = pg_read,
	.lookup = pg_lookup,
	.close = pg_close,
};
