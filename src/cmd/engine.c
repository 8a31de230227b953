/* voiceai engine: the embedded voice engine, until SIGTERM or SIGINT. */
#include "cmd/cmd.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/setting.h"
#include "engine/engine.h"
#include "loop/loop.h"
#include "loop/process.h"
#include "observe/lag.h"
#include "observe/otlp.h"
#include "observe/sentry.h"

#include <signal.h>
#include <stdio.h>

static const char usage[] =
	"usage: voiceai engine\n"
	"\n"
	"Serve Ultravox's API on ENGINE_PORT: conversations are recognised, answered by flows or "
	"by\n"
	"the language model at LLM_API_URL, and spoken, all on this machine. Every setting that\n"
	"matters: voiceai config --explain.\n"
	"\n"
	"SIGTERM or SIGINT end it; calls under way end with it.\n";

static void stop(int signum, void *arg)
{
	loop_stop(arg);
}

int cmd_engine(int argc, char **argv)
{
	auto_unref struct settings *settings = NULL;
	auto_unref struct loop *loop = NULL;
	auto_unref struct sentry *sentry = NULL;
	auto_unref struct signal_watch *term = NULL, *interrupt = NULL;
	struct lag *lag;
	struct otlp *otlp = NULL;
	struct log log;
	struct engine_conf conf = {.version = VOICEAI_VERSION};
	struct engine *engine = NULL;
	char error[256];

	if (cmd_help(argc, argv, usage))
		return CMD_OK;
	if (argc > 1)
		return cmd_misuse(argv[0], "no arguments are expected");
	settings = cmd_settings();
	if (!settings)
		return CMD_USAGE;
	loop = loop_new();
	sentry = sentry_new(loop, settings, "engine", VOICEAI_VERSION);
	signal_watch_new(&term, loop, SIGTERM, stop, loop);
	signal_watch_new(&interrupt, loop, SIGINT, stop, loop);
	if (engine_new(&engine, loop, settings, &conf, error) != 0) {
		fprintf(stderr, "voiceai engine: %s\n", error);
		return CMD_FAILED;
	}
	log_init(&log, "engine", NULL);
	lag = lag_new(loop);
	if (otlp_new(&otlp, loop, settings, "engine", VOICEAI_VERSION, error))
		LOG_WARN(&log, "not_traced", LOG_STR("reason", error));
	loop_run(loop);
	engine_stop(engine);
	otlp_finish(otlp, CMD_LAST_SPANS_MS);
	sentry_finish(sentry, CMD_LAST_ERRORS_MS);
	mem_unref(otlp);
	mem_unref(lag);
	mem_unref(engine);
	return CMD_OK;
}
