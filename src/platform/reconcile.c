#include "platform/reconcile.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/str.h"
#include "platform/cost_price.h"
#include "platform/platform_priv.h"
#include "platform/session.h"
#include "platform/transcript.h"

#include <errno.h>
#include <math.h>
#include <string.h>

enum {
	ATTEMPTS = 6,
	FIRST_RETRY_MS = 1000,
	MAX_PAGES = 20,
	/* The engine needs a moment to end its call after the carrier did. */
	NOT_ENDED_WAIT_MS = 1000,
	NOT_ENDED_ATTEMPTS = 3,
};

/* What the engine has, in the order it was said. */
struct said {
	char *text;
	bool agent;
	double confidence; /* NAN when unknown */
	int64_t at;        /* 0 when unknown */
};

/* What the transcript has. */
struct turn {
	const char *text; /* borrowed from turns */
	bool agent;
	int64_t ordinal;
};

struct reconcile {
	struct task task;
	int64_t joined_us;
	char *next; /* page */
	uint32_t pages;
	struct said *said;
	size_t said_count;
	json_t *turns;
	struct turn *stored;
	size_t stored_count;
	size_t pending; /* turns being written */
	int err;
};

static void release(void *data)
{
	struct reconcile *rec = data;

	for (size_t i = 0; i < rec->said_count; i++)
		mem_free(rec->said[i].text);
	mem_free(rec->said);
	mem_free(rec->stored);
	mem_free(rec->next);
	json_decref(rec->turns);
}

/* ---- the end: the analysis follows in any case ---- */

static void analysis_queued(int err, const char *id, void *arg)
{
	struct reconcile *rec = arg;

	job_done(rec->task.job, err == -EEXIST ? 0 : err, "the analysis could not be queued");
	task_end(&rec->task);
}

static void finish(struct reconcile *rec)
{
	auto_free char *key = mem_printf("%s:%s", JOB_ANALYSE, rec->task.call_id);
	struct job_params params = {
		.tenant_id = rec->task.tenant_id,
		.kind = JOB_ANALYSE,
		.call_id = rec->task.call_id,
		.unique_key = key,
	};

	job_enqueue(rec->task.platform->api.jobs, &params, analysis_queued, rec);
}

/* Once more later; after the last attempt the transcript stays as it came live. */
static void fail(struct reconcile *rec, int err, const char *reason)
{
	if (provider_error_may_pass(err) && rec->task.job->attempt < rec->task.job->max_attempts) {
		job_done(rec->task.job, err, reason);
		task_end(&rec->task);
		return;
	}
	LOG_WARN(&rec->task.log, "transcript_not_reconciled", LOG_ERR(err));
	finish(rec);
}

/* ---- comparing ---- */

/* Letters and digits only: punctuation and case are no difference worth a new turn. */
static void squeeze(struct buf *out, const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			buf_append_char(out, (char)(*c + 32));
		else if ((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c >= 0x80)
			buf_append_char(out, (char)*c);
	}
}

static bool same_turn(const struct said *said, const struct turn *turn, bool cut_short)
{
	auto_buf struct buf a = {0}, b = {0};

	if (said->agent != turn->agent)
		return false;
	squeeze(&a, said->text);
	squeeze(&b, turn->text);
	if (!cut_short)
		return str_equal(buf_str(&a), buf_str(&b));
	return str_has_prefix(buf_str(&a), buf_str(&b)) || str_has_prefix(buf_str(&b), buf_str(&a));
}

/*
 * The stored turn that this is, from k on, or stored_count. An equal one anywhere; else the next
 * one when one of the two was cut short (by an interruption, or because the end of it never came
 * live).
 */
static size_t find_match(const struct reconcile *rec, const struct said *said, size_t k)
{
	for (size_t i = k; i < rec->stored_count; i++)
		if (same_turn(said, &rec->stored[i], false))
			return i;
	if (k < rec->stored_count && same_turn(said, &rec->stored[k], true))
		return k;
	return rec->stored_count;
}

static void written(int err, void *arg)
{
	struct reconcile *rec = arg;

	if (err && err != -E2BIG && !rec->err)
		rec->err = err;
	if (--rec->pending > 0)
		return;
	if (rec->err)
		fail(rec, -EIO, "the transcript could not be written");
	else
		finish(rec);
}

static void write_turn(struct reconcile *rec, const struct said *said, int64_t ordinal)
{
	struct transcript_turn turn = {
		.tenant_id = rec->task.tenant_id,
		.call_id = rec->task.call_id,
		.ordinal = ordinal,
		.speaker = said->agent ? "agent" : "user",
		.text = said->text,
		.confidence = said->confidence,
		.at = said->at,
	};

	rec->pending++;
	if (transcript_final(rec->task.platform->api.calls, &turn, written, rec))
		rec->pending--;
}

/*
 * Both lists are in the order of the conversation. Turns found in both are repaired where the
 * engine's text differs; what only the engine has goes between its neighbours when there is a
 * number free, which there is when its live message was lost.
 */
