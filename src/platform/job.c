#include "platform/job.h"

#include "core/clock.h"
#include "core/digest.h"
#include "core/list.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "core/trace.h"
#include "core/uuid.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "platform/audit.h"
#include "platform/store/batch.h"
#include "platform/store/job.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_KINDS = 32,
	POLL_MS = 1000,
	COUNT_MS = 1000,
	/* What a dead process held is free again after this. */
	LEASE_MS = 10000,
	RENEW_MS = 2500,
	DEFAULT_ATTEMPTS = 8,
	DEFAULT_CONCURRENCY = 4,
	DEFAULT_RETRY_MS = 1000,
	DEFAULT_RUN_MS = 120000,
	MAX_RETRY_MS = 3600 * 1000,
	SETTLE_TRIES = 5,
	MAX_DETAIL = 500,
};

struct job_kind_state {
	struct job_kind kind;
	size_t running;
};

struct job_queue {
	struct loop *loop;
	struct db *db;
	struct log log;
	char owner[UUID_SIZE];
	struct job_kind_state kinds[MAX_KINDS];
	size_t kind_count;
	struct timer *poll_timer;
	uint64_t poll_at_ms; /* on the loop's clock */
	struct timer *renew_timer;
	struct db_request *claim; /* under way */
	size_t claim_kinds;       /* statements in it that claim; those that look follow */
	bool claim_again;
	bool claim_counts;
	uint64_t counted_at_ms; /* when METRIC_JOB_QUEUE was asked for */
	bool started;
	struct list jobs;  /* running, and settled ones whose job_done() is still to come */
	struct list calls; /* enqueue, replay, settle under way */
};

/* A job in this process. */
struct running {
	struct job job;     /* first: handlers see only this */
	int64_t started_us; /* on the monotonic clock */
	struct list_node node;
	struct job_queue *queue;
	struct job_kind_state *kind; /* NULL once it no longer counts as running */
	struct timer *limit;
	struct span *span;
};

/* A request to the database on behalf of somebody. */
struct job_call {
	struct list_node node;
	struct job_queue *queue;
	struct db_request *request;
	char id[UUID_SIZE];
	job_enqueued_h *enqueuedh;
	job_replayed_h *replayedh;
	void *arg;
	/* settling */
	const char *state;
	bool untried;
	int64_t run_at;
	char *detail;
	int tries;
	struct timer *retry;
};

static void queue_poll(struct job_queue *queue, uint64_t delay_ms);

/* ---- calls ---- */

static void job_call_destroy(void *data)
{
	struct job_call *call = data;

	list_remove(&call->node);
	mem_unref(call->request);
	mem_unref(call->retry);
	mem_free(call->detail);
}

static struct job_call *job_call_new(struct job_queue *queue)
{
	struct job_call *call = mem_new(sizeof(*call), job_call_destroy);

	call->queue = queue;
	list_append(&queue->calls, &call->node, call);
	return call;
}

/* ---- enqueue ---- */

static void insert(struct batch *batch, const struct job_params *params, const char *id,
		   int64_t max_attempts, bool may_exist)
{
	int64_t now = clock_wall_us();
	char traceparent[TRACEPARENT_SIZE];
	struct store_job row = {
		.id = id,
		.tenant_id = params->tenant_id,
		.kind = params->kind,
		.call_id = params->call_id,
		.unique_key = params->unique_key,
		.payload = params->payload ? batch_own(batch, json_text(params->payload)) : "{}",
		.max_attempts = max_attempts,
		.now = now,
		.run_at = now + (int64_t)params->delay_ms * 1000,
	};

	if (trace_current_parent(traceparent))
		row.traceparent = batch_own(batch, mem_strdup(traceparent));
	store_job_insert(batch, &row, may_exist);
}

void job_add(struct batch *batch, const struct job_params *params)
{
	char *id = mem_alloc(UUID_SIZE);

	uuid_new(id);
	insert(batch, params, batch_own(batch, id), params->max_attempts, true);
}

static void on_enqueued(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct job_call *call = arg;

	list_remove(&call->node);
	if (!err)
		queue_poll(call->queue, (uint64_t)call->run_at);
	if (call->enqueuedh)
		call->enqueuedh(err, call->id, call->arg);
	mem_unref(call);
}

