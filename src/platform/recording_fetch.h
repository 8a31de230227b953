/*
 * Recordings: an outbound call is recorded from its create request on, an inbound one is asked for
 * once it is answered. They are fetched from the carrier and put where recordings go
 * (recording_store.h), from where they are removed again. All are jobs.
 */
#pragma once

struct batch;
struct call;
struct platform;

/* Have an inbound call recorded, if calls are to be recorded at all. Once a call, however often
 * asked. */
void recording_want(struct platform *platform, const struct call *call);

/* Have the file at place removed; job_queue_wake() after the commit. */
void recording_forget(struct batch *batch, const char *tenant_id, const char *place);

/*
 * Handle JOB_RECORD, JOB_RECORDING and JOB_FORGET jobs; before the queue is started. The second's
 * payload is {"url","sid","duration_s", "channels"}.
 */
void recording_fetch_setup(struct platform *platform);
