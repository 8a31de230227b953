/*
 * Recordings: an outbound call is recorded from its create request on, an inbound one is asked for
 * once it is answered. They are fetched from the carrier into DATA_DIR/recordings/CALL_ID.wav. Both
 * are jobs.
 */
#pragma once

struct call;
struct platform;

/* Have an inbound call recorded, if calls are to be recorded at all. Once a call, however often
 * asked. */
void recording_want(struct platform *platform, const struct call *call);

/*
 * Handle JOB_RECORD and JOB_RECORDING jobs; before the queue is started. The latter's payload is
 * {"url","sid","duration_s", "channels"}. Makes the folder. Returns 0 or a negative errno.
 */
int recording_fetch_setup(struct platform *platform);
