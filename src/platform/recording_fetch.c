#include "platform/recording_fetch.h"

#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "platform/platform_priv.h"
#include "platform/recording.h"
#include "platform/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FETCH_ATTEMPTS = 8,
	FIRST_RETRY_MS = 2000,
	FETCH_RUN_MS = 180000,
	START_ATTEMPTS = 4,
	START_RETRY_MS = 500,
};

struct fetch {
	struct task task;
	char *path;
	char *part; /* where it is downloaded to; renamed once whole */
	char *reason;
	int err; /* what the job ends with */
};

static void release(void *data)
{
	struct fetch *fetch = data;

	if (fetch->part)
		unlink(fetch->part);
	mem_free(fetch->path);
	mem_free(fetch->part);
	mem_free(fetch->reason);
}

static void saved(int err, void *arg)
{
	struct fetch *fetch = arg;

	if (!fetch->err)
		fetch->err = err;
	job_done(fetch->task.job, fetch->err, fetch->reason);
	task_end(&fetch->task);
}

static void save(struct fetch *fetch, const char *status, int64_t size)
{
	const json_t *payload = fetch->task.job->payload;
	struct recording recording = {
		.tenant_id = fetch->task.platform->api.tenant_id,
		.call_id = fetch->task.call_id,
		.status = status,
		.provider_sid = json_get_str(payload, "sid", NULL),
		.url = json_get_str(payload, "url", NULL),
		.path = size ? fetch->path : NULL,
		.error = fetch->reason,
		.duration_s = json_get_int(payload, "duration_s", 0),
		.size_bytes = size,
		.channels = json_get_int(payload, "channels", 0),
	};

	recording_save(fetch->task.platform->api.calls, &recording, saved, fetch);
}

/* Try again until the last attempt, which leaves the reason with the call. */
static void fail(struct fetch *fetch, int err, const char *reason)
{
	mem_replace_str(&fetch->reason, reason);
	fetch->err = err;
	if (err == -ECANCELED || fetch->task.job->attempt >= fetch->task.job->max_attempts)
		save(fetch, "failed", 0);
	else
		saved(0, fetch);
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

static void downloaded(const struct provider_result *result, void *arg)
{
	struct fetch *fetch = arg;
	int64_t size;

	if (result->err) {
		/* The file may take a while to appear, so even 404 is worth another try. */
		fail(fetch, result->err == -EACCES ? -ECANCELED : result->err, result->reason);
		return;
	}
	size = check_wav(fetch->part);
	if (size < 0) {
		fail(fetch, (int)size, "what the carrier sent is not a WAV file");
		return;
	}
	if (rename(fetch->part, fetch->path)) {
		fail(fetch, -errno, strerror(errno));
		return;
	}
	save(fetch, "available", size);
}

static void fetch_run(struct job *job, void *arg)
{
	struct platform *platform = arg;
	struct fetch *fetch =
		task_new(platform, sizeof(*fetch), "recording", job->call_id, release);
	const char *url = json_get_str(job->payload, "url", "");

	fetch->task.job = job;
	fetch->path =
		mem_printf("%s/recordings/%s.wav", platform->api.settings->data_dir, job->call_id);
	fetch->part = mem_printf("%s.part", fetch->path);
	if (twilio_recording_download(&fetch->task.request, platform->twilio, url, fetch->part,
				      downloaded, fetch))
		fail(fetch, -ECANCELED, "the recording's URL is not the carrier's");
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
		platform_url(task->platform, PATH_TWILIO_RECORDING, task->call_id);

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
	struct task *task = task_new(arg, sizeof(*task), "recording", job->call_id, NULL);

	task->job = job;
	task_load(task, start_loaded);
}

void recording_want(struct platform *platform, const struct call *call)
{
	auto_free char *key = mem_printf("%s:%s", JOB_RECORD, call->id);
	struct job_params params = {
		.tenant_id = platform->api.tenant_id,
		.kind = JOB_RECORD,
		.call_id = call->id,
		.unique_key = key,
	};

	if (platform->api.settings->record_calls && call->direction == CALL_INBOUND)
		job_enqueue(platform->api.jobs, &params, NULL, NULL);
}

int recording_fetch_setup(struct platform *platform)
{
	auto_free char *dir = mem_printf("%s/recordings", platform->api.settings->data_dir);
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
		.max_attempts = FETCH_ATTEMPTS,
		.first_retry_ms = FIRST_RETRY_MS,
		.max_run_ms = FETCH_RUN_MS,
	};

	job_queue_handle(platform->api.jobs, &start);
	job_queue_handle(platform->api.jobs, &fetch);
	return mkdir(dir, 0700) && errno != EEXIST ? -errno : 0;
}
