#include "platform/webhook_sender.h"

#include "core/buf.h"
#include "core/clock.h"
#include "core/digest.h"
#include "core/list.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "core/trace.h"
#include "http/http_client.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "platform/live.h"
#include "platform/store/call_event.h"
#include "platform/store/webhook_delivery.h"
#include "platform/store/webhook_endpoint.h"
#include "platform/webhook.h"
#include "provider/provider.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	POLL_MS = 1000,
	LEASE_MS = 10000,
	RENEW_MS = 3000,
	SWEEP_MS = 10000,
	MAX_HELD = 64, /* endpoints at once */
	MAX_EXCERPT = 1024,
	MAX_RESPONSE = 256 * 1024,
	MAX_ERROR = 200,
	WRITE_TRIES = 5,
};

struct webhook_sender {
	struct webhook_sender_conf conf;
	struct log log;
	char owner[UUID_SIZE];
	struct timer *poll_timer;
	struct timer *renew_timer;
	struct db_request *claim; /* under way */
	bool claim_again;
	bool started;
	uint64_t swept_at_ms;
	struct db_request *sweep;
	struct list held;
	struct list notices; /* of struct notice */
};

/* An endpoint that this process sends to. */
struct held {
	struct list_node node;
	struct webhook_sender *sender;
	char *tenant_id;
	char id[UUID_SIZE];
	struct db_request *fetch; /* under way */
	bool fetch_again;
	struct list sendings;
	/* as last read */
	char *url;
	char *secret;
	char *previous_secret; /* NULL when none is valid */
	size_t max_concurrency;
	int64_t failures;
	int64_t not_before;
};

/* A delivery under way: first to the receiver, then what came of it to the database. */
struct sending {
	struct list_node node;
	struct held *held;
	char event_id[UUID_SIZE];
	char *type;
	int64_t attempt;
	int64_t tries;
	int64_t queued_at;
	int64_t started_at;
	struct http_exchange *exchange;
	struct span *span;
	struct buf response;
	struct webhook_verdict verdict;
	int64_t failures; /* of the endpoint before */
	int status;
	uint64_t took_ms;
	char error[MAX_ERROR];
	struct db_request *write;
	struct timer *retry;
	int write_tries;
};

/* An endpoint that is being paused. */
struct notice {
	struct list_node node;
	struct webhook_sender *sender;
	char *tenant_id;
	char endpoint_id[UUID_SIZE];
	char *data;
	const char *reason;
	int64_t at;
	size_t event_index;
	int told_index;
	struct db_request *request;
};

static void held_fetch(struct held *held);

/* ---- giving an endpoint back ---- */

static void sending_destroy(void *data)
{
	struct sending *sending = data;

	list_remove(&sending->node);
	mem_unref(sending->exchange);
	mem_unref(sending->span);
	mem_unref(sending->write);
	mem_unref(sending->retry);
	mem_free(sending->type);
	buf_free(&sending->response);
}

static void held_destroy(void *data)
{
	struct held *held = data;
	void *item;

	list_remove(&held->node);
	mem_unref(held->fetch);
	while ((item = list_pop(&held->sendings)))
		mem_unref(item);
	mem_free(held->tenant_id);
	mem_free(held->url);
	mem_free(held->secret);
	mem_free(held->previous_secret);
}

static void held_release(struct held *held)
{
	struct webhook_sender *sender = held->sender;
	struct batch batch auto_batch = {0};

	store_webhook_release(&batch, sender->owner, held->tenant_id, held->id, clock_wall_us());
	batch_run(&batch, NULL, sender->conf.db, NULL, NULL);
	mem_unref(held);
}

/* ---- pausing ---- */

static void notice_destroy(void *data)
{
	struct notice *notice = data;

	list_remove(&notice->node);
	mem_unref(notice->request);
	mem_free(notice->tenant_id);
	mem_free(notice->data);
}

