/*
 * Health of one server of ours.
 *
 *	GET /health	200 while the process answers at all:
 *{"status":"ok","service":..,"version":.., "uptime_seconds":..} GET /ready	200 when every check
 *passes, else 503:
 *			{"status":"ok"|"unavailable","checks":{name:"ok"|reason}}
 */
#pragma once

struct health;
struct http_server;

/*
 * Whether a part works. Return NULL when it does, else why not: a static sentence without secrets,
 * for anybody may read it. Must not block; a slow question is asked elsewhere and remembered.
 */
typedef const char *health_check_h(void *arg);

/*
 * Serve both on server, which must go first. service and version are static strings. Owned by the
 * caller.
 */
struct health *health_new(struct http_server *server, const char *service, const char *version);

/* name is static, and a member of "checks". */
void health_check_add(struct health *health, const char *name, health_check_h *checkh, void *arg);
