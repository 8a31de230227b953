#include "carrier/call_journal.h"

#include "carrier/call_expiry.h"
#include "carrier/call_leg.h"
#include "carrier/call_leg_book.h"
#include "carrier/call_recording.h"
#include "carrier/carrier_priv.h"
#include "core/buf.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/mem.h"
#include "core/safe.h"
#include "core/setting.h"
#include "core/str.h"
#include "loop/timer.h"
#include "loop/work.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	MAX_FILE = 64 * 1024 * 1024, /* rewritten beyond */
	MAX_LINE = 96 * 1024,        /* sealed */
	KEEP_CALLS = 5000,
	CLOSE_TIMEOUT_MS = 2000,
};

struct call_journal {
	struct carrier *carrier; /* NULL once closed */
	char *path;
	struct safe *safe; /* the loop's */
	struct list noted; /* legs that have changed since their last line */
	struct timer *timer;
	struct strand *strand;
	bool expired;  /* calls have gone: the file is to be rewritten */
	bool is_going; /* `going` and what follows are the strand's */
	struct buf going;
	struct safe *strand_safe;
	bool expires;
	int64_t before_us; /* calls that were over then are not kept */
	int fd;
	int64_t size;
	int err;
	bool broken; /* said once */
};

/* ---- one leg as JSON ---- */

static void set_target(json_t *json, const char *key, const struct call_leg_target *target)
{
	if (target->url)
		json_object_set_new(
			json, key,
			json_pack("{s:s,s:s}", "url", target->url, "method", target->method));
}

static json_t *recording_to_json(const struct call_recording *recording)
{
	const struct call_recording_conf *conf = recording->conf;
	json_t *json = json_object();

	json_set_str(json, "sid", recording->sid);
	json_set_str(json, "status", call_recording_status_name(recording->status));
	json_set_str(json, "source", conf->source);
	json_set_str(json, "track", call_recording_track_name(conf->track));
	json_set_int(json, "channels", conf->channels);
	json_set_int(json, "events", conf->events);
	json_set_bool(json, "from_answer", recording->from_answer);
	json_set_int(json, "started_us", recording->started_us);
	json_set_int(json, "updated_us", recording->updated_us);
	json_set_int(json, "duration_s", recording->duration_s);
	set_target(json, "callback", &conf->target);
	return json;
}

static json_t *leg_to_json(const struct call_leg *leg)
{
	json_t *json = json_object(), *recordings = json_array();

	json_set_str(json, "sid", leg->sid);
	json_set_int(json, "state", leg->state);
	json_set_bool(json, "inbound", leg->inbound);
	json_set_str(json, "to", leg->to);
	json_set_str(json, "from", leg->from);
	json_set_int(json, "created_us", leg->created_us);
	json_set_int(json, "updated_us", leg->updated_us);
	json_set_int(json, "started_us", leg->started_us);
	json_set_int(json, "answered_us", leg->answered_us);
	json_set_int(json, "ended_us", leg->ended_us);
	json_set_int(json, "queue_ms", leg->queue_ms);
	json_set_int(json, "sip_code", leg->sip_code);
	json_set_int(json, "sequence", leg->sequence);
	json_set_bool(json, "deleted", leg->deleted);
	json_set_int(json, "status_events", leg->status_events);
	set_target(json, "status_callback", &leg->status);
	LIST_EACH(&leg->recordings, node)
	{
		json_array_append_new(recordings, recording_to_json(node->data));
	}
	json_object_set_new(json, "recordings", recordings);
	return json;
}

static void get_target(struct call_leg_target *target, const json_t *json, const char *key)
{
	const json_t *value = json_object_get(json, key);
	const char *url = json_get_str(value, "url", NULL);

	if (url)
		call_leg_target_set(target, url, json_get_str(value, "method", "POST"));
}

/* Sources are static strings. */
static const char *source_of(const char *text)
{
	return str_equal(text, "OutboundAPI") ? "OutboundAPI" : "StartCallRecordingAPI";
}

