// clang-format off
/*
 * SETTING(field, NAME, type, default, min, max, unit, secret, sentence): every setting there is.
 *
 * type is STR, INT, DECIMAL, BOOL, URL or ENUM; min and max bound a number, and the length of a STR. Default is
 * text; "" means not set. For ENUM, unit holds the values allowed, separated by '|'. Included by
 * setting.h, setting.c and `voiceai config`.
 */

/* Server */
SETTING(api_base_url, "API_BASE_URL", URL, "", 0, 0, "", false, "public URL of this platform, as vendors call it; empty: http://127.0.0.1:PORT")
SETTING(port, "PORT", INT, "8000", 1, 65535, "", false, "TCP port of the platform")
SETTING(bind_address, "BIND_ADDRESS", STR, "127.0.0.1", 1, 64, "", false, "address the platform listens on")
SETTING(data_dir, "DATA_DIR", STR, "./data", 1, 1024, "", false, "folder for the database, recordings and generated secrets")
SETTING(database_url, "DATABASE_URL", STR, "", 0, 1024, "", true, "where calls are kept, sqlite:PATH or postgresql://user:password@host/database?sslmode=...; empty: sqlite:DATA_DIR/voiceai.db")
SETTING(database_pool_size, "DATABASE_POOL_SIZE", INT, "6", 3, 100, "", false, "connections of one process to PostgreSQL: one for changes, the others for reading")
SETTING(database_wait_s, "DATABASE_WAIT_SECONDS", INT, "60", 0, 86400, "s", false, "how long a server that starts waits for a database that is away, before it exits with 1")
SETTING(database_read_url, "DATABASE_READ_URL", STR, "", 0, 1024, "", true, "streaming replica of DATABASE_URL that answers lists and analytics, postgresql://...; empty: none")
SETTING(database_max_lag_s, "DATABASE_READ_MAX_LAG_SECONDS", INT, "10", 1, 3600, "s", false, "a replica further behind is not asked, the primary is")
SETTING(log_level, "LOG_LEVEL", ENUM, "INFO", 0, 0, "DEBUG|INFO|WARNING|ERROR", false, "least level of log lines written")
SETTING(call_records_file_path, "CALL_RECORDS_FILE_PATH", STR, "./call_records.json", 1, 1024, "", false, "file that export writes and import reads")

/* Several pods */
SETTING(redis_url, "REDIS_URL", STR, "", 0, 1024, "", true, "what pods share, redis://[user:password@]host:port/db, redis-sentinel://host:port,.../primary or redis-cluster://host:port,...; empty: one pod, nothing shared")
SETTING(drain_delay_s, "DRAIN_DELAY_SECONDS", INT, "0", 0, 300, "s", false, "how long a pod that was told to stop still takes requests, so that load balancers see /ready turn 503 first")
SETTING(drain_timeout_s, "DRAIN_TIMEOUT_SECONDS", INT, "2", 1, 600, "s", false, "how long after that what is under way may take to finish")
SETTING(max_calls_per_tenant, "MAX_CALLS_PER_TENANT", INT, "0", 0, 1000000, "", false, "calls of one tenant at once, over all pods, unless it has a max_calls of its own; 0: no limit")
SETTING(overload_calls, "OVERLOAD_CALLS", INT, "0", 0, 1000000, "", false, "calls one pod carries before it refuses new ones with 503; 0: no limit")
SETTING(overload_db_pending, "OVERLOAD_DB_PENDING", INT, "2000", 0, 4000, "", false, "batches that wait for the database before requests are answered 503; 0: any number")
SETTING(overload_lag_ms, "OVERLOAD_LAG_MS", INT, "1000", 0, 60000, "ms", false, "lateness of the event loop, for two seconds, before requests are answered 503; 0: any")
SETTING(overload_memory_percent, "OVERLOAD_MEMORY_PERCENT", INT, "90", 0, 100, "%", false, "resident memory, of what the process may use, before requests are answered 503; 0: any")
SETTING(redis_prefix, "REDIS_PREFIX", STR, "voiceai:", 0, 64, "", false, "beginning of every key and channel in Redis")
/* Data at rest */
SETTING(master_key, "MASTER_KEY", STR, "", 0, 128, "", true, "key that wraps the keys of stored data, 32 bytes as 64 hex digits or base64; empty, as the next two are: DATA_DIR/master.key, made at the first start")
SETTING(master_key_file, "MASTER_KEY_FILE", STR, "", 0, 1024, "", false, "file that holds the master key instead, readable by its owner only")
SETTING(master_key_command, "MASTER_KEY_COMMAND", STR, "", 0, 1024, "", true, "command whose output is the master key instead, such as one of a secrets manager; 10 s at most")
SETTING(master_key_also, "MASTER_KEY_ALSO", STR, "", 0, 128, "", true, "another master key that is accepted, while it is being changed (docs/sealing.md)")
SETTING(embedded_keep_hours, "EMBEDDED_KEEP_HOURS", INT, "72", 1, 87600, "h", false, "how long the embedded carrier and engine keep calls that are over, with their recordings")

