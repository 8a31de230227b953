/*
 * After the end of a call: what the engine knows better than what reached us live. Its messages
 * fill and repair the transcript (an interrupted sentence is cut where the caller stopped hearing
 * it), its call object brings the dialogue's outcome. Then the analysis is queued.
 */
#pragma once

#include <stddef.h>

struct platform;

/* Handle JOB_RECONCILE jobs; before the queue is started. */
void reconcile_setup(struct platform *platform);