static void get_recording(struct call_leg *leg, const json_t *json)
{
	const char *sid = json_get_str(json, "sid", "");
	enum call_recording_status status =
		call_recording_status_of(json_get_str(json, "status", ""));
	auto_unref struct call_recording_conf *conf =
		call_recording_conf_new(source_of(json_get_str(json, "source", "")));
	struct call_recording *recording;

	if (!sid_is_valid(sid, "RE") || status == RECORDING_STATUS_COUNT)
		return;
	conf->channels = json_get_int(json, "channels", 1) == 2 ? 2 : 1;
	conf->track = call_recording_track_of(json_get_str(json, "track", ""));
	conf->events = (unsigned)json_get_int(json, "events", 0);
	get_target(&conf->target, json, "callback");
	recording = call_recording_restore(leg, sid, conf);
	recording->status = status;
	recording->from_answer = json_get_bool(json, "from_answer", false);
	recording->started_us = json_get_int(json, "started_us", 0);
	recording->updated_us = json_get_int(json, "updated_us", 0);
	recording->duration_s = json_get_int(json, "duration_s", -1);
}

static void get_recordings(struct call_leg *leg, const json_t *json)
{
	const json_t *recordings = json_object_get(json, "recordings");

	for (size_t i = 0; i < json_array_size(recordings) && i < CALL_RECORDING_MAX; i++)
		get_recording(leg, json_array_get(recordings, i));
}

/* The line was found to be ours. */
static struct call_leg *leg_of_json(struct carrier *carrier, const json_t *json)
{
	const char *sid = json_get_str(json, "sid", "");
	struct call_leg *leg =
		call_leg_new(carrier, json_get_bool(json, "inbound", false),
			     json_get_str(json, "to", ""), json_get_str(json, "from", ""));

	str_copy(leg->sid, sizeof(leg->sid), sid);
	log_init(&leg->log, "carrier", leg->sid);
	leg->state = (enum call_leg_state)json_get_int(json, "state", LEG_FAILED);
	leg->created_us = json_get_int(json, "created_us", 0);
	leg->updated_us = json_get_int(json, "updated_us", 0);
	leg->started_us = json_get_int(json, "started_us", 0);
	leg->answered_us = json_get_int(json, "answered_us", 0);
	leg->ended_us = json_get_int(json, "ended_us", 0);
	leg->queue_ms = json_get_int(json, "queue_ms", 0);
	leg->sip_code = (int)json_get_int(json, "sip_code", 0);
	leg->sequence = (uint32_t)json_get_int(json, "sequence", 0);
	leg->deleted = json_get_bool(json, "deleted", false);
	leg->status_events = (unsigned)json_get_int(json, "status_events", 0);
	get_target(&leg->status, json, "status_callback");
	get_recordings(leg, json);
	return leg;
}

/* ---- the file; on any thread ---- */

/*
 * Lines by call, the last one counting, in the order the calls were made. Returns 0, or -ENOKEY
 * when the line is under a master key that is not ours.
 */
static int read_line(struct safe *safe, json_t *calls, const char *line, size_t len)
{
	struct buf auto_buf plain = {0};
	char error[JSON_ERROR_SIZE];
	json_t *json;
	int err;

	if (len && line[len - 1] == '\n')
		len--;
	err = len && len <= MAX_LINE ? safe_unseal(safe, line, len, &plain) : -EBADMSG;
	/* The last line may have been cut off by the end of the process. */
	if (err || json_parse(&json, plain.data, plain.len, error))
		return err == -ENOKEY ? err : 0;
	json_object_set_new(calls, json_get_str(json, "sid", ""), json);
	return 0;
}

static int read_file(struct safe *safe, const char *path, json_t *calls)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	int err = 0;

	while (!err && file && (len = getline(&line, &room, file)) > 0)
		err = read_line(safe, calls, line, (size_t)len);
	free(line);
	if (file)
		(void)fclose(file);
	return err;
}

