#include "engine/ear.h"

#include "core/mem.h"
#include "engine/vad.h"
#include "loop/loop.h"
#include "loop/timer.h"

#include <errno.h>
#include <string.h>

enum {
	PREROLL_MS = 300,
	MAX_TURN_MS = 30000,   /* of audio kept to be heard again */
	MAX_SPEECH_MS = 60000, /* a caller who never pauses is answered all the same */
	RESULT_TIMEOUT_MS = 4000,
};
/* While the agent is audible its echo must not pass for the caller. */
static const float OVER_AGENT_THRESHOLD = 0.3f;
/* How far below the caller's usual level an echo is taken to be, and that level while unknown. */
static const float ECHO_BELOW_DB = 15.0f;
static const float USUAL_LEVEL_DB = -33.0f;

enum recogniser_state { RECOGNISER_IDLE, RECOGNISER_OPEN, RECOGNISER_ENDING };

struct ear {
	struct loop *loop;
	const struct voicebox *box;
	struct ear_conf conf;
	struct ear_handlers handlers;
	void *arg;
	enum ear_mode mode;
	struct vad vad;
	float caller_db; /* usual level of the caller's speech */
	struct turn turn;
	struct timer *timeout;
	void *recogniser; /* NULL: none was to be had */
	enum recogniser_state recogniser_state;
	bool stale; /* the result to come is of a turn that went on, or was dropped */
	bool again; /* begin again when it has come */
	bool announced;
	bool awaited; /* stoppedh was told, heardh is owed */
	bool known;   /* result below is of the turn so far */
	char *text;
	struct ear_result result;
	int16_t frame[VAD_MAX_FRAME];
	size_t frame_len;
	int16_t *audio; /* pre-roll, then the turn */
	size_t audio_len, audio_cap, fed;
};

static void finish(struct ear *ear);

static void feed_new_audio(struct ear *ear)
{
	if (ear->recogniser_state != RECOGNISER_OPEN || ear->fed >= ear->audio_len)
		return;
	ear->box->feed(ear->recogniser, ear->audio + ear->fed, ear->audio_len - ear->fed);
	ear->fed = ear->audio_len;
}

/* Listen to the turn from its beginning. */
static void begin(struct ear *ear)
{
	ear->known = false;
	if (!ear->recogniser || ear->recogniser_state == RECOGNISER_OPEN)
		return;
	if (ear->recogniser_state == RECOGNISER_ENDING) {
		ear->stale = ear->again = true;
		return;
	}
	ear->box->begin(ear->recogniser);
	ear->recogniser_state = RECOGNISER_OPEN;
	ear->fed = 0;
	feed_new_audio(ear);
}

static void take_result(struct ear *ear, const struct stt_result *result)
{
	mem_replace_str(&ear->text, result->text);
	ear->result.text = ear->text;
	ear->result.confidence = result->confidence;
	ear->result.in_grammar = result->in_grammar;
	ear->result.recognised_ms = loop_now_ms(ear->loop);
	ear->known = true;
	if (ear->awaited)
		finish(ear);
}

static void on_final(const struct stt_result *result, void *arg)
{
	struct ear *ear = mem_ref(arg);
	bool again = ear->again;

	ear->recogniser_state = RECOGNISER_IDLE;
	ear->again = false;
	if (!ear->stale) {
		take_result(ear, result);
	} else {
		ear->stale = false;
		if (again)
			begin(ear);
		if (again && (ear->awaited || ear->turn.paused)) {
			ear->box->end(ear->recogniser, on_final);
			ear->recogniser_state = RECOGNISER_ENDING;
		}
	}
	mem_unref(ear);
}

static void ask_for_result(struct ear *ear)
{
	if (ear->recogniser_state != RECOGNISER_OPEN)
		return;
	ear->recogniser_state = RECOGNISER_ENDING;
	ear->box->end(ear->recogniser, on_final);
}

static void on_partial(const char *text, void *arg)
{
	struct ear *ear = arg;

	if (ear->announced && !ear->awaited && !ear->stale && *text)
		ear->handlers.partialh(text, ear->arg);
}

