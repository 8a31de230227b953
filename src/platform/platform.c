#include "platform/platform.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "db/db.h"
#include "http/http_client.h"
#include "http/http_server.h"
#include "loop/timer.h"
#include "loop/work.h"
#include "observe/health.h"
#include "observe/prometheus.h"
#include "platform/analysis.h"
#include "platform/api/error.h"
#include "platform/carrier_status.h"
#include "platform/live.h"
#include "platform/outbound.h"
#include "platform/platform_priv.h"
#include "platform/reconcile.h"
#include "platform/recording_fetch.h"
#include "platform/resume.h"
#include "platform/store/store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
	DRAIN_CHECK_MS = 20,
	/* The engine closes its side of the call a moment after the carrier reports the end. */
	RECONCILE_DELAY_MS = 300,
	VENDOR_TIMEOUT_MS = 10000,
	WORKERS = 2,
	PING_MS = 2000,
};

static const struct call_followup followups[] = {{JOB_RECONCILE, RECONCILE_DELAY_MS}};

/*
 * Order matters: tasks wait for everything below them, the table and the queue use the database,
 * and the sockets of data connections belong to the server.
 */
static void platform_destroy(void *data)
{
	struct platform *platform = data;
	void *item;

	mem_unref(platform->drain_timer);
	mem_unref(platform->ping_timer);
	mem_unref(platform->ping);
	while ((item = list_pop(&platform->tasks)))
		mem_unref(item);
	while ((item = list_pop(&platform->data_sockets)))
		mem_unref(item);
	resume_stop(platform);
	mem_unref(platform->server);
	mem_unref(platform->health);
	mem_unref(platform->api.live);
	mem_unref(platform->api.calls);
	mem_unref(platform->api.jobs);
	mem_unref(platform->twilio);
	mem_unref(platform->ultravox);
	mem_unref(platform->openai);
	mem_unref(platform->client);
	mem_unref(platform->api.db);
	mem_unref(platform->strand);
	mem_unref(platform->pool);
	mem_unref(platform->agents);
	mem_free(platform->base_url);
}

static int complain(char error[PLATFORM_ERROR_SIZE], int err, const char *what)
{
	snprintf(error, PLATFORM_ERROR_SIZE, "%s: %s", what, strerror(-err));
	return err;
}

/* ---- parts ---- */

static char *without_slash(const char *url)
{
	size_t len = strlen(url);

	while (len > 0 && url[len - 1] == '/')
		len--;
	return mem_strndup(url, len);
}

static int open_agents(struct platform *platform, char error[PLATFORM_ERROR_SIZE])
{
	const struct settings *settings = platform->api.settings;
	int err = agent_set_load(&platform->agents, settings->agents_dir, error);

	if (err)
		return err;
	if (agent_find(platform->agents, settings->default_agent))
		return 0;
	snprintf(error, PLATFORM_ERROR_SIZE,
		 "DEFAULT_AGENT: there is no agent \"%s\"; there are: %s", settings->default_agent,
		 agent_names(platform->agents));
	return -EINVAL;
}

static int open_providers(struct platform *platform, char error[PLATFORM_ERROR_SIZE])
{
	const struct settings *settings = platform->api.settings;
	struct loop *loop = platform->api.loop;
	auto_free char *twilio_url = without_slash(settings->twilio_api_url);
	auto_free char *ultravox_url = without_slash(settings->ultravox_api_url);
	auto_free char *openai_url = without_slash(settings->openai_api_url);
	struct twilio_conf twilio = {.api_url = twilio_url,
				     .account_sid = settings->twilio_account_sid,
				     .auth_token = settings->twilio_auth_token,
				     .timeout_ms = VENDOR_TIMEOUT_MS};
	struct ultravox_conf ultravox = {.api_url = ultravox_url,
					 .api_key = settings->ultravox_api_key,
					 .timeout_ms = VENDOR_TIMEOUT_MS};
	struct openai_conf openai = {.api_url = openai_url,
				     .api_key = settings->openai_api_key,
				     .model = settings->openai_model,
				     .max_tokens_field = settings->openai_max_tokens_field};

	platform->client = http_client_new(loop);
	if (twilio_new(&platform->twilio, loop, platform->client, &twilio))
		return complain(error, -EINVAL,
				"TWILIO_API_URL, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN");
	if (ultravox_new(&platform->ultravox, loop, platform->client, &ultravox))
		return complain(error, -EINVAL, "ULTRAVOX_API_URL, ULTRAVOX_API_KEY");
	if (!settings->embedded_analyser &&
	    openai_new(&platform->openai, loop, platform->client, &openai))
		return complain(error, -EINVAL, "OPENAI_API_URL, OPENAI_MODEL");
	return 0;
}

static int open_store(struct platform *platform, char error[PLATFORM_ERROR_SIZE])
{
	const struct settings *settings = platform->api.settings;
	auto_free char *url = str_is_empty(settings->database_url)
				      ? mem_printf("sqlite:%s/voiceai.db", settings->data_dir)
				      : mem_strdup(settings->database_url);

	if (mkdir(settings->data_dir, 0700) && errno != EEXIST)
		return complain(error, -errno, settings->data_dir);
	return store_open(&platform->api.db, platform->api.loop, url, error);
}

