/*
 * Protects who may do what, for every route there is: without credentials nobody passes; with a
 * role below the route's nobody passes and with it everybody does; a key passes with the scope
 * only; and an id of another tenant is 404, whatever the role. A route that has no row here fails
 * the test, so that nobody forgets.
 */
#include "unit/platform/access_fixture.h"
#include "unit/platform/fixture.h"

#include "platform/api/guard.h"
#include "platform/api/page.h"
#include "platform/permission.h"

#define TENANT_A  "01900000-0000-7000-8000-00000000000a"
#define LEAD_OF_B "01900000-0000-7000-8000-0000000000bb"
#define TENANT_B  "01900000-0000-7000-8000-00000000000b"

/* Who may: a role in a tenant of one's own; or no role decides. */
enum who { VIEWER, OPERATOR, ADMIN, OWNER, PUBLIC, SIGNED };

/* What a tenant's owner is answered about another's id. */
enum foreign { NONE, FOREIGN };

enum more {
	SOCKET = 1,   /* a WebSocket */
	OPERATED = 2, /* with the role, but only for owners of the first tenant */
	VENDOR = 4    /* asks a vendor, who is not here */
};

#define API "/api/v1"

static const struct route {
	const char *method;
	const char *pattern;
	enum who who;
	enum foreign foreign;
	const char *body; /* what reaches the lookup of the id */
	int more;
} routes[] = {
	{"GET", "/health", PUBLIC},
	{"GET", "/ready", PUBLIC},
	{"GET", "/metrics", PUBLIC},
	{"POST", API "/webhooks/twilio/voice", SIGNED},
	{"POST", API "/webhooks/twilio/connect/{call_id}", SIGNED},
	{"POST", API "/webhooks/twilio/status/{call_id}", SIGNED},
	{"POST", API "/webhooks/twilio/recording/{call_id}", SIGNED},
	{"POST", API "/webhooks/ultravox/events", SIGNED},
	{"GET", API "/webhooks/ultravox/data/{call_id}", SIGNED, .more = SOCKET},
	{"GET", API "/webhooks/twilio/listen/{token}", SIGNED, .more = SOCKET},

	{"POST", API "/auth/login", PUBLIC},
	{"POST", API "/auth/refresh", PUBLIC},
	{"POST", API "/auth/logout", PUBLIC},
	{"POST", API "/auth/invitation", PUBLIC},
	{"POST", API "/auth/accept", PUBLIC},
	{"GET", API "/brand", PUBLIC},
	{"GET", API "/auth/me", VIEWER},
	{"PATCH", API "/auth/me", VIEWER},
	{"POST", API "/auth/password", VIEWER},
	{"POST", API "/auth/tenant", VIEWER, FOREIGN, "{\"tenant_id\":\"" TENANT_B "\"}"},
	{"GET", API "/auth/sign-ins", VIEWER},
	{"DELETE", API "/auth/sign-ins/{sign_in_id}", VIEWER, FOREIGN},

	{"GET", API "/users", ADMIN},
	{"GET", API "/users/{user_id}", ADMIN, FOREIGN},
	{"PATCH", API "/users/{user_id}", ADMIN, FOREIGN, "{\"role\":\"viewer\"}"},
	{"DELETE", API "/users/{user_id}", ADMIN, FOREIGN},
	{"POST", API "/users/invite", ADMIN},
	{"GET", API "/users/invitations", ADMIN},
	{"DELETE", API "/users/invitations/{invitation_id}", ADMIN, FOREIGN},

	{"GET", API "/tenants", VIEWER},
	{"POST", API "/tenants", OWNER, .more = OPERATED},
	{"GET", API "/tenants/{tenant_id}", VIEWER, FOREIGN},
	{"PATCH", API "/tenants/{tenant_id}", OWNER, FOREIGN, "{\"name\":\"mine\"}"},

	{"GET", API "/keys", ADMIN},
	{"POST", API "/keys", ADMIN},
	{"GET", API "/keys/{key_id}", ADMIN, FOREIGN},
	{"DELETE", API "/keys/{key_id}", ADMIN, FOREIGN},

	{"GET", API "/audit", ADMIN},
	{"GET", API "/live", VIEWER, .more = SOCKET},
	{"POST", API "/live/ticket", VIEWER},

	{"GET", API "/calls", VIEWER},
	{"GET", API "/calls/", VIEWER},
	{"GET", API "/calls/export.csv", VIEWER},
	{"GET", API "/calls/active/list", VIEWER},
	{"GET", API "/calls/dashboard/analytics", VIEWER},
	{"GET", API "/analytics", VIEWER},
	{"GET", API "/calls/{call_id}", VIEWER, FOREIGN},
	{"GET", API "/calls/{call_id}/transcript", VIEWER, FOREIGN},
	{"GET", API "/calls/{call_id}/summary", VIEWER, FOREIGN},
	{"GET", API "/calls/{call_id}/events", VIEWER, FOREIGN},
	{"GET", API "/calls/{call_id}/recording", VIEWER, FOREIGN},
	{"POST", API "/calls/{call_id}/recording/link", VIEWER, FOREIGN},
	{"GET", API "/calls/{call_id}/links", VIEWER, FOREIGN},
	{"POST", API "/calls/{call_id}/links", VIEWER, FOREIGN},
	{"DELETE", API "/calls/{call_id}/links/{link_id}", VIEWER, FOREIGN},
	{"GET", API "/recordings/{token}", PUBLIC}, /* the link itself is signed */
	{"GET", API "/shared/{token}", PUBLIC},
	{"POST", API "/calls/initiate", OPERATOR},
	{"POST", API "/calls/{call_id}/end", OPERATOR, FOREIGN},
	{"POST", API "/calls/{call_id}/analyze", OPERATOR, FOREIGN},
	{"POST", API "/calls/{call_id}/analyse", OPERATOR, FOREIGN},
	{"GET", API "/talk", OPERATOR, .more = SOCKET},
	{"GET", API "/calls/{call_id}/listen", OPERATOR, .more = SOCKET},
	{"POST", API "/calls/{call_id}/say", OPERATOR, FOREIGN, "{\"text\":\"mine\"}"},
	{"POST", API "/calls/{call_id}/instruct", OPERATOR, FOREIGN, "{\"text\":\"mine\"}"},
	{"GET", API "/calls/{call_id}/payloads", ADMIN, FOREIGN},
	{"GET", API "/calls/{call_id}/notes", VIEWER, FOREIGN},
	{"POST", API "/calls/{call_id}/notes", OPERATOR, FOREIGN, "{\"text\":\"mine\"}"},

	{"GET", API "/agents", VIEWER},
	{"POST", API "/agents", ADMIN},
	{"GET", API "/agents/{name}", VIEWER, FOREIGN},
	{"PUT", API "/agents/{name}", ADMIN, FOREIGN, "{\"config\":{\"model\":\"m\"}}"},
	{"DELETE", API "/agents/{name}", ADMIN, FOREIGN},
	{"DELETE", API "/agents/{name}/draft", ADMIN, FOREIGN},
	{"POST", API "/agents/{name}/publish", ADMIN, FOREIGN, "{}"},
	{"POST", API "/agents/{name}/rollback", ADMIN, FOREIGN, "{\"version\":1}"},
	{"GET", API "/agents/{name}/versions", VIEWER, FOREIGN},
	{"GET", API "/agents/{name}/versions/{version}", VIEWER, FOREIGN},
	{"GET", API "/agents/{name}/diff", VIEWER, FOREIGN},
	{"GET", API "/flows/{name}", VIEWER},

	{"GET", API "/voices", VIEWER, .more = VENDOR},
	{"GET", API "/voices/{name}/preview", VIEWER, .more = VENDOR},

	{"GET", API "/numbers", VIEWER},
	{"POST", API "/numbers", ADMIN, .more = OPERATED},
	{"POST", API "/numbers/import", ADMIN, .more = OPERATED},
	{"GET", API "/numbers/{number}", VIEWER, FOREIGN},
	{"PATCH", API "/numbers/{number}", ADMIN, FOREIGN, "{\"label\":\"mine\"}"},
	{"DELETE", API "/numbers/{number}", ADMIN, FOREIGN},
	{"POST", API "/numbers/{number}/webhooks", ADMIN, FOREIGN},

	{"POST", API "/leads", PUBLIC},
	{"GET", API "/leads", OPERATOR},
	{"GET", API "/leads/export.csv", OPERATOR},
	{"GET", API "/leads/{lead_id}", OPERATOR, FOREIGN},
	{"DELETE", API "/leads/{lead_id}", ADMIN, FOREIGN},

	{"GET", API "/webhooks", ADMIN},
	{"POST", API "/webhooks", ADMIN},
	{"GET", API "/webhooks/events", ADMIN},
	{"GET", API "/webhooks/{webhook_id}", ADMIN, FOREIGN},
	{"PATCH", API "/webhooks/{webhook_id}", ADMIN, FOREIGN, "{\"description\":\"mine\"}"},
	{"DELETE", API "/webhooks/{webhook_id}", ADMIN, FOREIGN},
	{"POST", API "/webhooks/{webhook_id}/rotate", ADMIN, FOREIGN},
	{"POST", API "/webhooks/{webhook_id}/pause", ADMIN, FOREIGN},
	{"POST", API "/webhooks/{webhook_id}/resume", ADMIN, FOREIGN},
	{"POST", API "/webhooks/{webhook_id}/test", ADMIN, FOREIGN},
	{"POST", API "/webhooks/{webhook_id}/replay", ADMIN, FOREIGN,
	 "{\"from\":\"2026-01-01T00:00:00Z\",\"to\":\"2026-02-01T00:00:00Z\"}"},
	{"GET", API "/webhooks/{webhook_id}/deliveries", ADMIN, FOREIGN},
	{"GET", API "/webhooks/{webhook_id}/deliveries/{event_id}", ADMIN, FOREIGN},
	{"POST", API "/webhooks/{webhook_id}/deliveries/{event_id}/replay", ADMIN, FOREIGN},

	{"GET", API "/jobs", ADMIN},
	{"POST", API "/jobs/replay", ADMIN},
	{"POST", API "/jobs/{job_id}/replay", ADMIN, FOREIGN},

	{"GET", API "/limits", OPERATOR},
	{"PUT", API "/limits", ADMIN},

	{"GET", API "/retention", ADMIN},
	{"PUT", API "/retention", ADMIN},
	{"POST", API "/erasures", ADMIN},
	{"GET", API "/erasures", ADMIN},
	{"GET", API "/erasures/{erasure_id}", ADMIN, FOREIGN},
};

