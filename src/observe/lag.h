/*
 * How late the event loop runs what is due: the sign that something on it blocks, or that the
 * machine is too busy. Each server measures its own loop (METRIC_LOOP_LAG).
 */
#pragma once

struct lag;
struct loop;

/* Measure until it is dropped (mem_unref), which goes before the loop. Owned by the caller. */
struct lag *lag_new(struct loop *loop);