/* Storage */
SETTING(migrate_at_start, "MIGRATE_AT_START", BOOL, "true", 0, 0, "", false, "servers bring the database's schema up to date when they start; false: they refuse an old one, and voiceai migrate does it")

/* Access */
SETTING(auth, "AUTH", ENUM, "auto", 0, 0, "auto|off|on", false, "whether the API asks who you are; auto: not while BIND_ADDRESS is loopback and requests come from this machine; off: never, loopback only")
SETTING(auth_secret, "AUTH_SECRET", STR, "", 0, 256, "", true, "key that access tokens are signed with, 32 to 256 characters, the same in all pods; empty: made at the first start")
SETTING(voiceai_api_key, "VOICEAI_API_KEY", STR, "", 0, 256, "", true, "API key that voiceai call shows the platform; empty: none, as in single-user mode")
SETTING(metrics_token, "METRICS_TOKEN", STR, "", 0, 256, "", true, "token that /metrics asks for (Authorization: Bearer); empty: /metrics answers this machine only")
SETTING(partition_period, "PARTITION_PERIOD", ENUM, "month", 0, 0, "month|week|day", false, "PostgreSQL: calls of how long a time make a partition; a change is for partitions made from then on")
SETTING(partitions_ahead, "PARTITIONS_AHEAD", INT, "3", 1, 100, "", false, "PostgreSQL: how many partitions are made before they are needed")
SETTING(timescaledb, "TIMESCALEDB", ENUM, "auto", 0, 0, "auto|off", false, "PostgreSQL, when a new database gets its schema: whether events and turns go into hypertables if the TimescaleDB extension is there")
SETTING(retention_days, "RETENTION_DAYS", INT, "0", 0, 36500, "days", false, "PostgreSQL: partitions whose calls are all older are dropped, of all tenants and with their recordings; 0: none")

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
SETTING(keep_payloads, "KEEP_PAYLOADS", BOOL, "true", 0, 0, "", false, "keep what vendors send about calls, sealed, for GET /api/v1/calls/{id}/payloads")
SETTING(record_calls, "RECORD_CALLS", BOOL, "true", 0, 0, "", false, "record every call")
SETTING(schedule_days, "CALL_SCHEDULE_DAYS", INT, "30", 1, 45, "days", false, "how far ahead a call can be scheduled")
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

/* The outside edge */
SETTING(tls_cert_path, "TLS_CERT_PATH", STR, "", 0, 1024, "", false, "certificate chain in PEM that the platform serves TLS with; empty: plain HTTP")
SETTING(tls_key_path, "TLS_KEY_PATH", STR, "", 0, 1024, "", false, "private key of that certificate, in PEM")
SETTING(tls_min_version, "TLS_MIN_VERSION", ENUM, "1.3", 0, 0, "1.2|1.3", false, "least version of TLS that clients may use")
SETTING(trusted_proxies, "TRUSTED_PROXIES", STR, "", 0, 4096, "", false, "addresses and networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, comma-separated")
SETTING(cors_origins, "CORS_ORIGINS", STR, "", 0, 4096, "", false, "origins whose pages may use the API, such as https://app.example.com, comma-separated; *: any")
SETTING(admin_allow_ips, "ADMIN_ALLOW_IPS", STR, "", 0, 4096, "", false, "addresses and networks from which what needs an admin may be done, comma-separated; empty: from everywhere")
SETTING(rate_limits, "RATE_LIMITS", ENUM, "auto", 0, 0, "auto|on|off", false, "whether requests are counted; auto: not in single-user mode, and addresses of this machine have no bound of their own")
SETTING(rate_limit_ip, "RATE_LIMIT_IP_PER_MINUTE", INT, "100", 0, 1000000, "requests", false, "requests to the API from one address, or one IPv6 /64; 0 means no limit, here and below")
SETTING(rate_limit_read, "RATE_LIMIT_READ_PER_MINUTE", INT, "600", 0, 1000000, "requests", false, "requests of one user or key that read")
SETTING(rate_limit_write, "RATE_LIMIT_WRITE_PER_MINUTE", INT, "120", 0, 1000000, "requests", false, "requests of one user or key that change something")
SETTING(rate_limit_initiate, "RATE_LIMIT_INITIATE_PER_MINUTE", INT, "60", 0, 1000000, "requests", false, "calls placed by one user or key")
SETTING(rate_limit_auth, "RATE_LIMIT_AUTH_PER_MINUTE", INT, "20", 0, 1000000, "requests", false, "sign-ins and token refreshes from one address")
SETTING(rate_limit_webhook, "RATE_LIMIT_WEBHOOK_PER_MINUTE", INT, "6000", 0, 1000000, "requests", false, "webhooks of vendors from one address")
SETTING(rate_limit_lead, "RATE_LIMIT_LEAD_PER_MINUTE", INT, "10", 0, 1000000, "requests", false, "forms of web sites (leads) from one address")
SETTING(hsts_s, "HSTS_SECONDS", INT, "31536000", 0, 315360000, "s", false, "how long browsers keep to HTTPS once they came by it; 0: they are not told")
SETTING(http_max_connections, "HTTP_MAX_CONNECTIONS", INT, "10000", 0, 60000, "", false, "connections to the platform at once, sockets among them; 0 means no limit")
SETTING(http_max_connections_per_ip, "HTTP_MAX_CONNECTIONS_PER_IP", INT, "256", 0, 60000, "", false, "the same from one address, or one IPv6 /64; loopback and trusted proxies are not counted; 0 means no limit")
SETTING(http_max_body_bytes, "HTTP_MAX_BODY_BYTES", INT, "1048576", 65536, 67108864, "bytes", false, "longest request body")
SETTING(http_header_timeout_s, "HTTP_HEADER_TIMEOUT_SECONDS", INT, "10", 1, 300, "s", false, "time for the TLS handshake and the headers of the first request")
SETTING(http_body_timeout_s, "HTTP_BODY_TIMEOUT_SECONDS", INT, "60", 1, 3600, "s", false, "time for a request body")
SETTING(http_idle_timeout_s, "HTTP_IDLE_TIMEOUT_SECONDS", INT, "75", 1, 3600, "s", false, "how long a connection is kept without a request")

