#include "engine/hook.h"

#include "core/buf.h"
#include "core/clock.h"
#include "core/digest.h"
#include "core/encoding.h"
#include "core/list.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/str.h"
#include "core/timestamp.h"
#include "core/uuid.h"
#include "engine/journal.h"
#include "engine/schema.h"
#include "http/http_client.h"
#include "loop/loop.h"
#include "loop/timer.h"

#include <errno.h>
#include <string.h>

enum { FIRST_RETRY_MS = 30000, TIMEOUT_MS = 10000, MAX_FAILURES = 10 };

struct hooks {
	struct loop *loop;
	struct http_client *client;
	struct journal *journal;
	struct log log;
	uint32_t retry_ms;
	json_t *webhooks; /* by id */
	struct list deliveries;
};

struct delivery {
	struct list_node node;
	struct hooks *hooks;
	struct http_exchange *exchange;
	struct timer *timer;
	json_t *record; /* id, url, secrets, body, callId, event, attempt, nextUs, webhookId */
};

static void delivery_destroy(void *data)
{
	struct delivery *delivery = data;

	list_remove(&delivery->node);
	mem_unref(delivery->exchange);
	mem_unref(delivery->timer);
	json_decref(delivery->record);
}

static const char *delivery_id(const struct delivery *delivery)
{
	return json_get_str(delivery->record, "id", "");
}

static void delivery_log(const struct delivery *delivery, struct log *log)
{
	log_init(log, "engine", json_get_str(delivery->record, "callId", ""));
}

static void delivery_over(struct delivery *delivery)
{
	journal_remove(delivery->hooks->journal, "deliveries", delivery_id(delivery));
	mem_unref(delivery);
}

static void note_webhook(struct delivery *delivery, const char *failure)
{
	const char *id = json_get_str(delivery->record, "webhookId", "");
	json_t *webhook = json_object_get(delivery->hooks->webhooks, id), *failures, *entry;
	const char *status = failure ? "unhealthy" : "normal";

	if (!webhook)
		return;
	if (!str_equal(json_get_str(webhook, "status", ""), status)) {
		json_set_str(webhook, "status", status);
		json_set_time(webhook, "lastStatusChange", clock_wall_us());
	}
	if (!failure)
		return;
	failures = json_object_get(webhook, "recentFailures");
	entry = json_object();
	json_set_time(entry, "timestamp", clock_wall_us());
	json_set_str(entry, "failure", failure);
	json_array_append_new(failures, entry);
	if (json_array_size(failures) > MAX_FAILURES)
		json_array_remove(failures, 0);
}

static void retry_later(struct delivery *delivery, const char *failure)
{
	int64_t attempt = json_get_int(delivery->record, "attempt", 0);
	uint64_t wait_ms = (uint64_t)delivery->hooks->retry_ms << attempt;
	struct log log;

	delivery_log(delivery, &log);
	note_webhook(delivery, failure);
	if (attempt >= HOOK_MAX_RETRIES) {
		LOG_ERROR(&log, "webhook_given_up", LOG_STR("reason", failure),
			  LOG_STR("event_type", json_get_str(delivery->record, "event", "")));
		delivery_over(delivery);
		return;
	}
	LOG_WARN(&log, "webhook_failed", LOG_STR("reason", failure), LOG_INT("attempt", attempt),
		 LOG_INT("retry_ms", (int64_t)wait_ms));
	json_set_int(delivery->record, "attempt", attempt + 1);
	json_set_int(delivery->record, "nextUs", clock_wall_us() + (int64_t)wait_ms * 1000);
	journal_write(delivery->hooks->journal, "deliveries", delivery_id(delivery),
		      delivery->record, NULL, NULL);
	timer_start(delivery->timer, wait_ms);
}

static void on_response(const struct http_result *result, void *arg)
{
	struct delivery *delivery = arg;
	auto_free char *failure = NULL;

	delivery->exchange = mem_unref(delivery->exchange);
	if (!result->err && result->status >= 200 && result->status < 300) {
		note_webhook(delivery, NULL);
		delivery_over(delivery);
		return;
	}
	failure = result->err ? mem_strdup(strerror(-result->err))
			      : mem_printf("HTTP status %d", result->status);
	retry_later(delivery, failure);
}

void hook_sign(struct buf *out, const json_t *secrets, const char *body, const char *timestamp)
{
	auto_free char *message = mem_printf("%s%s", body, timestamp);
	size_t i;
	json_t *secret;

	json_array_foreach(secrets, i, secret)
	{
		uint8_t digest[SHA256_LEN];
		char hex[2 * SHA256_LEN + 1];

		digest_hmac_sha256(digest, json_string_value(secret), json_string_length(secret),
				   message, strlen(message));
		hex_encode(hex, digest, sizeof(digest));
		buf_printf(out, "%s%s", out->len ? "," : "", hex);
	}
}

