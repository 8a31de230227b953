/*
 * Protects webhooks: signed over body and timestamp, tried again with a fresh timestamp until a 2xx
 * or the last retry, and kept in the journal until then, so that a restart goes on where the last
 * process stopped. The receiver is a real HTTP server in this process.
 */
#include "unit/check.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/safe.h"
#include "core/setting.h"
#include "core/str.h"
#include "engine/hook.h"
#include "engine/journal.h"
#include "http/http_client.h"
#include "http/http_server.h"
#include "loop/loop.h"
#include "loop/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MASTER_KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

struct fixture {
	struct loop *loop;
	struct work_pool *pool;
	struct journal *journal;
	struct http_client *client;
	struct http_server *server;
	char dir[64], url[64];
	int status; /* to answer with */
	int received, refused_first;
	char timestamps[16][64], last_signature[80], last_body[2048];
};

static void receive(struct http_request *req, void *arg)
{
	struct fixture *f = arg;
	size_t len;

	str_copy(f->timestamps[f->received % 16], 64,
		 http_request_header(req, "x-ultravox-webhook-timestamp"));
	str_copy(f->last_signature, sizeof(f->last_signature),
		 http_request_header(req, "x-ultravox-webhook-signature"));
	str_copy(f->last_body, sizeof(f->last_body), http_request_body(req, &len));
	f->received++;
	http_reply(req, f->received <= f->refused_first ? 500 : f->status, NULL, NULL, 0);
}

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	struct http_server_conf conf = {.service = "test"};
	struct settings settings = {.master_key = MASTER_KEY,
				    .master_key_file = "",
				    .master_key_command = "",
				    .master_key_also = ""};
	auto_unref struct safe *safe = NULL;
	char error[256];

	str_copy(f->dir, sizeof(f->dir), "/tmp/voiceai-hook-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->loop = loop_new();
	f->pool = work_pool_new(f->loop, 1);
	f->client = http_client_new(f->loop);
	assert_int_equal(0, safe_open(&safe, &settings, "engine", error));
	assert_int_equal(0, journal_open(&f->journal, f->pool, safe, f->dir));
	assert_int_equal(0, http_server_new(&f->server, f->loop, &conf));
	http_server_route(f->server, "POST", "/hook", receive, f);
	snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%d/hook", http_server_port(f->server));
	f->status = 204;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	auto_free char *command = mem_printf("rm -rf %s", f->dir);

	mem_unref(f->server);
	mem_unref(f->client);
	mem_unref(f->journal);
	mem_unref(f->pool);
	mem_unref(f->loop);
	assert_int_equal(0, system(command));
	mem_free(f);
	return 0;
}

static void run_until_received(struct fixture *f, struct hooks *hooks, int count, size_t pending)
{
	for (int i = 0; i < 500 && (f->received < count || hooks_pending(hooks) != pending ||
				    journal_pending(f->journal) > 0);
	     i++)
		loop_run_once(f->loop, 20);
	assert_int_equal(count, f->received);
	assert_int_equal(pending, hooks_pending(hooks));
}

static struct hooks *make(struct fixture *f, uint32_t retry_ms)
{
	struct hooks_conf conf = {.retry_ms = retry_ms};

	return hooks_new(f->loop, f->client, f->journal, &conf);
}

static void fire(struct fixture *f, struct hooks *hooks)
{
	auto_json json_t *call = json_pack("{ss}", "callId", "c-1");
	auto_json json_t *callbacks =
		json_pack("{s{sss[ss]}}", "ended", "url", f->url, "secrets", "one", "two");

	hooks_fire(hooks, "call.ended", call, callbacks);
	hooks_fire(hooks, "call.joined", call, callbacks); /* no callback: nothing is sent */
}

static void count_entry(const char *name, json_t *content, void *arg)
{
	(*(int *)arg)++;
}

static int journalled(struct fixture *f)
{
	int count = 0;

	journal_each(f->journal, "deliveries", count_entry, &count);
	return count;
}

