#include "carrier/player.h"

#include "carrier/call_leg.h"
#include "carrier/carrier_priv.h"
#include "carrier/clip.h"
#include "carrier/twiml.h"
#include "core/buf.h"
#include "core/mem.h"
#include "core/str.h"
#include "loop/timer.h"
#include "loop/work.h"
#include "speech/tts.h"

#include <errno.h>
#include <string.h>

enum { RATE_HZ = 8000, MAX_LOOPS = 1000, SENTENCE_MAX = 400 };

/* A fetched file being decoded on a worker; the player may go meanwhile. */
struct decoding {
	struct player *player; /* NULL: nobody wants it any more */
	void *data;
	size_t len;
	int16_t *samples;
	size_t count;
	int err;
};

struct player {
	struct call_leg *leg;
	const struct twiml_verb *verb;
	struct timer *timer;
	struct tts_speech *speech;
	struct hook *hook;
	struct decoding *decoding;
	char *url;
	const char *rest; /* of the text not yet spoken */
	int64_t loops;    /* still to play */
	uint32_t mark;    /* 0: none pending */
	int16_t *samples; /* of the file */
	size_t count;
	int err;
	player_done_h *doneh;
	void *arg;
};

static void player_next(struct player *player);

static void player_end(struct player *player, int err)
{
	player->doneh(err, player->arg);
}

/* What was queued is one round; the next begins when it was heard. */
static void round_queued(struct player *player)
{
	player->mark = call_leg_mark(player->leg);
}

static void on_timer(void *arg)
{
	struct player *player = arg;

	if (player->verb->kind == TWIML_PAUSE || player->err)
		player_end(player, player->err);
	else
		player_next(player);
}

static void fail_later(struct player *player, int err)
{
	player->err = err;
	timer_start(player->timer, 0);
}

/* ---- Say ---- */

/* The length of the next piece: up to a sentence end, else a space, never too long. */
static size_t piece_len(const char *text)
{
	size_t space = 0, i;

	for (i = 0; text[i] && i < SENTENCE_MAX; i++) {
		if (strchr(".!?", text[i]) && (!text[i + 1] || strchr(" \t\r\n", text[i + 1])))
			return i + 1;
		if (text[i] == ' ')
			space = i;
	}
	if (!text[i])
		return i;
	if (space)
		return space;
	/* Not in the middle of a character. */
	while (i > 1 && ((unsigned char)text[i] & 0xc0) == 0x80)
		i--;
	return i;
}

static void on_speech_audio(const int16_t *samples, size_t count, void *arg)
{
	struct player *player = arg;

	call_leg_play(player->leg, samples, count);
}

static void say_next(struct player *player);

static void on_spoken(int err, void *arg)
{
	struct player *player = arg;

	player->speech = mem_unref(player->speech);
	if (err)
		player_end(player, err);
	else
		say_next(player);
}

static void say_next(struct player *player)
{
	auto_free char *piece = NULL;
	struct tts_params params = {.rate_hz = RATE_HZ};
	const char *voice = twiml_text(player->verb, "voice");
	size_t len;
	int err;

	player->rest += strspn(player->rest, " \t\r\n");
	len = piece_len(player->rest);
	if (!len) {
		round_queued(player);
		return;
	}
	piece = mem_strndup(player->rest, len);
	player->rest += len;
	params.text = piece;
	params.voice = voice ? tts_voice_find(voice) : NULL;
	params.language = twiml_text(player->verb, "language");
	err = tts_speak(&player->speech, player->leg->carrier->tts, &params, on_speech_audio,
			on_spoken, player);
	if (err)
		fail_later(player, err);
}

/* ---- Play ---- */

static void decode(void *arg)
{
	struct decoding *decoding = arg;

	decoding->err =
		clip_decode(&decoding->samples, &decoding->count, decoding->data, decoding->len);
}

static void on_decoded(void *arg)
{
	struct decoding *decoding = arg;
	struct player *player = decoding->player;
	int err = decoding->err;

	if (player) {
		player->decoding = NULL;
		player->samples = decoding->samples;
		player->count = decoding->count;
	} else {
		mem_free(decoding->samples);
	}
	mem_free(decoding->data);
	mem_free(decoding);
	if (player && err)
		player_end(player, err);
	else if (player)
		player_next(player);
}

static void on_fetched(const struct hook_result *result, void *arg)
{
	struct player *player = arg;
	struct decoding *decoding;

	if (result->code) {
		LOG_WARN(&player->leg->log, "play_failed", LOG_INT("code", result->code),
			 LOG_INT("status", result->status));
		player_end(player, -EIO);
		return;
	}
	decoding = mem_alloc(sizeof(*decoding));
	decoding->player = player;
	decoding->data = mem_memdup(result->body, result->body_len);
	decoding->len = result->body_len;
	player->decoding = decoding;
	strand_post(player->leg->carrier->disk, decode, on_decoded, decoding);
}

static void fetch(struct player *player)
{
	struct hook_params params = {
		.method = "GET", .url = player->url, .max_body_bytes = CLIP_MAX_BYTES};
	int err =
		hook_send(&player->hook, &player->leg->carrier->hooks, &params, on_fetched, player);

	if (err)
		fail_later(player, err);
}

/* ---- */

static void player_next(struct player *player)
{
	const char *digits =
		player->verb->kind == TWIML_PLAY ? twiml_text(player->verb, "digits") : NULL;

	if (player->loops-- <= 0) {
		player_end(player, 0);
	} else if (digits) {
		call_leg_play_digits(player->leg, digits);
		round_queued(player);
	} else if (player->verb->kind == TWIML_SAY) {
		player->rest = player->verb->text;
		say_next(player);
	} else {
		call_leg_play(player->leg, player->samples, player->count);
		round_queued(player);
	}
}

static void player_destroy(void *data)
{
	struct player *player = data;

	if (player->decoding)
		player->decoding->player = NULL;
	mem_unref(player->timer);
	mem_unref(player->speech);
	mem_unref(player->hook);
	mem_free(player->url);
	mem_free(player->samples);
	if (player->mark || player->rest)
		call_leg_clear(player->leg);
}

static void start_file(struct player *player, const char *base_url)
{
	auto_buf struct buf url = {0};

	if (hook_url_resolve(&url, base_url, player->verb->text)) {
		fail_later(player, -EINVAL);
		return;
	}
	player->url = buf_steal(&url);
	fetch(player);
}

struct player *player_new(struct call_leg *leg, const struct twiml_verb *verb, const char *base_url,
			  player_done_h *doneh, void *arg)
{
	struct player *player = mem_new(sizeof(*player), player_destroy);

	player->leg = leg;
	player->verb = verb;
	player->doneh = doneh;
	player->arg = arg;
	player->timer = timer_new(leg->carrier->loop, on_timer, player);
	if (verb->kind == TWIML_PAUSE) {
		timer_start(player->timer, (uint64_t)twiml_number(verb, "length") * 1000);
		return player;
	}
	player->loops = twiml_number(verb, "loop");
	if (!player->loops)
		player->loops = MAX_LOOPS;
	if (verb->kind == TWIML_PLAY && !twiml_text(verb, "digits"))
		start_file(player, base_url);
	else
		timer_start(player->timer, 0);
	return player;
}

void player_mark(struct player *player, uint32_t mark)
{
	if (!player->mark || mark != player->mark)
		return;
	player->mark = 0;
	player->rest = NULL;
	player_next(player);
}
