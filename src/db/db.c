#include "db/db.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "core/trace.h"
#include "db/db_priv.h"
#include "db/db_secrecy.h"
#include "loop/loop.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { MAX_PENDING = 4096 };

static const struct db_ops *const drivers[] = {&db_sqlite, &db_postgres};

/*
 * Where finished batches wait for the loop. It outlives the database while a posted delivery is
 * still under way.
 */
struct db_outbox {
	pthread_mutex_t lock;
	struct loop *loop;
	struct db *db; /* NULL once the database is gone; loop thread only */
	struct list done;
	bool posted;
};

struct db_request {
	struct db_job *job; /* NULL once the handler has run */
};

/* ---- values ---- */

struct db_value db_int(int64_t value)
{
	return (struct db_value){.type = DB_INT, .integer = value};
}

struct db_value db_real(double value)
{
	return (struct db_value){.type = DB_REAL, .real = value};
}

struct db_value db_text(const char *value)
{
	if (!value)
		return db_null();
	return (struct db_value){.type = DB_TEXT, .data = value, .len = strlen(value)};
}

struct db_value db_blob(const void *data, size_t len)
{
	return (struct db_value){.type = DB_BLOB, .data = data, .len = len};
}

struct db_value db_null(void)
{
	return (struct db_value){.type = DB_NULL};
}

/* ---- results ---- */

static void result_destroy(void *data)
{
	struct db_result *result = data;

	mem_free(result->cells);
	buf_free(&result->data);
}

struct db_result *db_result_new(size_t columns)
{
	struct db_result *result = mem_new(sizeof(*result), result_destroy);

	result->columns = columns;
	return result;
}

void db_result_reserve(struct db_result *result, size_t rows)
{
	size_t cells = rows * result->columns;

	if (cells <= result->cell_cap || cells > DB_MAX_RESULT_BYTES / sizeof(*result->cells))
		return;
	result->cells = mem_realloc(result->cells, cells * sizeof(*result->cells));
	result->cell_cap = cells;
}

int db_result_add(struct db_result *result, const struct db_value *value)
{
	struct db_cell *cell;
	char *text;

	if (result->data.len + value->len + result->cell_count * sizeof(*cell) >
	    DB_MAX_RESULT_BYTES)
		return -E2BIG;
	if (result->cell_count == result->cell_cap) {
		result->cell_cap = result->cell_cap ? 2 * result->cell_cap : 32;
		result->cells = mem_realloc(result->cells, result->cell_cap * sizeof(*cell));
	}
	cell = &result->cells[result->cell_count++];
	*cell = (struct db_cell){.type = value->type};
	if (value->type == DB_INT) {
		cell->integer = value->integer;
	} else if (value->type == DB_REAL) {
		cell->real = value->real;
	} else if (value->type == DB_TEXT || value->type == DB_BLOB) {
		cell->offset = result->data.len;
		cell->len = (uint32_t)value->len; /* below DB_MAX_RESULT_BYTES */
		text = buf_extend(&result->data, value->len + 1);
		if (value->len)
			memcpy(text, value->data, value->len);
		text[value->len] = '\0';
	}
	return 0;
}

size_t db_rows(const struct db_result *result)
{
	return result->rows;
}

int64_t db_changes(const struct db_result *result)
{
	return result->changes;
}

static const struct db_cell *cell_at(const struct db_result *result, size_t row, size_t column)
{
	static const struct db_cell none = {.type = DB_NULL};

	if (row >= result->rows || column >= result->columns)
		return &none;
	return &result->cells[row * result->columns + column];
}

bool db_is_null(const struct db_result *result, size_t row, size_t column)
{
	return cell_at(result, row, column)->type == DB_NULL;
}

enum db_type db_type_of(const struct db_result *result, size_t row, size_t column)
{
	return cell_at(result, row, column)->type;
}

int64_t db_get_int(const struct db_result *result, size_t row, size_t column)
{
	const struct db_cell *cell = cell_at(result, row, column);

	return cell->type == DB_INT ? cell->integer : 0;
}

double db_get_real(const struct db_result *result, size_t row, size_t column)
{
	const struct db_cell *cell = cell_at(result, row, column);

	if (cell->type == DB_INT)
		return (double)cell->integer;
	return cell->type == DB_REAL ? cell->real : 0.0;
}

const char *db_get_text(const struct db_result *result, size_t row, size_t column)
{
	const struct db_cell *cell = cell_at(result, row, column);

	return cell->type == DB_TEXT ? result->data.data + cell->offset : NULL;
}

