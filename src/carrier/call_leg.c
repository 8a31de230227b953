#include "carrier/call_leg.h"

#include "carrier/call_fork.h"
#include "carrier/call_recording.h"
#include "carrier/call_tape.h"
#include "carrier/carrier_priv.h"
#include "carrier/script.h"
#include "carrier/twiml.h"
#include "core/buf.h"
#include "core/clock.h"
#include "core/digest.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/setting.h"
#include "core/str.h"
#include "core/timestamp.h"
#include "http/form.h"
#include "loop/timer.h"
#include "sip/sip.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DIGIT_MS = 160, RATE_HZ = 8000 };

void sid_new(char out[SID_SIZE], const char *prefix)
{
	memcpy(out, prefix, 2);
	random_hex(out + 2, SID_SIZE - 3);
}

bool sid_is_valid(const char *text, const char *prefix)
{
	return strlen(text) == SID_SIZE - 1 && !strncmp(text, prefix, 2) &&
	       strspn(text + 2, "0123456789abcdefABCDEF") == SID_SIZE - 3;
}

static void target_free(struct call_leg_target *target)
{
	target->url = mem_free(target->url);
	target->method = mem_free(target->method);
}

void call_leg_target_set(struct call_leg_target *target, const char *url, const char *method)
{
	mem_replace_str(&target->url, url);
	mem_replace_str(&target->method, method ? method : "POST");
}

static void call_leg_release_media(struct call_leg *leg)
{
	call_forks_end(leg);
	leg->script = mem_unref(leg->script);
	leg->limit = mem_unref(leg->limit);
	leg->sip = mem_unref(leg->sip);
}

static void call_leg_destroy(void *data)
{
	struct call_leg *leg = data;

	struct list_node *node;

	call_leg_release_media(leg);
	while ((node = leg->recordings.head))
		call_recording_free(node->data);
	mem_unref(leg->record);
	sid_index_remove(&leg->entry);
	list_remove(&leg->note_node);
	list_remove(&leg->node);
	list_remove(&leg->queue_node);
	mem_unref(leg->hooks);
	target_free(&leg->voice);
	target_free(&leg->fallback);
	target_free(&leg->status);
	mem_free(leg->to);
	mem_free(leg->from);
	mem_free(leg->twiml);
	mem_free(leg->send_digits);
	mem_free(leg->sip_username);
	mem_free(leg->sip_password);
}

struct call_leg *call_leg_new(struct carrier *carrier, bool inbound, const char *to,
			      const char *from)
{
	struct call_leg *leg = mem_new(sizeof(*leg), call_leg_destroy);

	leg->carrier = carrier;
	sid_new(leg->sid, "CA");
	log_init(&leg->log, "carrier", leg->sid);
	leg->inbound = inbound;
	leg->state = inbound ? LEG_RINGING : LEG_QUEUED;
	leg->to = mem_strdup(to);
	leg->from = mem_strdup(from);
	leg->status_events = LEG_NOTIFY_COMPLETED;
	leg->ring_timeout_s = RING_TIMEOUT_S;
	leg->time_limit_s = TIME_LIMIT_S;
	leg->created_us = leg->updated_us = clock_wall_us();
	leg->hooks = hook_queue_new(&carrier->hooks, &leg->log);
	return leg;
}

/* ---- what the record says ---- */

int64_t call_leg_duration_s(const struct call_leg *leg)
{
	if (leg->state != LEG_COMPLETED || !leg->answered_us)
		return -1;
	return (leg->ended_us - leg->answered_us + 500000) / 1000000;
}

struct form *call_leg_params(const struct call_leg *leg)
{
	struct form *form = form_new();

	form_add(form, "AccountSid", leg->carrier->settings->twilio_account_sid);
	form_add(form, "ApiVersion", "2010-04-01");
	form_add(form, "CallSid", leg->sid);
	form_add(form, "CallStatus", call_leg_state_callback_name(leg->state));
	form_add(form, "Called", leg->to);
	form_add(form, "Caller", leg->from);
	form_add(form, "Direction", leg->inbound ? "inbound" : "outbound-api");
	form_add(form, "From", leg->from);
	form_add(form, "To", leg->to);
	return form;
}

