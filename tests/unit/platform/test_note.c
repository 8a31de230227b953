/*
 * Protects notes about calls and what vendors sent: written by whoever may, told live, sealed,
 * listed, bounded, and gone with the call's words.
 */
#include "unit/platform/access_fixture.h"

#include "platform/call_table.h"
#include "platform/store/call_payload.h"
#include "platform/store/call_purge.h"

struct making {
	bool done;
	char id[UUID_SIZE];
};

static void on_made(int err, struct call *call, bool changed, void *arg)
{
	struct making *making = arg;

	assert_int_equal(0, err);
	str_copy(making->id, sizeof(making->id), call->id);
	making->done = true;
}

static void make_call(struct access *a, struct making *making)
{
	struct call_params params = {.tenant_id = STORE_TENANT, .phone_number = "+15551234567"};

	*making = (struct making){0};
	call_table_create(a->platform->api.calls, &params, on_made, making);
	base_wait(&a->base, &making->done);
}

static char *of_call(const struct making *call, const char *what)
{
	return mem_printf("/api/v1/calls/%s/%s", call->id, what);
}

static void notes_have_an_author_and_are_sealed(void **state)
{
	struct access *a = *state;
	char *auto_free token = join(a, STORE_TENANT, "ann@example.com", ROLE_OPERATOR);
	struct making call;
	char *auto_free target = NULL;
	const json_t *note;

	make_call(a, &call);
	target = of_call(&call, "notes");
	a->asker.authorization = token;
	assert_int_equal(201, ask(&a->asker, "POST", target, "{\"text\":\"Call after six.\"}"));
	assert_int_equal(201, ask(&a->asker, "POST", target, "{\"text\":\"Likes tulips.\"}"));
	assert_int_equal(400, ask(&a->asker, "POST", target, "{\"text\":\"\"}"));
	assert_int_equal(400, ask(&a->asker, "POST", target, "{}"));
	assert_int_equal(200, ask(&a->asker, "GET", target, NULL));
	assert_int_equal(2, json_array_size(json_object_get(a->asker.json, "notes")));
	note = json_array_get(json_object_get(a->asker.json, "notes"), 0);
	assert_string_equal("Likes tulips.", json_get_str(note, "text", ""));
	assert_string_equal("user", json_get_str(json_object_get(note, "author"), "kind", ""));
	assert_true(*json_get_str(json_object_get(note, "author"), "name", ""));
	assert_int_equal(2, base_int(&a->base, "SELECT count(*) FROM audit_log WHERE action = "
					       "'call.note'"));
}

static void on_batch_done(int err, struct db_result *const *results, size_t failed, void *arg)
{
	assert_int_equal(0, err);
	*(bool *)arg = true;
}

static void run(struct access *a, struct batch *batch)
{
	bool done = false;

	batch_run(batch, NULL, a->base.db, on_batch_done, &done);
	base_wait(&a->base, &done);
}

static void add_payload(struct access *a, const struct making *call, const char *body)
{
	struct batch batch auto_batch = {0};
	char id[UUID_SIZE];
	struct store_payload payload = {.tenant_id = STORE_TENANT,
					.call_id = call->id,
					.id = id,
					.source = "twilio",
					.kind = "status",
					.content_type = "application/x-www-form-urlencoded",
					.body = body,
					.size_bytes = (int64_t)strlen(body),
					.at = 1};

	uuid_new(id);
	store_payload_insert(&batch, &payload);
	run(a, &batch);
}

static void payloads_are_for_admins_and_bounded(void **state)
{
	struct access *a = *state;
	char *auto_free writer = join(a, STORE_TENANT, "ann@example.com", ROLE_OPERATOR);
	char *auto_free admin = join(a, STORE_TENANT, "bob@example.com", ROLE_ADMIN);
	struct making call;
	char *auto_free target = NULL;
	const json_t *first;

	make_call(a, &call);
	target = of_call(&call, "payloads");
	add_payload(a, &call, "CallStatus=ringing");
	assert_int_equal(0, base_int(&a->base, "SELECT count(*) FROM call_payload WHERE body LIKE "
					       "'%ringing%' AND body NOT LIKE 's1.%'"));
	for (int i = 0; i < STORE_PAYLOADS_A_CALL; i++)
		add_payload(a, &call, "CallStatus=completed");
	a->asker.authorization = writer;
	assert_int_equal(403, ask(&a->asker, "GET", target, NULL));
	a->asker.authorization = admin;
	assert_int_equal(200, ask(&a->asker, "GET", target, NULL));
	assert_int_equal(STORE_PAYLOADS_A_CALL,
			 json_array_size(json_object_get(a->asker.json, "payloads")));
	first = json_array_get(json_object_get(a->asker.json, "payloads"), 0);
	assert_string_equal("CallStatus=ringing", json_get_str(first, "body", ""));
	assert_true(json_is_false(json_object_get(first, "truncated")));
}

static void both_go_with_the_words(void **state)
{
	struct access *a = *state;
	char *auto_free admin = join(a, STORE_TENANT, "bob@example.com", ROLE_ADMIN);
	struct batch batch auto_batch = {0};
	struct making call;
	char *auto_free notes = NULL, *auto_free payloads = NULL;

	make_call(a, &call);
	notes = of_call(&call, "notes");
	payloads = of_call(&call, "payloads");
	add_payload(a, &call, "CallStatus=completed");
	a->asker.authorization = admin;
	assert_int_equal(201, ask(&a->asker, "POST", notes, "{\"text\":\"A note.\"}"));
	store_purge_words(&batch, STORE_TENANT, call.id);
	run(a, &batch);
	ask(&a->asker, "GET", notes, NULL);
	assert_int_equal(0, json_array_size(json_object_get(a->asker.json, "notes")));
	ask(&a->asker, "GET", payloads, NULL);
	assert_int_equal(0, json_array_size(json_object_get(a->asker.json, "payloads")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ACCESS_TEST(notes_have_an_author_and_are_sealed),
		ACCESS_TEST(payloads_are_for_admins_and_bounded),
		ACCESS_TEST(both_go_with_the_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
