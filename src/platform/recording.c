#include "platform/recording.h"

#include "core/clock.h"
#include "platform/call_table_priv.h"
#include "platform/live.h"
#include "platform/store/recording.h"

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
