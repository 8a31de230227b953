#include "engine/conversation.h"

#include "core/buf.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "engine/duration.h"
#include "engine/mouth.h"
#include "engine/written.h"
#include "loop/loop.h"
#include "loop/timer.h"

#include <stdio.h>
#include <string.h>

enum {
	SILENCE_MS = 8000, /* until the dialogue hears that nobody speaks */
	DIGITS_MS = 1500,  /* digits closer together than this are one input */
	MAX_DIGITS = 64,
	MAX_CLOSING_MS = 45000,  /* last words longer than this are cut off */
	MAX_THINKING_MS = 60000, /* a dialogue that does not answer is given up on */
	MAX_EVENTS = 16,
	MAX_WAITING = 8, /* inputs kept for later */
	NOISE_MS = 250,  /* shorter sounds without words were no speech */
};

enum state { NEW, LISTENING, HEARING, RECOGNISING, THINKING, SPEAKING, CLOSING, ENDED };

static const struct {
	const char *name, *told; /* told: the API's state data message */
} states[] = {
	[NEW] = {"new", "idle"},
	[LISTENING] = {"listening", "listening"},
	[HEARING] = {"hearing", "listening"},
	[RECOGNISING] = {"recognising", "thinking"},
	[THINKING] = {"thinking", "thinking"},
	[SPEAKING] = {"speaking", "speaking"},
	[CLOSING] = {"closing", "speaking"},
	[ENDED] = {"ended", "idle"},
};

enum event {
	EV_JOIN,       /* the line is there */
	EV_SPEECH,     /* the caller speaks */
	EV_STOP,       /* and has finished */
	EV_HEARD,      /* the words are known */
	EV_NOTHING,    /* there were none */
	EV_ASK,        /* something else the dialogue has to answer: text, a greeting, silence */
	EV_SAY,        /* the agent has words */
	EV_QUIET,      /* it has none */
	EV_SAID,       /* they were heard */
	EV_LAST_WORDS, /* the call ends when what is to be said was heard */
	EV_END,
};
static const char *const event_names[] = {"join", "speech", "stop", "heard",      "nothing", "ask",
					  "say",  "quiet",  "said", "last_words", "end"};

struct waiting {
	char *text;
	bool is_agent; /* a forced message rather than the caller's text */
	bool later;    /* not before the caller's next words */
	bool uninterruptible;
};

struct conversation {
	struct loop *loop;
	const struct voicebox *box;
	struct conversation_conf conf;
	struct conversation_handlers handlers;
	void *arg;
	struct log log;
	struct dialog *dialog;
	struct conversation_line line;
	struct ear *ear;
	struct mouth *mouth;
	enum state state;
	enum event events[MAX_EVENTS];
	size_t event_count;
	bool stepping;
	const char *told_state;
	const char *end_reason; /* why, once the last words are said */

	struct timer *quiet;    /* greeting, inactivity, silence */
	struct timer *duration; /* the whole call */
	struct timer *digits_timer;
	struct timer *patience; /* bounds THINKING and CLOSING */
	bool greeted;           /* or somebody spoke first */
	bool opened;            /* the dialogue has greeted or heard */
	size_t inactivity_next;
	enum inactivity_end inactivity_end; /* of the message being said */

	struct waiting waiting[MAX_WAITING];
	size_t waiting_count;
	char digits[MAX_DIGITS + 1];
	size_t digit_count;

	/* what EV_ASK asks */
	enum { ASK_TEXT, ASK_DIGITS, ASK_GREETING, ASK_SILENCE } ask;
	char *ask_text;
	char *grammar;    /* what to listen to; NULL: the language model */
	char *heard_text; /* of EV_HEARD */
	double confidence;
	bool in_grammar, interrupted_agent;

	bool uninterruptible; /* the agent's turn */
	bool agent_turn;      /* the dialogue owes, or is giving, a turn */
	bool agent_hangs_up;
	bool forced; /* the turn is not the dialogue's */
	int64_t next_ordinal, user_ordinal, agent_ordinal;
	bool agent_told;
	uint64_t agent_started_ms, user_started_ms, joined_ms;
	int message_index;
	struct ear_result timing; /* of the turn being answered */
	bool timing_open, answered;
	uint64_t answer_ms;
};

static void step(struct conversation *c, enum event event);

/* ---- telling ---- */

static void tell(struct conversation *c, json_t *message)
{
	if (c->handlers.messageh)
		c->handlers.messageh(message, c->arg);
	json_decref(message);
}

