#include "engine/call_request.h"

#include "core/mem.h"
#include "core/str.h"
#include "engine/duration.h"
#include "engine/vad.h"

#include <string.h>

#define URGENCIES "URGENCY_UNSPECIFIED|URGENCY_IMMEDIATE|URGENCY_SOON|URGENCY_LATER"
#define LOCATIONS                                                                     \
	"PARAMETER_LOCATION_QUERY|PARAMETER_LOCATION_PATH|PARAMETER_LOCATION_HEADER|" \
	"PARAMETER_LOCATION_BODY"
#define REACTIONS                                                                  \
	"AGENT_REACTION_UNSPECIFIED|AGENT_REACTION_SPEAKS|AGENT_REACTION_LISTENS|" \
	"AGENT_REACTION_SPEAKS_ONCE"
#define MEDIA "MESSAGE_MEDIUM_UNSPECIFIED|MESSAGE_MEDIUM_VOICE|MESSAGE_MEDIUM_TEXT"

static const struct schema_field dtmf_text_fields[] = {
	{"text", SCHEMA_STR, .max = 1000, .required = true},
	{"urgency", SCHEMA_ENUM, .values = URGENCIES},
	{NULL},
};
static const struct schema_field dtmf_fields[] = {
	{"ignore", SCHEMA_BOOL},
	{"userTextMessage", SCHEMA_OBJECT, .fields = dtmf_text_fields},
	{NULL},
};
static const struct schema_field twilio_fields[] = {
	{"dtmfHandling", SCHEMA_OBJECT, .fields = dtmf_fields},
	{NULL},
};
static const struct schema_field websocket_fields[] = {
	{"inputSampleRate", SCHEMA_INT, 8000, 48000, .required = true},
	{"outputSampleRate", SCHEMA_INT, 8000, 48000},
	{"clientBufferSizeMs", SCHEMA_INT, 0, 60000},
	{"dataMessages", SCHEMA_OBJECT},
	{"mediaIdleTimeout", SCHEMA_DURATION, 0, 3600},
	{NULL},
};
static const struct schema_field medium_fields[] = {
	{"twilio", SCHEMA_OBJECT, .fields = twilio_fields},
	{"serverWebSocket", SCHEMA_OBJECT, .fields = websocket_fields},
	{NULL},
};
static const struct schema_field message_fields[] = {
	{"role", SCHEMA_ENUM,
	 .values = "MESSAGE_ROLE_UNSPECIFIED|MESSAGE_ROLE_USER|MESSAGE_ROLE_AGENT|"
		   "MESSAGE_ROLE_TOOL_CALL|MESSAGE_ROLE_TOOL_RESULT"},
	{"text", SCHEMA_STR},
	{"medium", SCHEMA_ENUM, .values = MEDIA},
	{"toolName", SCHEMA_STR, .max = 64},
	{"invocationId", SCHEMA_STR, .max = 128},
	{NULL},
};
static const struct schema_field timed_fields[] = {
	{"duration", SCHEMA_DURATION, 0, 86400, .required = true},
	{"message", SCHEMA_STR, 1, 4000, .required = true},
	{"endBehavior", SCHEMA_ENUM,
	 .values =
		 "END_BEHAVIOR_UNSPECIFIED|END_BEHAVIOR_HANG_UP_SOFT|END_BEHAVIOR_HANG_UP_STRICT"},
	{NULL},
};
static const struct schema_field parameter_fields[] = {
	{"name", SCHEMA_STR, 1, 128, .required = true},
	{"location", SCHEMA_ENUM, .values = LOCATIONS, .required = true},
	{"schema", SCHEMA_OBJECT},
	{"required", SCHEMA_BOOL},
	{NULL},
};
static const struct schema_field automatic_fields[] = {
	{"name", SCHEMA_STR, 1, 128, .required = true},
	{"location", SCHEMA_ENUM, .values = LOCATIONS, .required = true},
	{"knownValue", SCHEMA_ENUM,
	 .values =
		 "KNOWN_PARAM_CALL_ID|KNOWN_PARAM_CONVERSATION_HISTORY|"
		 "KNOWN_PARAM_OUTPUT_SAMPLE_RATE|KNOWN_PARAM_CALL_STATE|KNOWN_PARAM_CALL_STAGE_ID|"
		 "KNOWN_PARAM_CALL_METADATA",
	 .required = true},
	{NULL},
};
static const struct schema_field http_tool_fields[] = {
	{"baseUrlPattern", SCHEMA_STR, 1, 2000, .required = true},
	{"httpMethod", SCHEMA_ENUM, .values = "GET|POST|PUT|PATCH|DELETE"},
	{NULL},
};
static const struct schema_field response_fields[] = {
	{"responseText", SCHEMA_STR, .required = true},
	{NULL},
};
static const struct schema_field definition_fields[] = {
	{"modelToolName", SCHEMA_STR, 1, 64, .required = true},
	{"description", SCHEMA_STR, .max = 4000},
	{"dynamicParameters", SCHEMA_LIST, .max = 50, .fields = parameter_fields},
	{"staticParameters", SCHEMA_LIST, .max = 50, .fields = parameter_fields},
	{"automaticParameters", SCHEMA_LIST, .max = 50, .fields = automatic_fields},
	{"timeout", SCHEMA_DURATION, 0, 40},
	{"precomputable", SCHEMA_BOOL},
	{"defaultReaction", SCHEMA_ENUM, .values = REACTIONS},
	{"http", SCHEMA_OBJECT, .fields = http_tool_fields},
	{"client", SCHEMA_OBJECT},
	{"dataConnection", SCHEMA_OBJECT},
	{"staticResponse", SCHEMA_OBJECT, .fields = response_fields},
	{NULL},
};
static const struct schema_field tool_fields[] = {
	{"toolId", SCHEMA_UUID},
	{"toolName", SCHEMA_STR, 1, 64},
	{"temporaryTool", SCHEMA_OBJECT, .fields = definition_fields},
	{"nameOverride", SCHEMA_STR, 1, 64},
	{"descriptionOverride", SCHEMA_STR, .max = 4000},
	{"authTokens", SCHEMA_STR_MAP},
	{"parameterOverrides", SCHEMA_OBJECT},
	{NULL},
};
static const struct schema_field agent_greeting_fields[] = {
	{"uninterruptible", SCHEMA_BOOL},
	{"text", SCHEMA_STR, .max = 4000},
	{"prompt", SCHEMA_STR, .max = 4000},
	{"delay", SCHEMA_DURATION, 0, 3600},
	{NULL},
};
static const struct schema_field fallback_fields[] = {
	{"delay", SCHEMA_DURATION, 0, 3600},
	{"text", SCHEMA_STR, .max = 4000},
	{"prompt", SCHEMA_STR, .max = 4000},
	{NULL},
};
static const struct schema_field user_greeting_fields[] = {
	{"fallback", SCHEMA_OBJECT, .fields = fallback_fields},
	{NULL},
};
static const struct schema_field first_speaker_fields[] = {
	{"agent", SCHEMA_OBJECT, .fields = agent_greeting_fields},
	{"user", SCHEMA_OBJECT, .fields = user_greeting_fields},
	{NULL},
};
static const struct schema_field vad_fields[] = {
	{"turnEndpointDelay", SCHEMA_DURATION, 0.001, 10},
	{"minimumTurnDuration", SCHEMA_DURATION, -0.000001, 10},
	{"minimumInterruptionDuration", SCHEMA_DURATION, -0.000001, 10},
	{"frameActivationThreshold", SCHEMA_NUMBER, 0.1, 1},
	{NULL},
};
static const struct schema_field data_connection_fields[] = {
	{"websocketUrl", SCHEMA_URL, .max = 2000, .values = "ws|wss", .required = true},
	{"headers", SCHEMA_STR_MAP},
	{"audioConfig", SCHEMA_OBJECT},
	{"dataMessages", SCHEMA_OBJECT},
	{NULL},
};
static const struct schema_field callback_fields[] = {
	{"url", SCHEMA_URL, .max = 2000, .values = "http|https", .required = true},
	{"secrets", SCHEMA_STR_LIST, 1, 120},
	{NULL},
};
static const struct schema_field callbacks_fields[] = {
	{"joined", SCHEMA_OBJECT, .fields = callback_fields},
	{"ended", SCHEMA_OBJECT, .fields = callback_fields},
	{"billed", SCHEMA_OBJECT, .fields = callback_fields},
	{NULL},
};
static const struct schema_field request_fields[] = {
	{"systemPrompt", SCHEMA_STR},
	{"temperature", SCHEMA_NUMBER, 0, 1},
	{"model", SCHEMA_STR, 1, 128},
	{"voice", SCHEMA_STR, 1, 64},
	{"externalVoice", SCHEMA_OBJECT},
	{"voiceOverrides", SCHEMA_OBJECT},
	{"languageHint", SCHEMA_STR, .max = 16},
	{"initialMessages", SCHEMA_LIST, .max = 500, .fields = message_fields},
	{"joinTimeout", SCHEMA_DURATION, 0.001, 86400},
	{"maxDuration", SCHEMA_DURATION, 0.001, 86400},
	{"timeExceededMessage", SCHEMA_STR, .max = 4000},
	{"inactivityMessages", SCHEMA_LIST, .max = CONVERSATION_MAX_INACTIVITY,
	 .fields = timed_fields},
	{"selectedTools", SCHEMA_LIST, .max = 50, .fields = tool_fields},
	{"medium", SCHEMA_OBJECT, .fields = medium_fields, .required = true},
	{"recordingEnabled", SCHEMA_BOOL},
	{"firstSpeaker", SCHEMA_ENUM,
	 .values = "FIRST_SPEAKER_UNSPECIFIED|FIRST_SPEAKER_AGENT|FIRST_SPEAKER_USER"},
	{"firstSpeakerSettings", SCHEMA_OBJECT, .fields = first_speaker_fields},
	{"initialOutputMedium", SCHEMA_ENUM, .values = MEDIA},
	{"vadSettings", SCHEMA_OBJECT, .fields = vad_fields},
	{"transcriptOptional", SCHEMA_BOOL},
	{"experimentalSettings", SCHEMA_OBJECT},
	{"metadata", SCHEMA_STR_MAP},
	{"initialState", SCHEMA_OBJECT},
	{"dataConnection", SCHEMA_OBJECT, .fields = data_connection_fields},
	{"callbacks", SCHEMA_OBJECT, .fields = callbacks_fields},
	{"retentionPolicy", SCHEMA_ENUM,
	 .values = "CALL_RETENTION_POLICY_UNSPECIFIED|CALL_RETENTION_POLICY_RETAIN|"
		   "CALL_RETENTION_POLICY_AUTO_DELETE"},
	{"sharedSecrets", SCHEMA_STR_LIST, 16, 127},
	{NULL},
};

