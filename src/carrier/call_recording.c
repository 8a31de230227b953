#include "carrier/call_recording.h"

#include "carrier/call_leg_book.h"
#include "carrier/call_tape.h"
#include "carrier/carrier_priv.h"
#include "core/clock.h"
#include "core/mem.h"
#include "core/safe_file.h"
#include "core/setting.h"
#include "core/str.h"
#include "core/timestamp.h"
#include "http/form.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

/* ---- statuses ---- */

static const struct transition {
	enum call_recording_status from;
	enum call_recording_event event;
	enum call_recording_status to;
} transitions[] = {
	{RECORDING_IN_PROGRESS, RECORDING_EV_PAUSE, RECORDING_PAUSED},
	{RECORDING_IN_PROGRESS, RECORDING_EV_RESUME, RECORDING_IN_PROGRESS},
	{RECORDING_IN_PROGRESS, RECORDING_EV_STOP, RECORDING_STOPPED},
	{RECORDING_IN_PROGRESS, RECORDING_EV_END, RECORDING_PROCESSING},

	{RECORDING_PAUSED, RECORDING_EV_PAUSE, RECORDING_PAUSED},
	{RECORDING_PAUSED, RECORDING_EV_RESUME, RECORDING_IN_PROGRESS},
	{RECORDING_PAUSED, RECORDING_EV_STOP, RECORDING_STOPPED},
	{RECORDING_PAUSED, RECORDING_EV_END, RECORDING_PROCESSING},

	{RECORDING_STOPPED, RECORDING_EV_WRITTEN, RECORDING_COMPLETED},
	{RECORDING_STOPPED, RECORDING_EV_EMPTY, RECORDING_ABSENT},
	{RECORDING_PROCESSING, RECORDING_EV_WRITTEN, RECORDING_COMPLETED},
	{RECORDING_PROCESSING, RECORDING_EV_EMPTY, RECORDING_ABSENT},
};

static const char *const names[RECORDING_STATUS_COUNT] = {
#define X(id_, name_) [RECORDING_##id_] = (name_),
	RECORDING_STATUSES(X)
#undef X
};

int call_recording_status_next(enum call_recording_status *ret_status,
			       enum call_recording_status from, enum call_recording_event event)
{
	for (size_t i = 0; i < ARRAY_LEN(transitions); i++) {
		if (transitions[i].from == from && transitions[i].event == event) {
			*ret_status = transitions[i].to;
			return 0;
		}
	}
	return -EALREADY;
}

const char *call_recording_status_name(enum call_recording_status status)
{
	return names[status];
}

enum call_recording_status call_recording_status_of(const char *name)
{
	size_t i = 0;

	while (i < RECORDING_STATUS_COUNT && !str_equal(names[i], name))
		i++;
	return (enum call_recording_status)i;
}

bool call_recording_is_over(const struct call_recording *recording)
{
	return recording->status >= RECORDING_COMPLETED;
}

/* ---- what is wanted ---- */

static void conf_destroy(void *data)
{
	struct call_recording_conf *conf = data;

	mem_free(conf->target.url);
	mem_free(conf->target.method);
}

struct call_recording_conf *call_recording_conf_new(const char *source)
{
	struct call_recording_conf *conf = mem_new(sizeof(*conf), conf_destroy);

	conf->channels = 1;
	conf->track = RECORDING_BOTH;
	conf->source = source;
	conf->events = LEG_NOTIFY_RECORDED;
	return conf;
}

const char *call_recording_track_name(unsigned track)
{
	return track == RECORDING_INBOUND    ? "inbound"
	       : track == RECORDING_OUTBOUND ? "outbound"
					     : "both";
}

unsigned call_recording_track_of(const char *name)
{
	return str_equal(name, "inbound")    ? RECORDING_INBOUND
	       : str_equal(name, "outbound") ? RECORDING_OUTBOUND
					     : RECORDING_BOTH;
}

/* ---- names ---- */

static char *path_of(const struct call_recording *recording, const char *suffix)
{
	return mem_printf("%s/carrier/recordings/%s%s", recording->leg->carrier->settings->data_dir,
			  recording->sid, suffix);
}

char *call_recording_path(const struct call_recording *recording)
{
	return path_of(recording, ".wav");
}

char *call_recording_mono_path(const struct call_recording *recording)
{
	return path_of(recording, ".mono.wav");
}

