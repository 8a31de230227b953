/* How far a command is, on a terminal's standard error; elsewhere nothing is shown. */
#pragma once

#include <stddef.h>

/* arg: not used. Shown as a percentage; done == total ends the line. A db_progress_h. */
void progress_show(size_t done, size_t total, void *arg);
