/*
 * Protects links to a call: they show what was said under masked numbers and nothing else of the
 * tenant, to whoever has one, until they run out or are taken back, by whoever made them or may do
 * something to calls; nobody makes one who may not hear the recording.
 */
#include "unit/platform/access_fixture.h"

#include "platform/call_table.h"
#include "platform/transcript.h"

#define NUMBER "+15551234567"

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

static void on_noted(int err, void *arg)
{
	assert_int_equal(0, err);
	*(bool *)arg = true;
}

static void make_call(struct access *a, struct making *making)
{
	struct call_params params = {.tenant_id = STORE_TENANT,
				     .phone_number = NUMBER,
				     .system_prompt = "Sell them a boat."};
	struct transcript_turn turn = {
		.tenant_id = STORE_TENANT, .speaker = "agent", .text = "Good day.", .at = 1};
	bool done = false;

	*making = (struct making){0};
	call_table_create(a->platform->api.calls, &params, on_made, making);
	base_wait(&a->base, &making->done);
	turn.call_id = making->id;
	assert_int_equal(0, transcript_final(a->platform->api.calls, &turn, on_noted, &done));
	base_wait(&a->base, &done);
}

/* Where GET /api/v1/shared/ leads by a link just made; owned by the caller. */
static char *link_to(struct access *a, const struct making *call, const char *body)
{
	char *auto_free target = mem_printf("/api/v1/calls/%s/links", call->id);
	const char *token;

	if (ask(&a->asker, "POST", target, body) != 201)
		fail_msg("%s", a->asker.text);
	token = strstr(answer_str(&a->asker, "url"), "/shared/");
	assert_non_null(token);
	return mem_printf("/api/v1%s", token);
}

static void a_link_shows_the_call_and_nothing_else(void **state)
{
	static const char *const shown[] = {
		"expires_at", "status",     "direction", "phone_number",     "from_number",
		"created_at", "started_at", "ended_at",  "duration_seconds", "transcript",
		"summary",    "recording",  "brand",
	};
	struct access *a = *state;
	char *auto_free token = join(a, STORE_TENANT, "ann@example.com", ROLE_VIEWER);
	char *auto_free target = NULL;
	struct making call;

	make_call(a, &call);
	a->asker.authorization = token;
	target = link_to(a, &call, NULL);
	a->asker.authorization = NULL;
	a->asker.header_name = "x-robots-tag";
	assert_int_equal(200, ask(&a->asker, "GET", target, NULL));
	assert_string_equal("noindex", a->asker.header);
	assert_string_equal("+1***4567", answer_str(&a->asker, "phone_number"));
	assert_non_null(strstr(a->asker.text, "Good day."));
	assert_int_equal(ARRAY_LEN(shown), json_object_size(a->asker.json));
	for (size_t i = 0; i < ARRAY_LEN(shown); i++)
		assert_non_null(json_object_get(a->asker.json, shown[i]));
	assert_null(strstr(a->asker.text, NUMBER));
	assert_int_equal(1, base_int(&a->base, "SELECT count(*) FROM audit_log WHERE action = "
					       "'call.link'"));
}

static void it_opens_nothing_when_it_was_changed(void **state)
{
	struct access *a = *state;
	char *auto_free token = join(a, STORE_TENANT, "ann@example.com", ROLE_VIEWER);
	char *auto_free target = NULL;
	struct making call, other;
	char *at;

	make_call(a, &call);
	make_call(a, &other);
	a->asker.authorization = token;
	target = link_to(a, &call, NULL);
	a->asker.authorization = NULL;
	at = strstr(target, call.id);
	memcpy(at, other.id, strlen(other.id));
	assert_int_equal(403, ask(&a->asker, "GET", target, NULL));
	memcpy(at, call.id, strlen(call.id));
	at = strstr(target, ".c.");
	at[1] = 'i';
	assert_int_equal(403, ask(&a->asker, "GET", target, NULL));
	at[1] = 'c';
	assert_int_equal(200, ask(&a->asker, "GET", target, NULL));
}

static void it_expires(void **state)
{
	struct access *a = *state;
	char *auto_free token = join(a, STORE_TENANT, "ann@example.com", ROLE_VIEWER);
	char *auto_free target = NULL;
	struct making call;
	int64_t now = clock_wall_us();

	make_call(a, &call);
	a->asker.authorization = token;
	target = link_to(a, &call, "{\"expires_in\":60}");
	a->asker.authorization = NULL;
	assert_int_equal(200, ask(&a->asker, "GET", target, NULL));
	clock_fake_wall_us(now + 120 * 1000000LL);
	assert_int_equal(410, ask(&a->asker, "GET", target, NULL));
}

