#include "platform/live.h"

#include "core/clock.h"
#include "core/json_writer.h"
#include "core/mem.h"
#include "core/str.h"
#include "loop/timer.h"
#include "platform/live_message.h"
#include "platform/live_priv.h"
#include "platform/store/batch.h"
#include "platform/store/call_event.h"
#include "state/state.h"

#include <string.h>

enum {
	DEFAULT_RING = 1024,
	DEFAULT_READERS = 5000,
	RETRY_MS = 1000,
	/* How often rows are looked for that nobody told of: messages may be lost; nobody tells. */
	POLL_TOLD_MS = 5000,
	POLL_UNTOLD_MS = 250,
	POLL_ALONE_MS = 1000,
	MAX_TOLD_BYTES = 200 * 1024,
};

static const char channel[] = "live";

static const char *const type_names[] = {
#define LIVE_TYPE(id_, name_, durable_) [LIVE_##id_] = name_,
	LIVE_TYPES(LIVE_TYPE)
#undef LIVE_TYPE
};

const char *live_type_name(enum live_type type)
{
	return type_names[type];
}

int64_t live_seq_of_row(int64_t row_seq)
{
	return row_seq << LIVE_COUNTER_BITS;
}

int64_t live_row_of_seq(int64_t seq)
{
	return seq >> LIVE_COUNTER_BITS;
}

/* ---- the ring ---- */

struct live_event *live_ring_at(const struct live *live, size_t index)
{
	return live->ring[(live->ring_head + index) % live->conf.ring_events];
}

static void event_destroy(void *data)
{
	struct live_event *event = data;

	mem_free(event->text);
}

static void ring_add(struct live *live, struct live_event *event)
{
	size_t place = (live->ring_head + live->ring_len) % live->conf.ring_events;

	if (live->ring_len == live->conf.ring_events) {
		live->floor_seq = live->ring[place]->seq;
		mem_unref(live->ring[place]);
		live->ring_head = (live->ring_head + 1) % live->conf.ring_events;
	} else {
		live->ring_len++;
	}
	live->ring[place] = event;
}

/* data: the text of a JSON value. */
char *live_event_text(int64_t seq, int64_t at, const char *type, const char *call_id,
		      const char *data)
{
	struct buf text = {0};
	struct json_writer writer = {.out = &text};

	json_write_open(&writer, NULL, '{');
	json_write_int(&writer, "seq", seq);
	json_write_time(&writer, "at", at);
	json_write_str(&writer, "type", type);
	json_write_str(&writer, "call_id", str_is_empty(call_id) ? NULL : call_id);
	json_write_raw(&writer, "data", data, "{}");
	json_write_close(&writer, '}');
	return buf_steal(&text);
}

/* ---- telling readers ---- */

static void offer(struct live *live, int64_t seq, const struct live_row *row)
{
	struct live_event *event = mem_new(sizeof(*event), event_destroy);

	event->seq = seq;
	str_copy(event->tenant_id, sizeof(event->tenant_id), row->tenant_id);
	str_copy(event->call_id, sizeof(event->call_id), row->call_id);
	event->text = live_event_text(seq, row->at, row->type, row->call_id, row->data);
	event->len = strlen(event->text);
	live->last_seq = seq;
	ring_add(live, event);
	live_readers_offer(live, event);
	if (live->waiting_count)
		live_readers_wake(live);
}

/* Before the hub is ready there is no number to give, and nobody who could have seen the event. */
static void offer_ephemeral(struct live *live, const struct live_row *row)
{
	if (live->ready && (live->last_seq & LIVE_COUNTER_MAX) != LIVE_COUNTER_MAX)
		offer(live, live->last_seq + 1, row);
}

static void on_row(const struct live_row *row, void *arg)
{
	offer(arg, live_seq_of_row(row->seq), row);
}

static struct live_row row_of(const char *tenant_id, int64_t row_seq, int64_t at,
			      const char *call_id, const char *type, const char *data)
{
	struct live_row row = {.seq = row_seq, .at = at, .type = type, .data = data};

	str_copy(row.tenant_id, sizeof(row.tenant_id), tenant_id ? tenant_id : "");
	str_copy(row.call_id, sizeof(row.call_id), call_id ? call_id : "");
	return row;
}

/* ---- telling other pods, and being told ---- */

static void tell(struct live *live, enum live_message_kind kind, const struct live_row *row)
{
	struct live_message message = {
		.kind = kind, .seq = row->seq, .at = row->at, .data = row->data};
	struct buf text auto_buf = {0};

	if (!live->conf.state)
		return;
	if (strlen(row->data) > MAX_TOLD_BYTES) {
		if (kind == LIVE_MESSAGE_EVENT)
			return;
		message.kind = LIVE_MESSAGE_NOTE;
	}
	str_copy(message.tenant_id, sizeof(message.tenant_id), row->tenant_id);
	str_copy(message.call_id, sizeof(message.call_id), row->call_id);
	str_copy(message.type, sizeof(message.type), row->type);
	live_message_write(&text, &message);
	state_publish(live->conf.state, channel, text.data, text.len);
}

