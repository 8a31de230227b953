/* Protects the HTTP server: routes, bodies, headers, errors, peers that misbehave. */
#include "http/http_client.h"
#include "http/http_server.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/form.h"
#include "loop/loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	struct loop *loop;
	struct http_server *server;
	struct http_client *client;
	bool done;
	int err;
	int status;
	char body[4096];
	size_t body_len;
	char header[256];
	struct http_request *kept;
};

static void on_echo(struct http_request *req, void *arg)
{
	size_t len;
	const char *body = http_request_body(req, &len);

	http_reply(req, 200, "text/plain", body, len);
}

static void on_item(struct http_request *req, void *arg)
{
	auto_buf struct buf out = {0};
	const char *custom = http_request_header(req, "x-ultravox-call-id");
	const char *q = form_get(http_request_query(req), "q");

	buf_printf(&out, "%s|%s|%s|%s", http_request_param(req, "id"), http_request_target(req),
		   q ? q : "-", custom ? custom : "-");
	http_reply_header(req, "X-Answer", "yes");
	http_reply(req, 200, "text/plain", buf_str(&out), out.len);
}

static void on_silent(struct http_request *req, void *arg)
{
}

static void on_query(struct http_request *req, void *arg)
{
	char text[256];

	snprintf(text, sizeof(text), "%zu %s", form_count(http_request_query(req)),
		 http_request_target(req));
	http_reply(req, 200, "text/plain", text, strlen(text));
}

static void on_file(struct http_request *req, void *arg)
{
	if (http_reply_file(req, "test_http_server.tmp", "text/plain"))
		http_reply(req, 404, NULL, NULL, 0);
}

/* Three pieces; "?break" fails instead of the third. */
struct pieces {
	int given;
	bool breaks;
};

static void on_piece(struct http_body *body, uint64_t offset, size_t len, void *arg)
{
	struct pieces *pieces = arg;

	if (pieces->given == 2 && pieces->breaks)
		http_body_fail(body);
	else if (pieces->given++ < 3)
		http_body_give(body, "piece ", 6);
	else
		http_body_end(body);
}

static void on_stream(struct http_request *req, void *arg)
{
	struct pieces *pieces = mem_new(sizeof(*pieces), NULL);

	pieces->breaks = form_count(http_request_query(req)) > 0;
	http_reply_stream(req, "text/plain", on_piece, pieces);
}

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));

	f->loop = loop_new();
	assert_int_equal(0, http_server_new(&f->server, f->loop,
					    &(struct http_server_conf){.service = "test"}));
	http_server_route(f->server, "POST", "/echo", on_echo, f);
	http_server_route(f->server, "GET", "/items/{id}", on_item, f);
	http_server_route(f->server, "GET", "/query", on_query, f);
	http_server_route(f->server, "GET", "/silent", on_silent, f);
	http_server_route(f->server, "GET", "/stream", on_stream, f);
	f->client = http_client_new(f->loop);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	mem_unref(f->client);
	mem_unref(f->server);
	mem_unref(f->loop);
	mem_free(f);
	return 0;
}

static void on_done(const struct http_result *result, void *arg)
{
	struct fixture *f = arg;
	const char *header = http_exchange_header(result->exchange, "X-Answer");

	f->done = true;
	f->err = result->err;
	f->status = result->status;
	f->body_len = result->body_len;
	str_copy(f->body, sizeof(f->body), result->body);
	str_copy(f->header, sizeof(f->header), header ? header : "");
}

static void fetch(struct fixture *f, const char *method, const char *path, const char *body,
		  const char *const *headers)
{
	char url[256];
	struct http_client_params params = {.method = method,
					    .url = url,
					    .headers = headers,
					    .body = body,
					    .body_len = body ? strlen(body) : 0};

	snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", http_server_port(f->server), path);
	f->done = false;
	assert_int_equal(0, http_client_request(NULL, f->client, &params, NULL, on_done, f));
	for (int i = 0; i < 500 && !f->done; i++)
		loop_run_once(f->loop, 10);
	assert_true(f->done);
}

static void test_route_gets_param_query_and_any_header(void **state)
{
	struct fixture *f = *state;

	fetch(f, "GET", "/items/a%20b?q=1%2B2", NULL,
	      (const char *const[]){"X-Ultravox-Call-ID: abc", NULL});
	assert_int_equal(0, f->err);
	assert_int_equal(200, f->status);
	assert_string_equal("a+b|/items/a+b?q=1%2B2|1+2|abc", f->body);
	assert_string_equal("yes", f->header);
}

