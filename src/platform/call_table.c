#include "platform/call_table.h"

#include "core/clock.h"
#include "core/metric.h"
#include "core/str.h"
#include "core/trace.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "platform/audit.h"
#include "platform/call_count.h"
#include "platform/call_limit_book.h"
#include "platform/call_retry.h"
#include "platform/call_slot.h"
#include "platform/call_table_priv.h"
#include "platform/call_view.h"
#include "platform/job.h"
#include "platform/live.h"
#include "platform/retention.h"
#include "platform/store/call.h"
#include "platform/store/call_event.h"
#include "platform/store/call_limit.h"
#include "platform/store/call_link.h"
#include "platform/store/idempotency_key.h"
#include "platform/store/job.h"
#include "platform/store/recording.h"
#include "platform/store/webhook_receipt.h"
#include "platform/webhook.h"
#include "platform/webhook_sender.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
	MAX_TRIES = 10,
	MAX_MISSES = 5,
	PENDING_S = 30,
	INITIATING_S = 60,
	RINGING_MARGIN_S = 30,
	IN_PROGRESS_MARGIN_S = 30,
	HINTED_S = 10,
	SWEPT_S = 30,
	TIDY_MS = 3600 * 1000,
	KEEP_KEYS_S = 24 * 3600,
	KEEP_RECEIPTS_S = 3 * 24 * 3600,
	KEEP_JOBS_S = 7 * 24 * 3600,
	KEEP_GONE_S = 30 * 24 * 3600, /* a pod that was away for longer keeps its files */
};

static const int64_t second_us = 1000000;

/* ---- traces ---- */

static void trace_of_call(struct trace_context *ret_context, const struct call *call)
{
	struct trace_context client;

	trace_of_uuid(ret_context, call->id);
	if (traceparent_parse(&client, call->traceparent))
		return;
	memcpy(ret_context->trace_id, client.trace_id, TRACE_ID_LEN);
	ret_context->sampled = client.sampled;
}

/* Whatever is going on, a callback or a job, is about this call. */
static void adopt(const struct call *call)
{
	struct trace_context context;

	if (!span_current())
		return;
	trace_of_call(&context, call);
	trace_adopt(&context);
}

/* The span all others of the call lie in, now that it has ended. */
static void record_span(const struct call *call)
{
	struct trace_context context, client;
	bool known = !traceparent_parse(&client, call->traceparent);
	struct span *span;

	if (!trace_is_on())
		return;
	trace_of_call(&context, call);
	span = span_past("call", &context, known ? client.span_id : NULL, call->created_at,
			 call->ended_at);
	span_str(span, "voiceai.call.id", call->id);
	span_str(span, "voiceai.tenant.id", call->tenant_id);
	span_str(span, "voiceai.call.direction", call_direction_name(call->direction));
	span_str(span, "voiceai.call.status", call_status_name(call->status));
	span_str(span, "voiceai.call.end_reason", call->end_reason);
	span_str(span, "voiceai.agent", call->agent);
	span_int(span, "voiceai.call.duration_s", call->duration_s);
	if (call->status == CALL_FAILED)
		span_fail(span, call->end_reason);
	span_end(span);
}

/* ---- operations ---- */

struct call_op *call_op_new(struct call_table *table, size_t size, mem_destroy_h *destroyh,
			    const char *tenant_id, const char *call_id)
{
	struct call_op *op = mem_new(size, destroyh);

	op->table = table;
	op->tenant_id = mem_strdup(tenant_id);
	if (call_id)
		str_copy(op->call_id, sizeof(op->call_id), call_id);
	list_append(&table->ops, &op->node, op);
	return op;
}

void call_op_free(struct call_op *op)
{
	list_remove(&op->node);
	mem_unref(op->request);
	mem_free(op->tenant_id);
	mem_free(op->data);
}

void call_op_event(struct call_op *op, struct batch *batch)
{
	struct webhook_event event = {
		.tenant_id = op->tenant_id,
		.type = op->type,
		.call_id = op->call_id,
		.data = op->data,
		.at = op->at,
	};

	op->event_index =
		store_event_insert(batch, op->tenant_id, op->call_id, op->type, op->at, op->data);
	op->told_index = webhook_tell(batch, &event);
}

void call_op_told(struct call_op *op, struct db_result *const *results)
{
	const struct call_table_conf *conf = &op->table->conf;

	if (conf->live)
		live_publish_row(conf->live, op->tenant_id,
				 db_get_int(results[op->event_index], 0, 0), op->at, op->call_id,
				 op->type, op->data);
	if (webhook_was_told(results, op->told_index))
		webhook_sender_wake(conf->webhooks);
}