static void audit(struct batch *batch, const struct job_params *params, const char *id)
{
	auto_json json_t *detail = json_object();
	auto_free char *text = NULL;

	json_set_str(detail, "kind", params->kind);
	json_set_str(detail, "call_id", params->call_id);
	text = json_text(detail);
	audit_add(batch, params->by, "job.enqueue", "job", id, text);
}

void job_enqueue(struct job_queue *queue, const struct job_params *params, job_enqueued_h *doneh,
		 void *arg)
{
	struct job_call *call = job_call_new(queue);
	struct batch batch auto_batch = {0};

	uuid_new(call->id);
	call->enqueuedh = doneh;
	call->arg = arg;
	call->run_at = params->delay_ms;
	insert(&batch, params, call->id, params->max_attempts, false);
	if (params->by)
		audit(&batch, params, call->id);
	batch_run(&batch, &call->request, queue->db, on_enqueued, call);
}

/* ---- settle ---- */

static void settle_run(struct job_call *call);

static void on_settle_retry(void *arg)
{
	settle_run(arg);
}

/* Given up, the lease passes and the job is run again: handlers bear that. */
static void on_settled(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct job_call *call = arg;

	call->request = mem_unref(call->request);
	if (err && ++call->tries < SETTLE_TRIES) {
		if (!call->retry)
			call->retry = timer_new(call->queue->loop, on_settle_retry, call);
		timer_start(call->retry, 500u << call->tries);
		return;
	}
	if (err)
		LOG_ERROR(&call->queue->log, "job_not_settled", LOG_STR("job_id", call->id),
			  LOG_ERR(err));
	mem_unref(call);
}

static void settle_run(struct job_call *call)
{
	struct batch batch auto_batch = {0};

	store_job_settle(&batch, call->id, call->queue->owner, call->state, call->untried,
			 call->run_at, call->detail, clock_wall_us());
	batch_run(&batch, &call->request, call->queue->db, on_settled, call);
}

static int64_t attempts_of(const struct running *run)
{
	return run->job.max_attempts;
}

/* Doubling from the kind's first delay, an hour at most, a quarter more or less at random. */
static uint64_t backoff_ms(const struct running *run)
{
	uint64_t delay =
		run->kind->kind.first_retry_ms ? run->kind->kind.first_retry_ms : DEFAULT_RETRY_MS;

	for (int64_t i = 1; i < run->job.attempt && delay < MAX_RETRY_MS; i++)
		delay *= 2;
	if (delay > MAX_RETRY_MS)
		delay = MAX_RETRY_MS;
	return delay - delay / 4 + random_u64() % (delay / 2 + 1);
}

/* A job that is given up waits for somebody who looks at it; one that is tried again does not. */
static void report(struct running *run, const char *outcome, int err, const char *detail)
{
	const enum log_level level =
		str_equal(outcome, "dead") ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING;
	char labels[96];

	snprintf(labels, sizeof(labels), "%s,%s", run->job.kind, outcome);
	metric_add(METRIC_JOB_TOTAL, labels, 1);
	metric_observe(METRIC_JOB_DURATION, run->job.kind,
		       (double)(clock_mono_us() - run->started_us) / 1e6);
	if (err)
		LOG_AT(&run->job.log, level, "job_failed", LOG_STR("job_id", run->job.id),
		       LOG_STR("kind", run->job.kind), LOG_STR("outcome", outcome),
		       LOG_INT("attempt", run->job.attempt), LOG_ERR(err),
		       LOG_STR("detail", detail));
	else
		LOG_INFO(&run->job.log, "job_done", LOG_STR("job_id", run->job.id),
			 LOG_STR("kind", run->job.kind), LOG_INT("attempt", run->job.attempt));
}

/* No longer running; it is due again in delay_ms, if at all. */
static void conclude(struct running *run, struct job_call *call, uint64_t delay_ms)
{
	run->span = span_end(run->span);
	run->kind->running--;
	run->kind = NULL;
	run->limit = mem_unref(run->limit);
	settle_run(call);
	queue_poll(run->queue, delay_ms);
}