static const char *const emails[] = {"viewer@a.example", "operator@a.example", "admin@a.example",
				     "owner@a.example"};

/* ---- every route has a row, every row a route ---- */

static const struct route *find(const char *method, const char *pattern)
{
	for (size_t i = 0; i < ARRAY_LEN(routes); i++)
		if (str_equal(routes[i].method, method) && str_equal(routes[i].pattern, pattern))
			return &routes[i];
	return NULL;
}

struct census {
	const struct guard *guard;
	size_t found;
};

static void check_route(const char *method, const char *pattern, bool websocket, void *arg)
{
	struct census *census = arg;
	const struct route *row = find(method, pattern);
	enum permission permission = PERM_PROFILE;
	bool guarded = guard_permission(census->guard, method, pattern, &permission);

	if (page_has(pattern)) {
		assert_false(guarded);
		return;
	}
	if (!row)
		fail_msg("%s %s has no row in this test: who may use it?", method, pattern);
	census->found++;
	assert_int_equal(websocket, (row->more & SOCKET) != 0);
	if (guarded != (row->who <= OWNER))
		fail_msg("%s %s is %sbehind the guard", method, pattern, guarded ? "" : "not ");
	if (guarded && (int)permission_least_role(permission) != (int)row->who)
		fail_msg("%s %s takes a %s", method, pattern,
			 role_name(permission_least_role(permission)));
}