static void on_paused(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct notice *notice = arg;
	struct webhook_sender *sender = notice->sender;

	if (!err) {
		metric_add(METRIC_WEBHOOK_PAUSED, notice->reason, 1);
		LOG_WARN(&sender->log, "webhook_paused", LOG_STR("tenant_id", notice->tenant_id),
			 LOG_STR("endpoint_id", notice->endpoint_id),
			 LOG_STR("reason", notice->reason));
		if (sender->conf.live)
			live_publish_row(sender->conf.live, notice->tenant_id,
					 db_get_int(results[notice->event_index], 0, 0), notice->at,
					 NULL, WEBHOOK_PAUSED, notice->data);
		if (webhook_was_told(results, notice->told_index))
			webhook_sender_wake(sender);
	} else if (err != -EAGAIN) { /* that is: somebody else has paused it */
		LOG_WARN(&sender->log, "webhook_not_paused", LOG_ERR(err));
	}
	mem_unref(notice);
}

static char *notice_data(const struct sending *sending, const char *reason, int64_t failures,
			 int64_t failing_since)
{
	auto_json json_t *data = json_object();

	json_set_str(data, "endpoint_id", sending->held->id);
	json_set_str(data, "url", sending->held->url);
	json_set_str(data, "reason", reason);
	json_set_int(data, "failures", failures);
	json_set_time(data, "failing_since", failing_since);
	json_set_str(data, "last_error", sending->error);
	return json_text(data);
}

static void pause_endpoint(const struct sending *sending, const char *reason, int64_t failures,
			   int64_t failing_since)
{
	const struct held *held = sending->held;
	struct webhook_sender *sender = held->sender;
	struct notice *notice = mem_new(sizeof(*notice), notice_destroy);
	struct batch batch auto_batch = {0};
	struct webhook_event event;

	notice->sender = sender;
	notice->tenant_id = mem_strdup(held->tenant_id);
	str_copy(notice->endpoint_id, sizeof(notice->endpoint_id), held->id);
	notice->reason = reason;
	notice->at = clock_wall_us();
	notice->data = notice_data(sending, reason, failures, failing_since);
	list_append(&sender->notices, &notice->node, notice);
	event = (struct webhook_event){.tenant_id = notice->tenant_id,
				       .type = WEBHOOK_PAUSED,
				       .data = notice->data,
				       .at = notice->at};
	store_webhook_give_up(&batch, held->tenant_id, held->id, reason, notice->at);
	notice->event_index = store_event_insert(&batch, notice->tenant_id, NULL, WEBHOOK_PAUSED,
						 notice->at, notice->data);
	notice->told_index = webhook_tell(&batch, &event);
	batch_run(&batch, &notice->request, sender->conf.db, on_paused, notice);
}

/* ---- after an attempt ---- */

static void sending_write(struct sending *sending);

static void on_write_retry(void *arg)
{
	sending_write(arg);
}

static void sending_end(struct sending *sending)
{
	struct held *held = sending->held;

	mem_unref(sending);
	held_fetch(held);
}

static void check_pause(const struct sending *sending, const struct db_result *endpoint)
{
	const struct webhook_policy *policy = &sending->held->sender->conf.policy;
	int64_t failures = db_get_int(endpoint, 0, 1), since = db_get_int(endpoint, 0, 2);

	if (sending->verdict.gone)
		pause_endpoint(sending, "gone", failures, since);
	else if (webhook_must_pause(policy, failures, since, clock_wall_us()))
		pause_endpoint(sending, "failing", failures, since);
}

/* -EAGAIN: the endpoint was deleted meanwhile. Given up, the event is sent again. */
static void on_written(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct sending *sending = arg;
	struct webhook_sender *sender = sending->held->sender;

	sending->write = mem_unref(sending->write);
	if (err && err != -EAGAIN && ++sending->write_tries < WRITE_TRIES) {
		if (!sending->retry)
			sending->retry = timer_new(sender->conf.loop, on_write_retry, sending);
		timer_start(sending->retry, 250u << sending->write_tries);
		return;
	}
	if (err && err != -EAGAIN)
		LOG_ERROR(&sender->log, "webhook_not_noted", LOG_STR("event_id", sending->event_id),
			  LOG_ERR(err));
	if (!err && sending->verdict.outcome != WEBHOOK_DELIVERED && db_rows(results[2]))
		check_pause(sending, results[2]);
	sending_end(sending);
}

