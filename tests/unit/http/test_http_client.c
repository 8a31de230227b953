/*
 * Protects the HTTP client: what it sends, its limits, what its errors are called, and that a
 * guarded request reaches nothing private, by no name, redirect or kept connection.
 */
#include "http/http_client.h"
#include "http/http_server.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/form.h"
#include "http/url_guard.h"
#include "loop/loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	struct loop *loop;
	struct http_server *server;
	struct http_client *client;
	struct http_request *kept;
	char base[64];
	int done;
	int err;
	int status;
	bool connected;
	char body[1024];
	size_t body_len;
	char type[64];
	struct buf pieces;
	int piece_count;
};

static void on_show(struct http_request *req, void *arg)
{
	auto_buf struct buf out = {0};
	const char *auth = http_request_header(req, "authorization");
	const char *custom = http_request_header(req, "x-custom");
	size_t len;

	http_request_body(req, &len);
	buf_printf(&out, "%s %s auth=%s custom=%s len=%zu", http_request_method(req),
		   http_request_target(req), auth ? auth : "-", custom ? custom : "-", len);
	http_reply(req, 201, "text/plain", out.data, out.len);
}

static void on_redirect(struct http_request *req, void *arg)
{
	http_reply_header(req, "Location", form_get(http_request_query(req), "to"));
	http_reply(req, 302, NULL, NULL, 0);
}

static void on_big(struct http_request *req, void *arg)
{
	auto_free char *body = mem_alloc(300000);

	memset(body, 'x', 300000);
	http_reply(req, 200, NULL, body, 300000);
}

static void on_never(struct http_request *req, void *arg)
{
	struct fixture *f = arg;

	f->kept = mem_ref(req);
}

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));

	f->loop = loop_new();
	assert_int_equal(0, http_server_new(&f->server, f->loop, &(struct http_server_conf){0}));
	snprintf(f->base, sizeof(f->base), "http://127.0.0.1:%u", http_server_port(f->server));
	for (int i = 0; i < 4; i++)
		http_server_route(f->server,
				  (const char *const[]){"GET", "POST", "PUT", "DELETE"}[i], "/show",
				  on_show, f);
	http_server_route(f->server, "GET", "/redirect", on_redirect, f);
	http_server_route(f->server, "GET", "/big", on_big, f);
	http_server_route(f->server, "GET", "/never", on_never, f);
	f->client = http_client_new(f->loop);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	mem_unref(f->kept);
	mem_unref(f->client);
	mem_unref(f->server);
	mem_unref(f->loop);
	buf_free(&f->pieces);
	mem_free(f);
	return 0;
}

static void on_done(const struct http_result *result, void *arg)
{
	struct fixture *f = arg;

	f->done++;
	f->err = result->err;
	f->status = result->status;
	f->connected = result->connected;
	f->body_len = result->body_len;
	str_copy(f->body, sizeof(f->body), result->body);
	str_copy(f->type, sizeof(f->type), result->content_type);
}

static void on_piece(const char *data, size_t len, void *arg)
{
	struct fixture *f = arg;

	f->piece_count++;
	buf_append(&f->pieces, data, len);
}

/* url is a path of the fixture's server, or a whole URL. */
static void fetch(struct fixture *f, const char *url, struct http_client_params *params,
		  http_data_h *datah)
{
	auto_free char *whole = mem_printf("%s%s", *url == '/' ? f->base : "", url);

	f->done = 0;
	params->url = whole;
	if (!params->method)
		params->method = "GET";
	assert_int_equal(0, http_client_request(NULL, f->client, params, datah, on_done, f));
	assert_int_equal(0, f->done);
	for (int i = 0; i < 500 && !f->done; i++)
		loop_run_once(f->loop, 10);
	assert_int_equal(1, f->done);
}