static void add_number(struct form *form, const char *name, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	form_add(form, name, text);
}

static void add_time(struct form *form, const char *name, int64_t us)
{
	char text[TIMESTAMP_SIZE];

	timestamp_rfc2822(text, us);
	form_add(form, name, text);
}

/* ---- recording ---- */

static void start_recording(struct call_leg *leg)
{
	struct call_recording *recording;

	if (leg->record)
		(void)call_recording_start(&recording, leg, leg->record);
}

/* The one that belongs to the call itself, NULL when there is none. */
static const struct call_recording *recording_from_answer(const struct call_leg *leg)
{
	LIST_EACH(&leg->recordings, node)
	{
		const struct call_recording *recording = node->data;

		if (recording->from_answer)
			return recording;
	}
	return NULL;
}

/* ---- callbacks ---- */

static void add_end_params(const struct call_leg *leg, struct form *form)
{
	const struct call_recording *recording = recording_from_answer(leg);
	int64_t duration_s = call_leg_duration_s(leg);

	add_number(form, "CallDuration", duration_s > 0 ? duration_s : 0);
	if (leg->state == LEG_COMPLETED)
		add_number(form, "Duration", (duration_s + 59) / 60);
	if (leg->sip_code)
		add_number(form, "SipResponseCode", leg->sip_code);
	if (recording && leg->state == LEG_COMPLETED) {
		auto_free char *url = call_recording_url(recording);

		form_add(form, "RecordingUrl", url);
		form_add(form, "RecordingSid", recording->sid);
		add_number(form, "RecordingDuration", duration_s);
	}
}

static unsigned notify_of(enum call_leg_state state)
{
	switch (state) {
	case LEG_INITIATED:
		return LEG_NOTIFY_INITIATED;
	case LEG_RINGING:
		return LEG_NOTIFY_RINGING;
	case LEG_IN_PROGRESS:
		return LEG_NOTIFY_ANSWERED;
	default:
		return call_leg_state_is_terminal(state) ? LEG_NOTIFY_COMPLETED : 0;
	}
}

static void notify_status(struct call_leg *leg)
{
	auto_unref struct form *form = NULL;

	if (!leg->status.url || !(leg->status_events & notify_of(leg->state)))
		return;
	form = call_leg_params(leg);
	form_add(form, "CallbackSource", "call-progress-events");
	add_number(form, "SequenceNumber", leg->sequence++);
	add_time(form, "Timestamp", clock_wall_us());
	if (call_leg_state_is_terminal(leg->state))
		add_end_params(leg, form);
	hook_queue_add(leg->hooks, leg->status.method, leg->status.url, form);
}

/* ---- telephone ---- */

static void on_ringing(struct sip_call *sip, bool early_media, void *arg)
{
	call_leg_step(arg, LEG_EV_RING);
}

static void on_answered(struct sip_call *sip, void *arg)
{
	call_leg_step(arg, LEG_EV_ANSWER);
}

static void on_audio(struct sip_call *sip, const int16_t samples[SIP_FRAME_SAMPLES], void *arg)
{
	struct call_leg *leg = arg;

	/* Before the answer it is ringing and announcements, which belong to nobody. */
	if (leg->state != LEG_IN_PROGRESS)
		return;
	if (leg->recording)
		call_recording_hear(leg->recording, samples, SIP_FRAME_SAMPLES);
	if (leg->forks.len)
		call_forks_hear(leg, samples, SIP_FRAME_SAMPLES);
	script_hear(leg->script, samples);
}

static void on_digit(struct sip_call *sip, char digit, uint32_t duration_ms, void *arg)
{
	struct call_leg *leg = arg;

	if (leg->state == LEG_IN_PROGRESS)
		script_digit(leg->script, digit);
}

