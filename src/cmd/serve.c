#include "cmd/cmd.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/setting.h"
#include "loop/loop.h"
#include "loop/process.h"
#include "observe/lag.h"
#include "observe/sentry.h"
#include "platform/database_wait.h"
#include "platform/platform.h"

#include <signal.h>
#include <stdio.h>

static const char usage[] =
	"usage: voiceai serve\n"
	"\n"
	"Run the platform: the API, the webhooks, live events and the page, on BIND_ADDRESS:PORT.\n"
	"It reaches the carrier at TWILIO_API_URL and the engine at ULTRAVOX_API_URL. SIGTERM or\n"
	"Ctrl-C finishes what is under way, within DRAIN_DELAY_SECONDS and DRAIN_TIMEOUT_SECONDS;\n"
	"calls go on without it, and another pod or the next start takes them up. SIGHUP reads the "
	"certificate of TLS_CERT_PATH again.\n";

struct serve {
	struct loop *loop;
	const struct settings *settings;
	struct platform *platform; /* NULL until the database is there */
	struct log log;
	bool stopping;
	bool hurried; /* asked twice */
	int wait_err;
};

static void stopped(void *arg)
{
	struct serve *serve = arg;

	loop_stop(serve->loop);
}

static void on_signal(int signum, void *arg)
{
	struct serve *serve = arg;
	struct platform_drain drain = {
		.delay_ms = (uint32_t)serve->settings->drain_delay_s * 1000,
		.bound_ms = (uint32_t)serve->settings->drain_timeout_s * 1000,
	};

	if (serve->stopping) {
		serve->hurried = true;
		loop_stop(serve->loop);
		return;
	}
	serve->stopping = true;
	LOG_INFO(&serve->log, "stopping", LOG_INT("signal", signum));
	if (serve->platform)
		platform_drain(serve->platform, &drain, stopped, serve);
	else
		loop_stop(serve->loop);
}

static void on_hangup(int signum, void *arg)
{
	struct serve *serve = arg;

	LOG_INFO(&serve->log, "reloading", LOG_INT("signal", signum));
	if (serve->platform)
		platform_reload(serve->platform);
}

static void waited(int err, const char *reason, void *arg)
{
	struct serve *serve = arg;

	serve->wait_err = err;
	if (err)
		fprintf(stderr, "voiceai serve: %s\n", reason);
	loop_stop(serve->loop);
}

/* Whether there is something to go on with: the database, and nobody who wants us to stop. */
static bool wait_for_database(struct serve *serve)
{
	struct database_wait *wait =
		database_wait_new(serve->loop, serve->settings, VOICEAI_VERSION, waited, serve);

	loop_run(serve->loop);
	mem_unref(wait);
	return !serve->wait_err && !serve->stopping;
}

static int run(struct serve *serve, const struct settings *settings)
{
	auto_unref struct signal_watch *term = NULL, *interrupt = NULL, *hangup = NULL;
	struct lag *lag;
	char error[PLATFORM_ERROR_SIZE] = "";

	if (signal_watch_new(&term, serve->loop, SIGTERM, on_signal, serve) ||
	    signal_watch_new(&interrupt, serve->loop, SIGINT, on_signal, serve) ||
	    signal_watch_new(&hangup, serve->loop, SIGHUP, on_hangup, serve))
		return CMD_FAILED;
	if (!wait_for_database(serve))
		return serve->wait_err ? CMD_FAILED : CMD_OK;
	if (platform_new(&serve->platform, serve->loop, settings, VOICEAI_VERSION, error)) {
		fprintf(stderr, "voiceai serve: %s\n", error);
		return CMD_FAILED;
	}
	if (serve->stopping)
		return CMD_OK;
	LOG_INFO(&serve->log, "listening", LOG_STR("address", settings->bind_address),
		 LOG_INT("port", platform_port(serve->platform)));
	lag = lag_new(serve->loop);
	loop_run(serve->loop);
	mem_unref(lag);
	return CMD_OK;
}

int cmd_serve(int argc, char **argv)
{
	auto_unref struct settings *settings = NULL;
	struct serve serve = {0};
	struct sentry *sentry;
	int code;

	if (cmd_help(argc, argv, usage))
		return CMD_OK;
	if (argc > 1)
		return cmd_misuse("serve", "it takes no arguments");
	settings = cmd_settings();
	if (!settings)
		return CMD_USAGE;
	mem_keep_spare();
	serve.settings = settings;
	log_init(&serve.log, "platform", NULL);
	serve.loop = loop_new();
	sentry = sentry_new(serve.loop, settings, "platform", VOICEAI_VERSION);
	code = run(&serve, settings);
	if (!serve.hurried)
		sentry_finish(sentry, CMD_LAST_ERRORS_MS);
	mem_unref(serve.platform);
	mem_unref(sentry);
	mem_unref(serve.loop);
	return code;
}
