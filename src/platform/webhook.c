#include "platform/webhook.h"

#include "core/buf.h"
#include "core/digest.h"
#include "core/encoding.h"
#include "core/json_writer.h"
#include "core/mem.h"
#include "core/str.h"
#include "core/trace.h"
#include "platform/store/webhook_delivery.h"

#include <stdio.h>
#include <string.h>

static const struct webhook_event_info infos[] = {
#define WEBHOOK_EVENT(name_, sentence_) {name_, sentence_},
	WEBHOOK_EVENTS(WEBHOOK_EVENT)
#undef WEBHOOK_EVENT
};

size_t webhook_event_count(void)
{
	return ARRAY_LEN(infos);
}

const struct webhook_event_info *webhook_event_info(size_t index)
{
	return &infos[index];
}

static bool is_event(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(infos); i++)
		if (str_equal(infos[i].name, name))
			return true;
	return false;
}

/* ---- telling ---- */

int webhook_tell(struct batch *batch, const struct webhook_event *event)
{
	struct store_event row = {
		.tenant_id = event->tenant_id,
		.type = event->type,
		.call_id = event->call_id,
		.data = event->data,
		.at = event->at,
		.new_number = event->new_number,
	};
	size_t group_len = strcspn(event->type, ".");
	char traceparent[TRACEPARENT_SIZE];
	char *id;

	if (!is_event(event->type))
		return WEBHOOK_NOBODY;
	id = mem_alloc(UUID_SIZE);
	uuid_new(id);
	row.id = batch_own(batch, id);
	if (event->id)
		row.id = event->id;
	if (trace_current_parent(traceparent))
		row.traceparent = batch_own(batch, mem_strdup(traceparent));
	return (int)store_delivery_insert(
		batch, &row, batch_own(batch, mem_printf("%% %s %%", event->type)),
		batch_own(batch, mem_printf("%% %.*s.* %%", (int)group_len, event->type)));
}

bool webhook_was_told(struct db_result *const *results, int index)
{
	return index != WEBHOOK_NOBODY && db_changes(results[index]) > 0;
}

/* ---- filters ---- */

/* "call.*": there is an event of that group. */
static bool is_group(const char *name)
{
	size_t len = strlen(name);

	if (len < 3 || strcmp(name + len - 2, ".*") != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(infos); i++)
		if (strncmp(infos[i].name, name, len - 1) == 0)
			return true;
	return false;
}

char *webhook_filter(const json_t *events, char ret_bad[80])
{
	struct buf filter = {0};
	size_t index;
	json_t *value;

	if (!json_is_array(events) || !json_array_size(events) ||
	    json_array_size(events) > ARRAY_LEN(infos) * 2) {
		snprintf(ret_bad, 80, "it must be an array of names, or [\"*\"]");
		return NULL;
	}
	buf_append_char(&filter, ' ');
	json_array_foreach((json_t *)events, index, value)
	{
		const char *name = json_string_value(value);

		if (name && (str_equal(name, "*") || is_event(name) || is_group(name))) {
			buf_printf(&filter, "%s ", name);
			continue;
		}
		snprintf(ret_bad, 80, "there is no event \"%.40s\"", name ? name : "");
		buf_free(&filter);
		return NULL;
	}
	return buf_steal(&filter);
}

json_t *webhook_filter_view(const char *filter)
{
	json_t *view = json_array();

	for (size_t len; *filter; filter += len) {
		len = strcspn(filter, " ");
		if (len)
			json_array_append_new(view, json_stringn(filter, len));
		else
			len = 1;
	}
	return view;
}

/* ---- what is sent ---- */

void webhook_secret_new(char out[WEBHOOK_SECRET_SIZE])
{
	memcpy(out, "whsec_", 6);
	random_hex(out + 6, WEBHOOK_SECRET_SIZE - 7);
}

void webhook_write_body(struct buf *out, const char *event_id, const struct webhook_event *event)
{
	struct json_writer writer = {.out = out};

	json_write_open(&writer, NULL, '{');
	json_write_str(&writer, "id", event_id);
	json_write_str(&writer, "type", event->type);
	json_write_time(&writer, "created_at", event->at);
	json_write_str(&writer, "tenant_id", event->tenant_id);
	json_write_str(&writer, "call_id", event->call_id);
	json_write_raw(&writer, "data", event->data, "{}");
	json_write_close(&writer, '}');
}

static void append_signature(struct buf *out, const struct buf *text, const char *secret)
{
	uint8_t mac[SHA256_LEN];
	char hex[2 * SHA256_LEN + 1];

	digest_hmac_sha256(mac, secret, strlen(secret), text->data, text->len);
	hex_encode(hex, mac, sizeof(mac));
	buf_printf(out, ",v1=%s", hex);
}

void webhook_sign(struct buf *out, int64_t timestamp_s, const char *event_id, const char *body,
		  size_t len, const char *secret, const char *previous_secret)
{
	struct buf auto_buf text = {0};

	buf_printf(&text, "%lld.%s.", (long long)timestamp_s, event_id);
	buf_append(&text, body, len);
	buf_printf(out, "t=%lld", (long long)timestamp_s);
	append_signature(out, &text, secret);
	if (previous_secret)
		append_signature(out, &text, previous_secret);
}
