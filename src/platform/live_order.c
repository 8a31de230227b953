#include "platform/live_order.h"

#include "core/list.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/str.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "platform/store/batch.h"
#include "platform/store/call_event.h"

#include <errno.h>
#include <string.h>

enum {
	MAX_HELD = 4096,
	PAGE = 256,
	FIRST_LOOK_MS = 10,
	LAST_LOOK_MS = 250,
	RETRY_MS = 500,
	GIVE_UP_MS = 30000,
};

/* A row that waits for those before it. */
struct held {
	struct list_node node;
	struct live_row row; /* type and data are behind it */
};

struct live_order {
	struct loop *loop;
	struct db *db;
	struct log log;
	const struct live_order_handlers *handlers;
	void *arg;
	bool started;
	int64_t last;     /* every row up to it was handed on, or is void */
	int64_t noted;    /* the highest number heard of without its row */
	struct list held; /* of struct held, by number, all above last */
	struct db_request *request;
	bool look_again;
	struct timer *timer;
	uint32_t delay_ms;
	bool shared;
	int64_t look_known; /* the highest number known when the look under way was asked for */
	/* What was missing below doubt_until may still come until all transactions below
	 * doubt_horizon are over. The horizon must be younger than every number in doubt: what is
	 * learned while a look is under way is left to the next one. */
	bool doubting;
	int64_t doubt_until;
	int64_t doubt_horizon;
	uint64_t doubt_since_ms;
};

static void hand_on(struct live_order *order, const struct live_row *row)
{
	order->last = row->seq;
	order->handlers->rowh(row, order->arg);
}

/* Everything held up to there, missing numbers or not. */
static void advance(struct live_order *order, int64_t until)
{
	struct list_node *node;

	while ((node = order->held.head) && ((struct held *)node->data)->row.seq <= until) {
		struct held *held = list_pop(&order->held);

		hand_on(order, &held->row);
		mem_unref(held);
	}
	if (order->last < until)
		order->last = until;
}

/* What no longer waits for anything. */
static void drain(struct live_order *order)
{
	while (order->held.head) {
		const struct held *first = order->held.head->data;

		if (first->row.seq > order->last + 1)
			return;
		advance(order, first->row.seq);
	}
}

static struct held *held_new(const struct live_row *row)
{
	size_t type = strlen(row->type) + 1, data = strlen(row->data) + 1;
	struct held *held = mem_new(sizeof(*held) + type + data, NULL);
	char *text = (char *)(held + 1);

	held->row = *row;
	held->row.type = memcpy(text, row->type, type);
	held->row.data = memcpy(text + type, row->data, data);
	return held;
}

/* Nearly always the last. One that finds no room is read again. */
static void hold(struct live_order *order, const struct live_row *row)
{
	struct list after = {0};
	struct held *other, *held;
	struct list_node *tail;

	if (order->noted < row->seq)
		order->noted = row->seq;
	while ((tail = order->held.tail) && ((struct held *)tail->data)->row.seq > row->seq) {
		other = tail->data;
		list_remove(tail);
		list_prepend(&after, &other->node, other);
	}
	if ((!tail || ((struct held *)tail->data)->row.seq < row->seq) &&
	    order->held.len + after.len < MAX_HELD) {
		held = held_new(row);
		list_append(&order->held, &held->node, held);
	}
	while ((other = list_pop(&after)))
		list_append(&order->held, &other->node, other);
}

static void look_later(struct live_order *order)
{
	if (!order->request && !timer_is_running(order->timer))
		timer_start(order->timer, order->delay_ms);
}

void live_order_add(struct live_order *order, const struct live_row *row)
{
	if (order->started && row->seq <= order->last)
		return;
	if (order->started && row->seq == order->last + 1) {
		hand_on(order, row);
		drain(order);
	} else {
		hold(order, row);
	}
	if (order->started && order->held.len)
		look_later(order);
}

void live_order_note(struct live_order *order, int64_t seq)
{
	if (order->noted < seq)
		order->noted = seq;
	if (order->started && order->noted > order->last)
		look_later(order);
}

/* ---- looking ---- */

static int64_t last_known(const struct live_order *order)
{
	return order->held.tail ? ((struct held *)order->held.tail->data)->row.seq : order->last;
}

static void doubt(struct live_order *order, int64_t until, int64_t horizon)
{
	order->doubting = true;
	order->doubt_until = until;
	order->doubt_horizon = horizon;
	order->doubt_since_ms = loop_now_ms(order->loop);
}

static bool is_given_up(struct live_order *order)
{
	if (loop_now_ms(order->loop) - order->doubt_since_ms < GIVE_UP_MS)
		return false;
	LOG_WARN(&order->log, "live_hole_given_up", LOG_INT("after", order->last),
		 LOG_INT("until", order->doubt_until));
	return true;
}

