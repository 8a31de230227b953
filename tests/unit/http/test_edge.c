/*
 * Protects the outside edge of a server: whom it takes for the client behind proxies, which origins
 * and names it lets in, how many connections, and that slow peers are cut off.
 */
#include "unit/check.h"

#include "core/clock.h"
#include "core/ip.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/edge.h"
#include "http/edge_priv.h"
#include "http/http_server.h"
#include "loop/loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct fixture {
	struct loop *loop;
	struct http_server *server;
	struct http_edge *edge;
	char answer[4096];
};

static struct ip ip_of(const char *text)
{
	struct ip ip = {0};

	assert_int_equal(0, ip_parse(&ip, text));
	return ip;
}

static struct http_edge *edge_of(const struct http_edge_conf *conf)
{
	struct http_edge *edge = NULL;
	char error[HTTP_EDGE_ERROR_SIZE] = "";

	assert_int_equal(0, http_edge_new(&edge, conf, error));
	return edge;
}

/* ---- without a server ---- */

static void client_is_the_last_that_no_proxy_vouches_for(void **state)
{
	static const struct {
		const char *peer, *forwarded, *client;
	} rows[] = {
		{"203.0.113.9", "1.2.3.4", "203.0.113.9"}, /* not a proxy: not believed */
		{"10.0.0.1", NULL, "10.0.0.1"},
		{"10.0.0.1", "", "10.0.0.1"},
		{"10.0.0.1", "1.2.3.4", "1.2.3.4"},
		{"10.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"},
		{"10.0.0.1", "6.6.6.6,1.2.3.4 , 10.0.0.2", "1.2.3.4"},
		{"10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"},
		{"10.0.0.1", "1.2.3.4:4711", "1.2.3.4"},
		{"10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"},
		{"10.0.0.1", "2001:db8::7", "2001:db8::7"},
		{"10.0.0.1", "1.2.3.4, unknown", "10.0.0.1"},
		{"10.0.0.1", "1.2.3.4, unknown, 10.0.0.2", "10.0.0.2"},
		{"10.0.0.1", ",,,", "10.0.0.1"},
		{"::ffff:10.0.0.1", "1.2.3.4", "1.2.3.4"},
	};
	auto_unref struct http_edge *edge =
		edge_of(&(struct http_edge_conf){.trusted_proxies = "10.0.0.0/8"});

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ip peer = ip_of(rows[i].peer);
		struct ip client = http_edge_client(edge, &peer, rows[i].forwarded);
		char text[IP_TEXT_SIZE];

		ip_text(text, &client);
		assert_string_equal(rows[i].client, text);
	}
}

static void bad_settings_are_named(void **state)
{
	static const struct {
		struct http_edge_conf conf;
		const char *word;
	} rows[] = {
		{{.trusted_proxies = "10.0.0.0/8, proxy"}, "TRUSTED_PROXIES: \"proxy\""},
		{{.cors_origins = "https://a.example, a.example"}, "CORS_ORIGINS: \"a.example\""},
		{{.cors_origins = "https://a.example/path"}, "CORS_ORIGINS"},
		{{.cors_origins = "wss://a.example"}, "CORS_ORIGINS"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_edge *edge = NULL;
		char error[HTTP_EDGE_ERROR_SIZE] = "";

		assert_int_equal(-EINVAL, http_edge_new(&edge, &rows[i].conf, error));
		assert_non_null(strstr(error, rows[i].word));
	}
}

static void places_are_counted_and_given_back(void **state)
{
	struct http_edge_conf conf = {
		.trusted_proxies = "10.0.0.1", .max_connections = 6, .max_connections_per_ip = 2};
	auto_unref struct http_edge *edge = edge_of(&conf);
	struct ip peer = ip_of("203.0.113.9"), other = ip_of("203.0.113.10");
	struct ip v6 = ip_of("2001:db8::1"), v6_neighbour = ip_of("2001:db8::2");
	struct ip proxy = ip_of("10.0.0.1"), loopback = ip_of("127.0.0.1");
	struct http_place *places[6] = {0};
	const char *reason = "";

	places[0] = http_edge_admit(edge, &peer, &reason);
	places[1] = http_edge_admit(edge, &peer, &reason);
	assert_null(http_edge_admit(edge, &peer, &reason));
	assert_string_equal("connections_per_ip", reason);
	places[2] = http_edge_admit(edge, &other, &reason);
	places[2] = mem_unref(places[2]);
	places[2] = http_edge_admit(edge, &v6, &reason);
	places[3] = http_edge_admit(edge, &v6_neighbour, &reason);
	assert_null(http_edge_admit(edge, &v6, &reason));
	places[4] = http_edge_admit(edge, &proxy, &reason);
	places[5] = http_edge_admit(edge, &loopback, &reason);
	assert_null(http_edge_admit(edge, &other, &reason));
	assert_string_equal("connections", reason);
	places[0] = mem_unref(places[0]);
	places[0] = http_edge_admit(edge, &peer, &reason);
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		assert_non_null(places[i]);
		mem_unref(places[i]);
	}
}

