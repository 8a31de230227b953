#include "platform/api/signing.h"

#include "core/clock.h"
#include "core/json_writer.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "http/http_server.h"
#include "platform/api/error.h"
#include "platform/audit.h"
#include "platform/auth.h"
#include "platform/email.h"
#include "platform/auth_token.h"
#include "platform/store/store.h"
#include "platform/store/user.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void release(void *data)
{
	struct signing *signing = data;

	mem_unref(signing->proof);
	mem_unref(signing->query);
	json_decref(signing->body);
	mem_free(signing->email);
	mem_free(signing->name);
	mem_free(signing->tenant_name);
	mem_free(signing->hash);
	mem_unref(signing->by);
}

struct signing *signing_new(struct platform *platform, struct http_request *req, json_t *body)
{
	struct signing *signing = task_new(platform, sizeof(*signing), "auth", STORE_TENANT, NULL);

	signing->task.releaseh = release;
	signing->task.req = mem_ref(req);
	signing->body = body;
	signing->cookie = json_get_bool(body, "cookie", false);
	return signing;
}

void signing_end(struct signing *signing)
{
	task_end(&signing->task);
}

void signing_refuse(struct signing *signing, enum api_error error)
{
	api_fail(signing->task.req, error, NULL, NULL);
	signing_end(signing);
}

void signing_fail(struct signing *signing, int err)
{
	api_fail_errno(signing->task.req, err);
	signing_end(signing);
}

/* Something, one '@', something, and nothing that needs quoting: mail decides about the rest. */
char *signing_email(struct http_request *req, const char *text)
{
	char *email;

	if (!text) {
		api_fail(req, API_MISSING_FIELD, "email", "email is required.");
		return NULL;
	}
	email = email_clean(text);
	if (email)
		return email;
	api_fail(req, API_INVALID_FIELD, "email", "email must be an email address.");
	return NULL;
}

/* ---- passwords ---- */

struct proving {
	signing_step_h *done;
};

static void on_proof(int err, const struct proof_result *result, void *arg)
{
	struct signing *signing = arg;
	struct proving *proving = signing->task.state;
	struct http_request *req = signing->task.req;
	char wait[16];

	if (err == -EAGAIN) {
		snprintf(wait, sizeof(wait), "%u", result->wait_s);
		http_reply_header(req, "Retry-After", wait);
		LOG_WARN(&signing->task.log, "sign_in_locked_out",
			 LOG_STR("remote", http_request_remote(req)));
		signing_refuse(signing, API_TOO_MANY_ATTEMPTS);
	} else if (err == -EACCES) {
		LOG_WARN(&signing->task.log, "sign_in_failed",
			 LOG_STR("remote", http_request_remote(req)));
		signing_refuse(signing, API_INVALID_CREDENTIALS);
	} else if (err) {
		signing_fail(signing, err);
	} else {
		if (result->user_id)
			str_copy(signing->user_id, sizeof(signing->user_id), result->user_id);
		if (result->name)
			mem_replace_str(&signing->name, result->name);
		mem_replace_str(&signing->hash,
				str_is_empty(result->new_hash) ? NULL : result->new_hash);
		proving->done(signing);
	}
}

static void keep_step(struct signing *signing, signing_step_h *done)
{
	struct proving *proving = mem_new(sizeof(*proving), NULL);

	proving->done = done;
	mem_unref(signing->task.state);
	signing->task.state = proving;
}

void signing_prove(struct signing *signing, const char *password, const char *new_password,
		   signing_step_h *done)
{
	struct platform *platform = signing->task.platform;
	struct proof_params params = {
		.db = platform->api.db,
		.strand = platform->passwords,
		.email = signing->email,
		.remote = http_request_remote(signing->task.req),
		.password = password,
		.new_password = new_password,
	};

	keep_step(signing, done);
	proof_start(&signing->proof, &params, on_proof, signing);
}

void signing_hash(struct signing *signing, const char *new_password, signing_step_h *done)
{
	keep_step(signing, done);
	proof_hash(&signing->proof, signing->task.platform->passwords, new_password, on_proof,
		   signing);
}

/* ---- the rows ---- */

/* A browser's name for itself is kept for its owner to recognise it by. */
static const char *agent_of(const struct http_request *req, char *out, size_t size)
{
	const char *agent = http_request_header(req, "user-agent");

	str_copy(out, size, agent && str_is_utf8(agent, strlen(agent)) ? agent : "");
	return str_is_utf8(out, strlen(out)) ? out : "";
}