static void add_job(struct batch *batch, const struct call_op *op, const char *kind,
		    uint32_t delay_ms)
{
	struct job_params params = {
		.tenant_id = op->tenant_id,
		.kind = kind,
		.call_id = op->call_id,
		.unique_key = batch_own(batch, mem_printf("%s:%s", kind, op->call_id)),
		.delay_ms = delay_ms,
	};

	job_add(batch, &params);
}

/* ---- notes: an event, and what it is about, in one transaction ---- */

static void note_destroy(void *data)
{
	call_op_free(data);
}

static void on_noted(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct call_op *op = arg;
	bool nothing_new = err == -EAGAIN;

	list_remove(&op->node);
	if (!err)
		call_op_told(op, results);
	if (op->notedh)
		op->notedh(nothing_new ? 0 : err, op->arg);
	mem_unref(op);
}

void call_note(struct call_table *table, struct batch *batch, const char *tenant_id,
	       const char *call_id, const char *type, json_t *data, call_noted_h *notedh, void *arg)
{
	struct call_op *op = call_op_new(table, sizeof(*op), note_destroy, tenant_id, call_id);

	op->notedh = notedh;
	op->arg = arg;
	op->type = type;
	op->data = json_text(data);
	json_decref(data);
	op->at = clock_wall_us();
	call_op_event(op, batch);
	batch_run(batch, &op->request, table->conf.db, on_noted, op);
}

/* ---- finding ---- */

struct find {
	struct call_op op;
	enum store_call_key key;
	char *value;
	bool again;
	call_done_h *doneh;
	void *arg;
};

static void find_destroy(void *data)
{
	struct find *find = data;

	call_op_free(&find->op);
	mem_free(find->value);
}

static void find_run(struct find *find);

static void on_found(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct find *find = arg;
	struct call *call auto_unref = NULL;

	if (err == -EBUSY && !find->again) {
		find->again = true;
		find_run(find);
		return;
	}
	list_remove(&find->op.node);
	if (!err && !db_rows(results[0]))
		err = -ENOENT;
	if (!err) {
		call = store_call_load(results[0], 0);
		adopt(call);
	}
	find->doneh(err, call, false, find->arg);
	mem_unref(find);
}

/* What is in a hurry to be answered is given up early: then it waits its turn among what is
 * written. */
static void find_run(struct find *find)
{
	struct batch batch auto_batch = {0};
	struct db *db = find->op.table->conf.db;

	store_call_select(&batch, find->op.tenant_id, find->key, find->value);
	find->op.request = mem_unref(find->op.request);
	if (find->again)
		batch_run(&batch, &find->op.request, db, on_found, find);
	else
		batch_lookup(&batch, &find->op.request, db, on_found, find);
}

static void find_call(struct call_table *table, const char *tenant_id, enum store_call_key key,
		      const char *value, call_done_h *doneh, void *arg)
{
	struct find *find =
		(struct find *)call_op_new(table, sizeof(*find), find_destroy, tenant_id, NULL);

	find->key = key;
	find->value = mem_strdup(value);
	find->doneh = doneh;
	find->arg = arg;
	find_run(find);
}

void call_table_get(struct call_table *table, const char *tenant_id, const char *call_id,
		    call_done_h *doneh, void *arg)
{
	find_call(table, tenant_id, STORE_CALL_BY_ID, call_id, doneh, arg);
}

void call_table_find_sid(struct call_table *table, const char *tenant_id, const char *sid,
			 call_done_h *doneh, void *arg)
{
	find_call(table, tenant_id, STORE_CALL_BY_SID, sid, doneh, arg);
}

void call_table_find_session(struct call_table *table, const char *tenant_id,
			     const char *ultravox_call_id, call_done_h *doneh, void *arg)
{
	find_call(table, tenant_id, STORE_CALL_BY_SESSION, ultravox_call_id, doneh, arg);
}

/* ---- creating ---- */

struct create {
	struct call_op op;
	struct call *call;
	char *idempotency_key;
	char *request_digest;
	bool same_request;
	const char *job_kind;
	struct principal *by;
	size_t first_cap; /* statement, or more than there are */
	call_done_h *doneh;
	void *arg;
};

static void create_destroy(void *data)
{
	struct create *create = data;

	call_op_free(&create->op);
	mem_unref(create->call);
	mem_free(create->idempotency_key);
	mem_free(create->request_digest);
	mem_unref(create->by);
}