static void every_route_has_a_row(void **state)
{
	struct access *a = *state;
	struct census census = {.guard = a->platform->api.guard};

	http_server_each_route(a->platform->server, check_route, &census);
	assert_int_equal(ARRAY_LEN(routes), census.found);
}

/* ---- requests ---- */

/* What stands for a "{name}" of a pattern. */
struct values {
	char call_id[UUID_SIZE];
	char user_id[UUID_SIZE];
	char sign_in_id[UUID_SIZE];
	char invitation_id[UUID_SIZE];
	char tenant_id[UUID_SIZE];
	char key_id[UUID_SIZE];
	char webhook_id[UUID_SIZE];
	char event_id[UUID_SIZE];
	char erasure_id[UUID_SIZE];
	char lead_id[UUID_SIZE];
	char job_id[UUID_SIZE];
	char link_id[UUID_SIZE];
	char name[32];
	char number[32];
};

static const char *value_of(const struct values *values, const char *name, size_t len)
{
	const struct {
		const char *name, *value;
	} known[] = {
		{"call_id", values->call_id},
		{"user_id", values->user_id},
		{"sign_in_id", values->sign_in_id},
		{"invitation_id", values->invitation_id},
		{"tenant_id", values->tenant_id},
		{"key_id", values->key_id},
		{"webhook_id", values->webhook_id},
		{"event_id", values->event_id},
		{"erasure_id", values->erasure_id},
		{"lead_id", values->lead_id},
		{"name", values->name},
		{"job_id", values->job_id},
		{"link_id", values->link_id},
		{"number", values->number},
		{"version", "1"},
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strlen(known[i].name) == len && !strncmp(known[i].name, name, len))
			return known[i].value;
	fail_msg("what is a {%.*s}?", (int)len, name);
	return "";
}

