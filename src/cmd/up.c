/*
 * voiceai up: run the servers as child processes, bring back the one that dies, end them together.
 * One crash never takes the others' calls.
 */
#include "cmd/cmd.h"

#include "core/clock.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "http/http_client.h"
#include "loop/loop.h"
#include "loop/process.h"
#include "loop/timer.h"
#include "observe/sentry.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	MAX_SERVERS = 4,
	READY_POLL_MS = 100,
	READY_DEADLINE_MS = 30000,
	STABLE_MS = 60000, /* a server that ran so long starts again without delay */
	BACKOFF_MIN_MS = 250,
	BACKOFF_MAX_MS = 15000,
	KILL_MARGIN_MS = 2500, /* beyond what the platform may take: its last errors, and some */
	SETTLED_MS = 5000,     /* a server that ran so long has started well */
	LAST_LINES_BYTES = 8192,
};

/* Without a trunk every number leads to the demo callee. */
#define DEMO_NUMBER "+15550100123"

static const char usage[] =
	"usage: voiceai up [--demo [--once]] [--logs DIR]\n"
	"\n"
	"Start the platform and those embedded servers whose vendor has no key in the settings: "
	"carrier\n"
	"(Twilio), engine (Ultravox). A server that dies is started again. Ctrl-C ends all of "
	"them.\n"
	"\n"
	"  --demo       also start the demo callee, call it, and show the conversation\n"
	"  --once       with --demo: end after that call; exit 0 only when it reached its goal\n"
	"  --logs DIR   write each server's log to DIR/NAME.log instead of stderr\n"
	"               (--demo does so by itself, into DATA_DIR/logs)\n";

struct up;

struct server {
	struct up *up;
	const char *name; /* also the subcommand */
	char url[2100];   /* "" when it has no readiness to ask for */
	struct process *process;
	struct timer *restart;
	uint64_t started_ms;
	uint64_t backoff_ms;
	bool ready;
	unsigned runs;
	off_t log_from; /* where in its log this run of it begins */
};

struct up {
	struct loop *loop;
	struct http_client *client;
	struct sentry *sentry; /* NULL when nothing is reported */
	const struct settings *settings;
	struct log log;
	struct server servers[MAX_SERVERS];
	size_t count;
	struct timer *poll;
	struct timer *kill;
	uint64_t started_ms, ready_deadline_ms;
	struct process *call; /* the demo call */
	bool demo, once;
	bool stopping;
	char logs[1100]; /* "" for stderr */
	char binary[1024];
	int exit_code;
};

static void server_start(struct server *server);
static void up_stop(struct up *up, int exit_code);

static void stop_if_all_gone(struct up *up)
{
	if (!up->stopping || up->call)
		return;
	for (size_t i = 0; i < up->count; i++)
		if (up->servers[i].process)
			return;
	loop_stop(up->loop);
}

static void on_restart(void *arg)
{
	server_start(arg);
}

/* The log file of a server; -1 when it writes to stderr, or cannot be opened. */
static int open_log(const struct up *up, const char *name, int flags)
{
	auto_free char *path = NULL;
	int fd;

	if (!*up->logs)
		return -1;
	path = mem_printf("%s/%s.log", up->logs, name);
	fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd < 0)
		fprintf(stderr, "voiceai up: %s: %s\n", path, strerror(errno));
	return fd;
}

/* Why a server gave up, from the end of its log: the last line that is no JSON. "" when none is. */
static void find_reason(char *out, size_t size, const struct server *server)
{
	static const char prefix[] = "voiceai ";
	auto_free char *text = mem_alloc(LAST_LINES_BYTES + 1);
	int fd = open_log(server->up, server->name, O_RDONLY);
	char *save = NULL;
	ssize_t len;
	off_t end;

	out[0] = '\0';
	if (fd < 0)
		return;
	end = lseek(fd, 0, SEEK_END);
	len = pread(fd, text, LAST_LINES_BYTES,
		    end - server->log_from > LAST_LINES_BYTES ? end - LAST_LINES_BYTES
							      : server->log_from);
	(void)close(fd);
	text[len > 0 ? len : 0] = '\0';
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (str_has_prefix(line, prefix))
			str_copy(out, size, line + strlen(prefix));
}

