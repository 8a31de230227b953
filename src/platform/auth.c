#include "platform/auth.h"

#include "core/clock.h"
#include "core/json.h"
#include "core/list.h"
#include "core/mem.h"
#include "core/str.h"
#include "db/db.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "platform/auth_cache.h"
#include "platform/auth_token.h"
#include "platform/lockout.h"
#include "platform/store/api_key.h"
#include "platform/store/sign_in.h"
#include "state/state.h"

#include <errno.h>
#include <string.h>

enum { MAX_KNOWN = 4096, TIDY_MS = 3600 * 1000 };

struct auth {
	struct auth_conf conf;
	struct auth_cache *cache;
	struct list requests;
	struct timer *tidy_timer;
};

struct auth_request {
	struct list_node node;
	struct auth *auth;
	struct db_request *query;
	struct state_request *token;
	char known_as[AUTH_HASH_SIZE]; /* in the cache; "" for nowhere */
	char key_hash[AUTH_HASH_SIZE]; /* of the key shown; "" when it need not be */
	struct auth_claims claims;
	struct principal *principal; /* of a ticket */
	auth_done_h *doneh;
	void *arg;
};

static void finish(struct auth_request *request, int err, struct principal *principal);

/* Requests that are still out are told, so that whoever waits for them ends as well. */
static void auth_destroy(void *data)
{
	struct auth *auth = data;

	while (auth->requests.head)
		finish(auth->requests.head->data, -EBUSY, NULL);
	mem_unref(auth->tidy_timer);
	mem_unref(auth->cache);
}

/* Sign-ins that are over, tokens nobody can use any more, failures long ago: of all tenants. */
static void tidy(void *arg)
{
	struct auth *auth = arg;
	struct batch batch auto_batch = {0};
	int64_t now = clock_wall_us();

	timer_start(auth->tidy_timer, TIDY_MS);
	store_sign_in_tidy(&batch, now, now - LOCKOUT_FORGET_S * 1000000ll);
	batch_run(&batch, NULL, auth->conf.db, NULL, NULL);
}

struct auth *auth_new(const struct auth_conf *conf)
{
	struct auth *auth = mem_new(sizeof(*auth), auth_destroy);

	auth->conf = *conf;
	auth->cache = auth_cache_new(MAX_KNOWN, AUTH_KNOWN_MS);
	auth->tidy_timer = timer_new(conf->loop, tidy, auth);
	timer_start(auth->tidy_timer, TIDY_MS);
	return auth;
}

const char *auth_secret(const struct auth *auth)
{
	return auth->conf.secret;
}

void auth_changed(struct auth *auth)
{
	auth_cache_clear(auth->cache);
}

/* ---- requests ---- */

static void request_destroy(void *data)
{
	struct auth_request *request = data;

	list_remove(&request->node);
	mem_unref(request->query);
	mem_unref(request->token);
	mem_unref(request->principal);
}

static struct auth_request *request_new(struct auth *auth, struct auth_request **ret_request,
					auth_done_h *doneh, void *arg)
{
	struct auth_request *request = mem_new(sizeof(*request), request_destroy);

	request->auth = auth;
	request->doneh = doneh;
	request->arg = arg;
	list_append(&auth->requests, &request->node, request);
	*ret_request = request;
	return request;
}

/* The last thing: the handler may release the request. */
static void finish(struct auth_request *request, int err, struct principal *principal)
{
	struct auth *auth = request->auth;

	list_remove(&request->node);
	request->query = mem_unref(request->query);
	request->token = mem_unref(request->token);
	if (*request->known_as && (!err || err == -EACCES))
		auth_cache_put(auth->cache, request->known_as, loop_now_ms(auth->conf.loop),
			       err ? NULL : principal);
	request->doneh(err, principal, request->arg);
}

/* ---- sign-ins ---- */

static void on_sign_in(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct auth_request *request = arg;
	const struct auth_claims *claims = &request->claims;
	struct principal *principal auto_unref = NULL;
	enum role role;

	if (!err &&
	    (!db_rows(results[0]) || !str_equal(db_get_text(results[0], 0, 0), claims->tenant_id) ||
	     !str_equal(db_get_text(results[0], 0, 1), claims->user_id) ||
	     role_parse(&role, db_get_text(results[0], 0, 2))))
		err = -EACCES;
	if (!err) {
		principal = principal_new(PRINCIPAL_USER, claims->tenant_id, claims->user_id, role,
					  NULL);
		str_copy(principal->sign_in_id, sizeof(principal->sign_in_id), claims->sign_in_id);
	}
	finish(request, err, principal);
}

