/* One connection to PostgreSQL: connecting, sending, receiving, losing it. */
#include "core/clock.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "db/postgres_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { MAX_NULLS = 2, MIN_REPLAN = 256, MAX_REPLAN = 16384 };

/* The first line of what libpq says. */
static void trouble_of(const PGconn *handle, char ret_text[256])
{
	const char *message = handle ? PQerrorMessage(handle) : "out of memory";

	str_copy(ret_text, 256, str_is_empty(message) ? "the connection was closed" : message);
	ret_text[strcspn(ret_text, "\n")] = '\0';
}

static void conn_fail(struct pg_conn *conn)
{
	char reason[256];

	trouble_of(conn->handle, reason);
	pg_conn_drop(conn, reason);
}

/* ---- the socket ---- */

static void on_poll_closed(uv_handle_t *handle)
{
	mem_free(handle);
}

static void conn_unwatch(struct pg_conn *conn)
{
	if (!conn->poll)
		return;
	conn->poll->data = NULL;
	uv_close((uv_handle_t *)conn->poll, on_poll_closed);
	conn->poll = NULL;
	conn->events = 0;
}

/* libuv stops watching a socket that has an error pending; there may be words to read before it. */
static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct pg_conn *conn = poll->data;

	if (!conn)
		return;
	if (status < 0)
		conn->events = 0;
	pg_conn_io(conn);
}

/* While connecting, libpq changes sockets under the same number: renew. */
static void conn_watch(struct pg_conn *conn, int events, bool renew)
{
	if (renew)
		conn_unwatch(conn);
	if (conn->poll && conn->events == events)
		return;
	if (!conn->poll) {
		conn->poll = mem_alloc(sizeof(*conn->poll));
		if (uv_poll_init(conn->lane->pg->uv, conn->poll, PQsocket(conn->handle))) {
			/* A broken one: what waits for it runs into its time limit. */
			conn->poll = mem_free(conn->poll);
			return;
		}
		conn->poll->data = conn;
	}
	conn->events = events;
	uv_poll_start(conn->poll, events, on_ready);
}

/* ---- prepared statements ---- */

static struct pg_cached **bucket_of(struct pg_conn *conn, const char *sql)
{
	return &conn->cache[((uintptr_t)sql >> 3) * 2654435761u / 64 % PG_CACHE_BUCKETS];
}

static void cache_clear(struct pg_conn *conn)
{
	for (size_t i = 0; i < PG_CACHE_BUCKETS; i++) {
		while (conn->cache[i]) {
			struct pg_cached *entry = conn->cache[i];

			conn->cache[i] = entry->next;
			mem_free(entry->copy);
			mem_unref(entry);
		}
	}
	conn->cached = 0;
}

static struct pg_cached *cache_find(struct pg_conn *conn, const struct db_statement *statement,
				    bool alone)
{
	struct pg_cached *entry = *bucket_of(conn, statement->sql);

	while (entry && (entry->key != statement->sql || entry->alone != alone ||
			 entry->expect_rows != statement->expect_rows ||
			 strcmp(entry->copy, statement->sql) != 0))
		entry = entry->next;
	return entry;
}

static struct pg_cached *cache_add(struct pg_conn *conn, const struct db_statement *statement,
				   bool alone)
{
	struct pg_cached **bucket = bucket_of(conn, statement->sql), *entry;

	entry = mem_new(sizeof(*entry), NULL);
	entry->key = statement->sql;
	entry->copy = mem_strdup(statement->sql);
	entry->expect_rows = statement->expect_rows;
	entry->alone = alone;
	entry->next = *bucket;
	*bucket = entry;
	conn->cached++;
	return entry;
}

static void segment_destroy(void *data)
{
	struct pg_segment *segment = data;

	mem_unref(segment->prepares);
}

static struct pg_segment *segment_new(enum pg_segment_type type)
{
	struct pg_segment *segment = mem_new(sizeof(*segment), segment_destroy);

	segment->type = type;
	return segment;
}

