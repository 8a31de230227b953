/* What a voice sounds like: one sentence, spoken on demand and answered as a WAV. */
#pragma once

#include "core/list.h"

struct http_request;
struct tts;
struct tts_voice;

enum { PREVIEW_MAX = 4, PREVIEW_RATE_HZ = 16000, PREVIEW_MAX_S = 15 };

/*
 * Speak and answer req, which is kept meanwhile. all: the previews under way, at most PREVIEW_MAX;
 * releasing an entry cancels it. Returns 0, -EBUSY when there are too many, or -EINVAL when the
 * voice cannot speak; nothing was answered then.
 */
int preview_start(struct list *all, struct tts *tts, const struct tts_voice *voice,
		  struct http_request *req);
