/* Recordings are fetched from the carrier into DATA_DIR/recordings/CALL_ID.wav, as jobs. */
#pragma once

struct platform;

/*
 * Handle JOB_RECORDING jobs; before the queue is started. Their payload is
 * {"url","sid","duration_s", "channels"}. Makes the folder. Returns 0 or a negative errno.
 */
int recording_fetch_setup(struct platform *platform);