/* Owned by the caller. */
static char *target_of(const char *pattern, const struct values *values)
{
	struct buf target = {0};

	for (const char *c = pattern; *c; c++) {
		size_t len = strcspn(c, "}");

		if (*c != '{') {
			buf_append_char(&target, *c);
			continue;
		}
		buf_append_str(&target, value_of(values, c + 1, len - 1));
		c += len;
	}
	return buf_steal(&target);
}

/* Ids that nobody has. */
static struct values nobodys(void)
{
	struct values values = {.name = "nobodys-agent", .number = "+15550199999"};

	uuid_new(values.call_id);
	uuid_new(values.user_id);
	uuid_new(values.sign_in_id);
	uuid_new(values.invitation_id);
	uuid_new(values.tenant_id);
	uuid_new(values.key_id);
	uuid_new(values.webhook_id);
	uuid_new(values.event_id);
	uuid_new(values.erasure_id);
	uuid_new(values.lead_id);
	uuid_new(values.job_id);
	uuid_new(values.link_id);
	return values;
}

static int try(struct access *a, const struct route *route, const char *authorization,
	       const struct values *values, const char *body)
{
	char *auto_free target = target_of(route->pattern, values);

	a->asker.authorization = authorization;
	return ask(&a->asker, route->method, target, body);
}

static void make_tenants(struct access *a)
{
	base_sql(&a->base, "INSERT INTO tenant (id, name, created_at) VALUES ('" TENANT_A
			   "', 'A', 0), ('" TENANT_B "', 'B', 0)");
}

static void nobody_passes_without_credentials(void **state)
{
	static const char *const bad[] = {
		NULL,
		"Bearer ",
		"Bearer x",
		"Basic b3duZXI6b3duZXI=",
		"Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.",
		"Bearer "
		"vai_0123456789ab_0123456789abcdef0123456789abcdef0123456789abcdef",
	};
	struct access *a = *state;
	struct values values = nobodys();

	for (size_t i = 0; i < ARRAY_LEN(routes); i++)
		for (size_t b = 0; b < ARRAY_LEN(bad); b++) {
			if (routes[i].who > OWNER || routes[i].more & SOCKET)
				continue;
			if (try(a, &routes[i], bad[b], &values, routes[i].body) != 401)
				fail_msg("%s %s with \"%s\": %d", routes[i].method,
					 routes[i].pattern, bad[b], a->asker.status);
		}
}

static void vendors_are_let_in_by_their_signature_only(void **state)
{
	struct access *a = *state;
	struct values values = nobodys();
	char *auto_free token = join(a, "default", "owner@example.com", ROLE_OWNER);

	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (routes[i].who != SIGNED || routes[i].more & SOCKET)
			continue;
		if (try(a, &routes[i], token, &values, NULL) != 403)
			fail_msg("%s: %d", routes[i].pattern, a->asker.status);
		assert_string_equal("invalid_signature", error_code(&a->asker));
	}
}

static void a_role_does_what_it_may_and_no_more(void **state)
{
	struct access *a = *state;
	struct values values = nobodys();

	make_tenants(a);
	/* The owner first: the others are not the last one. */
	for (int role = ROLE_OWNER; role >= ROLE_VIEWER; role--) {
		char *auto_free token = join(a, TENANT_A, emails[role], (enum role)role);

		for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
			const struct route *route = &routes[i];
			bool may = (int)route->who <= role && !(route->more & OPERATED);
			int status;

			if (route->who > OWNER || route->more & SOCKET)
				continue;
			status = try(a, route, token, &values, NULL);
			if (may ? status == 401 || status == 403 : status != 403)
				fail_msg("%s %s as %s: %d", route->method, route->pattern,
					 role_name((enum role)role), status);
			if (status >= 500 && !(route->more & VENDOR))
				fail_msg("%s %s: %s", route->method, route->pattern, a->asker.text);
		}
	}
}

