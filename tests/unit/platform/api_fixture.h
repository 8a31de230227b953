/* What tests of the API's routes share: asking a server of this process over real HTTP. */
#pragma once

#include "unit/platform/fixture.h"

#include "core/buf.h"
#include "core/str.h"
#include "http/http_client.h"
#include "http/http_server.h"

struct asker {
	struct base *base;
	struct http_client *client;
	uint16_t port;
	/* sent with every request; NULL for none */
	const char *authorization;
	struct http_exchange *exchange; /* the last request */
	/* the last answer */
	bool done;
	int status;
	json_t *json;
	char text[4096];
	char header[512]; /* of header_name */
	const char *header_name;
};

static inline void asker_open(struct asker *asker, struct base *base, uint16_t port)
{
	asker->base = base;
	asker->client = http_client_new(base->loop);
	asker->port = port;
}

static inline void asker_close(struct asker *asker)
{
	asker->exchange = mem_unref(asker->exchange);
	asker->client = mem_unref(asker->client);
	json_decref(asker->json);
	asker->json = NULL;
}

static inline void asker_on_answer(const struct http_result *result, void *arg)
{
	struct asker *asker = arg;
	const char *header = NULL;

	assert_int_equal(0, result->err);
	asker->done = true;
	asker->status = result->status;
	json_decref(asker->json);
	asker->json = NULL;
	json_parse(&asker->json, result->body, result->body_len, NULL);
	str_copy(asker->text, sizeof(asker->text), result->body ? result->body : "");
	if (asker->header_name)
		header = http_exchange_header(result->exchange, asker->header_name);
	str_copy(asker->header, sizeof(asker->header), header ? header : "");
}

/* header ("Name: value") and body (JSON) may be NULL. The answer comes later: done. */
static inline void ask_begin(struct asker *asker, const char *method, const char *target,
			     const char *header, const char *body)
{
	char *auto_free url = mem_printf("http://127.0.0.1:%u%s", asker->port, target);
	char *auto_free authorization =
		asker->authorization ? mem_printf("Authorization: %s", asker->authorization) : NULL;
	const char *headers[4] = {0};
	size_t count = 0;
	struct http_client_params params = {
		.method = method,
		.url = url,
		.headers = headers,
		.body = body,
		.body_len = body ? strlen(body) : 0,
	};

	if (authorization)
		headers[count++] = authorization;
	if (body)
		headers[count++] = "Content-Type: application/json";
	if (header)
		headers[count] = header;
	asker->done = false;
	mem_unref(asker->exchange);
	assert_int_equal(0, http_client_request(&asker->exchange, asker->client, &params, NULL,
						asker_on_answer, asker));
}

/* The same, waited for. Returns the status. */
static inline int ask_with(struct asker *asker, const char *method, const char *target,
			   const char *header, const char *body)
{
	ask_begin(asker, method, target, header, body);
	base_wait(asker->base, &asker->done);
	asker->exchange = mem_unref(asker->exchange);
	return asker->status;
}

static inline int ask(struct asker *asker, const char *method, const char *target, const char *body)
{
	return ask_with(asker, method, target, NULL, body);
}

static inline const char *answer_str(struct asker *asker, const char *member)
{
	return json_get_str(asker->json, member, "");
}

static inline const char *error_code(struct asker *asker)
{
	return json_get_str(json_object_get(asker->json, "error"), "code", "");
}