static void tell_transcript(struct conversation *c, bool user, const char *key, const char *text,
			    bool final, int64_t ordinal, double confidence)
{
	json_t *message = data_message_new("transcript");
	bool is_text = user ? c->user_ordinal < 0 : c->conf.text_output;

	json_set_str(message, "role", user ? "user" : "agent");
	json_set_str(message, "medium", is_text ? "text" : "voice");
	json_set_str(message, key, text);
	json_set_bool(message, "final", final);
	json_set_int(message, "ordinal", ordinal);
	if (user && final && confidence >= 0)
		json_set_number(message, "confidence", confidence);
	tell(c, message);
}

static void set_timespan(json_t *message, const char *key, uint64_t from_ms, uint64_t to_ms)
{
	char text[DURATION_SIZE];
	json_t *span = json_object();

	duration_format(text, (int64_t)from_ms * 1000);
	json_set_str(span, "start", text);
	duration_format(text, (int64_t)to_ms * 1000);
	json_set_str(span, "end", text);
	json_object_set_new(message, key, span);
}

static json_t *record_new(struct conversation *c, const char *role, const char *text)
{
	json_t *message = json_object();

	json_set_str(message, "role", role);
	json_set_str(message, "text", text);
	json_set_int(message, "callStageMessageIndex", c->message_index++);
	json_set_str(message, "callStageId", c->conf.call_id);
	return message;
}

/* A finished turn of either side. from_ms on the loop's clock. */
static void record_turn(struct conversation *c, bool user, const char *text, uint64_t from_ms,
			bool is_text, double confidence)
{
	json_t *message = record_new(c, user ? "MESSAGE_ROLE_USER" : "MESSAGE_ROLE_AGENT", text);
	uint64_t now = loop_now_ms(c->loop);
	uint64_t from = from_ms > c->joined_ms ? from_ms - c->joined_ms : 0;

	json_set_str(message, "medium", is_text ? "MESSAGE_MEDIUM_TEXT" : "MESSAGE_MEDIUM_VOICE");
	set_timespan(message, "timespan", from, now - c->joined_ms);
	set_timespan(message, "wallClockTimespan", from, now - c->joined_ms);
	if (user && confidence >= 0) {
		json_t *metadata = json_object();
		char number[16];

		snprintf(number, sizeof(number), "%.2f", confidence);
		json_set_str(metadata, "confidence", number);
		json_object_set_new(message, "metadata", metadata);
	}
	c->handlers.recordh(message, c->arg);
	json_decref(message);
}

/* ---- the agent's side ---- */

static void open_agent_turn(struct conversation *c, bool uninterruptible, bool forced)
{
	c->uninterruptible = uninterruptible;
	c->agent_turn = true;
	c->agent_hangs_up = false;
	c->forced = forced;
	c->agent_told = false;
	c->agent_ordinal = -1;
	mouth_set_silent(c->mouth, c->conf.text_output);
	mouth_open(c->mouth);
}

/* The transcript of the agent's turn is settled: what was heard, nothing else. */
static void settle_agent_turn(struct conversation *c)
{
	auto_free char *heard = mouth_heard(c->mouth);

	if (c->agent_ordinal < 0 && *heard)
		c->agent_ordinal = c->next_ordinal++;
	if (c->agent_ordinal >= 0)
		tell_transcript(c, false, "text", heard, true, c->agent_ordinal, -1);
	if (*heard)
		record_turn(c, false, heard, c->agent_started_ms, c->conf.text_output, -1);
	if (*heard && c->forced && c->dialog->ops->said)
		c->dialog->ops->said(c->dialog, heard);
	c->agent_ordinal = -1;
	c->agent_turn = false;
	c->uninterruptible = false;
}

/* Cut the agent off, in mid-word if need be; the dialogue learns what was heard. */
static void cut_off(struct conversation *c)
{
	auto_free char *heard = NULL;
	bool forced = c->forced;

	if (!c->agent_turn)
		return;
	mouth_stop(c->mouth);
	heard = mouth_heard(c->mouth);
	settle_agent_turn(c);
	if (!forced)
		c->dialog->ops->interrupt(c->dialog, heard);
}

static void on_words(const char *sentence, void *arg)
{
	struct conversation *c = arg;

	if (c->agent_ordinal < 0)
		c->agent_ordinal = c->next_ordinal++;
	if (c->agent_told) {
		auto_free char *delta = mem_printf(" %s", sentence);

		tell_transcript(c, false, "delta", delta, false, c->agent_ordinal, -1);
	} else {
		tell_transcript(c, false, "delta", sentence, false, c->agent_ordinal, -1);
	}
	c->agent_told = true;
}

static int64_t since(uint64_t at, uint64_t origin)
{
	return at > origin ? (int64_t)(at - origin) : 0;
}

