#include "platform/store/call.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/str.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* The columns after id, tenant_id, status and direction, in the order of STORE_CALL_COLUMNS. */
static const struct column {
	enum db_type type;
	size_t offset;
	bool sealed;
} columns[] = {
#define TEXT(field_)                                   \
	{                                              \
		DB_TEXT, offsetof(struct call, field_) \
	}
#define SEALED(field_)                                       \
	{                                                    \
		DB_TEXT, offsetof(struct call, field_), true \
	}
#define INT(field_)                                   \
	{                                             \
		DB_INT, offsetof(struct call, field_) \
	}
	SEALED(phone_number),
	TEXT(from_number),
	TEXT(ultravox_call_id),
	TEXT(twilio_call_sid),
	TEXT(join_url),
	TEXT(data_token),
	TEXT(agent),
	TEXT(model),
	SEALED(system_prompt),
	SEALED(first_message),
	TEXT(voice),
	TEXT(language),
	{DB_REAL, offsetof(struct call, temperature)},
	INT(max_duration_s),
	SEALED(metadata),
	SEALED(outcome),
	TEXT(answered_by),
	TEXT(end_reason),
	TEXT(end_hint),
	TEXT(end_detail),
	INT(created_at),
	INT(started_at),
	INT(ended_at),
	INT(updated_at),
	INT(deadline_at),
	INT(deadline_misses),
	INT(duration_s),
	INT(version),
	INT(agent_version),
	INT(wants_recording),
	TEXT(tools),
	TEXT(traceparent),
	INT(scheduled_at),
	TEXT(retry),
	TEXT(retry_of),
	INT(attempt),
#undef TEXT
#undef SEALED
#undef INT
};
enum { FIXED = 4 };
_Static_assert(FIXED + ARRAY_LEN(columns) == STORE_CALL_COLUMN_COUNT, "columns");

static char **text_of(const struct call *call, const struct column *column)
{
	return (char **)((char *)call + column->offset);
}

static int64_t *int_of(const struct call *call, const struct column *column)
{
	return (int64_t *)((char *)call + column->offset);
}

static void call_destroy(void *data)
{
	struct call *call = data;

	mem_free(call->tenant_id);
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		if (columns[i].type == DB_TEXT)
			mem_free(*text_of(call, &columns[i]));
}

struct call *store_call_new(void)
{
	struct call *call = mem_new(sizeof(*call), call_destroy);

	call->temperature = NAN;
	call->attempt = 1;
	return call;
}

struct call *store_call_copy(const struct call *call)
{
	struct call *copy = store_call_new();

	*copy = *call;
	copy->tenant_id = mem_strdup(call->tenant_id);
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		if (columns[i].type == DB_TEXT)
			*text_of(copy, &columns[i]) = mem_strdup(*text_of(call, &columns[i]));
	return copy;
}

void store_call_borrow(struct call *ret_call, const struct db_result *result, size_t row)
{
	struct call *call = ret_call;
	const char *id = db_get_text(result, row, 0);

	*call = (struct call){.temperature = NAN};
	str_copy(call->id, sizeof(call->id), id ? id : "");
	call->tenant_id = (char *)db_get_text(result, row, 1);
	/* The database checks both columns, so that they cannot be anything else. */
	call_status_parse(&call->status, db_get_text(result, row, 2));
	call_direction_parse(&call->direction, db_get_text(result, row, 3));
	for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
		size_t at = FIXED + i;

		if (columns[i].type == DB_TEXT)
			*text_of(call, &columns[i]) = (char *)db_get_text(result, row, at);
		else if (columns[i].type == DB_INT)
			*int_of(call, &columns[i]) = db_get_int(result, row, at);
		else if (!db_is_null(result, row, at))
			call->temperature = db_get_real(result, row, at);
	}
}

struct call *store_call_load(const struct db_result *result, size_t row)
{
	struct call call;

	store_call_borrow(&call, result, row);
	return store_call_copy(&call);
}

static struct db_value value_of(const struct call *call, const struct column *column)
{
	if (column->type == DB_TEXT && column->sealed)
		return db_sealed(call->tenant_id, call->id, *text_of(call, column));
	if (column->type == DB_TEXT)
		return db_text(*text_of(call, column));
	if (column->type == DB_INT)
		return db_int(*int_of(call, column));
	return isnan(call->temperature) ? db_null() : db_real(call->temperature);
}

/* What is looked up by the number, phone_hash, is the last value. */
#define INSERT                                                                                  \
	"INSERT INTO call (" STORE_CALL_COLUMNS ", phone_hash) "                                \
	"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "                                          \
	"$10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, " \
	"$27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41)"

static void insert(struct batch *batch, const struct call *call, const char *sql, int64_t expect)
{
	struct db_value values[STORE_CALL_COLUMN_COUNT + 1] = {
		db_text(call->id),
		db_text(call->tenant_id),
		db_text(call_status_name(call->status)),
		db_text(call_direction_name(call->direction)),
	};

	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		values[FIXED + i] = value_of(call, &columns[i]);
	values[STORE_CALL_COLUMN_COUNT] = db_hashed(call->tenant_id, call->phone_number);
	batch_add(batch, sql, expect, values, ARRAY_LEN(values));
}

void store_call_insert(struct batch *batch, const struct call *call)
{
	insert(batch, call, INSERT, 1);
}

void store_call_import(struct batch *batch, const struct call *call)
{
	insert(batch, call, INSERT " ON CONFLICT (tenant_id, id) DO NOTHING", DB_ANY_ROWS);
}

