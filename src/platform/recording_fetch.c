#include "platform/recording_fetch.h"

#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "platform/platform_priv.h"
#include "platform/recording.h"
#include "platform/recording_store.h"
#include "platform/session.h"
#include "platform/store/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	/* The carrier may never have it; the store comes back some time. */
	FETCH_ATTEMPTS = 8,
	STORE_ATTEMPTS = 18,
	FIRST_RETRY_MS = 2000,
	FETCH_RUN_MS = 900000,
	FORGET_ATTEMPTS = 30,
	START_ATTEMPTS = 4,
	START_RETRY_MS = 500,
};

struct fetch {
	struct task task;
	struct db_request *db;
	void *put;  /* under way */
	char *part; /* where it is downloaded to */
	char *path; /* its place, once it is there */
	int64_t size;
	char *reason;
	int err; /* what the job ends with */
};

static void release(void *data)
{
	struct fetch *fetch = data;

	mem_unref(fetch->db);
	mem_unref(fetch->put);
	if (fetch->part)
		unlink(fetch->part);
	mem_free(fetch->path);
	mem_free(fetch->part);
	mem_free(fetch->reason);
}

static void finish(struct fetch *fetch)
{
	job_done(fetch->task.job, fetch->err, fetch->reason);
	task_end(&fetch->task);
}

static void removed_there(const struct provider_result *result, void *arg)
{
	struct fetch *fetch = arg;

	if (result->err && result->err != -ENOENT)
		LOG_WARN(&fetch->task.log, "carrier_recording_not_deleted",
			 LOG_INT("status", result->status), LOG_ERR(result->err));
	finish(fetch);
}

/* Ours is stored and known of, so what the carrier has is one copy too many. */
static int remove_there(struct fetch *fetch)
{
	struct platform *platform = fetch->task.platform;
	const struct settings *settings = platform->api.settings;
	const char *sid = json_get_str(fetch->task.job->payload, "sid", NULL);
	bool deletes =
		str_equal(settings->carrier_recordings, "delete") ||
		(str_equal(settings->carrier_recordings, "auto") && settings->embedded_carrier);

	if (!deletes)
		return -ECANCELED;
	fetch->task.request = mem_unref(fetch->task.request);
	return twilio_recording_remove(&fetch->task.request, platform->twilio, sid, removed_there,
				       fetch);
}

static void saved(int err, void *arg)
{
	struct fetch *fetch = arg;

	if (!fetch->err)
		fetch->err = err;
	if (fetch->err || !fetch->path || remove_there(fetch))
		finish(fetch);
}

static void save(struct fetch *fetch, const char *status)
{
	const json_t *payload = fetch->task.job->payload;
	struct recording recording = {
		.tenant_id = fetch->task.tenant_id,
		.call_id = fetch->task.call_id,
		.status = status,
		.provider_sid = json_get_str(payload, "sid", NULL),
		.url = json_get_str(payload, "url", NULL),
		.path = fetch->path,
		.error = fetch->reason,
		.duration_s = json_get_int(payload, "duration_s", 0),
		.size_bytes = fetch->path ? fetch->size : 0,
		.channels = json_get_int(payload, "channels", 0),
	};

	recording_save(fetch->task.platform->api.calls, &recording, saved, fetch);
}

/* Try again until the last attempt, which leaves the reason with the call. */
static void fail(struct fetch *fetch, int err, int64_t attempts, const char *reason)
{
	mem_replace_str(&fetch->reason, reason);
	fetch->err = err;
	if (err == -ECANCELED || fetch->task.job->attempt >= attempts) {
		fetch->err = -ECANCELED;
		save(fetch, "failed");
	} else {
		saved(0, fetch);
	}
}

/* Returns the file's size, or a negative errno. RIFF....WAVE is all a WAV needs to begin with. */
static int64_t check_wav(const char *path)
{
	char head[12] = "";
	struct stat info;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return -errno;
	got = read(fd, head, sizeof(head));
	if (fstat(fd, &info) || fsync(fd))
		got = -1;
	close(fd);
	if (got != sizeof(head) || memcmp(head, "RIFF", 4) != 0 || memcmp(head + 8, "WAVE", 4) != 0)
		return -EBADMSG;
	return info.st_size;
}

static void put(int err, const char *reason, const char *place, void *arg)
{
	struct fetch *fetch = arg;

	if (err) {
		fail(fetch, err, STORE_ATTEMPTS, reason);
		return;
	}
	fetch->path = mem_strdup(place);
	save(fetch, "available");
}

static void downloaded(const struct provider_result *result, void *arg)
{
	struct fetch *fetch = arg;
	struct task *task = &fetch->task;

	if (result->err) {
		/* The file may take a while to appear, so even 404 is worth another try. */
		fail(fetch, result->err == -EACCES ? -ECANCELED : result->err, FETCH_ATTEMPTS,
		     result->reason);
		return;
	}
	fetch->size = check_wav(fetch->part);
	if (fetch->size < 0)
		fail(fetch, (int)fetch->size, FETCH_ATTEMPTS,
		     "what the carrier sent is not a WAV file");
	else
		recording_put(&fetch->put, task->platform->store, task->tenant_id, task->call_id,
			      fetch->part, put, fetch);
}

