/* Protects WebSockets in both roles: handshakes, refusals, messages, bounds, and the ways to end.
 */
#include "http/http_server.h"
#include "http/ws.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/str.h"
#include "loop/loop.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct side {
	struct ws *ws;
	bool open;
	int closes;
	int code;
	int http_status;
	char reason[128];
	struct buf rx;
	int messages;
	int drains;
};

struct fixture {
	struct loop *loop;
	struct http_server *server;
	struct side here;  /* the client */
	struct side there; /* the server's socket */
	char seen_header[64];
};

static void on_open(struct ws *ws, void *arg)
{
	struct side *side = arg;

	side->open = true;
	if (!side->ws)
		side->ws = mem_ref(ws);
}

static void on_message(struct ws *ws, const char *data, size_t len, bool binary, void *arg)
{
	struct side *side = arg;

	buf_clear(&side->rx);
	buf_append(&side->rx, data, len);
	side->messages++;
}

static void on_echo(struct ws *ws, const char *data, size_t len, bool binary, void *arg)
{
	on_message(ws, data, len, binary, arg);
	assert_int_equal(0, ws_send(ws, data, len, binary));
}

static void on_close(struct ws *ws, int code, const char *reason, int http_status, void *arg)
{
	struct side *side = arg;

	side->closes++;
	side->code = code;
	side->http_status = http_status;
	str_copy(side->reason, sizeof(side->reason), reason);
}

static void on_drain(struct ws *ws, void *arg)
{
	((struct side *)arg)->drains++;
}

static int on_upgrade(struct http_request *req, struct ws_handlers *ret_handlers, void **ret_arg,
		      void *arg)
{
	struct fixture *f = arg;
	const char *id = http_request_param(req, "id");
	const char *header = http_request_header(req, "x-ultravox-call-id");

	str_copy(f->seen_header, sizeof(f->seen_header), header ? header : "");
	if (strspn(id, "0123456789") == strlen(id))
		return (int)strtol(id, NULL, 10);
	*ret_handlers =
		(struct ws_handlers){on_open, on_echo, on_close, NULL, .max_message_bytes = 300000};
	*ret_arg = &f->there;
	return 0;
}

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));

	f->loop = loop_new();
	assert_int_equal(0, http_server_new(&f->server, f->loop,
					    &(struct http_server_conf){.service = "test"}));
	http_server_ws_route(f->server, "/live/{id}", on_upgrade, f);
	*state = f;
	return 0;
}

static void side_clear(struct side *side)
{
	if (side->ws)
		ws_detach(side->ws);
	mem_unref(side->ws);
	buf_free(&side->rx);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	side_clear(&f->here);
	side_clear(&f->there);
	mem_unref(f->server);
	mem_unref(f->loop);
	mem_free(f);
	return 0;
}

#define WAIT(f_, condition_)                                      \
	do {                                                      \
		for (int i_ = 0; i_ < 600 && !(condition_); i_++) \
			loop_run_once((f_)->loop, 10);            \
		assert_true(condition_);                          \
	} while (0)

static void dial(struct fixture *f, const char *host, const char *path)
{
	char url[128];
	struct ws_connect_params params = {
		.url = url,
		.headers = &(struct ws_header){"X-Ultravox-Call-ID", "abc"},
		.header_count = 1,
		.handlers = {on_open, on_message, on_close, on_drain, 300000, 600000},
		.arg = &f->here,
	};

	snprintf(url, sizeof(url), "ws://%s:%u%s", host, http_server_port(f->server), path);
	assert_int_equal(0, ws_connect(&f->here.ws, f->loop, &params));
}

static void connect_both(struct fixture *f)
{
	dial(f, "127.0.0.1", "/live/a");
	WAIT(f, f->here.open && f->there.open);
}

static void test_message_comes_back(void **state)
{
	struct fixture *f = *state;

	connect_both(f);
	assert_string_equal("abc", f->seen_header);
	assert_int_equal(0, ws_send_text(f->here.ws, "hello"));
	WAIT(f, f->here.messages == 1);
	assert_string_equal("hello", buf_str(&f->here.rx));
	assert_int_equal(1, f->here.drains);
}

static void test_host_name_is_resolved(void **state)
{
	struct fixture *f = *state;

	dial(f, "localhost", "/live/a");
	WAIT(f, f->here.open || f->here.closes);
	assert_true(f->here.open);
}

static void test_large_message_is_whole(void **state)
{
	struct fixture *f = *state;
	size_t len = 250000;
	auto_free char *data = mem_alloc(len);

	connect_both(f);
	for (size_t i = 0; i < len; i++)
		data[i] = (char)(i * 7);
	assert_int_equal(0, ws_send(f->here.ws, data, len, true));
	WAIT(f, f->here.messages == 1);
	assert_int_equal(len, f->here.rx.len);
	assert_memory_equal(data, f->here.rx.data, len);
}

