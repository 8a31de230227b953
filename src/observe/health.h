/*
 * Health of one server of ours.
 *
 *	GET /health	200 while the process answers at all:
 *			{"status":"ok","service":..,"version":..,"uptime_seconds":..}
 *	GET /health?nonce=32 HEX DIGITS
 *			and "proof", see health_prove()
 *	GET /ready	503 when a check fails, else 200:
 *			{"status":"ok"|"degraded"|"unavailable","checks":{name:"ok"|reason}}
 */
#pragma once

struct health;
struct http_server;

/*
 * Whether a part works. Return NULL when it does, else why not: a static sentence without secrets,
 * for anybody may read it. Must not block; a slow question is asked elsewhere and remembered.
 */
typedef const char *health_check_h(void *arg);

enum { HEALTH_NONCE_SIZE = 33, HEALTH_PROOF_SIZE = 65 };

/*
 * Serve both on server, which must go first. service and version are static strings. Owned by the
 * caller.
 */
struct health *health_new(struct http_server *server, const char *service, const char *version);

/*
 * From now on prove, to those who ask with a nonce, that this server has the key (not copied): that
 * an URL leads to us, and not to another of our kind. The proof is good for nothing else.
 */
void health_prove(struct health *health, const char *key);

/* What the proof for a nonce is. */
void health_proof(char proof[HEALTH_PROOF_SIZE], const char *key, const char *nonce);

/* name is static, and a member of "checks". */
void health_check_add(struct health *health, const char *name, health_check_h *checkh, void *arg);

/* The same for a part that the service does without: when it fails, the service is "degraded". */
void health_check_add_soft(struct health *health, const char *name, health_check_h *checkh,
			   void *arg);
