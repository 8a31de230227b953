#include "platform/analysis.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/str.h"
#include "core/timestamp.h"
#include "loop/work.h"
#include "platform/analyser.h"
#include "platform/cost_book.h"
#include "platform/platform_priv.h"
#include "platform/summary.h"
#include "platform/transcript.h"
#include "provider/openai_analysis.h"

#include <errno.h>
#include <string.h>

enum { ATTEMPTS = 5, FIRST_RETRY_MS = 2000, RUN_MS = 300000 };

struct analysis {
	struct task task;
	json_t *turns;
	struct openai_analysis *openai;
	struct embedded *embedded;
	char *reason; /* why there is no summary */
	int err;      /* what the job ends with */
};

/*
 * Work for the strand, which outlives neither the platform nor waits for the analysis: whichever of
 * the two goes last releases it.
 */
struct embedded {
	struct analysis *analysis; /* NULL once it has gone */
	struct call *call;
	json_t *turns;
	json_t *result;
};

static void release(void *data)
{
	struct analysis *analysis = data;

	if (analysis->embedded)
		analysis->embedded->analysis = NULL;
	mem_unref(analysis->embedded);
	mem_unref(analysis->openai);
	json_decref(analysis->turns);
	mem_free(analysis->reason);
}

static struct summary make_summary(const struct analysis *analysis, const char *status)
{
	const struct openai *openai = analysis->task.platform->openai;

	return (struct summary){
		.tenant_id = analysis->task.tenant_id,
		.call_id = analysis->task.call_id,
		.status = status,
		.analyser = openai ? "openai" : "embedded",
		.model = openai ? openai_model(openai) : NULL,
	};
}

static void saved(int err, void *arg)
{
	struct analysis *analysis = arg;

	job_done(analysis->task.job, analysis->err ? analysis->err : err, analysis->reason);
	task_end(&analysis->task);
}

static void save(struct analysis *analysis, const struct summary *summary)
{
	if (summary_save(analysis->task.platform->api.calls, summary, saved, analysis))
		saved(-ECANCELED, analysis);
}

/* The record says why there is no summary; a job that may still work is left to try again first. */
static void fail(struct analysis *analysis, bool again, uint32_t wait_ms, const char *reason)
{
	struct job *job = analysis->task.job;
	struct summary summary = make_summary(analysis, "failed");

	LOG_WARN(&analysis->task.log, "analysis_failed", LOG_INT("attempt", job->attempt),
		 LOG_STR("reason", reason));
	if (again && job->attempt < job->max_attempts) {
		if (wait_ms)
			job_retry_after(job, wait_ms, reason);
		else
			job_done(job, -EIO, reason);
		task_end(&analysis->task);
		return;
	}
	mem_replace_str(&analysis->reason, reason);
	analysis->err = -ECANCELED;
	summary.error = analysis->reason;
	save(analysis, &summary);
}

/* Nobody spoke: there is nothing to analyse, and nothing went wrong. */
static void skip(struct analysis *analysis)
{
	struct summary summary = make_summary(analysis, "failed");

	LOG_INFO(&analysis->task.log, "nothing_to_analyse");
	summary.error = "nothing was said";
	save(analysis, &summary);
}

/* ---- by OpenAI ---- */

static void note_tokens(struct task *task, int64_t tokens)
{
	struct cost_fact fact = {
		.component = COST_ANALYSIS,
		.source = COST_BY_USAGE,
		.quantity = tokens,
	};

	if (tokens)
		cost_book_note(task->platform->costs, task->tenant_id, task->call_id, &fact, NULL,
			       NULL);
}

static void openai_done(const struct openai_summary *result, const struct openai_verdict *verdict,
			void *arg)
{
	struct analysis *analysis = arg;
	struct summary summary = make_summary(analysis, "completed");

	note_tokens(&analysis->task, verdict->tokens);
	if (!result) {
		fail(analysis, verdict->again, verdict->retry_after_ms, verdict->reason);
		return;
	}
	summary.text = result->summary;
	summary.key_points = result->key_topics;
	summary.sentiment = result->sentiment;
	summary.action_items = result->action_items;
	summary.highlights = result->conversation_highlights;
	if (*result->model)
		summary.model = result->model;
	save(analysis, &summary);
}

static char *as_text(const json_t *turns)
{
	struct buf text = {0};

	for (size_t i = 0; i < json_array_size(turns); i++) {
		const json_t *turn = json_array_get(turns, i);

		buf_printf(&text, "%s: %s\n", json_get_str(turn, "speaker", "user"),
			   json_get_str(turn, "text", ""));
	}
	return buf_steal(&text);
}