static void settle(struct running *run, int err, uint64_t retry_after_ms, const char *detail)
{
	struct job_call *call = job_call_new(run->queue);
	uint64_t delay_ms = 0;

	str_copy(call->id, sizeof(call->id), run->job.id);
	if (!err) {
		call->state = "done";
	} else if (err == -ECANCELED || run->job.attempt >= attempts_of(run)) {
		call->state = "dead";
	} else {
		call->state = "ready";
		delay_ms = backoff_ms(run);
		if (delay_ms < retry_after_ms)
			delay_ms = retry_after_ms;
	}
	call->run_at = clock_wall_us() + (int64_t)delay_ms * 1000;
	if (err)
		call->detail = mem_strndup(detail ? detail : strerror(-err), MAX_DETAIL);
	report(run, err && delay_ms ? "retried" : call->state, err, call->detail);
	if (err)
		span_fail(run->span, strerror(-err));
	conclude(run, call, delay_ms);
}

static void running_destroy(void *data)
{
	struct running *run = data;

	list_remove(&run->node);
	if (run->kind)
		run->kind->running--;
	mem_unref(run->limit);
	mem_unref(run->span);
	mem_free(run->job.id);
	mem_free(run->job.tenant_id);
	mem_free(run->job.kind);
	mem_free(run->job.call_id);
	json_decref(run->job.payload);
}

static void finish(struct job *job, int err, uint32_t retry_after_ms, const char *detail)
{
	struct running *run = (struct running *)job;

	if (run->kind)
		settle(run, err, retry_after_ms, detail);
	mem_unref(run);
}

void job_done(struct job *job, int err, const char *detail)
{
	finish(job, err, 0, detail);
}

void job_retry_after(struct job *job, uint32_t retry_after_ms, const char *detail)
{
	finish(job, -EAGAIN, retry_after_ms, detail);
}

void job_postpone(struct job *job, uint32_t delay_ms, const char *detail)
{
	struct running *run = (struct running *)job;
	struct job_call *call;

	if (run->kind) {
		call = job_call_new(run->queue);
		str_copy(call->id, sizeof(call->id), job->id);
		call->state = "ready";
		call->untried = true;
		call->run_at = clock_wall_us() + (int64_t)delay_ms * 1000;
		call->detail = mem_strndup(detail ? detail : "", MAX_DETAIL);
		LOG_DEBUG(&job->log, "job_postponed", LOG_STR("job_id", job->id),
			  LOG_STR("kind", job->kind), LOG_STR("detail", detail));
		conclude(run, call, delay_ms);
	}
	mem_unref(run);
}

static void on_limit(void *arg)
{
	settle(arg, -ETIMEDOUT, 0, "the job ran longer than it may");
}

/* ---- claim and run ---- */

static char *row_text(const struct db_result *result, size_t row, size_t column)
{
	return mem_strdup(db_get_text(result, row, column));
}

/* The trace of what added the job goes on, hours later too. */
static void begin_span(struct running *run, const char *traceparent)
{
	struct trace_context parent;
	bool known = !traceparent_parse(&parent, traceparent);
	char name[64];

	snprintf(name, sizeof(name), "job %s", run->job.kind);
	run->span = span_root(name, SPAN_CONSUMER, known ? &parent : NULL, false);
	span_str(run->span, "voiceai.job.id", run->job.id);
	span_str(run->span, "voiceai.job.kind", run->job.kind);
	span_str(run->span, "voiceai.call.id", run->job.call_id);
	span_int(run->span, "voiceai.job.attempt", run->job.attempt);
}

static struct running *running_new(struct job_queue *queue, struct job_kind_state *kind,
				   const struct db_result *result, size_t row)
{
	struct running *run = mem_new(sizeof(*run), running_destroy);
	const char *payload = db_get_text(result, row, 4);
	uint32_t max_run_ms = kind->kind.max_run_ms ? kind->kind.max_run_ms : DEFAULT_RUN_MS;

	run->queue = queue;
	run->started_us = clock_mono_us();
	run->kind = kind;
	kind->running++;
	run->job.id = row_text(result, row, 0);
	run->job.tenant_id = row_text(result, row, 1);
	run->job.kind = row_text(result, row, 2);
	run->job.call_id = row_text(result, row, 3);
	if (!payload || json_parse(&run->job.payload, payload, strlen(payload), NULL))
		run->job.payload = json_object();
	run->job.attempt = db_get_int(result, row, 5);
	/* Handlers decide by it what their last try does, so it is the number in force. */
	run->job.max_attempts = db_get_int(result, row, 6);
	if (!run->job.max_attempts)
		run->job.max_attempts = kind->kind.max_attempts;
	if (!run->job.max_attempts)
		run->job.max_attempts = DEFAULT_ATTEMPTS;
	begin_span(run, db_get_text(result, row, 7));
	log_init(&run->job.log, "job", run->job.call_id ? run->job.call_id : "");
	run->limit = timer_new(queue->loop, on_limit, run);
	timer_start(run->limit, max_run_ms);
	list_append(&queue->jobs, &run->node, run);
	return run;
}