static bool has(const json_t *obj, const char *key)
{
	const json_t *value = json_object_get(obj, key);

	return value && !json_is_null(value);
}

static void check_medium(const json_t *body, json_t *errors)
{
	const json_t *medium = json_object_get(body, "medium");
	size_t keys = json_is_object(medium) ? json_object_size(medium) : 0;

	if (!json_is_object(medium))
		return;
	if (keys > 1)
		schema_error(errors, "medium", "At most one medium may be given.");
	else if (!has(medium, "twilio") && !has(medium, "serverWebSocket"))
		schema_error(errors, "medium", "This engine offers twilio and serverWebSocket.");
	else if (has(json_object_get(medium, "twilio"), "outgoing"))
		schema_error(errors, "medium",
			     "This engine places no calls: outgoing is not offered.");
}

static void check_first_speaker(const json_t *body, json_t *errors)
{
	const json_t *settings = json_object_get(body, "firstSpeakerSettings");
	const char *old = json_get_str(body, "firstSpeaker", "FIRST_SPEAKER_UNSPECIFIED");
	bool user = has(settings, "user");

	if (!json_is_object(settings))
		return;
	if (user && has(settings, "agent"))
		schema_error(errors, "firstSpeakerSettings", "Either user or agent, not both.");
	if ((user && str_equal(old, "FIRST_SPEAKER_AGENT")) ||
	    (!user && str_equal(old, "FIRST_SPEAKER_USER")))
		schema_error(errors, "firstSpeaker", "Must match firstSpeakerSettings.");
}

