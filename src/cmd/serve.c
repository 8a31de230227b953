#include "cmd/cmd.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/setting.h"
#include "loop/loop.h"
#include "loop/process.h"
#include "observe/lag.h"
#include "platform/platform.h"

#include <signal.h>
#include <stdio.h>

/* `voiceai up` gives its children 3 seconds. */
enum { DRAIN_MS = 2000 };

static const char usage[] =
	"usage: voiceai serve\n"
	"\n"
	"Run the platform: the API, the webhooks, live events and the page, on BIND_ADDRESS:PORT.\n"
	"It reaches the carrier at TWILIO_API_URL and the engine at ULTRAVOX_API_URL. SIGTERM or\n"
	"Ctrl-C finishes what is under way, for 2 seconds at most; calls go on without it, and "
	"the\n"
	"next start takes them up again.\n";

struct serve {
	struct loop *loop;
	struct platform *platform;
	struct log log;
	bool stopping;
};

static void stopped(void *arg)
{
	struct serve *serve = arg;

	loop_stop(serve->loop);
}

static void on_signal(int signum, void *arg)
{
	struct serve *serve = arg;

	if (serve->stopping) {
		loop_stop(serve->loop); /* asked twice: now */
		return;
	}
	serve->stopping = true;
	LOG_INFO(&serve->log, "stopping", LOG_INT("signal", signum));
	platform_drain(serve->platform, DRAIN_MS, stopped, serve);
}

static int run(struct serve *serve, const struct settings *settings)
{
	auto_unref struct signal_watch *term = NULL, *interrupt = NULL;
	struct lag *lag;
	char error[PLATFORM_ERROR_SIZE] = "";

	if (platform_new(&serve->platform, serve->loop, settings, VOICEAI_VERSION, error)) {
		fprintf(stderr, "voiceai serve: %s\n", error);
		return CMD_FAILED;
	}
	if (signal_watch_new(&term, serve->loop, SIGTERM, on_signal, serve) ||
	    signal_watch_new(&interrupt, serve->loop, SIGINT, on_signal, serve))
		return CMD_FAILED;
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
	int code;

	if (cmd_help(argc, argv, usage))
		return CMD_OK;
	if (argc > 1)
		return cmd_misuse("serve", "it takes no arguments");
	settings = cmd_settings();
	if (!settings)
		return CMD_USAGE;
	log_init(&serve.log, "platform", NULL);
	serve.loop = loop_new();
	code = run(&serve, settings);
	mem_unref(serve.platform);
	mem_unref(serve.loop);
	return code;
}