static void make_tables(struct platform *platform)
{
	struct api *api = &platform->api;
	struct live_conf live = {.tenant_id = api->tenant_id};
	struct call_table_conf calls = {
		.loop = api->loop,
		.db = api->db,
		.followups = followups,
		.followup_count = ARRAY_LEN(followups),
		.ring_timeout_s = (uint32_t)api->settings->ring_timeout_s,
		.max_call_duration_s = (uint32_t)api->settings->max_call_duration_s,
	};

	api->live = live_new(api->loop, api->db, &live);
	api->jobs = job_queue_new(api->loop, api->db);
	calls.live = api->live;
	calls.jobs = api->jobs;
	api->calls = call_table_new(&calls);
	platform->pool = work_pool_new(api->loop, WORKERS);
	platform->strand = strand_new(platform->pool);
}

/* ---- is the database there? ---- */

static void on_ping(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct platform *platform = arg;

	platform->ping = mem_unref(platform->ping);
	platform->db_trouble = err ? "the database refuses" : NULL;
}

/* A ping that is still out when the next is due means that the database hangs. */
static void ping(void *arg)
{
	static const struct db_statement statement = {.sql = "SELECT 1",
						      .expect_rows = DB_ANY_ROWS};
	struct platform *platform = arg;

	timer_start(platform->ping_timer, PING_MS);
	if (platform->ping)
		platform->db_trouble = "the database does not answer";
	else
		db_run(&platform->ping, platform->api.db, &statement, 1, on_ping, platform);
}

static const char *check_db(void *arg)
{
	return ((struct platform *)arg)->db_trouble;
}

static int open_server(struct platform *platform, const char *version,
		       char error[PLATFORM_ERROR_SIZE])
{
	const struct settings *settings = platform->api.settings;
	struct http_server_conf conf = {
		.service = "platform",
		.bind_address = settings->bind_address,
		.port = (uint16_t)settings->port,
	};
	int err = http_server_new(&platform->server, platform->api.loop, &conf);

	if (err) {
		snprintf(error, PLATFORM_ERROR_SIZE, "BIND_ADDRESS %s, PORT %d: %s",
			 settings->bind_address, (int)settings->port, strerror(-err));
		return err;
	}
	api_error_shape(platform->server);
	api_read_routes(&platform->api, platform->server);
	api_page_routes(&platform->api, platform->server);
	api_initiate_routes(platform);
	api_control_routes(platform);
	api_twilio_routes(platform);
	api_ultravox_routes(platform);
	api_data_routes(platform);
	api_live_routes(&platform->api, platform->server);
	prometheus_route(platform->server);
	platform->health = health_new(platform->server, "platform", version);
	health_check_add(platform->health, "database", check_db, platform);
	platform->ping_timer = timer_new(platform->api.loop, ping, platform);
	timer_start(platform->ping_timer, 0);
	return 0;
}

static int setup_jobs(struct platform *platform, char error[PLATFORM_ERROR_SIZE])
{
	int err = recording_fetch_setup(platform);

	if (err)
		return complain(error, err, "DATA_DIR: recordings");
	outbound_setup(platform);
	reconcile_setup(platform);
	analysis_setup(platform);
	return 0;
}

int platform_new(struct platform **ret_platform, struct loop *loop, const struct settings *settings,
		 const char *version, char error[PLATFORM_ERROR_SIZE])
{
	struct platform *platform = mem_new(sizeof(*platform), platform_destroy);
	int err;

	platform->api = (struct api){.loop = loop, .settings = settings, .tenant_id = STORE_TENANT};
	platform->base_url = without_slash(settings->api_base_url);
	log_init(&platform->log, "platform", NULL);
	err = open_agents(platform, error);
	if (!err)
		err = open_store(platform, error);
	if (!err)
		err = open_providers(platform, error);
	if (!err) {
		make_tables(platform);
		err = setup_jobs(platform, error);
	}
	if (!err)
		err = open_server(platform, version, error);
	if (err) {
		mem_unref(platform);
		return err;
	}
	call_table_on_overdue(platform->api.calls, carrier_overdue, platform);
	call_table_start(platform->api.calls);
	job_queue_start(platform->api.jobs);
	resume_start(platform);
	*ret_platform = platform;
	return 0;
}

uint16_t platform_port(const struct platform *platform)
{
	return http_server_port(platform->server);
}

/* ---- stopping ---- */

static void check_drained(void *arg)
{
	struct platform *platform = arg;
	bool idle = platform->tasks.len == 0 && job_queue_running(platform->api.jobs) == 0 &&
		    db_pending(platform->api.db) == 0;

	if (!idle && loop_now_ms(platform->api.loop) < platform->drain_until_ms) {
		timer_start(platform->drain_timer, DRAIN_CHECK_MS);
		return;
	}
	LOG_INFO(&platform->log, idle ? "drained" : "drain_cut_short",
		 LOG_INT("unfinished", (int64_t)platform->tasks.len));
	platform->drainedh(platform->drained_arg);
}

void platform_drain(struct platform *platform, uint32_t bound_ms, loop_h *doneh, void *arg)
{
	http_server_stop_listening(platform->server);
	job_queue_stop(platform->api.jobs);
	platform->drainedh = doneh;
	platform->drained_arg = arg;
	platform->drain_until_ms = loop_now_ms(platform->api.loop) + bound_ms;
	platform->drain_timer = timer_new(platform->api.loop, check_drained, platform);
	timer_start(platform->drain_timer, 0);
}