static void on_first_audio(void *arg)
{
	struct conversation *c = arg;
	const struct ear_result *timing = &c->timing;
	uint64_t now = loop_now_ms(c->loop), origin = timing->stopped_ms;

	if (!c->timing_open)
		return;
	c->timing_open = false;
	metric_observe(METRIC_TURN_LATENCY, "recognised",
		       (double)since(timing->recognised_ms, origin) / 1000);
	metric_observe(METRIC_TURN_LATENCY, "answer", (double)since(c->answer_ms, origin) / 1000);
	metric_observe(METRIC_TURN_LATENCY, "first_audio", (double)since(now, origin) / 1000);
	if (c->conf.turn_timing) {
		json_t *message = data_message_new("turn_timing");

		json_set_int(message, "ordinal", c->user_ordinal);
		json_set_int(message, "endOfSpeechMs", since(timing->decided_ms, origin));
		json_set_int(message, "recognisedMs", since(timing->recognised_ms, origin));
		json_set_int(message, "answerMs", since(c->answer_ms, origin));
		json_set_int(message, "firstAudioMs", since(now, origin));
		tell(c, message);
	}
}

static void on_said(void *arg)
{
	struct conversation *c = arg;

	settle_agent_turn(c);
	if (c->forced && c->inactivity_end == INACTIVITY_HANGS_UP_SOFT) {
		c->end_reason = "timeout";
		step(c, EV_END);
	}
	step(c, EV_SAID);
}

static void on_dialog_say(const char *text, void *arg)
{
	struct conversation *c = arg;

	if (!c->agent_turn || c->forced || str_is_empty(text))
		return;
	if (!c->answered) {
		c->answered = true;
		c->answer_ms = loop_now_ms(c->loop);
	}
	if (c->state == THINKING)
		step(c, EV_SAY);
	mouth_say(c->mouth, text);
}

static void on_dialog_turn(bool hang_up, const char *reason, void *arg)
{
	struct conversation *c = arg;

	if (!c->agent_turn || c->forced)
		return;
	if (hang_up) {
		LOG_INFO(&c->log, "agent_hangs_up", LOG_STR("reason", reason ? reason : ""));
		c->end_reason = "agent_hangup";
		step(c, EV_LAST_WORDS);
	} else if (!c->answered) {
		c->agent_turn = false;
		c->uninterruptible = false;
		mouth_stop(c->mouth);
		step(c, EV_QUIET);
		return;
	}
	mouth_complete(c->mouth);
}

static void on_dialog_listen(const char *jsgf, void *arg)
{
	struct conversation *c = arg;

	mem_replace_str(&c->grammar, jsgf);
	if (c->ear)
		ear_set_grammar(c->ear, jsgf);
}

static void on_dialog_tool(const char *name, const char *invocation_id, const json_t *arguments,
			   const char *result, void *arg)
{
	struct conversation *c = arg;
	auto_free char *text = result      ? mem_strdup(result)
			       : arguments ? json_text(arguments)
					   : NULL;
	json_t *message =
		record_new(c, result ? "MESSAGE_ROLE_TOOL_RESULT" : "MESSAGE_ROLE_TOOL_CALL",
			   text ? text : "{}");

	json_set_str(message, "toolName", name);
	json_set_str(message, "invocationId", invocation_id);
	c->handlers.recordh(message, c->arg);
	json_decref(message);
}

static void on_dialog_invoke(const char *name, const char *invocation_id, const json_t *parameters,
			     bool by_client, void *arg)
{
	json_t *message = data_message_new(by_client ? "client_tool_invocation"
						     : "data_connection_tool_invocation");

	json_set_str(message, "toolName", name);
	json_set_str(message, "invocationId", invocation_id);
	json_object_set(message, "parameters", (json_t *)parameters);
	tell(arg, message);
}

const struct dialog_handlers conversation_dialog_handlers = {
	.sayh = on_dialog_say,
	.turnh = on_dialog_turn,
	.listenh = on_dialog_listen,
	.toolh = on_dialog_tool,
	.invokeh = on_dialog_invoke,
};

/* ---- entry actions ---- */

static void start_call(struct conversation *c)
{
	c->joined_ms = loop_now_ms(c->loop);
	if (c->conf.max_duration_ms)
		timer_start(c->duration, c->conf.max_duration_ms);
}

static void hear_caller(struct conversation *c)
{
	c->interrupted_agent = c->agent_turn;
	cut_off(c);
	c->greeted = true;
	c->inactivity_next = 0;
	c->inactivity_end = INACTIVITY_GOES_ON;
	c->user_ordinal = c->next_ordinal++;
	c->user_started_ms = loop_now_ms(c->loop);
}