static bool segment_send(struct pg_conn *conn, struct pg_segment *segment)
{
	if (!PQpipelineSync(conn->handle)) {
		mem_unref(segment);
		return false;
	}
	list_append(&conn->segments, &segment->node, segment);
	conn->jobs += segment->job_count;
	return true;
}

/* In a transaction of its own: a statement that cannot be prepared fails alone. */
static bool prepare(struct pg_conn *conn, struct pg_cached *entry,
		    const struct db_statement *statement)
{
	struct pg_segment *segment;
	struct pg_sql sql;
	bool ok;

	entry->err = 0;
	snprintf(entry->name, sizeof(entry->name), "s%llu", (unsigned long long)conn->next_name++);
	pg_sql_make(&sql, statement->sql, statement->expect_rows, entry->alone);
	entry->counted = sql.counted;
	entry->returns = sql.returns;
	ok = PQsendPrepare(conn->handle, entry->name, sql.text, 0, NULL);
	mem_free(sql.text);
	if (!ok)
		return false;
	segment = segment_new(PG_SEGMENT_PREPARE);
	segment->prepares = mem_ref(entry);
	return segment_send(conn, segment);
}

static bool control(struct pg_conn *conn, const char *sql)
{
	return PQsendQueryParams(conn->handle, sql, 0, NULL, NULL, NULL, NULL, 0) &&
	       segment_send(conn, segment_new(PG_SEGMENT_CONTROL));
}

static void conn_flush(struct pg_conn *conn)
{
	int left = PQflush(conn->handle);

	if (left == 0)
		for (struct list_node *node = conn->segments.tail; node; node = node->prev) {
			struct pg_segment *segment = node->data;

			if (segment->flushed)
				break;
			segment->flushed = true;
		}
	conn_watch(conn, left == 0 ? UV_READABLE : UV_READABLE | UV_WRITABLE, false);
}

void pg_conn_ask(struct pg_conn *conn, const char *sql)
{
	struct pg_segment *segment = segment_new(PG_SEGMENT_PROBE);

	segment->asked_us = clock_mono_us();
	if (!conn->segments.head)
		conn->since_us = segment->asked_us;
	if (PQsendQueryParams(conn->handle, sql, 0, NULL, NULL, NULL, NULL, 0) &&
	    segment_send(conn, segment))
		conn_flush(conn);
	else
		conn_fail(conn);
}

static bool prepare_all(struct pg_conn *conn, const struct db_job *job)
{
	bool alone = job->count == 1;

	for (size_t i = 0; i < job->count; i++) {
		struct pg_cached *entry = cache_find(conn, &job->statements[i], alone);

		if (entry && !entry->err)
			continue;
		if (!entry)
			entry = cache_add(conn, &job->statements[i], alone);
		if (!prepare(conn, entry, &job->statements[i]))
			return false;
	}
	return true;
}

/* ---- sending ---- */

/*
 * The server keeps the plan it made of a statement when its tables were small, and while they are
 * empty every index is as good as the right one. Until it has counted the rows of a new partition,
 * a minute or so later, each statement would look at all of them. So plans are made anew after
 * twice as many statements as before, whichever connections these were sent on.
 */
static void replan_later(struct pg_conn *conn)
{
	uint64_t executed = conn->lane->pg->executed;

	conn->replan_at = executed + (executed < MIN_REPLAN   ? MIN_REPLAN
				      : executed < MAX_REPLAN ? executed
							      : MAX_REPLAN);
}

static bool replan(struct pg_conn *conn)
{
	if (conn->lane->pg->executed < conn->replan_at)
		return true;
	replan_later(conn);
	return control(conn, "DISCARD PLANS");
}

static bool execute(struct pg_conn *conn, const struct db_statement *statement, bool alone)
{
	struct pg_cached *entry = cache_find(conn, statement, alone);
	struct pg_params params;

	pg_params_set(&params, statement);
	conn->lane->pg->executed++;
	return PQsendQueryPrepared(conn->handle, entry->name, (int)statement->param_count,
				   params.values, params.lengths, params.formats, 0);
}