/*
 * read_until: every row up to it was seen that was visible. oldest: the first transaction that is
 * not over yet; next: the first that has not begun.
 */
static void settle(struct live_order *order, int64_t read_until, int64_t oldest, int64_t next)
{
	int64_t until = last_known(order) < read_until ? last_known(order) : read_until;
	int64_t known = until < order->look_known ? until : order->look_known;
	bool over = order->doubting && (oldest >= order->doubt_horizon || is_given_up(order));

	if (!order->shared) {
		advance(order, until);
	} else if (over) {
		advance(order, order->doubt_until < until ? order->doubt_until : until);
		order->doubting = false;
	}
	drain(order);
	if (!order->held.len)
		order->doubting = false;
	else if (!order->doubting && known > order->last)
		doubt(order, known, next);
}

static void forget_history(struct live_order *order)
{
	LIST_EACH(&order->held, node)
	{
		struct held *held = node->data;

		if (held->row.seq > order->last)
			return;
		list_remove(node);
		mem_unref(held);
	}
}

static void settle_start(struct live_order *order, int64_t oldest, int64_t next)
{
	if (!order->doubting)
		doubt(order, order->last, next);
	if (order->shared && oldest < order->doubt_horizon && !is_given_up(order)) {
		timer_start(order->timer, FIRST_LOOK_MS);
		return;
	}
	order->doubting = false;
	order->started = true;
	forget_history(order);
	order->handlers->startedh(order->last, order->arg);
	drain(order);
	if (order->held.len)
		look_later(order);
}

static void take_rows(struct live_order *order, const struct db_result *result)
{
	for (size_t i = 0; i < db_rows(result); i++) {
		struct live_row row = {.seq = db_get_int(result, i, 0),
				       .at = db_get_int(result, i, 4),
				       .type = db_get_text(result, i, 3),
				       .data = db_get_text(result, i, 5)};

		str_copy(row.tenant_id, sizeof(row.tenant_id), db_get_text(result, i, 1));
		if (!db_is_null(result, i, 2))
			str_copy(row.call_id, sizeof(row.call_id), db_get_text(result, i, 2));
		live_order_add(order, &row);
	}
}

static void on_looked(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct live_order *order = arg;
	size_t rows = err ? 0 : db_rows(results[1]);
	bool again = order->look_again;
	int64_t oldest, next;

	order->request = mem_unref(order->request);
	order->look_again = false;
	if (err) {
		timer_start(order->timer, RETRY_MS);
		return;
	}
	oldest = db_get_int(results[0], 0, 0);
	next = db_get_int(results[0], 0, 1);
	order->shared = next != 0;
	if (!order->started) {
		settle_start(order, oldest, next);
		return;
	}
	timer_stop(order->timer);
	take_rows(order, results[1]);
	settle(order, rows == PAGE ? db_get_int(results[1], rows - 1, 0) : INT64_MAX, oldest, next);
	/* A number that was told of and is not there was taken away since. */
	if (rows < PAGE && !order->held.len)
		order->noted = order->last;
	if (rows == PAGE || again)
		order->delay_ms = FIRST_LOOK_MS;
	if (rows == PAGE || again || order->held.len || order->noted > order->last) {
		timer_start(order->timer, rows == PAGE ? 0 : order->delay_ms);
		order->delay_ms =
			order->delay_ms * 2 < LAST_LOOK_MS ? order->delay_ms * 2 : LAST_LOOK_MS;
	} else {
		timer_stop(order->timer);
		order->delay_ms = FIRST_LOOK_MS;
	}
}

/* The horizon first: whatever was over by then is seen by the statement after it. */
static void look(void *arg)
{
	struct live_order *order = arg;
	struct batch batch auto_batch = {0};

	if (order->request) {
		order->look_again = true;
		return;
	}
	order->look_known = last_known(order);
	store_event_horizon(&batch);
	store_event_select_all(&batch, order->last, PAGE);
	batch_run(&batch, &order->request, order->db, on_looked, order);
}

void live_order_look(struct live_order *order)
{
	if (order->started)
		look(order);
}

void live_order_start(struct live_order *order, int64_t seq)
{
	order->last = seq;
	look(order);
}

bool live_order_is_shared(const struct live_order *order)
{
	return order->shared;
}

static void order_destroy(void *data)
{
	struct live_order *order = data;
	struct held *held;

	mem_unref(order->request);
	mem_unref(order->timer);
	while ((held = list_pop(&order->held)))
		mem_unref(held);
}

struct live_order *live_order_new(struct loop *loop, struct db *db,
				  const struct live_order_handlers *handlers, void *arg)
{
	struct live_order *order = mem_new(sizeof(*order), order_destroy);

	order->loop = loop;
	order->db = db;
	order->handlers = handlers;
	order->arg = arg;
	order->delay_ms = FIRST_LOOK_MS;
	order->timer = timer_new(loop, look, order);
	log_init(&order->log, "live", "");
	return order;
}