static void tell_caller_turn(struct conversation *c, const char *text, bool is_text,
			     double confidence)
{
	int64_t ordinal = c->user_ordinal;

	if (is_text)
		c->user_ordinal = -1; /* medium text */
	tell_transcript(c, true, "text", text, true, ordinal, confidence);
	record_turn(c, true, text, c->user_started_ms, is_text, confidence);
	c->user_ordinal = ordinal;
}

static void open_dialog_turn(struct conversation *c, bool uninterruptible)
{
	c->answered = false;
	open_agent_turn(c, uninterruptible, false);
	timer_start(c->patience, MAX_THINKING_MS);
}

/* Text that was to wait for the caller's next words goes before them. */
static char *with_waiting_text(struct conversation *c, const char *text)
{
	struct buf out = {0};
	size_t kept = 0;

	for (size_t i = 0; i < c->waiting_count; i++) {
		if (c->waiting[i].is_agent) {
			c->waiting[kept++] = c->waiting[i];
			continue;
		}
		buf_printf(&out, "%s\n", c->waiting[i].text);
		mem_free(c->waiting[i].text);
	}
	c->waiting_count = kept;
	buf_append_str(&out, text);
	return out.data ? buf_steal(&out) : mem_strdup("");
}

static void let_dialog_hear(struct conversation *c, const struct dialog_input *input)
{
	bool opens = !c->opened && c->dialog->ops->opens;

	c->opened = true;
	if (opens)
		c->dialog->ops->greet(c->dialog, c->conf.greeting);
	else
		c->dialog->ops->hear(c->dialog, input);
}

static void answer_speech(struct conversation *c)
{
	auto_free char *text = with_waiting_text(c, c->heard_text);
	struct dialog_input input = {
		.text = text, .confidence = c->confidence, .in_grammar = c->in_grammar};

	if (*c->heard_text)
		tell_caller_turn(c, c->heard_text, false, c->confidence);
	c->timing_open = true;
	open_dialog_turn(c, false);
	let_dialog_hear(c, &input);
}

static void answer_other(struct conversation *c)
{
	auto_free char *text = c->ask_text;
	struct dialog_input input = {.text = text,
				     .confidence = 1,
				     .in_grammar = true,
				     .is_digits = c->ask == ASK_DIGITS};

	c->ask_text = NULL;
	c->timing_open = false;
	cut_off(c);
	ear_reset(c->ear);
	if (c->ask == ASK_TEXT || c->ask == ASK_DIGITS) {
		c->greeted = true;
		c->inactivity_next = 0;
		c->user_ordinal = c->next_ordinal++;
		c->user_started_ms = loop_now_ms(c->loop);
		tell_caller_turn(c, text, true, -1);
		open_dialog_turn(c, false);
		let_dialog_hear(c, &input);
	} else {
		open_dialog_turn(c, c->ask == ASK_GREETING && c->conf.uninterruptible);
		c->opened = true;
		if (c->ask == ASK_GREETING)
			c->dialog->ops->greet(c->dialog, c->conf.greeting);
		else
			c->dialog->ops->silence(c->dialog);
	}
}

static void begin_speaking(struct conversation *c)
{
	c->agent_started_ms = loop_now_ms(c->loop);
}

static void close_call(struct conversation *c)
{
	c->uninterruptible = true;
	timer_stop(c->digits_timer);
	timer_start(c->patience, MAX_CLOSING_MS);
}

static void end_call(struct conversation *c)
{
	if (c->agent_turn) {
		mouth_stop(c->mouth);
		settle_agent_turn(c);
	}
	timer_stop(c->quiet);
	timer_stop(c->duration);
	timer_stop(c->digits_timer);
	timer_stop(c->patience);
	if (c->ear)
		ear_set_mode(c->ear, EAR_CLOSED);
}

/* ---- the machine ---- */

struct transition {
	enum state from;
	enum event event;
	enum state to;
	void (*entry)(struct conversation *c);
};

