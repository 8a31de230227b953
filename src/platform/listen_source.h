/*
 * The sound of a call that passes this pod (a browser's, talk.h) for whoever listens in: there is
 * no carrier that could copy it. Listeners of this pod get it from here; those of other pods ask
 * for it, and it reaches them through the shared state.
 */
#pragma once

#include "platform/listen.h"

#include <stddef.h>
#include <stdint.h>

struct listen_source;

/* Owned by the caller; with mem_unref() the call is over for who listens. rate_hz: 8000..48000. */
struct listen_source *listen_source_new(struct platform *platform, const char *call_id,
					uint32_t rate_hz);

/* What a side said: signed 16-bit little-endian samples; an odd byte at the end is left out. */
void listen_source_give(struct listen_source *source, enum listen_side side, const char *pcm,
			size_t bytes);