static void create_finish(struct create *create, int err, struct call *call)
{
	list_remove(&create->op.node);
	create->doneh(err, call, !err, create->arg);
	mem_unref(create);
}

static void on_earlier_call(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct create *create = arg;
	struct call *call auto_unref = NULL;

	if (!err && db_rows(results[0]))
		call = store_call_load(results[0], 0);
	create_finish(create, err ? err : call ? -EEXIST : -EIO, call);
}

static void find_earlier(struct create *create, enum store_call_key key, const char *value)
{
	struct batch batch auto_batch = {0};

	store_call_select(&batch, create->op.tenant_id, key, value);
	create->op.request = mem_unref(create->op.request);
	batch_run(&batch, &create->op.request, create->op.table->conf.db, on_earlier_call, create);
}

static void on_key(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct create *create = arg;

	if (err)
		create_finish(create, err, NULL);
	else if (!db_rows(results[0]) && create->call->twilio_call_sid)
		find_earlier(create, STORE_CALL_BY_SID, create->call->twilio_call_sid);
	else if (!db_rows(results[0]))
		create_finish(create, -EEXIST, NULL); /* the id itself is taken */
	else if (!str_equal(db_get_text(results[0], 0, 1), create->request_digest))
		create_finish(create, -ENOTUNIQ, NULL);
	else
		find_earlier(create, STORE_CALL_BY_ID, db_get_text(results[0], 0, 0));
}

/* Which key was taken: the client's, or the carrier's SID? */
static void create_exists(struct create *create)
{
	struct batch batch auto_batch = {0};

	store_idempotency_select(&batch, create->op.tenant_id,
				 create->idempotency_key ? create->idempotency_key : "");
	create->op.request = mem_unref(create->op.request);
	batch_run(&batch, &create->op.request, create->op.table->conf.db, on_key, create);
}

/* The commit was not heard of: is the call there? */
static void on_own_call(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct create *create = arg;
	struct job_queue *jobs = create->op.table->conf.jobs;
	bool there = !err && db_rows(results[0]);

	if (there && jobs)
		job_queue_wake(jobs);
	create_finish(create, there ? 0 : -EINPROGRESS, there ? create->call : NULL);
}

static void find_own(struct create *create)
{
	struct batch batch auto_batch = {0};

	store_call_select(&batch, create->op.tenant_id, STORE_CALL_BY_ID, create->call->id);
	create->op.request = mem_unref(create->op.request);
	batch_run(&batch, &create->op.request, create->op.table->conf.db, on_own_call, create);
}

static void log_created(const struct call *call)
{
	struct log log;

	log_init(&log, "call_manager", call->id);
	LOG_INFO(&log, "call_created", LOG_STR("direction", call_direction_name(call->direction)),
		 LOG_PHONE("phone_number", call->phone_number), LOG_STR("agent", call->agent));
}

static void on_created(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct create *create = arg;
	struct call_table *table = create->op.table;

	if (err == -EEXIST) {
		create_exists(create);
		return;
	}
	if (err == -EINPROGRESS) {
		find_own(create);
		return;
	}
	if (err == -EAGAIN && failed >= create->first_cap)
		err = -EDQUOT;
	if (!err) {
		log_created(create->call);
		call_op_told(&create->op, results);
		if (create->call->scheduled_at <= create->call->created_at)
			call_count_add(table->count, create->op.tenant_id, 1);
		if (table->conf.jobs)
			job_queue_wake(table->conf.jobs);
	}
	create_finish(create, err, err ? NULL : create->call);
}

/*
 * The trace of the request that made the call is the call's: the client's when it sent one, else
 * the one that follows from the call's id.
 */
static void set_trace(struct call *call)
{
	struct trace_context context;
	char text[TRACEPARENT_SIZE];

	if (trace_remote_parent(&context))
		call->traceparent = mem_strdup(traceparent_format(text, &context));
	adopt(call);
}

static struct call *call_of(const struct call_table *table, const struct call_params *params)
{
	struct call *call = store_call_new();