char *call_recording_url(const struct call_recording *recording)
{
	const struct settings *s = recording->leg->carrier->settings;

	return mem_printf("%s/2010-04-01/Accounts/%s/Recordings/%s", s->twilio_api_url,
			  s->twilio_account_sid, recording->sid);
}

/* ---- callbacks ---- */

static void add_number(struct form *form, const char *name, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	form_add(form, name, text);
}

static void notify(struct call_recording *recording, unsigned event, const char *status)
{
	const struct call_recording_conf *conf = recording->conf;
	auto_unref struct form *form = NULL;
	auto_free char *url = NULL;
	char time[TIMESTAMP_SIZE];

	if (!conf->target.url || !(conf->events & event))
		return;
	url = call_recording_url(recording);
	timestamp_rfc2822(time, recording->started_us);
	form = form_new();
	form_add(form, "AccountSid", recording->leg->carrier->settings->twilio_account_sid);
	form_add(form, "CallSid", recording->leg->sid);
	form_add(form, "RecordingSid", recording->sid);
	form_add(form, "RecordingUrl", url);
	form_add(form, "RecordingStatus", status);
	if (recording->duration_s >= 0)
		add_number(form, "RecordingDuration", recording->duration_s);
	add_number(form, "RecordingChannels", conf->channels);
	form_add(form, "RecordingStartTime", time);
	form_add(form, "RecordingSource", conf->source);
	form_add(form, "RecordingTrack", call_recording_track_name(conf->track));
	hook_queue_add(recording->leg->hooks, conf->target.method, conf->target.url, form);
}

/* ---- steps ---- */

/* The one place where a recording's status changes. */
static int step(struct call_recording *recording, enum call_recording_event event)
{
	enum call_recording_status from = recording->status, to;

	if (call_recording_status_next(&to, from, event))
		return -EALREADY;
	recording->status = to;
	recording->updated_us = clock_wall_us();
	if (from != to)
		LOG_INFO(&recording->leg->log, "recording_state",
			 LOG_STR("recording_sid", recording->sid),
			 LOG_STR("from_state", names[from]), LOG_STR("state", names[to]));
	if (to == RECORDING_COMPLETED)
		notify(recording, LEG_NOTIFY_RECORDED, "completed");
	else if (to == RECORDING_ABSENT)
		notify(recording, LEG_NOTIFY_ABSENT, "absent");
	carrier_leg_changed(recording->leg->carrier, recording->leg);
	return 0;
}

static void written(struct call_recording *recording, int err, uint64_t duration_ms)
{
	recording->duration_s = (int64_t)(duration_ms + 500) / 1000;
	if (err)
		LOG_ERROR(&recording->leg->log, "recording_failed", LOG_ERR(err));
	(void)step(recording, err || !duration_ms ? RECORDING_EV_EMPTY : RECORDING_EV_WRITTEN);
}

static void on_written(int err, uint64_t duration_ms, void *arg)
{
	struct call_recording *recording = arg;
	struct call_leg *leg = recording->leg;

	written(recording, err, duration_ms);
	mem_unref(leg);
}

/* Close the tape; the leg stays until it is written. */
static int finish(struct call_recording *recording, enum call_recording_event event)
{
	if (!recording->tape)
		return -EALREADY;
	mem_ref(recording->leg);
	if (recording->leg->recording == recording)
		recording->leg->recording = NULL;
	call_tape_end(recording->tape, on_written, recording);
	recording->tape = mem_unref(recording->tape);
	return step(recording, event);
}

static struct call_recording *recording_new(struct call_leg *leg, const char *sid,
					    struct call_recording_conf *conf)
{
	struct call_recording *recording = mem_alloc(sizeof(*recording));

	recording->leg = leg;
	recording->conf = mem_ref(conf);
	str_copy(recording->sid, sizeof(recording->sid), sid);
	recording->duration_s = -1;
	list_append(&leg->recordings, &recording->leg_node, recording);
	return recording;
}

void call_recording_free(struct call_recording *recording)
{
	list_remove(&recording->leg_node);
	list_remove(&recording->book_node);
	sid_index_remove(&recording->entry);
	mem_unref(recording->tape);
	mem_unref(recording->conf);
	mem_free(recording);
}