static void test_message_over_the_limit_closes_with_1009(void **state)
{
	struct fixture *f = *state;
	auto_free char *data = mem_alloc(300001);

	connect_both(f);
	assert_int_equal(0, ws_send(f->here.ws, data, 300001, true));
	WAIT(f, f->here.closes && f->there.closes);
	assert_int_equal(1009, f->there.code);
	assert_int_equal(1009, f->here.code);
	assert_int_equal(0, f->there.messages);
}

static void test_queue_is_bounded(void **state)
{
	struct fixture *f = *state;
	auto_free char *data = mem_alloc(100000);

	connect_both(f);
	for (int i = 0; i < 6; i++)
		assert_int_equal(0, ws_send(f->here.ws, data, 100000, true));
	assert_int_equal(600000, ws_queued_bytes(f->here.ws));
	assert_int_equal(-ENOBUFS, ws_send(f->here.ws, data, 1, true));
}

static void test_close_reaches_both_sides(void **state)
{
	struct fixture *f = *state;

	connect_both(f);
	assert_int_equal(0, ws_send_text(f->here.ws, "last words"));
	ws_close(f->here.ws, 4321, "done");
	WAIT(f, f->here.closes && f->there.closes);
	assert_int_equal(4321, f->here.code);
	assert_int_equal(4321, f->there.code);
	assert_string_equal("done", f->there.reason);
	assert_int_equal(1, f->there.messages);
	assert_int_equal(-ENOTCONN, ws_send_text(f->here.ws, "more"));
}

static void test_server_can_close(void **state)
{
	struct fixture *f = *state;

	connect_both(f);
	ws_close(f->there.ws, 1000, "bye");
	WAIT(f, f->here.closes && f->there.closes);
	assert_int_equal(1000, f->here.code);
	assert_string_equal("bye", f->here.reason);
}

static void test_refused_handshake_tells_the_status(void **state)
{
	static const struct {
		const char *path;
		int status;
	} rows[] = {{"/live/401", 401},
		    {"/live/403", 403},
		    {"/live/404", 404},
		    {"/live/503", 503},
		    {"/nowhere", 404}};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		dial(f, "127.0.0.1", rows[i].path);
		WAIT(f, f->here.closes);
		assert_int_equal(1, f->here.closes);
		assert_int_equal(1006, f->here.code);
		assert_int_equal(rows[i].status, f->here.http_status);
		f->here.closes = 0;
		f->here.ws = mem_unref(f->here.ws);
	}
}

static void test_nobody_listens(void **state)
{
	struct fixture *f = *state;
	struct ws_connect_params params = {.url = "ws://127.0.0.1:1/",
					   .handlers = {on_open, on_message, on_close},
					   .arg = &f->here};

	assert_int_equal(0, ws_connect(&f->here.ws, f->loop, &params));
	assert_int_equal(0, f->here.closes);
	WAIT(f, f->here.closes);
	assert_int_equal(1006, f->here.code);
	assert_int_equal(0, f->here.http_status);
}

static void test_bad_arguments(void **state)
{
	struct fixture *f = *state;
	struct ws *ws = NULL;
	struct ws_connect_params params = {.url = "http://127.0.0.1/"};

	assert_int_equal(-EINVAL, ws_connect(&ws, f->loop, &params));
	params.url = "ws://127.0.0.1/";
	params.headers = &(struct ws_header){"X-A", "b\r\nX-C: d"};
	params.header_count = 1;
	assert_int_equal(-EINVAL, ws_connect(&ws, f->loop, &params));
	assert_null(ws);
}

static void test_detached_socket_is_silent_and_peer_sees_1001(void **state)
{
	struct fixture *f = *state;

	connect_both(f);
	ws_detach(f->here.ws);
	WAIT(f, f->there.closes);
	assert_int_equal(1001, f->there.code);
	assert_int_equal(0, f->here.closes);
}

static void test_server_going_away_closes_sockets(void **state)
{
	struct fixture *f = *state;

	connect_both(f);
	f->server = mem_unref(f->server);
	WAIT(f, f->here.closes && f->there.closes);
	assert_int_equal(1001, f->here.code);
	assert_int_equal(1001, f->there.code);
}

int main(void)
{
#define ROW(test_) cmocka_unit_test_setup_teardown(test_, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_message_comes_back),
		ROW(test_host_name_is_resolved),
		ROW(test_large_message_is_whole),
		ROW(test_message_over_the_limit_closes_with_1009),
		ROW(test_queue_is_bounded),
		ROW(test_close_reaches_both_sides),
		ROW(test_server_can_close),
		ROW(test_refused_handshake_tells_the_status),
		ROW(test_nobody_listens),
		ROW(test_bad_arguments),
		ROW(test_detached_socket_is_silent_and_peer_sees_1001),
		ROW(test_server_going_away_closes_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
