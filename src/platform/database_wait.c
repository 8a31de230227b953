#include "platform/database_wait.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "db/db.h"
#include "http/http_server.h"
#include "http/tls.h"
#include "loop/timer.h"
#include "loop/work.h"
#include "observe/health.h"
#include "platform/api/error.h"
#include "platform/front.h"
#include "platform/store/store.h"

#include <errno.h>
#include <stdio.h>

enum { BACKOFF_MIN_MS = 250, BACKOFF_MAX_MS = 5000, REASON_SIZE = 256 };

struct database_wait {
	struct loop *loop;
	const struct settings *settings;
	const char *version;
	char *url;
	struct work_pool *pool; /* asking blocks */
	struct strand *strand;
	struct timer *timer;
	struct http_tls *tls;
	struct http_server *server; /* NULL until it is clear that this takes a while */
	struct health *health;
	struct log log;
	uint64_t until_ms;
	uint32_t backoff_ms;
	int64_t tries;
	int err; /* of the last try */
	char reason[REASON_SIZE];
	database_waited_h *waitedh;
	void *arg;
};

static void wait_destroy(void *data)
{
	struct database_wait *wait = data;

	mem_unref(wait->timer);
	mem_unref(wait->strand);
	mem_unref(wait->pool);
	mem_unref(wait->server);
	mem_unref(wait->health);
	mem_unref(wait->tls);
	mem_free(wait->url);
}

static const char *check_database(void *arg)
{
	return "the database cannot be reached yet";
}

static bool only_health(struct http_request *req, void *arg)
{
	const char *path = http_request_path(req);

	if (str_equal(path, "/health") || str_equal(path, "/ready"))
		return true;
	http_reply_header(req, "Retry-After", "5");
	api_fail(req, API_UNAVAILABLE, NULL, NULL);
	return false;
}

static int open_server(struct database_wait *wait, char error[PLATFORM_ERROR_SIZE])
{
	int err = front_open(&wait->server, &wait->tls, wait->loop, wait->settings, error);

	if (err)
		return err;
	http_server_gate(wait->server, only_health, NULL);
	api_error_shape(wait->server);
	wait->health = health_new(wait->server, "platform", wait->version);
	health_prove(wait->health, wait->settings->ultravox_webhook_secret);
	health_check_add(wait->health, "database", check_database, NULL);
	return 0;
}

static void give_up(struct database_wait *wait)
{
	char error[REASON_SIZE + 120];

	snprintf(error, sizeof(error),
		 "the database has not answered within %lld s (DATABASE_WAIT_SECONDS): %s",
		 (long long)wait->settings->database_wait_s, wait->reason);
	wait->waitedh(-ETIMEDOUT, error, wait->arg);
}

/* False after waitedh. */
static bool serve_meanwhile(struct database_wait *wait)
{
	char error[PLATFORM_ERROR_SIZE] = "";
	int err = wait->server ? 0 : open_server(wait, error);

	if (err)
		wait->waitedh(err, error, wait->arg);
	return !err;
}

static void again(struct database_wait *wait)
{
	uint64_t now_ms = loop_now_ms(wait->loop);
	uint64_t left_ms = wait->until_ms > now_ms ? wait->until_ms - now_ms : 0;
	uint64_t delay_ms = left_ms < wait->backoff_ms ? left_ms : wait->backoff_ms;

	LOG_WARN(&wait->log, "database_unreachable", LOG_INT("try", wait->tries),
		 LOG_INT("next_try_ms", (int64_t)delay_ms), LOG_STR("reason", wait->reason));
	if (!left_ms) {
		give_up(wait);
	} else if (serve_meanwhile(wait)) {
		timer_start(wait->timer, delay_ms);
		if (wait->backoff_ms < BACKOFF_MAX_MS)
			wait->backoff_ms *= 2;
	}
}

static void on_asked(void *arg)
{
	struct database_wait *wait = arg;

	if (wait->err == -EAGAIN)
		again(wait);
	else
		wait->waitedh(wait->err, wait->reason, wait->arg);
}

static void ask(void *arg)
{
	struct database_wait *wait = arg;

	wait->tries++;
	wait->err = db_probe(wait->url, wait->reason);
}

static void on_due(void *arg)
{
	struct database_wait *wait = arg;

	strand_post(wait->strand, ask, on_asked, wait);
}

struct database_wait *database_wait_new(struct loop *loop, const struct settings *settings,
					const char *version, database_waited_h *waitedh, void *arg)
{
	struct database_wait *wait = mem_new(sizeof(*wait), wait_destroy);

	wait->loop = loop;
	wait->settings = settings;
	wait->version = version;
	wait->url = store_url(settings);
	wait->waitedh = waitedh;
	wait->arg = arg;
	wait->backoff_ms = BACKOFF_MIN_MS;
	wait->until_ms = loop_now_ms(loop) + (uint64_t)settings->database_wait_s * 1000;
	wait->pool = work_pool_new(loop, 1);
	wait->strand = strand_new(wait->pool);
	wait->timer = timer_new(loop, on_due, wait);
	log_init(&wait->log, "platform", NULL);
	timer_start(wait->timer, 0);
	return wait;
}
