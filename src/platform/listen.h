/*
 * Listening in: the audio of live calls, for whoever may hear it. The platform is not in the path
 * of a call's audio: while somebody listens, the carrier is asked to copy both sides of the call to
 * us (a unidirectional media stream), and every listener gets the same. The call notices nothing; a
 * listener that does not keep up misses frames.
 *
 * The carrier's stream may arrive at another pod than the listener's: it is passed on then. A call
 * of a browser has no carrier: the pod that carries it gives its audio (listen_source.h), to other
 * pods as long as they ask for it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;
struct listen_hub;
struct listener;
struct platform;

enum {
	LISTEN_RATE_HZ = 8000,
	LISTEN_CHANNELS = 2, /* what the phone says, and what it hears */
	LISTEN_FRAME_MS = 20,
	LISTEN_FRAME_SAMPLES = LISTEN_RATE_HZ / 1000 * LISTEN_FRAME_MS, /* of each channel */
	LISTEN_MAX_A_CALL = 16,
	LISTEN_ASK_MS = 5000, /* another pod asks again so often */
	LISTEN_MAX = 500,
	/* close codes */
	LISTEN_CLOSE_OVER = 1000,
	LISTEN_CLOSE_NOT_FOUND = 4404,
	LISTEN_CLOSE_NOT_LIVE = 4409,
	LISTEN_CLOSE_TOO_MANY = 4429,
	LISTEN_CLOSE_CARRIER = 4502,
};

/* Between pods a message is the byte of a side and G.711 mu-law, or this one byte. */
enum listen_side { LISTEN_CALLER, LISTEN_AGENT };
#define LISTEN_END 'E'

enum { LISTEN_CHANNEL_SIZE = 80 };
void listen_channel(char ret_channel[LISTEN_CHANNEL_SIZE], const char *kind, const char *name);

/* One listener's ways out. frame: LISTEN_FRAME_SAMPLES times both channels, signed 16 bit. */
struct listen_sink {
	void (*frameh)(const int16_t *frame, void *arg);
	/* Once, the last call: the listener is gone from the hub. Not after mem_unref(listener). */
	void (*closeh)(uint16_t code, const char *reason, void *arg);
};

/* Owned by the caller. Adds the route for the carrier's streams. */
struct listen_hub *listen_hub_new(struct platform *platform);

/* It goes on, and there is something that copies its audio. */
bool listen_can(const struct call *call);

/*
 * Hear a call in progress. sink is static. ret_listener: owned by the caller, mem_unref() to hear
 * no more; with the last one the audio is no longer copied. Returns 0, -ENOTCONN (no call under
 * way) or -EMFILE (as many listen as may). closeh does not run before this has returned.
 */
int listen_start(struct listener **ret_listener, struct listen_hub *hub, const struct call *call,
		 const struct listen_sink *sink, void *arg);

/* Audio of a call that passes this pod: a message as above, for the listeners that are here. */
bool listen_is_wanted(const struct listen_hub *hub, const char *call_id);
void listen_hear(struct listen_hub *hub, const char *call_id, const char *message, size_t len);
void listen_over(struct listen_hub *hub, const char *call_id);

/* This pod stops: everybody is sent away. */
void listen_hub_close(struct listen_hub *hub, uint16_t code, const char *reason);

/* GET /api/v1/calls/{call_id}/listen. */
void api_listen_routes(struct platform *platform);