static void begin_tape(struct call_recording *recording)
{
	struct carrier *carrier = recording->leg->carrier;
	auto_free char *path = call_recording_path(recording);

	recording->started_us = recording->updated_us = clock_wall_us();
	recording->tape = call_tape_new(&(struct call_tape_conf){
		.loop = carrier->loop,
		.disk = carrier->disk,
		.path = path,
		.safe = carrier->safe,
		.channels = recording->conf->channels,
		.trim = recording->conf->trim,
	});
}

/* Nobody had asked for this one yet: it is what the request is given. */
static void take_over(struct call_recording *recording, struct call_recording_conf *conf)
{
	conf->channels = recording->conf->channels;
	conf->track = recording->conf->track;
	conf->trim = recording->conf->trim;
	mem_unref(recording->conf);
	recording->conf = mem_ref(conf);
	notify(recording, LEG_NOTIFY_IN_PROGRESS, "in-progress");
	carrier_leg_changed(recording->leg->carrier, recording->leg);
}

int call_recording_start(struct call_recording **ret_recording, struct call_leg *leg,
			 struct call_recording_conf *conf)
{
	struct call_recording *recording = leg->recording;
	char sid[SID_SIZE];

	if (leg->state != LEG_IN_PROGRESS)
		return -ENOTCONN;
	if (recording && !recording->conf->by_account)
		return -EBUSY;
	if (recording) {
		take_over(recording, conf);
	} else if (leg->recordings.len >= CALL_RECORDING_MAX) {
		return -E2BIG;
	} else {
		sid_new(sid, "RE");
		recording = leg->recording = recording_new(leg, sid, conf);
		recording->from_answer = conf == leg->record;
		call_leg_book_add_recording(leg->carrier->book, recording);
		begin_tape(recording);
		LOG_INFO(&leg->log, "recording_started", LOG_STR("recording_sid", sid),
			 LOG_STR("source", conf->source));
		notify(recording, LEG_NOTIFY_IN_PROGRESS, "in-progress");
		carrier_leg_changed(leg->carrier, leg);
	}
	*ret_recording = recording;
	return 0;
}

int call_recording_pause(struct call_recording *recording, bool keep_silence)
{
	bool already = recording->status == RECORDING_PAUSED;
	int err = step(recording, RECORDING_EV_PAUSE);

	if (!err && !already)
		call_tape_pause(recording->tape, keep_silence);
	return err;
}

int call_recording_resume(struct call_recording *recording)
{
	bool paused = recording->status == RECORDING_PAUSED;
	int err = step(recording, RECORDING_EV_RESUME);

	if (!err && paused)
		call_tape_resume(recording->tape);
	return err;
}

int call_recording_stop(struct call_recording *recording)
{
	return finish(recording, RECORDING_EV_STOP);
}

void call_recording_end(struct call_recording *recording)
{
	(void)finish(recording, RECORDING_EV_END);
}

void call_recording_abandon(struct call_recording *recording)
{
	recording->leg->recording = NULL;
	recording->tape = mem_unref(recording->tape);
}

void call_recording_lost(struct call_recording *recording)
{
	auto_free char *path = call_recording_path(recording);

	if (call_recording_is_over(recording))
		return;
	(void)step(recording, RECORDING_EV_END);
	written(recording, 0, call_tape_file_duration_ms(recording->leg->carrier->safe, path));
}

void call_recording_delete(struct call_recording *recording)
{
	struct call_leg *leg = recording->leg;
	auto_free char *path = call_recording_path(recording);
	auto_free char *mono = call_recording_mono_path(recording);

	safe_file_remove(path);
	safe_file_remove(mono);
	call_recording_free(recording);
	carrier_leg_changed(leg->carrier, leg);
}

struct call_recording *call_recording_restore(struct call_leg *leg, const char *sid,
					      struct call_recording_conf *conf)
{
	return recording_new(leg, sid, conf);
}

/* ---- audio ---- */

void call_recording_hear(struct call_recording *recording, const int16_t *samples, size_t count)
{
	if (recording->conf->track & RECORDING_INBOUND)
		call_tape_hear(recording->tape, samples, count);
}

void call_recording_play(struct call_recording *recording, const int16_t *samples, size_t count)
{
	if (recording->conf->track & RECORDING_OUTBOUND)
		call_tape_play(recording->tape, samples, count);
}

void call_recording_clear(struct call_recording *recording)
{
	call_tape_clear(recording->tape);
}