static void check_tools(const json_t *body, json_t *errors)
{
	size_t i;
	json_t *tool;

	json_array_foreach(json_object_get(body, "selectedTools"), i, tool)
	{
		int given =
			has(tool, "toolId") + has(tool, "toolName") + has(tool, "temporaryTool");
		const json_t *definition = json_object_get(tool, "temporaryTool");
		const char *name = json_get_str(tool, "toolName", NULL);

		if (given != 1)
			schema_error(errors, "selectedTools",
				     "Exactly one of toolId, toolName and temporaryTool.");
		else if (has(tool, "toolId"))
			schema_error(errors, "selectedTools", "There is no tool with that toolId.");
		else if (name && !str_equal(name, "hangUp"))
			schema_error(errors, "selectedTools",
				     "The only built-in tool of this engine is hangUp.");
		else if (definition && has(definition, "http") + has(definition, "client") +
						       has(definition, "dataConnection") !=
					       1)
			schema_error(errors, "selectedTools",
				     "A tool has exactly one of http, client and dataConnection.");
	}
}

/* Switches of data messages that nobody here sends. */
static void check_data_messages(const json_t *owner, const char *field, json_t *errors)
{
	static const char *const never[] = {"debug",
					    "callEvent",
					    "toolUsed",
					    "userStartedSpeaking",
					    "userStoppedSpeaking",
					    "invokingTool"};
	const json_t *wanted = json_object_get(owner, "dataMessages");

	for (size_t i = 0; i < ARRAY_LEN(never); i++) {
		auto_free char *text = NULL;

		if (!json_get_bool(wanted, never[i], false))
			continue;
		text = mem_printf("dataMessages.%s is not offered by this engine.", never[i]);
		schema_error(errors, field, text);
	}
}

