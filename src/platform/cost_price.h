/*
 * The job that asks the carrier what a call cost. Carriers know it minutes or hours after the call:
 * the job comes again, and when it has come too often the amount by rates stands.
 */
#pragma once

struct platform;
struct provider_result;
struct task;
struct ultravox_call;

/* Register the job, before the queue starts. */
void cost_price_setup(struct platform *platform);

/* The engine said how much of a session it bills; nothing happens when it did not. */
void cost_price_session(struct task *task, const struct ultravox_call *session);
