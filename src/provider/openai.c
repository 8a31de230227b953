#include "provider/openai.h"

#include "core/mem.h"
#include "core/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	MAX_RETRIES = 2,
	BACKOFF_MS = 500,
	BACKOFF_CAP_MS = 8000,
	TIMEOUT_MS = 60000,
};

struct openai {
	struct provider *provider;
	char *url;
	char *auth_header; /* NULL without a key */
	char *model;
	char *max_tokens_field;
	uint32_t timeout_ms;
};

static const json_t *error_object(const json_t *json)
{
	const json_t *error = json_object_get(json, "error");

	return error ? error : json; /* older vLLM puts the fields at the top */
}

/* Billing will not mend itself in a few seconds. */
static bool is_out_of_quota(const json_t *json)
{
	const json_t *error = error_object(json);

	return str_equal(json_get_str(error, "code", NULL), "insufficient_quota") ||
	       str_equal(json_get_str(error, "type", NULL), "insufficient_quota");
}

static bool is_retryable_status(const struct http_result *http)
{
	const char *should = http_exchange_header(http->exchange, "x-should-retry");

	if (should && str_equal_nocase(should, "true"))
		return true;
	if (should && str_equal_nocase(should, "false"))
		return false;
	return http->status == 408 || http->status == 409 || http->status == 429 ||
	       http->status >= 500;
}

/* A completion asked for twice costs twice and does nothing else: every lost answer may be retried.
 */
static bool may_retry(const struct http_result *http, const json_t *json, uint32_t retry, bool safe,
		      uint64_t *ret_wait_ms)
{
	uint64_t asked = provider_retry_after_ms(http);
	uint64_t wait = (uint64_t)BACKOFF_MS << retry;

	if (wait > BACKOFF_CAP_MS)
		wait = BACKOFF_CAP_MS;
	*ret_wait_ms =
		asked ? asked : wait - provider_jitter_ms((uint32_t)wait / 4, 0, BACKOFF_CAP_MS);
	if (http->err)
		return http->err != -EMSGSIZE;
	return is_retryable_status(http) && !is_out_of_quota(json);
}

/* code may be a string, a number or null, and error a bare string, depending on the server. */
static void explain(struct provider_result *result, const json_t *json)
{
	const json_t *error = error_object(json);
	const char *name = json_get_str(error, "code", json_get_str(error, "type", ""));
	const char *message = json_is_string(error) ? json_string_value(error)
						    : json_get_str(error, "message", "");

	result->code = json_get_int(error, "code", 0);
	if (result->code == result->status)
		result->code = 0;
	provider_text(result->code_name, sizeof(result->code_name), name);
	snprintf(result->reason, sizeof(result->reason), "%s%s", result->code_name,
		 *result->code_name && *message ? ": " : "");
	provider_text(result->reason + strlen(result->reason),
		      sizeof(result->reason) - strlen(result->reason), message);
}

static const struct provider_policy policy = {
	.name = "openai",
	.max_retries = MAX_RETRIES,
	.max_wait_ms = 30000,
	.may_retry = may_retry,
	.explain = explain,
};

static void openai_destroy(void *data)
{
	struct openai *openai = data;

	mem_unref(openai->provider);
	mem_free(openai->url);
	mem_free(openai->auth_header);
	mem_free(openai->model);
	mem_free(openai->max_tokens_field);
}

int openai_new(struct openai **ret_openai, struct loop *loop, struct http_client *client,
	       const struct openai_conf *conf)
{
	struct openai *openai;

	if (str_is_empty(conf->api_url) || str_is_empty(conf->model))
		return -EINVAL;
	openai = mem_new(sizeof(*openai), openai_destroy);
	openai->provider = provider_new(loop, client, &policy);
	openai->url = mem_printf("%s/chat/completions", conf->api_url);
	if (!str_is_empty(conf->api_key))
		openai->auth_header = mem_printf("Authorization: Bearer %s", conf->api_key);
	openai->model = mem_strdup(conf->model);
	openai->max_tokens_field =
		mem_strdup(str_is_empty(conf->max_tokens_field) ? "max_completion_tokens"
								: conf->max_tokens_field);
	openai->timeout_ms = conf->timeout_ms ? conf->timeout_ms : TIMEOUT_MS;
	*ret_openai = openai;
	return 0;
}

const char *openai_model(const struct openai *openai)
{
	return openai->model;
}

/* ---- the answer ---- */

static char *skip_thinking(char *text)
{
	char *end;

	text = str_trim(text);
	if (!str_has_prefix(text, "<think>"))
		return text;
	end = strstr(text, "</think>");
	return end ? str_trim(end + strlen("</think>")) : text;
}

