/*
 * OpenAI's chat completions with structured outputs, or a server compatible with them. An HTTP
 * success is not yet an answer: openai_outcome says what the model did. Sent again as the vendor's
 * own client does: x-should-retry decides, then the status; waits follow retry-after-ms and
 * retry-after.
 */
#pragma once

#include "provider/provider.h"

struct openai;

struct openai_conf {
	const char *api_url; /* with /v1, no trailing slash; all copied */
	const char *api_key; /* "" for servers that want none */
	const char *model;
	const char *max_tokens_field; /* "max_completion_tokens" or "max_tokens" */
	uint32_t timeout_ms;          /* one attempt; 0 means 60000 */
};

enum openai_outcome {
	OPENAI_OK,        /* a JSON object, not yet checked against the schema */
	OPENAI_REFUSED,   /* the model declined; asking again is no use */
	OPENAI_FILTERED,  /* blocked by the content filter; no use either */
	OPENAI_TRUNCATED, /* the token limit came first */
	OPENAI_INVALID,   /* not JSON: the server does not enforce schemas */
	OPENAI_FAILED,    /* no answer: see result */
};

struct openai_chat_params {
	const char *system; /* may be NULL */
	const char *user;
	const char *schema_name; /* letters, digits, '_', '-'; 1..64 */
	const json_t *schema;    /* JSON Schema in the strict subset */
	uint32_t max_tokens;     /* reasoning included */
};

struct openai_answer {
	enum openai_outcome outcome;
	const json_t *object;              /* OPENAI_OK only; borrowed */
	const char *model;                 /* that answered; borrowed, "" for unknown */
	int64_t tokens;                    /* used, of the prompt and the answer; 0: not said */
	char reason[PROVIDER_REASON_SIZE]; /* for everything but OPENAI_OK */
};

typedef void openai_chat_h(const struct provider_result *result, const struct openai_answer *answer,
			   void *arg);

/* client is referenced. Owned by the caller. Returns 0 or -EINVAL. */
int openai_new(struct openai **ret_openai, struct loop *loop, struct http_client *client,
	       const struct openai_conf *conf);
const char *openai_model(const struct openai *openai);

/* ret_request as in provider_send(). Returns 0 or -EINVAL. */
int openai_chat(struct provider_request **ret_request, struct openai *openai,
		const struct openai_chat_params *params, openai_chat_h *chath, void *arg);

/*
 * The JSON object in a model's text: a leading <think> block and a Markdown fence are taken off.
 * Returns 0 (ret_object is a new reference) or -EBADMSG.
 */
int openai_parse_object(json_t **ret_object, const char *text);