const void *db_get_blob(const struct db_result *result, size_t row, size_t column, size_t *ret_len)
{
	const struct db_cell *cell = cell_at(result, row, column);

	if (cell->type != DB_BLOB && cell->type != DB_TEXT)
		return NULL;
	*ret_len = cell->len;
	return result->data.data + cell->offset;
}

/* ---- batches ---- */

void db_job_forget_results(struct db_job *job)
{
	for (size_t i = 0; job->results && i < job->count; i++)
		job->results[i] = mem_unref(job->results[i]);
}

static void job_destroy(void *data)
{
	struct db_job *job = data;

	if (job->request)
		job->request->job = NULL;
	db_job_forget_results(job);
	mem_free(job->results);
	mem_free(job->statements);
	buf_free(&job->sealed);
	mem_unref(job->outbox);
	mem_unref(job->span);
	mem_unref(job->context);
}

static size_t value_bytes(const struct db_value *value)
{
	if (value->secrecy == DB_PLAIN)
		return value->len + 1;
	return value->len + strlen(value->tenant_id) + strlen(value->context) + 3;
}

/* Copy len bytes and a NUL to room and point there instead; returns what is left of the room. */
static char *keep(const char **data, char *room, size_t len)
{
	if (len)
		memcpy(room, *data, len);
	room[len] = '\0';
	*data = room;
	return room + len + 1;
}

/* Statements, parameters and their bytes, each value's with a NUL after them, in one block. */
static struct db_statement *copy_statements(const struct db_statement *statements, size_t count)
{
	size_t params = 0, bytes = 0;
	struct db_statement *copy;
	struct db_value *value;
	char *data;

	for (size_t i = 0; i < count; i++) {
		params += statements[i].param_count;
		for (size_t j = 0; j < statements[i].param_count; j++)
			bytes += value_bytes(&statements[i].params[j]);
	}
	copy = mem_alloc(count * sizeof(*copy) + params * sizeof(*value) + bytes);
	value = (struct db_value *)(copy + count);
	data = (char *)(value + params);
	for (size_t i = 0; i < count; i++) {
		copy[i] = statements[i];
		copy[i].params = value;
		for (size_t j = 0; j < statements[i].param_count; j++, value++) {
			*value = statements[i].params[j];
			if (value->type != DB_TEXT && value->type != DB_BLOB)
				continue;
			data = keep(&value->data, data, value->len);
			if (value->secrecy == DB_PLAIN)
				continue;
			data = keep(&value->tenant_id, data, strlen(value->tenant_id));
			data = keep(&value->context, data, strlen(value->context));
		}
	}
	return copy;
}

static bool is_allowed(const struct db_statement *statements, size_t count)
{
	if (!count || count > DB_MAX_STATEMENTS)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!statements[i].sql || statements[i].param_count > DB_MAX_PARAMS)
			return false;
	return true;
}

static void request_destroy(void *data)
{
	struct db_request *request = data;

	if (!request->job)
		return;
	request->job->request = NULL;
	request->job->doneh = NULL;
}

/* The text of statements has no values in it. */
static void begin_span(struct db_job *job, const struct db *db,
		       const struct db_statement *statements, size_t count)
{
	char name[32];

	job->context = mem_ref(span_current());
	if (!job->context)
		return;
	snprintf(name, sizeof(name), "db %s", job->kind);
	job->span = span_child(name, SPAN_CLIENT);
	span_str(job->span, "db.system.name", db->ops->scheme);
	span_int(job->span, "db.operation.batch.size", (int64_t)count);
	if (count)
		span_str(job->span, "db.query.text", statements[0].sql);
}

static void end_span(struct db_job *job)
{
	if (job->started_us)
		span_int(job->span, "voiceai.db.wait_us", job->started_us - job->queued_us);
	if (job->err)
		span_fail(job->span, strerror(-job->err));
	job->span = span_end(job->span);
}

static void start(struct db_request **ret_request, struct db *db, const char *kind,
		  const struct db_statement *statements, size_t count,
		  void (*run)(struct db *db, struct db_job *job), db_done_h *doneh, void *arg)
{
	struct db_job *job = mem_new(sizeof(*job), job_destroy);

	job->kind = kind;
	job->queued_us = clock_mono_us();
	begin_span(job, db, statements, count);
	job->outbox = mem_ref(db->outbox);
	job->doneh = doneh;
	job->arg = arg;
	if (ret_request) {
		job->request = mem_new(sizeof(*job->request), request_destroy);
		job->request->job = job;
		*ret_request = job->request;
	}
	if (!is_allowed(statements, count))
		job->err = -EINVAL;
	else if (db->pending >= MAX_PENDING)
		job->err = -EBUSY;
	db->pending++;
	metric_add(METRIC_DB_PENDING, "", 1);
	if (job->err) {
		db_job_complete(job);
		return;
	}
	job->count = count;
	job->statements = copy_statements(statements, count);
	job->results = mem_alloc(count * sizeof(struct db_result *));
	job->runh = run;
	db_secrecy_run(db, job);
}