	if (params->id)
		str_copy(call->id, sizeof(call->id), params->id);
	else
		uuid_new(call->id);
	call->tenant_id = mem_strdup(params->tenant_id);
	call->status = CALL_PENDING;
	call->direction = params->direction;
	call->phone_number = mem_strdup(params->phone_number ? params->phone_number : "");
	call->from_number = mem_strdup(params->from_number);
	call->twilio_call_sid = mem_strdup(params->twilio_call_sid);
	call->data_token = mem_strdup(params->data_token);
	call->agent = mem_strdup(params->agent);
	call->agent_version = params->agent_version;
	call->model = mem_strdup(params->model);
	call->system_prompt = mem_strdup(params->system_prompt);
	call->first_message = mem_strdup(params->first_message);
	call->voice = mem_strdup(params->voice);
	call->language = mem_strdup(params->language);
	call->temperature = params->temperature;
	call->max_duration_s =
		params->max_duration_s ? params->max_duration_s : table->conf.max_call_duration_s;
	call->wants_recording = params->wants_recording;
	call->tools = mem_strdup(params->tools);
	call->metadata = mem_strdup(params->metadata);
	call->created_at = call->updated_at = clock_wall_us();
	call->scheduled_at = params->scheduled_at;
	call->retry = mem_strdup(params->retry);
	call->retry_of = mem_strdup(params->retry_of);
	call->attempt = params->attempt ? params->attempt : 1;
	call->deadline_at = call_due_at(call) + PENDING_S * second_us;
	call->version = 1;
	set_trace(call);
	return call;
}

static char *created_data(const struct call *call)
{
	struct buf text = {0};
	struct json_writer writer = {.out = &text};

	json_write_open(&writer, NULL, '{');
	call_write_brief(&writer, call);
	json_write_close(&writer, '}');
	return buf_steal(&text);
}

/* Until it is dialled; who asked for it to be now did so a moment before it was made. */
static uint32_t delay_ms(const struct call *call)
{
	int64_t us = call_due_at(call) - call->created_at;

	return us > 0 ? (uint32_t)((us + 999) / 1000) : 0;
}

/* limit: of an outbound call, or NULL. */
static void create_run(struct create *create, const struct call_limit *limit)
{
	struct call_table *table = create->op.table;
	const struct cost_rates *rates = table->conf.rates;
	struct call *call = create->call;
	struct batch batch auto_batch = {0};

	if (create->idempotency_key)
		store_idempotency_insert(&batch, create->op.tenant_id, create->idempotency_key,
					 create->request_digest, call->id, call->created_at);
	store_call_insert(&batch, call);
	if (create->job_kind)
		add_job(&batch, &create->op, create->job_kind, delay_ms(call));
	if (create->by)
		audit_add(&batch, create->by, "call.create", "call", call->id, NULL);
	call_op_event(&create->op, &batch);
	create->first_cap = SIZE_MAX;
	if (limit)
		create->first_cap =
			store_usage_reserve(&batch, call, limit,
					    rates ? cost_estimate(rates, call->max_duration_s) : 0);
	batch_run(&batch, &create->op.request, table->conf.db, on_created, create);
}

static void on_limit(int err, struct call_limit *limit, void *arg)
{
	struct create *create = arg;

	if (err)
		create_finish(create, err, NULL);
	else
		create_run(create, limit);
}

/* What the tenant may spend decides, for it is the tenant who pays. */
static void create_start(struct create *create)
{
	struct call_limit_book *limits = create->op.table->conf.limits;
	struct call_limit *limit = NULL;

	if (!limits || create->call->direction != CALL_OUTBOUND)
		create_run(create, NULL);
	else if (!call_limit_book_find(&limit, limits, create->op.tenant_id))
		create_run(create, limit);
	else
		call_limit_book_ask(NULL, limits, create->op.tenant_id, on_limit, create);
}

void call_table_create(struct call_table *table, const struct call_params *params,
		       call_done_h *doneh, void *arg)
{
	struct call *call = call_of(table, params);
	struct create *create = (struct create *)call_op_new(table, sizeof(*create), create_destroy,
							     params->tenant_id, call->id);

	create->call = call;
	create->idempotency_key = mem_strdup(params->idempotency_key);
	create->request_digest = mem_strdup(params->request_digest ? params->request_digest : "");
	create->doneh = doneh;
	create->arg = arg;
	create->op.type = live_type_name(LIVE_CALL_CREATED);
	create->op.at = call->created_at;
	create->op.data = created_data(call);
	create->job_kind = params->job_kind;
	create->by = mem_ref((void *)params->by);
	create_start(create);
}

/* ---- applying events ---- */

struct apply {
	struct call_op op;
	struct call_change change; /* its strings are ours */
	struct call *before;
	struct call *after;
	bool receipt; /* is the first statement */
	bool unknown; /* an earlier try may have been committed */
	int tries;
	call_done_h *doneh;
	void *arg;
};

static void apply_load(struct apply *apply);