static char *make_key(struct access *a, const char *token, const char *scopes)
{
	char *auto_free body = mem_printf("{\"name\":\"k\",\"scopes\":[%s]}", scopes);

	a->asker.authorization = token;
	if (ask(&a->asker, "POST", API "/keys", body) != 201)
		fail_msg("%s", a->asker.text);
	return mem_printf("Bearer %s", answer_str(&a->asker, "key"));
}

static void a_key_does_what_its_scopes_say(void **state)
{
	struct access *a = *state;
	struct values values = nobodys();
	char *auto_free owner = NULL;

	make_tenants(a);
	owner = join(a, TENANT_A, "owner@a.example", ROLE_OWNER);
	for (int p = 0; p < PERMISSION_COUNT; p++) {
		char *auto_free scope = mem_printf("\"%s\"", permission_name((enum permission)p));
		char *auto_free key = make_key(a, owner, scope);

		for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
			const struct route *route = &routes[i];
			enum permission needed;
			int status;

			if (route->who > OWNER || route->more)
				continue;
			assert_true(guard_permission(a->platform->api.guard, route->method,
						     route->pattern, &needed));
			if ((int)needed != p && (i + (size_t)p) % 7)
				continue; /* a sample of what it may not */
			status = try(a, route, key, &values, NULL);
			/* What only people do is refused with any scope. */
			if ((int)needed == p ? status == 401 : status != 403)
				fail_msg("%s %s with %s: %d", route->method, route->pattern, scope,
					 status);
		}
	}
}

/* ---- what is another's ---- */

static void want(struct access *a, const char *method, const char *target, const char *body,
		 const char *member, char *out, size_t size)
{
	if (ask(&a->asker, method, target, body) >= 300)
		fail_msg("%s %s: %s", method, target, a->asker.text);
	if (member)
		str_copy(out, size, answer_str(&a->asker, member));
}

static void take_sql(struct access *a, const char *sql, char *out)
{
	str_copy(out, UUID_SIZE, base_sql(&a->base, sql).text);
	assert_string_not_equal("", out);
}

/* One of everything in tenant B; its owner's token, owned by the caller. */
static char *furnish(struct access *a, struct values *values)
{
	char *auto_free operator= join(a, "default", "operator@example.com", ROLE_OWNER);
	char *owner = join(a, TENANT_B, "owner@b.example", ROLE_OWNER);
	char target[128];

	*values = (struct values){
		.tenant_id = TENANT_B, .name = "agent-of-b", .number = "+15550177777"};
	a->asker.authorization = operator;
	want(a, "POST", API "/numbers",
	     "{\"number\":\"+15550177777\",\"tenant_id\":\"" TENANT_B "\"}", NULL, NULL, 0);
	a->asker.authorization = owner;
	want(a, "POST", API "/calls/initiate", "{\"phone_number\":\"+15550188888\"}", "call_id",
	     values->call_id, UUID_SIZE);
	want(a, "POST", API "/agents", "{\"name\":\"agent-of-b\",\"config\":{\"model\":\"m\"}}",
	     NULL, NULL, 0);
	want(a, "POST", API "/agents/agent-of-b/publish", "{}", NULL, NULL, 0);
	want(a, "PUT", API "/agents/agent-of-b", "{\"config\":{\"model\":\"n\"}}", NULL, NULL, 0);
	want(a, "POST", API "/webhooks",
	     "{\"url\":\"https://example.com/hook\",\"events\":[\"call.created\"]}", "id",
	     values->webhook_id, UUID_SIZE);
	snprintf(target, sizeof(target), API "/webhooks/%s/test", values->webhook_id);
	want(a, "POST", target, NULL, NULL, NULL, 0);
	want(a, "POST", API "/erasures", "{\"phone_number\":\"+15550166666\"}", NULL, NULL, 0);
	want(a, "POST", API "/users/invite", "{\"email\":\"new@b.example\",\"role\":\"viewer\"}",
	     "id", values->invitation_id, UUID_SIZE);
	want(a, "POST", API "/keys", "{\"name\":\"k\",\"scopes\":[\"calls:read\"]}", "id",
	     values->key_id, UUID_SIZE);
	base_sql(&a->base,
		 "INSERT INTO lead (tenant_id, id, name, email, email_hash, consent, call_back, "
		 "call_back_state, origin, repeats, created_at, updated_at) VALUES ('" TENANT_B
		 "', '" LEAD_OF_B "', 'n', 'e', 'h', 0, 0, 'none', 'https://b.example', 0, 1, 1)");
	str_copy(values->lead_id, UUID_SIZE, LEAD_OF_B);
	take_sql(a, "SELECT user_id FROM membership WHERE tenant_id = '" TENANT_B "'",
		 values->user_id);
	take_sql(a, "SELECT id FROM sign_in WHERE tenant_id = '" TENANT_B "'", values->sign_in_id);
	take_sql(a, "SELECT id FROM job WHERE tenant_id = '" TENANT_B "' LIMIT 1", values->job_id);
	take_sql(a, "SELECT id FROM erasure WHERE tenant_id = '" TENANT_B "'", values->erasure_id);
	take_sql(a,
		 "SELECT event_id FROM webhook_delivery WHERE tenant_id = '" TENANT_B "' LIMIT 1",
		 values->event_id);
	return owner;
}