bool pg_conn_send(struct pg_conn *conn, struct db_job *const *jobs, size_t count)
{
	struct pg_segment *segment;

	/* Before anything is sent: from here on the server is waited for. */
	if (!conn->segments.head)
		conn->since_us = clock_mono_us();
	if (conn->cached > PG_CACHE_MAX && !conn->jobs) {
		cache_clear(conn);
		if (!control(conn, "DEALLOCATE ALL"))
			return false;
	}
	if (!replan(conn))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!prepare_all(conn, jobs[i]))
			return false;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < jobs[i]->count; j++)
			if (!execute(conn, &jobs[i]->statements[j], jobs[i]->count == 1))
				return false;
	segment = segment_new(PG_SEGMENT_JOBS);
	memcpy(segment->jobs, jobs, count * sizeof(*jobs));
	segment->job_count = count;
	if (!segment_send(conn, segment))
		return false;
	conn_flush(conn);
	return true;
}

/* ---- receiving ---- */

/* Values may be somebody's: of most errors only the code and names from the schema are logged. */
static void log_failed(const PGresult *result, int err, const char *sql)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
	bool plain = state && (str_has_prefix(state, "42") || str_has_prefix(state, "5") ||
			       str_has_prefix(state, "XX"));

	LOG_ERROR(&pg_log, "statement_failed", LOG_ERR(err), LOG_STR("sqlstate", state),
		  LOG_STR("constraint", constraint),
		  LOG_STR("reason",
			  plain ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL),
		  LOG_STR("sql", sql));
}

static void segment_failed(struct pg_conn *conn, struct pg_segment *segment, const PGresult *result)
{
	const struct db_statement *statement;
	struct pg_cached *entry;

	bool at_end = segment->at_job == segment->job_count;

	/* Ended while it commits: nobody knows. */
	if (segment->type == PG_SEGMENT_JOBS && at_end && pg_error_is_fatal(result))
		return;
	segment->err = pg_error_of(result);
	segment->collided = pg_error_is_collision(result);
	segment->passing = segment->collided || pg_error_is_fatal(result);
	if (segment->type != PG_SEGMENT_JOBS || at_end)
		return;
	statement = &segment->jobs[segment->at_job]->statements[segment->at_statement];
	entry = cache_find(conn, statement, segment->jobs[segment->at_job]->count == 1);
	if (pg_error_is_stale(result) && entry) {
		/* What hindered its preparation is the error; otherwise it is prepared anew. */
		segment->passing = !entry->err;
		segment->err = entry->err ? entry->err : -EBUSY;
		entry->err = segment->err;
	} else if (segment->err != -EEXIST && segment->err != -ENOENT && segment->err != -EAGAIN &&
		   !segment->passing && !(conn->lane->slower && segment->err == -EBUSY)) {
		log_failed(result, segment->err, statement->sql);
	}
}

static int64_t touched(const struct db_result *result)
{
	return result->columns ? (int64_t)result->rows : result->changes;
}

/* A result of a statement that did not fail. */
static void segment_result(struct pg_conn *conn, struct pg_segment *segment, const PGresult *result)
{
	struct db_job *job;
	const struct db_statement *statement;
	struct pg_cached *entry;
	size_t at = segment->at_statement;

	if (segment->at_job == segment->job_count)
		return;
	job = segment->jobs[segment->at_job];
	statement = &job->statements[at];
	entry = cache_find(conn, statement, job->count == 1);
	if (!job->err)
		job->err = pg_result_read(&job->results[at], result, entry && entry->counted,
					  entry && entry->returns);
	if (!job->err && statement->expect_rows != DB_ANY_ROWS &&
	    touched(job->results[at]) != statement->expect_rows)
		job->err = -EAGAIN;
	if (!job->err)
		job->failed = at;
	if (++segment->at_statement == job->count) {
		segment->at_job++;
		segment->at_statement = 0;
	}
}

