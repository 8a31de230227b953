/*
 * The platform server, put together: settings, database, carrier and engine clients, HTTP surface,
 * jobs and deadlines on one loop. call.h explains the folder.
 */
#pragma once

#include "loop/loop.h"

#include <stdint.h>

struct platform;
struct settings;

enum { PLATFORM_ERROR_SIZE = 400 };

/*
 * Open everything and start serving; calls left over from an earlier process are taken up again.
 * Blocks for the database's migrations. settings and version are not copied and outlive the
 * platform. ret_platform: owned by the caller, mem_unref(). Returns 0, or a negative errno with one
 * line in error.
 */
int platform_new(struct platform **ret_platform, struct loop *loop, const struct settings *settings,
		 const char *version, char error[PLATFORM_ERROR_SIZE]);
uint16_t platform_port(const struct platform *platform);

/*
 * Take no more requests or jobs, let what is under way finish, at most bound_ms, then doneh runs on
 * the loop. What is unfinished then is taken up at the next start.
 */
void platform_drain(struct platform *platform, uint32_t bound_ms, loop_h *doneh, void *arg);
