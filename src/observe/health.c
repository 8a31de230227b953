#include "observe/health.h"

#include "core/clock.h"
#include "core/json.h"
#include "core/mem.h"
#include "http/http_server.h"

struct check {
	const char *name;
	health_check_h *checkh;
	void *arg;
};

struct health {
	const char *service;
	const char *version;
	int64_t started_us;
	struct check *checks;
	size_t count;
};

static void health_destroy(void *data)
{
	struct health *health = data;

	mem_free(health->checks);
}

static void on_health(struct http_request *req, void *arg)
{
	struct health *health = arg;
	auto_json json_t *body = json_object();

	json_set_str(body, "status", "ok");
	json_set_str(body, "service", health->service);
	json_set_str(body, "version", health->version);
	json_set_int(body, "uptime_seconds", (clock_mono_us() - health->started_us) / 1000000);
	http_reply_json(req, 200, body);
}

static void on_ready(struct http_request *req, void *arg)
{
	struct health *health = arg;
	auto_json json_t *body = json_object();
	json_t *checks = json_object();
	bool ready = true;

	for (size_t i = 0; i < health->count; i++) {
		const char *reason = health->checks[i].checkh(health->checks[i].arg);

		json_set_str(checks, health->checks[i].name, reason ? reason : "ok");
		ready = ready && !reason;
	}
	json_set_str(body, "status", ready ? "ok" : "unavailable");
	json_object_set_new(body, "checks", checks);
	http_reply_json(req, ready ? 200 : 503, body);
}

struct health *health_new(struct http_server *server, const char *service, const char *version)
{
	struct health *health = mem_new(sizeof(*health), health_destroy);

	health->service = service;
	health->version = version;
	health->started_us = clock_mono_us();
	http_server_route(server, "GET", "/health", on_health, health);
	http_server_route(server, "GET", "/ready", on_ready, health);
	return health;
}

void health_check_add(struct health *health, const char *name, health_check_h *checkh, void *arg)
{
	health->checks = mem_realloc(health->checks, (health->count + 1) * sizeof(*health->checks));
	health->checks[health->count++] = (struct check){name, checkh, arg};
}