void db_run(struct db_request **ret_request, struct db *db, const struct db_statement *statements,
	    size_t count, db_done_h *doneh, void *arg)
{
	start(ret_request, db, "write", statements, count, db->ops->run, doneh, arg);
}

void db_read(struct db_request **ret_request, struct db *db, const struct db_statement *statements,
	     size_t count, db_done_h *doneh, void *arg)
{
	start(ret_request, db, "read", statements, count, db->ops->read, doneh, arg);
}

void db_lookup(struct db_request **ret_request, struct db *db,
	       const struct db_statement *statements, size_t count, db_done_h *doneh, void *arg)
{
	start(ret_request, db, "lookup", statements, count, db->ops->lookup, doneh, arg);
}

bool db_is_embedded(const struct db *db)
{
	return db->ops->backup != NULL;
}

size_t db_pending(const struct db *db)
{
	return db->pending;
}

bool db_has_replica(const struct db *db)
{
	return db->has_replica;
}

/* ---- delivery ---- */

static void deliver(struct db_job *job)
{
	db_done_h *doneh = job->doneh;
	struct span *before;

	end_span(job);
	if (job->request)
		job->request->job = NULL;
	job->request = NULL;
	before = span_enter(job->context);
	if (doneh)
		doneh(job->err, job->err ? NULL : job->results, job->failed, job->arg);
	span_leave(before);
	mem_unref(job);
}

static struct db_job *outbox_pop(struct db_outbox *outbox)
{
	struct db_job *job;

	pthread_mutex_lock(&outbox->lock);
	job = list_pop(&outbox->done);
	if (!job)
		outbox->posted = false;
	pthread_mutex_unlock(&outbox->lock);
	return job;
}

/* A handler may drop the database, so nothing of it is touched after one. */
static void on_delivery(void *arg)
{
	struct db_outbox *outbox = arg;
	struct db_job *job;

	while ((job = outbox_pop(outbox))) {
		if (!outbox->db) {
			mem_unref(job);
			continue;
		}
		if (!db_secrecy_open(outbox->db, job))
			continue;
		outbox->db->pending--;
		metric_add(METRIC_DB_PENDING, "", -1);
		deliver(job);
	}
	mem_unref(outbox);
}

void db_job_start(struct db_job *job)
{
	job->started_us = clock_mono_us();
	metric_observe(METRIC_DB_WAIT, job->kind, (double)(job->started_us - job->queued_us) / 1e6);
}

/* Some failures are answers: an expectation that was not met, a key that is taken. */
static void count(const struct db_job *job)
{
	if (job->started_us)
		metric_observe(METRIC_DB_DURATION, job->kind,
			       (double)(clock_mono_us() - job->started_us) / 1e6);
	if (job->err && job->err != -EAGAIN && job->err != -EEXIST && job->err != -ENOENT)
		metric_add(METRIC_DB_ERROR, strerrorname_np(-job->err), 1);
}

void db_vault_fetched(struct db *db, int err)
{
	auto_unref struct db_outbox *outbox = mem_ref(db->outbox);
	struct db_job *job;
	bool first = true;

	db_secrecy_retry(db);
	while (outbox->db && (job = db_secrecy_next(outbox->db, first, err))) {
		first = false;
		outbox->db->pending--;
		metric_add(METRIC_DB_PENDING, "", -1);
		deliver(job);
	}
}

void db_job_complete(struct db_job *job)
{
	struct db_outbox *outbox = job->outbox;
	bool post;

	count(job);
	pthread_mutex_lock(&outbox->lock);
	list_append(&outbox->done, &job->node, job);
	post = !outbox->posted;
	if (post) {
		outbox->posted = true;
		mem_ref(outbox);
	}
	pthread_mutex_unlock(&outbox->lock);
	if (post)
		loop_post(outbox->loop, on_delivery, outbox);
}

static void outbox_destroy(void *data)
{
	struct db_outbox *outbox = data;

	pthread_mutex_destroy(&outbox->lock);
}