/* Its last tries ended with the process, not with job_done(): it may be what kills us. */
static bool is_exhausted(const struct running *run)
{
	return run->job.attempt > attempts_of(run);
}

static void run_row(struct job_queue *queue, struct job_kind_state *kind,
		    const struct db_result *result, size_t row)
{
	struct running *run = running_new(queue, kind, result, row);
	struct span *span = mem_ref(run->span);
	struct span *before = span_enter(span);

	if (is_exhausted(run))
		finish(&run->job, -ECANCELED, 0, "the process died in every try");
	else
		kind->kind.runh(&run->job, kind->kind.arg);
	span_leave(before);
	mem_unref(span);
}

static struct job_kind_state *find_kind(struct job_queue *queue, const char *name)
{
	for (size_t i = 0; i < queue->kind_count; i++)
		if (str_equal(queue->kinds[i].kind.kind, name))
			return &queue->kinds[i];
	return NULL;
}

static size_t free_slots(const struct job_kind_state *kind)
{
	size_t max = kind->kind.concurrency ? kind->kind.concurrency : DEFAULT_CONCURRENCY;

	return kind->running < max ? max - kind->running : 0;
}

static void run_rows(struct job_queue *queue, struct db_result *const *results, size_t kinds)
{
	for (size_t i = 0; i < kinds; i++) {
		for (size_t row = 0; row < db_rows(results[i]); row++) {
			struct job_kind_state *kind =
				find_kind(queue, db_get_text(results[i], row, 2));

			if (kind)
				run_row(queue, kind, results[i], row);
		}
	}
}

/* Until the next job that waits is due; one that is due already waits for a slot, not for us. */
static uint64_t next_poll_ms(const struct db_result *next)
{
	int64_t left_us = db_get_int(next, 0, 0) - clock_wall_us();

	return left_us > 0 && left_us < POLL_MS * 1000ll ? ((uint64_t)left_us + 999) / 1000
							 : POLL_MS;
}

/*
 * Every job that is due and has a slot was taken: there is nothing more to find before the next is
 * due, a slot is free or somebody wakes us.
 */
static void on_claimed(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct job_queue *queue = mem_ref(arg); /* a job's handler may drop the last other one */
	size_t kinds = queue->claim_kinds;
	bool again = queue->claim_again;
	uint64_t wait_ms = POLL_MS;

	queue->claim = mem_unref(queue->claim);
	queue->claim_again = false;
	if (err) {
		LOG_WARN(&queue->log, "jobs_not_claimed", LOG_ERR(err));
	} else {
		wait_ms = next_poll_ms(results[kinds]);
		if (queue->claim_counts)
			metric_set(METRIC_JOB_QUEUE, "",
				   (double)db_get_int(results[kinds + 1], 0, 0));
		run_rows(queue, results, kinds);
	}
	queue_poll(queue, again ? 0 : wait_ms);
	mem_unref(queue);
}

/* Counting passes over all that wait, so it is not done every time. */
static void add_count(struct job_queue *queue, struct batch *batch)
{
	uint64_t now_ms = loop_now_ms(queue->loop);

	queue->claim_counts = !queue->counted_at_ms || now_ms - queue->counted_at_ms >= COUNT_MS;
	if (!queue->claim_counts)
		return;
	queue->counted_at_ms = now_ms;
	store_job_count(batch);
}

