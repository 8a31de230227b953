#include "platform/store/job.h"

#define INSERT                                                                                 \
	"INSERT INTO job (id, tenant_id, kind, call_id, unique_key, payload, state, attempt, " \
	"max_attempts, run_at, created_at, updated_at) "                                       \
	"VALUES ($1, $2, $3, $4, $5, $6, 'ready', 0, $7, $8, $9, $10)"

void store_job_insert(struct batch *batch, const struct store_job *job, bool may_exist)
{
	BATCH_ADD(batch,
		  may_exist ? INSERT " ON CONFLICT (tenant_id, unique_key) DO NOTHING" : INSERT,
		  may_exist ? DB_ANY_ROWS : 1, db_text(job->id), db_text(job->tenant_id),
		  db_text(job->kind), db_text(job->call_id), db_text(job->unique_key),
		  db_text(job->payload), db_int(job->max_attempts), db_int(job->run_at),
		  db_int(job->now), db_int(job->now));
}

void store_job_claim(struct batch *batch, const char *kind, const char *owner, int64_t now,
		     int64_t lease_until, int64_t limit)
{
	BATCH_ADD(batch,
		  "UPDATE job SET state = 'running', owner = $1, attempt = attempt + 1, "
		  "run_at = $2, updated_at = $3 WHERE id IN (SELECT id FROM job "
		  "WHERE state IN ('ready', 'running') AND run_at <= $4 AND kind = $5 "
		  "ORDER BY run_at LIMIT $6) "
		  "RETURNING id, tenant_id, kind, call_id, payload, attempt, max_attempts",
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
		      int64_t run_at, const char *last_error, int64_t now)
{
	BATCH_ADD(batch,
		  "UPDATE job SET state = $1, owner = NULL, run_at = $2, "
		  "last_error = $3, updated_at = $4 "
		  "WHERE id = $5 AND owner = $6 AND state = 'running'",
		  DB_ANY_ROWS, db_text(state), db_int(run_at), db_text(last_error), db_int(now),
		  db_text(id), db_text(owner));
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

void store_job_delete_done_before(struct batch *batch, int64_t at)
{
	BATCH_ADD(batch, "DELETE FROM job WHERE state = 'done' AND updated_at < $1", DB_ANY_ROWS,
		  db_int(at));
}
