#include "observe/health.h"

#include "core/clock.h"
#include "core/digest.h"
#include "core/encoding.h"
#include "core/json.h"
#include "core/mem.h"
#include "core/metric.h"
#include "http/form.h"
#include "http/http_server.h"

#include <stdio.h>
#include <string.h>

struct check {
	const char *name;
	health_check_h *checkh;
	void *arg;
	bool soft;
};

struct health {
	const char *service;
	const char *version;
	const char *key; /* NULL: nothing is proved */
	int64_t started_us;
	struct check *checks;
	size_t count;
};

static void health_destroy(void *data)
{
	struct health *health = data;

	mem_free(health->checks);
}

void health_proof(char proof[HEALTH_PROOF_SIZE], const char *key, const char *nonce)
{
	auto_free char *text = mem_printf("voiceai-health:%s", nonce);
	uint8_t digest[SHA256_LEN];

	digest_hmac_sha256(digest, key, strlen(key), text, strlen(text));
	hex_encode(proof, digest, sizeof(digest));
}

void health_prove(struct health *health, const char *key)
{
	health->key = key;
}

/* Only for what looks like a nonce: nobody gets anything else signed. */
static void add_proof(const struct health *health, struct http_request *req, json_t *body)
{
	const char *nonce = form_get(http_request_query(req), "nonce");
	char proof[HEALTH_PROOF_SIZE];

	if (!health->key || !nonce || strlen(nonce) != HEALTH_NONCE_SIZE - 1 ||
	    strspn(nonce, "0123456789abcdef") != HEALTH_NONCE_SIZE - 1)
		return;
	health_proof(proof, health->key, nonce);
	json_set_str(body, "proof", proof);
}

static void on_health(struct http_request *req, void *arg)
{
	struct health *health = arg;
	auto_json json_t *body = json_object();

	json_set_str(body, "status", "ok");
	json_set_str(body, "service", health->service);
	json_set_str(body, "version", health->version);
	add_proof(health, req, body);
	json_set_int(body, "uptime_seconds", (clock_mono_us() - health->started_us) / 1000000);
	http_reply_json(req, 200, body);
}

static void on_ready(struct http_request *req, void *arg)
{
	struct health *health = arg;
	auto_json json_t *body = json_object();
	json_t *checks = json_object();
	bool ready = true, degraded = false;

	for (size_t i = 0; i < health->count; i++) {
		const char *reason = health->checks[i].checkh(health->checks[i].arg);

		json_set_str(checks, health->checks[i].name, reason ? reason : "ok");
		if (reason && health->checks[i].soft)
			degraded = true;
		else if (reason)
			ready = false;
	}
	json_set_str(body, "status", !ready ? "unavailable" : degraded ? "degraded" : "ok");
	json_object_set_new(body, "checks", checks);
	http_reply_json(req, ready ? 200 : 503, body);
}

struct health *health_new(struct http_server *server, const char *service, const char *version)
{
	struct health *health = mem_new(sizeof(*health), health_destroy);
	char labels[96];

	snprintf(labels, sizeof(labels), "%s,%s", service, version);
	metric_set(METRIC_INFO, labels, 1);
	health->service = service;
	health->version = version;
	health->started_us = clock_mono_us();
	http_server_route(server, "GET", "/health", on_health, health);
	http_server_route(server, "GET", "/ready", on_ready, health);
	return health;
}

static void add(struct health *health, const struct check *check)
{
	health->checks = mem_realloc(health->checks, (health->count + 1) * sizeof(*health->checks));
	health->checks[health->count++] = *check;
}

void health_check_add(struct health *health, const char *name, health_check_h *checkh, void *arg)
{
	add(health, &(struct check){name, checkh, arg, false});
}

void health_check_add_soft(struct health *health, const char *name, health_check_h *checkh,
			   void *arg)
{
	add(health, &(struct check){name, checkh, arg, true});
}