static void download(struct fetch *fetch)
{
	struct platform *platform = fetch->task.platform;
	const char *url = json_get_str(fetch->task.job->payload, "url", "");

	fetch->part = mem_printf("%s/recordings/%s.wav.part", platform->api.settings->data_dir,
				 fetch->task.call_id);
	if (twilio_recording_download(&fetch->task.request, platform->twilio, url, fetch->part,
				      downloaded, fetch))
		fail(fetch, -ECANCELED, FETCH_ATTEMPTS, "the recording's URL is not the carrier's");
}

/* A run that died after it had stored the file: the carrier may not have it any more. */
static bool is_stored(const struct fetch *fetch, const struct db_result *result)
{
	const char *sid = json_get_str(fetch->task.job->payload, "sid", "");

	return db_rows(result) && str_equal(db_get_text(result, 0, 0), "available") &&
	       str_equal(db_get_text(result, 0, 1), sid);
}

static void on_known(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct fetch *fetch = arg;

	fetch->err = err;
	if (err)
		finish(fetch);
	else if (!is_stored(fetch, results[0]))
		download(fetch);
	else if (remove_there(fetch))
		finish(fetch);
}

static void fetch_run(struct job *job, void *arg)
{
	struct platform *platform = arg;
	struct fetch *fetch = task_for_job(platform, sizeof(*fetch), "recording", job);
	struct batch batch auto_batch = {0};

	fetch->task.releaseh = release;
	store_recording_select(&batch, fetch->task.tenant_id, fetch->task.call_id);
	batch_run(&batch, &fetch->db, platform->api.db, on_known, fetch);
}

/* ---- asking for the recording of an inbound call ---- */

/*
 * Only "not in progress (yet)" is worth another try. A request that may have worked is not
 * repeated, for two recordings are worse than none; and a carrier that has no such request records
 * by its own settings.
 */
static void started(const struct provider_result *result, void *arg)
{
	struct task *task = arg;
	int err = result->err;

	if (result->status == 405)
		err = 0;
	else if (err && (result->unknown || result->code != TWILIO_CODE_NOT_IN_PROGRESS))
		err = -ECANCELED;
	if (err)
		LOG_WARN(&task->log, "call_not_recorded", LOG_INT("status", result->status),
			 LOG_INT("code", result->code), LOG_ERR(err));
	job_done(task->job, err, result->reason);
	task_end(task);
}

static void start_loaded(struct task *task, int err, const char *reason)
{
	auto_free char *callback =
		platform_url(task->platform, PATH_TWILIO_RECORDING, task->tenant_id, task->call_id);

	if (!err && (call_status_is_terminal(task->call->status) || !task->call->twilio_call_sid))
		err = -ECANCELED;
	if (!err && twilio_recording_start(&task->request, task->platform->twilio,
					   task->call->twilio_call_sid, callback, started, task))
		err = -ECANCELED;
	if (!err)
		return;
	job_done(task->job, err, "the call is not live");
	task_end(task);
}

static void start_run(struct job *job, void *arg)
{
	task_load(task_for_job(arg, sizeof(struct task), "recording", job), start_loaded);
}

void recording_want(struct platform *platform, const struct call *call)
{
	auto_free char *key = mem_printf("%s:%s", JOB_RECORD, call->id);
	struct job_params params = {
		.tenant_id = call->tenant_id,
		.kind = JOB_RECORD,
		.call_id = call->id,
		.unique_key = key,
	};

	if (call->wants_recording && call->direction == CALL_INBOUND)
		job_enqueue(platform->api.jobs, &params, NULL, NULL);
}

/* ---- removing ---- */

struct forgetting {
	struct task task;
	void *op;
};

static void forgetting_release(void *data)
{
	mem_unref(((struct forgetting *)data)->op);
}

static void removed(int err, const char *reason, void *arg)
{
	struct forgetting *forgetting = arg;

	job_done(forgetting->task.job, err, err ? reason : NULL);
	task_end(&forgetting->task);
}

static void forget_run(struct job *job, void *arg)
{
	struct platform *platform = arg;
	struct forgetting *forgetting =
		task_for_job(platform, sizeof(*forgetting), "recording", job);

	forgetting->task.releaseh = forgetting_release;
	recording_remove(&forgetting->op, platform->store, json_get_str(job->payload, "place", ""),
			 removed, forgetting);
}

void recording_forget(struct batch *batch, const char *tenant_id, const char *place)
{
	auto_json json_t *payload = json_object();
	struct job_params params = {.tenant_id = tenant_id, .kind = JOB_FORGET, .payload = payload};

	json_set_str(payload, "place", place);
	job_add(batch, &params);
}

void recording_fetch_setup(struct platform *platform)
{
	struct job_kind start = {
		.kind = JOB_RECORD,
		.runh = start_run,
		.arg = platform,
		.max_attempts = START_ATTEMPTS,
		.first_retry_ms = START_RETRY_MS,
	};
	struct job_kind fetch = {
		.kind = JOB_RECORDING,
		.runh = fetch_run,
		.arg = platform,
		.max_attempts = STORE_ATTEMPTS,
		.first_retry_ms = FIRST_RETRY_MS,
		.max_run_ms = FETCH_RUN_MS,
	};
	struct job_kind forget = {
		.kind = JOB_FORGET,
		.runh = forget_run,
		.arg = platform,
		.max_attempts = FORGET_ATTEMPTS,
		.first_retry_ms = FIRST_RETRY_MS,
	};

	job_queue_handle(platform->api.jobs, &start);
	job_queue_handle(platform->api.jobs, &fetch);
	job_queue_handle(platform->api.jobs, &forget);
}