static void sending_write(struct sending *sending)
{
	static const char *const states[] = {[WEBHOOK_DELIVERED] = "delivered",
					     [WEBHOOK_RETRY] = "pending",
					     [WEBHOOK_DEAD] = "dead"};
	struct held *held = sending->held;
	const struct webhook_verdict *verdict = &sending->verdict;
	bool delivered = verdict->outcome == WEBHOOK_DELIVERED;
	int64_t now = clock_wall_us();
	struct batch batch auto_batch = {0};
	struct store_attempt attempt = {
		.tenant_id = held->tenant_id,
		.endpoint_id = held->id,
		.event_id = sending->event_id,
		.attempt = sending->attempt,
		.at = sending->started_at,
		.took_ms = (int64_t)sending->took_ms,
		.status = sending->status,
		.error = delivered ? NULL : sending->error,
		.response = sending->response.len ? buf_str(&sending->response) : NULL,
		.state = states[verdict->outcome],
		.next_at = verdict->next_at,
	};

	store_delivery_attempted(&batch, &attempt);
	if (delivered)
		store_webhook_succeeded(&batch, held->tenant_id, held->id, now);
	else
		store_webhook_failed(&batch, held->tenant_id, held->id, sending->error,
				     verdict->not_before, now);
	/* It is back: what it missed need not wait for its own back-off. */
	if (delivered && sending->failures >= WEBHOOK_BREAK_FAILURES)
		store_delivery_hurry(&batch, held->tenant_id, held->id, now);
	batch_run(&batch, &sending->write, held->sender->conf.db, on_written, sending);
}

/* What the receiver said may be cut within a character, or be no text at all. */
static void clean_response(struct sending *sending)
{
	struct buf *text = &sending->response;

	for (size_t i = 0; i < text->len; i++)
		if (text->data[i] == '\0')
			text->data[i] = ' ';
	while (text->len && !str_is_utf8(text->data, text->len) && text->len > MAX_EXCERPT - 4)
		text->data[--text->len] = '\0';
	if (text->len && !str_is_utf8(text->data, text->len))
		buf_clear(text);
}

static void describe(struct sending *sending, const struct http_result *result)
{
	if (result->err == -EACCES)
		snprintf(sending->error, sizeof(sending->error),
			 "the URL leads to a private address");
	else if (result->err)
		snprintf(sending->error, sizeof(sending->error), "%s", strerror(-result->err));
	else
		snprintf(sending->error, sizeof(sending->error), "answered %d", result->status);
}

static void report(const struct sending *sending)
{
	static const char *const outcomes[] = {[WEBHOOK_DELIVERED] = "delivered",
					       [WEBHOOK_RETRY] = "retried",
					       [WEBHOOK_DEAD] = "dead"};
	const char *outcome = outcomes[sending->verdict.outcome];
	const struct held *held = sending->held;
	const struct log *log = &held->sender->log;

	metric_add(METRIC_WEBHOOK_TOTAL, outcome, 1);
	metric_observe(METRIC_WEBHOOK_DURATION, "", (double)sending->took_ms / 1000);
	if (sending->verdict.outcome == WEBHOOK_DELIVERED)
		LOG_DEBUG(log, "webhook_delivered", LOG_STR("event_id", sending->event_id),
			  LOG_STR("type", sending->type), LOG_STR("endpoint_id", held->id),
			  LOG_INT("duration_ms", (int64_t)sending->took_ms));
	else
		LOG_WARN(log, "webhook_failed", LOG_STR("event_id", sending->event_id),
			 LOG_STR("type", sending->type), LOG_STR("endpoint_id", held->id),
			 LOG_STR("outcome", outcome), LOG_INT("attempt", sending->attempt),
			 LOG_STR("reason", sending->error));
}

static void on_answered(const struct http_result *result, void *arg)
{
	struct sending *sending = arg;
	struct held *held = sending->held;
	struct webhook_try attempt = {
		.status = result->status,
		.retry_after_ms = result->err ? 0 : provider_retry_after_ms(result),
		.tries = sending->tries,
		.queued_at = sending->queued_at,
		.failures = held->failures,
		.now = clock_wall_us(),
		.random = random_u64(),
	};

	sending->exchange = mem_unref(sending->exchange);
	sending->status = result->status;
	sending->took_ms = result->took_ms;
	sending->verdict = webhook_judge(&held->sender->conf.policy, &attempt);
	sending->failures = held->failures;
	held->failures = sending->verdict.outcome == WEBHOOK_DELIVERED ? 0 : held->failures + 1;
	describe(sending, result);
	clean_response(sending);
	report(sending);
	if (sending->verdict.outcome != WEBHOOK_DELIVERED)
		span_fail(sending->span, sending->error);
	sending->span = span_end(sending->span);
	sending_write(sending);
}