static void on_mark(struct sip_call *sip, uint32_t mark, void *arg)
{
	struct call_leg *leg = arg;

	if (leg->state == LEG_IN_PROGRESS)
		script_mark(leg->script, mark);
}

/* The ring timeout has passed; otherwise nothing answered the INVITE at all. */
static bool rang_out(const struct call_leg *leg)
{
	int64_t spent_ms = (clock_wall_us() - leg->started_us) / 1000;

	return leg->state == LEG_RINGING || spent_ms + 500 >= (int64_t)leg->ring_timeout_s * 1000;
}

static enum call_leg_event event_of_end(const struct call_leg *leg, enum sip_end end, int code)
{
	if (leg->state == LEG_IN_PROGRESS)
		return LEG_EV_HANGUP;
	switch (end) {
	case SIP_END_REMOTE:
		return LEG_EV_NO_ANSWER;
	case SIP_END_REJECTED:
		return call_leg_event_of_sip(code);
	case SIP_END_TIMEOUT:
		return rang_out(leg) ? LEG_EV_NO_ANSWER : LEG_EV_FAIL;
	case SIP_END_LOCAL:
		return LEG_EV_CANCEL;
	default:
		return LEG_EV_FAIL;
	}
}

static void on_ended(struct sip_call *sip, enum sip_end end, int code, const char *reason,
		     void *arg)
{
	struct call_leg *leg = arg;

	/* The vendor reports the CANCEL of a phone that was let ring, not our own verdict. */
	leg->sip_code = end == SIP_END_TIMEOUT && rang_out(leg) ? 487 : code;
	LOG_INFO(&leg->log, "sip_ended", LOG_INT("end", end), LOG_INT("code", code),
		 LOG_STR("reason", reason));
	(void)call_leg_step(leg, event_of_end(leg, end, code));
}

static const struct sip_call_handlers sip_handlers = {
	.ringingh = on_ringing,
	.answeredh = on_answered,
	.audioh = on_audio,
	.digith = on_digit,
	.markh = on_mark,
	.endedh = on_ended,
};

/* The SIP URI of what was called; numbers go through the trunk. */
static char *dial_uri(const struct call_leg *leg, bool *ret_trunk)
{
	const char *trunk = leg->carrier->settings->sip_trunk_uri;
	const char *scheme = strchr(trunk, ':');
	const char *at = strchr(trunk, '@');

	*ret_trunk = false;
	if (str_has_prefix(leg->to, "sip:"))
		return mem_strdup(leg->to);
	*ret_trunk = true;
	if (!scheme)
		return mem_strdup("");
	return mem_printf("%.*s:%s@%s", (int)(scheme - trunk), trunk, leg->to,
			  at ? at + 1 : scheme + 1);
}

static const char *or_null(const char *text)
{
	return str_is_empty(text) ? NULL : text;
}

static void dial(struct call_leg *leg)
{
	const struct settings *s = leg->carrier->settings;
	bool trunk;
	auto_free char *uri = dial_uri(leg, &trunk);
	struct sip_dial_params params = {
		.to_uri = uri,
		.from_user = leg->from,
		.username = or_null(trunk ? s->sip_trunk_username : leg->sip_username),
		.password = or_null(trunk ? s->sip_trunk_password : leg->sip_password),
		.ring_timeout_ms = leg->ring_timeout_s * 1000,
	};
	int err;

	/* A From of sip:name@host keeps its user part. */
	auto_free char *user = NULL;
	if (str_has_prefix(leg->from, "sip:")) {
		user = mem_strndup(leg->from + 4, strcspn(leg->from + 4, "@;"));
		params.from_user = user;
	}
	leg->started_us = clock_wall_us();
	leg->queue_ms = (leg->started_us - leg->created_us) / 1000;
	err = sip_dial(&leg->sip, leg->carrier->sip, &params, &sip_handlers, leg);
	if (err) {
		LOG_ERROR(&leg->log, "dial_failed", LOG_ERR(err));
		leg->sip_code = 404;
	}
}