/* ---- with one ---- */

static void on_any(struct http_request *req, void *arg)
{
	char text[80];

	snprintf(text, sizeof(text), "client=%s tls=%d", http_request_remote(req),
		 http_request_is_tls(req));
	http_reply(req, 200, "text/plain", text, strlen(text));
}

static void on_cached(struct http_request *req, void *arg)
{
	http_reply_header(req, "Cache-Control", "max-age=5");
	http_reply(req, 200, NULL, NULL, 0);
}

static void start(struct fixture *f, const struct http_edge_conf *edge,
		  struct http_server_conf conf)
{
	f->edge = edge_of(edge);
	conf.edge = f->edge;
	assert_int_equal(0, http_server_new(&f->server, f->loop, &conf));
	http_server_route(f->server, "GET", "/any", on_any, f);
	http_server_route(f->server, "POST", "/any", on_any, f);
	http_server_route(f->server, "GET", "/cached", on_cached, f);
}

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));

	f->loop = loop_new();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	mem_unref(f->server);
	mem_unref(f->edge);
	mem_unref(f->loop);
	mem_free(f);
	return 0;
}

static int dial(struct fixture *f)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(http_server_port(f->server))};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(0, connect(fd, (struct sockaddr *)&address, sizeof(address)));
	return fd;
}

/* What comes until the peer closes, or the time is over. Returns true when it closed. */
static bool listen_to(struct fixture *f, int fd, int ms)
{
	int64_t end_us = clock_mono_us() + ms * (int64_t)1000;
	size_t len = 0;

	while (clock_mono_us() < end_us) {
		ssize_t got;

		loop_run_once(f->loop, 10);
		got = recv(fd, f->answer + len, sizeof(f->answer) - 1 - len, MSG_DONTWAIT);
		if (got == 0 || (got < 0 && errno == ECONNRESET)) {
			f->answer[len] = '\0';
			return true;
		}
		if (got > 0)
			len += (size_t)got;
	}
	f->answer[len] = '\0';
	return false;
}

/* Ask with these header lines, and wait for the whole answer. */
static int ask(struct fixture *f, const char *method, const char *headers)
{
	auto_free char *text =
		mem_printf("%s HTTP/1.1\r\nConnection: close\r\n%s\r\n", method, headers);
	int fd = dial(f), status = 0;

	assert_int_equal(strlen(text), send(fd, text, strlen(text), 0));
	assert_true(listen_to(f, fd, 6000));
	close(fd);
	sscanf(f->answer, "HTTP/1.1 %d", &status);
	return status;
}

static bool says(const struct fixture *f, const char *text)
{
	return strstr(f->answer, text);
}

