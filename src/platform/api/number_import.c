/*
 * POST /api/v1/numbers/import: the numbers of the carrier's account become the tenant's, all of
 * them or those named, and their webhooks are set where that is asked for. Pages are read one by
 * one, then rows are written a few at a time: when it breaks off, what was done stays, and the next
 * import goes on.
 */
#include "core/clock.h"
#include "core/mem.h"
#include "core/phone.h"
#include "core/str.h"
#include "http/http_server.h"
#include "platform/api/body.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/api/number_priv.h"
#include "platform/audit.h"
#include "platform/number_book.h"
#include "platform/number_webhook.h"
#include "platform/platform_priv.h"
#include "platform/store/phone_number.h"
#include "platform/webhook.h"
#include "platform/webhook_sender.h"
#include "provider/twilio_number.h"

#include <errno.h>
#include <string.h>

enum { MAX_NUMBERS = 10000, MAX_PAGES = 200, MAX_NAMED = 1000, CHUNK = 3 };

struct import {
	struct task task;
	struct db_request *db;
	json_t *body;
	const json_t *named; /* NULL: all */
	bool webhooks;
	json_t *found;    /* [{"number","sid","label"}] */
	json_t *imported; /* of the answer */
	json_t *skipped;
	size_t next;  /* of found, the first not yet written */
	size_t count; /* in the chunk under way */
	int told[CHUNK];
	int64_t at;
	int pages;
};

static void release(void *data)
{
	struct import *import = data;

	mem_unref(import->db);
	json_decref(import->body);
	json_decref(import->found);
	json_decref(import->imported);
	json_decref(import->skipped);
}

static void skip(struct import *import, const char *number, const char *reason)
{
	json_array_append_new(import->skipped,
			      json_pack("{s:s,s:s}", "number", number, "reason", reason));
}

/* ---- writing ---- */

static void write_chunk(struct import *import);

static void finish(struct import *import)
{
	auto_json json_t *answer = json_object();

	json_object_set(answer, "imported", import->imported);
	json_object_set(answer, "skipped", import->skipped);
	number_book_forget(import->task.platform->numbers);
	http_reply_json(import->task.req, 200, answer);
	task_end(&import->task);
}

static void chunk_written(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct import *import = arg;
	size_t step = import->webhooks ? 5 : 3; /* statements a number */
	bool told = false;

	if (err) {
		api_fail_errno(import->task.req, err);
		task_end(&import->task);
		return;
	}
	for (size_t i = 0; i < import->count; i++) {
		const struct db_result *result = results[i * step];
		const char *number =
			json_get_str(json_array_get(import->found, import->next + i), "number", "");

		if (!db_rows(result))
			skip(import, number, "belongs to another tenant");
		else if (db_get_int(result, 0, 0) == import->at)
			json_array_append_new(import->imported, json_string(number));
		else
			skip(import, number, "was here already");
	}
	for (size_t i = 0; i < import->count; i++)
		told = webhook_was_told(results, import->told[i]) || told;
	if (told)
		webhook_sender_wake(import->task.platform->api.webhooks);
	import->next += import->count;
	job_queue_wake(import->task.platform->api.jobs);
	write_chunk(import);
}

/* The webhooks of a number that is another tenant's are left alone: the update finds no row. */
static void write_chunk(struct import *import)
{
	struct batch batch auto_batch = {0};
	const struct principal *by = api_principal(import->task.req);
	size_t left = json_array_size(import->found) - import->next;

	import->count = left < CHUNK ? left : CHUNK;
	if (!import->count) {
		finish(import);
		return;
	}
	for (size_t i = 0; i < import->count; i++) {
		const json_t *found = json_array_get(import->found, import->next + i);
		struct store_number number = {
			.tenant_id = import->task.tenant_id,
			.number = json_get_str(found, "number", ""),
			.label = json_get_str(found, "label", NULL),
			.provider_sid = json_get_str(found, "sid", NULL),
			.at = import->at,
		};

		store_number_import(&batch, &number);
		if (import->webhooks)
			number_webhook_want(&batch, number.tenant_id, number.number, NULL,
					    import->at);
		import->told[i] = number_tell(&batch, "number.imported", &number);
		audit_add(&batch, by, "phone_number.import", "phone_number", number.number, NULL);
	}
	import->db = mem_unref(import->db);
	batch_run(&batch, &import->db, import->task.platform->api.db, chunk_written, import);
}