static void test_body_reaches_the_handler(void **state)
{
	struct fixture *f = *state;

	fetch(f, "POST", "/echo", "hello", NULL);
	assert_int_equal(200, f->status);
	assert_string_equal("hello", f->body);
	fetch(f, "POST", "/echo", NULL, NULL);
	assert_int_equal(200, f->status);
	assert_string_equal("", f->body);
}

static void test_unknown_path_and_method(void **state)
{
	struct fixture *f = *state;

	fetch(f, "GET", "/nowhere", NULL, NULL);
	assert_int_equal(404, f->status);
	assert_string_equal("{\"error\":{\"code\":\"not_found\",\"message\":\"not found\"}}",
			    f->body);
	fetch(f, "DELETE", "/echo", NULL, NULL);
	assert_int_equal(405, f->status);
}

static void test_forgotten_request_is_answered_500(void **state)
{
	struct fixture *f = *state;

	fetch(f, "GET", "/silent", NULL, NULL);
	assert_int_equal(500, f->status);
}

/* ---- raw peers ---- */

static int raw_connect(struct fixture *f)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(http_server_port(f->server)),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(0, connect(fd, (struct sockaddr *)&to, sizeof(to)));
	assert_int_equal(0, fcntl(fd, F_SETFL, O_NONBLOCK));
	return fd;
}

/* Run the loop until `until` was received, or the server closed. True when it closed. */
static bool raw_receive(struct fixture *f, int fd, struct buf *rx, const char *until)
{
	char block[4096];

	for (int i = 0; i < 400; i++) {
		ssize_t got = recv(fd, block, sizeof(block), 0);

		if (got > 0)
			buf_append(rx, block, (size_t)got);
		if (!got || (got < 0 && errno != EAGAIN))
			return true;
		if (until && strstr(buf_str(rx), until))
			return false;
		if (got < 0)
			loop_run_once(f->loop, 10);
	}
	fail_msg("neither answer nor close: %s", buf_str(rx));
	return false;
}

static void raw_send(struct fixture *f, int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);

		if (sent < 0 && errno != EAGAIN)
			return; /* the server has had enough */
		if (sent > 0)
			data += sent, len -= (size_t)sent;
		loop_run_once(f->loop, 0);
	}
}

static int count_of(const char *text, const char *what)
{
	int n = 0;

	while ((text = strstr(text, what)))
		n++, text++;
	return n;
}

