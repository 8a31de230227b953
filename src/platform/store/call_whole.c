#include "platform/store/call_whole.h"

/* The columns have names of their own, so that call's need no qualifying; each row is found by its
 * key. */
#define SUMMARY                                                                         \
	"SELECT status AS s_status, summary AS s_summary, key_points AS s_key_points, " \
	"sentiment AS s_sentiment, action_items AS s_action_items, "                    \
	"highlights AS s_highlights, analyser AS s_analyser, model AS s_model, "        \
	"error AS s_error, created_at AS s_created_at FROM call_summary "               \
	"WHERE tenant_id = $1 AND call_id = $2"
#define RECORDING                                                                   \
	"SELECT status AS r_status, provider_sid AS r_provider_sid, url AS r_url, " \
	"path AS r_path, error AS r_error, duration_s AS r_duration_s, "            \
	"size_bytes AS r_size_bytes, channels AS r_channels FROM recording "        \
	"WHERE tenant_id = $1 AND call_id = $2"
#define COST                                                                           \
	"SELECT currency AS c_currency, telephony AS c_telephony, "                    \
	"telephony_source AS c_telephony_source, telephony_s AS c_telephony_s, "       \
	"voice_ai AS c_voice_ai, voice_ai_source AS c_voice_ai_source, "               \
	"voice_ai_s AS c_voice_ai_s, analysis AS c_analysis, "                         \
	"analysis_source AS c_analysis_source, analysis_tokens AS c_analysis_tokens, " \
	"infrastructure AS c_infrastructure, ended_at AS c_ended_at FROM call_cost "   \
	"WHERE tenant_id = $1 AND call_id = $2"

void store_call_whole_select(struct batch *batch, const char *tenant_id, const char *call_id)
{
	BATCH_ADD(batch,
		  "SELECT " STORE_CALL_COLUMNS ", s.*, r.*, c.* FROM call "
		  "LEFT JOIN (" SUMMARY ") s ON true LEFT JOIN (" RECORDING ") r ON true "
		  "LEFT JOIN (" COST ") c ON true WHERE tenant_id = $1 AND id = $2",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(call_id));
}
