/*
 * The time before the platform: while its database is away, or starting too, ask for it again and
 * again, at most DATABASE_WAIT_SECONDS. Meanwhile GET /health is 200 and GET /ready 503, and any
 * other request is answered 503 with Retry-After, so that vendors come again.
 */
#pragma once

struct database_wait;
struct loop;
struct settings;

/* Once, on the loop: err is 0 when the database answers, else reason says why it is no use. */
typedef void database_waited_h(int err, const char *reason, void *arg);

/* settings and version outlive it. Owned by the caller, mem_unref(), also before waitedh. */
struct database_wait *database_wait_new(struct loop *loop, const struct settings *settings,
					const char *version, database_waited_h *waitedh, void *arg);