static void apply_destroy(void *data)
{
	struct apply *apply = data;
	struct call_change *change = &apply->change;
	const char *strings[] = {
		change->source,          change->end_reason,       change->end_detail,
		change->twilio_call_sid, change->ultravox_call_id, change->join_url,
		change->answered_by,     change->outcome,          change->receipt};

	call_op_free(&apply->op);
	mem_unref(apply->before);
	mem_unref(apply->after);
	mem_unref((void *)change->by);
	mem_unref((void *)change->known);
	for (size_t i = 0; i < ARRAY_LEN(strings); i++)
		mem_free((void *)strings[i]);
}

static void apply_finish(struct apply *apply, int err, struct call *call, bool changed)
{
	list_remove(&apply->op.node);
	if (apply->doneh)
		apply->doneh(err, call, changed, apply->arg);
	mem_unref(apply);
}

/* A fact is kept once known; returns whether it was news. */
static bool learn(char **field, const char *value)
{
	if (*field || str_is_empty(value))
		return false;
	*field = mem_strdup(value);
	return true;
}

static bool replace(char **field, const char *value)
{
	if (str_is_empty(value) || str_equal(*field, value))
		return false;
	mem_replace_str(field, value);
	return true;
}

static bool learn_facts(struct call *call, const struct call_change *change)
{
	bool news = learn(&call->twilio_call_sid, change->twilio_call_sid);

	/* A session that nobody can join any more is replaced by another. */
	if (change->event == CALL_EV_SESSION)
		news |= replace(&call->ultravox_call_id, change->ultravox_call_id);
	else
		news |= learn(&call->ultravox_call_id, change->ultravox_call_id);
	news |= learn(&call->answered_by, change->answered_by);
	news |= learn(&call->end_detail, change->end_detail);
	news |= replace(&call->join_url, change->join_url);
	news |= replace(&call->outcome, change->outcome);
	return news;
}

static int64_t duration_of(const struct call *call)
{
	if (!call->started_at || call->ended_at < call->started_at)
		return 0;
	return (call->ended_at - call->started_at + second_us / 2) / second_us;
}

/* The answer was reported after the end: the length of the call is known after all. */
static bool learn_late_answer(struct call *call, const struct call_change *change, int64_t at)
{
	bool answer = change->event == CALL_EV_ANSWERED || change->event == CALL_EV_ENGINE_JOINED;

	if (!answer || call->status != CALL_COMPLETED || call->started_at || at >= call->ended_at)
		return false;
	call->started_at = at;
	call->duration_s = duration_of(call);
	return true;
}

static void enter_end(struct call *call, const struct call_change *change,
		      const struct call_step *step, int64_t at)
{
	const char *reason = step->end_reason;

	if (step->hint_wins && call->end_hint)
		reason = call->end_hint;
	if (change->end_reason)
		reason = change->end_reason;
	mem_replace_str(&call->end_reason, reason);
	call->ended_at = at < call->started_at ? call->started_at : at;
	if (!call->started_at && step->to == CALL_COMPLETED && change->duration_s)
		call->started_at = call->ended_at - (int64_t)change->duration_s * second_us;
	if (call->started_at && call->started_at < call->created_at)
		call->started_at = call->created_at;
	call->duration_s = duration_of(call);
	call->deadline_at = 0;
}

static int64_t ring_deadline(const struct call_table *table, const struct call_change *change,
			     int64_t now)
{
	uint32_t ring_s =
		change->ring_timeout_s ? change->ring_timeout_s : table->conf.ring_timeout_s;

	return now + (ring_s + RINGING_MARGIN_S) * second_us;
}

static void set_deadline(const struct call_table *table, struct call *call,
			 const struct call_change *change, int64_t now)
{
	int64_t deadline = now + INITIATING_S * second_us;

	if (call_is_browser(call))
		deadline = now + CALL_CARRIED_S * second_us;
	else if (change->event == CALL_EV_WAITING && change->scheduled_at)
		deadline = call_due_at(call) + PENDING_S * second_us;
	else if (call->status == CALL_IN_PROGRESS)
		deadline = now + (call->max_duration_s + IN_PROGRESS_MARGIN_S) * second_us;
	else if (call->status == CALL_RINGING || change->event == CALL_EV_DIALLED)
		deadline = ring_deadline(table, change, now);
	if (call->status == CALL_RINGING && deadline < call->deadline_at)
		deadline = call->deadline_at;
	/* Once an end is due, nothing but the end moves it away. */
	if (call->end_hint && deadline > call->deadline_at)
		deadline = call->deadline_at;
	call->deadline_at = deadline;
	call->deadline_misses = 0;
}