static void test_malformed_requests_are_refused(void **state)
{
	static const struct {
		const char *bytes;
		const char *status; /* "" for no answer; 1.0: the library's own */
	} rows[] = {
		{"\r\n\r\n\r\n", ""},
		{"garbage\r\n\r\n", "HTTP/1.0 403"},
		{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", ""},
		{"BREW /pot HTTP/1.1\r\n\r\n", "HTTP/1.0 403"},
		{"CONNECT host:80 HTTP/1.1\r\nHost: a\r\n\r\n", ""},
		{"GET /items/%zz HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.0 403"},
		{"GET /items/%00 HTTP/1.1\r\nHost: a\r\n\r\n", ""},
		{"GET /items/%0a HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400"},
		{"GET /items/%ff HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400"},
		{"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n", "HTTP/1.1 400"},
		{"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5x\r\n\r\n", "HTTP/1.1 400"},
		{"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		 "HTTP/1.1 400"},
		{"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n",
		 "HTTP/1.1 413"},
		{"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: "
		 "chunked\r\n\r\n0\r\n\r\n",
		 "HTTP/1.1 400"},
		{"GET /items/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		 "HTTP/1.1 4"},
		{"GET /items/1 HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
		 "HTTP/1.1 400"},
		{"GET /echo HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", "HTTP/1.1 404"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf struct buf rx = {0};
		int fd = raw_connect(f);

		raw_send(f, fd, rows[i].bytes, strlen(rows[i].bytes));
		if (!*rows[i].status)
			shutdown(fd, SHUT_WR);
		raw_receive(f, fd, &rx, *rows[i].status ? "\r\n\r\n" : NULL);
		if (strncmp(buf_str(&rx), rows[i].status, strlen(rows[i].status)))
			fail_msg("row %zu: \"%s\" got \"%s\"", i, rows[i].bytes, buf_str(&rx));
		close(fd);
	}
	fetch(f, "POST", "/echo", "still here", NULL);
	assert_string_equal("still here", f->body);
}

static void test_pipelined_requests_are_answered_in_order(void **state)
{
	struct fixture *f = *state;
	auto_buf struct buf rx = {0};
	const char *requests = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\ntwo"
			       "GET /items/one HTTP/1.1\r\nHost: a\r\n\r\n"
			       "GET /items/three HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
	int fd = raw_connect(f);

	raw_send(f, fd, requests, strlen(requests));
	assert_true(raw_receive(f, fd, &rx, NULL));
	assert_int_equal(3, count_of(buf_str(&rx), "HTTP/1.1 200 OK"));
	assert_true(strstr(buf_str(&rx), "\r\n\r\ntwo") < strstr(buf_str(&rx), "one|"));
	assert_true(strstr(buf_str(&rx), "one|") < strstr(buf_str(&rx), "three|"));
	close(fd);
}

static void test_post_in_the_middle_of_a_pipeline_hangs_nothing(void **state)
{
	struct fixture *f = *state;
	auto_buf struct buf rx = {0};
	const char *requests = "GET /items/one HTTP/1.1\r\nHost: a\r\n\r\n"
			       "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\ntwo"
			       "GET /items/three HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
	int fd = raw_connect(f);

	raw_send(f, fd, requests, strlen(requests));
	assert_true(raw_receive(f, fd, &rx, NULL));
	assert_true(count_of(buf_str(&rx), "HTTP/1.1 200 OK") >= 2);
	close(fd);
	fetch(f, "POST", "/echo", "still here", NULL);
	assert_string_equal("still here", f->body);
}

static void test_byte_by_byte(void **state)
{
	struct fixture *f = *state;
	auto_buf struct buf rx = {0};
	const char *request = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nslow";
	int fd = raw_connect(f);

	for (const char *c = request; *c; c++) {
		raw_send(f, fd, c, 1);
		loop_run_once(f->loop, 0);
	}
	assert_false(raw_receive(f, fd, &rx, "\r\n\r\nslow"));
	close(fd);
}

static void test_post_without_length_has_no_body(void **state)
{
	struct fixture *f = *state;
	auto_buf struct buf rx = {0};
	const char *request = "POST /echo HTTP/1.1\r\nHost: a\r\n\r\n";
	int fd = raw_connect(f);

	raw_send(f, fd, request, strlen(request));
	raw_receive(f, fd, &rx, NULL);
	assert_int_equal(0, strncmp(buf_str(&rx), "HTTP/1.1 200", 12));
	assert_non_null(strstr(buf_str(&rx), "Connection: close"));
	close(fd);
}

static void test_chunked_bodies(void **state)
{
	static const struct {
		const char *body;
		const char *status;
		const char *echo;
	} rows[] = {
		{"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n", "HTTP/1.1 200",
		 "\r\n\r\nabc0123456789"},
		{"0\r\n\r\n", "HTTP/1.1 200", "\r\n\r\n"},
		{"zz\r\n", "HTTP/1.1 400", ""},
		{"3\r\nabcd\r\n", "HTTP/1.1 400", ""},
		{"\r\n", "HTTP/1.1 400", ""},
		{"ffffff\r\nabc", "", ""},
		{"fffffffff\r\n", "HTTP/1.1 413", ""},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf struct buf rx = {0};
		int fd = raw_connect(f);
		auto_free char *request = mem_printf("POST /echo HTTP/1.1\r\nHost: a\r\n"
						     "Transfer-Encoding: chunked\r\n\r\n%s",
						     rows[i].body);

		raw_send(f, fd, request, strlen(request));
		if (!*rows[i].status)
			shutdown(fd, SHUT_WR);
		raw_receive(f, fd, &rx, NULL);
		if (strncmp(buf_str(&rx), rows[i].status, strlen(rows[i].status)) ||
		    !str_has_suffix(buf_str(&rx), rows[i].echo))
			fail_msg("row %zu: %s", i, buf_str(&rx));
		close(fd);
	}
}

static void test_head_has_length_but_no_body(void **state)
{
	struct fixture *f = *state;
	auto_buf struct buf rx = {0};
	const char *request = "HEAD /items/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
	int fd = raw_connect(f);

	raw_send(f, fd, request, strlen(request));
	assert_true(raw_receive(f, fd, &rx, NULL));
	assert_non_null(strstr(buf_str(&rx), "Content-Length: 14"));
	assert_true(str_has_suffix(buf_str(&rx), "\r\n\r\n"));
	close(fd);
}

/* A target as it stands, which a client would tidy up. */
static void raw_get(struct fixture *f, const char *target, struct buf *rx)
{
	char request[256];
	int fd = raw_connect(f);

	snprintf(request, sizeof(request),
		 "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", target);
	raw_send(f, fd, request, strlen(request));
	raw_receive(f, fd, rx, NULL);
	close(fd);
}

static void test_dots_do_not_leave_the_root(void **state)
{
	static const struct {
		const char *target;
		const char *path;
	} rows[] = {
		{"/items/a/../../../items/b", "b|"},
		{"/items/%2e%2e/items/c", "c|"},
		{"//items///d", "d|"},
		{"/./items/./e", "e|"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf struct buf rx = {0};

		raw_get(f, rows[i].target, &rx);
		if (!strstr(buf_str(&rx), rows[i].path))
			fail_msg("%s: %s", rows[i].target, buf_str(&rx));
	}
}

static void test_empty_ends_of_a_query_are_no_fields(void **state)
{
	static const struct {
		const char *target;
		const char *answer;
	} rows[] = {
		{"/query", "\r\n\r\n0 /query"},           {"/query?", "\r\n\r\n0 /query?"},
		{"/query?a=1&", "\r\n\r\n1 /query?a=1&"}, {"/query?a=/", "\r\n\r\n1 /query?a=/"},
		{"/query?/&a", "\r\n\r\n2 /query?/&a"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf struct buf rx = {0};

		raw_get(f, rows[i].target, &rx);
		if (!str_has_suffix(buf_str(&rx), rows[i].answer))
			fail_msg("%s: %s", rows[i].target, buf_str(&rx));
	}
}

static void test_too_many_header_bytes_close_the_connection(void **state)
{
	struct fixture *f = *state;
	auto_buf struct buf rx = {0};
	auto_buf struct buf request = {0};
	int fd = raw_connect(f);

	buf_append_str(&request, "GET /items/1 HTTP/1.1\r\nHost: a\r\n");
	for (int i = 0; i < 3000; i++)
		buf_printf(&request, "X-Filler-%d: aaaaaaaaaaaaaaaaaaaaaaaa\r\n", i);
	raw_send(f, fd, request.data, request.len);
	assert_true(raw_receive(f, fd, &rx, NULL));
	assert_null(strstr(buf_str(&rx), "200"));
	close(fd);
}

static void test_body_over_the_limit_is_answered_413(void **state)
{
	struct fixture *f = *state;
	size_t len = 3 * 1024 * 1024;
	auto_free char *body = mem_alloc(len + 1);

	memset(body, 'x', len);
	fetch(f, "POST", "/echo", body, NULL);
	assert_int_equal(0, f->err);
	assert_int_equal(413, f->status);
}

static void test_large_body_both_ways(void **state)
{
	struct fixture *f = *state;
	size_t len = 900000;
	auto_free char *body = mem_alloc(len + 1);

	memset(body, 'x', len);
	fetch(f, "POST", "/echo", body, NULL);
	assert_int_equal(200, f->status);
	assert_int_equal(len, f->body_len);
}

static void on_later(struct http_request *req, void *arg)
{
	struct fixture *f = arg;

	f->kept = mem_ref(req);
}

static void test_answer_may_come_later_or_when_the_peer_has_gone(void **state)
{
	struct fixture *f = *state;
	auto_buf struct buf rx = {0};
	const char *request = "GET /later HTTP/1.1\r\nHost: a\r\nX-Late: 1\r\n\r\n";
	int fd;

	http_server_route(f->server, "GET", "/later", on_later, f);
	fd = raw_connect(f);
	raw_send(f, fd, request, strlen(request));
	for (int i = 0; i < 100 && !f->kept; i++)
		loop_run_once(f->loop, 10);
	assert_non_null(f->kept);
	assert_string_equal("1", http_request_header(f->kept, "x-late"));
	http_reply(f->kept, 202, NULL, NULL, 0);
	f->kept = mem_unref(f->kept);
	assert_false(raw_receive(f, fd, &rx, "202 Accepted"));

	raw_send(f, fd, request, strlen(request));
	for (int i = 0; i < 100 && !f->kept; i++)
		loop_run_once(f->loop, 10);
	close(fd);
	for (int i = 0; i < 10; i++)
		loop_run_once(f->loop, 5);
	http_reply(f->kept, 200, NULL, "x", 1);
	f->kept = mem_unref(f->kept);
}

static void test_file_with_ranges(void **state)
{
	static const struct {
		const char *range;
		int status;
		const char *body;
	} rows[] = {
		{NULL, 200, "0123456789"},
		{"Range: bytes=2-4", 206, "234"},
		{"Range: bytes=7-", 206, "789"},
		{"Range: bytes=-2", 206, "89"},
		{"Range: bytes=3-99", 206, "3456789"},
		{"Range: lines=1-2", 200, "0123456789"},
	};
	struct fixture *f = *state;
	FILE *file = fopen("test_http_server.tmp", "w");

	fputs("0123456789", file);
	fclose(file);
	http_server_route(f->server, "GET", "/file", on_file, f);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		fetch(f, "GET", "/file", NULL, (const char *const[]){rows[i].range, NULL});
		assert_int_equal(rows[i].status, f->status);
		assert_string_equal(rows[i].body, f->body);
	}
	fetch(f, "GET", "/file", NULL, (const char *const[]){"Range: bytes=10-", NULL});
	assert_int_equal(416, f->status);
	unlink("test_http_server.tmp");
	fetch(f, "GET", "/file", NULL, NULL);
	assert_int_equal(404, f->status);
}

/* Who finds no room waits or is turned away, and the loop does not spin meanwhile. */
static void test_descriptors_are_not_all_given_away(void **state)
{
	struct fixture *f = *state;
	struct rlimit before, few = {.rlim_cur = 160};
	int fds[60], spare;

	assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &before));
	few.rlim_max = before.rlim_max;
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &few));
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = raw_connect(f);
	for (int i = 0; i < 20; i++)
		loop_run_once(f->loop, 10);
	spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_in_range(spare, 3, 160 - 32);
	close(spare);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
	fetch(f, "GET", "/items/a", NULL, NULL);
	assert_int_equal(200, f->status);
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &before));
}

