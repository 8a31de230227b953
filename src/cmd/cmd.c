#include "cmd/cmd.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FDS = 65536 };

struct subcommand {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
};

static const struct subcommand subcommands[] = {
	{"up", cmd_up, "start every server, restart what dies, end them together"},
	{"carrier", cmd_carrier, "serve Twilio's API over SIP: the embedded carrier"},
	{"engine", cmd_engine, "serve the embedded voice engine"},
	{"callee", cmd_callee, "a phone that answers and speaks, for the demo"},
	{"call", cmd_call, "place a call and show it as it is spoken"},
	{"serve", cmd_serve, "run the platform: API, webhooks, live events, page"},
	{"config", cmd_config, "print, explain and check the settings"},
	{"doctor", cmd_doctor, "check that everything needed works, and say what to do"},
	{"health", cmd_health, "ask whether a server on this machine is well"},
	{"migrate", cmd_migrate, "bring the database's schema up to date, or show how it stands"},
	{"backup", cmd_backup, "copy the embedded database to a file while it is used"},
	{"restore", cmd_restore, "put a backup in the place of the embedded database"},
	{"keys", cmd_keys, "change the keys that stored data is sealed under"},
	{"import", cmd_import, "read what export wrote"},
	{"export", cmd_export, "write everything, or all calls, to a file"},
	{"invite", cmd_invite, "print a one-time link that makes somebody a user"},
	{"version", cmd_version, "print the version"},
};

static void usage(FILE *out)
{
	fprintf(out, "usage: voiceai COMMAND [OPTIONS]\n\nAI phone calls, self-hosted.\n\n");
	for (size_t i = 0; i < ARRAY_LEN(subcommands); i++)
		fprintf(out, "  %-9s %s\n", subcommands[i].name, subcommands[i].summary);
	fprintf(out, "\n`voiceai COMMAND --help` says more. Settings come from the environment and "
		     "./.env;\n"
		     "`voiceai config` shows them.\n");
}

/* A server that `up` started ends with it, even when it is killed, so that no port stays taken. */
static void follow_supervisor(void)
{
	const char *supervisor = getenv("VOICEAI_SUPERVISED");

	if (!supervisor)
		return;
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* It may have died before we asked. */
	if (strtol(supervisor, NULL, 10) != (long)getppid())
		exit(CMD_FAILED);
}

/*
 * Sockets are files too: as many as we may have, up to what libraries make tables for. What we
 * write is about people, so nobody else reads it.
 */
static void prepare_process(void)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < MAX_FDS) {
		limit.rlim_cur = limit.rlim_max < MAX_FDS ? limit.rlim_max : MAX_FDS;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	(void)umask(077);
}

int cmd_main(int argc, char **argv)
{
	follow_supervisor();
	prepare_process();
	if (argc < 2) {
		usage(stderr);
		return CMD_USAGE;
	}
	if (str_equal(argv[1], "--help") || str_equal(argv[1], "-h") ||
	    str_equal(argv[1], "help")) {
		usage(stdout);
		return CMD_OK;
	}
	if (str_equal(argv[1], "--version"))
		return cmd_version(1, argv + 1);
	for (size_t i = 0; i < ARRAY_LEN(subcommands); i++)
		if (str_equal(argv[1], subcommands[i].name))
			return subcommands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "voiceai: there is no command \"%s\"; see voiceai --help\n", argv[1]);
	return CMD_USAGE;
}

struct settings *cmd_settings(void)
{
	static const char *const levels[] = {"DEBUG", "INFO", "WARNING", "ERROR"};
	struct settings *settings;
	char error[256];

	if (settings_load(&settings, NULL, error)) {
		fprintf(stderr, "voiceai: %s\n", error);
		return NULL;
	}
	for (size_t i = 0; i < ARRAY_LEN(levels); i++)
		if (str_equal(settings->log_level, levels[i]))
			log_set_level((enum log_level)i);
	return settings;
}

int cmd_help(int argc, char **argv, const char *usage)
{
	for (int i = 1; i < argc; i++) {
		if (str_equal(argv[i], "--help") || str_equal(argv[i], "-h")) {
			fputs(usage, stdout);
			return 1;
		}
	}
	return 0;
}

int cmd_misuse(const char *name, const char *message)
{
	fprintf(stderr, "voiceai %s: %s; see voiceai %s --help\n", name, message, name);
	return CMD_USAGE;
}