static void on_message(const char *data, size_t len, void *arg)
{
	struct live *live = arg;
	struct live_message message;
	struct live_row row;

	if (live_message_parse(&message, data, len)) {
		LOG_WARN(&live->log, "live_message_not_understood");
		return;
	}
	row = row_of(message.tenant_id, message.seq, message.at, message.call_id, message.type,
		     message.data);
	if (message.kind == LIVE_MESSAGE_EVENT)
		offer_ephemeral(live, &row);
	else if (live->order && message.kind == LIVE_MESSAGE_ROW)
		live_order_add(live->order, &row);
	else if (live->order)
		live_order_note(live->order, message.seq);
}

static void plan_poll(struct live *live)
{
	bool shared = live->conf.state && state_is_shared(live->conf.state);

	if (shared)
		timer_start(live->poll, live->connected ? POLL_TOLD_MS : POLL_UNTOLD_MS);
	else if (live_order_is_shared(live->order))
		timer_start(live->poll, POLL_ALONE_MS);
}

static void on_poll(void *arg)
{
	struct live *live = arg;

	live_order_look(live->order);
	plan_poll(live);
}

/* What was missed while nobody told us is looked for at once. */
static void on_connected(bool connected, void *arg)
{
	struct live *live = arg;

	live->connected = connected;
	if (!live->order)
		return;
	live_order_look(live->order);
	plan_poll(live);
}

static const struct state_listener listener = {on_message, on_connected};

/* ---- publishing ---- */

/* Every pod counts for itself. */
static bool is_each_pods_own(enum live_type type)
{
	return type == LIVE_COUNTERS;
}

void live_publish(struct live *live, const char *tenant_id, const char *call_id,
		  enum live_type type, json_t *data)
{
	char *auto_free text = json_text(data);
	struct live_row row =
		row_of(tenant_id, 0, clock_wall_us(), call_id, type_names[type], text);

	offer_ephemeral(live, &row);
	if (!is_each_pods_own(type))
		tell(live, LIVE_MESSAGE_EVENT, &row);
}

void live_publish_row(struct live *live, const char *tenant_id, int64_t row_seq, int64_t at,
		      const char *call_id, const char *type, const char *data)
{
	struct live_row row = row_of(tenant_id, row_seq, at, call_id, type, data);

	tell(live, LIVE_MESSAGE_ROW, &row);
	if (live->order)
		live_order_add(live->order, &row);
	else if (live_seq_of_row(row_seq) > live->last_seq)
		on_row(&row, live);
}

/* ---- the hub ---- */

static void on_order_started(int64_t seq, void *arg)
{
	struct live *live = arg;

	live->ready = true;
	live->last_seq = live->floor_seq = live_seq_of_row(seq);
	live_readers_wake(live);
	if (live->order)
		plan_poll(live);
}

static const struct live_order_handlers order_handlers = {on_row, on_order_started};

static void on_own_row(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct live *live = arg;
	struct live_row row;

	live->starting = mem_unref(live->starting);
	if (err) {
		LOG_ERROR(&live->log, "live_not_started", LOG_ERR(err));
		timer_start(live->retry, RETRY_MS);
		return;
	}
	row = row_of(live->conf.tenant_id, db_get_int(results[0], 0, 0), clock_wall_us(), NULL,
		     "live.started", "{}");
	tell(live, LIVE_MESSAGE_ROW, &row);
	live_order_start(live->order, row.seq);
}

static void write_own_row(void *arg)
{
	struct live *live = arg;
	struct batch batch auto_batch = {0};

	store_event_insert(&batch, live->conf.tenant_id, NULL, "live.started", clock_wall_us(),
			   "{}");
	batch_run(&batch, &live->starting, live->db, on_own_row, live);
}

bool live_is_ready(const struct live *live)
{
	return live->ready;
}

void live_close(struct live *live, uint16_t code, const char *reason)
{
	live->conf.max_readers = 0;
	live_readers_drop(live, code, reason);
}

static void live_destroy(void *data)
{
	struct live *live = data;

	live_readers_leave(live);
	for (size_t i = 0; i < live->ring_len; i++)
		mem_unref(live_ring_at(live, i));
	mem_free(live->ring);
	map_free(&live->audiences);
	mem_unref(live->subscription);
	mem_unref(live->starting);
	mem_unref(live->retry);
	mem_unref(live->poll);
	mem_unref(live->order);
}

struct live *live_new(struct loop *loop, struct db *db, const struct live_conf *conf)
{
	struct live *live = mem_new(sizeof(*live), live_destroy);

	live->loop = loop;
	live->db = db;
	live->conf = *conf;
	if (!live->conf.ring_events)
		live->conf.ring_events = DEFAULT_RING;
	if (!live->conf.max_readers)
		live->conf.max_readers = DEFAULT_READERS;
	live->ring = mem_alloc(live->conf.ring_events * sizeof(struct live_event *));
	log_init(&live->log, "live", "");
	if (!db) {
		on_order_started(clock_wall_us() / 1000000, live);
		return live;
	}
	live->order = live_order_new(loop, db, &order_handlers, live);
	live->poll = timer_new(loop, on_poll, live);
	live->retry = timer_new(loop, write_own_row, live);
	if (conf->state)
		live->subscription = state_subscribe(conf->state, channel, &listener, live);
	write_own_row(live);
	return live;
}