void store_call_update(struct batch *batch, const struct call *call)
{
	BATCH_ADD(batch,
		  "UPDATE call SET status = $1, ultravox_call_id = $2, twilio_call_sid = $3, "
		  "join_url = $4, outcome = $5, answered_by = $6, end_reason = $7, end_hint = $8, "
		  "end_detail = $9, started_at = $10, ended_at = $11, updated_at = $12, "
		  "deadline_at = $13, deadline_misses = $14, duration_s = $15, "
		  "scheduled_at = $16, version = version + 1 "
		  "WHERE tenant_id = $17 AND id = $18 AND version = $19",
		  1, db_text(call_status_name(call->status)), db_text(call->ultravox_call_id),
		  db_text(call->twilio_call_sid), db_text(call->join_url),
		  db_sealed(call->tenant_id, call->id, call->outcome), db_text(call->answered_by),
		  db_text(call->end_reason), db_text(call->end_hint), db_text(call->end_detail),
		  db_int(call->started_at), db_int(call->ended_at), db_int(call->updated_at),
		  db_int(call->deadline_at), db_int(call->deadline_misses),
		  db_int(call->duration_s), db_int(call->scheduled_at), db_text(call->tenant_id),
		  db_text(call->id), db_int(call->version));
}

/* PostgreSQL finds the id in call_ref, and by the id the partition (schema_partition.c). */
#define REFERRED(kind_)                                                                       \
	" /*pg AND id = (SELECT call_id FROM call_ref r WHERE r.tenant_id = $1 AND r.kind = " \
	"'" kind_ "' AND r.ref = $2) */"

void store_call_select(struct batch *batch, const char *tenant_id, enum store_call_key key,
		       const char *value)
{
	static const char *const sql[] = {
		[STORE_CALL_BY_ID] =
			"SELECT " STORE_CALL_COLUMNS " FROM call WHERE tenant_id = $1 AND id = $2",
		[STORE_CALL_BY_SID] =
			"SELECT " STORE_CALL_COLUMNS
			" FROM call WHERE tenant_id = $1 AND twilio_call_sid = $2" REFERRED("sid"),
		[STORE_CALL_BY_SESSION] =
			"SELECT " STORE_CALL_COLUMNS " FROM call WHERE tenant_id = $1 AND "
			"ultravox_call_id = $2" REFERRED("session"),
	};

	BATCH_ADD(batch, sql[key], DB_ANY_ROWS, db_text(tenant_id), db_text(value));
}

/* No change of the call: whoever changes it at the same time need not look again. */
void store_call_renew(struct batch *batch, const char *tenant_id, const char *call_id,
		      int64_t deadline)
{
	BATCH_ADD(batch,
		  "UPDATE call SET deadline_at = $1, deadline_misses = 0 WHERE tenant_id = $2 AND "
		  "id = $3 AND deadline_at > 0 AND end_hint IS NULL",
		  DB_ANY_ROWS, db_int(deadline), db_text(tenant_id), db_text(call_id));
}

void store_call_claim_overdue(struct batch *batch, int64_t now, int64_t next_deadline)
{
	BATCH_ADD(batch,
		  "UPDATE call SET deadline_at = $1, deadline_misses = deadline_misses + 1, "
		  "version = version + 1 WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM call "
		  "WHERE deadline_at > 0 AND deadline_at <= $2 ORDER BY deadline_at LIMIT 100 "
		  "/*pg FOR UPDATE SKIP LOCKED */) "
		  "RETURNING " STORE_CALL_COLUMNS,
		  DB_ANY_ROWS, db_int(next_deadline), db_int(now));
}

void store_call_select_dialled(struct batch *batch, int64_t limit)
{
	BATCH_ADD(batch,
		  "SELECT tenant_id, id FROM call WHERE deadline_at > 0 AND "
		  "twilio_call_sid IS NOT NULL ORDER BY created_at LIMIT $1",
		  DB_ANY_ROWS, db_int(limit));
}

void store_call_count_open(struct batch *batch)
{
	batch_add(batch, "SELECT status, count(*) FROM call WHERE deadline_at > 0 GROUP BY status",
		  DB_ANY_ROWS, NULL, 0);
}

void store_call_count_active(struct batch *batch, int64_t now)
{
	BATCH_ADD(batch,
		  "SELECT tenant_id, count(*) FROM call WHERE deadline_at > 0 AND "
		  "scheduled_at <= $1 GROUP BY tenant_id",
		  DB_ANY_ROWS, db_int(now));
}

/* A call that waits for its time is PENDING with a deadline far away. */
static int64_t soon(void)
{
	return clock_wall_us() + 120 * 1000000ll;
}

void store_call_page_started(struct batch *batch, const char *after_tenant, const char *after_id,
			     int64_t limit)
{
	BATCH_ADD(batch,
		  "SELECT tenant_id, id FROM call WHERE deadline_at > 0 AND "
		  "(tenant_id, id) > ($1, $2) AND (status <> 'PENDING' OR deadline_at < $3) "
		  "ORDER BY tenant_id, id LIMIT $4",
		  DB_ANY_ROWS, db_text(after_tenant), db_text(after_id), db_int(soon()),
		  db_int(limit));
}

void store_call_select_started(struct batch *batch, const char *tenant_id, const char *from_id,
			       const char *to_id)
{
	BATCH_ADD(batch,
		  "SELECT tenant_id, id FROM call WHERE deadline_at > 0 AND tenant_id = $1 AND "
		  "id >= $2 AND id <= $3 AND (status <> 'PENDING' OR deadline_at < $4)",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(from_id), db_text(to_id),
		  db_int(soon()));
}
