#include "platform/store/turn.h"

#include "core/mem.h"

#include <math.h>

/* Sealed in its place: the same words said twice do not look the same. */
static struct db_value sealed_text(struct batch *batch, const struct transcript_turn *turn)
{
	const char *place =
		batch_own(batch, mem_printf("%s:%lld", turn->call_id, (long long)turn->ordinal));

	return db_sealed(turn->tenant_id, place, turn->text);
}

void store_turn_save(struct batch *batch, const struct transcript_turn *turn)
{
	BATCH_ADD(batch,
		  "INSERT INTO transcript_turn (tenant_id, call_id, ordinal, speaker, text, "
		  "confidence, final, at) VALUES ($1, $2, $3, $4, $5, $6, 1, $7) "
		  "ON CONFLICT (tenant_id, call_id, ordinal) DO UPDATE SET "
		  "speaker = excluded.speaker, text = excluded.text, "
		  "confidence = coalesce(excluded.confidence, transcript_turn.confidence), "
		  "final = 1, at = CASE WHEN transcript_turn.final = 1 THEN transcript_turn.at "
		  "ELSE excluded.at END "
		  "WHERE transcript_turn.final = 0 OR transcript_turn.text <> excluded.text "
		  "OR transcript_turn.speaker <> excluded.speaker",
		  1, db_text(turn->tenant_id), db_text(turn->call_id), db_int(turn->ordinal),
		  db_text(turn->speaker), sealed_text(batch, turn),
		  isnan(turn->confidence) ? db_null() : db_real(turn->confidence),
		  db_int(turn->at));
}

void store_turn_import(struct batch *batch, const struct transcript_turn *turn, const char *timing)
{
	BATCH_ADD(batch,
		  "INSERT INTO transcript_turn (tenant_id, call_id, ordinal, speaker, text, "
		  "confidence, final, at, timing) VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8) "
		  "ON CONFLICT (tenant_id, call_id, ordinal) DO NOTHING",
		  DB_ANY_ROWS, db_text(turn->tenant_id), db_text(turn->call_id),
		  db_int(turn->ordinal), db_text(turn->speaker), sealed_text(batch, turn),
		  isnan(turn->confidence) ? db_null() : db_real(turn->confidence), db_int(turn->at),
		  db_text(timing));
}

void store_turn_timing(struct batch *batch, const char *tenant_id, const char *call_id,
		       int64_t ordinal, int64_t at, const char *timing)
{
	BATCH_ADD(
		batch,
		"INSERT INTO transcript_turn (tenant_id, call_id, ordinal, speaker, text, final, "
		"at, timing) VALUES ($1, $2, $3, 'user', '', 0, $4, $5) "
		"ON CONFLICT (tenant_id, call_id, ordinal) DO UPDATE SET timing = excluded.timing",
		1, db_text(tenant_id), db_text(call_id), db_int(ordinal), db_int(at),
		db_text(timing));
}

void store_turn_select(struct batch *batch, const char *tenant_id, const char *call_id)
{
	BATCH_ADD(batch,
		  "SELECT ordinal, at, speaker, text, confidence, timing FROM transcript_turn "
		  "WHERE tenant_id = $1 AND call_id = $2 AND final = 1 ORDER BY ordinal",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(call_id));
}
