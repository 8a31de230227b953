/* voiceai health: ask a server of this machine, for those who watch it and have no HTTP client. */
#include "cmd/cmd.h"

#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "http/http_client.h"
#include "loop/loop.h"

#include <stdio.h>
#include <string.h>

enum { TIMEOUT_MS = 5000 };

static const char usage[] =
	"usage: voiceai health [--ready] [serve|carrier|engine]\n"
	"\n"
	"Exit with 0 when that server (default: serve) on this machine answers /health, with 1 "
	"when\n"
	"it does not. For the health checks of containers.\n"
	"\n"
	"  --ready  ask /ready instead: not only that it runs, but that it can serve\n";

struct health_query {
	struct loop *loop;
	const char *name; /* of the server: also its subcommand */
	const char *path;
	int code;
};

static void on_answer(const struct http_result *result, void *arg)
{
	struct health_query *query = arg;

	query->code = !result->err && result->status == 200 ? CMD_OK : CMD_FAILED;
	if (result->err)
		fprintf(stderr, "voiceai health: %s: %s\n", query->name, strerror(-result->err));
	else
		printf("%s\n", result->body);
	loop_stop(query->loop);
}

static int parse(struct health_query *query, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (str_equal(argv[i], "--ready"))
			query->path = "/ready";
		else if (str_equal(argv[i], "serve") || str_equal(argv[i], "carrier") ||
			 str_equal(argv[i], "engine"))
			query->name = argv[i];
		else
			return cmd_misuse("health",
					  "it takes --ready, and serve, carrier or engine");
	}
	return CMD_OK;
}

/* Where the server listens: all of them on the same address. */
static char *server_url(const struct health_query *query, const struct settings *s)
{
	const char *address = s->bind_address;
	int64_t port = str_equal(query->name, "carrier")  ? s->carrier_port
		       : str_equal(query->name, "engine") ? s->engine_port
							  : s->port;

	/* A certificate is for the public name. */
	if (str_equal(query->name, "serve") && *s->tls_cert_path)
		return mem_printf("%s%s", s->api_base_url, query->path);
	if (str_equal(address, "0.0.0.0"))
		address = "127.0.0.1";
	if (str_equal(address, "::"))
		address = "::1";
	return mem_printf(strchr(address, ':') ? "http://[%s]:%d%s" : "http://%s:%d%s", address,
			  (int)port, query->path);
}

static void ask(struct health_query *query, const struct settings *settings)
{
	auto_free char *url = server_url(query, settings);
	struct http_client_params params = {.method = "GET", .url = url, .timeout_ms = TIMEOUT_MS};
	struct http_client *client = http_client_new(query->loop);

	if (!http_client_request(NULL, client, &params, NULL, on_answer, query))
		loop_run(query->loop);
	mem_unref(client);
}

int cmd_health(int argc, char **argv)
{
	auto_unref struct settings *settings = NULL;
	struct health_query query = {.name = "serve", .path = "/health", .code = CMD_FAILED};

	if (cmd_help(argc, argv, usage))
		return CMD_OK;
	if (parse(&query, argc, argv))
		return CMD_USAGE;
	settings = cmd_settings();
	if (!settings)
		return CMD_USAGE;
	query.loop = loop_new();
	ask(&query, settings);
	mem_unref(query.loop);
	return query.code;
}