static void claim(void *arg)
{
	struct job_queue *queue = arg;
	int64_t now = clock_wall_us();
	struct batch batch auto_batch = {0};

	queue->poll_at_ms = UINT64_MAX;
	if (!queue->started)
		return;
	if (queue->claim) {
		queue->claim_again = true;
		return;
	}
	for (size_t i = 0; i < queue->kind_count; i++) {
		size_t slots = free_slots(&queue->kinds[i]);

		if (slots)
			store_job_claim(&batch, queue->kinds[i].kind.kind, queue->owner, now,
					now + LEASE_MS * 1000ll, (int64_t)slots);
	}
	queue->claim_kinds = batch.count;
	store_job_next(&batch);
	add_count(queue, &batch);
	batch_run(&batch, &queue->claim, queue->db, on_claimed, queue);
}

/* Look for work in delay_ms, or earlier if that was planned. */
static void queue_poll(struct job_queue *queue, uint64_t delay_ms)
{
	uint64_t at = loop_now_ms(queue->loop) + delay_ms;

	if (!queue->started || at >= queue->poll_at_ms)
		return;
	queue->poll_at_ms = at;
	timer_start(queue->poll_timer, delay_ms);
}

static void renew(void *arg)
{
	struct job_queue *queue = arg;
	int64_t until = clock_wall_us() + LEASE_MS * 1000ll;
	struct batch batch auto_batch = {0};

	LIST_EACH(&queue->jobs, node)
	{
		struct running *run = node->data;

		if (!run->kind)
			continue;
		store_job_renew(&batch, run->job.id, queue->owner, until);
		if (batch.count == DB_MAX_STATEMENTS) {
			batch_run(&batch, NULL, queue->db, NULL, NULL);
			batch_free(&batch);
		}
	}
	if (batch.count)
		batch_run(&batch, NULL, queue->db, NULL, NULL);
	timer_start(queue->renew_timer, RENEW_MS);
}

/* ---- the queue ---- */

static void queue_destroy(void *data)
{
	struct job_queue *queue = data;
	struct batch batch auto_batch = {0};

	store_job_give_back(&batch, queue->owner, clock_wall_us());
	batch_run(&batch, NULL, queue->db, NULL, NULL);
	LIST_EACH(&queue->jobs, node)
	mem_unref(node->data);
	LIST_EACH(&queue->calls, node)
	mem_unref(node->data);
	mem_unref(queue->claim);
	mem_unref(queue->poll_timer);
	mem_unref(queue->renew_timer);
}

struct job_queue *job_queue_new(struct loop *loop, struct db *db)
{
	struct job_queue *queue = mem_new(sizeof(*queue), queue_destroy);

	queue->loop = loop;
	queue->db = db;
	log_init(&queue->log, "job", "");
	uuid_new(queue->owner);
	queue->poll_at_ms = UINT64_MAX;
	queue->poll_timer = timer_new(loop, claim, queue);
	queue->renew_timer = timer_new(loop, renew, queue);
	return queue;
}

void job_queue_handle(struct job_queue *queue, const struct job_kind *kind)
{
	if (queue->started || queue->kind_count == MAX_KINDS)
		abort();
	queue->kinds[queue->kind_count++].kind = *kind;
}

void job_queue_start(struct job_queue *queue)
{
	queue->started = true;
	timer_start(queue->renew_timer, RENEW_MS);
	queue_poll(queue, 0);
}

void job_queue_stop(struct job_queue *queue)
{
	queue->started = false;
	timer_stop(queue->poll_timer);
	queue->poll_at_ms = UINT64_MAX;
}

size_t job_queue_running(const struct job_queue *queue)
{
	size_t running = 0;

	for (size_t i = 0; i < queue->kind_count; i++)
		running += queue->kinds[i].running;
	return running;
}

void job_queue_wake(struct job_queue *queue)
{
	queue_poll(queue, 0);
}

static void on_replayed(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct job_call *call = arg;

	list_remove(&call->node);
	if (!err)
		queue_poll(call->queue, 0);
	if (call->replayedh)
		call->replayedh(err == -EAGAIN ? -ENOENT : err, call->arg);
	mem_unref(call);
}

void job_queue_replay(struct job_queue *queue, const char *tenant_id, const char *id,
		      job_replayed_h *doneh, void *arg)
{
	struct job_call *call = job_call_new(queue);
	struct batch batch auto_batch = {0};

	call->replayedh = doneh;
	call->arg = arg;
	store_job_replay(&batch, tenant_id, id, clock_wall_us());
	batch_run(&batch, &call->request, queue->db, on_replayed, call);
}