static void outbox_clear(struct db_outbox *outbox)
{
	struct list left = {0};
	struct db_job *job;

	pthread_mutex_lock(&outbox->lock);
	while ((job = list_pop(&outbox->done)))
		list_append(&left, &job->node, job);
	pthread_mutex_unlock(&outbox->lock);
	while ((job = list_pop(&left)))
		mem_unref(job);
}

/* ---- opening and migrating ---- */

void db_destroy(void *data)
{
	struct db *db = data;

	db->ops->close(db);
	if (!db->outbox)
		return;
	db->outbox->db = NULL;
	db_secrecy_clear(db);
	outbox_clear(db->outbox);
	mem_unref(db->outbox);
	mem_unref(db->loop);
}

static struct db_outbox *outbox_new(struct loop *loop, struct db *db)
{
	struct db_outbox *outbox = mem_new(sizeof(*outbox), outbox_destroy);

	pthread_mutex_init(&outbox->lock, NULL);
	outbox->loop = loop;
	outbox->db = db;
	return outbox;
}

/* The driver of url; ret_path: what follows the scheme. NULL when there is none. */
static const struct db_ops *driver_of(const char *url, const char **ret_path)
{
	for (size_t i = 0; i < ARRAY_LEN(drivers); i++) {
		const char *const schemes[] = {drivers[i]->scheme, drivers[i]->alias};

		for (size_t j = 0; j < ARRAY_LEN(schemes); j++) {
			size_t len = schemes[j] ? strlen(schemes[j]) : 0;

			if (len && str_has_prefix(url, schemes[j]) && url[len] == ':' &&
			    url[len + 1]) {
				*ret_path = url + len + 1;
				return drivers[i];
			}
		}
	}
	return NULL;
}

int db_open(struct db **ret_db, struct loop *loop, const struct db_conf *conf)
{
	const char *path;
	const struct db_ops *ops = driver_of(conf->url, &path);
	struct db *db;
	int err = ops ? ops->open(&db, loop, conf) : -EINVAL;

	if (err)
		return err;
	db->loop = mem_ref(loop);
	db->outbox = outbox_new(loop, db);
	*ret_db = db;
	return 0;
}

int db_probe(const char *url, char ret_error[256])
{
	const char *path;
	const struct db_ops *ops = driver_of(url, &path);

	/* What is opened in place is there when it is opened. */
	return ops && ops->probe ? ops->probe(url, ret_error) : 0;
}

int db_level(struct db *db, int64_t *ret_number, char ret_error[256])
{
	return db->ops->migration_level(db, ret_number, ret_error);
}

const char *db_migration_sql(const struct db *db, const struct db_migration *migration)
{
	bool other = db->ops != &db_sqlite && migration->postgres_sql;

	return other ? migration->postgres_sql : migration->sql;
}

int db_migrate(struct db *db, const struct db_migration *migrations, size_t count,
	       char ret_error[256])
{
	int64_t level;
	int err;

	for (size_t i = 0; i < count; i++) {
		if (migrations[i].number == i + 1)
			continue;
		snprintf(ret_error, 256, "migration %zu has the number %u", i + 1,
			 migrations[i].number);
		return -EINVAL;
	}
	err = db->ops->migration_level(db, &level, ret_error);
	if (err)
		return err;
	if (level > (int64_t)count) {
		snprintf(ret_error, 256,
			 "the database is at version %lld, this program knows %zu: start the "
			 "newer program, or restore the backup made before it",
			 (long long)level, count);
		return -EPERM;
	}
	for (size_t i = (size_t)level; !err && i < count; i++)
		err = db->ops->migrate(db, &migrations[i], ret_error);
	return err;
}

/* ---- copies ---- */

static int only_embedded(char error[256])
{
	snprintf(error, 256,
		 "this is for the embedded database (sqlite:PATH); a server has tools "
		 "of its own, such as pg_dump");
	return -ENOTSUP;
}

int db_backup(const char *url, const char *path, db_progress_h *progressh, void *arg,
	      char error[256])
{
	const char *from = NULL;
	const struct db_ops *ops = driver_of(url, &from);

	if (!ops || !ops->backup)
		return only_embedded(error);
	return ops->backup(from, path, progressh, arg, error);
}

int db_restore(const char *url, const struct db_restore_params *params, int64_t *ret_level,
	       char error[256])
{
	const char *to = NULL;
	const struct db_ops *ops = driver_of(url, &to);

	if (!ops || !ops->restore)
		return only_embedded(error);
	return ops->restore(to, params, ret_level, error);
}
