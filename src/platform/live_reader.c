#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "platform/live_priv.h"
#include "platform/store/batch.h"
#include "platform/store/call_event.h"

#include <string.h>

enum { REPLAY_ROWS = 32 };

static void reader_begin(struct live_reader *reader);

static void set_state(struct live_reader *reader, enum live_reader_state state)
{
	reader->live->waiting_count += (state == READER_AHEAD) - (reader->state == READER_AHEAD);
	reader->state = state;
}

static void reader_drop(struct live_reader *reader, uint16_t code, const char *reason)
{
	set_state(reader, READER_DROPPED);
	reader->request = mem_unref(reader->request);
	reader->sink->drop(reader->arg, code, reason);
}

static void reader_send(struct live_reader *reader, const char *text, size_t len)
{
	if (!reader->sink->send(reader->arg, text, len))
		return;
	metric_add(METRIC_LIVE_DROPPED, "", 1);
	LOG_WARN(&reader->live->log, "live_reader_too_slow");
	reader_drop(reader, LIVE_CLOSE_SLOW, "too slow: reconnect with since");
}

static void reader_offer(struct live_reader *reader, const struct live_event *event)
{
	if (event->seq <= reader->sent_seq)
		return;
	reader->sent_seq = event->seq;
	if (!reader->call_id[0] || !strcmp(reader->call_id, event->call_id))
		reader_send(reader, event->text, event->len);
}

/* ---- catching up ---- */

static void reader_catch_up(struct live_reader *reader)
{
	struct live *live = reader->live;

	set_state(reader, READER_LIVE);
	for (size_t i = 0; i < live->ring_len && reader->state == READER_LIVE; i++) {
		const struct live_event *event = live_ring_at(live, i);

		if (!event->tenant_id[0] || !strcmp(event->tenant_id, reader->audience->tenant_id))
			reader_offer(reader, event);
	}
}

static void reader_send_row(struct live_reader *reader, const struct db_result *result, size_t row)
{
	char *auto_free event = NULL;

	reader->sent_seq = live_seq_of_row(db_get_int(result, row, 0));
	event = live_event_text(reader->sent_seq, db_get_int(result, row, 3),
				db_get_text(result, row, 2), db_get_text(result, row, 1),
				db_get_text(result, row, 4));
	reader_send(reader, event, strlen(event));
}

/* A short page: nothing is missing up to the row that was the hub's last when it was asked. */
static void on_rows(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct live_reader *reader = arg;
	size_t rows = err ? 0 : db_rows(results[0]);

	reader->request = mem_unref(reader->request);
	if (err) {
		LOG_WARN(&reader->live->log, "live_replay_failed", LOG_ERR(err));
		reader_drop(reader, 1011, "the replay failed: reconnect");
		return;
	}
	for (size_t i = 0; i < rows && reader->state == READER_READING; i++)
		reader_send_row(reader, results[0], i);
	if (reader->state != READER_READING)
		return;
	if (rows < REPLAY_ROWS && reader->sent_seq < live_seq_of_row(reader->read_row))
		reader->sent_seq = live_seq_of_row(reader->read_row);
	set_state(reader, READER_FULL);
	if (rows < REPLAY_ROWS || !reader->sink->queued(reader->arg))
		reader_begin(reader);
}

static void reader_read(struct live_reader *reader)
{
	struct batch batch auto_batch = {0};

	set_state(reader, READER_READING);
	reader->read_row = live_row_of_seq(reader->live->last_seq);
	store_event_select_until(&batch, reader->audience->tenant_id,
				 reader->call_id[0] ? reader->call_id : NULL,
				 live_row_of_seq(reader->sent_seq), reader->read_row, REPLAY_ROWS);
	batch_run(&batch, &reader->request, reader->live->db, on_rows, reader);
}

/* It has seen more than we have: on another pod, or never. */
static void on_newest(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct live_reader *reader = arg;
	int64_t row = live_row_of_seq(reader->sent_seq);

	reader->request = mem_unref(reader->request);
	if (err) {
		reader_drop(reader, 1011, "the replay failed: reconnect");
	} else if (db_get_int(results[0], 0, 0) < row) {
		reader_drop(reader, LIVE_CLOSE_AHEAD, "unknown number: reconnect without since");
	} else if (row <= live_row_of_seq(reader->live->last_seq)) {
		reader_begin(reader);
	} else {
		set_state(reader, READER_AHEAD);
		live_order_note(reader->live->order, row);
	}
}

static void reader_ask(struct live_reader *reader)
{
	struct batch batch auto_batch = {0};

	set_state(reader, READER_ASKING);
	store_event_newest(&batch, live_row_of_seq(reader->sent_seq));
	batch_run(&batch, &reader->request, reader->live->db, on_newest, reader);
}

