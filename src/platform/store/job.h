/* Table job: work to do. state: ready (run_at: when), running (run_at: end of the lease), done,
 * dead. */
#pragma once

#include "platform/store/batch.h"

#include <stdbool.h>

struct store_job {
	const char *id;
	const char *tenant_id;
	const char *kind;
	const char *call_id;
	const char *unique_key;
	const char *payload; /* JSON text */
	int64_t max_attempts;
	int64_t now;
	int64_t run_at;
	const char *traceparent; /* of what adds it; may be NULL */
};

/* may_exist: a taken unique key adds nothing; otherwise it is -EEXIST. */
void store_job_insert(struct batch *batch, const struct store_job *job, bool may_exist);

/*
 * Take up to limit due jobs of the kind, those of owners whose lease has passed among them, of all
 * tenants. Rows: id, tenant_id, kind, call_id, payload, attempt (this one counted), max_attempts,
 * traceparent.
 */
void store_job_claim(struct batch *batch, const char *kind, const char *owner, int64_t now,
		     int64_t lease_until, int64_t limit);

void store_job_renew(struct batch *batch, const char *id, const char *owner, int64_t lease_until);

/*
 * Changes no row when the owner has lost the job. state: "done", "ready" or "dead"; untried: the
 * attempt does not count.
 */
void store_job_settle(struct batch *batch, const char *id, const char *owner, const char *state,
		      bool untried, int64_t run_at, const char *last_error, int64_t now);

/* Everything the owner runs is ready again, as if it had not been tried. */
void store_job_give_back(struct batch *batch, const char *owner, int64_t now);

/* Changes one row, or none when the job is unknown or not dead. */
void store_job_replay(struct batch *batch, const char *tenant_id, const char *id, int64_t now);

/* The same for all dead ones of the kind. */
void store_job_replay_kind(struct batch *batch, const char *tenant_id, const char *kind,
			   int64_t now);

enum store_job_state { STORE_JOB_DEAD, STORE_JOB_READY, STORE_JOB_RUNNING };
struct store_job_filter {
	const char *tenant_id;
	enum store_job_state state;
	const char *kind;      /* NULL: any */
	const char *before_id; /* the last of the page before; NULL: the first page */
	int64_t limit;
};
/*
 * Newest first: id, kind, call_id, payload, state, attempt, run_at, last_error, created_at,
 * updated_at.
 */
void store_job_list(struct batch *batch, const struct store_job_filter *filter);

/* One row: when the first of the jobs that wait or run is due (or NULL). */
void store_job_next(struct batch *batch);

/* One row: the number of jobs that wait or run. Passes over all of them. */
void store_job_count(struct batch *batch);

/*
 * Of all tenants, a row for each kind and state of the jobs that wait or run: kind, state, number,
 * when the first is due, when the first was last claimed or settled.
 */
void store_job_figures(struct batch *batch);
/* One row: the number of dead jobs, of all tenants. */
void store_job_count_dead(struct batch *batch);

void store_job_delete_done_before(struct batch *batch, int64_t at);
