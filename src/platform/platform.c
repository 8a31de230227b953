#include "platform/platform.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "db/db.h"
#include "http/http_client.h"
#include "http/http_server.h"
#include "http/tls.h"
#include "http/url_guard.h"
#include "loop/timer.h"
#include "loop/work.h"
#include "observe/health.h"
#include "observe/otlp.h"
#include "platform/agent_book.h"
#include "platform/analysis.h"
#include "platform/api/access.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/call_limit_book.h"
#include "platform/call_retry.h"
#include "platform/call_slot.h"
#include "platform/auth.h"
#include "platform/carrier_status.h"
#include "platform/cost_book.h"
#include "platform/cost_price.h"
#include "platform/erasure.h"
#include "platform/front.h"
#include "platform/first_owner.h"
#include "platform/gauge.h"
#include "platform/lead_call.h"
#include "platform/listen.h"
#include "platform/live.h"
#include "platform/number_book.h"
#include "platform/number_webhook.h"
#include "platform/outbound.h"
#include "platform/overload.h"
#include "platform/partition.h"
#include "platform/platform_priv.h"
#include "platform/reconcile.h"
#include "platform/recording_fetch.h"
#include "platform/recording_gone.h"
#include "platform/recording_store.h"
#include "platform/reseal.h"
#include "platform/resume.h"
#include "platform/talk.h"
#include "platform/retention.h"
#include "platform/secret_check.h"
#include "platform/rollup.h"
#include "platform/store/store.h"
#include "platform/vault.h"
#include "platform/webhook_sender.h"
#include "state/state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
	DRAIN_CHECK_MS = 20,
	/* The engine closes its side of the call a moment after the carrier reports the end. */
	RECONCILE_DELAY_MS = 300,
	/* Before that no carrier knows the price. */
	COST_DELAY_MS = 5000,
	VENDOR_TIMEOUT_MS = 10000,
	WORKERS = 2,
	PING_MS = 2000,
};

/* The last is for vendors only: what is ours has no price to be asked for. */
static const struct call_followup followups[] = {{JOB_RECONCILE, RECONCILE_DELAY_MS},
						 {JOB_COST, COST_DELAY_MS}};

/*
 * Order matters: tasks wait for everything below them, the table and the queue use the database,
 * and the sockets of data connections belong to the server.
 */