/* Settings do not get better by trying again, nor does a port that another program has. */
static bool is_hopeless(const struct server *server, int code)
{
	const uint64_t ran_ms = loop_now_ms(server->up->loop) - server->started_ms;

	if (code == CMD_USAGE)
		return true;
	/* Readiness proves nothing here: the other program on our port may be a voiceai too. */
	return code == CMD_FAILED && server->runs == 1 && (!server->ready || ran_ms < SETTLED_MS);
}

static void give_up(struct server *server)
{
	struct up *up = server->up;
	char reason[256];

	find_reason(reason, sizeof(reason), server);
	if (*reason)
		fprintf(stderr, "voiceai up: %s\n", reason);
	else
		fprintf(stderr, "voiceai up: %s could not start%s%s\n", server->name,
			*up->logs ? "; see its log in " : "", up->logs);
	if (strstr(reason, strerror(EADDRINUSE)))
		fprintf(stderr,
			"Another program has this port, perhaps another voiceai. End it, or "
			"set another port in the environment or in .env.\n");
	up_stop(up, CMD_FAILED);
}

static void tell_of_death(const struct server *server, int code, int signum)
{
	const struct up *up = server->up;

	LOG_ERROR(&up->log, "server_died", LOG_STR("server", server->name),
		  LOG_INT("exit_code", code), LOG_INT("signal", signum),
		  LOG_INT("restart_in_ms", (int64_t)server->backoff_ms));
}

static void on_server_exit(int code, int signum, void *arg)
{
	struct server *server = arg;
	struct up *up = server->up;
	bool was_stable = loop_now_ms(up->loop) - server->started_ms > STABLE_MS;

	server->process = mem_unref(server->process);
	if (up->stopping) {
		stop_if_all_gone(up);
		return;
	}
	if (is_hopeless(server, code)) {
		give_up(server);
		return;
	}
	if (was_stable)
		server->backoff_ms = BACKOFF_MIN_MS;
	tell_of_death(server, code, signum);
	timer_start(server->restart, server->backoff_ms);
	server->backoff_ms =
		server->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : server->backoff_ms * 2;
}

static void server_start(struct server *server)
{
	struct up *up = server->up;
	const char *const argv[] = {up->binary, server->name, NULL};
	int fd = open_log(up, server->name, O_CREAT | O_APPEND | O_WRONLY), err;

	server->log_from = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
	server->started_ms = loop_now_ms(up->loop);
	server->runs++;
	err = process_spawn(&server->process, up->loop, argv, fd, on_server_exit, server);
	if (fd >= 0)
		(void)close(fd);
	if (err) {
		LOG_ERROR(&up->log, "server_not_started", LOG_STR("server", server->name),
			  LOG_ERR(err));
		up_stop(up, CMD_FAILED);
	}
}

/* url: where it says whether it is ready; NULL when it does not say. */
static void server_add(struct up *up, const char *name, const char *url)
{
	struct server *server = &up->servers[up->count++];

	server->up = up;
	server->name = name;
	server->backoff_ms = BACKOFF_MIN_MS;
	server->restart = timer_new(up->loop, on_restart, server);
	if (url)
		snprintf(server->url, sizeof(server->url), "%s/ready", url);
	else
		server->ready = true;
}

static void signal_all(struct up *up, int signum)
{
	for (size_t i = 0; i < up->count; i++)
		if (up->servers[i].process)
			(void)process_kill(up->servers[i].process, signum);
	if (up->call)
		(void)process_kill(up->call, signum);
}

static int64_t kill_after_ms(const struct up *up)
{
	return (up->settings->drain_delay_s + up->settings->drain_timeout_s) * 1000 +
	       KILL_MARGIN_MS;
}

static void on_kill(void *arg)
{
	struct up *up = arg;

	LOG_WARN(&up->log, "servers_killed", LOG_INT("after_ms", kill_after_ms(up)));
	signal_all(up, SIGKILL);
}

static void up_stop(struct up *up, int exit_code)
{
	if (up->stopping)
		return;
	up->stopping = true;
	up->exit_code = exit_code;
	timer_stop(up->poll);
	for (size_t i = 0; i < up->count; i++)
		timer_stop(up->servers[i].restart);
	signal_all(up, SIGTERM);
	timer_start(up->kill, (uint64_t)kill_after_ms(up));
	stop_if_all_gone(up);
}