static void reader_begin(struct live_reader *reader)
{
	struct live *live = reader->live;

	if (reader->from_now && live->ready) {
		reader->sent_seq = live->last_seq;
		reader->from_now = false;
	}
	if (!live->ready)
		set_state(reader, READER_WAITING);
	else if (live_row_of_seq(reader->sent_seq) > live_row_of_seq(live->last_seq) && live->db)
		reader_ask(reader);
	else if (reader->sent_seq > live->last_seq && !live->db)
		reader_drop(reader, LIVE_CLOSE_AHEAD, "unknown number: reconnect without since");
	else if (reader->sent_seq >= live->floor_seq || !live->db)
		reader_catch_up(reader);
	else
		reader_read(reader);
}

void live_reader_drained(struct live_reader *reader)
{
	if (reader->state == READER_FULL)
		reader_begin(reader);
}

/* ---- all of them ---- */

static void offer_audience(const struct live_audience *audience, const struct live_event *event)
{
	LIST_EACH(&audience->readers, node)
	{
		struct live_reader *reader = node->data;

		if (reader->state == READER_LIVE)
			reader_offer(reader, event);
	}
}

void live_readers_offer(struct live *live, const struct live_event *event)
{
	const struct live_audience *audience;

	if (event->tenant_id[0]) {
		audience = map_get(&live->audiences, event->tenant_id);
		if (audience)
			offer_audience(audience, event);
		return;
	}
	MAP_EACH(&live->audiences, node)
	offer_audience(node->data, event);
}

void live_readers_wake(struct live *live)
{
	int64_t row = live_row_of_seq(live->last_seq);

	MAP_EACH(&live->audiences, node)
	{
		const struct live_audience *audience = node->data;

		LIST_EACH(&audience->readers, reader_node)
		{
			struct live_reader *reader = reader_node->data;

			if (reader->state == READER_WAITING ||
			    (reader->state == READER_AHEAD &&
			     live_row_of_seq(reader->sent_seq) <= row))
				reader_begin(reader);
		}
	}
}

void live_readers_drop(struct live *live, uint16_t code, const char *reason)
{
	MAP_EACH(&live->audiences, node)
	{
		const struct live_audience *audience = node->data;

		LIST_EACH(&audience->readers, reader_node)
		{
			struct live_reader *reader = reader_node->data;

			if (reader->state != READER_DROPPED)
				reader_drop(reader, code, reason);
		}
	}
}

static void audience_leave(struct live_reader *reader)
{
	struct live_audience *audience = reader->audience;
	struct live *live = reader->live;

	list_remove(&reader->node);
	reader->audience = NULL;
	live->reader_count--;
	metric_add(METRIC_LIVE_CLIENTS, "", -1);
	if (audience->readers.len)
		return;
	map_remove(&live->audiences, &audience->node);
	mem_unref(audience);
}

static struct live_audience *audience_of(struct live *live, const char *tenant_id)
{
	struct live_audience *audience = map_get(&live->audiences, tenant_id);

	if (audience)
		return audience;
	audience = mem_new(sizeof(*audience), NULL);
	str_copy(audience->tenant_id, sizeof(audience->tenant_id), tenant_id);
	map_add(&live->audiences, &audience->node, audience->tenant_id, audience);
	return audience;
}

void live_readers_leave(struct live *live)
{
	MAP_EACH(&live->audiences, node)
	{
		struct live_audience *audience = mem_ref(node->data);

		LIST_EACH(&audience->readers, reader_node)
		{
			struct live_reader *reader = reader_node->data;

			set_state(reader, READER_DROPPED);
			reader->request = mem_unref(reader->request);
			audience_leave(reader);
			reader->live = NULL;
		}
		mem_unref(audience);
	}
}

static void reader_destroy(void *data)
{
	struct live_reader *reader = data;

	if (reader->live) {
		set_state(reader, READER_DROPPED);
		audience_leave(reader);
	}
	mem_unref(reader->request);
}

struct live_reader *live_reader_new(struct live *live, const char *tenant_id, int64_t since,
				    const char *call_id, const struct live_sink *sink, void *arg)
{
	struct live_reader *reader;

	if (live->reader_count >= live->conf.max_readers)
		return NULL;
	reader = mem_new(sizeof(*reader), reader_destroy);
	reader->live = live;
	reader->sink = sink;
	reader->arg = arg;
	reader->from_now = since == LIVE_FROM_NOW;
	reader->sent_seq = reader->from_now ? live->last_seq : since;
	if (call_id)
		str_copy(reader->call_id, sizeof(reader->call_id), call_id);
	reader->audience = audience_of(live, tenant_id);
	list_append(&reader->audience->readers, &reader->node, reader);
	live->reader_count++;
	metric_add(METRIC_LIVE_CLIENTS, "", 1);
	reader_begin(reader);
	return reader;
}

size_t live_readers(const struct live *live)
{
	return live->reader_count;
}