static void check_tool_offered(const json_t *tool, json_t *errors)
{
	const json_t *definition = json_object_get(tool, "temporaryTool");
	const char *reaction =
		json_get_str(definition, "defaultReaction", "AGENT_REACTION_UNSPECIFIED");

	if (has(definition, "staticResponse"))
		schema_error(errors, "selectedTools",
			     "staticResponse is not offered by this engine.");
	if (!str_equal(reaction, "AGENT_REACTION_UNSPECIFIED") &&
	    !str_equal(reaction, "AGENT_REACTION_SPEAKS"))
		schema_error(errors, "selectedTools",
			     "This engine's agent always speaks after a tool: defaultReaction can "
			     "only be AGENT_REACTION_SPEAKS.");
}

/* What the API has and this engine lacks is refused rather than left out in silence. */
static void check_offered(const json_t *body, json_t *errors)
{
	const json_t *link = json_object_get(body, "dataConnection");
	const json_t *medium = json_object_get(body, "medium");
	size_t i;
	json_t *tool;

	if (has(body, "voiceOverrides"))
		schema_error(errors, "voiceOverrides",
			     "This engine's voices have nothing to override.");
	if (json_object_size(json_object_get(body, "initialState")) > 0)
		schema_error(errors, "initialState", "This engine keeps no state for tools.");
	if (has(link, "audioConfig"))
		schema_error(errors, "dataConnection",
			     "audioConfig: audio on data connections is not offered.");
	check_data_messages(link, "dataConnection", errors);
	check_data_messages(json_object_get(medium, "serverWebSocket"), "medium", errors);
	json_array_foreach(json_object_get(body, "selectedTools"), i, tool)
		check_tool_offered(tool, errors);
}

static void check_metadata(const json_t *body, json_t *errors)
{
	const char *key;
	json_t *value;

	json_object_foreach(json_object_get(body, "metadata"), key, value)
	{
		if (str_has_prefix(key, "ultravox."))
			schema_error(errors, "metadata", "Keys may not start with \"ultravox.\".");
	}
}

bool call_request_check(const json_t *body, json_t *errors)
{
	if (!json_is_object(body)) {
		schema_error(errors, "non_field_errors", "Expected an object.");
		return false;
	}
	schema_check(request_fields, body, errors);
	check_medium(body, errors);
	check_first_speaker(body, errors);
	check_tools(body, errors);
	check_metadata(body, errors);
	check_offered(body, errors);
	if (has(body, "voice") && has(body, "externalVoice"))
		schema_error(errors, "externalVoice", "Either voice or externalVoice, not both.");
	else if (has(body, "externalVoice"))
		schema_error(errors, "externalVoice", "This engine has no external voices.");
	return json_object_size(errors) == 0;
}