static void on_signal(int signum, void *arg)
{
	struct up *up = arg;

	if (up->stopping)
		signal_all(up, SIGKILL);
	else if (up->demo)
		printf("\nending everything\n");
	(void)fflush(stdout);
	/* A demo that was not waited for has not reached its goal. */
	up_stop(up, up->once ? CMD_FAILED : CMD_OK);
}

static void print_next_steps(const struct up *up)
{
	const struct settings *s = up->settings;

	printf("\nThe servers are still running. What to do next:\n"
	       "  open the page         http://127.0.0.1:%d/\n"
	       "  call the agent        a softphone to sip:%s@%s:%d\n"
	       "  place another call    %s call +15550100123\n"
	       "  use a vendor          set TWILIO_ACCOUNT_SID, ULTRAVOX_API_KEY or OPENAI_API_KEY "
	       "in .env\n"
	       "  logs                  %s/\n"
	       "Ctrl-C ends everything.\n",
	       (int)s->port, s->twilio_phone_number, s->sip_bind_address, (int)s->sip_port,
	       up->binary, up->logs);
	(void)fflush(stdout);
}

static void on_call_exit(int code, int signum, void *arg)
{
	struct up *up = arg;

	up->call = mem_unref(up->call);
	if (up->stopping)
		stop_if_all_gone(up);
	else if (up->once)
		up_stop(up, signum ? CMD_FAILED : code);
	else
		print_next_steps(up);
}

static void start_demo_call(struct up *up)
{
	const struct settings *s = up->settings;
	auto_free char *callee = mem_printf("sip:127.0.0.1:%d", (int)s->callee_sip_port);
	auto_free char *uri =
		mem_printf("sip:%s@127.0.0.1:%d", DEMO_NUMBER, (int)s->callee_sip_port);
	/* A trunk of one's own leads elsewhere: then the callee is called by its address. */
	const bool has_trunk = !str_equal(s->sip_trunk_uri, callee);
	const char *const argv[] = {up->binary, "call", has_trunk ? uri : DEMO_NUMBER, NULL};
	int err = process_spawn(&up->call, up->loop, argv, -1, on_call_exit, up);

	if (err) {
		LOG_ERROR(&up->log, "demo_call_not_started", LOG_ERR(err));
		up_stop(up, CMD_FAILED);
	}
}

static void all_ready(struct up *up)
{
	if (!up->demo) {
		fprintf(stderr, "voiceai is ready: http://127.0.0.1:%d/  (Ctrl-C ends it)\n",
			(int)up->settings->port);
		return;
	}
	printf("ready after %.1f s\n\n", (double)(loop_now_ms(up->loop) - up->started_ms) / 1000);
	(void)fflush(stdout);
	start_demo_call(up);
}

static void on_ready_answer(const struct http_result *result, void *arg)
{
	struct server *server = arg;

	if (result->status == 200)
		server->ready = true;
}

static void on_poll(void *arg)
{
	struct up *up = arg;
	bool all = true;

	for (size_t i = 0; i < up->count; i++) {
		struct server *server = &up->servers[i];
		struct http_client_params params = {
			.method = "GET", .url = server->url, .timeout_ms = READY_POLL_MS * 10};

		if (server->ready)
			continue;
		all = false;
		(void)http_client_request(NULL, up->client, &params, NULL, on_ready_answer, server);
	}
	if (all) {
		all_ready(up);
	} else if (loop_now_ms(up->loop) > up->ready_deadline_ms) {
		fprintf(stderr, "voiceai up: not ready after %lld s%s%s\n",
			(long long)(up->ready_deadline_ms - up->started_ms) / 1000,
			*up->logs ? "; see the logs in " : "", up->logs);
		up_stop(up, CMD_FAILED);
	} else {
		timer_start(up->poll, READY_POLL_MS);
	}
}