static void platform_destroy(void *data)
{
	struct platform *platform = data;
	void *item;

	mem_unref(platform->otlp);
	mem_unref(platform->drain_timer);
	mem_unref(platform->retention_timer);
	mem_unref(platform->ping_timer);
	mem_unref(platform->ping);
	mem_unref(platform->gauge);
	while ((item = list_pop(&platform->tasks)))
		mem_unref(item);
	while ((item = list_pop(&platform->data_sockets)))
		mem_unref(item);
	api_talk_drop(platform);
	mem_unref(platform->listen);
	resume_stop(platform);
	mem_unref(platform->rollup);
	mem_unref(platform->partition);
	mem_unref(platform->recording_gone);
	mem_unref(platform->server);
	mem_unref(platform->api.guard);
	mem_unref(platform->rate_limit);
	ip_list_free(&platform->admin_ips);
	mem_unref(platform->api.auth);
	mem_unref(platform->tls);
	mem_unref(platform->health);
	mem_unref(platform->api.live);
	mem_unref(platform->costs);
	mem_unref(platform->api.calls);
	mem_unref(platform->api.webhooks);
	mem_unref(platform->api.jobs);
	mem_unref(platform->api.slots);
	mem_unref(platform->api.overload);
	mem_unref(platform->api.state);
	mem_unref(platform->twilio);
	mem_unref(platform->ultravox);
	mem_unref(platform->openai);
	mem_unref(platform->store);
	mem_unref(platform->client);
	mem_unref(platform->api.url_guard);
	mem_unref(platform->book);
	mem_unref(platform->numbers);
	mem_unref(platform->limits);
	mem_unref(platform->vault);
	mem_unref(platform->api.db);
	mem_unref(platform->strand);
	mem_unref(platform->passwords);
	mem_unref(platform->files);
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

static int open_guard(struct platform *platform, char error[PLATFORM_ERROR_SIZE])
{
	char bad[URL_GUARD_BAD_SIZE] = "";
	int err = url_guard_new(&platform->api.url_guard, platform->api.settings->url_allow_private,
				bad);

	if (err)
		snprintf(error, PLATFORM_ERROR_SIZE,
			 "URL_ALLOW_PRIVATE: \"%s\" is no address, network or host:port", bad);
	return err;
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
	http_client_guard(platform->client, platform->api.url_guard);
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
	auto_free char *url = store_url(settings);
	struct db_conf conf = {.url = url,
			       .pool_size = (size_t)settings->database_pool_size,
			       .read_url = settings->database_read_url,
			       .max_lag_s = settings->database_max_lag_s,
			       .prelude = store_prelude(settings)};
	int err;

	if (mkdir(settings->data_dir, 0700) && errno != EEXIST)
		return complain(error, -errno, settings->data_dir);
	if (settings->migrate_at_start) {
		err = store_open(&platform->api.db, platform->api.loop, &conf, error);
	} else {
		err = store_connect(&platform->api.db, platform->api.loop, &conf, error);
		if (!err)
			err = store_check_schema(platform->api.db, error);
	}
	if (!err)
		err = vault_attach(&platform->vault, platform->api.loop, platform->api.db, settings,
				   error);
	/* Alone on one machine it signs links at most. */
	if (!err && !settings->single_user)
		err = secret_check(platform->api.loop, platform->api.db, "AUTH_SECRET",
				   settings->auth_secret, error);
	return err;
}

static int open_state(struct platform *platform, char error[PLATFORM_ERROR_SIZE])
{
	const struct settings *settings = platform->api.settings;
	struct state_conf conf = {.url = settings->redis_url, .prefix = settings->redis_prefix};
	char reason[STATE_ERROR_SIZE];
	int err = state_open(&platform->api.state, platform->api.loop, &conf, reason);

	if (err)
		snprintf(error, PLATFORM_ERROR_SIZE, "REDIS_URL: %s", reason);
	return err;
}

static struct webhook_sender *make_sender(const struct api *api, struct http_client *client)
{
	const struct settings *settings = api->settings;
	struct webhook_sender_conf conf = {
		.loop = api->loop,
		.db = api->db,
		.client = client,
		.live = api->live,
		.timeout_ms = (uint32_t)settings->webhook_timeout_s * 1000,
		.keep_s = (uint32_t)settings->webhook_keep_days * 24 * 3600,
		.policy =
			{
				.first_retry_ms = (uint32_t)settings->webhook_retry_s * 1000,
				.retry_s = (uint32_t)settings->webhook_retry_hours * 3600,
				.pause_failures = (uint32_t)settings->webhook_pause_failures,
				.pause_s = (uint32_t)settings->webhook_pause_hours * 3600,
			},
	};

	return webhook_sender_new(&conf);
}

static int open_limits(struct platform *platform, char error[PLATFORM_ERROR_SIZE])
{
	auto_unref struct call_limit *defaults = NULL;
	char reason[CALL_LIMIT_REASON_SIZE] = "";
	int err = call_limit_of_settings(&defaults, platform->api.settings, reason);

	if (err) {
		snprintf(error, PLATFORM_ERROR_SIZE, "%s", reason);
		return err;
	}
	platform->limits = call_limit_book_new(platform->api.loop, platform->api.db, defaults);
	return 0;
}

static void make_tables(struct platform *platform)
{
	struct api *api = &platform->api;
	struct live_conf live = {.tenant_id = STORE_TENANT, .state = api->state};
	struct call_table_conf calls = {
		.loop = api->loop,
		.db = api->db,
		.followups = followups,
		.followup_count = ARRAY_LEN(followups) - api->settings->embedded_carrier,
		.rates = &api->rates,
		.limits = platform->limits,
		.ring_timeout_s = (uint32_t)api->settings->ring_timeout_s,
		.max_call_duration_s = (uint32_t)api->settings->max_call_duration_s,
	};

	struct call_slots_conf slots = {
		.loop = api->loop, .db = api->db, .state = api->state, .limits = platform->limits};
	struct overload_conf overload = {
		.loop = api->loop,
		.db = api->db,
		.db_pending = (uint32_t)api->settings->overload_db_pending,
		.lag_ms = (uint32_t)api->settings->overload_lag_ms,
		.memory_percent = (uint32_t)api->settings->overload_memory_percent,
		.calls = (uint32_t)api->settings->overload_calls,
	};

	api->slots = call_slots_new(&slots);
	api->overload = overload_new(&overload);
	api->live = live_new(api->loop, api->db, &live);
	api->jobs = job_queue_new(api->loop, api->db);
	api->webhooks = make_sender(api, platform->client);
	calls.live = api->live;
	calls.slots = api->slots;
	calls.webhooks = api->webhooks;
	calls.jobs = api->jobs;
	api->calls = call_table_new(&calls);
	platform->costs = cost_book_new(api->db, &api->rates);
	platform->book = agent_book_new(api->loop, api->db, platform->agents);
	platform->numbers = number_book_new(api->loop, api->db, api->settings->twilio_phone_number);
	platform->pool = work_pool_new(api->loop, WORKERS);
	platform->strand = strand_new(platform->pool);
	platform->passwords = strand_new(platform->pool);
	platform->files = strand_new(platform->pool);
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

static const char *check_drain(void *arg)
{
	return ((struct platform *)arg)->draining ? "stopping" : NULL;
}

static const char *check_live(void *arg)
{
	return live_is_ready(((struct platform *)arg)->api.live) ? NULL : "starting";
}

static const char *check_state(void *arg)
{
	return state_trouble(((struct platform *)arg)->api.state);
}

static void make_guard(struct platform *platform)
{
	const struct settings *settings = platform->api.settings;
	struct auth_conf auth = {
		.loop = platform->api.loop,
		.db = platform->api.db,
		.state = platform->api.state,
		.secret = settings->auth_secret,
	};
	struct guard_conf conf = {
		.overload = platform->api.overload,
		.loop = platform->api.loop,
		.single_user = settings->single_user,
		.this_machine = str_equal(settings->auth, "auto"),
		.rate_limit = platform->rate_limit,
		.admin_ips = &platform->admin_ips,
	};

	platform->api.auth = conf.auth = auth_new(&auth);
	platform->api.guard = guard_new(&conf);
	if (conf.single_user)
		LOG_WARN(&platform->log, "single_user_mode",
			 LOG_STR("why",
				 "BIND_ADDRESS is loopback and AUTH is not on: whoever reaches "
				 "this address is the owner, without signing in"));
}

static int open_server(struct platform *platform, const char *version,
		       char error[PLATFORM_ERROR_SIZE])
{
	int err = front_open(&platform->server, &platform->tls, platform->api.loop,
			     platform->api.settings, error);

	if (!err)
		err = front_limits(platform, error);
	if (err)
		return err;
	make_guard(platform);
	api_error_shape(platform->server);
	api_read_routes(&platform->api, platform->server);
	api_page_routes(&platform->api, platform->server);
	api_initiate_routes(platform);
	api_limits_routes(platform);
	api_agent_routes(platform);
	api_flow_routes(platform);
	api_number_routes(platform);
	api_lead_routes(platform);
	api_recording_routes(platform);
	api_link_routes(platform);
	api_control_routes(platform);
	api_note_routes(platform);
	api_speech_routes(platform);
	platform->listen = listen_hub_new(platform);
	api_listen_routes(platform);
	api_talk_routes(platform);
	api_voice_routes(platform);
	api_retention_routes(platform);
	api_erasure_routes(platform);
	api_twilio_routes(platform);
	api_ultravox_routes(platform);
	api_data_routes(platform);
	api_webhook_routes(&platform->api, platform->server);
	api_job_routes(&platform->api, platform->server);
	api_sign_in_routes(platform);
	api_invitation_routes(platform);
	api_user_routes(platform);
	api_tenant_routes(platform);
	api_key_routes(platform);
	api_live_routes(&platform->api, platform->server);
	api_metrics_routes(&platform->api, platform->server);
	platform->health = health_new(platform->server, "platform", version);
	health_prove(platform->health, platform->api.settings->ultravox_webhook_secret);
	health_check_add(platform->health, "database", check_db, platform);
	health_check_add(platform->health, "drain", check_drain, platform);
	health_check_add(platform->health, "live", check_live, platform);
	health_check_add_soft(platform->health, "state", check_state, platform);
	platform->ping_timer = timer_new(platform->api.loop, ping, platform);
	timer_start(platform->ping_timer, 0);
	return 0;
}

static int setup_jobs(struct platform *platform, char error[PLATFORM_ERROR_SIZE])
{
	struct recording_store_conf store = {
		.loop = platform->api.loop,
		.client = platform->client,
		.strand = platform->files,
		.vault = platform->vault,
		.settings = platform->api.settings,
	};
	int err = recording_store_open(&platform->store, &store, error);

	if (err)
		return err;
	recording_fetch_setup(platform);
	outbound_setup(platform);
	number_webhook_setup(platform);
	call_retry_setup(platform);
	lead_call_setup(platform);
	reconcile_setup(platform);
	analysis_setup(platform);
	cost_price_setup(platform);
	reseal_setup(platform);
	retention_setup(platform);
	erasure_setup(platform);
	return 0;
}

static void start_partitions(struct platform *platform)
{
	const struct settings *settings = platform->api.settings;
	struct partition_conf conf = {
		.loop = platform->api.loop,
		.db = platform->api.db,
		.period = partition_period_parse(settings->partition_period),
		.ahead = settings->partitions_ahead,
		.retention_days = settings->retention_days,
	};

	if (!db_is_embedded(conf.db))
		platform->partition = partition_start(&conf);
}

/* Other pods are there only where they share a database. */
static void start_recording_gone(struct platform *platform)
{
	auto_free char *folder = mem_printf("%s/recordings", platform->api.settings->data_dir);
	struct recording_gone_conf conf = {
		.loop = platform->api.loop,
		.db = platform->api.db,
		.files = platform->files,
		.folder = folder,
	};

	if (!db_is_embedded(conf.db))
		platform->recording_gone = recording_gone_start(&conf);
}

int platform_new(struct platform **ret_platform, struct loop *loop, const struct settings *settings,
		 const char *version, char error[PLATFORM_ERROR_SIZE])
{
	struct platform *platform = mem_new(sizeof(*platform), platform_destroy);
	int err;

	platform->api =
		(struct api){.loop = loop, .settings = settings, .rates = cost_rates_of(settings)};
	platform->base_url = without_slash(settings->api_base_url);
	log_init(&platform->log, "platform", NULL);
	err = open_agents(platform, error);
	if (!err)
		err = open_store(platform, error);
	if (!err)
		err = open_guard(platform, error);
	if (!err)
		err = open_state(platform, error);
	if (!err)
		err = otlp_new(&platform->otlp, loop, settings, "platform", version, error);
	if (!err)
		err = open_providers(platform, error);
	if (!err)
		err = open_limits(platform, error);
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
	platform->rollup = rollup_start(loop, platform->api.db, 0);
	start_partitions(platform);
	start_recording_gone(platform);
	platform->gauge = gauge_new(loop, platform->api.db);
	webhook_sender_start(platform->api.webhooks);
	resume_start(platform);
	if (!settings->single_user)
		first_owner_start(platform);
	reseal_start(platform);
	retention_start(platform);
	*ret_platform = platform;
	return 0;
}

uint16_t platform_port(const struct platform *platform)
{
	return http_server_port(platform->server);
}

void platform_reload(struct platform *platform)
{
	if (platform->tls)
		http_tls_reload(platform->tls);
}

/* ---- stopping ---- */

static void check_drained(void *arg)
{
	struct platform *platform = arg;
	bool idle = live_readers(platform->api.live) == 0 && platform->data_sockets.len == 0 &&
		    platform->talks.len == 0 && platform->tasks.len == 0 &&
		    job_queue_running(platform->api.jobs) == 0 &&
		    webhook_sender_running(platform->api.webhooks) == 0 &&
		    db_pending(platform->api.db) == 0 && otlp_flush(platform->otlp);

	if (!idle && loop_now_ms(platform->api.loop) < platform->drain_until_ms) {
		timer_start(platform->drain_timer, DRAIN_CHECK_MS);
		return;
	}
	LOG_INFO(&platform->log, idle ? "drained" : "drain_cut_short",
		 LOG_INT("unfinished", (int64_t)platform->tasks.len));
	platform->drainedh(platform->drained_arg);
}

/* Sockets go where there is a pod that stays; what is under way may finish. */
static void close_doors(void *arg)
{
	struct platform *platform = arg;

	http_server_stop_listening(platform->server);
	live_close(platform->api.live, LIVE_CLOSE_RESTART, "this pod stops: reconnect with since");
	api_data_close(platform, LIVE_CLOSE_RESTART, "this pod stops: reconnect");
	api_talk_close(platform, LIVE_CLOSE_RESTART, "this pod stops");
	listen_hub_close(platform->listen, LIVE_CLOSE_RESTART, "this pod stops: reconnect");
	platform->drain_until_ms = loop_now_ms(platform->api.loop) + platform->drain_bound_ms;
	mem_unref(platform->drain_timer);
	platform->drain_timer = timer_new(platform->api.loop, check_drained, platform);
	timer_start(platform->drain_timer, 0);
}

void platform_drain(struct platform *platform, const struct platform_drain *drain, loop_h *doneh,
		    void *arg)
{
	platform->draining = true;
	job_queue_stop(platform->api.jobs);
	webhook_sender_stop(platform->api.webhooks);
	platform->drainedh = doneh;
	platform->drained_arg = arg;
	platform->drain_bound_ms = drain->bound_ms;
	platform->drain_timer = timer_new(platform->api.loop, close_doors, platform);
	timer_start(platform->drain_timer, drain->delay_ms);
}
