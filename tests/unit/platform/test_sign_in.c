/*
 * Protects signing in, over real HTTP against a whole platform: invitations are used once;
 * the answer to a wrong password tells nothing about accounts; attempts are slowed down; access
 * tokens run out, and end with the sign-in; a refresh token that is used twice ends it for both;
 * a new password ends the others; somebody goes on in another tenant; tickets are good once.
 */
#include "unit/platform/access_fixture.h"
#include "unit/platform/fixture.h"

#include "http/ws.h"
#include "platform/auth_token.h"
#include "platform/lockout.h"

static void an_invitation_makes_a_member_once(void **state)
{
	struct access *a = *state;
	char word[AUTH_WORD_SIZE];
	char *auto_free view = NULL, *auto_free wrong = NULL, *auto_free body = NULL;

	invite_into(a, "default", "", ROLE_OWNER, "join", word);
	view = mem_printf("{\"token\":\"%s\"}", word);
	assert_int_equal(200, ask(&a->asker, "POST", "/api/v1/auth/invitation", view));
	assert_string_equal("owner", answer_str(&a->asker, "role"));
	wrong = mem_printf("{\"token\":\"%s\",\"email\":\"o@example.com\",\"name\":\"O\","
			   "\"password\":\"short\"}",
			   word);
	assert_int_equal(400, ask(&a->asker, "POST", "/api/v1/auth/accept", wrong));
	body = mem_printf("{\"token\":\"%s\",\"email\":\" O@Example.com\",\"name\":\"O\","
			  "\"password\":\"" PASSWORD "\"}",
			  word);
	assert_int_equal(200, ask(&a->asker, "POST", "/api/v1/auth/accept", body));
	assert_string_equal("owner", answer_str(&a->asker, "role"));
	assert_string_equal("o@example.com",
			    json_get_str(json_object_get(a->asker.json, "user"), "email", ""));
	assert_int_equal(404, ask(&a->asker, "POST", "/api/v1/auth/accept", body));
	assert_int_equal(404, ask(&a->asker, "POST", "/api/v1/auth/invitation", view));
	/* The link that the start printed went with it. */
	assert_int_equal(0, base_int(&a->base, "SELECT count(*) FROM invitation WHERE used_at = 0 "
					       "AND email = ''"));
	assert_int_equal(200, sign_in(a, "o@example.com", PASSWORD));
}

static void an_invitation_runs_out_and_is_for_one_address(void **state)
{
	struct access *a = *state;
	char word[AUTH_WORD_SIZE];
	char *auto_free body = NULL;

	invite_into(a, "default", "a@example.com", ROLE_VIEWER, "join", word);
	body = mem_printf("{\"token\":\"%s\",\"email\":\"b@example.com\",\"password\":\"" PASSWORD
			  "\"}",
			  word);
	assert_int_equal(404, ask(&a->asker, "POST", "/api/v1/auth/accept", body));
	clock_fake_wall_us(clock_wall_us() + (INVITATION_TTL_S + 1) * 1000000ll);
	mem_free(body);
	body = mem_printf("{\"token\":\"%s\"}", word);
	assert_int_equal(404, ask(&a->asker, "POST", "/api/v1/auth/invitation", body));
}

static void a_wrong_password_tells_nothing(void **state)
{
	struct access *a = *state;
	char *auto_free token = join(a, "default", "a@example.com", ROLE_VIEWER);
	char *auto_free text = NULL;

	assert_int_equal(401, sign_in(a, "a@example.com", "wrong password"));
	text = mem_strdup(a->asker.text);
	assert_int_equal(401, sign_in(a, "nobody@example.com", "wrong password"));
	assert_string_equal(text, a->asker.text);
	/* Somebody who is in no tenant any more. */
	base_sql(&a->base, "UPDATE membership SET status = 'deactivated'");
	assert_int_equal(401, sign_in(a, "a@example.com", PASSWORD));
	assert_string_equal(text, a->asker.text);
}