/* Returns false when the connection has to go. */
static bool segment_end(struct pg_conn *conn, struct pg_segment *segment)
{
	struct pg_cached *entry = segment->prepares;
	bool ok = true;

	list_remove(&segment->node);
	conn->jobs -= segment->job_count;
	if (segment->type == PG_SEGMENT_JOBS)
		pg_lane_done(conn->lane, segment);
	else if (segment->type == PG_SEGMENT_PREPARE)
		entry->err = segment->err;
	else if (segment->type == PG_SEGMENT_CONTROL)
		ok = !segment->err;
	mem_unref(segment);
	return ok;
}

static bool conn_take(struct pg_conn *conn, const PGresult *result)
{
	struct pg_segment *segment = conn->segments.head->data;

	switch (PQresultStatus(result)) {
	case PGRES_PIPELINE_SYNC:
		return segment_end(conn, segment);
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
		if (segment->type == PG_SEGMENT_PROBE)
			pg_replica_answer(conn->lane, result, segment->asked_us);
		else
			segment_result(conn, segment, result);
		return true;
	case PGRES_PIPELINE_ABORTED:
		return true;
	default:
		break;
	}
	/* Not the server's words but those of libpq: the connection is lost. */
	if (!PQresultErrorField(result, PG_DIAG_SQLSTATE))
		return false;
	conn->ended |= pg_error_is_fatal(result);
	if (!segment->err)
		segment_failed(conn, segment, result);
	if (segment->type == PG_SEGMENT_PREPARE && !conn->ended)
		log_failed(result, segment->err, segment->prepares->copy);
	return true;
}

static void conn_receive(struct pg_conn *conn)
{
	PGconn *handle = conn->handle;
	bool ok = PQconsumeInput(handle), fine = true;
	int nulls = 0;

	conn->since_us = clock_mono_us();
	while (fine && conn->segments.head && nulls <= MAX_NULLS && !PQisBusy(handle)) {
		PGresult *result = PQgetResult(handle);

		nulls = result ? 0 : nulls + 1;
		if (result)
			fine = conn_take(conn, result);
		PQclear(result);
		/* What came of it was that more was sent, and sending failed. */
		if (conn->handle != handle)
			return;
	}
	/* Nothing is under way: what the server has to say is that it goes. */
	if (ok && fine && !conn->segments.head)
		PQisBusy(handle);
	if (!ok || !fine || nulls > MAX_NULLS || PQstatus(conn->handle) == CONNECTION_BAD)
		conn_fail(conn);
	else
		conn_flush(conn);
}

/* ---- connecting ---- */

static void on_notice(void *arg, const PGresult *result)
{
}

PGconn *pg_connect_blocking(const struct pg_target *target, char error[256])
{
	PGconn *handle = pg_target_connect(target, NULL, true);

	if (PQstatus(handle) == CONNECTION_OK) {
		PQsetNoticeReceiver(handle, on_notice, NULL);
		return handle;
	}
	trouble_of(handle, error);
	PQfinish(handle);
	return NULL;
}

static void conn_start(struct pg_conn *conn, const struct pg_addresses *addresses)
{
	conn->state = PG_CONN_CONNECTING;
	conn->handle = pg_target_connect(conn->lane->target, addresses, false);
	if (!conn->handle || PQstatus(conn->handle) == CONNECTION_BAD) {
		conn_fail(conn);
		return;
	}
	PQsetNoticeReceiver(conn->handle, on_notice, NULL);
	conn_watch(conn, UV_WRITABLE, true);
}

void pg_conn_resolved(struct pg_conn *conn, const struct pg_addresses *addresses)
{
	if (addresses)
		conn_start(conn, addresses);
	else
		pg_conn_drop(conn, "the name of its host is not known");
}

void pg_conn_connect(struct pg_conn *conn)
{
	conn->since_us = clock_mono_us();
	conn->state = PG_CONN_RESOLVING;
	/* There is no loop any more that would look names up. */
	if (!pg_target_has_names(conn->lane->target) || conn->lane->pg->closing)
		conn_start(conn, NULL);
	else
		pg_target_resolve(conn);
}