static bool take_hint(struct call *call, const struct call_change *change,
		      const struct call_step *step, int64_t now)
{
	const char *reason = change->end_reason ? change->end_reason : step->end_reason;
	bool news = learn(&call->end_hint, reason);

	if (call->deadline_at <= now + HINTED_S * second_us)
		return news;
	call->deadline_at = now + HINTED_S * second_us;
	return true;
}

/* What the change makes of the call. Returns false when that is nothing. */
static bool decide(const struct call_table *table, struct call *call,
		   const struct call_change *change)
{
	struct call_step step = call_step(call->status, change->event);
	int64_t now = clock_wall_us();
	int64_t at = change->at && change->at < now ? change->at : now;
	bool news = learn_facts(call, change);

	news |= learn_late_answer(call, change, at);

	if (at < call->created_at)
		at = call->created_at;
	call->updated_at = now;
	switch (step.kind) {
	case CALL_STEP_NONE:
		return news;
	case CALL_STEP_HINT:
		return take_hint(call, change, &step, now) | news;
	case CALL_STEP_STAY:
		if (change->scheduled_at)
			call->scheduled_at = change->scheduled_at;
		break;
	case CALL_STEP_MOVE:
		call->status = step.to;
		if (step.to == CALL_IN_PROGRESS)
			call->started_at = at;
		break;
	}
	if (call_status_is_terminal(step.to))
		enter_end(call, change, &step, at);
	else
		set_deadline(table, call, change, now);
	return true;
}

static char *event_data(const struct apply *apply)
{
	struct buf text = {0};
	struct json_writer writer = {.out = &text};

	json_write_open(&writer, NULL, '{');
	call_write_brief(&writer, apply->after);
	json_write_str(&writer, "previous_status", call_status_name(apply->before->status));
	json_write_str(&writer, "event", call_event_name(apply->change.event));
	json_write_str(&writer, "source", apply->change.source);
	json_write_close(&writer, '}');
	return buf_steal(&text);
}

static bool has_ended(const struct apply *apply)
{
	return !call_status_is_terminal(apply->before->status) &&
	       call_status_is_terminal(apply->after->status);
}

static void add_followups(struct apply *apply, struct batch *batch)
{
	const struct call_table_conf *conf = &apply->op.table->conf;

	for (size_t i = 0; conf->jobs && i < conf->followup_count; i++)
		add_job(batch, &apply->op, conf->followups[i].kind, conf->followups[i].delay_ms);
}

/*
 * Retention goes through calls by their creation, and may have passed one that was scheduled long
 * before: it is looked at by itself, once all that follows its end is done.
 */
static void add_late_retention(struct apply *apply, struct batch *batch)
{
	const struct call *call = apply->after;

	if (apply->op.table->conf.jobs && call->ended_at - call->created_at > RETENTION_LATE_US)
		add_job(batch, &apply->op, JOB_RETENTION, RETENTION_LATE_MS);
}

static void count_end(struct call_table *table, const struct call *call)
{
	char labels[64];

	snprintf(labels, sizeof(labels), "%s,%s", call_status_name(call->status),
		 call_direction_name(call->direction));
	metric_add(METRIC_CALL_TOTAL, str_lower(labels), 1);
	if (call->started_at)
		metric_observe(METRIC_CALL_DURATION, "",
			       (double)(call->ended_at - call->started_at) / second_us);
	call_count_add(table->count, call->tenant_id, -1);
	if (table->conf.slots)
		call_slots_release(table->conf.slots, call->tenant_id, call->id);
}

static void apply_report(struct apply *apply, struct db_result *const *results)
{
	struct call_table *table = apply->op.table;
	const struct call *call = apply->after;
	struct log log;

	log_init(&log, "call_manager", call->id);
	LOG_INFO(&log, "call_status", LOG_STR("event_name", call_event_name(apply->change.event)),
		 LOG_STR("from", call_status_name(apply->before->status)),
		 LOG_STR("to", call_status_name(call->status)),
		 LOG_STR("end_reason", call->end_reason), LOG_STR("source", apply->change.source),
		 LOG_PHONE("phone_number", call->phone_number));
	call_op_told(&apply->op, results);
	if (!has_ended(apply))
		return;
	count_end(table, call);
	record_span(call);
	if (table->conf.jobs)
		job_queue_wake(table->conf.jobs);
}

/* There is nothing to change. What an earlier try has done without hearing of it is told now. */
static void apply_settled_before(struct apply *apply)
{
	const struct call_table_conf *conf = &apply->op.table->conf;

	if (apply->unknown && call_status_is_terminal(apply->before->status) && conf->slots)
		call_slots_release(conf->slots, apply->op.tenant_id, apply->op.call_id);
	if (apply->unknown && conf->jobs)
		job_queue_wake(conf->jobs);
	apply_finish(apply, 0, apply->before, false);
}