/* A fresh timestamp and signature at every attempt. */
static void deliver(void *arg)
{
	struct delivery *delivery = arg;
	const char *body = json_get_str(delivery->record, "body", "");
	auto_buf struct buf signature = {0};
	char timestamp[TIMESTAMP_SIZE];
	auto_free char *time_header = NULL, *signature_header = NULL;
	const char *headers[4] = {"Content-Type: application/json"};
	struct http_client_params params = {
		.method = "POST",
		.url = json_get_str(delivery->record, "url", ""),
		.headers = headers,
		.body = body,
		.body_len = strlen(body),
		.timeout_ms = TIMEOUT_MS,
		.max_body_bytes = 64 << 10,
	};

	timestamp_iso(timestamp, clock_wall_us());
	hook_sign(&signature, json_object_get(delivery->record, "secrets"), body, timestamp);
	time_header = mem_printf("X-Ultravox-Webhook-Timestamp: %s", timestamp);
	signature_header = mem_printf("X-Ultravox-Webhook-Signature: %s", buf_str(&signature));
	headers[1] = time_header;
	headers[2] = signature.len ? signature_header : NULL;
	if (http_client_request(&delivery->exchange, delivery->hooks->client, &params, NULL,
				on_response, delivery) != 0)
		retry_later(delivery, "the URL cannot be requested");
}

static struct delivery *delivery_new(struct hooks *hooks, json_t *record)
{
	struct delivery *delivery = mem_new(sizeof(*delivery), delivery_destroy);

	delivery->hooks = hooks;
	delivery->record = record;
	delivery->timer = timer_new(hooks->loop, deliver, delivery);
	list_append(&hooks->deliveries, &delivery->node, delivery);
	return delivery;
}

/* One target of one event. */
static void send_to(struct hooks *hooks, const char *event, const json_t *call, const char *url,
		    const json_t *secrets, const char *webhook_id)
{
	auto_json json_t *payload = json_object();
	auto_free char *body = NULL;
	char id[UUID_SIZE];
	json_t *record;

	if (hooks->deliveries.len >= HOOK_MAX_PENDING) {
		LOG_ERROR(&hooks->log, "webhook_dropped", LOG_STR("reason", "too many pending"));
		return;
	}
	json_set_str(payload, "event", event);
	json_object_set(payload, "call", (json_t *)call);
	body = json_text(payload);
	uuid_new(id);
	record = json_object();
	json_set_str(record, "id", id);
	json_set_str(record, "url", url);
	json_object_set_new(record, "secrets", secrets ? json_deep_copy(secrets) : json_array());
	json_set_str(record, "body", body);
	json_set_str(record, "callId", json_get_str(call, "callId", ""));
	json_set_str(record, "event", event);
	json_set_str(record, "webhookId", webhook_id);
	json_set_int(record, "attempt", 0);
	json_set_int(record, "nextUs", clock_wall_us());
	journal_write(hooks->journal, "deliveries", id, record, NULL, NULL);
	timer_start(delivery_new(hooks, record)->timer, 0);
}

static bool wants(const json_t *webhook, const char *event)
{
	size_t i;
	json_t *entry;

	if (json_get_str(webhook, "agentId", NULL))
		return false; /* calls here belong to no agent */
	json_array_foreach(json_object_get(webhook, "events"), i, entry)
	{
		if (str_equal(json_string_value(entry), event))
			return true;
	}
	return false;
}

void hooks_fire(struct hooks *hooks, const char *event, const json_t *call, const json_t *callbacks)
{
	const json_t *callback = json_object_get(callbacks, event + strlen("call."));
	const char *id;
	json_t *webhook;

	if (json_is_object(callback))
		send_to(hooks, event, call, json_get_str(callback, "url", ""),
			json_object_get(callback, "secrets"), NULL);
	json_object_foreach(hooks->webhooks, id, webhook)
	{
		if (wants(webhook, event))
			send_to(hooks, event, call, json_get_str(webhook, "url", ""),
				json_object_get(webhook, "secrets"), id);
	}
}

size_t hooks_pending(const struct hooks *hooks)
{
	return hooks->deliveries.len;
}

/* ---- account webhooks ---- */

#define EVENTS "call.started|call.joined|call.ended|call.billed"
static const struct schema_field webhook_fields[] = {
	{"url", SCHEMA_URL, .max = 200, .values = "http|https", .required = true},
	{"events", SCHEMA_STR_LIST, .values = EVENTS, .required = true},
	{"secrets", SCHEMA_STR_LIST, 1, 120},
	{"agentId", SCHEMA_UUID},
	{NULL},
};
static const struct schema_field patch_fields[] = {
	{"url", SCHEMA_URL, .max = 200, .values = "http|https"},
	{"events", SCHEMA_STR_LIST, .values = EVENTS},
	{"secrets", SCHEMA_STR_LIST, 1, 120},
	{"agentId", SCHEMA_UUID},
	{NULL},
};