/* What calls may cost; a tenant may set its own */
SETTING(call_countries, "CALL_COUNTRIES", STR, "", 0, 2048, "", false, "countries that may be called, ISO codes, comma-separated, *: all; empty: the country of TWILIO_PHONE_NUMBER, US and CA together")
SETTING(call_allowed_prefixes, "CALL_ALLOWED_PREFIXES", STR, "", 0, 4096, "", false, "prefixes that may be called whatever else is said, such as +4420, comma-separated")
SETTING(call_blocked_prefixes, "CALL_BLOCKED_PREFIXES", STR, "", 0, 4096, "", false, "prefixes that are not called, comma-separated; the longer prefix wins")
SETTING(call_premium, "CALL_PREMIUM", BOOL, "false", 0, 0, "", false, "premium-rate numbers may be called")
SETTING(call_satellite, "CALL_SATELLITE", BOOL, "false", 0, 0, "", false, "satellite phones and international networks may be called")
SETTING(call_sip, "CALL_SIP", BOOL, "true", 0, 0, "", false, "sip: addresses may be called")
SETTING(quiet_hours, "QUIET_HOURS", STR, "", 0, 96, "", false, "hours of the day in which no outbound call is placed, such as 21:00-08:00 Europe/Berlin; empty: none")
SETTING(calls_per_day, "CALLS_PER_DAY", INT, "0", 0, 1000000000, "calls", false, "outbound calls of a tenant a day (UTC); 0 means no cap, here and below")
SETTING(calls_per_month, "CALLS_PER_MONTH", INT, "0", 0, 1000000000, "calls", false, "outbound calls of a tenant a month")
SETTING(spend_per_day, "SPEND_PER_DAY", DECIMAL, "0", 0, 1000000000, "COST_CURRENCY", false, "what a tenant's outbound calls of a day may cost, those under way at their longest")
SETTING(spend_per_month, "SPEND_PER_MONTH", DECIMAL, "0", 0, 1000000000, "COST_CURRENCY", false, "the same of a month")
SETTING(attempts_per_number, "ATTEMPTS_PER_NUMBER_PER_DAY", INT, "0", 0, 1000000, "calls", false, "calls of a tenant to one number a day")

/* Outgoing URLs of users */
SETTING(url_allow_private, "URL_ALLOW_PRIVATE", STR, "", 0, 4096, "", false, "where webhooks, tools and other URLs given by users may go besides the public internet: addresses, networks (10.0.0.0/8) and host:port, comma-separated")

/* Outgoing webhooks */
SETTING(webhook_timeout_s, "WEBHOOK_TIMEOUT_SECONDS", INT, "10", 1, 60, "s", false, "how long the receiver of an outgoing webhook may take to answer")
SETTING(webhook_retry_s, "WEBHOOK_RETRY_SECONDS", INT, "5", 1, 3600, "s", false, "wait before a webhook is sent for the second time; doubles each time, at most an hour")
SETTING(webhook_retry_hours, "WEBHOOK_RETRY_HOURS", INT, "24", 1, 168, "h", false, "how long a webhook is tried before it is given up")
SETTING(webhook_pause_failures, "WEBHOOK_PAUSE_FAILURES", INT, "20", 1, 10000, "", false, "failures in a row after which an endpoint is paused, if they last WEBHOOK_PAUSE_HOURS too")
SETTING(webhook_pause_hours, "WEBHOOK_PAUSE_HOURS", INT, "12", 0, 168, "h", false, "how long an endpoint must have failed before it is paused")
SETTING(webhook_keep_days, "WEBHOOK_KEEP_DAYS", INT, "30", 1, 365, "days", false, "how long deliveries of webhooks can be looked at and replayed")

