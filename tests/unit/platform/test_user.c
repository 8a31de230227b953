/*
 * Protects who is in a tenant, and what programs may do there: a tenant keeps its last active
 * owner, also when two owners leave at once; nobody changes somebody above them; who is deactivated
 * or taken out is out at once, with the keys they made; a key has no more than its maker has now,
 * an end, and is shown once; tenants are made and suspended by those who run the installation only.
 */
#include "unit/platform/access_fixture.h"
#include "unit/platform/fixture.h"

static char *target(const char *prefix, const char *id)
{
	return mem_printf("/api/v1/%s/%s", prefix, id);
}

static int as(struct access *a, const char *token, const char *method, const char *where,
	      const char *body)
{
	a->asker.authorization = token;
	return ask(&a->asker, method, where, body);
}

static void the_last_owner_stays(void **state)
{
	struct access *a = *state;
	char *auto_free owner = join(a, "default", "o@example.com", ROLE_OWNER);
	char *auto_free id = user_of(a, "o@example.com");
	char *auto_free me = target("users", id);
	char *auto_free second = NULL, *auto_free other = NULL;

	assert_int_equal(409, as(a, owner, "PATCH", me, "{\"role\":\"admin\"}"));
	assert_string_equal("last_owner", error_code(&a->asker));
	assert_int_equal(409, as(a, owner, "PATCH", me, "{\"status\":\"deactivated\"}"));
	assert_int_equal(409, as(a, owner, "DELETE", me, NULL));
	assert_int_equal(200, as(a, owner, "PATCH", me, "{\"role\":\"owner\"}"));
	/* One who is not active does not count. */
	second = join(a, "default", "p@example.com", ROLE_OWNER);
	mem_free(other);
	other = user_of(a, "p@example.com");
	mem_free(second);
	second = target("users", other);
	assert_int_equal(200, as(a, owner, "PATCH", second, "{\"status\":\"deactivated\"}"));
	assert_int_equal(409, as(a, owner, "DELETE", me, NULL));
	assert_int_equal(200, as(a, owner, "PATCH", second, "{\"status\":\"active\"}"));
	assert_int_equal(204, as(a, owner, "DELETE", me, NULL));
	assert_int_equal(401, as(a, owner, "GET", "/api/v1/auth/me", NULL));
}

static void nobody_changes_somebody_above(void **state)
{
	struct access *a = *state;
	char *auto_free owner = join(a, "default", "o@example.com", ROLE_OWNER);
	char *auto_free admin = join(a, "default", "a@example.com", ROLE_ADMIN);
	char *auto_free viewer = join(a, "default", "v@example.com", ROLE_VIEWER);
	char *auto_free owner_id = user_of(a, "o@example.com");
	char *auto_free viewer_id = user_of(a, "v@example.com");
	char *auto_free the_owner = target("users", owner_id);
	char *auto_free the_viewer = target("users", viewer_id);

	assert_int_equal(403, as(a, admin, "PATCH", the_owner, "{\"role\":\"viewer\"}"));
	assert_int_equal(403, as(a, admin, "DELETE", the_owner, NULL));
	assert_int_equal(403, as(a, admin, "PATCH", the_viewer, "{\"role\":\"owner\"}"));
	assert_int_equal(403, as(a, admin, "POST", "/api/v1/users/invite",
				 "{\"email\":\"x@example.com\",\"role\":\"owner\"}"));
	assert_int_equal(200, as(a, admin, "PATCH", the_viewer, "{\"role\":\"operator\"}"));
	assert_string_equal("operator", answer_str(&a->asker, "role"));
	/* At once, with the token that said viewer. */
	assert_int_equal(200, as(a, viewer, "GET", "/api/v1/auth/me", NULL));
	assert_string_equal("operator", answer_str(&a->asker, "role"));
	assert_int_equal(400, as(a, admin, "PATCH", the_viewer, "{\"role\":\"king\"}"));
	assert_int_equal(400, as(a, admin, "PATCH", the_viewer, "{\"status\":\"dead\"}"));
}