/* The result of a recogniser at work is of no use any more. */
static void drop_recognition(struct ear *ear)
{
	ask_for_result(ear);
	if (ear->recogniser_state == RECOGNISER_ENDING)
		ear->stale = true;
	ear->again = false;
	ear->known = false;
}

static void forget_audio(struct ear *ear)
{
	size_t keep = ear->conf.rate_hz * PREROLL_MS / 1000;

	if (ear->audio_len > keep) {
		memmove(ear->audio, ear->audio + ear->audio_len - keep, keep * sizeof(int16_t));
		ear->audio_len = keep;
	}
	ear->fed = 0;
}

static void forget_turn(struct ear *ear)
{
	turn_reset(&ear->turn);
	drop_recognition(ear);
	ear->announced = ear->awaited = false;
	timer_stop(ear->timeout);
	forget_audio(ear);
}

void ear_reset(struct ear *ear)
{
	forget_turn(ear);
}

static void finish(struct ear *ear)
{
	struct ear_result result = ear->result;
	auto_free char *text = mem_strdup(ear->known ? ear->text : "");

	timer_stop(ear->timeout);
	result.text = text;
	if (!ear->known) {
		result.confidence = 0;
		result.in_grammar = false;
		result.recognised_ms = loop_now_ms(ear->loop);
	}
	ear->awaited = ear->announced = ear->known = false;
	forget_audio(ear);
	ear->handlers.heardh(&result, ear->arg);
}

static void result_overdue(void *arg)
{
	struct ear *ear = mem_ref(arg);

	if (ear->awaited) {
		if (!ear->known)
			drop_recognition(ear);
		finish(ear);
	}
	mem_unref(ear);
}

static void announce(struct ear *ear)
{
	uint64_t now = loop_now_ms(ear->loop);

	ear->announced = true;
	ear->result.started_ms = now - (ear->turn.speech_ms < now ? ear->turn.speech_ms : now);
	ear->handlers.startedh(ear->arg);
}

/* speech_ms and silence_ms are of the frame before the one that ended the turn. */
static void turn_over(struct ear *ear, uint32_t speech_ms, uint32_t silence_ms)
{
	if (!ear->announced) {
		forget_turn(ear);
		return;
	}
	ear->result.speech_ms = speech_ms;
	ear->result.decided_ms = loop_now_ms(ear->loop);
	ear->result.stopped_ms = ear->result.decided_ms - silence_ms;
	ear->awaited = true;
	ask_for_result(ear);
	timer_start(ear->timeout, RESULT_TIMEOUT_MS);
	ear->handlers.stoppedh(ear->arg);
	if (ear->awaited && (ear->known || ear->recogniser_state == RECOGNISER_IDLE))
		timer_start(ear->timeout, 0);
}

static void keep_audio(struct ear *ear, bool in_turn)
{
	size_t limit = ear->conf.rate_hz / 1000 * (size_t)MAX_TURN_MS;

	if (!in_turn)
		forget_audio(ear);
	if (ear->audio_len + ear->frame_len > limit)
		return;
	if (ear->audio_len + ear->frame_len > ear->audio_cap) {
		ear->audio_cap = (ear->audio_len + ear->frame_len) * 2;
		ear->audio = mem_realloc(ear->audio, ear->audio_cap * sizeof(int16_t));
	}
	memcpy(ear->audio + ear->audio_len, ear->frame, ear->frame_len * sizeof(int16_t));
	ear->audio_len += ear->frame_len;
}

/* Past what is kept, audio goes to the recogniser alone. */
static void feed_frame(struct ear *ear, bool kept)
{
	if (kept)
		feed_new_audio(ear);
	else if (ear->recogniser_state == RECOGNISER_OPEN)
		ear->box->feed(ear->recogniser, ear->frame, ear->frame_len);
}

static void handle_events(struct ear *ear, unsigned events, uint32_t speech_ms, uint32_t silence_ms)
{
	if (events & (TURN_STARTED | TURN_RESUMED))
		begin(ear);
	if (events & TURN_PAUSE)
		ask_for_result(ear);
	if (!ear->announced && ear->turn.started &&
	    (ear->mode == EAR_OPEN ? ear->turn.silence_ms == 0 : (events & TURN_INTERRUPT) != 0))
		announce(ear);
	if (events & TURN_DROPPED)
		forget_turn(ear);
	if (events & TURN_ENDED)
		turn_over(ear, speech_ms, silence_ms + VAD_FRAME_MS);
}

