/*
 * Twilio's REST API for calls and recordings (2010-04-01), or anything that speaks it: the embedded
 * carrier does. Requests are sent again after 429 and failures to connect, which did nothing; a
 * create whose answer was lost is reported as result->unknown and never repeated here: look it up
 * first.
 */
#pragma once

#include "provider/provider.h"

struct form;
struct twilio;

enum { TWILIO_SID_SIZE = 35 };

/* Codes of Twilio that are acted upon. */
enum {
	TWILIO_CODE_NOT_FOUND = 20404,
	TWILIO_CODE_INVALID_TO = 21211,
	TWILIO_CODE_NOT_IN_PROGRESS = 21220, /* the call to be changed is already over */
};

struct twilio_conf {
	const char *api_url; /* scheme and host, no trailing slash; all copied */
	const char *account_sid;
	const char *auth_token;
	uint32_t timeout_ms; /* one attempt; 0 means 15000 */
};

struct twilio_call_params {
	const char *to;                 /* E.164, sip: or client: */
	const char *from;               /* a number of the account */
	const char *url;                /* TwiML is fetched from here once answered */
	const char *fallback_url;       /* may be NULL */
	const char *status_callback;    /* may be NULL; gets all four events */
	bool record;                    /* both sides, in two channels */
	const char *recording_callback; /* may be NULL */
	uint32_t ring_timeout_s;        /* 5..600 */
	uint32_t time_limit_s;          /* 0: the account's */
};

/* As the vendor last said; strings are "" where it said null. */
struct twilio_call {
	char sid[TWILIO_SID_SIZE];
	char status[16]; /* queued ringing in-progress completed busy failed no-answer canceled */
	char direction[24];
	char to[256];
	char from[256];
	int64_t duration_s;                       /* -1 until completed */
	int64_t created_us, started_us, ended_us; /* 0 for null */
	bool has_price;                           /* false: the vendor does not know it yet */
	int64_t price_micros;                     /* what the call cost, positive */
	char price_unit[8];                       /* currency, ISO 4217 */
};

/* call is NULL on failure. */
typedef void twilio_call_h(const struct provider_result *result, const struct twilio_call *call,
			   void *arg);
typedef void twilio_list_h(const struct provider_result *result, const struct twilio_call *calls,
			   size_t count, void *arg);

/* client is referenced. Owned by the caller. Returns 0 or -EINVAL (no account, no URL). */
int twilio_new(struct twilio **ret_twilio, struct loop *loop, struct http_client *client,
	       const struct twilio_conf *conf);

/* ret_request as in provider_send(). Each returns 0 or -EINVAL. */
int twilio_call_create(struct provider_request **ret_request, struct twilio *twilio,
		       const struct twilio_call_params *params, twilio_call_h *callh, void *arg);
int twilio_call_fetch(struct provider_request **ret_request, struct twilio *twilio, const char *sid,
		      twilio_call_h *callh, void *arg);

/*
 * The newest calls, at most 50, between these two numbers (each may be NULL for any), started on or
 * after the day of started_after_us (0: any; calls that have not started are then included).
 */
int twilio_call_list(struct provider_request **ret_request, struct twilio *twilio, const char *to,
		     const char *from, int64_t started_after_us, twilio_list_h *listh, void *arg);

struct twilio_update {
	const char
		*status;   /* "completed" ends any call, "canceled" one not yet answered; or NULL */
	const char *twiml; /* new instructions, instead of url; or NULL */
	const char *url;
};

/*
 * Change a live call. A call that is over already is -EINVAL with code 21220 (or -ENOENT): the
 * caller decides whether that matters.
 */
int twilio_call_update(struct provider_request **ret_request, struct twilio *twilio,
		       const char *sid, const struct twilio_update *update, twilio_call_h *callh,
		       void *arg);

/*
 * Record a live call from now on, both sides, in two channels; callback (an URL) is told when it is
 * ready. A call that is not live: -EINVAL or -ENOENT.
 */
int twilio_recording_start(struct provider_request **ret_request, struct twilio *twilio,
			   const char *sid, const char *callback, provider_done_h *doneh,
			   void *arg);

/*
 * Copy both tracks of a live call to url (wss://, or ws:// on a loopback address; what stands
 * behind a '?' does not arrive), 8 kHz mu-law in Media Streams messages. The call goes on as it is.
 * A call that is not live: -EINVAL or -ENOENT. stream_sid is NULL on failure.
 */
typedef void twilio_stream_h(const struct provider_result *result, const char *stream_sid,
			     void *arg);
int twilio_stream_start(struct provider_request **ret_request, struct twilio *twilio,
			const char *sid, const char *url, twilio_stream_h *streamh, void *arg);
int twilio_stream_stop(struct provider_request **ret_request, struct twilio *twilio,
		       const char *sid, const char *stream_sid, provider_done_h *doneh, void *arg);

/*
 * Download a recording as two-channel WAV into path (created or replaced). recording_url is the one
 * of the callback, without extension; it must lie under the API's own URL, because our credentials
 * go there. Returns 0 or -EINVAL.
 */
int twilio_recording_download(struct provider_request **ret_request, struct twilio *twilio,
			      const char *recording_url, const char *path, provider_done_h *doneh,
			      void *arg);

/* Delete a recording (RE...) at the carrier. err -ENOENT: there is none. Returns 0 or -EINVAL. */
int twilio_recording_remove(struct provider_request **ret_request, struct twilio *twilio,
			    const char *sid, provider_done_h *doneh, void *arg);
