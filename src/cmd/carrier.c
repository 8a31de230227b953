/* voiceai carrier: the embedded Twilio-compatible carrier. */
#include "cmd/cmd.h"

#include "carrier/carrier.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/setting.h"
#include "loop/loop.h"
#include "loop/process.h"
#include "observe/lag.h"
#include "observe/otlp.h"
#include "observe/sentry.h"

#include <signal.h>
#include <stdio.h>

static const char usage[] =
	"usage: voiceai carrier\n"
	"\n"
	"Run the embedded carrier: Twilio's REST API on CARRIER_PORT, SIP on SIP_PORT. It dials\n"
	"numbers through SIP_TRUNK_URI, answers INVITEs by asking CARRIER_VOICE_URL for TwiML, "
	"and\n"
	"keeps recordings in DATA_DIR/carrier. `voiceai config` shows all of its settings.\n"
	"\n"
	"SIGTERM or Ctrl-C hangs up every call, delivers the callbacks that are left, and ends.\n";

struct server {
	struct loop *loop;
	struct carrier *carrier;
	bool stopping;
	bool hurried; /* asked twice */
};

static void on_stopped(void *arg)
{
	struct server *server = arg;

	loop_stop(server->loop);
}

static void on_signal(int signum, void *arg)
{
	struct server *server = arg;

	/* The second one means now. */
	server->hurried = server->stopping;
	if (server->stopping)
		loop_stop(server->loop);
	else
		carrier_stop(server->carrier, on_stopped, server);
	server->stopping = true;
}

int cmd_carrier(int argc, char **argv)
{
	auto_unref struct settings *settings = NULL;
	struct signal_watch *interrupt = NULL, *terminate = NULL;
	struct lag *lag = NULL;
	struct otlp *otlp = NULL;
	struct sentry *sentry;
	struct server server = {0};
	struct log log;
	char error[256] = "";
	int code = CMD_OK;

	if (cmd_help(argc, argv, usage))
		return CMD_OK;
	if (argc > 1)
		return cmd_misuse("carrier", "it takes no arguments");
	settings = cmd_settings();
	if (!settings)
		return CMD_USAGE;
	log_init(&log, "carrier", NULL);
	server.loop = loop_new();
	sentry = sentry_new(server.loop, settings, "carrier", VOICEAI_VERSION);
	if (carrier_new(&server.carrier, server.loop, settings, VOICEAI_VERSION, error)) {
		fprintf(stderr, "voiceai carrier: %s\n", error);
		code = CMD_FAILED;
	} else {
		(void)signal_watch_new(&interrupt, server.loop, SIGINT, on_signal, &server);
		(void)signal_watch_new(&terminate, server.loop, SIGTERM, on_signal, &server);
		LOG_INFO(&log, "carrier_started", LOG_INT("port", carrier_port(server.carrier)),
			 LOG_INT("sip_port", settings->sip_port));
		lag = lag_new(server.loop);
		if (otlp_new(&otlp, server.loop, settings, "carrier", VOICEAI_VERSION, error))
			LOG_WARN(&log, "not_traced", LOG_STR("reason", error));
		loop_run(server.loop);
		if (!server.hurried) {
			otlp_finish(otlp, CMD_LAST_SPANS_MS);
			sentry_finish(sentry, CMD_LAST_ERRORS_MS);
		}
	}
	mem_unref(otlp);
	mem_unref(lag);
	mem_unref(interrupt);
	mem_unref(terminate);
	mem_unref(server.carrier);
	mem_unref(sentry);
	mem_unref(server.loop);
	return code;
}