/*
 * jit: the server would compile what it thinks reads many rows, for a second, and a page whose
 * length is a parameter it always thinks to be a tenth of the table.
 */
static void conn_established(struct pg_conn *conn)
{
	char auto_free *sql =
		mem_printf("SELECT set_config('statement_timeout', '%u', false), "
			   "set_config('lock_timeout', '%u', false), "
			   "set_config('default_transaction_read_only', '%s', false), "
			   "set_config('default_transaction_isolation', '%s', false), "
			   "set_config('jit', 'off', false), "
			   "set_config('plan_cache_mode', '%s', false)",
			   conn->lane->statement_ms, conn->lane->statement_ms < 5000 ? 0 : 5000,
			   conn->lane->reads ? "on" : "off",
			   conn->lane->reads ? "repeatable read" : "read committed",
			   conn->lane->plans_once ? "force_generic_plan" : "auto");

	conn->ended = false;
	replan_later(conn);
	if (PQsetnonblocking(conn->handle, 1) || !PQenterPipelineMode(conn->handle) ||
	    !control(conn, sql)) {
		conn_fail(conn);
		return;
	}
	conn->state = PG_CONN_READY;
	metric_add(METRIC_DB_CONNECTIONS, conn->lane->name, 1);
	conn_watch(conn, UV_READABLE, true);
	conn_flush(conn);
	pg_lane_connected(conn->lane);
}

static void conn_connecting(struct pg_conn *conn)
{
	switch (PQconnectPoll(conn->handle)) {
	case PGRES_POLLING_READING:
		conn_watch(conn, UV_READABLE, true);
		break;
	case PGRES_POLLING_WRITING:
		conn_watch(conn, UV_WRITABLE, true);
		break;
	case PGRES_POLLING_OK:
		conn_established(conn);
		break;
	default:
		conn_fail(conn);
		break;
	}
}

void pg_conn_io(struct pg_conn *conn)
{
	if (conn->state == PG_CONN_CONNECTING)
		conn_connecting(conn);
	else if (conn->state == PG_CONN_READY)
		conn_receive(conn);
}

/* ---- losing ---- */

/*
 * A transaction is committed when the server comes to its Sync. It has not when the Sync was not
 * sent, when a statement before it failed, or when the server said in its order of results that it
 * ends the connection before a statement was done.
 */
static bool is_certain(const struct pg_conn *conn, const struct pg_segment *segment, bool first)
{
	bool last = !segment->node.next;

	return segment->err || (conn->ended && !first) || (last && !segment->flushed);
}

void pg_conn_drop(struct pg_conn *conn, const char *reason)
{
	struct pg_lane *lane = conn->lane;
	struct list lost = {0};
	struct pg_segment *segment;
	bool was_ready = conn->state == PG_CONN_READY, first = true;

	if (reason)
		metric_add(METRIC_DB_LOST, lane->name, 1);
	if (was_ready)
		metric_add(METRIC_DB_CONNECTIONS, lane->name, -1);
	if (reason && was_ready)
		LOG_WARN(&pg_log, "database_connection_lost", LOG_STR("lane", lane->name),
			 LOG_STR("reason", reason), LOG_INT("batches", (int64_t)conn->jobs));
	if (reason && !was_ready)
		pg_lane_not_connected(lane, reason);
	while ((segment = conn->segments.head ? conn->segments.head->data : NULL)) {
		bool certain = is_certain(conn, segment, first);

		first = false;
		list_remove(&segment->node);
		segment->certain = certain;
		list_append(&lost, &segment->node, segment);
	}
	pg_target_forget(conn);
	conn_unwatch(conn);
	PQfinish(conn->handle);
	conn->handle = NULL;
	cache_clear(conn);
	conn->jobs = 0;
	conn->state = PG_CONN_OFF;
	/* From the last to the first: each goes back to the front of the queue. */
	while (lost.tail) {
		segment = lost.tail->data;
		list_remove(&segment->node);
		if (segment->type == PG_SEGMENT_JOBS)
			pg_lane_lost(lane, segment);
		mem_unref(segment);
	}
}