/* clang-format off */
static const struct transition transitions[] = {
	/* from        event          to           on entry */
	{NEW,         EV_JOIN,       LISTENING,   start_call},
	{NEW,         EV_END,        ENDED,       end_call},

	{LISTENING,   EV_SPEECH,     HEARING,     hear_caller},
	{LISTENING,   EV_ASK,        THINKING,    answer_other},
	{LISTENING,   EV_SAY,        SPEAKING,    begin_speaking},
	{LISTENING,   EV_LAST_WORDS, CLOSING,     close_call},
	{LISTENING,   EV_END,        ENDED,       end_call},

	{HEARING,     EV_STOP,       RECOGNISING, NULL},
	{HEARING,     EV_ASK,        THINKING,    answer_other},
	{HEARING,     EV_SAY,        SPEAKING,    begin_speaking},
	{HEARING,     EV_LAST_WORDS, CLOSING,     close_call},
	{HEARING,     EV_END,        ENDED,       end_call},

	{RECOGNISING, EV_HEARD,      THINKING,    answer_speech},
	{RECOGNISING, EV_NOTHING,    LISTENING,   NULL},
	{RECOGNISING, EV_ASK,        THINKING,    answer_other},
	{RECOGNISING, EV_SAY,        SPEAKING,    begin_speaking},
	{RECOGNISING, EV_LAST_WORDS, CLOSING,     close_call},
	{RECOGNISING, EV_END,        ENDED,       end_call},

	{THINKING,    EV_SPEECH,     HEARING,     hear_caller},
	{THINKING,    EV_ASK,        THINKING,    answer_other},
	{THINKING,    EV_SAY,        SPEAKING,    begin_speaking},
	{THINKING,    EV_QUIET,      LISTENING,   NULL},
	{THINKING,    EV_LAST_WORDS, CLOSING,     close_call},
	{THINKING,    EV_END,        ENDED,       end_call},

	{SPEAKING,    EV_SPEECH,     HEARING,     hear_caller},
	{SPEAKING,    EV_ASK,        THINKING,    answer_other},
	{SPEAKING,    EV_SAID,       LISTENING,   NULL},
	{SPEAKING,    EV_LAST_WORDS, CLOSING,     close_call},
	{SPEAKING,    EV_END,        ENDED,       end_call},

	{CLOSING,     EV_SAID,       ENDED,       end_call},
	{CLOSING,     EV_END,        ENDED,       end_call},
};
/* clang-format on */

static const struct transition *find_transition(enum state state, enum event event)
{
	for (size_t i = 0; i < ARRAY_LEN(transitions); i++) {
		if (transitions[i].from == state && transitions[i].event == event)
			return &transitions[i];
	}
	return NULL;
}

/* What the ear does while the conversation is in this state. */
static void set_ear_mode(struct conversation *c)
{
	if (!c->ear)
		return;
	if (c->state == CLOSING || c->state == ENDED || (c->agent_turn && c->uninterruptible))
		ear_set_mode(c->ear, EAR_CLOSED);
	else if (c->state == SPEAKING || c->state == THINKING)
		ear_set_mode(c->ear, EAR_OVER_AGENT);
	else
		ear_set_mode(c->ear, EAR_OPEN);
}

static void wait_for_caller(struct conversation *c)
{
	timer_stop(c->quiet);
	if (c->state != LISTENING)
		return;
	if (!c->greeted && (!c->conf.user_first || c->conf.has_fallback))
		timer_start(c->quiet, c->conf.greeting_delay_ms);
	else if (c->inactivity_next < c->conf.inactivity_count)
		timer_start(c->quiet, c->conf.inactivity[c->inactivity_next].after_ms);
	else if (c->conf.inactivity_count == 0 && c->greeted)
		timer_start(c->quiet, SILENCE_MS);
}

static void say_waiting(struct conversation *c);

/* The only function that writes the state. */
static void change_state(struct conversation *c, const struct transition *transition)
{
	enum state before = c->state;

	LOG_DEBUG(&c->log, "conversation_state", LOG_STR("from", states[before].name),
		  LOG_STR("to", states[transition->to].name),
		  LOG_STR("by", event_names[transition->event]));
	c->state = transition->to;
	if (before == THINKING || before == CLOSING)
		timer_stop(c->patience);
	if (transition->entry)
		transition->entry(c);
	set_ear_mode(c);
	wait_for_caller(c);
	if (c->told_state != states[c->state].told) {
		json_t *message = data_message_new("state");

		c->told_state = states[c->state].told;
		json_set_str(message, "state", c->told_state);
		tell(c, message);
	}
	if (c->state == LISTENING && c->event_count == 0)
		say_waiting(c);
	if (c->state == ENDED)
		c->handlers.endedh(c->end_reason ? c->end_reason : "system_error", c->arg);
}

static void step(struct conversation *c, enum event event)
{
	if (c->event_count == MAX_EVENTS) {
		LOG_ERROR(&c->log, "conversation_events_lost");
		return;
	}
	c->events[c->event_count++] = event;
	if (c->stepping)
		return;
	mem_ref(c);
	c->stepping = true;
	while (c->event_count > 0) {
		const struct transition *transition = find_transition(c->state, c->events[0]);

		c->event_count--;
		memmove(c->events, c->events + 1, c->event_count * sizeof(c->events[0]));
		if (transition)
			change_state(c, transition);
	}
	c->stepping = false;
	mem_unref(c);
}

