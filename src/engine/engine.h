/*
 * The embedded voice engine: Ultravox's API in front of conversations that are recognised, answered
 *and spoken here. A newcomer reads, from outside to inside:
 *
 *	engine.c, engine_api.c	the server and its REST endpoints
 *	talk.c		a call: created, joined, ended; tells webhooks (hook.c), files (journal.c)
 *				and the data connection (data_link.c)
 *	line*.c			the caller's side: Twilio Media Streams, serverWebSocket
 *	conversation.c		who speaks when, over ear.c (vad.c, turn.c, recognition) and mouth.c
 *				(sentences, synthesis, playout.c)
 *	dialog_*.c		what to say: a flow, or a language model (dialog_llm.c, sse.c,
 *tool.c)
 */
#pragma once

#include "core/json.h"

#include <stdint.h>

struct engine;
struct loop;
struct settings;

struct engine_conf {
	const char *version;    /* static */
	uint32_t hook_retry_ms; /* 0 means the API's 30 s */
};

/* Start serving on ENGINE_PORT. Owned by the caller. Returns 0, or negative with error (room for
 * 256). */
int engine_new(struct engine **ret_engine, struct loop *loop, const struct settings *settings,
	       const struct engine_conf *conf, char error[256]);
uint16_t engine_port(const struct engine *engine);

/* No new calls; conversations go on. */
void engine_drain(struct engine *engine);

/* End every conversation (system_error), journal it, and say so to whom it concerns; takes a second
 * at most. */
void engine_stop(struct engine *engine);