static void attempts_are_slowed_down_for_accounts_that_exist_and_others(void **state)
{
	static const char *const emails[] = {"a@example.com", "nobody@example.com"};
	struct access *a = *state;
	char *auto_free token = join(a, "default", "a@example.com", ROLE_VIEWER);
	int64_t now = clock_wall_us();

	a->asker.header_name = "Retry-After";
	for (size_t e = 0; e < ARRAY_LEN(emails); e++) {
		clock_fake_wall_us(now);
		for (int i = 0; i < LOCKOUT_ACCOUNT_FREE; i++)
			assert_int_equal(401, sign_in(a, emails[e], "wrong password"));
		assert_int_equal(429, sign_in(a, emails[e], PASSWORD));
		assert_string_equal("too_many_attempts", error_code(&a->asker));
		assert_string_equal("1", a->asker.header);
		clock_fake_wall_us(now + 1000000);
		assert_int_equal(401, sign_in(a, emails[e], "wrong password"));
		assert_int_equal(429, sign_in(a, emails[e], PASSWORD));
		assert_string_equal("2", a->asker.header);
	}
	/* The right one counts from anew. */
	clock_fake_wall_us(now + 3000000);
	assert_int_equal(200, sign_in(a, "a@example.com", PASSWORD));
	assert_int_equal(401, sign_in(a, "a@example.com", "wrong password"));
	assert_int_equal(1, base_int(&a->base, "SELECT min(failures) FROM sign_in_failure WHERE "
					       "who LIKE 'email:%'"));
}

static void a_network_that_tries_many_accounts_is_slowed_down(void **state)
{
	struct access *a = *state;
	char email[64];

	clock_fake_wall_us(clock_wall_us());
	for (int i = 0; i < LOCKOUT_NETWORK_FREE; i++) {
		snprintf(email, sizeof(email), "somebody%d@example.com", i);
		assert_int_equal(401, sign_in(a, email, "wrong password"));
	}
	assert_int_equal(429, sign_in(a, "somebody else@example.com" + 9, "wrong password"));
}

static void an_access_token_runs_out(void **state)
{
	struct access *a = *state;
	char *auto_free token = join(a, "default", "a@example.com", ROLE_VIEWER);
	int64_t now = clock_wall_us();

	a->asker.authorization = token;
	assert_int_equal(200, ask(&a->asker, "GET", "/api/v1/auth/me", NULL));
	assert_string_equal("viewer", answer_str(&a->asker, "role"));
	clock_fake_wall_us(now + (AUTH_TOKEN_TTL_S + 1) * 1000000ll);
	assert_int_equal(401, ask(&a->asker, "GET", "/api/v1/auth/me", NULL));
}

static void refresh_tokens_rotate_and_reuse_ends_the_family(void **state)
{
	struct access *a = *state;
	char *auto_free token = join(a, "default", "a@example.com", ROLE_VIEWER);
	char *auto_free first =
		mem_printf("{\"refresh_token\":\"%s\"}", answer_str(&a->asker, "refresh_token"));
	char *auto_free second = NULL, *auto_free access_token = NULL;

	assert_int_equal(200, ask(&a->asker, "POST", "/api/v1/auth/refresh", first));
	second = mem_printf("{\"refresh_token\":\"%s\"}", answer_str(&a->asker, "refresh_token"));
	access_token = mem_printf("Bearer %s", answer_str(&a->asker, "access_token"));
	assert_string_not_equal(first, second);
	a->asker.authorization = access_token;
	assert_int_equal(200, ask(&a->asker, "GET", "/api/v1/auth/me", NULL));
	/* A thief comes with the first one. */
	assert_int_equal(401, ask(&a->asker, "POST", "/api/v1/auth/refresh", first));
	assert_string_equal("signed_out", error_code(&a->asker));
	assert_int_equal(401, ask(&a->asker, "POST", "/api/v1/auth/refresh", second));
	assert_int_equal(401, ask(&a->asker, "GET", "/api/v1/auth/me", NULL));
	assert_string_equal("reuse", base_sql(&a->base, "SELECT end_reason FROM sign_in").text);
	assert_int_equal(1, base_int(&a->base, "SELECT count(*) FROM audit_log WHERE action = "
					       "'user.refresh_reused'"));
	a->asker.authorization = NULL;
	assert_int_equal(
		401, ask(&a->asker, "POST", "/api/v1/auth/refresh", "{\"refresh_token\":\"x\"}"));
	assert_int_equal(401, ask(&a->asker, "POST", "/api/v1/auth/refresh", NULL));
}