void signing_add(struct signing *signing, struct batch *batch, const char *action)
{
	const struct http_request *req = signing->task.req;
	int64_t now = clock_wall_us();
	char agent[200], *hash = mem_alloc(AUTH_HASH_SIZE);
	struct store_sign_in row = {
		.id = signing->sign_in_id,
		.tenant_id = signing->task.tenant_id,
		.user_id = signing->user_id,
		.remote = http_request_remote(req),
		.at = now,
		.expires_at = now + SIGNING_REFRESH_S * 1000000ll,
	};

	mem_unref(signing->by);
	signing->by = principal_new(PRINCIPAL_USER, signing->task.tenant_id, signing->user_id,
				    signing->role, http_request_remote(req));
	row.agent = batch_own(batch, mem_strdup(agent_of(req, agent, sizeof(agent))));
	uuid_new(signing->sign_in_id);
	auth_word_make(signing->refresh);
	auth_hash(hash, signing->refresh);
	signing->expires_at = row.expires_at;
	store_sign_in_insert(batch, &row);
	store_refresh_insert(batch, &row, batch_own(batch, hash));
	store_user_signed_in(batch, signing->user_id, now);
	if (signing->hash)
		store_user_password(batch, signing->user_id, signing->hash, now);
	audit_add(batch, signing->by, action, "user", signing->user_id, NULL);
}

void signing_run(struct signing *signing, struct batch *batch, db_done_h *doneh)
{
	signing->query = mem_unref(signing->query);
	batch_run(batch, &signing->query, signing->task.platform->api.db, doneh, signing);
}

/* ---- the answer ---- */

static bool is_https(const struct platform *platform)
{
	return platform->tls || str_has_prefix(platform->base_url, "https://");
}

static void set_cookie(const struct platform *platform, struct http_request *req, const char *value,
		       int age_s)
{
	char cookie[256];

	snprintf(cookie, sizeof(cookie),
		 SIGNING_COOKIE "=%s; Path=/api/v1/auth; HttpOnly; SameSite=Strict; Max-Age=%d%s",
		 value, age_s, is_https(platform) ? "; Secure" : "");
	http_reply_header(req, "Set-Cookie", cookie);
}

void signing_drop_cookie(const struct platform *platform, struct http_request *req)
{
	set_cookie(platform, req, "", 0);
}

static void write_who(struct json_writer *writer, const struct signing *signing)
{
	json_write_open(writer, "user", '{');
	json_write_str(writer, "id", signing->user_id);
	json_write_str(writer, "email", signing->email);
	json_write_str(writer, "name", signing->name);
	json_write_close(writer, '}');
	json_write_open(writer, "tenant", '{');
	json_write_str(writer, "id", signing->task.tenant_id);
	json_write_str(writer, "name", signing->tenant_name);
	json_write_close(writer, '}');
	json_write_str(writer, "role", role_name(signing->role));
}

void signing_answer(struct signing *signing)
{
	struct platform *platform = signing->task.platform;
	struct http_request *req = signing->task.req;
	struct buf auto_buf body = {0};
	struct json_writer writer = {.out = &body};
	struct auth_claims claims = {.role = signing->role};
	auto_free char *token = NULL;

	str_copy(claims.user_id, UUID_SIZE, signing->user_id);
	str_copy(claims.tenant_id, UUID_SIZE, signing->task.tenant_id);
	str_copy(claims.sign_in_id, UUID_SIZE, signing->sign_in_id);
	token = auth_token_make(&claims, auth_secret(platform->api.auth));
	json_write_open(&writer, NULL, '{');
	json_write_str(&writer, "access_token", token);
	json_write_str(&writer, "token_type", "Bearer");
	json_write_int(&writer, "expires_in", AUTH_TOKEN_TTL_S);
	if (signing->cookie)
		set_cookie(platform, req, signing->refresh, SIGNING_REFRESH_S);
	else
		json_write_str(&writer, "refresh_token", signing->refresh);
	json_write_int(&writer, "refresh_expires_in", SIGNING_REFRESH_S);
	write_who(&writer, signing);
	json_write_close(&writer, '}');
	http_reply_header(req, "Cache-Control", "no-store");
	http_reply(req, 200, "application/json", body.data, body.len);
	signing_end(signing);
}

const char *signing_refresh_token(const struct http_request *req, const json_t *body,
				  char word[AUTH_WORD_SIZE])
{
	const char *given = json_get_str(body, "refresh_token", NULL);

	if (given)
		return auth_word_is_valid(given) ? given : NULL;
	return auth_cookie_read(word, http_request_header(req, "cookie"), SIGNING_COOKIE) ? word
											  : NULL;
}