/* Member of the Call, its name in the request when different, and its default as JSON. */
static const struct {
	const char *name, *request_name, *otherwise;
} call_fields[] = {
	{"clientVersion", "", "null"},
	{"joined", "", "null"},
	{"ended", "", "null"},
	{"endReason", "", "null"},
	{"billedDuration", "", "null"},
	{"billedSideInputTokens", "", "null"},
	{"billedSideOutputTokens", "", "null"},
	{"billingStatus", "", "\"BILLING_STATUS_PENDING\""},
	{"firstSpeakerSettings", NULL, "{\"agent\":{}}"},
	{"inactivityMessages", NULL, "[]"},
	{"initialOutputMedium", NULL, "\"MESSAGE_MEDIUM_VOICE\""},
	{"joinTimeout", NULL, "\"30s\""},
	{"joinUrl", "", "null"},
	{"languageHint", NULL, "null"},
	{"maxDuration", NULL, "\"3600s\""},
	{"medium", NULL, "null"},
	{"model", NULL, "\"ultravox-v0.7\""},
	{"recordingEnabled", NULL, "false"},
	{"systemPrompt", NULL, "null"},
	{"temperature", NULL, "0.0"},
	{"timeExceededMessage", NULL, "null"},
	{"voice", NULL, "null"},
	{"transcriptOptional", NULL, "true"},
	{"vadSettings", NULL, "null"},
	{"shortSummary", "", "null"},
	{"summary", "", "null"},
	{"agent", "", "null"},
	{"agentId", "", "null"},
	{"experimentalSettings", NULL, "null"},
	{"metadata", NULL, "{}"},
	{"initialState", NULL, "{}"},
	{"requestContext", "", "{}"},
	{"sipDetails", "", "null"},
};

static json_t *without_secrets(const json_t *callbacks)
{
	json_t *copy = json_deep_copy(callbacks), *callback;
	const char *event;

	json_object_foreach(copy, event, callback) json_object_del(callback, "secrets");
	return copy;
}

json_t *call_request_to_call(const json_t *body)
{
	json_t *call = json_object();
	const char *retention = json_get_str(body, "retentionPolicy", NULL);
	bool user_first;

	for (size_t i = 0; i < ARRAY_LEN(call_fields); i++) {
		const char *name = call_fields[i].name;
		json_t *value = call_fields[i].request_name ? NULL : json_object_get(body, name);

		if (value && !json_is_null(value))
			json_object_set_new(call, name, json_deep_copy(value));
		else
			json_object_set_new(
				call, name,
				json_loads(call_fields[i].otherwise, JSON_DECODE_ANY, NULL));
	}
	if (!has(body, "firstSpeakerSettings") &&
	    str_equal(json_get_str(body, "firstSpeaker", ""), "FIRST_SPEAKER_USER"))
		json_object_set_new(call, "firstSpeakerSettings", json_pack("{s{}}", "user"));
	user_first = has(json_object_get(call, "firstSpeakerSettings"), "user");
	json_set_str(call, "firstSpeaker",
		     user_first ? "FIRST_SPEAKER_USER" : "FIRST_SPEAKER_AGENT");
	if (retention && !str_equal(retention, "CALL_RETENTION_POLICY_UNSPECIFIED"))
		json_set_str(call, "retentionPolicy",
			     str_has_suffix(retention, "AUTO_DELETE") ? "auto_delete" : "retain");
	else
		json_set_str(call, "retentionPolicy", NULL);
	if (has(body, "dataConnection"))
		json_object_set_new(call, "dataConnectionConfig",
				    json_deep_copy(json_object_get(body, "dataConnection")));
	if (has(body, "callbacks"))
		json_object_set_new(call, "callbacks",
				    without_secrets(json_object_get(body, "callbacks")));
	return call;
}

uint32_t call_request_ms(const json_t *obj, const char *key, uint32_t otherwise)
{
	int64_t us;

	if (duration_parse(&us, json_get_str(obj, key, NULL)) != 0 || us < 0)
		return otherwise;
	return (uint32_t)((us + 999) / 1000);
}