static void what_is_not_yours_is_not_there(void **state)
{
	static const char *const never[] = {"/summary", "/recording"}; /* a call has none yet */
	struct access *a = *state;
	char *auto_free theirs = NULL, *auto_free mine = NULL;
	struct values values;

	make_tenants(a);
	theirs = furnish(a, &values);
	mine = join(a, TENANT_A, "owner@a.example", ROLE_OWNER);
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		const struct route *route = &routes[i];
		bool there = true;

		if (!route->foreign)
			continue;
		if (try(a, route, mine, &values, route->body) != 404)
			fail_msg("%s %s of another: %d %s", route->method, route->pattern,
				 a->asker.status, a->asker.text);
		for (size_t n = 0; n < ARRAY_LEN(never); n++)
			there = there && !str_has_suffix(route->pattern, never[n]);
		if (!there || !str_equal(route->method, "GET"))
			continue;
		/* It is not just the wrong id. */
		if (try(a, route, theirs, &values, NULL) != 200)
			fail_msg("%s %s of one's own: %d %s", route->method, route->pattern,
				 a->asker.status, a->asker.text);
	}
	/* And nothing was changed. */
	a->asker.authorization = theirs;
	assert_int_equal(200, ask(&a->asker, "GET", API "/agents/agent-of-b", NULL));
	assert_int_equal(200, ask(&a->asker, "GET", API "/auth/me", NULL));
}

/* Lists, figures and the log say nothing about another tenant. */
static void lists_hold_ones_own(void **state)
{
	static const struct {
		const char *target, *member;
		size_t count;
	} rows[] = {
		{API "/calls", "calls", 0},
		{API "/calls/active/list", "calls", 0},
		{API "/numbers", "numbers", 0},
		{API "/leads", "leads", 0},
		{API "/webhooks", "webhooks", 0},
		{API "/erasures", "erasures", 0},
		{API "/users", "users", 1},
		{API "/users/invitations", "invitations", 0},
		{API "/keys", "keys", 0},
		{API "/tenants", "tenants", 1},
		{API "/audit?action=api_key.create", "entries", 0},
		{API "/audit?action=call.create", "entries", 0},
	};
	struct access *a = *state;
	char *auto_free theirs = NULL, *auto_free mine = NULL;
	struct values values;

	make_tenants(a);
	theirs = furnish(a, &values);
	mine = join(a, TENANT_A, "owner@a.example", ROLE_OWNER);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const json_t *list;

		a->asker.authorization = mine;
		assert_int_equal(200, ask(&a->asker, "GET", rows[i].target, NULL));
		list = json_object_get(a->asker.json, rows[i].member);
		if (!json_is_array(list) || json_array_size(list) != rows[i].count)
			fail_msg("%s: %s", rows[i].target, a->asker.text);
		a->asker.authorization = theirs;
		assert_int_equal(200, ask(&a->asker, "GET", rows[i].target, NULL));
		list = json_object_get(a->asker.json, rows[i].member);
		if (json_array_size(list) < 1)
			fail_msg("%s of one's own: %s", rows[i].target, a->asker.text);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		ACCESS_TEST(every_route_has_a_row),
		ACCESS_TEST(nobody_passes_without_credentials),
		ACCESS_TEST(vendors_are_let_in_by_their_signature_only),
		ACCESS_TEST(a_role_does_what_it_may_and_no_more),
		ACCESS_TEST(a_key_does_what_its_scopes_say),
		ACCESS_TEST(what_is_not_yours_is_not_there),
		ACCESS_TEST(lists_hold_ones_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
