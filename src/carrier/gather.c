#include "carrier/gather.h"

#include "carrier/call_leg.h"
#include "carrier/carrier_priv.h"
#include "carrier/player.h"
#include "carrier/twiml.h"
#include "core/mem.h"
#include "loop/timer.h"

#include <string.h>

enum { MAX_DIGITS = 128 };

struct gather {
	struct call_leg *leg;
	const struct twiml_verb *verb;
	char *base_url;
	struct player *player;
	size_t prompt; /* the next one */
	struct timer *timer;
	char digits[MAX_DIGITS + 1];
	size_t count;
	gather_done_h *doneh;
	void *arg;
};

static void gather_end(struct gather *gather, char finished_on)
{
	/* The handler lets go of us, and the digits are ours. */
	mem_ref(gather);
	timer_stop(gather->timer);
	gather->player = mem_unref(gather->player);
	gather->doneh(gather->digits, finished_on, gather->arg);
	mem_unref(gather);
}

static void on_timeout(void *arg)
{
	gather_end(arg, '\0');
}

/* Silence counts from the end of the prompts, or from the last key. */
static void wait_for_key(struct gather *gather)
{
	timer_start(gather->timer, (uint64_t)twiml_number(gather->verb, "timeout") * 1000);
}

static void next_prompt(struct gather *gather);

static void on_prompt_done(int err, void *arg)
{
	struct gather *gather = arg;

	gather->player = mem_unref(gather->player);
	next_prompt(gather);
}

static void next_prompt(struct gather *gather)
{
	if (gather->prompt >= gather->verb->child_count)
		wait_for_key(gather);
	else
		gather->player = player_new(gather->leg, &gather->verb->children[gather->prompt++],
					    gather->base_url, on_prompt_done, gather);
}

static void gather_destroy(void *data)
{
	struct gather *gather = data;

	mem_unref(gather->player);
	mem_unref(gather->timer);
	mem_free(gather->base_url);
}

struct gather *gather_new(struct call_leg *leg, const struct twiml_verb *verb, const char *base_url,
			  gather_done_h *doneh, void *arg)
{
	struct gather *gather = mem_new(sizeof(*gather), gather_destroy);

	gather->leg = leg;
	gather->verb = verb;
	gather->base_url = mem_strdup(base_url);
	gather->doneh = doneh;
	gather->arg = arg;
	gather->timer = timer_new(leg->carrier->loop, on_timeout, gather);
	next_prompt(gather);
	return gather;
}

void gather_digit(struct gather *gather, char digit)
{
	int64_t wanted = twiml_number(gather->verb, "numDigits");
	const char *finish = twiml_text(gather->verb, "finishOnKey");

	/* The first key silences the prompts. */
	gather->player = mem_unref(gather->player);
	gather->prompt = gather->verb->child_count;
	if (*finish && digit == *finish) {
		gather_end(gather, digit);
		return;
	}
	if (gather->count < MAX_DIGITS)
		gather->digits[gather->count++] = digit;
	if ((wanted && gather->count >= (size_t)wanted) || gather->count >= MAX_DIGITS)
		gather_end(gather, '\0');
	else
		wait_for_key(gather);
}

void gather_mark(struct gather *gather, uint32_t mark)
{
	if (gather->player)
		player_mark(gather->player, mark);
}
