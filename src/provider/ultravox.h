/*
 * Ultravox's REST API: the voice session of a call, or anything that speaks it: the embedded engine
 * does. 429 and 503 are tried again after the patience asked for; durations are strings on the wire
 * ("5.5s") and numbers here.
 */
#pragma once

#include "provider/provider.h"

struct ultravox;

enum { ULTRAVOX_ID_SIZE = 64 };

struct ultravox_conf {
	const char *api_url; /* with /api, no trailing slash; all copied */
	const char *api_key;
	uint32_t timeout_ms; /* one attempt; 0 means 15000 */
};

struct ultravox_call_params {
	const char *system_prompt; /* NULL or "" is left out, here and below */
	const char *model;
	const char *voice;
	const char *language;      /* BCP 47 */
	const char *first_message; /* what the agent says first; "": it finds words itself */
	bool callee_first; /* wait for the other side to speak, the first message is the fallback */
	double temperature;      /* 0..1; negative is left out */
	uint32_t first_delay_ms; /* callee_first: silence before the fallback */
	uint32_t join_timeout_s; /* must outlast the ringing */
	uint32_t max_duration_s;
	bool recording;
	const json_t *tools;      /* array of selectedTools, may be NULL */
	const json_t *metadata;   /* object of strings, may be NULL */
	const char *data_url;     /* data connection: where the vendor dials us, ws or wss */
	const char *data_secret;  /* 16..127 characters */
	const char *callback_url; /* joined, ended and billed */
	const char *callback_secret;
	uint32_t web_socket_rate_hz; /* not 0: we join ourselves, PCM both ways at that rate;
					0: the carrier joins with a media stream */
};

/* As the vendor last said. */
struct ultravox_call {
	char id[ULTRAVOX_ID_SIZE];
	char end_reason[32];  /* "", unjoined hangup agent_hangup timeout connection_error
				 system_error */
	const char *join_url; /* borrowed; "" for null */
	int64_t created_us, joined_us, ended_us; /* 0: not yet */
	double billed_s;                         /* -1: not known */
	const json_t *metadata;                  /* borrowed; NULL for none */
	const json_t *outcome; /* the embedded engine's dialogue outcome; borrowed; NULL for none */
};

struct ultravox_message {
	bool agent;            /* false: the person */
	const char *text;      /* borrowed */
	double start_s, end_s; /* since joined; -1: not known */
	double confidence;     /* 0..1; -1: not known */
};

/* call and messages are NULL on failure. */
typedef void ultravox_call_h(const struct provider_result *result, const struct ultravox_call *call,
			     void *arg);
typedef void ultravox_messages_h(const struct provider_result *result,
				 const struct ultravox_message *messages, size_t count,
				 const char *next, void *arg);

int ultravox_new(struct ultravox **ret_ultravox, struct loop *loop, struct http_client *client,
		 const struct ultravox_conf *conf);

/* ret_request as in provider_send(). Each returns 0 or -EINVAL. */
int ultravox_call_create(struct provider_request **ret_request, struct ultravox *ultravox,
			 const struct ultravox_call_params *params, ultravox_call_h *callh,
			 void *arg);
int ultravox_call_get(struct provider_request **ret_request, struct ultravox *ultravox,
		      const char *id, ultravox_call_h *callh, void *arg);

/*
 * One page of what was said, tool calls left out. page: NULL for the first, or the next of the page
 * before, which must lie under the API's own URL. next is NULL on the last page.
 */
int ultravox_messages(struct provider_request **ret_request, struct ultravox *ultravox,
		      const char *id, const char *page, ultravox_messages_h *messagesh, void *arg);

struct ultravox_voice {
	const char *id; /* borrowed, all of them; "" when not said */
	const char *name;
	const char *description;
	const char *language; /* BCP 47 */
	const char *provider;
};
typedef void ultravox_voices_h(const struct provider_result *result,
			       const struct ultravox_voice *voices, size_t count, const char *next,
			       void *arg);

/* One page of the voices there are; page and next as in ultravox_messages(). */
int ultravox_voices(struct provider_request **ret_request, struct ultravox *ultravox,
		    const char *page, ultravox_voices_h *voicesh, void *arg);

/*
 * A few words of a voice: result->body is the sound, of the type its exchange's content-type says.
 * An answer 301 to 308 has the address of the file in its location instead (err is -EBADMSG): our
 * key does not go there.
 */
int ultravox_voice_preview(struct provider_request **ret_request, struct ultravox *ultravox,
			   const char *voice_id, provider_done_h *doneh, void *arg);
/* The same file, from that address (https, unless the API itself is plain), without our key. */
int ultravox_voice_preview_at(struct provider_request **ret_request, struct ultravox *ultravox,
			      const char *url, provider_done_h *doneh, void *arg);

/* Make the agent hang up; message (may be NULL) is said first. A call not live: -EINVAL, status
 * 422. */
int ultravox_hang_up(struct provider_request **ret_request, struct ultravox *ultravox,
		     const char *id, const char *message, provider_done_h *doneh, void *arg);

/*
 * Have the agent of a live call say text; urgent: at once, cutting off what is being said, else
 * when nobody speaks. Errors as of ultravox_hang_up().
 */
struct ultravox_speech {
	const char *text;
	bool urgent;
	bool uninterruptible; /* the caller cannot cut it off */
};
int ultravox_say(struct provider_request **ret_request, struct ultravox *ultravox, const char *id,
		 const struct ultravox_speech *speech, provider_done_h *doneh, void *arg);

/*
 * Tell the agent of a live call what to heed from its next answer on. It is a deferred message in
 * <instruction> tags, which is how the vendor would have it.
 */
int ultravox_instruct(struct provider_request **ret_request, struct ultravox *ultravox,
		      const char *id, const char *text, provider_done_h *doneh, void *arg);

/* Text of a user's turn that nobody said: an instruction. */
bool ultravox_is_instruction(const char *text);

/* A call object of a webhook. Returns 0 or -EBADMSG. Strings are borrowed from json. */
int ultravox_call_parse(struct ultravox_call *ret_call, const json_t *json);

/* "5.5s" to seconds. Returns 0 or -EINVAL. */
int ultravox_duration_parse(double *ret_seconds, const char *text);
