#include "carrier/call_journal.h"

#include "carrier/call_leg.h"
#include "carrier/call_leg_book.h"
#include "carrier/call_tape.h"
#include "carrier/carrier_priv.h"
#include "core/buf.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	MAX_FILE = 64 * 1024 * 1024, /* rewritten beyond */
	MAX_LINE = 64 * 1024,
	KEEP_CALLS = 5000,
};

struct call_journal {
	struct carrier *carrier;
	char *path;
	int fd;
	int64_t size;
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

static json_t *leg_to_json(const struct call_leg *leg)
{
	const struct call_leg_recording *recording = &leg->recording;
	json_t *json = json_object();

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
	json_set_int(json, "recording_events", leg->recording_events);
	set_target(json, "status_callback", &leg->status);
	set_target(json, "recording_callback", &leg->recording_target);
	if (*recording->sid)
		json_object_set_new(json, "recording",
				    json_pack("{s:s,s:s,s:I,s:I,s:I,s:I}", "sid", recording->sid,
					      "status", recording->status, "channels",
					      (json_int_t)recording->channels, "started_us",
					      (json_int_t)recording->started_us, "updated_us",
					      (json_int_t)recording->updated_us, "duration_s",
					      (json_int_t)recording->duration_s));
	return json;
}

static void get_target(struct call_leg_target *target, const json_t *json, const char *key)
{
	const json_t *value = json_object_get(json, key);
	const char *url = json_get_str(value, "url", NULL);

	if (url)
		call_leg_target_set(target, url, json_get_str(value, "method", "POST"));
}

/* Statuses are static strings. */
static const char *recording_status(const char *text)
{
	static const char *const all[] = {"in-progress", "processing", "completed", "absent",
					  "deleted"};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (str_equal(all[i], text))
			return all[i];
	return "absent";
}

static void get_recording(struct call_leg_recording *recording, const json_t *json)
{
	if (!str_copy(recording->sid, sizeof(recording->sid), json_get_str(json, "sid", "")) ||
	    !sid_is_valid(recording->sid, "RE")) {
		*recording->sid = '\0';
		return;
	}
	recording->status = recording_status(json_get_str(json, "status", ""));
	recording->channels = json_get_int(json, "channels", 1) == 2 ? 2 : 1;
	recording->started_us = json_get_int(json, "started_us", 0);
	recording->updated_us = json_get_int(json, "updated_us", 0);
	recording->duration_s = json_get_int(json, "duration_s", -1);
}

/* NULL when the line is none of ours. */
static struct call_leg *leg_of_json(struct carrier *carrier, const json_t *json)
{
	const char *sid = json_get_str(json, "sid", "");
	int64_t state = json_get_int(json, "state", -1);
	struct call_leg *leg;

	if (!sid_is_valid(sid, "CA") || state < 0 || state >= LEG_STATE_COUNT)
		return NULL;
	leg = call_leg_new(carrier, json_get_bool(json, "inbound", false),
			   json_get_str(json, "to", ""), json_get_str(json, "from", ""));
	str_copy(leg->sid, sizeof(leg->sid), sid);
	log_init(&leg->log, "carrier", leg->sid);
	leg->state = (enum call_leg_state)state;
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
	leg->recording_events = (unsigned)json_get_int(json, "recording_events", 0);
	get_target(&leg->status, json, "status_callback");
	get_target(&leg->recording_target, json, "recording_callback");
	get_recording(&leg->recording, json_object_get(json, "recording"));
	return leg;
}

/* ---- reading ---- */

/* Lines by call, the last one counting, in the order the calls were made. */
struct calls {
	json_t *by_sid;
};

static void read_line(struct calls *calls, const char *line, size_t len)
{
	char error[JSON_ERROR_SIZE];
	json_t *json;

	/* The last line may have been cut off by the end of the process. */
	if (!len || len > MAX_LINE || json_parse(&json, line, len, error))
		return;
	json_object_set_new(calls->by_sid, json_get_str(json, "sid", ""), json);
}

static void read_file(struct calls *calls, const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	while (file && (len = getline(&line, &room, file)) > 0)
		read_line(calls, line, (size_t)len);
	free(line);
	if (file)
		(void)fclose(file);
}

static void add_to_book(struct carrier *carrier, const struct calls *calls)
{
	size_t count = json_object_size(calls->by_sid), index = 0;
	const char *sid;
	json_t *json;

	json_object_foreach(calls->by_sid, sid, json)
	{
		auto_unref struct call_leg *leg = NULL;

		if (++index + KEEP_CALLS <= count)
			continue;
		leg = leg_of_json(carrier, json);
		if (leg && !leg->deleted)
			call_leg_book_add(carrier->book, leg);
	}
}

/* ---- writing ---- */

static int write_line(struct call_journal *journal, const struct call_leg *leg)
{
	auto_json json_t *json = leg_to_json(leg);
	auto_free char *text = json_text(json);
	auto_free char *line = mem_printf("%s\n", text);
	size_t len = strlen(line);

	if (write(journal->fd, line, len) != (ssize_t)len)
		return errno ? -errno : -EIO;
	journal->size += (int64_t)len;
	return 0;
}

struct rewrite {
	struct call_leg *legs[CALL_LEG_BOOK_MAX];
	size_t count;
};

static bool collect(struct call_leg *leg, void *arg)
{
	struct rewrite *rewrite = arg;

	if (rewrite->count < KEEP_CALLS || !call_leg_state_is_terminal(leg->state))
		rewrite->legs[rewrite->count++] = leg;
	return rewrite->count < CALL_LEG_BOOK_MAX;
}

/* A fresh file with one line a call, oldest first, in place of the old one. */
static int rewrite_file(struct call_journal *journal)
{
	auto_free struct rewrite *rewrite = mem_alloc(sizeof(*rewrite));
	auto_free char *part = mem_printf("%s.part", journal->path);
	int err = 0;

	call_leg_book_each(journal->carrier->book, 0, collect, rewrite);
	if (journal->fd >= 0)
		(void)close(journal->fd);
	journal->size = 0;
	journal->fd = open(part, O_CREAT | O_TRUNC | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
	if (journal->fd < 0)
		return -errno;
	while (!err && rewrite->count)
		err = write_line(journal, rewrite->legs[--rewrite->count]);
	if (!err && rename(part, journal->path))
		err = -errno;
	return err;
}

static void journal_destroy(void *data)
{
	struct call_journal *journal = data;

	if (journal->fd >= 0)
		(void)close(journal->fd);
	mem_free(journal->path);
}

int call_journal_open(struct call_journal **ret_journal, struct carrier *carrier)
{
	struct call_journal *journal = mem_new(sizeof(*journal), journal_destroy);
	struct calls calls = {.by_sid = json_object()};
	int err;

	journal->carrier = carrier;
	journal->fd = -1;
	journal->path = mem_printf("%s/carrier/calls.jsonl", carrier->settings->data_dir);
	read_file(&calls, journal->path);
	add_to_book(carrier, &calls);
	json_decref(calls.by_sid);
	err = rewrite_file(journal);
	if (err)
		mem_unref(journal);
	else
		*ret_journal = journal;
	return err;
}

void call_journal_note(struct call_journal *journal, const struct call_leg *leg)
{
	int err = write_line(journal, leg);

	if (!err && journal->size > MAX_FILE)
		err = rewrite_file(journal);
	if (err && !journal->broken)
		LOG_ERROR(&journal->carrier->log, "journal_failed", LOG_ERR(err));
	journal->broken = err != 0;
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