static void merge(struct reconcile *rec)
{
	int64_t last = -1;
	size_t k = 0;

	for (size_t i = 0; i < rec->said_count; i++) {
		struct said *said = &rec->said[i];
		size_t match = find_match(rec, said, k);

		if (match < rec->stored_count) {
			last = rec->stored[match].ordinal;
			if (!str_equal(said->text, rec->stored[match].text))
				write_turn(rec, said, last);
			k = match + 1;
		} else if (k >= rec->stored_count || last + 1 < rec->stored[k].ordinal) {
			write_turn(rec, said, ++last);
		} else {
			LOG_INFO(&rec->task.log, "turn_without_place",
				 LOG_INT("index", (int64_t)i));
		}
	}
}

static void index_turns(struct reconcile *rec)
{
	size_t count = json_array_size(rec->turns);

	rec->stored = mem_alloc((count + 1) * sizeof(*rec->stored));
	for (size_t i = 0; i < count; i++) {
		const json_t *json = json_array_get(rec->turns, i);

		rec->stored[rec->stored_count++] = (struct turn){
			.text = json_get_str(json, "text", ""),
			.agent = str_equal(json_get_str(json, "speaker", ""), "agent"),
			.ordinal = json_get_int(json, "ordinal", 0),
		};
	}
}

static void transcript_loaded(int err, json_t *turns, void *arg)
{
	struct reconcile *rec = arg;

	if (err) {
		fail(rec, -EIO, "the transcript cannot be read");
		return;
	}
	rec->turns = json_incref(turns);
	index_turns(rec);
	rec->pending = 1; /* held until all are started */
	merge(rec);
	written(0, rec);
}

/* ---- reading ---- */

static void add_said(struct reconcile *rec, const struct ultravox_message *message)
{
	struct said *said;

	if (rec->said_count >= TRANSCRIPT_MAX_TURNS || strlen(message->text) > TRANSCRIPT_MAX_TEXT)
		return;
	rec->said = mem_realloc(rec->said, (rec->said_count + 1) * sizeof(*rec->said));
	said = &rec->said[rec->said_count++];
	*said = (struct said){
		.text = mem_strdup(message->text),
		.agent = message->agent,
		.confidence = message->confidence >= 0 ? message->confidence : NAN,
	};
	if (message->start_s >= 0 && rec->joined_us)
		said->at = rec->joined_us + (int64_t)(message->start_s * 1e6);
}

static void ask_page(struct reconcile *rec);

static void page_read(const struct provider_result *result, const struct ultravox_message *messages,
		      size_t count, const char *next, void *arg)
{
	struct reconcile *rec = arg;

	if (result->err) {
		fail(rec, result->err, result->reason);
		return;
	}
	for (size_t i = 0; i < count; i++)
		add_said(rec, &messages[i]);
	mem_replace_str(&rec->next, next);
	if (rec->next && ++rec->pages < MAX_PAGES)
		ask_page(rec);
	else
		transcript_load(rec->task.platform->api.calls, rec->task.tenant_id,
				rec->task.call_id, transcript_loaded, rec);
}

static void ask_page(struct reconcile *rec)
{
	struct task *task = &rec->task;

	task->request = mem_unref(task->request);
	if (ultravox_messages(&task->request, task->platform->ultravox,
			      task->call->ultravox_call_id, rec->next, page_read, rec))
		fail(rec, -EINVAL, "the messages' URL is not the engine's");
}

static void outcome_noted(struct task *task, int err, const char *reason)
{
	ask_page((struct reconcile *)task);
}

static void session_read(const struct provider_result *result, const struct ultravox_call *session,
			 void *arg)
{
	struct reconcile *rec = arg;
	struct task *task = &rec->task;
	struct call_change change = {.event = CALL_EV_NOTED, .source = "ultravox"};
	auto_free char *outcome = NULL;

	if (result->err) {
		fail(rec, result->err, result->reason);
		return;
	}
	if (session->joined_us && !session->ended_us && task->job->attempt <= NOT_ENDED_ATTEMPTS) {
		job_retry_after(task->job, NOT_ENDED_WAIT_MS, "the session has not ended yet");
		task_end(task);
		return;
	}
	rec->joined_us = session->joined_us;
	cost_price_session(task, session);
	if (!session->outcome) {
		ask_page(rec);
		return;
	}
	outcome = json_text(session->outcome);
	change.outcome = outcome;
	task_apply(task, &change, outcome_noted);
}

static void loaded(struct task *task, int err, const char *reason)
{
	struct reconcile *rec = (struct reconcile *)task;

	if (err == -ENOENT) {
		job_done(task->job, -ECANCELED, "there is no such call");
		task_end(task);
	} else if (err) {
		fail(rec, -EIO, "the call cannot be read");
	} else if (!task->call->ultravox_call_id || !task->call->started_at) {
		job_done(task->job, 0, NULL); /* nobody spoke: nothing to analyse */
		task_end(task);
	} else if (ultravox_call_get(&task->request, task->platform->ultravox,
				     task->call->ultravox_call_id, session_read, rec)) {
		fail(rec, -EINVAL, "the session's id is not one");
	}
}

static void run(struct job *job, void *arg)
{
	struct reconcile *rec = task_for_job(arg, sizeof(*rec), "call_manager", job);

	rec->task.releaseh = release;
	task_load(&rec->task, loaded);
}

void reconcile_setup(struct platform *platform)
{
	struct job_kind kind = {
		.kind = JOB_RECONCILE,
		.runh = run,
		.arg = platform,
		.max_attempts = ATTEMPTS,
		.first_retry_ms = FIRST_RETRY_MS,
	};

	job_queue_handle(platform->api.jobs, &kind);
}
