/*
 * Between a batch and its driver: texts are sealed before it is run, and opened before its handler.
 * A key that is not there is fetched meanwhile. Finished batches keep their order: while one waits
 * for a key, those after it wait too, all but the vault's own.
 */
#include "db/db_secrecy.h"

#include "core/mem.h"

#include <errno.h>
#include <string.h>

struct db_value db_sealed(const char *tenant_id, const char *context, const char *value)
{
	struct db_value sealed = db_text(value);

	if (!value)
		return sealed;
	sealed.secrecy = DB_SEALED;
	sealed.tenant_id = tenant_id;
	sealed.context = context;
	return sealed;
}

struct db_value db_hashed(const char *tenant_id, const char *value)
{
	struct db_value hashed = db_text(value);

	if (!value)
		return hashed;
	hashed.secrecy = DB_HASHED;
	hashed.tenant_id = tenant_id;
	hashed.context = "";
	return hashed;
}

void db_set_vault(struct db *db, const struct db_vault *vault, void *arg)
{
	db->vault = vault;
	db->vault_arg = arg;
}

/* ---- before a batch is run ---- */

/* Where the value's stored form begins is kept in its integer until the buffer has stopped moving.
 */
static int seal_value(struct db *db, struct db_job *job, struct db_value *value)
{
	value->integer = (int64_t)job->sealed.len;
	return db->vault->sealh(db->vault_arg, value, &job->sealed);
}

static void take_sealed(struct db_job *job, struct db_value *value)
{
	value->data = job->sealed.data + value->integer;
	value->len = strlen(value->data);
	value->secrecy = DB_PLAIN;
}

typedef int value_h(struct db *db, struct db_job *job, struct db_value *value);

static int each_secret(struct db *db, struct db_job *job, value_h *valueh)
{
	for (size_t i = 0; i < job->count; i++) {
		struct db_value *params = (struct db_value *)job->statements[i].params;

		for (size_t j = 0; j < job->statements[i].param_count; j++) {
			int err = params[j].secrecy == DB_PLAIN ? 0 : valueh(db, job, &params[j]);

			if (err)
				return err;
		}
	}
	return 0;
}

static int seal_one(struct db *db, struct db_job *job, struct db_value *value)
{
	int err = seal_value(db, job, value);

	if (err == -ENOKEY && !job->fetched) {
		job->fetched = true;
		list_append(&db->unsealed, &job->node, job);
		db->vault->fetchh(db->vault_arg, value->tenant_id);
		return -EINPROGRESS;
	}
	buf_append_char(&job->sealed, '\0');
	return err ? -EACCES : 0;
}

static int take_one(struct db *db, struct db_job *job, struct db_value *value)
{
	take_sealed(job, value);
	return 0;
}

void db_secrecy_run(struct db *db, struct db_job *job)
{
	int err = 0;

	if (db->vault) {
		buf_clear(&job->sealed);
		err = each_secret(db, job, seal_one);
	}
	if (err == -EINPROGRESS)
		return;
	if (err) {
		job->err = err;
		db_job_complete(job);
		return;
	}
	if (db->vault)
		each_secret(db, job, take_one);
	job->runh(db, job);
}

/* ---- before its handler ---- */

static bool is_sealed(const struct db_result *result, const struct db_cell *cell)
{
	size_t len = strlen(DB_SEALED_PREFIX);

	return cell->type == DB_TEXT && cell->len > len &&
	       !memcmp(result->data.data + cell->offset, DB_SEALED_PREFIX, len);
}

/* Plaintext is shorter than what it was sealed as, so it fits where that was. */
static int open_cell(struct db *db, struct db_result *result, struct db_cell *cell, bool fetched)
{
	struct buf auto_buf plain = {0};
	char *text = result->data.data + cell->offset;
	int err = db->vault->openh(db->vault_arg, text, cell->len, &plain);

	if (err == -ENOKEY && !fetched)
		return err;
	if (err || plain.len > cell->len)
		return 0;
	memcpy(text, buf_str(&plain), plain.len + 1);
	cell->len = (uint32_t)plain.len;
	return 0;
}

static int open_result(struct db *db, struct db_result *result, bool fetched)
{
	for (size_t i = 0; i < result->cell_count; i++) {
		int err = is_sealed(result, &result->cells[i])
				  ? open_cell(db, result, &result->cells[i], fetched)
				  : 0;

		if (err)
			return err;
	}
	return 0;
}

static int open_results(struct db *db, struct db_job *job)
{
	for (size_t i = 0; !job->err && job->results && i < job->count; i++) {
		int err = job->statements[i].raw || !job->results[i]
				  ? 0
				  : open_result(db, job->results[i], job->fetched);

		if (err)
			return err;
	}
	return 0;
}

static bool is_raw(const struct db_job *job)
{
	for (size_t i = 0; i < job->count; i++)
		if (!job->statements[i].raw)
			return false;
	return job->count > 0;
}

bool db_secrecy_open(struct db *db, struct db_job *job)
{
	if (!db->vault || is_raw(job))
		return true;
	if (db->held.len) {
		list_append(&db->held, &job->node, job);
		return false;
	}
	job->fetched = false;
	if (!open_results(db, job))
		return true;
	list_append(&db->held, &job->node, job);
	db->vault->fetchh(db->vault_arg, NULL);
	return false;
}

struct db_job *db_secrecy_next(struct db *db, bool first, int err)
{
	struct db_job *job = db->held.head ? db->held.head->data : NULL;

	if (!job)
		return NULL;
	job->fetched = first && !err;
	if (open_results(db, job)) {
		if (!first || !err) {
			db->vault->fetchh(db->vault_arg, NULL);
			return NULL;
		}
		/* Ciphertext is not an answer. */
		job->err = err;
	}
	return list_pop(&db->held);
}

/* None is put back: a key that is still missing fails its batch. */
void db_secrecy_retry(struct db *db)
{
	for (size_t left = db->unsealed.len; left > 0; left--)
		db_secrecy_run(db, list_pop(&db->unsealed));
}

void db_secrecy_clear(struct db *db)
{
	struct db_job *job;

	while ((job = list_pop(&db->unsealed)))
		mem_unref(job);
	while ((job = list_pop(&db->held)))
		mem_unref(job);
}