static void read_first_speaker(struct conversation_conf *conf, const json_t *body)
{
	const json_t *settings = json_object_get(body, "firstSpeakerSettings");
	const json_t *agent = json_object_get(settings, "agent");
	const json_t *user = json_object_get(settings, "user");
	const json_t *fallback = json_object_get(user, "fallback");
	const json_t *greeting = agent;

	conf->user_first = json_is_object(user) ||
			   str_equal(json_get_str(body, "firstSpeaker", ""), "FIRST_SPEAKER_USER");
	if (conf->user_first) {
		conf->has_fallback = json_is_object(fallback);
		greeting = fallback;
	}
	conf->greeting = json_get_str(greeting, "text", NULL);
	if (str_is_empty(conf->greeting))
		conf->greeting = NULL;
	conf->uninterruptible = json_get_bool(agent, "uninterruptible", false);
	conf->greeting_delay_ms = call_request_ms(greeting, "delay", conf->user_first ? 5000 : 0);
}

static void read_inactivity(struct conversation_conf *conf, const json_t *body)
{
	size_t i;
	json_t *message;

	json_array_foreach(json_object_get(body, "inactivityMessages"), i, message)
	{
		const char *end = json_get_str(message, "endBehavior", "");
		struct conversation_inactivity *to = &conf->inactivity[conf->inactivity_count++];

		to->after_ms = call_request_ms(message, "duration", 0);
		to->message = mem_strdup(json_get_str(message, "message", ""));
		to->end = str_has_suffix(end, "_SOFT")     ? INACTIVITY_HANGS_UP_SOFT
			  : str_has_suffix(end, "_STRICT") ? INACTIVITY_HANGS_UP
							   : INACTIVITY_GOES_ON;
	}
}

static void read_vad(struct conversation_conf *conf, const json_t *vad)
{
	struct turn_conf *turn = &conf->turn;

	*turn = turn_conf_default;
	turn->endpoint_ms = call_request_ms(vad, "turnEndpointDelay", turn->endpoint_ms);
	turn->min_turn_ms = call_request_ms(vad, "minimumTurnDuration", turn->min_turn_ms);
	turn->min_interruption_ms =
		call_request_ms(vad, "minimumInterruptionDuration", turn->min_interruption_ms);
	if (turn->endpoint_ms < VAD_FRAME_MS)
		turn->endpoint_ms = VAD_FRAME_MS;
	conf->threshold = (float)json_get_number(vad, "frameActivationThreshold", 0.1);
}

static void read_digits(struct conversation_conf *conf, const json_t *body)
{
	const json_t *twilio = json_object_get(json_object_get(body, "medium"), "twilio");
	const json_t *handling = json_object_get(twilio, "dtmfHandling");
	const json_t *text = json_object_get(handling, "userTextMessage");
	const char *urgency = json_get_str(text, "urgency", "URGENCY_IMMEDIATE");

	conf->ignore_digits = json_get_bool(handling, "ignore", false);
	conf->digits_text = json_get_str(text, "text", NULL);
	conf->digits_urgency = str_equal(urgency, "URGENCY_SOON")    ? URGENCY_SOON
			       : str_equal(urgency, "URGENCY_LATER") ? URGENCY_LATER
								     : URGENCY_IMMEDIATE;
}

void call_request_conf(struct conversation_conf *ret_conf, const json_t *body)
{
	struct conversation_conf conf = {0};
	const json_t *experimental = json_object_get(body, "experimentalSettings");

	conf.language = json_get_str(body, "languageHint", NULL);
	conf.max_duration_ms = call_request_ms(body, "maxDuration", 3600 * 1000);
	conf.time_exceeded_message = json_get_str(body, "timeExceededMessage", NULL);
	conf.text_output =
		str_equal(json_get_str(body, "initialOutputMedium", ""), "MESSAGE_MEDIUM_TEXT");
	conf.turn_timing = json_get_bool(experimental, "turnTiming", false);
	read_first_speaker(&conf, body);
	read_inactivity(&conf, body);
	read_vad(&conf, json_object_get(body, "vadSettings"));
	read_digits(&conf, body);
	*ret_conf = conf;
}

void call_request_conf_free(struct conversation_conf *conf)
{
	for (size_t i = 0; i < conf->inactivity_count; i++)
		conf->inactivity[i].message = mem_free(conf->inactivity[i].message);
	conf->inactivity_count = 0;
}
