/*
 * Protects the time between a media socket's handshake and its opening: a call that is deleted, or
 * ends, in that instant leaves no handler behind that would touch its freed line, and the peer is
 * told goodbye.
 */
#include "engine/line.h"

#include "core/mem.h"
#include "http/http_server.h"
#include "http/ws.h"
#include "loop/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum fate { KEPT, DELETED, ENDED };

struct fixture {
	struct loop *loop;
	struct http_server *server;
	struct line *line;
	struct ws *client;
	enum fate fate;
	bool client_open, client_closed;
	int client_code;
	int ready, gone;
};

static void on_ready(void *arg)
{
	((struct fixture *)arg)->ready++;
}

static void on_audio(const int16_t *samples, size_t count, void *arg)
{
}
static void on_mark(uint64_t mark, void *arg)
{
}
static void on_digit(char digit, void *arg)
{
}
static void on_message(const json_t *message, void *arg)
{
}

static void on_gone(bool hung_up, const char *detail, void *arg)
{
	((struct fixture *)arg)->gone++;
}

static int on_upgrade(struct http_request *req, struct ws_handlers *ret_handlers, void **ret_arg,
		      void *arg)
{
	static const struct line_handlers handlers = {on_ready, on_audio,   on_mark,
						      on_digit, on_message, on_gone};
	struct line_conf conf = {.call_id = "test", .input_rate_hz = 8000};
	struct fixture *f = arg;

	assert_int_equal(
		0, line_new(&f->line, ret_handlers, ret_arg, &line_websocket, &conf, &handlers, f));
	if (f->fate == DELETED)
		f->line = mem_unref(f->line);
	else if (f->fate == ENDED)
		line_close(f->line);
	return 0;
}

static void on_client_open(struct ws *ws, void *arg)
{
	((struct fixture *)arg)->client_open = true;
}

static void on_client_message(struct ws *ws, const char *data, size_t len, bool binary, void *arg)
{
}

static void on_client_close(struct ws *ws, int code, const char *reason, int status, void *arg)
{
	struct fixture *f = arg;

	f->client_closed = true;
	f->client_code = code;
}

static int setup(void **state)
{
	struct fixture *f = mem_new(sizeof(*f), NULL);

	f->loop = loop_new();
	assert_int_equal(0, http_server_new(&f->server, f->loop,
					    &(struct http_server_conf){.service = "test"}));
	http_server_ws_route(f->server, "/line", on_upgrade, f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	mem_unref(f->line);
	if (f->client)
		ws_detach(f->client);
	mem_unref(f->client);
	mem_unref(f->server);
	mem_unref(f->loop);
	mem_unref(f);
	return 0;
}

static void wait_for(struct fixture *f, const bool *flag)
{
	uint64_t end = loop_now_ms(f->loop) + 5000;

	while (!*flag && loop_now_ms(f->loop) < end)
		loop_run_once(f->loop, 50);
	assert_true(*flag);
}

static void join(struct fixture *f, enum fate fate)
{
	char url[64];
	struct ws_connect_params params = {
		.url = url,
		.handlers = {on_client_open, on_client_message, on_client_close},
		.arg = f,
	};

	f->fate = fate;
	snprintf(url, sizeof(url), "ws://127.0.0.1:%u/line", http_server_port(f->server));
	assert_int_equal(0, ws_connect(&f->client, f->loop, &params));
	wait_for(f, &f->client_open);
}

static void test_line_opens_and_closes(void **state)
{
	struct fixture *f = *state;

	join(f, KEPT);
	assert_int_equal(1, f->ready);
	line_close(f->line);
	wait_for(f, &f->client_closed);
	assert_int_equal(1000, f->client_code);
	while (!f->gone)
		loop_run_once(f->loop, 50);
	assert_int_equal(1, f->gone);
}

static void test_line_deleted_before_it_opens(void **state)
{
	struct fixture *f = *state;

	join(f, DELETED);
	wait_for(f, &f->client_closed);
	assert_int_equal(1001, f->client_code);
	assert_int_equal(0, f->ready);
	assert_int_equal(0, f->gone);
}

static void test_line_closed_before_it_opens(void **state)
{
	struct fixture *f = *state;

	join(f, ENDED);
	wait_for(f, &f->client_closed);
	assert_int_equal(1000, f->client_code);
	assert_int_equal(0, f->ready);
}

int main(void)
{
#define ROW(test_) cmocka_unit_test_setup_teardown(test_, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_line_opens_and_closes),
		ROW(test_line_deleted_before_it_opens),
		ROW(test_line_closed_before_it_opens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
