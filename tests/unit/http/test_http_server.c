/* Protects the HTTP server: routes, bodies, headers, errors, peers that misbehave. */
#include "http/http_client.h"
#include "http/http_server.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/form.h"
#include "loop/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

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

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));

	f->loop = loop_new();
	assert_int_equal(0, http_server_new(&f->server, f->loop,
					    &(struct http_server_conf){.service = "test"}));
	http_server_route(f->server, "POST", "/echo", on_echo, f);
	http_server_route(f->server, "GET", "/items/{id}", on_item, f);
	http_server_route(f->server, "GET", "/silent", on_silent, f);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_route_gets_param_query_and_any_header, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_body_reaches_the_handler, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown_path_and_method, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forgotten_request_is_answered_500, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
