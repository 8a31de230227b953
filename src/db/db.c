#include "db/db.h"

#include "core/mem.h"
#include "core/str.h"
#include "db/db_priv.h"
#include "loop/loop.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { MAX_PENDING = 4096 };

static const struct db_ops *const drivers[] = {&db_sqlite};

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

int db_result_add(struct db_result *result, const struct db_value *value)
{
	struct db_cell *cell;

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
		buf_append(&result->data, value->data, value->len);
		buf_append_char(&result->data, '\0');
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
	mem_unref(job->outbox);
}

/* Statements, parameters and their bytes, in one block. */
static struct db_statement *copy_statements(const struct db_statement *statements, size_t count)
{
	size_t params = 0, bytes = 0;
	struct db_statement *copy;
	struct db_value *value;
	char *data;

	for (size_t i = 0; i < count; i++) {
		params += statements[i].param_count;
		for (size_t j = 0; j < statements[i].param_count; j++)
			bytes += statements[i].params[j].len;
	}
	copy = mem_alloc(count * sizeof(*copy) + params * sizeof(*value) + bytes);
	value = (struct db_value *)(copy + count);
	data = (char *)(value + params);
	for (size_t i = 0; i < count; i++) {
		copy[i] = statements[i];
		copy[i].params = value;
		for (size_t j = 0; j < statements[i].param_count; j++, value++) {
			*value = statements[i].params[j];
			if (!value->len)
				continue;
			memcpy(data, value->data, value->len);
			value->data = data;
			data += value->len;
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

static void start(struct db_request **ret_request, struct db *db,
		  const struct db_statement *statements, size_t count,
		  void (*run)(struct db *db, struct db_job *job), db_done_h *doneh, void *arg)
{
	struct db_job *job = mem_new(sizeof(*job), job_destroy);

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
	if (job->err) {
		db_job_complete(job);
		return;
	}
	job->count = count;
	job->statements = copy_statements(statements, count);
	job->results = mem_alloc(count * sizeof(struct db_result *));
	run(db, job);
}

void db_run(struct db_request **ret_request, struct db *db, const struct db_statement *statements,
	    size_t count, db_done_h *doneh, void *arg)
{
	start(ret_request, db, statements, count, db->ops->run, doneh, arg);
}

void db_read(struct db_request **ret_request, struct db *db, const struct db_statement *statements,
	     size_t count, db_done_h *doneh, void *arg)
{
	start(ret_request, db, statements, count, db->ops->read, doneh, arg);
}

void db_lookup(struct db_request **ret_request, struct db *db,
	       const struct db_statement *statements, size_t count, db_done_h *doneh, void *arg)
{
	start(ret_request, db, statements, count, db->ops->lookup, doneh, arg);
}

size_t db_pending(const struct db *db)
{
	return db->pending;
}

/* ---- delivery ---- */

static void deliver(struct db_job *job)
{
	db_done_h *doneh = job->doneh;

	if (job->request)
		job->request->job = NULL;
	job->request = NULL;
	if (doneh)
		doneh(job->err, job->err ? NULL : job->results, job->failed, job->arg);
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
		outbox->db->pending--;
		deliver(job);
	}
	mem_unref(outbox);
}

void db_job_complete(struct db_job *job)
{
	struct db_outbox *outbox = job->outbox;
	bool post;

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

int db_open(struct db **ret_db, struct loop *loop, const char *url)
{
	for (size_t i = 0; i < ARRAY_LEN(drivers); i++) {
		const struct db_ops *ops = drivers[i];
		size_t len = strlen(ops->scheme);
		struct db *db;
		int err;

		if (!str_has_prefix(url, ops->scheme) || url[len] != ':' || !url[len + 1])
			continue;
		err = ops->open(&db, url + len + 1);
		if (err)
			return err;
		db->loop = mem_ref(loop);
		db->outbox = outbox_new(loop, db);
		*ret_db = db;
		return 0;
	}
	return -EINVAL;
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
		snprintf(ret_error, 256, "the database is at version %lld, this program knows %zu",
			 (long long)level, count);
		return -EPERM;
	}
	for (size_t i = (size_t)level; !err && i < count; i++)
		err = db->ops->migrate(db, &migrations[i], ret_error);
	return err;
}