static void on_applied(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct apply *apply = arg;

	/* Whether it was committed shows in the call: what is known already is not done again. */
	apply->unknown |= err == -EINPROGRESS;
	if ((err == -EAGAIN || err == -EINPROGRESS) && ++apply->tries < MAX_TRIES) {
		apply_load(apply);
		return;
	}
	if (err == -EEXIST && apply->receipt && failed == 0) {
		apply_settled_before(apply);
		return;
	}
	if (err) {
		apply_finish(apply, err == -EAGAIN ? -EBUSY : err, NULL, false);
		return;
	}
	apply_report(apply, results);
	apply_finish(apply, 0, apply->after, true);
}

/* What was reserved for the call is free, but for what it came to. */
static void settle(struct batch *batch, const struct cost_rates *rates, const struct call *call)
{
	struct cost cost = {0};

	if (rates)
		cost = cost_by_rates(rates, call->duration_s);
	store_usage_settle(batch, call, cost_total(&cost));
}

static void apply_write(struct apply *apply)
{
	struct batch batch auto_batch = {0};
	struct call_op *op = &apply->op;

	mem_free(op->data);
	op->data = event_data(apply);
	/* Facts that come late must not look like another end of the call. */
	op->type = live_type_name(apply->before->status == apply->after->status ? LIVE_CALL_UPDATED
										: LIVE_CALL_STATUS);
	op->at = apply->after->updated_at;
	apply->receipt = apply->change.receipt != NULL;
	if (apply->receipt)
		store_receipt_insert(&batch, op->tenant_id, apply->change.receipt, op->at);
	store_call_update(&batch, apply->after);
	call_op_event(op, &batch);
	if (has_ended(apply)) {
		add_followups(apply, &batch);
		add_late_retention(apply, &batch);
		call_retry_add(&batch, apply->after);
	}
	if (has_ended(apply) && op->table->conf.rates)
		cost_add_ended(&batch, op->table->conf.rates, apply->after);
	if (apply->change.by)
		audit_add(&batch, apply->change.by, "call.end", "call", op->call_id, NULL);
	if (has_ended(apply) && op->table->conf.limits && apply->after->direction == CALL_OUTBOUND)
		settle(&batch, op->table->conf.rates, apply->after);
	apply->after->version++;
	op->request = mem_unref(op->request);
	batch_run(&batch, &op->request, op->table->conf.db, on_applied, apply);
}

/* call: taken over. Returns whether there is something to write. */
static bool apply_decide(struct apply *apply, struct call *call)
{
	mem_unref(apply->before);
	mem_unref(apply->after);
	apply->before = call;
	adopt(apply->before);
	apply->after = store_call_copy(apply->before);
	return decide(apply->op.table, apply->after, &apply->change);
}

static void on_loaded(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct apply *apply = arg;

	if (err == -EBUSY && !apply->tries) {
		apply->tries++;
		apply_load(apply);
		return;
	}
	if (!err && !db_rows(results[0]))
		err = -ENOENT;
	if (err) {
		apply_finish(apply, err, NULL, false);
		return;
	}
	if (apply_decide(apply, store_call_load(results[0], 0)))
		apply_write(apply);
	else
		apply_settled_before(apply);
}

static void apply_load(struct apply *apply)
{
	struct batch batch auto_batch = {0};

	store_call_select(&batch, apply->op.tenant_id, STORE_CALL_BY_ID, apply->op.call_id);
	apply->op.request = mem_unref(apply->op.request);
	if (apply->tries) /* behind what is being written: it was changed, or looking took too long
			   */
		batch_run(&batch, &apply->op.request, apply->op.table->conf.db, on_loaded, apply);
	else
		batch_lookup(&batch, &apply->op.request, apply->op.table->conf.db, on_loaded,
			     apply);
}