static void who_is_deactivated_is_out_with_their_invitations(void **state)
{
	struct access *a = *state;
	char *auto_free owner = join(a, "default", "o@example.com", ROLE_OWNER);
	char *auto_free viewer = join(a, "default", "v@example.com", ROLE_VIEWER);
	char *auto_free id = user_of(a, "v@example.com");
	char *auto_free the_viewer = target("users", id);
	char *auto_free body = NULL;
	char word[AUTH_WORD_SIZE];

	invite_into(a, "default", "v@example.com", ROLE_ADMIN, "join", word);
	assert_int_equal(200, as(a, viewer, "GET", "/api/v1/auth/me", NULL));
	assert_int_equal(200, as(a, owner, "PATCH", the_viewer, "{\"status\":\"deactivated\"}"));
	assert_int_equal(401, as(a, viewer, "GET", "/api/v1/auth/me", NULL));
	assert_int_equal(401, sign_in(a, "v@example.com", PASSWORD));
	body = mem_printf("{\"token\":\"%s\",\"email\":\"v@example.com\",\"password\":\"" PASSWORD
			  "\"}",
			  word);
	assert_int_equal(404, ask(&a->asker, "POST", "/api/v1/auth/accept", body));
	assert_int_equal(200, as(a, owner, "PATCH", the_viewer, "{\"status\":\"active\"}"));
	assert_int_equal(200, sign_in(a, "v@example.com", PASSWORD));
}

static void an_invitation_demotes_nobody(void **state)
{
	struct access *a = *state;
	char *auto_free owner = join(a, "default", "o@example.com", ROLE_OWNER);
	char *auto_free body = NULL;
	char word[AUTH_WORD_SIZE];

	invite_into(a, "default", "o@example.com", ROLE_VIEWER, "join", word);
	body = mem_printf("{\"token\":\"%s\",\"email\":\"o@example.com\",\"password\":\"" PASSWORD
			  "\"}",
			  word);
	a->asker.authorization = NULL;
	assert_int_equal(200, ask(&a->asker, "POST", "/api/v1/auth/accept", body));
	assert_int_equal(200, as(a, owner, "GET", "/api/v1/auth/me", NULL));
	assert_string_equal("owner", answer_str(&a->asker, "role"));
}

/* ---- keys ---- */

static char *make_key(struct access *a, const char *token, const char *body, char id[UUID_SIZE])
{
	if (as(a, token, "POST", "/api/v1/keys", body) != 201)
		fail_msg("%s", a->asker.text);
	str_copy(id, UUID_SIZE, answer_str(&a->asker, "id"));
	return mem_strdup(answer_str(&a->asker, "key"));
}

static int by_key(struct access *a, const char *key, const char *where)
{
	char *auto_free header = mem_printf("X-API-Key: %s", key);

	a->asker.authorization = NULL;
	return ask_with(&a->asker, "GET", where, header, NULL);
}

static void a_key_is_shown_once_and_revoked_at_once(void **state)
{
	struct access *a = *state;
	char *auto_free owner = join(a, "default", "o@example.com", ROLE_OWNER);
	char id[UUID_SIZE];
	char *auto_free key =
		make_key(a, owner, "{\"name\":\"k\",\"scopes\":[\"calls:read\",\"profile\"]}", id);
	char *auto_free where = target("keys", id);
	char *auto_free bearer = mem_printf("Bearer %s", key);
	char *auto_free wrong = mem_strdup(key);

	assert_int_equal(200, by_key(a, key, "/api/v1/calls"));
	assert_int_equal(403, by_key(a, key, "/api/v1/keys"));
	assert_int_equal(200, as(a, bearer, "GET", "/api/v1/auth/me", NULL));
	assert_string_equal("api_key", answer_str(&a->asker, "kind"));
	assert_int_equal(2, json_array_size(json_object_get(a->asker.json, "permissions")));
	/* The prefix of one, the secret of none. */
	wrong[strlen(wrong) - 1] = wrong[strlen(wrong) - 1] == '0' ? '1' : '0';
	assert_int_equal(401, by_key(a, wrong, "/api/v1/calls"));
	base_sql(&a->base, "SELECT 1"); /* behind the note that it was used */
	assert_int_equal(200, as(a, owner, "GET", where, NULL));
	assert_null(strstr(a->asker.text, key));
	assert_true(json_is_string(json_object_get(a->asker.json, "last_used_at")));
	/* Both ways at once is neither. */
	a->asker.authorization = bearer;
	{
		char *auto_free header = mem_printf("X-API-Key: %s", key);

		assert_int_equal(401, ask_with(&a->asker, "GET", "/api/v1/calls", header, NULL));
	}
	assert_int_equal(204, as(a, owner, "DELETE", where, NULL));
	assert_int_equal(404, as(a, owner, "DELETE", where, NULL));
	assert_int_equal(401, by_key(a, key, "/api/v1/calls"));
}