static void proxies_name_client_and_scheme(void **state)
{
	struct fixture *f = *state;

	start(f, &(struct http_edge_conf){.trusted_proxies = "127.0.0.1", .hsts_s = 600},
	      (struct http_server_conf){0});
	assert_int_equal(200, ask(f, "GET /any",
				  "Host: a\r\nX-Forwarded-For: 6.6.6.6\r\n"
				  "X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-Proto: https\r\n"));
	assert_true(says(f, "client=198.51.100.7 tls=1"));
	assert_true(says(f, "Strict-Transport-Security: max-age=600"));
	assert_int_equal(200, ask(f, "GET /any", "Host: a\r\n"));
	assert_true(says(f, "client=127.0.0.1 tls=0"));
	assert_false(says(f, "Strict-Transport-Security"));
}

static void nobody_else_names_the_client(void **state)
{
	struct fixture *f = *state;

	start(f, &(struct http_edge_conf){.hsts_s = 600}, (struct http_server_conf){0});
	assert_int_equal(200, ask(f, "GET /any",
				  "Host: a\r\nX-Forwarded-For: 6.6.6.6\r\n"
				  "X-Forwarded-Proto: https\r\n"));
	assert_true(says(f, "client=127.0.0.1 tls=0"));
	assert_false(says(f, "Strict-Transport-Security"));
}

static void every_answer_has_careful_headers(void **state)
{
	struct fixture *f = *state;

	start(f, &(struct http_edge_conf){0}, (struct http_server_conf){0});
	for (int i = 0; i < 2; i++) {
		ask(f, i ? "GET /any" : "GET /nowhere", "Host: a\r\n");
		assert_true(says(f, "\r\nX-Content-Type-Options: nosniff\r\n"));
		assert_true(says(f, "\r\nReferrer-Policy: no-referrer\r\n"));
		assert_true(says(f, "\r\nCache-Control: no-store\r\n"));
		assert_true(says(f, "frame-ancestors 'none'"));
		assert_false(says(f, "\r\nServer:"));
	}
	ask(f, "GET /cached", "Host: a\r\n");
	assert_true(says(f, "\r\nCache-Control: max-age=5\r\n"));
	assert_false(says(f, "no-store"));
}

