#include "platform/store/schema_priv.h"

/*
 * call_cost does not refer to call: what was spent stays known when the call itself is erased. An
 * amount is in millionths of the currency; its source is 'rate' (our rates and the length of the
 * call), 'usage' (our rates and the vendor's measure) or 'price' (the vendor's own).
 *
 * cost_day sums the same up by the day (UTC) the calls ended, in the same transaction, so that a
 * cap or a dashboard reads a few rows. Several rows a day, lest every end of a call waits for the
 * one before.
 */
const char schema_cost[] = "CREATE TABLE call_cost ("
			   "	tenant_id TEXT NOT NULL REFERENCES tenant (id),"
			   "	call_id TEXT NOT NULL,"
			   "	ended_at BIGINT NOT NULL,"
			   "	currency TEXT NOT NULL,"
			   "	telephony BIGINT NOT NULL,"
			   "	telephony_source TEXT NOT NULL CHECK (telephony_source IN ('rate', "
			   "'usage', 'price')),"
			   "	telephony_s BIGINT NOT NULL,"
			   "	voice_ai BIGINT NOT NULL,"
			   "	voice_ai_source TEXT NOT NULL CHECK (voice_ai_source IN ('rate', "
			   "'usage', 'price')),"
			   "	voice_ai_s BIGINT NOT NULL,"
			   "	analysis BIGINT NOT NULL,"
			   "	analysis_source TEXT NOT NULL CHECK (analysis_source IN ('rate', "
			   "'usage', 'price')),"
			   "	analysis_tokens BIGINT NOT NULL,"
			   "	infrastructure BIGINT NOT NULL,"
			   "	PRIMARY KEY (tenant_id, call_id));"

			   "CREATE TABLE cost_day ("
			   "	tenant_id TEXT NOT NULL REFERENCES tenant (id),"
			   "	day BIGINT NOT NULL,"
			   "	currency TEXT NOT NULL,"
			   "	shard BIGINT NOT NULL,"
			   "	telephony BIGINT NOT NULL,"
			   "	voice_ai BIGINT NOT NULL,"
			   "	analysis BIGINT NOT NULL,"
			   "	infrastructure BIGINT NOT NULL,"
			   "	calls BIGINT NOT NULL,"
			   "	PRIMARY KEY (tenant_id, day, currency, shard));";