static void test_request_as_asked(void **state)
{
	static const struct {
		const char *method, *body, *shown;
	} rows[] = {
		{"GET", NULL, "GET /show?a=b auth=Basic dTpw custom=1 len=0"},
		{"POST", "hello", "POST /show?a=b auth=Basic dTpw custom=1 len=5"},
		{"POST", NULL, "POST /show?a=b auth=Basic dTpw custom=1 len=0"},
		{"PUT", "x", "PUT /show?a=b auth=Basic dTpw custom=1 len=1"},
		{"DELETE", NULL, "DELETE /show?a=b auth=Basic dTpw custom=1 len=0"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_client_params params = {
			.method = rows[i].method,
			.headers = (const char *const[]){"X-Custom: 1", NULL},
			.body = rows[i].body,
			.body_len = rows[i].body ? strlen(rows[i].body) : 0,
			.username = "u",
			.password = "p",
		};

		fetch(f, "/show?a=b", &params, NULL);
		assert_int_equal(0, f->err);
		assert_int_equal(201, f->status);
		assert_string_equal(rows[i].shown, f->body);
		assert_string_equal("text/plain", f->type);
		assert_true(f->connected);
	}
}

static void test_head_has_no_body(void **state)
{
	struct fixture *f = *state;

	fetch(f, "/show", &(struct http_client_params){.method = "HEAD"}, NULL);
	assert_int_equal(0, f->err);
	assert_int_equal(201, f->status);
	assert_int_equal(0, f->body_len);
}

static void test_refused_connection(void **state)
{
	struct fixture *f = *state;

	fetch(f, "http://127.0.0.1:1/", &(struct http_client_params){0}, NULL);
	assert_int_equal(-ECONNREFUSED, f->err);
	assert_int_equal(0, f->status);
	assert_false(f->connected);
}

static void test_timeout(void **state)
{
	struct fixture *f = *state;

	fetch(f, "/never", &(struct http_client_params){.timeout_ms = 80}, NULL);
	assert_int_equal(-ETIMEDOUT, f->err);
	assert_true(f->connected);
}

static void test_body_over_the_limit(void **state)
{
	struct fixture *f = *state;

	fetch(f, "/big", &(struct http_client_params){.max_body_bytes = 299999}, NULL);
	assert_int_equal(-EMSGSIZE, f->err);
	fetch(f, "/big", &(struct http_client_params){.max_body_bytes = 300000}, NULL);
	assert_int_equal(0, f->err);
	assert_int_equal(300000, f->body_len);
}

static void test_redirects_only_within_their_limit(void **state)
{
	struct fixture *f = *state;

	fetch(f, "/redirect?to=/show", &(struct http_client_params){0}, NULL);
	assert_int_equal(302, f->status);
	fetch(f, "/redirect?to=/show", &(struct http_client_params){.max_redirects = 1}, NULL);
	assert_int_equal(201, f->status);
	fetch(f, "/redirect?to=/redirect?to=/show",
	      &(struct http_client_params){.max_redirects = 1}, NULL);
	assert_int_equal(-EPROTO, f->err);
	fetch(f, "/redirect?to=file:///etc/passwd",
	      &(struct http_client_params){.max_redirects = 1}, NULL);
	assert_int_equal(-EPROTO, f->err);
}

static void test_credentials_stay_with_their_host(void **state)
{
	struct fixture *f = *state;
	auto_free char *path = mem_printf("/redirect?to=http%%3A//localhost%%3A%u/show",
					  http_server_port(f->server));
	struct http_client_params params = {.max_redirects = 1, .username = "u", .password = "p"};

	fetch(f, path, &params, NULL);
	assert_int_equal(201, f->status);
	assert_non_null(strstr(f->body, "auth=- "));
}

static void guard_with(struct fixture *f, const char *allow)
{
	char bad[URL_GUARD_BAD_SIZE] = "";
	auto_unref struct url_guard *guard = NULL;

	assert_int_equal(0, url_guard_new(&guard, allow, bad));
	http_client_guard(f->client, guard);
}

static void test_guarded_request_reaches_nothing_private(void **state)
{
	struct fixture *f = *state;
	auto_free char *by_name =
		mem_printf("http://localhost:%u/show", http_server_port(f->server));
	struct http_client_params params = {.guarded = true};

	fetch(f, "/show", &params, NULL);
	assert_int_equal(-EACCES, f->err);
	assert_false(f->connected);
	guard_with(f, "10.0.0.0/8");
	fetch(f, "/show", &params, NULL);
	assert_int_equal(-EACCES, f->err);
	fetch(f, by_name, &params, NULL);
	assert_int_equal(-EACCES, f->err);
	guard_with(f, "127.0.0.0/8 ::1");
	fetch(f, by_name, &params, NULL);
	assert_int_equal(0, f->err);
	assert_int_equal(201, f->status);
}

/* A name that leads somewhere else the second time, or a server that sends its caller on. */
static void test_guarded_redirect_is_checked_anew(void **state)
{
	struct fixture *f = *state;
	auto_free char *allow = mem_printf("localhost:%u", http_server_port(f->server));
	auto_free char *away = mem_printf("http://localhost:%u/redirect?to=%s/show",
					  http_server_port(f->server), f->base);
	auto_free char *back =
		mem_printf("http://localhost:%u/redirect?to=/show", http_server_port(f->server));
	struct http_client_params params = {.guarded = true, .max_redirects = 3};

	guard_with(f, allow);
	fetch(f, back, &params, NULL);
	assert_int_equal(0, f->err);
	assert_int_equal(201, f->status);
	fetch(f, away, &params, NULL);
	assert_int_equal(-EACCES, f->err);
	assert_int_equal(0, f->status);
}

static void test_guarded_request_takes_over_no_connection(void **state)
{
	struct fixture *f = *state;

	fetch(f, "/show", &(struct http_client_params){0}, NULL);
	assert_int_equal(201, f->status);
	fetch(f, "/show", &(struct http_client_params){.guarded = true}, NULL);
	assert_int_equal(-EACCES, f->err);
	assert_false(f->connected);
}

static void test_body_in_pieces(void **state)
{
	struct fixture *f = *state;

	fetch(f, "/big", &(struct http_client_params){0}, on_piece);
	assert_int_equal(0, f->err);
	assert_int_equal(0, f->body_len);
	assert_int_equal(300000, f->pieces.len);
	assert_true(f->piece_count > 1);
}

static void test_body_into_a_file(void **state)
{
	struct fixture *f = *state;
	const char *path = "test_http_client.tmp";
	FILE *file;
	char text[64] = "";

	fetch(f, "/show", &(struct http_client_params){.output_path = path}, NULL);
	assert_int_equal(0, f->err);
	assert_int_equal(0, f->body_len);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	unlink(path);
	assert_string_equal("GET /show auth=- custom=- len=0", text);
}

static void test_cancelled_request_says_nothing(void **state)
{
	struct fixture *f = *state;
	auto_free char *url = mem_printf("%s/never", f->base);
	struct http_client_params params = {.method = "GET", .url = url};
	struct http_exchange *exchange;

	assert_int_equal(0, http_client_request(&exchange, f->client, &params, NULL, on_done, f));
	for (int i = 0; i < 100 && !f->kept; i++)
		loop_run_once(f->loop, 10);
	mem_unref(exchange);
	http_reply(f->kept, 200, NULL, NULL, 0);
	f->kept = mem_unref(f->kept);
	for (int i = 0; i < 10; i++)
		loop_run_once(f->loop, 5);
	assert_int_equal(0, f->done);
}

static void test_client_released_in_mid_request(void **state)
{
	struct fixture *f = *state;
	auto_free char *url = mem_printf("%s/never", f->base);
	struct http_client_params params = {.method = "GET", .url = url};
	struct http_exchange *exchange;

	assert_int_equal(0, http_client_request(&exchange, f->client, &params, NULL, on_done, f));
	for (int i = 0; i < 100 && !f->kept; i++)
		loop_run_once(f->loop, 10);
	f->client = mem_unref(f->client);
	loop_run_once(f->loop, 5);
	mem_unref(exchange);
	assert_int_equal(0, f->done);
}

static void test_bad_arguments(void **state)
{
	const struct http_client_params rows[] = {
		{.method = "GET", .url = "ftp://a/"},
		{.method = "GET", .url = "ws://a/"},
		{.method = "GET", .url = "nonsense"},
		{.method = "get it", .url = "http://a/"},
		{.method = NULL, .url = "http://a/"},
		{.method = "GET",
		 .url = "http://a/",
		 .headers = (const char *const[]){"A: b\r\nC: d", NULL}},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(-EINVAL,
				 http_client_request(NULL, f->client, &rows[i], NULL, on_done, f));
}

/* With a reset the request is left unread, so that closing it resets the connection. */
static void answer_garbage(struct fixture *f, const char *garbage, bool reset, int expected)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), fd = -1;
	auto_free char *url = NULL;
	struct http_client_params params = {.method = "GET", .timeout_ms = 3000};

	assert_int_equal(0, bind(listener, (struct sockaddr *)&at, sizeof(at)));
	assert_int_equal(0, listen(listener, 1));
	getsockname(listener, (struct sockaddr *)&at, &size);
	params.url = url = mem_printf("http://127.0.0.1:%u/", ntohs(at.sin_port));
	f->done = 0;
	assert_int_equal(0, http_client_request(NULL, f->client, &params, NULL, on_done, f));
	for (int i = 0; i < 500 && !f->done; i++) {
		loop_run_once(f->loop, 5);
		if (fd >= 0)
			continue;
		fd = accept(listener, NULL, NULL);
		if (fd < 0)
			continue;
		char request[1024];

		assert_true(recv(fd, request, sizeof(request), reset ? MSG_PEEK : 0) > 0);
		assert_true(send(fd, garbage, strlen(garbage), 0) >= 0);
		shutdown(fd, SHUT_WR);
		if (reset)
			close(fd);
	}
	if (!reset)
		close(fd);
	close(listener);
	assert_int_equal(1, f->done);
	assert_int_equal(expected, f->err);
}

