#include "platform/store/job.h"

#define INSERT                                                                                 \
	"INSERT INTO job (id, tenant_id, kind, call_id, unique_key, payload, state, attempt, " \
	"max_attempts, run_at, created_at, updated_at, traceparent) "                          \
	"VALUES ($1, $2, $3, $4, $5, $6, 'ready', 0, $7, $8, $9, $10, $11)"

void store_job_insert(struct batch *batch, const struct store_job *job, bool may_exist)
{
	BATCH_ADD(batch,
		  may_exist ? INSERT " ON CONFLICT (tenant_id, unique_key) DO NOTHING" : INSERT,
		  may_exist ? DB_ANY_ROWS : 1, db_text(job->id), db_text(job->tenant_id),
		  db_text(job->kind), db_text(job->call_id), db_text(job->unique_key),
		  db_text(job->payload), db_int(job->max_attempts), db_int(job->run_at),
		  db_int(job->now), db_int(job->now), db_text(job->traceparent));
}

void store_job_claim(struct batch *batch, const char *kind, const char *owner, int64_t now,
		     int64_t lease_until, int64_t limit)
{
	BATCH_ADD(batch,
		  "UPDATE job SET state = 'running', owner = $1, attempt = attempt + 1, "
		  "run_at = $2, updated_at = $3 WHERE id IN (SELECT id FROM job "
		  "WHERE state IN ('ready', 'running') AND run_at <= $4 AND kind = $5 "
		  "ORDER BY run_at LIMIT $6 /*pg FOR UPDATE SKIP LOCKED */) "
		  "RETURNING id, tenant_id, kind, call_id, payload, attempt, max_attempts, "
		  "traceparent",
		  DB_ANY_ROWS, db_text(owner), db_int(lease_until), db_int(now), db_int(now),
		  db_text(kind), db_int(limit));
}

void store_job_renew(struct batch *batch, const char *id, const char *owner, int64_t lease_until)
{
	BATCH_ADD(batch,
		  "UPDATE job SET run_at = $1 WHERE id = $2 AND owner = $3 AND state = 'running'",
		  DB_ANY_ROWS, db_int(lease_until), db_text(id), db_text(owner));
}

void store_job_settle(struct batch *batch, const char *id, const char *owner, const char *state,
		      bool untried, int64_t run_at, const char *last_error, int64_t now)
{
	BATCH_ADD(batch,
		  "UPDATE job SET state = $1, owner = NULL, attempt = attempt - $2, run_at = $3, "
		  "last_error = $4, updated_at = $5 "
		  "WHERE id = $6 AND owner = $7 AND state = 'running'",
		  DB_ANY_ROWS, db_text(state), db_int(untried), db_int(run_at), db_text(last_error),
		  db_int(now), db_text(id), db_text(owner));
}

void store_job_give_back(struct batch *batch, const char *owner, int64_t now)
{
	BATCH_ADD(batch,
		  "UPDATE job SET state = 'ready', owner = NULL, attempt = attempt - 1, "
		  "run_at = $1, updated_at = $2 WHERE owner = $3 AND state = 'running'",
		  DB_ANY_ROWS, db_int(now), db_int(now), db_text(owner));
}

void store_job_replay(struct batch *batch, const char *tenant_id, const char *id, int64_t now)
{
	BATCH_ADD(batch,
		  "UPDATE job SET state = 'ready', attempt = 0, run_at = $1, updated_at = $2 "
		  "WHERE tenant_id = $3 AND id = $4 AND state = 'dead'",
		  1, db_int(now), db_int(now), db_text(tenant_id), db_text(id));
}

void store_job_replay_kind(struct batch *batch, const char *tenant_id, const char *kind,
			   int64_t now)
{
	BATCH_ADD(batch,
		  "UPDATE job SET state = 'ready', attempt = 0, run_at = $1, updated_at = $2 "
		  "WHERE tenant_id = $3 AND kind = $4 AND state = 'dead'",
		  DB_ANY_ROWS, db_int(now), db_int(now), db_text(tenant_id), db_text(kind));
}

/* The state is part of the text, so that the indexes of those that are dead, or due, serve. */
#define LIST(state_)                                                                          \
	"SELECT id, kind, call_id, payload, state, attempt, run_at, last_error, created_at, " \
	"updated_at FROM job WHERE tenant_id = $1 AND state = '" state_                       \
	"' AND kind = coalesce(CAST($2 AS TEXT), kind) AND id < $3 ORDER BY id DESC LIMIT $4"

void store_job_list(struct batch *batch, const struct store_job_filter *filter)
{
	static const char *const sql[] = {[STORE_JOB_DEAD] = LIST("dead"),
					  [STORE_JOB_READY] = LIST("ready"),
					  [STORE_JOB_RUNNING] = LIST("running")};

	BATCH_ADD(batch, sql[filter->state], DB_ANY_ROWS, db_text(filter->tenant_id),
		  db_text(filter->kind), db_text(filter->before_id ? filter->before_id : "g"),
		  db_int(filter->limit));
}

void store_job_next(struct batch *batch)
{
	batch_add(batch, "SELECT min(run_at) FROM job WHERE state IN ('ready', 'running')",
		  DB_ANY_ROWS, NULL, 0);
}

void store_job_count(struct batch *batch)
{
	batch_add(batch, "SELECT count(*) FROM job WHERE state IN ('ready', 'running')",
		  DB_ANY_ROWS, NULL, 0);
}

void store_job_figures(struct batch *batch)
{
	batch_add(batch,
		  "SELECT kind, state, count(*), min(run_at), min(updated_at) FROM job "
		  "WHERE state IN ('ready', 'running') GROUP BY kind, state",
		  DB_ANY_ROWS, NULL, 0);
}

void store_job_count_dead(struct batch *batch)
{
	batch_add(batch, "SELECT count(*) FROM job WHERE state = 'dead'", 1, NULL, 0);
}

void store_job_delete_done_before(struct batch *batch, int64_t at)
{
	BATCH_ADD(batch, "DELETE FROM job WHERE state = 'done' AND updated_at < $1", DB_ANY_ROWS,
		  db_int(at));
}
