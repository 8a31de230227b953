#include "platform/lead.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "platform/lead_call.h"
#include "platform/lead_form.h"
#include "platform/lead_settings.h"
#include "platform/live.h"
#include "platform/platform_priv.h"
#include "platform/store/call_event.h"
#include "platform/webhook.h"
#include "platform/webhook_sender.h"

#include <errno.h>

static const int64_t minute_us = 60ll * 1000000;

struct lead_keeping {
	struct platform *platform;
	struct lead_form *form;
	char id[UUID_SIZE];
	struct lead lead; /* borrows from the others */
	char tenant_id[UUID_SIZE];
	char *origin;
	char *news; /* for live readers */
	struct db_request *query;
	int64_t since;
	size_t event;
	int told;
	lead_kept_h *kepth;
	void *arg;
};

static void keeping_destroy(void *data)
{
	struct lead_keeping *keeping = data;

	mem_unref(keeping->query);
	mem_unref(keeping->form);
	mem_free(keeping->origin);
	mem_free(keeping->news);
}

bool lead_wants_call(const struct lead_form *form, const struct lead_settings *settings)
{
	return form->call_back && *settings->agent;
}

void lead_write(struct json_writer *writer, const struct lead *lead)
{
	json_write_str(writer, "lead_id", lead->id);
	json_write_str(writer, "name", lead->name);
	json_write_str(writer, "email", lead->email);
	json_write_str(writer, "phone", lead->phone);
	json_write_str(writer, "company", lead->company);
	json_write_str(writer, "message", lead->message);
	json_write_bool(writer, "consent", lead->consent);
	json_write_bool(writer, "call_back", lead->call_back);
	json_write_str(writer, "call_back_state", lead->call_back_state);
	json_write_str(writer, "call_back_detail", lead->call_back_detail);
	json_write_str(writer, "call_id", lead->call_id);
	json_write_str(writer, "origin", lead->origin);
	json_write_int(writer, "repeats", lead->repeats);
	json_write_time(writer, "created_at", lead->created_at);
	json_write_time(writer, "updated_at", lead->updated_at);
}

static void finish(struct lead_keeping *keeping, int err, bool repeated)
{
	if (!err)
		metric_add(METRIC_LEAD_TOTAL, repeated ? "repeated" : "kept", 1);
	keeping->kepth(err, repeated, keeping->arg);
}

static void on_counted(int err, struct db_result *const *results, size_t failed, void *arg)
{
	finish(arg, err, true);
}

static void count_again(struct lead_keeping *keeping)
{
	struct batch batch auto_batch = {0};

	store_lead_repeat(&batch, &keeping->lead, keeping->since);
	keeping->query = mem_unref(keeping->query);
	batch_run(&batch, &keeping->query, keeping->platform->api.db, on_counted, keeping);
}

static void on_kept(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct lead_keeping *keeping = arg;
	struct api *api = &keeping->platform->api;

	if (err == -EAGAIN) {
		count_again(keeping);
		return;
	}
	if (!err) {
		live_publish_row(api->live, keeping->tenant_id,
				 db_get_int(results[keeping->event], 0, 0),
				 keeping->lead.created_at, NULL, live_type_name(LIVE_LEAD_CREATED),
				 keeping->news);
		if (webhook_was_told(results, keeping->told))
			webhook_sender_wake(api->webhooks);
		job_queue_wake(api->jobs);
	}
	finish(keeping, err, false);
}

/* Live events are kept for as long as there are some, so they say nothing about who it was. */
static void add_live(struct lead_keeping *keeping, struct batch *batch)
{
	auto_json json_t *news = json_object();

	json_set_str(news, "lead_id", keeping->id);
	json_set_str(news, "origin", keeping->origin);
	json_set_bool(news, "call_back", keeping->lead.call_back);
	keeping->news = json_text(news);
	keeping->event = store_event_insert(batch, keeping->tenant_id, NULL,
					    live_type_name(LIVE_LEAD_CREATED),
					    keeping->lead.created_at, keeping->news);
}

/* The event has the lead's id: by that it is found when the lead goes. */
static void add_webhook(struct lead_keeping *keeping, struct batch *batch)
{
	struct buf data = {0};
	struct json_writer writer = {.out = &data};
	struct webhook_event event = {
		.tenant_id = keeping->tenant_id,
		.type = "lead.created",
		.id = keeping->id,
		.at = keeping->lead.created_at,
	};

	json_write_open(&writer, NULL, '{');
	lead_write(&writer, &keeping->lead);
	json_write_close(&writer, '}');
	event.data = batch_own(batch, buf_steal(&data));
	keeping->told = webhook_tell(batch, &event);
}

static void fill(struct lead_keeping *keeping, bool wants_call)
{
	const struct lead_form *form = keeping->form;
	int64_t now = clock_wall_us();

	keeping->lead = (struct lead){
		.tenant_id = keeping->tenant_id,
		.id = keeping->id,
		.name = form->name,
		.email = form->email,
		.phone = form->phone,
		.company = form->company,
		.message = form->message,
		.consent = form->consent,
		.call_back = form->call_back,
		.call_back_state = wants_call ? "pending" : "none",
		.origin = keeping->origin,
		.created_at = now,
		.updated_at = now,
	};
}

struct lead_keeping *lead_keep(struct platform *platform, const struct lead_keep_params *params,
			       lead_kept_h *kepth, void *arg)
{
	struct lead_keeping *keeping = mem_new(sizeof(*keeping), keeping_destroy);
	bool wants_call = lead_wants_call(params->form, params->settings);
	struct batch batch auto_batch = {0};

	keeping->platform = platform;
	keeping->form = mem_ref(params->form);
	keeping->origin = mem_strdup(params->origin);
	keeping->kepth = kepth;
	keeping->arg = arg;
	str_copy(keeping->tenant_id, sizeof(keeping->tenant_id), params->tenant_id);
	uuid_new(keeping->id);
	fill(keeping, wants_call);
	/* Nothing was sent after a moment that has not come yet. */
	keeping->since =
		params->settings->collapse_minutes
			? keeping->lead.created_at - params->settings->collapse_minutes * minute_us
			: INT64_MAX;
	store_lead_insert(&batch, &keeping->lead, keeping->since);
	add_live(keeping, &batch);
	add_webhook(keeping, &batch);
	if (wants_call)
		lead_call_add(&batch, &keeping->lead);
	batch_run(&batch, &keeping->query, platform->api.db, on_kept, keeping);
	return keeping;
}