static void a_refresh_token_runs_out(void **state)
{
	struct access *a = *state;
	char *auto_free token = join(a, "default", "a@example.com", ROLE_VIEWER);
	char *auto_free body =
		mem_printf("{\"refresh_token\":\"%s\"}", answer_str(&a->asker, "refresh_token"));

	clock_fake_wall_us(clock_wall_us() + 30ll * 24 * 3600 * 1000000 + 1000000);
	assert_int_equal(401, ask(&a->asker, "POST", "/api/v1/auth/refresh", body));
}

static void the_page_keeps_its_refresh_token_in_a_cookie(void **state)
{
	struct access *a = *state;
	char *auto_free token = join(a, "default", "a@example.com", ROLE_VIEWER);
	char *auto_free cookie = NULL, *auto_free old = NULL;

	a->asker.header_name = "Set-Cookie";
	assert_int_equal(200, ask(&a->asker, "POST", "/api/v1/auth/login",
				  "{\"email\":\"a@example.com\",\"password\":\"" PASSWORD
				  "\",\"cookie\":true}"));
	assert_null(json_object_get(a->asker.json, "refresh_token"));
	assert_non_null(strstr(a->asker.header, "; HttpOnly; SameSite=Strict"));
	assert_non_null(strstr(a->asker.header, "; Path=/api/v1/auth;"));
	*strchr(a->asker.header, ';') = '\0';
	old = mem_printf("Cookie: other=1; %s; more=2", a->asker.header);
	assert_int_equal(200, ask_with(&a->asker, "POST", "/api/v1/auth/refresh", old, NULL));
	assert_null(json_object_get(a->asker.json, "refresh_token"));
	*strchr(a->asker.header, ';') = '\0';
	cookie = mem_printf("Cookie: %s", a->asker.header);
	assert_int_equal(204, ask_with(&a->asker, "POST", "/api/v1/auth/logout", cookie, NULL));
	assert_non_null(strstr(a->asker.header, "voiceai_refresh=; "));
	assert_int_equal(401, ask_with(&a->asker, "POST", "/api/v1/auth/refresh", cookie, NULL));
}

static void signing_out_ends_the_access_token_too(void **state)
{
	struct access *a = *state;
	char *auto_free token = join(a, "default", "a@example.com", ROLE_VIEWER);

	a->asker.authorization = token;
	assert_int_equal(200, ask(&a->asker, "GET", "/api/v1/auth/me", NULL));
	assert_int_equal(204, ask(&a->asker, "POST", "/api/v1/auth/logout", NULL));
	assert_int_equal(401, ask(&a->asker, "GET", "/api/v1/auth/me", NULL));
	a->asker.authorization = NULL;
	assert_int_equal(204, ask(&a->asker, "POST", "/api/v1/auth/logout", NULL));
}

static void a_new_password_signs_everybody_else_out(void **state)
{
	struct access *a = *state;
	char *auto_free mine = join(a, "default", "a@example.com", ROLE_VIEWER);
	char *auto_free other = NULL;

	assert_int_equal(200, sign_in(a, "a@example.com", PASSWORD));
	other = mem_printf("Bearer %s", answer_str(&a->asker, "access_token"));
	a->asker.authorization = mine;
	assert_int_equal(401,
			 ask(&a->asker, "POST", "/api/v1/auth/password",
			     "{\"current_password\":\"no\",\"new_password\":\"another one!\"}"));
	assert_int_equal(400, ask(&a->asker, "POST", "/api/v1/auth/password",
				  "{\"current_password\":\"" PASSWORD
				  "\",\"new_password\":\"a@example.com\"}"));
	assert_int_equal(204, ask(&a->asker, "POST", "/api/v1/auth/password",
				  "{\"current_password\":\"" PASSWORD
				  "\",\"new_password\":\"another one!\"}"));
	assert_int_equal(200, ask(&a->asker, "GET", "/api/v1/auth/me", NULL));
	a->asker.authorization = other;
	assert_int_equal(401, ask(&a->asker, "GET", "/api/v1/auth/me", NULL));
	assert_int_equal(401, sign_in(a, "a@example.com", PASSWORD));
	assert_int_equal(200, sign_in(a, "a@example.com", "another one!"));
}

