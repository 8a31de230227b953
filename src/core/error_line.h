/*
 * Log lines of the level ERROR wait here, in a bounded queue, until observe/sentry.h reports them.
 * Nothing here blocks or fails; until it is started every line is passed over. Any thread.
 */
#pragma once

#include <stddef.h>

void error_line_start(void);
void error_line_stop(void); /* and forget what is queued */

/* text as it was written; copied. When the queue is full the line is dropped, and counted. */
void error_line_add(const char *text);

/* ---- for observe/ ---- */

/* The oldest line, owned by the caller (mem_free); NULL when there is none. */
char *error_line_pop(void);
size_t error_line_queued(void);
/* How many were dropped since the last time that was asked. */
size_t error_line_dropped(void);
