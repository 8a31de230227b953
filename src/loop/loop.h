/*
 * The event loop of one thread (libuv). Handlers run on the loop, one at a time, and must not
 * block; blocking work goes to a strand (work.h).
 */
#pragma once

#include <stdint.h>

struct loop;

typedef void loop_h(void *arg);

/* A loop on the real clock; owned by the caller, mem_unref() to drop it after loop_run(). */
struct loop *loop_new(void);

/* A loop whose clock only moves by loop_advance_ms(). For tests. */
struct loop *loop_new_fake(void);

/* Run until loop_stop(). */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop); /* from the loop's own thread */

/*
 * Run what is ready, then return; wait at most wait_ms for something to become ready. For tests
 * and for shutting down step by step.
 */
void loop_run_once(struct loop *loop, uint32_t wait_ms);

/* Run fn(arg) on the loop, soon, after the current handler has returned. Any thread. */
void loop_post(struct loop *loop, loop_h *fn, void *arg);

/* Milliseconds on the loop's clock; never backwards. */
uint64_t loop_now_ms(const struct loop *loop);

/* Fake loops only: let time pass, timer by timer, running what falls due and what was posted. */
void loop_advance_ms(struct loop *loop, uint64_t ms);

/* The uv_loop_t, for the libraries in http/ that share it. */
void *loop_uv(struct loop *loop);
