#include "platform/live.h"

#include "core/clock.h"
#include "core/json_writer.h"
#include "core/list.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "core/uuid.h"
#include "loop/timer.h"
#include "platform/store/batch.h"
#include "platform/store/call_event.h"

#include <errno.h>
#include <string.h>

/*
 * A number is the row number of the last durable event, and a counter of the ephemeral ones after
 * it. 20 bits of counter leave 33 bits for rows below 2^53, what JavaScript can count exactly. The
 * hub writes a row of its own when it starts, so that the counter never starts again under one row.
 */
enum { COUNTER_BITS = 20, COUNTER_MAX = (1 << COUNTER_BITS) - 1 };
enum { DEFAULT_RING = 1024, DEFAULT_READERS = 5000, REPLAY_ROWS = 32, RETRY_MS = 1000 };

static const char *const type_names[] = {
#define LIVE_TYPE(id_, name_, durable_) [LIVE_##id_] = name_,
	LIVE_TYPES(LIVE_TYPE)
#undef LIVE_TYPE
};

struct live_event {
	int64_t seq;
	char call_id[UUID_SIZE]; /* "" when about no call */
	char *text;
	size_t len;
};

struct live {
	struct loop *loop;
	struct db *db;
	struct live_conf conf;
	struct log log;
	bool ready; /* the hub's own row is written */
	struct db_request *starting;
	struct timer *retry;
	int64_t last_seq;
	int64_t floor_seq;        /* of the newest event that is not in the ring */
	struct live_event **ring; /* oldest at head, ring_len of them */
	size_t ring_head;
	size_t ring_len;
	struct list readers;
};

enum reader_state {
	READER_WAITING, /* for the hub to be ready */
	READER_READING, /* rows from the database */
	READER_FULL,    /* for its socket to take the rows it got */
	READER_LIVE,
	READER_DROPPED,
};

struct live_reader {
	struct list_node node;
	struct live *live;
	const struct live_sink *sink;
	void *arg;
	enum reader_state state;
	int64_t sent_seq; /* everything up to it was sent, or is not wanted */
	char call_id[UUID_SIZE];
	struct db_request *request;
};

static void reader_begin(struct live_reader *reader);

const char *live_type_name(enum live_type type)
{
	return type_names[type];
}

int64_t live_seq_of_row(int64_t row_seq)
{
	return row_seq << COUNTER_BITS;
}

int64_t live_row_of_seq(int64_t seq)
{
	return seq >> COUNTER_BITS;
}

/* ---- readers ---- */