void call_leg_receive(struct call_leg *leg, struct sip_call *sip)
{
	leg->started_us = leg->created_us;
	leg->sip = mem_ref(sip);
	leg->script = script_new(leg);
	sip_call_accept(sip, &sip_handlers, leg);
	sip_call_ring(sip);
	LOG_INFO(&leg->log, "call_received", LOG_PHONE("from", leg->from),
		 LOG_PHONE("to", leg->to));
	carrier_live_changed(leg->carrier, 1);
	carrier_leg_changed(leg->carrier, leg);
	script_fetch(leg->script, leg->voice.url, leg->voice.method, NULL);
}

void call_leg_answer(struct call_leg *leg)
{
	if (leg->inbound && leg->state == LEG_RINGING)
		sip_call_answer(leg->sip);
}

void call_leg_reject(struct call_leg *leg, bool busy)
{
	leg->sip_code = busy ? 486 : 480;
	sip_call_reject(leg->sip, leg->sip_code, busy ? "Busy Here" : "Temporarily Unavailable");
	(void)call_leg_step(leg, busy ? LEG_EV_BUSY : LEG_EV_NO_ANSWER);
}

/* ---- states ---- */

static void on_limit(void *arg)
{
	struct call_leg *leg = arg;

	LOG_INFO(&leg->log, "time_limit_reached", LOG_INT("limit_s", leg->time_limit_s));
	(void)call_leg_step(leg, LEG_EV_HANGUP);
}

void call_leg_limit(struct call_leg *leg, uint32_t time_limit_s)
{
	int64_t spent_ms = (clock_wall_us() - leg->answered_us) / 1000;
	int64_t left_ms = (int64_t)time_limit_s * 1000 - spent_ms;

	leg->time_limit_s = time_limit_s;
	if (leg->limit)
		timer_start(leg->limit, left_ms > 0 ? (uint64_t)left_ms : 0);
}

void call_leg_begin(struct call_leg *leg)
{
	struct twiml_error error;
	auto_unref struct twiml *twiml = NULL;

	if (leg->inbound)
		script_begin(leg->script);
	else if (leg->voice.url)
		script_fetch(leg->script, leg->voice.url, leg->voice.method, NULL);
	else if (!leg->twiml || twiml_parse(&twiml, leg->twiml, strlen(leg->twiml), &error))
		script_fail(leg->script, TWIML_ERROR_PARSE);
	else
		script_run(leg->script, twiml);
}

static void entered_in_progress(struct call_leg *leg)
{
	leg->answered_us = clock_wall_us();
	leg->limit = timer_new(leg->carrier->loop, on_limit, leg);
	call_leg_limit(leg, leg->time_limit_s);
	start_recording(leg);
	if (!leg->script)
		leg->script = script_new(leg);
	if (leg->send_digits)
		script_press(leg->script, leg->send_digits);
	else
		call_leg_begin(leg);
}

static void entered_terminal(struct call_leg *leg, enum call_leg_state from)
{
	leg->ended_us = clock_wall_us();
	list_remove(&leg->queue_node);
	if (leg->script)
		script_end(leg->script);
	if (leg->recording)
		call_recording_end(leg->recording);
	if (leg->sip)
		sip_call_hangup(leg->sip);
	if (from != LEG_QUEUED)
		carrier_live_changed(leg->carrier, -1);
	metric_add(METRIC_CARRIER_CALL_TOTAL, call_leg_state_name(leg->state), 1);
	call_leg_release_media(leg);
}