static void a_reset_link_lets_one_choose_a_password(void **state)
{
	struct access *a = *state;
	char *auto_free token = join(a, "default", "a@example.com", ROLE_VIEWER);
	char *auto_free body = NULL;
	char word[AUTH_WORD_SIZE];

	invite_into(a, "default", "a@example.com", ROLE_OWNER, "reset", word);
	body = mem_printf("{\"token\":\"%s\",\"email\":\"a@example.com\",\"password\":\"a new one "
			  "here\"}",
			  word);
	assert_int_equal(200, ask(&a->asker, "POST", "/api/v1/auth/accept", body));
	a->asker.authorization = token;
	assert_int_equal(401, ask(&a->asker, "GET", "/api/v1/auth/me", NULL));
	assert_int_equal(401, sign_in(a, "a@example.com", PASSWORD));
	assert_int_equal(200, sign_in(a, "a@example.com", "a new one here"));
	/* The link's role is nobody's. */
	assert_string_equal("viewer", answer_str(&a->asker, "role"));
}

static void somebody_goes_on_in_another_tenant(void **state)
{
	struct access *a = *state;
	char *auto_free token = NULL, *auto_free there = NULL;
	char word[AUTH_WORD_SIZE];
	char *auto_free wrong = NULL, *auto_free right = NULL;

	base_sql(&a->base, "INSERT INTO tenant (id, name, created_at) VALUES "
			   "('01900000-0000-7000-8000-00000000000b', 'B', 0)");
	token = join(a, "default", "a@example.com", ROLE_ADMIN);
	a->asker.authorization = token;
	assert_int_equal(404, ask(&a->asker, "POST", "/api/v1/auth/tenant",
				  "{\"tenant_id\":\"01900000-0000-7000-8000-00000000000b\"}"));
	/* Who has an account joins with its password. */
	a->asker.authorization = NULL;
	invite_into(a, "01900000-0000-7000-8000-00000000000b", "a@example.com", ROLE_VIEWER, "join",
		    word);
	wrong = mem_printf("{\"token\":\"%s\",\"email\":\"a@example.com\",\"password\":\"guessed "
			   "it\"}",
			   word);
	right = mem_printf("{\"token\":\"%s\",\"email\":\"a@example.com\",\"password\":\"" PASSWORD
			   "\"}",
			   word);
	assert_int_equal(401, ask(&a->asker, "POST", "/api/v1/auth/accept", wrong));
	assert_int_equal(200, ask(&a->asker, "POST", "/api/v1/auth/accept", right));
	a->asker.authorization = token;
	assert_int_equal(200, ask(&a->asker, "POST", "/api/v1/auth/tenant",
				  "{\"tenant_id\":\"01900000-0000-7000-8000-00000000000b\"}"));
	assert_string_equal("viewer", answer_str(&a->asker, "role"));
	there = mem_printf("Bearer %s", answer_str(&a->asker, "access_token"));
	assert_int_equal(401, ask(&a->asker, "GET", "/api/v1/auth/me", NULL));
	a->asker.authorization = there;
	assert_int_equal(200, ask(&a->asker, "GET", "/api/v1/auth/me", NULL));
	assert_string_equal("01900000-0000-7000-8000-00000000000b",
			    answer_str(&a->asker, "tenant_id"));
	assert_int_equal(2, json_array_size(json_object_get(a->asker.json, "tenants")));
	assert_int_equal(403, ask(&a->asker, "GET", "/api/v1/users", NULL));
	/* A suspended tenant is closed at once. */
	base_sql(&a->base, "UPDATE tenant SET status = 'suspended' WHERE name = 'B'");
	auth_changed(a->platform->api.auth);
	assert_int_equal(401, ask(&a->asker, "GET", "/api/v1/auth/me", NULL));
}

static void sign_ins_are_listed_and_ended(void **state)
{
	struct access *a = *state;
	char *auto_free mine = join(a, "default", "a@example.com", ROLE_VIEWER);
	char *auto_free other = NULL, *auto_free target = NULL;
	const json_t *list;

	assert_int_equal(200, sign_in(a, "a@example.com", PASSWORD));
	other = mem_printf("Bearer %s", answer_str(&a->asker, "access_token"));
	a->asker.authorization = mine;
	assert_int_equal(200, ask(&a->asker, "GET", "/api/v1/auth/sign-ins", NULL));
	list = json_object_get(a->asker.json, "sign_ins");
	assert_int_equal(2, json_array_size(list));
	assert_false(json_get_bool(json_array_get(list, 0), "current", true));
	assert_true(json_get_bool(json_array_get(list, 1), "current", false));
	target = mem_printf("/api/v1/auth/sign-ins/%s",
			    json_get_str(json_array_get(list, 0), "id", ""));
	assert_int_equal(204, ask(&a->asker, "DELETE", target, NULL));
	assert_int_equal(404, ask(&a->asker, "DELETE", target, NULL));
	a->asker.authorization = other;
	assert_int_equal(401, ask(&a->asker, "GET", "/api/v1/auth/me", NULL));
}

