/*
 * A call that nobody took is made again, when its policy wants that (retry_policy.h): the end of
 * the call adds a job to its own transaction, and the job makes a new call, scheduled for when it
 * is due. The new call is one like any other: it is shown, told and can be cancelled; retry_of and
 * attempt say what it is.
 */
#pragma once

#include <stdbool.h>

struct batch;
struct call;
struct platform;

#define JOB_RETRY "retry"

/* Handle JOB_RETRY jobs; before the queue is started. */
void call_retry_setup(struct platform *platform);

/* Add the job, when the call that has just ended wants it. Returns whether it does. */
bool call_retry_add(struct batch *batch, const struct call *call);
