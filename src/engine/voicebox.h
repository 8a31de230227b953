/*
 * The recogniser and the synthesiser as a conversation sees them: the functions of speech/ behind a
 * table, so that tests can put scripted ones in their place. The handler contracts are those of
 * speech/stt.h and speech/tts.h.
 */
#pragma once

#include "speech/stt.h"
#include "speech/tts.h"

struct voicebox {
	/* ret_ear, ret_speech: owned by the caller, mem_unref(). */
	int (*open)(void **ret_ear, const struct voicebox *box, uint32_t rate_hz,
		    stt_partial_h *partialh, void *arg);
	int (*set_grammar)(void *ear, const char *jsgf);
	void (*begin)(void *ear);
	void (*feed)(void *ear, const int16_t *samples, size_t count);
	void (*end)(void *ear, stt_final_h *finalh);
	int (*speak)(void **ret_speech, const struct voicebox *box, const struct tts_params *params,
		     tts_audio_h *audioh, tts_done_h *doneh, void *arg);
	struct stt_engine *stt;
	struct tts *tts;
};

/* The real one. Both are referenced by the caller for as long as the box is used. */
struct voicebox voicebox_real(struct stt_engine *stt, struct tts *tts);