static void ask_openai(struct analysis *analysis)
{
	auto_free char *text = as_text(analysis->turns);

	if (openai_analyse(&analysis->openai, analysis->task.platform->openai, text, openai_done,
			   analysis))
		fail(analysis, false, 0, "the transcript cannot be sent");
}

/* ---- by the embedded analyser ---- */

static void embedded_destroy(void *data)
{
	struct embedded *embedded = data;

	mem_unref(embedded->call);
	json_decref(embedded->turns);
	json_decref(embedded->result);
}

static struct analyser_turn *make_turns(const json_t *turns)
{
	size_t count = json_array_size(turns);
	struct analyser_turn *list = mem_alloc((count + 1) * sizeof(*list));

	for (size_t i = 0; i < count; i++) {
		const json_t *turn = json_array_get(turns, i);

		list[i].is_agent = str_equal(json_get_str(turn, "speaker", ""), "agent");
		list[i].text = json_get_str(turn, "text", "");
		timestamp_parse_iso(&list[i].at_us, json_get_str(turn, "timestamp", ""));
	}
	return list;
}

/* On a worker: pure computation over what embedded holds. */
static void embedded_run(void *arg)
{
	struct embedded *embedded = arg;
	const struct call *call = embedded->call;
	auto_free struct analyser_turn *turns = make_turns(embedded->turns);
	auto_json json_t *outcome = call->outcome ? json_loads(call->outcome, 0, NULL) : NULL;
	struct analyser_params params = {
		.turns = turns,
		.turns_len = json_array_size(embedded->turns),
		.language = call->language,
		.outcome = outcome,
		.end_reason = call->end_reason,
		.is_inbound = call->direction == CALL_INBOUND,
	};

	embedded->result = analyser_run(&params);
}

static void embedded_done(void *arg)
{
	struct embedded *embedded = arg;
	struct analysis *analysis = embedded->analysis;
	const json_t *result = embedded->result;
	struct summary summary;

	if (analysis) {
		summary = make_summary(analysis, "completed");
		summary.text = json_get_str(result, "summary", "");
		summary.key_points = json_object_get(result, "key_points");
		summary.sentiment = json_get_str(result, "sentiment", NULL);
		summary.action_items = json_object_get(result, "action_items");
		summary.highlights = json_object_get(result, "highlights");
		save(analysis, &summary);
	}
	mem_unref(embedded);
}

static void run_embedded(struct analysis *analysis)
{
	struct embedded *embedded = mem_new(sizeof(*embedded), embedded_destroy);

	embedded->analysis = analysis;
	embedded->call = mem_ref(analysis->task.call);
	embedded->turns = json_incref(analysis->turns);
	analysis->embedded = mem_ref(embedded);
	strand_post(analysis->task.platform->strand, embedded_run, embedded_done, embedded);
}

/* ---- the job ---- */

static void transcript_loaded(int err, json_t *turns, void *arg)
{
	struct analysis *analysis = arg;

	if (err) {
		fail(analysis, true, 0, "the transcript cannot be read");
		return;
	}
	analysis->turns = json_incref(turns);
	if (json_array_size(turns) == 0)
		skip(analysis);
	else if (analysis->task.platform->openai)
		ask_openai(analysis);
	else
		run_embedded(analysis);
}

static void loaded(struct task *task, int err, const char *reason)
{
	struct analysis *analysis = (struct analysis *)task;

	if (err)
		fail(analysis, err != -ENOENT, 0, "the call cannot be read");
	else
		transcript_load(task->platform->api.calls, task->tenant_id, task->call_id,
				transcript_loaded, analysis);
}

static void pending_saved(int err, void *arg)
{
	struct analysis *analysis = arg;

	task_load(&analysis->task, loaded);
}

static void run(struct job *job, void *arg)
{
	struct platform *platform = arg;
	struct analysis *analysis = task_for_job(platform, sizeof(*analysis), "analysis", job);
	struct summary summary = make_summary(analysis, "pending");

	analysis->task.releaseh = release;
	if (summary_save(platform->api.calls, &summary, pending_saved, analysis))
		fail(analysis, false, 0, "the analysis cannot be recorded");
}

void analysis_setup(struct platform *platform)
{
	struct job_kind kind = {
		.kind = JOB_ANALYSE,
		.runh = run,
		.arg = platform,
		.max_attempts = ATTEMPTS,
		.first_retry_ms = FIRST_RETRY_MS,
		.max_run_ms = RUN_MS,
	};

	job_queue_handle(platform->api.jobs, &kind);
}