static void a_key_has_no_more_than_its_maker_and_an_end(void **state)
{
	struct access *a = *state;
	char *auto_free owner = join(a, "default", "o@example.com", ROLE_OWNER);
	char *auto_free admin = join(a, "default", "a@example.com", ROLE_ADMIN);
	char *auto_free admin_id = user_of(a, "a@example.com");
	char *auto_free the_admin = target("users", admin_id);
	char id[UUID_SIZE];
	char *auto_free key = NULL, *auto_free brief = NULL;

	assert_int_equal(403, as(a, admin, "POST", "/api/v1/keys",
				 "{\"name\":\"k\",\"scopes\":[\"tenants:write\"]}"));
	assert_int_equal(400, as(a, admin, "POST", "/api/v1/keys",
				 "{\"name\":\"k\",\"scopes\":[\"everything\"]}"));
	assert_int_equal(400,
			 as(a, admin, "POST", "/api/v1/keys", "{\"name\":\"k\",\"scopes\":[]}"));
	key = make_key(a, admin, "{\"name\":\"k\",\"scopes\":[\"calls:read\",\"users:read\"]}", id);
	assert_int_equal(200, by_key(a, key, "/api/v1/users"));
	assert_int_equal(200, as(a, owner, "PATCH", the_admin, "{\"role\":\"operator\"}"));
	assert_int_equal(403, by_key(a, key, "/api/v1/users"));
	assert_int_equal(200, by_key(a, key, "/api/v1/calls"));
	assert_int_equal(200, as(a, owner, "PATCH", the_admin, "{\"status\":\"deactivated\"}"));
	assert_int_equal(401, by_key(a, key, "/api/v1/calls"));

	brief = make_key(a, owner,
			 "{\"name\":\"b\",\"scopes\":[\"calls:read\"],\"expires_in_days\":1}", id);
	assert_int_equal(200, by_key(a, brief, "/api/v1/calls"));
	clock_fake_wall_us(clock_wall_us() + 25ll * 3600 * 1000000);
	auth_changed(a->platform->api.auth);
	assert_int_equal(401, by_key(a, brief, "/api/v1/calls"));
}

/* ---- tenants ---- */

static void tenants_are_made_by_who_runs_the_installation(void **state)
{
	struct access *a = *state;
	char *auto_free root = join(a, "default", "root@example.com", ROLE_OWNER);
	char *auto_free id = NULL, *auto_free where = NULL, *auto_free theirs = NULL;
	char *auto_free body = NULL;
	const char *link;

	assert_int_equal(201, as(a, root, "POST", "/api/v1/tenants",
				 "{\"name\":\"Acme\",\"owner_email\":\"boss@acme.example\"}"));
	id = mem_strdup(answer_str(&a->asker, "id"));
	where = target("tenants", id);
	link = json_get_str(json_object_get(a->asker.json, "invitation"), "link", "");
	body = mem_printf("{\"token\":\"%s\",\"email\":\"boss@acme.example\",\"name\":\"B\","
			  "\"password\":\"" PASSWORD "\"}",
			  strstr(link, "#invite=") + strlen("#invite="));
	a->asker.authorization = NULL;
	assert_int_equal(200, ask(&a->asker, "POST", "/api/v1/auth/accept", body));
	theirs = mem_printf("Bearer %s", answer_str(&a->asker, "access_token"));
	assert_int_equal(200, as(a, theirs, "PATCH", where,
				 "{\"name\":\"Acme Ltd\",\"settings\":{\"theme\":\"dark\"}}"));
	assert_int_equal(200, as(a, theirs, "GET", where, NULL));
	assert_string_equal("Acme Ltd", answer_str(&a->asker, "name"));
	assert_int_equal(403, as(a, theirs, "PATCH", where, "{\"status\":\"suspended\"}"));
	assert_int_equal(404, as(a, theirs, "GET", "/api/v1/tenants/default", NULL));
	assert_int_equal(403, as(a, theirs, "POST", "/api/v1/tenants",
				 "{\"name\":\"X\",\"owner_email\":\"x@acme.example\"}"));
	assert_int_equal(200, as(a, root, "PATCH", where, "{\"status\":\"suspended\"}"));
	assert_int_equal(401, as(a, theirs, "GET", where, NULL));
	assert_int_equal(401, sign_in(a, "boss@acme.example", PASSWORD));
	assert_int_equal(
		403, as(a, root, "PATCH", "/api/v1/tenants/default", "{\"status\":\"suspended\"}"));
}

/* ---- passwords ---- */

int main(void)
{
	static const struct CMUnitTest tests[] = {
		ACCESS_TEST(the_last_owner_stays),
		ACCESS_TEST(nobody_changes_somebody_above),
		ACCESS_TEST(who_is_deactivated_is_out_with_their_invitations),
		ACCESS_TEST(an_invitation_demotes_nobody),
		ACCESS_TEST(a_key_is_shown_once_and_revoked_at_once),
		ACCESS_TEST(a_key_has_no_more_than_its_maker_and_an_end),
		ACCESS_TEST(tenants_are_made_by_who_runs_the_installation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
