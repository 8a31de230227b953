// clang-format off
/*
 * SETTING(field, NAME, type, default, min, max, unit, secret, sentence): every setting there is.
 *
 * type is STR, INT, BOOL, URL or ENUM; min and max bound an INT, and the length of a STR. Default is
 * text; "" means not set. For ENUM, unit holds the values allowed, separated by '|'. Included by
 * setting.h, setting.c and `voiceai config`.
 */

/* Server */
SETTING(api_base_url, "API_BASE_URL", URL, "", 0, 0, "", false, "public URL of this platform, as vendors call it; empty: http://127.0.0.1:PORT")
SETTING(port, "PORT", INT, "8000", 1, 65535, "", false, "TCP port of the platform")
SETTING(bind_address, "BIND_ADDRESS", STR, "127.0.0.1", 1, 64, "", false, "address the platform listens on")
SETTING(data_dir, "DATA_DIR", STR, "./data", 1, 1024, "", false, "folder for the database, recordings and generated secrets")
SETTING(database_url, "DATABASE_URL", STR, "", 0, 1024, "", true, "where calls are kept, sqlite:PATH; empty: sqlite:DATA_DIR/voiceai.db")
SETTING(log_level, "LOG_LEVEL", ENUM, "INFO", 0, 0, "DEBUG|INFO|WARNING|ERROR", false, "least level of log lines written")
SETTING(call_records_file_path, "CALL_RECORDS_FILE_PATH", STR, "./call_records.json", 1, 1024, "", false, "file that export writes and import reads")

/* Twilio, or the embedded carrier */
SETTING(twilio_account_sid, "TWILIO_ACCOUNT_SID", STR, "", 0, 64, "", false, "account at Twilio, AC and 32 hex digits; empty: the embedded carrier is used")
SETTING(twilio_auth_token, "TWILIO_AUTH_TOKEN", STR, "", 0, 128, "", true, "auth token of that account; also the key of its webhook signatures")
SETTING(twilio_phone_number, "TWILIO_PHONE_NUMBER", STR, "+15550100000", 1, 64, "", false, "our number: calls come from it and reach it, E.164")
SETTING(twilio_api_url, "TWILIO_API_URL", URL, "", 0, 0, "", false, "Twilio's API; empty: https://api.twilio.com with an account, the embedded carrier without")

/* Ultravox, or the embedded engine */
SETTING(ultravox_api_key, "ULTRAVOX_API_KEY", STR, "", 0, 256, "", true, "API key of Ultravox; empty: the embedded engine is used")
SETTING(ultravox_api_url, "ULTRAVOX_API_URL", URL, "", 0, 0, "", false, "Ultravox's API; empty: https://api.ultravox.ai/api with a key, the embedded engine without")
SETTING(ultravox_webhook_secret, "ULTRAVOX_WEBHOOK_SECRET", STR, "", 0, 256, "", true, "key of the engine's webhook signatures; empty: made at the first start")
SETTING(ultravox_shared_secret, "ULTRAVOX_SHARED_SECRET", STR, "", 0, 127, "", true, "key of the data connection's signature, 16 to 127 characters; empty: made at the first start")

/* OpenAI, or the embedded analyser */
SETTING(openai_api_key, "OPENAI_API_KEY", STR, "", 0, 256, "", true, "API key of OpenAI; empty: the embedded analyser is used unless OPENAI_API_URL is set")
SETTING(openai_api_url, "OPENAI_API_URL", URL, "", 0, 0, "", false, "OpenAI-compatible API, with /v1; empty: https://api.openai.com/v1 with a key")
SETTING(openai_model, "OPENAI_MODEL", STR, "gpt-4o-mini", 1, 128, "", false, "model that analyses calls")
SETTING(openai_max_tokens_field, "OPENAI_MAX_TOKENS_FIELD", ENUM, "max_completion_tokens", 0, 0, "max_completion_tokens|max_tokens", false, "name of the token limit in requests; some compatible servers know only max_tokens")

/* Calls */
SETTING(default_agent, "DEFAULT_AGENT", STR, "appointment", 1, 64, "", false, "agent of inbound calls, and of outbound calls that name none")
SETTING(agents_dir, "AGENTS_DIR", STR, "./config/agents", 1, 1024, "", false, "folder of agent files, NAME.json")
SETTING(ring_timeout_s, "RING_TIMEOUT_SECONDS", INT, "45", 5, 600, "s", false, "how long a called phone may ring")
SETTING(max_call_duration_s, "MAX_CALL_DURATION_SECONDS", INT, "3600", 10, 86400, "s", false, "longest call when the request does not say")
SETTING(record_calls, "RECORD_CALLS", BOOL, "true", 0, 0, "", false, "record every call")
SETTING(webhook_tolerance_s, "WEBHOOK_TOLERANCE_SECONDS", INT, "60", 1, 3600, "s", false, "oldest Ultravox webhook timestamp accepted")