/* Demo callee */
SETTING(callee_sip_port, "CALLEE_SIP_PORT", INT, "5070", 1, 65535, "", false, "UDP port of the demo callee")
SETTING(callee_script, "CALLEE_SCRIPT", STR, "./config/callee/appointment.json", 1, 1024, "", false, "what the demo callee says")

/* Traces */
SETTING(otlp_endpoint, "OTEL_EXPORTER_OTLP_ENDPOINT", URL, "", 0, 0, "", false, "OpenTelemetry collector that takes OTLP over HTTP, such as http://127.0.0.1:4318; empty: no traces")
SETTING(otlp_headers, "OTEL_EXPORTER_OTLP_HEADERS", STR, "", 0, 1024, "", true, "headers for the collector, name=value,name=value")
SETTING(otel_service_name, "OTEL_SERVICE_NAME", STR, "", 0, 128, "", false, "service.name in traces; empty: voiceai-platform, voiceai-carrier, voiceai-engine")
SETTING(trace_sample_ratio, "TRACE_SAMPLE_RATIO", DECIMAL, "1", 0, 1, "", false, "share of calls and requests that are traced; who sends a traceparent decides for itself")

/* Error reports */
SETTING(sentry_dsn, "SENTRY_DSN", STR, "", 0, 512, "", true, "where errors and crashes are reported, https://KEY@HOST/PROJECT: Sentry, or a server that takes its envelopes; empty: nothing is reported")
SETTING(sentry_environment, "SENTRY_ENVIRONMENT", STR, "production", 1, 64, "", false, "environment in those reports")
SETTING(sentry_sample_rate, "SENTRY_SAMPLE_RATE", DECIMAL, "1", 0, 1, "", false, "share of errors that are reported; crashes always are")

/* Cost of a call */
SETTING(cost_currency, "COST_CURRENCY", STR, "USD", 3, 3, "", false, "currency of the rates below, ISO 4217")
SETTING(cost_telephony, "COST_TELEPHONY_PER_MINUTE", DECIMAL, "", 0, 1000, "per minute", false, "what a started minute on the phone costs; empty: 0.014 with a Twilio account, 0 with the embedded carrier")
SETTING(cost_voice_ai, "COST_VOICE_AI_PER_MINUTE", DECIMAL, "", 0, 1000, "per minute", false, "what a minute of the voice engine costs; empty: 0.01 with an Ultravox key, 0 with the embedded engine")
SETTING(cost_analysis, "COST_ANALYSIS_PER_1K_TOKENS", DECIMAL, "", 0, 1000, "per 1000 tokens", false, "what the analysis costs; empty: 0.00015 with an OpenAI key, else 0")
SETTING(cost_infrastructure, "COST_INFRASTRUCTURE_PER_CALL", DECIMAL, "0.001", 0, 1000, "per call", false, "what every call costs besides")

/* Recordings */
SETTING(recording_store, "RECORDING_STORE", ENUM, "folder", 0, 0, "folder|s3", false, "where recordings are put: DATA_DIR/recordings, or an S3-compatible store")
SETTING(carrier_recordings, "CARRIER_RECORDINGS", ENUM, "auto", 0, 0, "auto|keep|delete", false, "what becomes of the carrier's own recording once it was fetched; auto: the embedded carrier's is deleted, Twilio's is kept")
SETTING(s3_endpoint, "S3_ENDPOINT", URL, "", 0, 0, "", false, "that store's URL, without the bucket; empty: https://s3.S3_REGION.amazonaws.com")
SETTING(s3_bucket, "S3_BUCKET", STR, "", 0, 63, "", false, "bucket of the recordings")
SETTING(s3_region, "S3_REGION", STR, "us-east-1", 1, 64, "", false, "region that requests are signed for")
SETTING(s3_access_key, "S3_ACCESS_KEY", STR, "", 0, 128, "", false, "id of the access key")
SETTING(s3_secret_key, "S3_SECRET_KEY", STR, "", 0, 256, "", true, "secret of the access key")
SETTING(s3_path_style, "S3_PATH_STYLE", BOOL, "true", 0, 0, "", false, "the bucket stands in the path of URLs, not in the host's name")
SETTING(s3_prefix, "S3_PREFIX", STR, "recordings/", 0, 128, "", false, "what keys begin with")