static void on_response(const char *data, size_t len, void *arg)
{
	struct sending *sending = arg;
	size_t room = MAX_EXCERPT - sending->response.len;

	buf_append(&sending->response, data, len < room ? len : room);
}

/* ---- sending ---- */

static void refused(struct sending *sending, int err)
{
	struct http_result result = {.err = err, .body = "", .content_type = ""};

	on_answered(&result, sending);
}

static void send_body(struct sending *sending, const struct buf *body)
{
	struct held *held = sending->held;
	const struct webhook_sender_conf *conf = &held->sender->conf;
	int64_t timestamp_s = sending->started_at / 1000000;
	char id[96], type[96], timestamp[64], attempt[64];
	struct buf auto_buf signature = {0};
	const char *headers[] = {
		"Content-Type: application/json", id, type, timestamp, attempt, NULL, NULL};
	struct http_client_params params = {
		.method = "POST",
		.url = held->url,
		.headers = headers,
		.body = body->data,
		.body_len = body->len,
		.connect_timeout_ms = conf->timeout_ms,
		.timeout_ms = conf->timeout_ms,
		.max_body_bytes = MAX_RESPONSE,
		.guarded = true,
	};
	int err;

	snprintf(id, sizeof(id), "Voiceai-Event-Id: %s", sending->event_id);
	snprintf(type, sizeof(type), "Voiceai-Event-Type: %s", sending->type);
	snprintf(timestamp, sizeof(timestamp), "Voiceai-Timestamp: %lld", (long long)timestamp_s);
	snprintf(attempt, sizeof(attempt), "Voiceai-Attempt: %lld", (long long)sending->attempt);
	buf_append_str(&signature, "Voiceai-Signature: ");
	webhook_sign(&signature, timestamp_s, sending->event_id, body->data, body->len,
		     held->secret, held->previous_secret);
	headers[5] = signature.data;
	err = http_client_request(&sending->exchange, conf->client, &params, on_response,
				  on_answered, sending);
	if (err)
		refused(sending, err);
}

/* The trace of what is told goes on, to the receiver too. */
static void begin_span(struct sending *sending, const char *traceparent)
{
	auto_free char *name = mem_printf("webhook %s", sending->type);
	struct trace_context parent;

	if (traceparent_parse(&parent, traceparent))
		return;
	sending->span = span_root(name, SPAN_PRODUCER, &parent, false);
	span_str(sending->span, "voiceai.event.id", sending->event_id);
	span_int(sending->span, "voiceai.webhook.attempt", sending->attempt);
}

/* row: as store_delivery_due() selects. */
static void send_row(struct held *held, const struct db_result *result, size_t row)
{
	struct sending *sending = mem_new(sizeof(*sending), sending_destroy);
	struct buf auto_buf body = {0};
	struct span *before;
	struct webhook_event event = {
		.tenant_id = held->tenant_id,
		.type = db_get_text(result, row, 1),
		.at = db_get_int(result, row, 2),
		.call_id = db_get_text(result, row, 3),
		.data = db_get_text(result, row, 4),
	};

	sending->held = held;
	str_copy(sending->event_id, sizeof(sending->event_id), db_get_text(result, row, 0));
	sending->type = mem_strdup(event.type);
	sending->attempt = db_get_int(result, row, 5) + 1;
	sending->tries = db_get_int(result, row, 6);
	sending->queued_at = db_get_int(result, row, 7);
	sending->started_at = clock_wall_us();
	list_append(&held->sendings, &sending->node, sending);
	webhook_write_body(&body, sending->event_id, &event);
	begin_span(sending, db_get_text(result, row, 8));
	before = span_enter(sending->span);
	send_body(sending, &body);
	span_leave(before);
}

static bool is_under_way(const struct held *held, const char *event_id)
{
	LIST_EACH(&held->sendings, node)
	{
		const struct sending *sending = node->data;

		if (str_equal(sending->event_id, event_id))
			return true;
	}
	return false;
}