static void signature_is_that_of_the_reference(void **state)
{
	auto_json json_t *secrets = json_pack("[s]", "test-webhook-secret");
	auto_buf struct buf out = {0};

	hook_sign(&out, secrets,
		  "{\"event\":\"call.ended\",\"call\":{\"callId\":"
		  "\"3c90c3cc-0d44-4b50-8888-8dd25736052a\"}}",
		  "2026-01-02T03:04:05.678901+00:00");
	assert_string_equal("818745aac8b2112dcbfba83c63c5680812e7ba5f8734b176561da06e89fa4a5d",
			    buf_str(&out));
}

static void delivery_is_signed_and_forgotten_once_acknowledged(void **state)
{
	struct fixture *f = *state;
	auto_unref struct hooks *hooks = make(f, 10);
	auto_json json_t *secrets = json_pack("[ss]", "one", "two");
	auto_buf struct buf expected = {0};

	fire(f, hooks);
	run_until_received(f, hooks, 1, 0);
	assert_string_equal("{\"event\":\"call.ended\",\"call\":{\"callId\":\"c-1\"}}",
			    f->last_body);
	hook_sign(&expected, secrets, f->last_body, f->timestamps[0]);
	assert_memory_equal(buf_str(&expected), f->last_signature, 79);
	assert_int_equal(0, journalled(f));
}

static void refusals_are_retried_with_fresh_timestamps(void **state)
{
	struct fixture *f = *state;
	auto_unref struct hooks *hooks = make(f, 5);

	f->refused_first = 3;
	fire(f, hooks);
	run_until_received(f, hooks, 4, 0);
	assert_string_not_equal(f->timestamps[0], f->timestamps[1]);
	assert_string_not_equal(f->timestamps[1], f->timestamps[3]);
}

static void retries_end(void **state)
{
	struct fixture *f = *state;
	auto_unref struct hooks *hooks = make(f, 1);

	f->refused_first = 100;
	fire(f, hooks);
	run_until_received(f, hooks, 1 + HOOK_MAX_RETRIES, 0);
	assert_int_equal(0, journalled(f));
}

static void pending_delivery_survives_a_restart(void **state)
{
	struct fixture *f = *state;
	struct hooks *hooks = make(f, 2000); /* it is gone by then */
	auto_unref struct hooks *next = NULL;

	f->refused_first = 1;
	fire(f, hooks);
	run_until_received(f, hooks, 1, 1);
	mem_unref(hooks);
	assert_int_equal(1, journalled(f));
	next = make(f, 300);
	assert_int_equal(1, hooks_pending(next));
	run_until_received(f, next, 2, 0);
	assert_int_equal(0, journalled(f));
}

static void account_webhooks_are_checked_kept_and_told(void **state)
{
	struct fixture *f = *state;
	struct hooks *hooks = make(f, 10);
	auto_unref struct hooks *next = NULL;
	auto_json json_t *good = json_pack("{sss[s]}", "url", f->url, "events", "call.started");
	auto_json json_t *bad = json_pack("{sss[s]}", "url", "nowhere", "events", "call.lost");
	auto_json json_t *errors = json_object(), *call = json_pack("{ss}", "callId", "c-2");
	const json_t *webhook = NULL;

	assert_true(hooks_create(hooks, bad, &webhook, errors) < 0);
	assert_non_null(json_object_get(errors, "url"));
	assert_non_null(json_object_get(errors, "events"));
	assert_int_equal(0, hooks_create(hooks, good, &webhook, errors));
	hooks_fire(hooks, "call.started", call, NULL);
	hooks_fire(hooks, "call.ended", call, NULL);
	run_until_received(f, hooks, 1, 0);
	mem_unref(hooks);
	next = make(f, 10);
	hooks_fire(next, "call.started", call, NULL);
	run_until_received(f, next, 2, 0);
}

#define T(test_) cmocka_unit_test_setup_teardown(test_, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signature_is_that_of_the_reference),
		T(delivery_is_signed_and_forgotten_once_acknowledged),
		T(refusals_are_retried_with_fresh_timestamps),
		T(retries_end),
		T(pending_delivery_survives_a_restart),
		T(account_webhooks_are_checked_kept_and_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
