/*
 * The platform server, put together: settings, database, carrier and engine clients, HTTP surface,
 * jobs and deadlines on one loop. call.h explains the folder.
 */
#pragma once

#include "loop/loop.h"

#include <stdint.h>

struct platform;
struct settings;

enum { PLATFORM_ERROR_SIZE = 500 };

/*
 * Open everything and start serving; calls left over from an earlier process are taken up again.
 * Blocks for the database's migrations. settings and version are not copied and outlive the
 * platform. ret_platform: owned by the caller, mem_unref(). Returns 0, or a negative errno with one
 * line in error.
 */
int platform_new(struct platform **ret_platform, struct loop *loop, const struct settings *settings,
		 const char *version, char error[PLATFORM_ERROR_SIZE]);
uint16_t platform_port(const struct platform *platform);

/* Read the files again that may change while it runs: the certificate. */
void platform_reload(struct platform *platform);

/*
 * Stop in good order: /ready is 503 and no job is begun from now on; after delay_ms no request is
 * taken and sockets are told to reconnect; then what is under way may finish, at most bound_ms;
 * then doneh runs on the loop. What is unfinished goes back to other pods, or is taken up at the
 * next start.
 */
struct platform_drain {
	uint32_t delay_ms;
	uint32_t bound_ms;
};
void platform_drain(struct platform *platform, const struct platform_drain *drain, loop_h *doneh,
		    void *arg);
