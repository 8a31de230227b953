/*
 * Talking to an agent from a browser: GET /api/v1/talk, a WebSocket of the page's microphone and
 * the agent's voice. It is a call like any other (call_is_browser()), but there is no carrier: the
 * platform joins the engine's session itself and passes the audio on, both ways, as it comes. The
 * call ends when either side goes.
 */
#pragma once

#include <stdint.h>

struct platform;

enum {
	TALK_RATE_HZ = 16000, /* signed 16 bit, one channel, both ways */
	TALK_FRAME_MS = 20,
	/* close codes */
	TALK_CLOSE_OVER = 1000,
	TALK_CLOSE_NO_AGENT = 4404,
	TALK_CLOSE_TOO_MANY = 4429,
	TALK_CLOSE_ENGINE = 4502,
};

void api_talk_routes(struct platform *platform);

/* The platform goes: nothing more is heard of any. */
void api_talk_drop(struct platform *platform);

/* This pod stops: every call of a browser ends. */
void api_talk_close(struct platform *platform, uint16_t code, const char *reason);