/* The id of the only link there is, as the list has it; owned by the caller. */
static char *only_link(struct access *a, const struct making *call)
{
	char *auto_free list = mem_printf("/api/v1/calls/%s/links", call->id);
	const json_t *links, *link;

	assert_int_equal(200, ask(&a->asker, "GET", list, NULL));
	links = json_object_get(a->asker.json, "links");
	assert_int_equal(1, json_array_size(links));
	link = json_array_get(links, 0);
	assert_string_equal("call", json_get_str(link, "scope", ""));
	assert_string_equal("N", json_get_str(json_object_get(link, "author"), "name", ""));
	return mem_strdup(json_get_str(link, "link_id", ""));
}

static void it_opens_nothing_once_it_was_taken_back(void **state)
{
	struct access *a = *state;
	char *auto_free ann = join(a, STORE_TENANT, "ann@example.com", ROLE_VIEWER);
	char *auto_free bob = join(a, STORE_TENANT, "bob@example.com", ROLE_VIEWER);
	char *auto_free first = NULL, *auto_free second = NULL, *auto_free id = NULL;
	char *auto_free one = NULL, *auto_free elsewhere = NULL;
	struct making call, other;

	make_call(a, &call);
	make_call(a, &other);
	a->asker.authorization = ann;
	first = link_to(a, &call, NULL);
	id = only_link(a, &call);
	one = mem_printf("/api/v1/calls/%s/links/%s", call.id, id);
	elsewhere = mem_printf("/api/v1/calls/%s/links/%s", other.id, id);
	second = link_to(a, &call, NULL);
	assert_string_not_equal(first, second);

	a->asker.authorization = bob;
	assert_int_equal(403, ask(&a->asker, "DELETE", one, NULL));
	assert_int_equal(404, ask(&a->asker, "DELETE", elsewhere, NULL));
	a->asker.authorization = ann;
	assert_int_equal(204, ask(&a->asker, "DELETE", one, NULL));
	assert_int_equal(404, ask(&a->asker, "DELETE", one, NULL));
	assert_int_equal(1, base_int(&a->base, "SELECT count(*) FROM audit_log WHERE action = "
					       "'call.link_revoke'"));
	a->asker.authorization = NULL;
	assert_int_equal(410, ask(&a->asker, "GET", first, NULL));
	assert_int_equal(200, ask(&a->asker, "GET", second, NULL));
}

static void who_may_do_something_to_calls_takes_back_anybodys(void **state)
{
	struct access *a = *state;
	char *auto_free ann = join(a, STORE_TENANT, "ann@example.com", ROLE_VIEWER);
	char *auto_free ben = join(a, STORE_TENANT, "ben@example.com", ROLE_OPERATOR);
	char *auto_free target = NULL, *auto_free id = NULL, *auto_free one = NULL;
	struct making call;

	make_call(a, &call);
	a->asker.authorization = ann;
	target = link_to(a, &call, NULL);
	a->asker.authorization = ben;
	id = only_link(a, &call);
	one = mem_printf("/api/v1/calls/%s/links/%s", call.id, id);
	assert_int_equal(204, ask(&a->asker, "DELETE", one, NULL));
	a->asker.authorization = NULL;
	assert_int_equal(410, ask(&a->asker, "GET", target, NULL));
}

static void its_life_is_bounded(void **state)
{
	struct access *a = *state;
	char *auto_free token = join(a, STORE_TENANT, "ann@example.com", ROLE_VIEWER);
	char *auto_free target = NULL, *auto_free longest = NULL;
	struct making call;

	make_call(a, &call);
	a->asker.authorization = token;
	longest = link_to(a, &call, "{\"expires_in\":2592000}");
	target = mem_printf("/api/v1/calls/%s/links", call.id);
	assert_int_equal(400, ask(&a->asker, "POST", target, "{\"expires_in\":2592001}"));
	assert_int_equal(400, ask(&a->asker, "POST", target, "{\"expires_in\":59}"));
}

static void who_may_not_hear_the_recording_makes_none(void **state)
{
	struct access *a = *state;
	char *auto_free owner = join(a, STORE_TENANT, "ann@example.com", ROLE_OWNER);
	char *auto_free key = NULL, *auto_free target = NULL;
	struct making call;

	make_call(a, &call);
	target = mem_printf("/api/v1/calls/%s/links", call.id);
	a->asker.authorization = owner;
	assert_int_equal(201, ask(&a->asker, "POST", "/api/v1/keys",
				  "{\"name\":\"k\",\"scopes\":[\"calls:read\"]}"));
	key = mem_printf("Bearer %s", answer_str(&a->asker, "key"));
	a->asker.authorization = key;
	assert_int_equal(403, ask(&a->asker, "POST", target, NULL));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		ACCESS_TEST(a_link_shows_the_call_and_nothing_else),
		ACCESS_TEST(it_opens_nothing_when_it_was_changed),
		ACCESS_TEST(it_expires),
		ACCESS_TEST(it_opens_nothing_once_it_was_taken_back),
		ACCESS_TEST(who_may_do_something_to_calls_takes_back_anybodys),
		ACCESS_TEST(its_life_is_bounded),
		ACCESS_TEST(who_may_not_hear_the_recording_makes_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