static char *skip_fence(char *text)
{
	char *end;

	if (!str_has_prefix(text, "```"))
		return text;
	text += strcspn(text, "\n");
	end = strstr(text, "\n```");
	if (end)
		*end = '\0';
	return str_trim(text);
}

int openai_parse_object(json_t **ret_object, const char *text)
{
	auto_free char *copy = mem_strdup(text);
	char *object = skip_fence(skip_thinking(copy));
	json_t *json = NULL;

	if (json_parse(&json, object, strlen(object), NULL))
		return -EBADMSG;
	if (!json_is_object(json)) {
		json_decref(json);
		return -EBADMSG;
	}
	*ret_object = json;
	return 0;
}

static void set_reason(struct openai_answer *answer, enum openai_outcome outcome, const char *what,
		       const char *detail)
{
	answer->outcome = outcome;
	snprintf(answer->reason, sizeof(answer->reason), "%s", what);
	provider_text(answer->reason + strlen(what), sizeof(answer->reason) - strlen(what), detail);
}

/* First what makes the content meaningless, then the content. */
static void judge(struct openai_answer *answer, const json_t *choice, json_t **ret_object)
{
	const json_t *message = json_object_get(choice, "message");
	const char *refusal = json_get_str(message, "refusal", NULL);
	const char *finish = json_get_str(choice, "finish_reason", "stop");
	const char *content = json_get_str(message, "content", "");

	if (refusal)
		set_reason(answer, OPENAI_REFUSED, "the model refused: ", refusal);
	else if (str_equal(finish, "content_filter"))
		set_reason(answer, OPENAI_FILTERED, "the content filter blocked the answer", "");
	else if (str_equal(finish, "length"))
		set_reason(answer, OPENAI_TRUNCATED, "the answer was cut off at the token limit",
			   "");
	else if (openai_parse_object(ret_object, content))
		set_reason(answer, OPENAI_INVALID, "the answer is not a JSON object", "");
	else
		answer->object = *ret_object;
}

static void chat_answered(struct provider_result *result, provider_user_h *userh, void *arg)
{
	const json_t *choice = json_array_get(json_object_get(result->json, "choices"), 0);
	struct openai_answer answer = {.outcome = OPENAI_OK,
				       .model = json_get_str(result->json, "model", "")};
	auto_json json_t *object = NULL;

	answer.tokens = json_get_int(json_object_get(result->json, "usage"), "total_tokens", 0);
	if (answer.tokens < 0 || answer.tokens > INT32_MAX)
		answer.tokens = 0;
	if (!result->err && !json_is_object(choice)) {
		result->err = -EBADMSG;
		str_copy(result->reason, sizeof(result->reason),
			 "openai's answer is not understood");
	}
	if (result->err)
		set_reason(&answer, OPENAI_FAILED, "", result->reason);
	else
		judge(&answer, choice, &object);
	((openai_chat_h *)userh)(result, &answer, arg);
}

/* ---- the request ---- */

static json_t *chat_body(const struct openai *openai, const struct openai_chat_params *params)
{
	json_t *messages = json_array();
	json_t *body;

	if (params->system)
		json_array_append_new(messages, json_pack("{s:s,s:s}", "role", "system", "content",
							  params->system));
	json_array_append_new(messages,
			      json_pack("{s:s,s:s}", "role", "user", "content", params->user));
	body = json_pack("{s:s,s:o,s:{s:s,s:{s:s,s:b,s:O}}}", "model", openai->model, "messages",
			 messages, "response_format", "type", "json_schema", "json_schema", "name",
			 params->schema_name, "strict", 1, "schema", params->schema);
	if (body && params->max_tokens)
		json_set_int(body, openai->max_tokens_field, params->max_tokens);
	return body;
}

int openai_chat(struct provider_request **ret_request, struct openai *openai,
		const struct openai_chat_params *params, openai_chat_h *chath, void *arg)
{
	const char *headers[] = {"Content-Type: application/json", openai->auth_header, NULL};
	auto_json json_t *body = chat_body(openai, params);
	auto_free char *text = body ? json_text(body) : NULL;
	struct provider_send_params send = {
		.http.method = "POST",
		.http.url = openai->url,
		.http.headers = headers,
		.http.body = text,
		.http.body_len = text ? strlen(text) : 0,
		.http.timeout_ms = openai->timeout_ms,
		.safe = true,
		.answerh = chat_answered,
		.userh = (provider_user_h *)chath,
		.arg = arg,
	};

	return text ? provider_send(ret_request, openai->provider, &send) : -EINVAL;
}