static void reader_drop(struct live_reader *reader, uint16_t code, const char *reason)
{
	reader->state = READER_DROPPED;
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

static struct live_event *ring_at(const struct live *live, size_t index)
{
	return live->ring[(live->ring_head + index) % live->conf.ring_events];
}

static void reader_catch_up(struct live_reader *reader)
{
	struct live *live = reader->live;

	reader->state = READER_LIVE;
	for (size_t i = 0; i < live->ring_len && reader->state == READER_LIVE; i++)
		reader_offer(reader, ring_at(live, i));
}

/* data: the text of a JSON value. */
static char *event_text(int64_t seq, int64_t at, const char *type, const char *call_id,
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

static void reader_send_row(struct live_reader *reader, const struct db_result *result, size_t row)
{
	char *auto_free event = NULL;

	reader->sent_seq = live_seq_of_row(db_get_int(result, row, 0));
	event = event_text(reader->sent_seq, db_get_int(result, row, 3),
			   db_get_text(result, row, 2), db_get_text(result, row, 1),
			   db_get_text(result, row, 4));
	reader_send(reader, event, strlen(event));
}

/*
 * Batches finish in the order they were run in. So when rows come back, every row among them has
 * been published already, and no other: a short page means that nothing is missing.
 */
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
	if (rows < REPLAY_ROWS) {
		reader->sent_seq = reader->live->last_seq;
		reader->state = READER_LIVE;
		return;
	}
	reader->state = READER_FULL;
	if (!reader->sink->queued(reader->arg))
		reader_begin(reader);
}

static void reader_read(struct live_reader *reader)
{
	struct batch batch auto_batch = {0};

	reader->state = READER_READING;
	store_event_select(&batch, reader->live->conf.tenant_id,
			   reader->call_id[0] ? reader->call_id : NULL,
			   live_row_of_seq(reader->sent_seq), REPLAY_ROWS);
	batch_run(&batch, &reader->request, reader->live->db, on_rows, reader);
}

static void reader_begin(struct live_reader *reader)
{
	struct live *live = reader->live;

	if (!live->ready)
		reader->state = READER_WAITING;
	else if (reader->sent_seq > live->last_seq)
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

static void reader_destroy(void *data)
{
	struct live_reader *reader = data;

	if (reader->live)
		metric_add(METRIC_LIVE_CLIENTS, "", -1);
	list_remove(&reader->node);
	mem_unref(reader->request);
}

struct live_reader *live_reader_new(struct live *live, int64_t since, const char *call_id,
				    const struct live_sink *sink, void *arg)
{
	struct live_reader *reader;

	if (live->readers.len >= live->conf.max_readers)
		return NULL;
	reader = mem_new(sizeof(*reader), reader_destroy);
	reader->live = live;
	reader->sink = sink;
	reader->arg = arg;
	if (call_id)
		str_copy(reader->call_id, sizeof(reader->call_id), call_id);
	list_append(&live->readers, &reader->node, reader);
	metric_add(METRIC_LIVE_CLIENTS, "", 1);
	if (since == LIVE_FROM_NOW) {
		reader->sent_seq = live->last_seq;
		reader->state = READER_LIVE;
	} else {
		reader->sent_seq = since;
		reader_begin(reader);
	}
	return reader;
}

size_t live_readers(const struct live *live)
{
	return live->readers.len;
}

/* ---- events ---- */

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

static void publish(struct live *live, int64_t seq, int64_t at, const char *call_id,
		    const char *type, const char *data)
{
	struct live_event *event = mem_new(sizeof(*event), event_destroy);

	event->seq = seq;
	str_copy(event->call_id, sizeof(event->call_id), call_id ? call_id : "");
	event->text = event_text(seq, at, type, call_id, data);
	event->len = strlen(event->text);
	live->last_seq = seq;
	ring_add(live, event);
	LIST_EACH(&live->readers, node)
	{
		struct live_reader *reader = node->data;

		if (reader->state == READER_LIVE)
			reader_offer(reader, event);
	}
}

/* Before the hub has its row there is no number to give, and nobody who could have seen the event.
 */
void live_publish(struct live *live, const char *call_id, enum live_type type, json_t *data)
{
	char *auto_free text = NULL;

	if (!live->ready || (live->last_seq & COUNTER_MAX) == COUNTER_MAX)
		return;
	text = json_text(data);
	publish(live, live->last_seq + 1, clock_wall_us(), call_id, type_names[type], text);
}

void live_publish_row(struct live *live, int64_t row_seq, int64_t at, const char *call_id,
		      const char *type, const char *data)
{
	int64_t seq = live_seq_of_row(row_seq);

	/* Rows written before the hub's own row are read from the database. */
	if (live->ready && seq > live->last_seq)
		publish(live, seq, at, call_id, type, data);
}

/* ---- the hub ---- */

static void start_at(struct live *live, int64_t seq)
{
	live->ready = true;
	live->last_seq = live->floor_seq = seq;
	LIST_EACH(&live->readers, node)
	{
		struct live_reader *reader = node->data;

		if (reader->state == READER_WAITING)
			reader_begin(reader);
	}
}

static void on_started(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct live *live = arg;

	live->starting = mem_unref(live->starting);
	if (!err) {
		start_at(live, live_seq_of_row(db_get_int(results[0], 0, 0)));
		return;
	}
	LOG_ERROR(&live->log, "live_not_started", LOG_ERR(err));
	timer_start(live->retry, RETRY_MS);
}

static void write_own_row(void *arg)
{
	struct live *live = arg;
	struct batch batch auto_batch = {0};

	store_event_insert(&batch, live->conf.tenant_id, NULL, "live.started", clock_wall_us(),
			   "{}");
	batch_run(&batch, &live->starting, live->db, on_started, live);
}

static void live_destroy(void *data)
{
	struct live *live = data;

	LIST_EACH(&live->readers, node)
	{
		struct live_reader *reader = node->data;

		list_remove(node);
		reader->state = READER_DROPPED;
		reader->request = mem_unref(reader->request);
	}
	for (size_t i = 0; i < live->ring_len; i++)
		mem_unref(ring_at(live, i));
	mem_free(live->ring);
	mem_unref(live->starting);
	mem_unref(live->retry);
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
		start_at(live, live_seq_of_row(clock_wall_us() / 1000000));
		return live;
	}
	live->retry = timer_new(loop, write_own_row, live);
	write_own_row(live);
	return live;
}