static void read_target(struct held *held, const struct db_result *target)
{
	bool overlap = db_get_int(target, 0, 3) > clock_wall_us();

	mem_replace_str(&held->url, db_get_text(target, 0, 0));
	mem_replace_str(&held->secret, db_get_text(target, 0, 1));
	mem_replace_str(&held->previous_secret, overlap ? db_get_text(target, 0, 2) : NULL);
	held->max_concurrency = (size_t)db_get_int(target, 0, 4);
	held->failures = db_get_int(target, 0, 5);
	held->not_before = db_get_int(target, 0, 6);
	if (held->failures >= WEBHOOK_BREAK_FAILURES)
		held->max_concurrency = 1;
}

static void send_due(struct held *held, const struct db_result *due)
{
	for (size_t row = 0; row < db_rows(due); row++) {
		if (held->sendings.len >= held->max_concurrency)
			return;
		if (!is_under_way(held, db_get_text(due, row, 0)))
			send_row(held, due, row);
	}
}

/* An endpoint that is not ours any more, was paused or deleted, has no row. */
static void on_fetched(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct held *held = mem_ref(arg);
	bool again = held->fetch_again;

	held->fetch = mem_unref(held->fetch);
	held->fetch_again = false;
	if (err) {
		LOG_WARN(&held->sender->log, "webhooks_not_read", LOG_ERR(err));
	} else if (db_rows(results[0]) && held->sender->started) {
		read_target(held, results[0]);
		if (held->not_before <= clock_wall_us())
			send_due(held, results[1]);
	}
	if (held->sendings.len == 0 && !err && !again)
		held_release(held);
	else if (again)
		held_fetch(held);
	mem_unref(held);
}

/* Look for what is due; whoever has nothing to send is given back. */
static void held_fetch(struct held *held)
{
	struct webhook_sender *sender = held->sender;
	struct batch batch auto_batch = {0};
	struct span *before;

	if (held->fetch) {
		held->fetch_again = true;
		return;
	}
	if (held->max_concurrency && held->sendings.len >= held->max_concurrency)
		return; /* the next one that ends comes here */
	store_webhook_target(&batch, sender->owner, held->tenant_id, held->id);
	store_delivery_due(&batch, held->tenant_id, held->id, clock_wall_us(),
			   (int64_t)held->sendings.len + WEBHOOK_MAX_CONCURRENCY);
	before = span_enter(NULL); /* what comes next is about something else */
	batch_run(&batch, &held->fetch, sender->conf.db, on_fetched, held);
	span_leave(before);
}

/* ---- looking for endpoints ---- */

static void hold(struct webhook_sender *sender, const char *tenant_id, const char *id)
{
	struct held *held = mem_new(sizeof(*held), held_destroy);

	held->sender = sender;
	held->tenant_id = mem_strdup(tenant_id);
	str_copy(held->id, sizeof(held->id), id);
	list_append(&sender->held, &held->node, held);
	held_fetch(held);
}

/* A lease that passed while it was ours comes back to us. */
static struct held *find_held(struct webhook_sender *sender, const char *tenant_id, const char *id)
{
	LIST_EACH(&sender->held, node)
	{
		struct held *held = node->data;

		if (str_equal(held->tenant_id, tenant_id) && str_equal(held->id, id))
			return held;
	}
	return NULL;
}

static void on_claimed(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct webhook_sender *sender = arg;
	bool again = sender->claim_again;

	sender->claim = mem_unref(sender->claim);
	sender->claim_again = false;
	if (err)
		LOG_WARN(&sender->log, "webhooks_not_claimed", LOG_ERR(err));
	for (size_t row = 0; !err && row < db_rows(results[0]); row++) {
		const char *tenant_id = db_get_text(results[0], row, 0);
		const char *id = db_get_text(results[0], row, 1);
		struct held *held = find_held(sender, tenant_id, id);

		if (held)
			held_fetch(held);
		else
			hold(sender, tenant_id, id);
	}
	if (again)
		webhook_sender_wake(sender);
}

static void claim(struct webhook_sender *sender)
{
	int64_t now = clock_wall_us();
	struct batch batch auto_batch = {0};

	if (sender->claim) {
		sender->claim_again = true;
		return;
	}
	if (sender->held.len >= MAX_HELD)
		return;
	store_webhook_claim(&batch, sender->owner, now, now + LEASE_MS * 1000ll,
			    (int64_t)(MAX_HELD - sender->held.len));
	batch_run(&batch, &sender->claim, sender->conf.db, on_claimed, sender);
}