static void ask_sign_in(struct auth_request *request)
{
	struct batch batch auto_batch = {0};

	store_sign_in_identity(&batch, request->claims.sign_in_id, clock_wall_us());
	batch_lookup(&batch, &request->query, request->auth->conf.db, on_sign_in, request);
}

/* ---- keys ---- */

static permission_set scopes_of(const char *text)
{
	auto_json json_t *scopes = text ? json_loads(text, 0, NULL) : NULL;
	permission_set set = 0;
	enum permission permission;

	for (size_t i = 0; i < json_array_size(scopes); i++)
		if (!permission_parse(&permission, json_string_value(json_array_get(scopes, i))))
			set |= (permission_set)1 << permission;
	return set;
}

static void note_use(struct auth *auth, const struct principal *principal, int64_t last_used_at)
{
	struct batch batch auto_batch = {0};
	int64_t now = clock_wall_us(), since = now - AUTH_KEY_USED_EVERY_S * 1000000ll;

	if (last_used_at >= since)
		return;
	store_api_key_used(&batch, principal->tenant_id, principal->id, now, since);
	batch_run(&batch, NULL, auth->conf.db, NULL, NULL);
}

static struct principal *key_principal(const struct db_result *result)
{
	const char *made_by = db_get_text(result, 0, STORE_KEY_IDENTITY_CREATED_BY);
	struct principal *principal;
	enum role role = ROLE_OWNER;

	/* No more than whoever made it may do now. */
	if (!str_is_empty(made_by) &&
	    role_parse(&role, db_get_text(result, 0, STORE_KEY_IDENTITY_ROLE)))
		return NULL;
	principal = principal_new(PRINCIPAL_KEY, db_get_text(result, 0, STORE_KEY_IDENTITY_TENANT),
				  db_get_text(result, 0, STORE_KEY_IDENTITY_ID), role, NULL);
	principal->permissions &= scopes_of(db_get_text(result, 0, STORE_KEY_IDENTITY_SCOPES));
	str_copy(principal->user_id, sizeof(principal->user_id), made_by ? made_by : "");
	return principal;
}

static void on_key(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct auth_request *request = arg;
	struct principal *principal auto_unref = NULL;

	if (!err && db_rows(results[0]) &&
	    (!*request->key_hash ||
	     digest_equal_str(request->key_hash,
			      db_get_text(results[0], 0, STORE_KEY_IDENTITY_HASH))))
		principal = key_principal(results[0]);
	if (!err && !principal)
		err = -EACCES;
	if (!err && *request->key_hash)
		note_use(request->auth, principal,
			 db_get_int(results[0], 0, STORE_KEY_IDENTITY_LAST_USED_AT));
	finish(request, err, principal);
}

/* ---- asking ---- */

/* Returns 0 with the name in the cache, or -EACCES. claims are of a token. */
static int identify(char ret_known_as[AUTH_HASH_SIZE], struct auth_claims *ret_claims,
		    const struct auth *auth, const struct auth_credential *credential)
{
	switch (credential->kind) {
	case AUTH_CREDENTIAL_TOKEN:
		if (auth_token_verify(ret_claims, credential->text, auth->conf.secret))
			return -EACCES;
		break;
	case AUTH_CREDENTIAL_KEY:
		break;
	default:
		return -EACCES;
	}
	auth_hash(ret_known_as, credential->text);
	return 0;
}

int auth_known(struct auth *auth, const struct auth_credential *credential,
	       struct principal **ret_principal)
{
	char known_as[AUTH_HASH_SIZE];
	struct principal *principal = NULL;
	struct auth_claims claims;

	if (identify(known_as, &claims, auth, credential))
		return -EACCES;
	if (auth_cache_get(auth->cache, known_as, loop_now_ms(auth->conf.loop), &principal))
		return -EAGAIN;
	if (!principal)
		return -EACCES;
	*ret_principal = principal;
	return 0;
}

void auth_ask(struct auth_request **ret_request, struct auth *auth,
	      const struct auth_credential *credential, auth_done_h *doneh, void *arg)
{
	struct auth_request *request = request_new(auth, ret_request, doneh, arg);
	struct batch batch auto_batch = {0};
	char prefix[AUTH_KEY_PREFIX_LEN + 1] = "";

	/* What auth_known() has refused is not asked for; a token may have run out since. */
	identify(request->known_as, &request->claims, auth, credential);
	if (credential->kind == AUTH_CREDENTIAL_TOKEN) {
		ask_sign_in(request);
		return;
	}
	auth_key_parse(credential->text, prefix);
	auth_hash(request->key_hash, credential->text);
	store_api_key_by_prefix(&batch, prefix, clock_wall_us());
	batch_lookup(&batch, &request->query, auth->conf.db, on_key, request);
}

