#include "engine/playout.h"

#include "core/mem.h"
#include "loop/loop.h"
#include "loop/timer.h"

#include <errno.h>
#include <string.h>

enum {
	TICK_MS = 20,
	MARK_EVERY_MS = 200,
	MAX_MARKS = 512,
	MAX_QUEUE_S = 60,
	MARK_GRACE_MS = 2000, /* a mark this late will never come */
};

struct playout {
	struct loop *loop;
	struct playout_conf conf;
	struct playout_handlers handlers;
	void *arg;
	struct timer *timer;
	int16_t *queue; /* pushed and not sent */
	size_t queue_len, queue_cap;
	uint64_t sent;             /* position after the last sample sent */
	uint64_t base;             /* the ear was here... */
	uint64_t base_ms;          /* ...at this time */
	uint64_t last_mark;        /* position of the last mark sent */
	uint64_t marks[MAX_MARKS]; /* positions not yet echoed, in order */
	size_t mark_head, mark_count;
	uint32_t epoch;
	bool marks_lost; /* the peer does not echo marks */
};

static uint64_t samples_of(const struct playout *playout, uint64_t ms)
{
	return ms * playout->conf.rate_hz / 1000;
}

static uint64_t first_mark(const struct playout *playout)
{
	return playout->mark_count ? playout->marks[playout->mark_head] : UINT64_MAX;
}

static uint64_t clock_position(const struct playout *playout)
{
	uint64_t elapsed = loop_now_ms(playout->loop) - playout->base_ms;

	return playout->base + samples_of(playout, elapsed);
}

uint64_t playout_heard(const struct playout *playout)
{
	uint64_t heard = clock_position(playout), mark = first_mark(playout);

	if (heard > playout->sent)
		heard = playout->sent;
	return heard > mark ? mark : heard;
}

uint64_t playout_pushed(const struct playout *playout)
{
	return playout->sent + playout->queue_len;
}

bool playout_is_idle(const struct playout *playout)
{
	return playout_heard(playout) == playout_pushed(playout);
}

static void send_mark(struct playout *playout)
{
	if (!playout->handlers.markh || playout->marks_lost || playout->mark_count == MAX_MARKS ||
	    playout->last_mark == playout->sent)
		return;
	playout->marks[(playout->mark_head + playout->mark_count++) % MAX_MARKS] = playout->sent;
	playout->last_mark = playout->sent;
	playout->handlers.markh((uint64_t)playout->epoch << 40 | playout->sent, playout->arg);
}

static void send_samples(struct playout *playout, size_t count)
{
	if (playout_heard(playout) == playout->sent) {
		playout->base = playout->sent;
		playout->base_ms = loop_now_ms(playout->loop);
	}
	playout->handlers.audioh(playout->queue, count, playout->arg);
	playout->sent += count;
	playout->queue_len -= count;
	memmove(playout->queue, playout->queue + count, playout->queue_len * sizeof(int16_t));
	if (playout->sent - playout->last_mark >= samples_of(playout, MARK_EVERY_MS) ||
	    playout->queue_len == 0)
		send_mark(playout);
}

/* Pass on what the lead allows, a mark's worth at a time. */
static void pump(struct playout *playout)
{
	uint64_t limit = playout_heard(playout) + samples_of(playout, playout->conf.lead_ms);
	size_t piece = samples_of(playout, MARK_EVERY_MS);

	while (playout->queue_len > 0 && playout->sent < limit) {
		size_t count = playout->queue_len < piece ? playout->queue_len : piece;

		if (count > limit - playout->sent)
			count = limit - playout->sent;
		send_samples(playout, count);
	}
}

/* A peer that echoes no marks must not hold the conversation up for ever. */
static void give_up_late_marks(struct playout *playout)
{
	uint64_t mark = first_mark(playout);

	if (mark != UINT64_MAX &&
	    clock_position(playout) > mark + samples_of(playout, MARK_GRACE_MS)) {
		playout->marks_lost = true;
		playout->mark_count = 0;
	}
}

static void tick(void *arg)
{
	struct playout *playout = mem_ref(arg);

	give_up_late_marks(playout);
	pump(playout);
	if (!playout_is_idle(playout))
		timer_start(playout->timer, TICK_MS);
	if (playout->handlers.heardh)
		playout->handlers.heardh(playout->arg);
	mem_unref(playout);
}

static void playout_destroy(void *data)
{
	struct playout *playout = data;

	mem_unref(playout->timer);
	mem_free(playout->queue);
}

struct playout *playout_new(struct loop *loop, const struct playout_conf *conf,
			    const struct playout_handlers *handlers, void *arg)
{
	struct playout *playout = mem_new(sizeof(*playout), playout_destroy);

	playout->loop = loop;
	playout->conf = *conf;
	playout->handlers = *handlers;
	playout->arg = arg;
	playout->timer = timer_new(loop, tick, playout);
	playout->base_ms = loop_now_ms(loop);
	return playout;
}

int playout_push(struct playout *playout, const int16_t *samples, size_t count)
{
	size_t len = playout->queue_len + count;

	if (len > (size_t)playout->conf.rate_hz * MAX_QUEUE_S)
		return -ENOBUFS;
	if (len > playout->queue_cap) {
		playout->queue_cap = len + playout->conf.rate_hz;
		playout->queue = mem_realloc(playout->queue, playout->queue_cap * sizeof(int16_t));
	}
	memcpy(playout->queue + playout->queue_len, samples, count * sizeof(int16_t));
	playout->queue_len = len;
	pump(playout);
	if (!timer_is_running(playout->timer))
		timer_start(playout->timer, TICK_MS);
	return 0;
}

void playout_marked(struct playout *playout, uint64_t mark)
{
	uint64_t position = mark & ((UINT64_C(1) << 40) - 1);

	if (mark >> 40 != playout->epoch || playout->mark_count == 0 || position > playout->sent)
		return;
	while (playout->mark_count > 0 && first_mark(playout) <= position) {
		playout->mark_head = (playout->mark_head + 1) % MAX_MARKS;
		playout->mark_count--;
	}
	playout->base = position;
	playout->base_ms = loop_now_ms(playout->loop);
	if (playout_is_idle(playout))
		timer_start(playout->timer, 0); /* tell now, not at the next tick */
}

void playout_clear(struct playout *playout)
{
	if (playout->sent > playout_heard(playout) && playout->handlers.clearh)
		playout->handlers.clearh(playout->arg);
	timer_stop(playout->timer);
	playout->queue_len = 0;
	playout->sent = playout->base = playout->last_mark = 0;
	playout->mark_count = 0;
	playout->base_ms = loop_now_ms(playout->loop);
	playout->epoch = (playout->epoch + 1) & 0xffffff;
}