static void foreign_pages_change_nothing(void **state)
{
	static const struct {
		const char *method, *headers;
		int status;
		bool allowed; /* told so by a header */
	} rows[] = {
		{"POST /any", "Host: api\r\n", 200, false},
		{"POST /any", "Host: api:1\r\nOrigin: http://api:1\r\n", 200, false},
		{"POST /any", "Host: inner\r\nOrigin: https://voice.example.com\r\n", 200, false},
		{"POST /any", "Host: api\r\nOrigin: https://app.example.com\r\n", 200, true},
		{"POST /any", "Host: api\r\nOrigin: https://APP.example.com\r\n", 200, true},
		{"POST /any", "Host: api\r\nOrigin: http://app.example.com\r\n", 403, false},
		{"POST /any", "Host: api\r\nOrigin: https://app.example.com.evil.net\r\n", 403,
		 false},
		{"POST /any", "Host: api\r\nOrigin: https://evil.net\r\n", 403, false},
		{"POST /any", "Host: api\r\nOrigin: null\r\n", 403, false},
		{"GET /any", "Host: api\r\nOrigin: https://evil.net\r\n", 200, false},
		{"GET /any", "Host: api\r\nOrigin: https://app.example.com\r\n", 200, true},
	};
	struct fixture *f = *state;
	struct http_edge_conf conf = {.cors_origins = "https://b.example, https://app.example.com/",
				      .own_url = "https://voice.example.com/v"};

	start(f, &conf, (struct http_server_conf){0});
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *headers = mem_printf("%sContent-Length: 0\r\n", rows[i].headers);

		assert_int_equal(rows[i].status, ask(f, rows[i].method, headers));
		assert_int_equal(rows[i].allowed, says(f, "Access-Control-Allow-Origin: https://"));
	}
	assert_int_equal(403, ask(f, "GET /any",
				  "Host: api\r\nOrigin: https://evil.net\r\nUpgrade: websocket\r\n"
				  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
				  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"));
}

static void preflights_are_answered_for_listed_origins(void **state)
{
	static const char good[] = "Host: api\r\nOrigin: https://app.example.com\r\n"
				   "Access-Control-Request-Method: POST\r\n";
	static const char bad[] = "Host: api\r\nOrigin: https://evil.net\r\n"
				  "Access-Control-Request-Method: POST\r\n";
	struct fixture *f = *state;

	start(f, &(struct http_edge_conf){.cors_origins = "https://app.example.com"},
	      (struct http_server_conf){0});
	assert_int_equal(204, ask(f, "OPTIONS /any", good));
	assert_true(says(f, "Access-Control-Allow-Origin: https://app.example.com\r\n"));
	assert_true(says(f, "Access-Control-Allow-Methods: GET, HEAD, POST\r\n"));
	assert_true(says(f, "Vary: Origin\r\n"));
	assert_int_equal(405, ask(f, "OPTIONS /any", bad));
	assert_false(says(f, "Access-Control"));
	assert_int_equal(404, ask(f, "OPTIONS /nowhere", good));
}

/* A route that knows better which pages may use it: here, those of one origin. */
static const char partner[] = "https://partner.example";

static void on_open(struct http_request *req, void *arg)
{
	if (str_equal(http_request_header(req, "origin"), partner))
		http_reply_origin(req);
	http_reply(req, 202, NULL, NULL, 0);
}

static void on_preflight(struct http_request *req, void *arg)
{
	if (str_equal(http_request_header(req, "origin"), partner))
		http_reply_preflight(req, "POST");
	else
		http_reply(req, 403, NULL, NULL, 0);
}

static void an_open_route_judges_origins_itself(void **state)
{
#define FROM(origin_)  "Host: api\r\nContent-Length: 0\r\nOrigin: " origin_ "\r\n"
#define WANTS(method_) "Access-Control-Request-Method: " method_ "\r\n"
	struct fixture *f = *state;

	start(f, &(struct http_edge_conf){.cors_origins = "https://app.example.com"},
	      (struct http_server_conf){0});
	http_server_route(f->server, "GET", "/open", on_any, f);
	http_server_open_route(f->server, "POST", "/open", on_open, on_preflight, f);
	assert_int_equal(202, ask(f, "POST /open", FROM("https://partner.example")));
	assert_true(says(f, "Access-Control-Allow-Origin: https://partner.example\r\n"));
	assert_true(says(f, "Vary: Origin\r\n"));
	assert_int_equal(202, ask(f, "POST /open", FROM("https://evil.net")));
	assert_false(says(f, "Access-Control"));
	assert_int_equal(204,
			 ask(f, "OPTIONS /open", FROM("https://partner.example") WANTS("POST")));
	assert_true(says(f, "Access-Control-Allow-Methods: POST\r\n"));
	assert_true(says(f, "Access-Control-Allow-Headers: Content-Type\r\n"));
	assert_int_equal(403, ask(f, "OPTIONS /open", FROM("https://evil.net") WANTS("POST")));
	/* Another method of the same address, and other addresses, are the edge's matter as before.
	 */
	assert_int_equal(405,
			 ask(f, "OPTIONS /open", FROM("https://partner.example") WANTS("GET")));
	assert_int_equal(204,
			 ask(f, "OPTIONS /open", FROM("https://app.example.com") WANTS("GET")));
	assert_int_equal(403, ask(f, "POST /any", FROM("https://partner.example")));
	/* What the edge has said of an origin is not said twice. */
	assert_int_equal(403,
			 ask(f, "OPTIONS /open", FROM("https://app.example.com") WANTS("POST")));
	assert_int_equal(202, ask(f, "POST /open", FROM("https://app.example.com")));
	assert_null(strstr(strstr(f->answer, "Allow-Origin") + 1, "Allow-Origin"));
}

static void strange_names_are_not_answered(void **state)
{
	static const struct {
		const char *host;
		int status;
	} rows[] = {
		{"127.0.0.1:8000", 200},     {"[::1]:8000", 200},
		{"localhost:8000", 200},     {"LocalHost", 200},
		{"app.localhost", 200},      {"voiceai", 200},
		{"Voice.example.com", 200},  {"evil.net", 421},
		{"127.0.0.1.evil.net", 421}, {"a b", 421},
	};
	struct fixture *f = *state;
	struct http_edge_conf conf = {.check_host = true, .own_url = "https://voice.example.com"};

	start(f, &conf, (struct http_server_conf){0});
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *headers = mem_printf("Host: %s\r\n", rows[i].host);

		assert_int_equal(rows[i].status, ask(f, "GET /any", headers));
	}
}

