/* Answers of Ultravox and OpenAI: any JSON, any model's text. */
#include "core/mem.h"
#include "provider/openai_analysis.h"
#include "provider/ultravox.h"

#include <stdint.h>
#include <stdlib.h>

static void try_call(const json_t *json)
{
	struct ultravox_call call;

	if (!ultravox_call_parse(&call, json) && !*call.id)
		abort();
}

static void try_summary(const json_t *json)
{
	struct openai_summary summary;
	char reason[160] = "";

	if (openai_summary_parse(&summary, json, reason)) {
		if (!*reason)
			abort();
		return;
	}
	if (!summary.summary || !summary.sentiment || !json_is_array(summary.key_topics) ||
	    !json_is_array(summary.action_items))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = mem_strndup((const char *)data, size);
	auto_json json_t *json = NULL, *object = NULL;
	double seconds;

	ultravox_duration_parse(&seconds, text);
	if (!openai_parse_object(&object, text)) {
		if (!json_is_object(object))
			abort();
		try_summary(object);
	}
	if (!json_parse(&json, (const char *)data, size, NULL))
		try_call(json);
	return 0;
}
