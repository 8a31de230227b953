/*
 * A browser's call goes on as long as a pod carries its audio: that pod moves the deadline of the
 * call ahead, a few seconds at a time. When it dies the deadline passes, and whichever pod sweeps
 * next settles the call as the engine says that it ended.
 */
#pragma once

struct call;
struct platform;
struct talk_lease;

/* Owned by the caller; the deadline is moved until mem_unref(), or until the call is too long. */
struct talk_lease *talk_lease_new(struct platform *platform, const struct call *call);

/* Settle a browser's call whose deadline has passed. */
void talk_overdue(struct platform *platform, struct call *call);