static void slow_headers_end_the_connection(void **state)
{
	struct fixture *f = *state;
	int fd, silent;
	bool closed = false;

	start(f, &(struct http_edge_conf){0}, (struct http_server_conf){.header_timeout_s = 1});
	fd = dial(f);
	silent = dial(f);
	send(fd, "GET /any HTTP/1.1\r\n", 19, 0);
	for (int i = 0; i < 60 && !closed; i++) { /* a byte now and then keeps nothing alive */
		closed = send(fd, "a", 1, MSG_NOSIGNAL) != 1 || listen_to(f, fd, 50);
	}
	assert_true(closed);
	assert_true(listen_to(f, silent, 6000));
	close(fd);
	close(silent);
}

static void slow_bodies_are_answered_408(void **state)
{
	static const char head[] = "POST /any HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n";
	struct fixture *f = *state;
	int fd;

	start(f, &(struct http_edge_conf){0}, (struct http_server_conf){.body_timeout_s = 1});
	fd = dial(f);
	send(fd, head, sizeof(head) - 1, 0);
	for (int i = 0; i < 60 && !says(f, "HTTP/1.1"); i++) {
		send(fd, "x", 1, MSG_NOSIGNAL);
		listen_to(f, fd, 50);
	}
	assert_true(says(f, "HTTP/1.1 408 "));
	close(fd);
}

static void idle_connections_end(void **state)
{
	static const char request[] = "GET /any HTTP/1.1\r\nHost: a\r\n\r\n";
	struct fixture *f = *state;
	int fd;

	start(f, &(struct http_edge_conf){0},
	      (struct http_server_conf){.header_timeout_s = 100, .idle_timeout_s = 1});
	fd = dial(f);
	send(fd, request, sizeof(request) - 1, 0);
	assert_true(listen_to(f, fd, 8000));
	assert_true(says(f, "HTTP/1.1 200 "));
	close(fd);
}

static void long_urls_are_answered_414(void **state)
{
	struct fixture *f = *state;
	char path[5000];
	auto_free char *method = NULL;

	start(f, &(struct http_edge_conf){0}, (struct http_server_conf){0});
	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	method = mem_printf("GET /%s", path);
	assert_int_equal(414, ask(f, method, "Host: a\r\n"));
}

static void too_many_connections_are_closed_at_once(void **state)
{
	struct fixture *f = *state;
	int fds[3];

	start(f, &(struct http_edge_conf){.max_connections = 2}, (struct http_server_conf){0});
	for (int i = 0; i < 3; i++) {
		fds[i] = dial(f);
		assert_int_equal(i == 2, listen_to(f, fds[i], 100));
	}
	close(fds[0]);
	close(fds[2]);
	listen_to(f, fds[1], 200);
	assert_int_equal(200, ask(f, "GET /any", "Host: a\r\n"));
	close(fds[1]);
}

#define ROW(test_) cmocka_unit_test_setup_teardown(test_, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(client_is_the_last_that_no_proxy_vouches_for),
		cmocka_unit_test(bad_settings_are_named),
		cmocka_unit_test(places_are_counted_and_given_back),
		ROW(proxies_name_client_and_scheme),
		ROW(nobody_else_names_the_client),
		ROW(every_answer_has_careful_headers),
		ROW(foreign_pages_change_nothing),
		ROW(preflights_are_answered_for_listed_origins),
		ROW(an_open_route_judges_origins_itself),
		ROW(strange_names_are_not_answered),
		ROW(slow_headers_end_the_connection),
		ROW(slow_bodies_are_answered_408),
		ROW(idle_connections_end),
		ROW(long_urls_are_answered_414),
		ROW(too_many_connections_are_closed_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