static void test_port_in_use(void **state)
{
	struct fixture *f = *state;
	struct http_server *other = NULL;
	struct http_server_conf conf = {.port = http_server_port(f->server)};

	assert_int_equal(-EADDRINUSE, http_server_new(&other, f->loop, &conf));
	assert_null(other);
}

static void test_stopped_server_finishes_what_it_has(void **state)
{
	struct fixture *f = *state;

	fetch(f, "POST", "/echo", "one", NULL);
	http_server_stop_listening(f->server);
	fetch(f, "POST", "/echo", "two", NULL); /* on the connection kept open */
	assert_string_equal("two", f->body);
	mem_unref(f->client);
	f->client = http_client_new(f->loop);
	fetch(f, "POST", "/echo", "three", NULL);
	assert_int_equal(-ECONNREFUSED, f->err);
}

static void test_body_of_unknown_length_comes_in_pieces(void **state)
{
	static const char old[] = "GET /stream HTTP/1.0\r\nHost: x\r\n\r\n";
	struct fixture *f = *state;
	struct buf auto_buf rx = {0};
	int fd;

	fetch(f, "GET", "/stream", NULL, NULL);
	assert_int_equal(200, f->status);
	assert_string_equal("piece piece piece ", f->body);
	fetch(f, "GET", "/stream?break", NULL, NULL);
	assert_int_not_equal(0, f->err);
	fd = raw_connect(f);
	raw_send(f, fd, old, strlen(old));
	assert_true(raw_receive(f, fd, &rx, NULL));
	assert_non_null(strstr(buf_str(&rx), "\r\n\r\npiece piece piece "));
	assert_null(strstr(buf_str(&rx), "chunked"));
	close(fd);
}