/* The one place where a leg's state changes. */
int call_leg_step(struct call_leg *leg, enum call_leg_event event)
{
	enum call_leg_state from = leg->state, to;

	if (call_leg_state_next(&to, from, event))
		return -EALREADY;
	mem_ref(leg);
	leg->state = to;
	leg->updated_us = clock_wall_us();
	LOG_INFO(&leg->log, "call_state", LOG_STR("from_state", call_leg_state_callback_name(from)),
		 LOG_STR("state", call_leg_state_callback_name(to)),
		 LOG_PHONE("phone_number", leg->inbound ? leg->from : leg->to));
	if (to == LEG_INITIATED) {
		carrier_live_changed(leg->carrier, 1);
		dial(leg);
	}
	if (call_leg_state_is_terminal(to))
		entered_terminal(leg, from);
	notify_status(leg);
	if (to == LEG_IN_PROGRESS)
		entered_in_progress(leg);
	carrier_leg_changed(leg->carrier, leg);
	if (to == LEG_INITIATED && !leg->sip)
		(void)call_leg_step(leg, LEG_EV_FAIL);
	mem_unref(leg);
	return 0;
}

void call_leg_lost(struct call_leg *leg)
{
	const struct call_recording *recording = recording_from_answer(leg);
	auto_free char *path = NULL;
	int64_t recorded_until_us;

	if (!call_leg_state_is_terminal(leg->state)) {
		LOG_WARN(&leg->log, "call_lost",
			 LOG_STR("state", call_leg_state_callback_name(leg->state)));
		leg->state = leg->state == LEG_IN_PROGRESS ? LEG_COMPLETED : LEG_FAILED;
		/* When it broke is not known; the last thing heard of it is the nearest. */
		leg->ended_us = leg->updated_us;
		leg->updated_us = clock_wall_us();
		if (recording && !call_recording_is_over(recording)) {
			path = call_recording_path(recording);
			recorded_until_us =
				recording->started_us +
				(int64_t)call_tape_file_duration_ms(leg->carrier->safe, path) *
					1000;
			if (recorded_until_us > leg->ended_us)
				leg->ended_us = recorded_until_us;
		}
		notify_status(leg);
		carrier_leg_changed(leg->carrier, leg);
	}
	LIST_EACH(&leg->recordings, node)
	{
		call_recording_lost(node->data);
	}
}

void call_leg_abandon(struct call_leg *leg)
{
	list_remove(&leg->queue_node);
	if (leg->script)
		script_end(leg->script);
	call_leg_release_media(leg);
	if (leg->recording)
		call_recording_abandon(leg->recording);
	leg->hooks = mem_unref(leg->hooks);
}

void call_leg_redirect(struct call_leg *leg, struct twiml *twiml, const char *url,
		       const char *method)
{
	if (leg->state != LEG_IN_PROGRESS)
		return;
	if (twiml)
		script_run(leg->script, twiml);
	else
		script_fetch(leg->script, url, method, NULL);
}

/* ---- audio ---- */

void call_leg_play(struct call_leg *leg, const int16_t *samples, size_t count)
{
	int err = leg->sip ? sip_call_play(leg->sip, samples, count) : -ENOTCONN;

	if (!err && leg->recording)
		call_recording_play(leg->recording, samples, count);
	if (!err && leg->forks.len)
		call_forks_play(leg, samples, count);
	if (err == -ENOBUFS)
		LOG_WARN(&leg->log, "audio_dropped", LOG_INT("samples", (int64_t)count));
}

void call_leg_play_digits(struct call_leg *leg, const char *digits)
{
	static const int16_t silence[RATE_HZ / 2];

	for (; *digits; digits++) {
		if (*digits == 'w' || *digits == 'W') {
			call_leg_play(leg, silence, RATE_HZ / 2);
			if (*digits == 'W')
				call_leg_play(leg, silence, RATE_HZ / 2);
		} else if (leg->sip) {
			(void)sip_call_send_digit(leg->sip, *digits, DIGIT_MS);
		}
	}
}

uint32_t call_leg_mark(struct call_leg *leg)
{
	/* Marks are told apart within one call only. */
	static uint32_t last;

	last++;
	if (leg->sip)
		(void)sip_call_mark(leg->sip, last);
	return last;
}

void call_leg_clear(struct call_leg *leg)
{
	if (leg->recording)
		call_recording_clear(leg->recording);
	call_forks_clear(leg);
	if (leg->sip)
		(void)sip_call_clear(leg->sip);
}