/* ---- what happens ---- */

static void ask(struct conversation *c, int kind, const char *text)
{
	c->ask = kind;
	mem_replace_str(&c->ask_text, text);
	step(c, EV_ASK);
}

/* Say something that is not the dialogue's. */
static void say_forced(struct conversation *c, const char *text, bool uninterruptible)
{
	cut_off(c);
	if (c->ear)
		ear_reset(c->ear);
	open_agent_turn(c, uninterruptible, true);
	c->timing_open = false;
	if (c->state == SPEAKING || c->state == THINKING) /* cut off above: speak again */
		c->state == SPEAKING ? begin_speaking(c) : step(c, EV_SAY);
	else
		step(c, EV_SAY);
	mouth_say(c->mouth, text);
	mouth_complete(c->mouth);
	set_ear_mode(c);
}

/* Speak once more, then end with this reason. */
static void say_last_words(struct conversation *c, const char *text, const char *reason)
{
	c->end_reason = reason;
	if (str_is_empty(text) || !c->mouth) {
		step(c, EV_END);
		return;
	}
	cut_off(c);
	ear_reset(c->ear);
	open_agent_turn(c, true, true);
	begin_speaking(c);
	step(c, EV_LAST_WORDS);
	mouth_say(c->mouth, text);
	mouth_complete(c->mouth);
}

static void keep_waiting(struct conversation *c, const struct waiting *waiting)
{
	if (c->waiting_count == MAX_WAITING) {
		LOG_WARN(&c->log, "input_dropped", LOG_STR("reason", "too many wait"));
		return;
	}
	c->waiting[c->waiting_count] = *waiting;
	c->waiting[c->waiting_count++].text = mem_strdup(waiting->text);
}

/* Nobody speaks: the turn of what was to be said soon. */
static void say_waiting(struct conversation *c)
{
	for (size_t i = 0; i < c->waiting_count; i++) {
		struct waiting waiting = c->waiting[i];

		if (waiting.later)
			continue;
		c->waiting_count--;
		memmove(&c->waiting[i], &c->waiting[i + 1],
			(c->waiting_count - i) * sizeof(c->waiting[0]));
		if (waiting.is_agent)
			say_forced(c, waiting.text, waiting.uninterruptible);
		else
			ask(c, ASK_TEXT, waiting.text);
		mem_free(waiting.text);
		return;
	}
}

static void hear_text(struct conversation *c, const char *text, enum data_urgency urgency,
		      bool is_digits)
{
	bool busy = c->state != LISTENING;
	struct waiting waiting = {.text = (char *)text, .later = urgency == URGENCY_LATER};

	if (urgency == URGENCY_LATER || (urgency == URGENCY_SOON && busy))
		keep_waiting(c, &waiting);
	else
		ask(c, is_digits ? ASK_DIGITS : ASK_TEXT, text);
}

/* The text between <instruction> tags, owned by the caller; NULL when it is not one as a whole. */
static char *instruction_of(const char *text)
{
	static const char open[] = "<instruction>", close[] = "</instruction>";
	size_t len = strlen(text), around = strlen(open) + strlen(close);

	if (len < around || !str_has_prefix(text, open) || !str_has_suffix(text, close))
		return NULL;
	return mem_printf("%.*s", (int)(len - around), text + strlen(open));
}

/* True when the dialogue has taken it. */
static bool instruct(struct conversation *c, const struct data_message *message)
{
	auto_free char *text = NULL;

	if (message->urgency != URGENCY_LATER || !c->dialog->ops->instruct)
		return false;
	text = instruction_of(message->text);
	if (text)
		c->dialog->ops->instruct(c->dialog, text);
	return text;
}

static void say_inactivity(struct conversation *c)
{
	const struct conversation_inactivity *next = &c->conf.inactivity[c->inactivity_next++];

	if (next->end == INACTIVITY_HANGS_UP) {
		say_last_words(c, next->message, "timeout");
		return;
	}
	c->inactivity_end = next->end;
	say_forced(c, next->message, false);
}

static void quiet_for_long(void *arg)
{
	struct conversation *c = mem_ref(arg);

	if (!c->greeted && (!c->conf.user_first || c->conf.has_fallback)) {
		c->greeted = true;
		ask(c, ASK_GREETING, NULL);
	} else if (c->inactivity_next < c->conf.inactivity_count) {
		say_inactivity(c);
	} else {
		ask(c, ASK_SILENCE, NULL);
	}
	mem_unref(c);
}