static void on_swept(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct webhook_sender *sender = arg;
	double age = 0;

	sender->sweep = mem_unref(sender->sweep);
	if (err) {
		LOG_WARN(&sender->log, "webhooks_not_swept", LOG_ERR(err));
		return;
	}
	if (db_changes(results[0])) {
		metric_add(METRIC_WEBHOOK_TOTAL, "dead", (double)db_changes(results[0]));
		LOG_WARN(&sender->log, "webhooks_expired",
			 LOG_INT("count", db_changes(results[0])));
	}
	if (!db_is_null(results[2], 0, 0))
		age = (double)(clock_wall_us() - db_get_int(results[2], 0, 0)) / 1e6;
	metric_set(METRIC_WEBHOOK_OLDEST, "", age > 0 ? age : 0);
}

/* What waits for an endpoint that is paused gets no attempt that would find it too old. */
static void sweep(struct webhook_sender *sender)
{
	uint64_t now_ms = loop_now_ms(sender->conf.loop);
	int64_t now = clock_wall_us();
	struct batch batch auto_batch = {0};

	if (sender->sweep || (sender->swept_at_ms && now_ms - sender->swept_at_ms < SWEEP_MS))
		return;
	sender->swept_at_ms = now_ms;
	store_delivery_expire(&batch, now - sender->conf.policy.retry_s * 1000000ll, now);
	store_delivery_delete_before(&batch, now - sender->conf.keep_s * 1000000ll);
	store_delivery_oldest(&batch);
	batch_run(&batch, &sender->sweep, sender->conf.db, on_swept, sender);
}

static void poll(void *arg)
{
	struct webhook_sender *sender = arg;

	if (!sender->started)
		return;
	timer_start(sender->poll_timer, POLL_MS);
	LIST_EACH(&sender->held, node)
	held_fetch(node->data);
	claim(sender);
	sweep(sender);
}

static void renew(void *arg)
{
	struct webhook_sender *sender = arg;
	struct batch batch auto_batch = {0};

	timer_start(sender->renew_timer, RENEW_MS);
	if (!sender->held.len)
		return;
	store_webhook_renew(&batch, sender->owner, clock_wall_us() + LEASE_MS * 1000ll);
	batch_run(&batch, NULL, sender->conf.db, NULL, NULL);
}

/* ---- the sender ---- */

static void sender_destroy(void *data)
{
	struct webhook_sender *sender = data;
	struct batch batch auto_batch = {0};
	void *item;

	store_webhook_release(&batch, sender->owner, NULL, NULL, clock_wall_us());
	batch_run(&batch, NULL, sender->conf.db, NULL, NULL);
	while ((item = list_pop(&sender->held)))
		mem_unref(item);
	while ((item = list_pop(&sender->notices)))
		mem_unref(item);
	mem_unref(sender->claim);
	mem_unref(sender->sweep);
	mem_unref(sender->poll_timer);
	mem_unref(sender->renew_timer);
}

struct webhook_sender *webhook_sender_new(const struct webhook_sender_conf *conf)
{
	struct webhook_sender *sender = mem_new(sizeof(*sender), sender_destroy);

	sender->conf = *conf;
	log_init(&sender->log, "webhook", "");
	uuid_new(sender->owner);
	sender->poll_timer = timer_new(conf->loop, poll, sender);
	sender->renew_timer = timer_new(conf->loop, renew, sender);
	return sender;
}

void webhook_sender_start(struct webhook_sender *sender)
{
	sender->started = true;
	timer_start(sender->poll_timer, 0);
	timer_start(sender->renew_timer, RENEW_MS);
}

void webhook_sender_wake(struct webhook_sender *sender)
{
	if (sender && sender->started)
		timer_start(sender->poll_timer, 0);
}

void webhook_sender_stop(struct webhook_sender *sender)
{
	sender->started = false;
	timer_stop(sender->poll_timer);
}

size_t webhook_sender_running(const struct webhook_sender *sender)
{
	size_t running = 0;

	LIST_EACH(&sender->held, node)
	{
		const struct held *held = node->data;

		running += held->sendings.len;
	}
	return running;
}