/* Embedded carrier */
SETTING(carrier_port, "CARRIER_PORT", INT, "8100", 1, 65535, "", false, "TCP port of the embedded carrier's API")
SETTING(sip_bind_address, "SIP_BIND_ADDRESS", STR, "127.0.0.1", 1, 64, "", false, "IP address for SIP and RTP; 0.0.0.0: every address the machine has at the start")
SETTING(sip_port, "SIP_PORT", INT, "5060", 1, 65535, "", false, "UDP port of SIP")
SETTING(rtp_port_min, "RTP_PORT_MIN", INT, "10000", 1024, 65000, "", false, "first UDP port for RTP")
SETTING(rtp_port_max, "RTP_PORT_MAX", INT, "20000", 1026, 65535, "", false, "last UDP port for RTP")
SETTING(sip_trunk_uri, "SIP_TRUNK_URI", STR, "", 0, 255, "", false, "SIP trunk that numbers are dialled through, sip:host[:port]; empty: sip:127.0.0.1:CALLEE_SIP_PORT, the demo callee")
SETTING(sip_trunk_username, "SIP_TRUNK_USERNAME", STR, "", 0, 128, "", false, "digest user name at the trunk")
SETTING(sip_trunk_password, "SIP_TRUNK_PASSWORD", STR, "", 0, 128, "", true, "digest password at the trunk")
SETTING(carrier_voice_url, "CARRIER_VOICE_URL", URL, "", 0, 0, "", false, "voice webhook of inbound calls; empty: the platform's")
SETTING(carrier_status_url, "CARRIER_STATUS_URL", URL, "", 0, 0, "", false, "status callback of inbound calls; empty: the platform's")
SETTING(carrier_calls_per_second, "CARRIER_CALLS_PER_SECOND", INT, "1", 0, 1000, "calls/s", false, "outbound calls dialled a second, more are queued; 0 means no limit")
SETTING(carrier_max_calls, "CARRIER_MAX_CALLS", INT, "1000", 1, 100000, "", false, "calls at once")

/* Embedded engine */
SETTING(engine_port, "ENGINE_PORT", INT, "8200", 1, 65535, "", false, "TCP port of the embedded engine")
SETTING(engine_public_url, "ENGINE_PUBLIC_URL", URL, "", 0, 0, "", false, "URL under which the carrier reaches the engine; empty: http://127.0.0.1:ENGINE_PORT")
SETTING(engine_max_calls, "ENGINE_MAX_CALLS", INT, "200", 1, 100000, "", false, "conversations at once; more are answered 429")
SETTING(engine_workers, "ENGINE_WORKERS", INT, "0", 0, 64, "", false, "threads for recognition and synthesis; 0 means one a core, at least 2")
SETTING(flows_dir, "FLOWS_DIR", STR, "./config/flows", 1, 1024, "", false, "folder of flow files, NAME.json")
SETTING(stt_model_dir, "STT_MODEL_DIR", STR, "/usr/share/pocketsphinx/model/en-us", 1, 1024, "", false, "folder with the acoustic model, language model and dictionary")
SETTING(stt_map_path, "STT_MAP_PATH", STR, "./config/speech/telephone_map.bin", 1, 1024, "", false, "weights that make telephone speech fit the acoustic model")
SETTING(llm_api_url, "LLM_API_URL", URL, "", 0, 0, "", false, "OpenAI-compatible server for free dialogue, with /v1; empty: flows only")
SETTING(llm_api_key, "LLM_API_KEY", STR, "", 0, 256, "", true, "key for that server")
SETTING(llm_model, "LLM_MODEL", STR, "default", 1, 128, "", false, "model asked of that server")

/* Demo callee */
SETTING(callee_sip_port, "CALLEE_SIP_PORT", INT, "5070", 1, 65535, "", false, "UDP port of the demo callee")
SETTING(callee_script, "CALLEE_SCRIPT", STR, "./config/callee/appointment.json", 1, 1024, "", false, "what the demo callee says")
