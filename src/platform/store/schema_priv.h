/* SQL of the migrations that are too long for schema.c, a file per topic. */
#pragma once

extern const char schema_cost[];

/* What analytics are counted from. */
extern const char schema_rollup_sqlite[];
extern const char schema_rollup_postgres[];

/* The same by one thing at a time, for any time zone. */
extern const char schema_figure_sqlite[];
extern const char schema_figure_postgres[];

/* PostgreSQL: where the ids of a millisecond begin, an expression. */
#define SCHEMA_BOUND(ms_)                                                                \
	"substr(lpad(to_hex(" ms_ "), 12, '0'), 1, 8) || '-' || substr(lpad(to_hex(" ms_ \
	"), 12, '0'), 9, 4)"

/* PostgreSQL only. */
extern const char schema_partition_postgres[];
extern const char schema_agent[];
extern const char schema_number[];
extern const char schema_dead_jobs[];

/* Keys that values are sealed under, how long what is kept, and what was erased. */
extern const char schema_vault_sqlite[];
extern const char schema_vault_postgres[];

/* Hypertables instead of some partitions, where PostgreSQL has TimescaleDB. */
extern const char schema_timescale_postgres[];

/* What vendors sent. */
extern const char schema_payload_sqlite[];
extern const char schema_payload_postgres[];

/* Files of recordings that go wherever they are. */
extern const char schema_recording_gone[];

/* Links to calls. */
extern const char schema_link[];

/* Tenants, users, and what they show who they are by. */
extern const char schema_access[];
extern const char schema_secret[];

/* Who changed what. */
extern const char schema_audit_sqlite[];
extern const char schema_audit_postgres[];
extern const char schema_webhook[];

/* Calls for later, and calls that are made again. */
extern const char schema_schedule[];
extern const char schema_trace[];

/* What visitors of web sites sent. */
extern const char schema_lead[];

/* What calls may cost, and did. */
extern const char schema_limit[];