static void save_webhook(struct hooks *hooks, const json_t *webhook)
{
	journal_write(hooks->journal, "webhooks", json_get_str(webhook, "webhookId", ""), webhook,
		      NULL, NULL);
}

static void take_fields(json_t *webhook, const json_t *body)
{
	for (const struct schema_field *field = webhook_fields; field->name; field++) {
		json_t *value = json_object_get(body, field->name);

		if (value)
			json_object_set_new(webhook, field->name, json_deep_copy(value));
	}
	if (json_array_size(json_object_get(webhook, "secrets")) == 0) {
		char secret[41];

		random_hex(secret, sizeof(secret) - 1);
		json_object_set_new(webhook, "secrets", json_pack("[s]", secret));
	}
}

json_t *hooks_list(const struct hooks *hooks)
{
	json_t *list = json_array(), *webhook;
	const char *id;

	json_object_foreach(hooks->webhooks, id, webhook) json_array_append(list, webhook);
	return list;
}

const json_t *hooks_find(const struct hooks *hooks, const char *webhook_id)
{
	return json_object_get(hooks->webhooks, webhook_id);
}

int hooks_create(struct hooks *hooks, const json_t *body, const json_t **ret_webhook,
		 json_t *errors)
{
	char id[UUID_SIZE];
	json_t *webhook;

	if (!json_is_object(body))
		schema_error(errors, "non_field_errors", "Expected an object.");
	if (!json_is_object(body) || !schema_check(webhook_fields, body, errors))
		return -EINVAL;
	if (json_object_size(hooks->webhooks) >= HOOK_MAX_WEBHOOKS)
		return -ENOSPC;
	uuid_new(id);
	webhook = json_object();
	json_set_str(webhook, "webhookId", id);
	json_set_str(webhook, "agentId", NULL);
	json_set_time(webhook, "created", clock_wall_us());
	json_set_str(webhook, "status", "normal");
	json_set_str(webhook, "lastStatusChange", NULL);
	json_object_set_new(webhook, "recentFailures", json_array());
	take_fields(webhook, body);
	json_object_set_new(hooks->webhooks, id, webhook);
	save_webhook(hooks, webhook);
	*ret_webhook = webhook;
	return 0;
}

int hooks_update(struct hooks *hooks, const char *webhook_id, const json_t *body, bool partial,
		 const json_t **ret_webhook, json_t *errors)
{
	json_t *webhook = json_object_get(hooks->webhooks, webhook_id);

	if (!webhook)
		return -ENOENT;
	if (!json_is_object(body))
		schema_error(errors, "non_field_errors", "Expected an object.");
	if (!json_is_object(body) ||
	    !schema_check(partial ? patch_fields : webhook_fields, body, errors))
		return -EINVAL;
	take_fields(webhook, body);
	save_webhook(hooks, webhook);
	*ret_webhook = webhook;
	return 0;
}

int hooks_delete(struct hooks *hooks, const char *webhook_id)
{
	if (json_object_del(hooks->webhooks, webhook_id) != 0)
		return -ENOENT;
	journal_remove(hooks->journal, "webhooks", webhook_id);
	return 0;
}

/* ---- */

static void restore_webhook(const char *name, json_t *content, void *arg)
{
	struct hooks *hooks = arg;

	if (json_object_size(hooks->webhooks) < HOOK_MAX_WEBHOOKS)
		json_object_set(hooks->webhooks, name, content);
}

static void restore_delivery(const char *name, json_t *content, void *arg)
{
	struct hooks *hooks = arg;
	int64_t wait_us = json_get_int(content, "nextUs", 0) - clock_wall_us();

	if (!str_equal(json_get_str(content, "id", ""), name) ||
	    hooks->deliveries.len >= HOOK_MAX_PENDING)
		return;
	timer_start(delivery_new(hooks, json_incref(content))->timer,
		    wait_us > 0 ? (uint64_t)wait_us / 1000 : 0);
}

static void hooks_destroy(void *data)
{
	struct hooks *hooks = data;

	LIST_EACH(&hooks->deliveries, node)
	mem_unref(node->data);
	json_decref(hooks->webhooks);
	mem_unref(hooks->client);
	mem_unref(hooks->journal);
}

struct hooks *hooks_new(struct loop *loop, struct http_client *client, struct journal *journal,
			const struct hooks_conf *conf)
{
	struct hooks *hooks = mem_new(sizeof(*hooks), hooks_destroy);

	hooks->loop = loop;
	hooks->client = mem_ref(client);
	hooks->journal = mem_ref(journal);
	hooks->retry_ms = conf->retry_ms ? conf->retry_ms : FIRST_RETRY_MS;
	hooks->webhooks = json_object();
	log_init(&hooks->log, "engine", NULL);
	journal_each(journal, "webhooks", restore_webhook, hooks);
	journal_each(journal, "deliveries", restore_delivery, hooks);
	return hooks;
}