void call_table_apply(struct call_table *table, const char *tenant_id, const char *call_id,
		      const struct call_change *change, call_done_h *doneh, void *arg)
{
	struct apply *apply = (struct apply *)call_op_new(table, sizeof(*apply), apply_destroy,
							  tenant_id, call_id);

	apply->change = *change;
	apply->change.source = mem_strdup(change->source);
	apply->change.end_reason = mem_strdup(change->end_reason);
	apply->change.end_detail = mem_strdup(change->end_detail);
	apply->change.twilio_call_sid = mem_strdup(change->twilio_call_sid);
	apply->change.ultravox_call_id = mem_strdup(change->ultravox_call_id);
	apply->change.join_url = mem_strdup(change->join_url);
	apply->change.answered_by = mem_strdup(change->answered_by);
	apply->change.outcome = mem_strdup(change->outcome);
	apply->change.receipt = mem_strdup(change->receipt);
	apply->change.by = mem_ref((void *)change->by);
	apply->change.known = mem_ref((void *)change->known);
	apply->doneh = doneh;
	apply->arg = arg;
	/* What would change nothing is looked at once more: it may have become something. */
	if (change->known && apply_decide(apply, mem_ref((void *)change->known)))
		apply_write(apply);
	else
		apply_load(apply);
}

/* ---- sweeping ---- */

static void sweep_call(struct call_table *table, struct call *call)
{
	struct log log;

	log_init(&log, "call_manager", call->id);
	metric_add(METRIC_CALL_OVERDUE, "", 1);
	LOG_WARN(&log, "call_overdue", LOG_STR("status", call_status_name(call->status)),
		 LOG_INT("misses", call->deadline_misses));
	if (call->deadline_misses > MAX_MISSES) {
		struct call_change change = {
			.event = CALL_EV_LOST,
			.source = "sweeper",
			.end_detail = "nobody could say what became of the call",
		};

		call_table_apply(table, call->tenant_id, call->id, &change, NULL, NULL);
	} else if (table->overdueh) {
		table->overdueh(call, table->overdue_arg);
	}
}

static void on_swept(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct call_table *table = arg;

	table->sweep = mem_unref(table->sweep);
	timer_start(table->sweep_timer, table->conf.sweep_interval_ms);
	if (err) {
		LOG_WARN(&table->log, "sweep_failed", LOG_ERR(err));
		return;
	}
	call_count_set(table->count, results[1]);
	mem_ref(table);
	for (size_t row = 0; row < db_rows(results[0]); row++) {
		struct call *call auto_unref = store_call_load(results[0], row);

		sweep_call(table, call);
	}
	mem_unref(table);
}

/* What nobody will ask for again. */
static void tidy(struct call_table *table)
{
	uint64_t now_ms = loop_now_ms(table->conf.loop);
	int64_t now = clock_wall_us();
	struct batch batch auto_batch = {0};

	if (table->tidied_at_ms && now_ms - table->tidied_at_ms < TIDY_MS)
		return;
	table->tidied_at_ms = now_ms;
	store_receipt_delete_before(&batch, now - KEEP_RECEIPTS_S * second_us);
	store_idempotency_delete_before(&batch, now - KEEP_KEYS_S * second_us);
	store_job_delete_done_before(&batch, now - KEEP_JOBS_S * second_us);
	store_usage_tidy(&batch, now);
	store_link_delete_before(&batch, now);
	store_recording_gone_delete_before(&batch, now - KEEP_GONE_S * second_us);
	batch_run(&batch, NULL, table->conf.db, NULL, NULL);
}

static void sweep(void *arg)
{
	struct call_table *table = arg;
	int64_t now = clock_wall_us();
	struct batch batch auto_batch = {0};

	store_call_claim_overdue(&batch, now, now + SWEPT_S * second_us);
	store_call_count_active(&batch, now);
	batch_run(&batch, &table->sweep, table->conf.db, on_swept, table);
	tidy(table);
}

void call_table_on_overdue(struct call_table *table, call_overdue_h *overdueh, void *arg)
{
	table->overdueh = overdueh;
	table->overdue_arg = arg;
}

void call_table_start(struct call_table *table)
{
	table->started = true;
	timer_start(table->sweep_timer, 0);
}

/* ---- the table ---- */

static void table_destroy(void *data)
{
	struct call_table *table = data;

	LIST_EACH(&table->ops, node)
	mem_unref(node->data);
	mem_unref(table->sweep);
	mem_unref(table->sweep_timer);
	mem_unref(table->count);
}

struct call_table *call_table_new(const struct call_table_conf *conf)
{
	struct call_table *table = mem_new(sizeof(*table), table_destroy);

	table->conf = *conf;
	if (!table->conf.ring_timeout_s)
		table->conf.ring_timeout_s = 45;
	if (!table->conf.max_call_duration_s)
		table->conf.max_call_duration_s = 3600;
	if (!table->conf.sweep_interval_ms)
		table->conf.sweep_interval_ms = 1000;
	log_init(&table->log, "call_manager", "");
	table->count = call_count_new(conf->live);
	table->sweep_timer = timer_new(conf->loop, sweep, table);
	table->confidence = NAN;
	return table;
}