/* ---- the live socket ---- */

struct watcher {
	struct ws *ws;
	bool open, closed;
	int code, status;
};

static void on_open(struct ws *ws, void *arg)
{
	((struct watcher *)arg)->open = true;
}

static void on_message(struct ws *ws, const char *data, size_t len, bool binary, void *arg)
{
}

static void on_close(struct ws *ws, int code, const char *reason, int http_status, void *arg)
{
	struct watcher *watcher = arg;

	watcher->closed = true;
	watcher->code = code;
	watcher->status = http_status;
}

static void watch(struct access *a, struct watcher *watcher, const char *query, const char *bearer)
{
	char *auto_free url = mem_printf("ws://127.0.0.1:%u/api/v1/live%s", a->asker.port, query);
	struct ws_header header = {"Authorization", bearer};
	struct ws_connect_params params = {
		.url = url,
		.headers = &header,
		.header_count = bearer ? 1 : 0,
		.handlers = {.openh = on_open, .messageh = on_message, .closeh = on_close},
		.arg = watcher,
	};

	*watcher = (struct watcher){0};
	assert_int_equal(0, ws_connect(&watcher->ws, a->base.loop, &params));
}

static void leave(struct access *a, struct watcher *watcher)
{
	ws_close(watcher->ws, 1000, "");
	base_wait(&a->base, &watcher->closed);
	watcher->ws = mem_unref(watcher->ws);
}

static void a_live_socket_needs_a_token_or_a_ticket_used_once(void **state)
{
	struct access *a = *state;
	char *auto_free token = join(a, "default", "a@example.com", ROLE_VIEWER);
	char *auto_free query = NULL;
	struct watcher w;

	watch(a, &w, "", NULL);
	base_wait(&a->base, &w.closed);
	assert_int_equal(401, w.status);
	mem_unref(w.ws);
	watch(a, &w, "", "Bearer nonsense");
	base_wait(&a->base, &w.closed);
	assert_int_equal(401, w.status);
	mem_unref(w.ws);
	watch(a, &w, "", token);
	base_wait(&a->base, &w.open);
	leave(a, &w);

	a->asker.authorization = token;
	assert_int_equal(200, ask(&a->asker, "POST", "/api/v1/live/ticket", NULL));
	query = mem_printf("?ticket=%s", answer_str(&a->asker, "ticket"));
	watch(a, &w, query, NULL);
	base_wait(&a->base, &w.open);
	leave(a, &w);
	assert_int_equal(1000, w.code);
	watch(a, &w, query, NULL);
	base_wait(&a->base, &w.closed);
	assert_int_equal(4401, w.code);
	mem_unref(w.ws);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		ACCESS_TEST(an_invitation_makes_a_member_once),
		ACCESS_TEST(an_invitation_runs_out_and_is_for_one_address),
		ACCESS_TEST(a_wrong_password_tells_nothing),
		ACCESS_TEST(attempts_are_slowed_down_for_accounts_that_exist_and_others),
		ACCESS_TEST(a_network_that_tries_many_accounts_is_slowed_down),
		ACCESS_TEST(an_access_token_runs_out),
		ACCESS_TEST(refresh_tokens_rotate_and_reuse_ends_the_family),
		ACCESS_TEST(a_refresh_token_runs_out),
		ACCESS_TEST(the_page_keeps_its_refresh_token_in_a_cookie),
		ACCESS_TEST(signing_out_ends_the_access_token_too),
		ACCESS_TEST(a_new_password_signs_everybody_else_out),
		ACCESS_TEST(a_reset_link_lets_one_choose_a_password),
		ACCESS_TEST(somebody_goes_on_in_another_tenant),
		ACCESS_TEST(sign_ins_are_listed_and_ended),
		ACCESS_TEST(a_live_socket_needs_a_token_or_a_ticket_used_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