static void time_is_up(void *arg)
{
	struct conversation *c = mem_ref(arg);

	say_last_words(c, c->conf.time_exceeded_message, "timeout");
	mem_unref(c);
}

static void out_of_patience(void *arg)
{
	struct conversation *c = mem_ref(arg);

	if (c->state == CLOSING) {
		step(c, EV_END);
	} else if (c->state == THINKING) {
		LOG_WARN(&c->log, "dialogue_silent");
		cut_off(c);
		step(c, EV_QUIET);
	}
	mem_unref(c);
}

static void on_caller_started(void *arg)
{
	step(arg, EV_SPEECH);
}

/* What the recogniser heard, as it is read; of other languages it is left alone. */
static char *write_down(const struct conversation *c, const char *text)
{
	struct buf buf = {0};

	if (!c->conf.language || str_has_prefix(c->conf.language, "en"))
		written_add(&buf, text);
	else
		buf_append_str(&buf, text);
	return buf.len ? buf_steal(&buf) : mem_strdup("");
}

static void on_caller_partial(const char *text, void *arg)
{
	struct conversation *c = arg;
	auto_free char *written = write_down(c, text);

	if (c->state == HEARING)
		tell_transcript(c, true, "text", written, false, c->user_ordinal, -1);
}

static void on_caller_stopped(void *arg)
{
	step(arg, EV_STOP);
}

static void on_caller_heard(const struct ear_result *result, void *arg)
{
	struct conversation *c = arg;

	if (c->state != RECOGNISING)
		return;
	c->timing = *result;
	c->timing.text = NULL;
	c->user_started_ms = result->started_ms;
	mem_free(c->heard_text);
	c->heard_text = write_down(c, result->text);
	c->confidence = result->confidence;
	c->in_grammar = result->in_grammar;
	if (!*result->text && result->speech_ms < NOISE_MS && !c->interrupted_agent)
		step(c, EV_NOTHING);
	else
		step(c, EV_HEARD);
}

static void flush_digits(void *arg)
{
	struct conversation *c = mem_ref(arg);
	auto_free char *digits = mem_strdup(c->digits);
	const char *place = c->conf.digits_text ? strstr(c->conf.digits_text, "{digits}") : NULL;

	c->digits[0] = '\0';
	c->digit_count = 0;
	timer_stop(c->digits_timer);
	if (*digits && c->conf.digits_text) {
		auto_free char *text =
			place ? mem_printf("%.*s%s%s", (int)(place - c->conf.digits_text),
					   c->conf.digits_text, digits, place + strlen("{digits}"))
			      : mem_strdup(c->conf.digits_text);

		hear_text(c, text, c->conf.digits_urgency, false);
	} else if (*digits) {
		hear_text(c, digits, URGENCY_IMMEDIATE, true);
	}
	mem_unref(c);
}

/* ---- the outside ---- */

void conversation_digit(struct conversation *c, char digit)
{
	if (c->conf.ignore_digits || c->state == NEW || c->state >= CLOSING ||
	    (c->agent_turn && c->uninterruptible))
		return;
	if (c->digit_count < MAX_DIGITS) {
		c->digits[c->digit_count++] = digit;
		c->digits[c->digit_count] = '\0';
	}
	if (digit == '#')
		flush_digits(c);
	else
		timer_start(c->digits_timer, DIGITS_MS);
}

void conversation_command(struct conversation *c, const struct data_message *message)
{
	struct waiting waiting = {.text = (char *)message->text, .is_agent = true};

	if (c->state == NEW || c->state >= CLOSING)
		return;
	switch (message->type) {
	case DATA_USER_TEXT:
		if (!instruct(c, message))
			hear_text(c, message->text, message->urgency, false);
		break;
	case DATA_FORCED_AGENT:
		waiting.uninterruptible = message->uninterruptible;
		if (message->urgency == URGENCY_SOON && c->state != LISTENING)
			keep_waiting(c, &waiting);
		else
			say_forced(c, message->text, message->uninterruptible);
		break;
	case DATA_HANG_UP:
		say_last_words(c, message->text, "hangup");
		break;
	case DATA_SET_OUTPUT_MEDIUM:
		c->conf.text_output = message->text_medium;
		break;
	case DATA_TOOL_RESULT:
		if (c->dialog->ops->tool_result)
			c->dialog->ops->tool_result(c->dialog, message->invocation_id,
						    message->failed && !*message->text
							    ? "The tool failed."
							    : message->text,
						    message->hang_up);
		break;
	case DATA_PING:
		break;
	}
}

