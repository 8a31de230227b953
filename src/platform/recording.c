#include "platform/recording.h"

#include "core/clock.h"
#include "platform/call_table_priv.h"
#include "platform/live.h"
#include "platform/store/recording.h"

#include <errno.h>

/* Where it lies and where it came from are our business. */
static json_t *recording_data(const struct recording *recording)
{
	json_t *data = json_object();

	json_set_str(data, "status", recording->status);
	json_set_int(data, "duration_seconds", recording->duration_s);
	json_set_int(data, "size_bytes", recording->size_bytes);
	json_set_int(data, "channels", recording->channels);
	json_set_str(data, "error", recording->error);
	return data;
}

void recording_save(struct call_table *table, const struct recording *recording,
		    call_noted_h *doneh, void *arg)
{
	struct batch batch auto_batch = {0};

	store_recording_save(&batch, recording, clock_wall_us());
	call_note(table, &batch, recording->tenant_id, recording->call_id,
		  live_type_name(LIVE_CALL_RECORDING), recording_data(recording), doneh, arg);
}

struct recording_op {
	struct call_op op;
	recording_done_h *doneh;
	void *arg;
};

static void op_destroy(void *data)
{
	call_op_free(data);
}

static void on_recording(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct recording_op *get = arg;
	struct recording recording = {.tenant_id = get->op.tenant_id, .call_id = get->op.call_id};

	list_remove(&get->op.node);
	if (!err && !db_rows(results[0]))
		err = -ENOENT;
	if (!err) {
		recording.status = db_get_text(results[0], 0, 0);
		recording.provider_sid = db_get_text(results[0], 0, 1);
		recording.url = db_get_text(results[0], 0, 2);
		recording.path = db_get_text(results[0], 0, 3);
		recording.error = db_get_text(results[0], 0, 4);
		recording.duration_s = db_get_int(results[0], 0, 5);
		recording.size_bytes = db_get_int(results[0], 0, 6);
		recording.channels = db_get_int(results[0], 0, 7);
	}
	get->doneh(err, err ? NULL : &recording, get->arg);
	mem_unref(get);
}

void recording_get(struct call_table *table, const char *tenant_id, const char *call_id,
		   recording_done_h *doneh, void *arg)
{
	struct batch batch auto_batch = {0};
	struct recording_op *get = (struct recording_op *)call_op_new(
		table, sizeof(*get), op_destroy, tenant_id, call_id);

	get->doneh = doneh;
	get->arg = arg;
	store_recording_select(&batch, tenant_id, call_id);
	batch_run(&batch, &get->op.request, table->conf.db, on_recording, get);
}