/* Does this frame hold the caller's speech? What is much weaker over the agent is the agent's echo.
 */
static bool is_speech(struct ear *ear)
{
	float probability = vad_frame(&ear->vad, ear->frame), threshold = ear->conf.threshold;

	if (ear->mode == EAR_OVER_AGENT) {
		if (threshold < OVER_AGENT_THRESHOLD)
			threshold = OVER_AGENT_THRESHOLD;
		return probability >= threshold &&
		       ear->vad.level_db > ear->caller_db - ECHO_BELOW_DB;
	}
	if (ear->mode == EAR_OPEN && probability >= OVER_AGENT_THRESHOLD)
		ear->caller_db += 0.03f * (ear->vad.level_db - ear->caller_db);
	return probability >= threshold;
}

static void frame_complete(struct ear *ear)
{
	bool speech = is_speech(ear);
	uint32_t speech_ms = ear->turn.speech_ms, silence_ms = ear->turn.silence_ms;
	size_t before = ear->audio_len;
	bool was_active = ear->turn.active || ear->awaited;
	unsigned events;

	if (ear->mode == EAR_CLOSED || ear->awaited) {
		keep_audio(ear, ear->awaited);
		return;
	}
	events = turn_frame(&ear->turn, speech, VAD_FRAME_MS, ear->mode == EAR_OVER_AGENT);
	if (speech_ms >= MAX_SPEECH_MS && !(events & TURN_ENDED)) {
		turn_reset(&ear->turn);
		events = TURN_ENDED;
	}
	keep_audio(ear, was_active || ear->turn.active);
	feed_frame(ear, ear->audio_len != before);
	handle_events(ear, events, speech_ms, silence_ms);
}

void ear_audio(struct ear *ear, const int16_t *samples, size_t count)
{
	size_t frame = vad_frame_samples(&ear->vad);

	mem_ref(ear);
	while (count > 0) {
		size_t part = frame - ear->frame_len;

		if (part > count)
			part = count;
		memcpy(ear->frame + ear->frame_len, samples, part * sizeof(int16_t));
		ear->frame_len += part;
		samples += part;
		count -= part;
		if (ear->frame_len == frame) {
			frame_complete(ear);
			ear->frame_len = 0;
		}
	}
	mem_unref(ear);
}

void ear_set_mode(struct ear *ear, enum ear_mode mode)
{
	if (mode == EAR_CLOSED && ear->mode != EAR_CLOSED)
		forget_turn(ear);
	ear->mode = mode;
}

/* The language model takes longer to make up its mind than a grammar: it is asked earlier. */
void ear_set_grammar(struct ear *ear, const char *jsgf)
{
	uint32_t pause_ms = ear->conf.turn.pause_ms;

	ear->turn.conf.pause_ms = jsgf ? pause_ms : pause_ms * 2 / 3;
	if (ear->recogniser)
		ear->box->set_grammar(ear->recogniser, jsgf);
}

static void ear_destroy(void *data)
{
	struct ear *ear = data;

	mem_unref(ear->recogniser);
	mem_unref(ear->timeout);
	mem_free(ear->audio);
	mem_free(ear->text);
}

int ear_new(struct ear **ret_ear, struct loop *loop, const struct voicebox *box,
	    const struct ear_conf *conf, const struct ear_handlers *handlers, void *arg)
{
	struct ear *ear = mem_new(sizeof(*ear), ear_destroy);
	int err;

	ear->loop = loop;
	ear->box = box;
	ear->conf = *conf;
	ear->handlers = *handlers;
	ear->arg = arg;
	ear->mode = EAR_OPEN;
	ear->caller_db = USUAL_LEVEL_DB;
	ear->timeout = timer_new(loop, result_overdue, ear);
	vad_init(&ear->vad, conf->rate_hz);
	turn_init(&ear->turn, &conf->turn);
	err = box->open(&ear->recogniser, box, conf->rate_hz, on_partial, ear);
	*ret_ear = ear;
	return err;
}
