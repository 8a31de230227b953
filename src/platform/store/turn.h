/* Table transcript_turn: what was said, a row a turn. */
#pragma once

#include "platform/store/batch.h"
#include "platform/transcript.h"

/* Changes one row, or none when the same text is stored already. */
void store_turn_save(struct batch *batch, const struct transcript_turn *turn);

/* A whole turn from elsewhere; changes no row when it is there. timing may be NULL. */
void store_turn_import(struct batch *batch, const struct transcript_turn *turn, const char *timing);

/* The turn may not exist yet: then its times wait for it. */
void store_turn_timing(struct batch *batch, const char *tenant_id, const char *call_id,
		       int64_t ordinal, int64_t at, const char *timing);

/* ordinal, at, speaker, text, confidence, timing of the final turns, in order. */
void store_turn_select(struct batch *batch, const char *tenant_id, const char *call_id);