static void send_audio(const int16_t *samples, size_t count, void *arg)
{
	struct conversation *c = arg;

	c->line.audioh(samples, count, c->line.arg);
}

static void send_mark(uint64_t mark, void *arg)
{
	struct conversation *c = arg;

	c->line.markh(mark, c->line.arg);
}

static void send_clear(void *arg)
{
	struct conversation *c = arg;

	c->line.clearh(c->line.arg);
}

void conversation_join(struct conversation *c, const struct conversation_line *line)
{
	static const struct ear_handlers hearing = {
		.startedh = on_caller_started,
		.partialh = on_caller_partial,
		.stoppedh = on_caller_stopped,
		.heardh = on_caller_heard,
	};
	struct mouth_handlers speaking = {
		.audioh = send_audio,
		.markh = line->markh ? send_mark : NULL,
		.clearh = send_clear,
		.wordsh = on_words,
		.firsth = on_first_audio,
		.saidh = on_said,
	};
	struct ear_conf ear = {
		.rate_hz = line->rate_hz, .turn = c->conf.turn, .threshold = c->conf.threshold};
	struct mouth_conf mouth = {
		.voice = c->conf.voice,
		.language = c->conf.language,
		.rate_hz = line->output_rate_hz,
		.lead_ms = line->lead_ms,
	};

	if (c->state != NEW)
		return;
	c->line = *line;
	if (ear_new(&c->ear, c->loop, c->box, &ear, &hearing, c) != 0)
		LOG_ERROR(&c->log, "no_recogniser");
	ear_set_grammar(c->ear, c->grammar);
	c->mouth = mouth_new(c->loop, c->box, &mouth, &speaking, c);
	step(c, EV_JOIN);
}

void conversation_audio(struct conversation *c, const int16_t *samples, size_t count)
{
	if (c->ear && c->state != ENDED)
		ear_audio(c->ear, samples, count);
}

void conversation_marked(struct conversation *c, uint64_t mark)
{
	if (c->mouth)
		mouth_marked(c->mouth, mark);
}

void conversation_end(struct conversation *c, const char *reason)
{
	if (c->state == ENDED)
		return;
	c->end_reason = reason;
	step(c, EV_END);
}

const char *conversation_state_name(const struct conversation *c)
{
	return states[c->state].name;
}

void conversation_set_dialog(struct conversation *c, struct dialog *dialog)
{
	mem_unref(c->dialog);
	c->dialog = mem_ref(dialog);
}

static void conversation_destroy(void *data)
{
	struct conversation *c = data;

	mem_unref(c->dialog);
	mem_unref(c->ear);
	mem_unref(c->mouth);
	mem_unref(c->quiet);
	mem_unref(c->duration);
	mem_unref(c->digits_timer);
	mem_unref(c->patience);
	for (size_t i = 0; i < c->waiting_count; i++)
		mem_free(c->waiting[i].text);
	for (size_t i = 0; i < c->conf.inactivity_count; i++)
		mem_free(c->conf.inactivity[i].message);
	mem_free(c->ask_text);
	mem_free(c->heard_text);
	mem_free(c->grammar);
	mem_free((char *)c->conf.call_id);
	mem_free((char *)c->conf.language);
	mem_free((char *)c->conf.greeting);
	mem_free((char *)c->conf.time_exceeded_message);
	mem_free((char *)c->conf.digits_text);
}

struct conversation *conversation_new(struct loop *loop, const struct voicebox *box,
				      const struct conversation_conf *conf,
				      const struct conversation_handlers *handlers, void *arg)
{
	struct conversation *c = mem_new(sizeof(*c), conversation_destroy);

	c->loop = loop;
	c->box = box;
	c->conf = *conf;
	c->conf.call_id = mem_strdup(conf->call_id);
	c->conf.language = mem_strdup(conf->language);
	c->conf.greeting = mem_strdup(conf->greeting);
	c->conf.time_exceeded_message = mem_strdup(conf->time_exceeded_message);
	c->conf.digits_text = mem_strdup(conf->digits_text);
	for (size_t i = 0; i < conf->inactivity_count; i++)
		c->conf.inactivity[i].message = mem_strdup(conf->inactivity[i].message);
	c->handlers = *handlers;
	c->arg = arg;
	log_init(&c->log, "engine", conf->call_id);
	c->quiet = timer_new(loop, quiet_for_long, c);
	c->duration = timer_new(loop, time_is_up, c);
	c->digits_timer = timer_new(loop, flush_digits, c);
	c->patience = timer_new(loop, out_of_patience, c);
	c->agent_ordinal = -1;
	return c;
}