static void append_line(struct safe *safe, const json_t *json, struct buf *out)
{
	auto_free char *text = json_text(json);

	safe_seal(safe, text, strlen(text), out);
	buf_append_char(out, '\n');
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static bool is_kept(const json_t *json, size_t index, size_t count, int64_t before_us)
{
	int64_t state = json_get_int(json, "state", -1);
	bool over;

	if (!sid_is_valid(json_get_str(json, "sid", ""), "CA") || state < 0 ||
	    state >= LEG_STATE_COUNT || json_get_bool(json, "deleted", false))
		return false;
	over = call_leg_state_is_terminal((enum call_leg_state)state);
	if (over && json_get_int(json, "updated_us", 0) < before_us)
		return false;
	return index + KEEP_CALLS >= count || !over;
}

/*
 * A fresh file with one line a call, oldest first, in place of the old one. Whoever dies meanwhile
 * leaves the old one.
 */
static int compact(struct call_journal *journal, const json_t *calls, int64_t before_us)
{
	auto_free char *part = mem_printf("%s.part", journal->path);
	int fd = open(part, O_CREAT | O_TRUNC | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
	size_t count = json_object_size(calls), index = 0;
	const char *sid;
	json_t *json;
	int err = fd < 0 ? -errno : 0;

	journal->size = 0;
	json_object_foreach((json_t *)calls, sid, json)
	{
		struct buf auto_buf line = {0};

		if (err || !is_kept(json, index++, count, before_us))
			continue;
		append_line(journal->strand_safe, json, &line);
		err = write_all(fd, line.data, line.len);
		journal->size += (int64_t)line.len;
	}
	if (!err && rename(part, journal->path))
		err = -errno;
	if (err) {
		if (fd >= 0)
			(void)close(fd);
		return err;
	}
	if (journal->fd >= 0)
		(void)close(journal->fd);
	journal->fd = fd;
	return 0;
}

static int rewrite(struct call_journal *journal)
{
	auto_json json_t *calls = json_object();
	int err = read_file(journal->strand_safe, journal->path, calls);

	return err ? err : compact(journal, calls, journal->before_us);
}

/* Append what is in journal->going; on the strand. */
static void append(void *arg)
{
	struct call_journal *journal = arg;

	journal->err = write_all(journal->fd, journal->going.data, journal->going.len);
	journal->size += (int64_t)journal->going.len;
	if (!journal->err && (journal->expires || journal->size >= MAX_FILE))
		journal->err = rewrite(journal);
}

/* ---- writing ---- */

static void write_next(void *arg);

static void on_appended(void *arg)
{
	struct call_journal *journal = arg;

	if (!journal->carrier) {
		mem_unref(journal);
		return;
	}
	if (journal->err && !journal->broken)
		LOG_ERROR(&journal->carrier->log, "journal_failed", LOG_ERR(journal->err));
	journal->broken = journal->err != 0;
	journal->is_going = false;
	buf_clear(&journal->going);
	write_next(journal);
	mem_unref(journal);
}

/* Every leg that has changed is one line; the strand writes them while more may gather. */
static void collect(struct call_journal *journal, struct buf *out)
{
	struct call_leg *leg;

	while ((leg = list_pop(&journal->noted))) {
		auto_json json_t *json = leg_to_json(leg);

		append_line(journal->safe, json, out);
	}
}

static void write_next(void *arg)
{
	struct call_journal *journal = arg;

	if (journal->is_going || (!journal->noted.len && !journal->expired))
		return;
	collect(journal, &journal->going);
	journal->is_going = true;
	journal->expires = journal->expired;
	journal->expired = false;
	journal->before_us = call_expiry_before_us(journal->carrier);
	strand_post(journal->strand, append, on_appended, mem_ref(journal));
}

void call_journal_note(struct call_journal *journal, struct call_leg *leg)
{
	if (!journal->carrier)
		return;
	if (!leg->note_node.list)
		list_append(&journal->noted, &leg->note_node, leg);
	if (!journal->is_going)
		timer_start(journal->timer, 0);
}

void call_journal_expire(struct call_journal *journal)
{
	if (!journal->carrier)
		return;
	journal->expired = true;
	if (!journal->is_going)
		timer_start(journal->timer, 0);
}

/* The strand finishes what it has; how long that takes is the disk's affair, up to a point. */
static bool wait_for_strand(struct call_journal *journal)
{
	for (int ms = 0; strand_pending(journal->strand) && ms < CLOSE_TIMEOUT_MS; ms++)
		(void)usleep(1000);
	return !strand_pending(journal->strand);
}

void call_journal_close(struct call_journal *journal)
{
	auto_buf struct buf last = {0};
	int err;

	timer_stop(journal->timer);
	collect(journal, &last);
	err = wait_for_strand(journal) ? write_all(journal->fd, buf_str(&last), last.len)
				       : -ETIMEDOUT;
	if (err)
		LOG_ERROR(&journal->carrier->log, "journal_failed", LOG_ERR(err));
	journal->carrier = NULL;
}

static void journal_destroy(void *data)
{
	struct call_journal *journal = data;

	if (journal->fd >= 0)
		(void)close(journal->fd);
	mem_unref(journal->timer);
	mem_unref(journal->strand);
	mem_unref(journal->safe);
	mem_unref(journal->strand_safe);
	buf_free(&journal->going);
	mem_free(journal->path);
}

/* ---- opening ---- */

static void add_to_book(struct carrier *carrier, const json_t *calls, int64_t before_us)
{
	size_t count = json_object_size(calls), index = 0;
	const char *sid;
	json_t *json;

	json_object_foreach((json_t *)calls, sid, json)
	{
		auto_unref struct call_leg *leg = NULL;

		if (!is_kept(json, index++, count, before_us))
			continue;
		leg = leg_of_json(carrier, json);
		call_leg_book_add(carrier->book, leg);
		LIST_EACH(&leg->recordings, node)
		{
			call_leg_book_add_recording(carrier->book, node->data);
		}
	}
}

static int load(struct call_journal *journal, char error[256])
{
	int64_t before_us = call_expiry_before_us(journal->carrier);
	auto_json json_t *calls = json_object();
	int err = read_file(journal->safe, journal->path, calls);

	if (err) {
		snprintf(
			error, 256,
			"MASTER_KEY: the journal of calls in DATA_DIR is sealed under another one");
		return -EACCES;
	}
	add_to_book(journal->carrier, calls, before_us);
	err = compact(journal, calls, before_us);
	if (err)
		snprintf(error, 256, "DATA_DIR: the journal of calls: %s", strerror(-err));
	return err;
}

int call_journal_open(struct call_journal **ret_journal, struct carrier *carrier, char error[256])
{
	struct call_journal *journal = mem_new(sizeof(*journal), journal_destroy);
	int err;

	journal->carrier = carrier;
	journal->fd = -1;
	journal->path = mem_printf("%s/carrier/calls.jsonl", carrier->settings->data_dir);
	journal->strand = strand_new(carrier->pool);
	journal->timer = timer_new(carrier->loop, write_next, journal);
	err = safe_open(&journal->safe, carrier->settings, "carrier", error);
	if (!err)
		err = safe_open(&journal->strand_safe, carrier->settings, "carrier", error);
	if (!err)
		err = load(journal, error);
	if (err)
		mem_unref(journal);
	else
		*ret_journal = journal;
	return err;
}

/* ---- after a crash ---- */

static bool settle(struct call_leg *leg, void *arg)
{
	call_leg_lost(leg);
	return true;
}

void call_journal_settle(struct carrier *carrier)
{
	call_leg_book_each(carrier->book, 0, settle, NULL);
}