int main(void)
{
#define ROW(test_) cmocka_unit_test_setup_teardown(test_, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_route_gets_param_query_and_any_header),
		ROW(test_body_reaches_the_handler),
		ROW(test_unknown_path_and_method),
		ROW(test_forgotten_request_is_answered_500),
		ROW(test_malformed_requests_are_refused),
		ROW(test_pipelined_requests_are_answered_in_order),
		ROW(test_post_in_the_middle_of_a_pipeline_hangs_nothing),
		ROW(test_byte_by_byte),
		ROW(test_post_without_length_has_no_body),
		ROW(test_chunked_bodies),
		ROW(test_head_has_length_but_no_body),
		ROW(test_dots_do_not_leave_the_root),
		ROW(test_empty_ends_of_a_query_are_no_fields),
		ROW(test_too_many_header_bytes_close_the_connection),
		ROW(test_body_over_the_limit_is_answered_413),
		ROW(test_large_body_both_ways),
		ROW(test_answer_may_come_later_or_when_the_peer_has_gone),
		ROW(test_file_with_ranges),
		ROW(test_body_of_unknown_length_comes_in_pieces),
		ROW(test_descriptors_are_not_all_given_away),
		ROW(test_port_in_use),
		ROW(test_stopped_server_finishes_what_it_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
