/*
 * Calling back a visitor who asked for it: a job a lead, which places a call as anybody would
 * (call_order.h) with the agent that the tenant named for it. The job and the lead are written
 * together; when the call is there, the lead knows its id, and the call's metadata the lead's.
 */
#pragma once

struct batch;
struct lead;
struct platform;

#define JOB_LEAD_CALL "lead_call"

/* Strangers decide who is called, so a number gets one such call in so many hours. */
enum { LEAD_CALL_AGAIN_HOURS = 24 };

/* Add the job to the batch that keeps the lead. */
void lead_call_add(struct batch *batch, const struct lead *lead);

void lead_call_setup(struct platform *platform);