static void test_peer_that_speaks_no_http(void **state)
{
	struct fixture *f = *state;

	answer_garbage(f, "", false, -EPROTO);
	answer_garbage(f, "SSH-2.0-OpenSSH\r\n\r\n", false, -EPROTO);
	answer_garbage(f, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", false, -EPROTO);
}

/* What was answered and the reset of the connection are there at the same time. */
static void test_reset_behind_half_an_answer_ends_the_request(void **state)
{
	struct fixture *f = *state;

	answer_garbage(f, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", true, -EIO);
}

/* Nobody listens on that port: the request would fail if it went there. */
static void test_no_proxy_stands_before_our_own_servers(void **state)
{
	struct fixture *f = *state;

	setenv("http_proxy", "http://127.0.0.1:9", 1);
	fetch(f, "/show", &(struct http_client_params){0}, NULL);
	unsetenv("http_proxy");
	assert_int_equal(0, f->err);
}

int main(void)
{
#define ROW(test_) cmocka_unit_test_setup_teardown(test_, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_request_as_asked),
		ROW(test_head_has_no_body),
		ROW(test_refused_connection),
		ROW(test_timeout),
		ROW(test_body_over_the_limit),
		ROW(test_redirects_only_within_their_limit),
		ROW(test_credentials_stay_with_their_host),
		ROW(test_guarded_request_reaches_nothing_private),
		ROW(test_guarded_redirect_is_checked_anew),
		ROW(test_guarded_request_takes_over_no_connection),
		ROW(test_body_in_pieces),
		ROW(test_body_into_a_file),
		ROW(test_cancelled_request_says_nothing),
		ROW(test_client_released_in_mid_request),
		ROW(test_bad_arguments),
		ROW(test_peer_that_speaks_no_http),
		ROW(test_reset_behind_half_an_answer_ends_the_request),
		ROW(test_no_proxy_stands_before_our_own_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
