#include "platform/number_webhook.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/str.h"
#include "platform/platform_priv.h"
#include "platform/session.h"
#include "platform/store/phone_number.h"
#include "provider/twilio_number.h"

#include <errno.h>

enum { ATTEMPTS = 6, FIRST_RETRY_MS = 1000 };

/* load -> find its SID, where it is not known -> update -> save */
struct pointing {
	struct task task;
	struct db_request *db;
	char *number;
	char sid[TWILIO_SID_SIZE];
	char *reason;
	int err; /* what the job ends with */
};

static void release(void *data)
{
	struct pointing *pointing = data;

	mem_unref(pointing->db);
	mem_free(pointing->number);
	mem_free(pointing->reason);
}

void number_webhook_want(struct batch *batch, const char *tenant_id, const char *number,
			 const struct principal *by, int64_t at)
{
	auto_json json_t *payload = json_object();
	struct job_params params = {
		.tenant_id = tenant_id, .kind = JOB_NUMBER, .payload = payload, .by = by};

	json_set_str(payload, "number", number);
	store_number_webhooks(batch, tenant_id, number, "pending", NULL, NULL, at);
	job_add(batch, &params);
}

static void saved(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct pointing *pointing = arg;

	if (!pointing->err)
		pointing->err = err;
	job_done(pointing->task.job, pointing->err, pointing->reason);
	task_end(&pointing->task);
}

static void save(struct pointing *pointing, const char *state)
{
	struct batch batch auto_batch = {0};

	store_number_webhooks(&batch, pointing->task.tenant_id, pointing->number, state,
			      pointing->reason, *pointing->sid ? pointing->sid : NULL,
			      clock_wall_us());
	pointing->db = mem_unref(pointing->db);
	batch_run(&batch, &pointing->db, pointing->task.platform->api.db, saved, pointing);
}

/* What may pass is tried again; the rest, and the last try, is kept with the number. */
static void fail(struct pointing *pointing, int err, const char *reason)
{
	struct job *job = pointing->task.job;
	bool last = !provider_error_may_pass(err) || job->attempt >= job->max_attempts;

	mem_replace_str(&pointing->reason, reason);
	pointing->err = last ? -ECANCELED : err;
	if (last) {
		save(pointing, "failed");
		return;
	}
	job_done(job, err, reason);
	task_end(&pointing->task);
}

static void updated(const struct provider_result *result, void *arg)
{
	if (result->err)
		fail(arg, result->err, result->reason);
	else
		save(arg, "set");
}

static void update(struct pointing *pointing)
{
	struct task *task = &pointing->task;
	auto_free char *voice =
		platform_url(task->platform, PATH_TWILIO_VOICE, task->tenant_id, "");
	auto_free char *status =
		platform_url(task->platform, PATH_TWILIO_STATUS, task->tenant_id, "inbound");

	task->request = mem_unref(task->request);
	if (twilio_number_update(&task->request, task->platform->twilio, pointing->sid, voice,
				 status, updated, pointing))
		fail(pointing, -EINVAL, "the number's SID is not one");
}

static void listed(const struct provider_result *result, const struct twilio_number *numbers,
		   size_t count, const char *next, void *arg)
{
	struct pointing *pointing = arg;

	if (result->err) {
		fail(pointing, result->err, result->reason);
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (str_equal(numbers[i].number, pointing->number))
			str_copy(pointing->sid, sizeof(pointing->sid), numbers[i].sid);
	if (*pointing->sid)
		update(pointing);
	else
		fail(pointing, -EINVAL, "the carrier's account does not have this number");
}

static void loaded(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct pointing *pointing = arg;
	struct task *task = &pointing->task;
	const char *sid = err ? NULL : db_get_text(results[0], 0, STORE_NUMBER_PROVIDER_SID);

	if (err || !db_rows(results[0])) {
		job_done(task->job, err, "the number cannot be read");
		task_end(task);
	} else if (sid && str_copy(pointing->sid, sizeof(pointing->sid), sid)) {
		update(pointing);
	} else if (twilio_number_list(&task->request, task->platform->twilio, pointing->number,
				      NULL, listed, pointing)) {
		fail(pointing, -EINVAL, "the carrier cannot be asked");
	}
}

static void run(struct job *job, void *arg)
{
	struct pointing *pointing = task_for_job(arg, sizeof(*pointing), "number", job);
	struct batch batch auto_batch = {0};

	pointing->task.releaseh = release;
	pointing->number = mem_strdup(json_get_str(job->payload, "number", ""));
	store_number_select(&batch, pointing->task.tenant_id, pointing->number);
	batch_run(&batch, &pointing->db, pointing->task.platform->api.db, loaded, pointing);
}

void number_webhook_setup(struct platform *platform)
{
	struct job_kind kind = {
		.kind = JOB_NUMBER,
		.runh = run,
		.arg = platform,
		.max_attempts = ATTEMPTS,
		.first_retry_ms = FIRST_RETRY_MS,
	};

	job_queue_handle(platform->api.jobs, &kind);
}