/* ---- reading ---- */

static bool is_named(const struct import *import, const char *number)
{
	if (!import->named)
		return true;
	for (size_t i = 0; i < json_array_size(import->named); i++)
		if (str_equal(json_string_value(json_array_get(import->named, i)), number))
			return true;
	return false;
}

static void take(struct import *import, const struct twilio_number *number)
{
	json_t *entry;

	if (!is_named(import, number->number) || json_array_size(import->found) == MAX_NUMBERS)
		return;
	if (!phone_is_e164(number->number) || !number->voice) {
		skip(import, number->number, "cannot take calls");
		return;
	}
	entry = json_object();
	json_set_str(entry, "number", number->number);
	json_set_str(entry, "sid", number->sid);
	if (*number->name && !str_equal(number->name, number->number))
		json_set_str(entry, "label", number->name);
	json_array_append_new(import->found, entry);
}

static bool was_found(const struct import *import, const char *number)
{
	for (size_t i = 0; i < json_array_size(import->found); i++)
		if (str_equal(json_get_str(json_array_get(import->found, i), "number", ""), number))
			return true;
	return false;
}

static void all_listed(struct import *import)
{
	for (size_t i = 0; i < json_array_size(import->named); i++) {
		const char *number = json_string_value(json_array_get(import->named, i));

		if (!was_found(import, number))
			skip(import, number, "is not in the carrier's account");
	}
	import->at = clock_wall_us();
	write_chunk(import);
}

static void listed(const struct provider_result *result, const struct twilio_number *numbers,
		   size_t count, const char *next, void *arg)
{
	struct import *import = arg;
	struct task *task = &import->task;
	auto_free char *page = mem_strdup(next);

	if (result->err) {
		api_fail(task->req, API_CARRIER, NULL, "The carrier cannot list its numbers: %s",
			 result->reason);
		task_end(task);
		return;
	}
	for (size_t i = 0; i < count; i++)
		take(import, &numbers[i]);
	task->request = mem_unref(task->request);
	if (!page || ++import->pages == MAX_PAGES ||
	    twilio_number_list(&task->request, task->platform->twilio, NULL, page, listed, import))
		all_listed(import);
}

/* ---- the request ---- */

/* False: answered. */
static bool take_named(struct http_request *req, const json_t *body, const json_t **ret_named)
{
	const json_t *named = json_object_get(body, "numbers");
	bool good = !named || (json_is_array(named) && json_array_size(named) <= MAX_NAMED);

	for (size_t i = 0; good && i < json_array_size(named); i++)
		good = phone_is_e164(json_string_value(json_array_get(named, i)));
	if (!good)
		api_fail(req, API_INVALID_FIELD, "numbers",
			 "numbers must be an array of at most %d E.164 numbers.", MAX_NAMED);
	*ret_named = named;
	return good;
}

void number_import(struct http_request *req, void *arg)
{
	static const char *const fields[] = {"numbers", "webhooks"};
	struct platform *platform = arg;
	json_t *auto_json body = NULL;
	const json_t *named;
	struct import *import;

	if (!number_may_add(req))
		return;
	body = body_object(req, fields, ARRAY_LEN(fields), true);
	if (!body || !take_named(req, body, &named))
		return;
	import = task_for_request(platform, sizeof(*import), "number", req, NULL);
	import->task.releaseh = release;
	import->body = json_incref(body);
	import->named = named;
	import->webhooks = json_get_bool(body, "webhooks", false);
	import->found = json_array();
	import->imported = json_array();
	import->skipped = json_array();
	if (!twilio_number_list(&import->task.request, platform->twilio, NULL, NULL, listed,
				import))
		return;
	api_fail(req, API_INTERNAL, NULL, NULL);
	task_end(&import->task);
}
