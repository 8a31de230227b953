/*
 * Work to be done later, as rows: they survive the process. A row is claimed with a lease, run by
 * the handler of its kind, and ends done, or is tried again with exponential back-off and jitter,
 * or is parked as dead after the last try (job_queue_replay() brings it back). A process that dies
 * loses its leases, and another takes its jobs when they pass: a handler must bear being run twice.
 */
#pragma once

#include "core/json.h"
#include "core/log.h"

#include <stddef.h>
#include <stdint.h>

struct batch;
struct db;
struct job_queue;
struct loop;
struct principal;

/* A claimed job, owned by the queue until job_done(). */
struct job {
	char *id;
	char *tenant_id;
	char *kind;
	char *call_id;   /* NULL when about no call */
	json_t *payload; /* an object; {} when none */
	int64_t attempt; /* 1 for the first */
	int64_t max_attempts;
	struct log log; /* knows the call */
};

/*
 * Do the job. Finish with job_done(), now or later; the lease is renewed until then, at most for
 * max_run_ms, after which the job is taken for failed and job_done() does nothing any more.
 */
typedef void job_run_h(struct job *job, void *arg);

struct job_kind {
	const char *kind; /* static */
	job_run_h *runh;
	void *arg;
	uint32_t max_attempts;   /* 1..100; 0 means 8 */
	uint32_t concurrency;    /* of this kind in this process; 0 means 4 */
	uint32_t first_retry_ms; /* doubles each time, +-25 %, at most an hour; 0 means 1000 */
	uint32_t max_run_ms;     /* 0 means 120000 */
};

struct job_params {
	const char *tenant_id;
	const char *kind;
	const char *call_id;    /* or NULL */
	const char *unique_key; /* or NULL: at most one unfinished or finished job has it */
	const json_t *payload;  /* object or NULL */
	uint32_t delay_ms;
	uint32_t max_attempts;      /* 0: the kind's, else 8 */
	const struct principal *by; /* who asks for it, for audit_log; or NULL */
};

/*
 * Owned by the caller; mem_unref() gives leases back so that others can go on at once, and frees
 * the jobs: release whatever is running them before, no job_done() may follow. loop and db outlive
 * it.
 */
struct job_queue *job_queue_new(struct loop *loop, struct db *db);

/* Before job_queue_start(). Kinds nobody handles stay where they are. */
void job_queue_handle(struct job_queue *queue, const struct job_kind *kind);
void job_queue_start(struct job_queue *queue);

/*
 * Take no more jobs (for a clean stop); those running may finish. job_queue_running() counts them.
 */
void job_queue_stop(struct job_queue *queue);
size_t job_queue_running(const struct job_queue *queue);

/*
 * err: 0; -EEXIST (unique_key is taken: nothing was added); db errors. id is valid during the
 * handler. doneh may be NULL.
 */
typedef void job_enqueued_h(int err, const char *id, void *arg);
void job_enqueue(struct job_queue *queue, const struct job_params *params, job_enqueued_h *doneh,
		 void *arg);

/*
 * Add the insertion to somebody's transaction instead; a taken unique_key adds nothing and is no
 * error. Call job_queue_wake() after the commit.
 */
void job_add(struct batch *batch, const struct job_params *params);
void job_queue_wake(struct job_queue *queue);

/*
 * The job is over. err 0: done. -ECANCELED: it will never work, park it at once. Anything else: try
 * again later, after retry_after_ms at least when that is not 0. detail (may be NULL) is kept as
 * last_error.
 */
void job_done(struct job *job, int err, const char *detail);
void job_retry_after(struct job *job, uint32_t retry_after_ms, const char *detail);

/* It could not begin: run it again in delay_ms, as if it had not been tried. */
void job_postpone(struct job *job, uint32_t delay_ms, const char *detail);

/* Bring a dead job back, with all its tries. err: 0 or -ENOENT (unknown, or not dead). */
typedef void job_replayed_h(int err, void *arg);
void job_queue_replay(struct job_queue *queue, const char *tenant_id, const char *id,
		      job_replayed_h *doneh, void *arg);