static int parse_options(struct up *up, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (str_equal(argv[i], "--demo"))
			up->demo = true;
		else if (str_equal(argv[i], "--once"))
			up->once = true;
		else if (str_equal(argv[i], "--logs") && i + 1 < argc)
			str_copy(up->logs, sizeof(up->logs), argv[++i]);
		else
			return cmd_misuse("up", "unknown option or missing value");
	}
	if (up->once && !up->demo)
		return cmd_misuse("up", "--once goes with --demo");
	if (up->demo && !up->settings->embedded_carrier)
		return cmd_misuse("up", "--demo calls a phone on this machine, which Twilio cannot "
					"reach: unset TWILIO_ACCOUNT_SID for it");
	if (up->demo && !*up->logs)
		snprintf(up->logs, sizeof(up->logs), "%s/logs", up->settings->data_dir);
	if (*up->logs && mkdir(up->logs, 0700) && errno != EEXIST) {
		fprintf(stderr, "voiceai up: %s: %s\n", up->logs, strerror(errno));
		return CMD_FAILED;
	}
	return CMD_OK;
}

static void print_start(const struct up *up)
{
	printf("starting:");
	for (size_t i = 0; i < up->count; i++)
		printf("%s %s", i ? "," : "",
		       str_equal(up->servers[i].name, "serve")    ? "platform"
		       : str_equal(up->servers[i].name, "callee") ? "a phone that speaks"
								  : up->servers[i].name);
	printf("\n");
	(void)fflush(stdout);
}

static void start_all(struct up *up)
{
	const struct settings *s = up->settings;
	auto_free char *carrier = mem_printf("http://127.0.0.1:%d", (int)s->carrier_port);
	auto_free char *engine = mem_printf("http://127.0.0.1:%d", (int)s->engine_port);
	auto_free char *platform = mem_printf("http://127.0.0.1:%d", (int)s->port);

	if (s->embedded_carrier)
		server_add(up, "carrier", carrier);
	if (s->embedded_engine)
		server_add(up, "engine", engine);
	/* A certificate is for the public name. */
	server_add(up, "serve", *s->tls_cert_path ? s->api_base_url : platform);
	if (up->demo)
		server_add(up, "callee", NULL);
	if (up->demo)
		print_start(up);
	for (size_t i = 0; i < up->count; i++)
		server_start(&up->servers[i]);
	up->started_ms = loop_now_ms(up->loop);
	/* The platform may wait for its database, and says itself when it has waited enough. */
	up->ready_deadline_ms = up->started_ms + READY_DEADLINE_MS +
				(*s->database_url ? (uint64_t)s->database_wait_s * 1000 : 0);
	timer_start(up->poll, READY_POLL_MS);
}

static void up_run(struct up *up)
{
	auto_unref struct signal_watch *interrupt = NULL, *terminate = NULL;

	up->loop = loop_new();
	up->sentry = sentry_new(up->loop, up->settings, "supervisor", VOICEAI_VERSION);
	up->client = http_client_new(up->loop);
	up->poll = timer_new(up->loop, on_poll, up);
	up->kill = timer_new(up->loop, on_kill, up);
	(void)signal_watch_new(&interrupt, up->loop, SIGINT, on_signal, up);
	(void)signal_watch_new(&terminate, up->loop, SIGTERM, on_signal, up);
	start_all(up);
	if (!up->stopping || up->servers[0].process)
		loop_run(up->loop);

	sentry_finish(up->sentry, CMD_LAST_ERRORS_MS);
	mem_unref(up->sentry);
	mem_unref(up->poll);
	mem_unref(up->kill);
	mem_unref(up->client);
	mem_unref(up->call);
	for (size_t i = 0; i < up->count; i++) {
		mem_unref(up->servers[i].process);
		mem_unref(up->servers[i].restart);
	}
	mem_unref(up->loop);
}

int cmd_up(int argc, char **argv)
{
	auto_unref struct settings *settings = NULL;
	struct up up = {0};
	char pid[16];
	ssize_t len;
	int err;

	if (cmd_help(argc, argv, usage))
		return CMD_OK;
	settings = cmd_settings();
	if (!settings)
		return CMD_USAGE;
	up.settings = settings;
	log_init(&up.log, "up", NULL);
	err = parse_options(&up, argc, argv);
	if (err)
		return err;
	len = readlink("/proc/self/exe", up.binary, sizeof(up.binary) - 1);
	if (len <= 0) {
		fprintf(stderr, "voiceai up: cannot find its own program: %s\n", strerror(errno));
		return CMD_FAILED;
	}
	up.binary[len] = '\0';
	/* Children end with us, even if we are killed (see cmd_main). */
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	(void)setenv("VOICEAI_SUPERVISED", pid, 1);
	up_run(&up);
	return up.exit_code;
}