void auth_ask_again(struct auth_request **ret_request, struct auth *auth,
		    const struct principal *principal, auth_done_h *doneh, void *arg)
{
	struct auth_request *request = request_new(auth, ret_request, doneh, arg);
	struct batch batch auto_batch = {0};

	if (principal->kind == PRINCIPAL_USER) {
		request->claims = (struct auth_claims){.role = principal->role};
		str_copy(request->claims.user_id, UUID_SIZE, principal->user_id);
		str_copy(request->claims.tenant_id, UUID_SIZE, principal->tenant_id);
		str_copy(request->claims.sign_in_id, UUID_SIZE, principal->sign_in_id);
		ask_sign_in(request);
		return;
	}
	store_api_key_by_id(&batch, principal->tenant_id, principal->id, clock_wall_us());
	batch_lookup(&batch, &request->query, auth->conf.db, on_key, request);
}

/* ---- tickets ---- */

static void on_given(int err, const struct state_answer *answer, void *arg)
{
	struct auth_request *request = arg;

	finish(request, err || !answer->granted ? -EBUSY : 0, request->principal);
}

/* Tickets stay inside: what is written here is read by auth_ticket_take() of this or another pod.
 */
static char *principal_text(const struct principal *principal)
{
	auto_json json_t *json = json_object();

	json_set_int(json, "kind", principal->kind);
	json_set_str(json, "tenant", principal->tenant_id);
	json_set_str(json, "id", principal->id);
	json_set_str(json, "user", principal->user_id);
	json_set_str(json, "sign_in", principal->sign_in_id);
	json_set_int(json, "role", principal->role);
	json_set_int(json, "permissions", (int64_t)principal->permissions);
	return json_text(json);
}

static struct principal *principal_of_text(const char *text, size_t len)
{
	auto_json json_t *json = NULL;
	struct principal *principal;

	if (json_parse(&json, text, len, NULL))
		return NULL;
	principal = principal_new((enum principal_kind)json_get_int(json, "kind", 0),
				  json_get_str(json, "tenant", ""), json_get_str(json, "id", ""),
				  (enum role)json_get_int(json, "role", ROLE_VIEWER), NULL);
	principal->permissions &= (permission_set)json_get_int(json, "permissions", 0);
	str_copy(principal->user_id, UUID_SIZE, json_get_str(json, "user", ""));
	str_copy(principal->sign_in_id, UUID_SIZE, json_get_str(json, "sign_in", ""));
	return principal;
}

static void ticket_name(char out[AUTH_HASH_SIZE + 8], const char *ticket)
{
	char hash[AUTH_HASH_SIZE];

	auth_hash(hash, ticket);
	snprintf(out, AUTH_HASH_SIZE + 8, "ticket:%s", hash);
}

void auth_ticket_give(struct auth_request **ret_request, struct auth *auth,
		      const struct principal *principal, char ret_ticket[AUTH_WORD_SIZE],
		      auth_done_h *doneh, void *arg)
{
	struct auth_request *request = request_new(auth, ret_request, doneh, arg);
	auto_free char *text = principal_text(principal);
	char name[AUTH_HASH_SIZE + 8];

	auth_word_make(ret_ticket);
	ticket_name(name, ret_ticket);
	request->principal = mem_ref((void *)principal);
	state_token_put(&request->token, auth->conf.state, name, text, strlen(text), AUTH_TICKET_MS,
			on_given, request);
}

static void on_taken(int err, const struct state_answer *answer, void *arg)
{
	struct auth_request *request = arg;
	struct principal *principal auto_unref = NULL;

	if (!err)
		principal = principal_of_text(answer->data, answer->len);
	finish(request, principal ? 0 : -EACCES, principal);
}

void auth_ticket_take(struct auth_request **ret_request, struct auth *auth, const char *ticket,
		      auth_done_h *doneh, void *arg)
{
	struct auth_request *request = request_new(auth, ret_request, doneh, arg);
	char name[AUTH_HASH_SIZE + 8];

	ticket_name(name, ticket);
	state_token_take(&request->token, auth->conf.state, name, on_taken, request);
}
