#include "db/postgres_value.h"

#include "core/mem.h"
#include "core/str.h"
#include "db/postgres_sql.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- parameters ---- */

void pg_params_set(struct pg_params *params, const struct db_statement *statement)
{
	for (size_t i = 0; i < statement->param_count; i++) {
		const struct db_value *value = &statement->params[i];

		params->values[i] = NULL;
		params->lengths[i] = (int)value->len;
		params->formats[i] = value->type == DB_BLOB;
		if (value->type == DB_TEXT || value->type == DB_BLOB) {
			params->values[i] = value->data;
		} else if (value->type == DB_INT) {
			str_from_int(params->numbers[i], value->integer);
			params->values[i] = params->numbers[i];
		} else if (value->type == DB_REAL) {
			snprintf(params->numbers[i], sizeof(params->numbers[i]), "%.17g",
				 value->real);
			params->values[i] = params->numbers[i];
		}
	}
}

bool pg_params_are_possible(const struct db_statement *statement)
{
	for (size_t i = 0; i < statement->param_count; i++) {
		const struct db_value *value = &statement->params[i];

		if (value->type == DB_TEXT && value->len && memchr(value->data, '\0', value->len))
			return false;
	}
	return true;
}

/* ---- results ---- */

/* Types of columns, pg_type.dat. */
enum {
	OID_BOOL = 16,
	OID_BYTEA = 17,
	OID_INT8 = 20,
	OID_INT2 = 21,
	OID_INT4 = 23,
	OID_OID = 26,
	OID_FLOAT4 = 700,
	OID_FLOAT8 = 701,
	OID_NUMERIC = 1700,
};

/* sum() of integers is numeric, but an integer all the same. */
static struct db_value number(const char *text)
{
	char *end;
	long long integer;

	errno = 0;
	integer = strtoll(text, &end, 10);
	if (!errno && !*end)
		return db_int(integer);
	return db_real(strtod(text, NULL));
}

static int hex_digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* bytea in its text form is \x and two digits a byte. Decoded in place: the result is ours. */
static struct db_value bytes(char *text, size_t len)
{
	size_t count = len < 2 ? 0 : (len - 2) / 2;

	for (size_t i = 0; i < count; i++)
		text[i] = (char)(hex_digit(text[2 + 2 * i]) << 4 | hex_digit(text[3 + 2 * i]));
	return db_blob(text, count);
}

/* As the server writes them: a sign perhaps, and digits. */
static int64_t integer(const char *text)
{
	bool negative = *text == '-';
	uint64_t value = 0;

	for (text += negative; *text; text++)
		value = 10 * value + (uint64_t)(*text - '0');
	return (int64_t)(negative ? 0 - value : value);
}

static struct db_value value_at(const PGresult *from, int row, int column)
{
	char *text;

	if (PQgetisnull(from, row, column))
		return db_null();
	text = PQgetvalue(from, row, column);
	switch (PQftype(from, column)) {
	case OID_BOOL:
		return db_int(*text == 't');
	case OID_INT8:
	case OID_INT2:
	case OID_INT4:
	case OID_OID:
		return db_int(integer(text));
	case OID_NUMERIC:
		return number(text);
	case OID_FLOAT4:
	case OID_FLOAT8:
		return db_real(strtod(text, NULL));
	case OID_BYTEA:
		return bytes(text, (size_t)PQgetlength(from, row, column));
	default:
		return (struct db_value){.type = DB_TEXT,
					 .data = text,
					 .len = (size_t)PQgetlength(from, row, column)};
	}
}

static int64_t changes_of(const PGresult *from)
{
	if (str_has_prefix(PQcmdStatus((PGresult *)from), "SELECT"))
		return 0;
	return integer(PQcmdTuples((PGresult *)from));
}

int pg_result_read(struct db_result **ret_result, const PGresult *from, bool counted, bool returns)
{
	int rows = PQntuples(from), columns = PQnfields(from);
	struct db_result *result;
	int64_t changes = changes_of(from);

	if (counted) {
		columns--;
		changes = rows ? strtoll(PQgetvalue(from, 0, columns), NULL, 10) : 0;
		if (!returns || !changes)
			rows = 0;
	}
	result = db_result_new((size_t)columns);
	result->changes = changes;
	db_result_reserve(result, (size_t)rows);
	for (int row = 0; row < rows; row++) {
		for (int column = 0; column < columns; column++) {
			struct db_value value = value_at(from, row, column);

			if (db_result_add(result, &value)) {
				mem_unref(result);
				return -E2BIG;
			}
		}
		result->rows++;
	}
	*ret_result = result;
	return 0;
}

/* ---- errors ---- */

static const char *state_of(const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	return state ? state : "";
}

/* SQLSTATEs or their first letters; the first that fits counts. PostgreSQL, appendix A. */
static const struct {
	const char *state;
	int err;
} errors[] = {
	{"23505", -EEXIST}, /* unique_violation */
	{"23503", -ENOENT}, /* foreign_key_violation */
	{"40", -EBUSY},     /* serialization_failure, deadlock_detected */
	{"55P03", -EBUSY},  /* lock_not_available */
	{"57", -EBUSY},     /* query_canceled, shutdowns */
	{"53100", -ENOSPC}, /* disk_full */
	{"53", -EBUSY},     /* too_many_connections, out_of_memory */
	{"58", -EIO},       /* the system's errors */
	{"XX", -EIO},
};

int pg_error_of(const PGresult *result)
{
	const char *state = state_of(result);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (!strcmp(state, "22P02") && message && strstr(message, PG_SQL_UNMET " "))
		return -EAGAIN;
	for (size_t i = 0; i < ARRAY_LEN(errors); i++)
		if (str_has_prefix(state, errors[i].state))
			return errors[i].err;
	return -EINVAL;
}

/*
 * A row on its way into a DEFAULT partition while a partition of its own was being made is refused
 * as if by a constraint, which has no name: once more, it finds the new one.
 */
static bool lost_its_way(const PGresult *result)
{
	return !strcmp(state_of(result), "23514") &&
	       !PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
}

bool pg_error_is_collision(const PGresult *result)
{
	const char *state = state_of(result);

	return !strcmp(state, "40001") || !strcmp(state, "40P01") || lost_its_way(result);
}

bool pg_error_is_stale(const PGresult *result)
{
	const char *where = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);

	/* "cached plan must not change result type", after a migration, has no code of its own. */
	return !strcmp(state_of(result), "26000") || str_equal(where, "RevalidateCachedQuery");
}

bool pg_error_is_fatal(const PGresult *result)
{
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

	return severity && (!strcmp(severity, "FATAL") || !strcmp(severity, "PANIC"));
}
