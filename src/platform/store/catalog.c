#include "platform/store/catalog.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/str.h"
#include "platform/store/answer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const left_out[] = {
	"schema_migration", "call_rollup",  "call_rollup_delta", "call_figure", "call_partition",
	"call_ref",         "secret_check", "call_storage",      "call_volume", "recording_gone"};

/* table, column, type, place in the key (0: none), whether the database numbers it */
static const char sqlite_columns[] =
	"SELECT t.name, c.name, c.type, c.pk, CASE WHEN c.type = 'INTEGER' AND c.pk = 1 THEN 1 "
	"ELSE 0 END FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table' AND "
	"t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY t.name, c.cid";
static const char postgres_columns[] =
	"SELECT CAST(t.relname AS TEXT), CAST(c.attname AS TEXT), format_type(c.atttypid, NULL), "
	"CAST(coalesce(array_position(CAST(i.indkey AS SMALLINT[]), c.attnum) + 1, 0) AS BIGINT), "
	"CAST(CASE WHEN c.attidentity <> '' THEN 1 ELSE 0 END AS BIGINT) "
	"FROM pg_class t JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT "
	"c.attisdropped LEFT JOIN pg_index i ON i.indrelid = t.oid AND i.indisprimary "
	"WHERE t.relnamespace = CAST(current_schema() AS regnamespace) AND t.relkind IN ('r', 'p') "
	"AND NOT t.relispartition ORDER BY t.relname COLLATE \"C\", c.attnum";

/* table, table that it refers to */
static const char sqlite_references[] =
	"SELECT t.name, r.\"table\" FROM sqlite_master t, pragma_foreign_key_list(t.name) r "
	"WHERE t.type = 'table'";
static const char postgres_references[] =
	"SELECT CAST(t.relname AS TEXT), CAST(r.relname AS TEXT) FROM pg_constraint c "
	"JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class r ON r.oid = c.confrelid "
	"WHERE c.contype = 'f' AND t.relnamespace = CAST(current_schema() AS regnamespace) "
	"UNION ALL VALUES ('call_event', 'call'), ('transcript_turn', 'call')";

static void catalog_destroy(void *data)
{
	struct catalog *catalog = data;

	for (size_t i = 0; i < catalog->count; i++) {
		struct catalog_table *table = &catalog->tables[i];

		for (size_t j = 0; j < table->column_count; j++)
			mem_free(table->columns[j].name);
		mem_free(table->columns);
		mem_free(table->name);
		mem_free(table->first_sql);
		mem_free(table->next_sql);
		mem_free(table->tenant_first_sql);
		mem_free(table->tenant_next_sql);
		mem_free(table->insert_sql);
		mem_free(table->find_sql);
		mem_free(table->renumber_sql);
	}
	mem_free(catalog->tables);
}

/* ---- what the database says ---- */

static enum db_type type_of(const char *text)
{
	char *auto_free type = str_lower(mem_strdup(text));

	if (strstr(type, "int"))
		return DB_INT;
	if (strstr(type, "double") || strstr(type, "real"))
		return DB_REAL;
	return strstr(type, "blob") || strstr(type, "bytea") ? DB_BLOB : DB_TEXT;
}

static bool is_left_out(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(left_out); i++)
		if (str_equal(name, left_out[i]))
			return true;
	return false;
}

static struct catalog_table *table_for(struct catalog *catalog, const char *name)
{
	struct catalog_table *table = catalog->count ? &catalog->tables[catalog->count - 1] : NULL;

	if (table && str_equal(table->name, name))
		return table;
	catalog->tables =
		mem_realloc(catalog->tables, (catalog->count + 1) * sizeof(*catalog->tables));
	table = &catalog->tables[catalog->count++];
	*table = (struct catalog_table){.name = mem_strdup(name), .tenant = -1};
	return table;
}

static void add_column(struct catalog *catalog, const struct db_result *result, size_t row)
{
	struct catalog_table *table = table_for(catalog, db_get_text(result, row, 0));
	const char *name = db_get_text(result, row, 1);
	int64_t place = db_get_int(result, row, 3);
	size_t at = table->column_count++;

	table->columns = mem_realloc(table->columns, table->column_count * sizeof(*table->columns));
	table->columns[at] = (struct catalog_column){
		.name = mem_strdup(name),
		.type = type_of(db_get_text(result, row, 2)),
		.numbered = db_get_int(result, row, 4) != 0,
	};
	if (str_equal(name, "tenant_id") || (str_equal(table->name, "tenant") && !at))
		table->tenant = (int)at;
	if (place < 1 || place > CATALOG_MAX_KEY)
		return;
	table->key[place - 1] = at;
	if (table->key_count < (size_t)place)
		table->key_count = (size_t)place;
}

/* A number that the database gives out is a key whatever the primary key is. */
static void prefer_numbers(struct catalog_table *table)
{
	for (size_t i = 0; i < table->column_count; i++) {
		if (!table->columns[i].numbered)
			continue;
		table->key[0] = i;
		table->key_count = 1;
	}
}

/* ---- order ---- */

static const char *referred(const struct db_result *result, size_t row, const char *from)
{
	const char *to = db_get_text(result, row, 1);

	return str_equal(db_get_text(result, row, 0), from) && !str_equal(to, from) ? to : NULL;
}

static bool waits(const struct catalog *catalog, size_t from, const char *name)
{
	for (size_t i = from; i < catalog->count; i++)
		if (str_equal(catalog->tables[i].name, name))
			return true;
	return false;
}

static bool is_next(const struct catalog *catalog, size_t from, size_t at,
		    const struct db_result *result)
{
	for (size_t row = 0; row < db_rows(result); row++) {
		const char *to = referred(result, row, catalog->tables[at].name);

		if (to && waits(catalog, from, to))
			return false;
	}
	return true;
}

/* Tables that refer to each other in a circle stay as they are. */
static void sort_tables(struct catalog *catalog, const struct db_result *references)
{
	for (size_t from = 0; from < catalog->count; from++) {
		for (size_t at = from; at < catalog->count; at++) {
			struct catalog_table next = catalog->tables[at];

			if (!is_next(catalog, from, at, references))
				continue;
			memmove(&catalog->tables[from + 1], &catalog->tables[from],
				(at - from) * sizeof(next));
			catalog->tables[from] = next;
			break;
		}
	}
}

/* ---- statements ---- */

static void append_columns(struct buf *sql, const struct catalog_table *table)
{
	for (size_t i = 0; i < table->column_count; i++)
		buf_printf(sql, "%s\"%s\"", i ? ", " : "", table->columns[i].name);
}

/* The call of an event about no call is NULL, or '' where it may not be (schema_timescale.c). */
static bool is_call_of_event(const struct catalog_table *table, size_t column)
{
	return str_equal(table->name, "call_event") &&
	       str_equal(table->columns[column].name, "call_id");
}

static void append_values(struct buf *sql, const struct catalog_table *table)
{
	for (size_t i = 0; i < table->column_count; i++) {
		const char *name = table->columns[i].name;

		buf_printf(sql, is_call_of_event(table, i) ? "%snullif(\"%s\", '')" : "%s\"%s\"",
			   i ? ", " : "", name);
	}
}

static void append_new_values(struct buf *sql, const struct catalog_table *table, bool embedded)
{
	for (size_t i = 0; i < table->column_count; i++) {
		bool keyed = !embedded && is_call_of_event(table, i);

		buf_printf(sql, keyed ? "%scall_event_key($%zu)" : "%s$%zu", i ? ", " : "", i + 1);
	}
}

/* Returns how many columns that was: those of the key, without the one named by except. */
static size_t append_key(struct buf *sql, const struct catalog_table *table, int except)
{
	size_t count = 0;

	for (size_t i = 0; i < table->key_count; i++)
		if ((int)table->key[i] != except)
			buf_printf(sql, "%s\"%s\"", count++ ? ", " : "",
				   table->columns[table->key[i]].name);
	return count;
}

static void append_params(struct buf *sql, size_t first, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(sql, "%s$%zu", i ? ", " : "", first + i);
}

static bool has_key_beside(const struct catalog_table *table, int except)
{
	return table->key_count > 1 || (int)table->key[0] != except;
}

static char *select_sql(const struct catalog_table *table, bool tenant, bool next)
{
	struct buf sql = {0};
	int except = tenant ? table->tenant : -1;
	size_t param = 1, count;

	buf_append_str(&sql, "SELECT ");
	append_values(&sql, table);
	buf_printf(&sql, " FROM \"%s\"", table->name);
	if (tenant)
		buf_printf(&sql, " WHERE \"%s\" = $%zu", table->columns[table->tenant].name,
			   param++);
	if (next) {
		buf_append_str(&sql, tenant ? " AND (" : " WHERE (");
		count = append_key(&sql, table, except);
		buf_append_str(&sql, ") > (");
		append_params(&sql, param, count);
		buf_append_char(&sql, ')');
		param += count;
	}
	buf_append_str(&sql, " ORDER BY ");
	append_key(&sql, table, has_key_beside(table, except) ? except : -1);
	buf_printf(&sql, " LIMIT $%zu", param);
	return buf_steal(&sql);
}

static char *insert_sql(const struct catalog_table *table, bool embedded)
{
	struct buf sql = {0};

	buf_printf(&sql, "INSERT INTO \"%s\" (", table->name);
	append_columns(&sql, table);
	buf_append_str(&sql, ") VALUES (");
	append_new_values(&sql, table, embedded);
	buf_append_str(&sql, ") ON CONFLICT DO NOTHING");
	return buf_steal(&sql);
}

static char *find_sql(const struct catalog_table *table)
{
	struct buf sql = {0};

	buf_append_str(&sql, "SELECT ");
	append_values(&sql, table);
	buf_printf(&sql, " FROM \"%s\" WHERE (", table->name);
	append_key(&sql, table, -1);
	buf_append_str(&sql, ") = (");
	append_params(&sql, 1, table->key_count);
	buf_append_char(&sql, ')');
	return buf_steal(&sql);
}

/* SQLite goes on behind the largest number by itself. */
static char *renumber_sql(const struct catalog_table *table)
{
	for (size_t i = 0; i < table->column_count; i++) {
		const char *name = table->columns[i].name;

		if (!table->columns[i].numbered)
			continue;
		return mem_printf("SELECT setval(s.name, greatest(coalesce(max(t.\"%s\"), 1), "
				  "coalesce(pg_sequence_last_value(s.name), 1))) FROM (SELECT "
				  "CAST(pg_get_serial_sequence('\"%s\"', '%s') AS regclass) AS "
				  "name) s LEFT JOIN \"%s\" t ON true GROUP BY s.name",
				  name, table->name, name, table->name);
	}
	return NULL;
}

static void make_statements(struct catalog_table *table, bool embedded)
{
	table->first_sql = select_sql(table, false, false);
	table->next_sql = select_sql(table, false, true);
	if (table->tenant >= 0) {
		table->tenant_first_sql = select_sql(table, true, false);
		if (has_key_beside(table, table->tenant))
			table->tenant_next_sql = select_sql(table, true, true);
	}
	table->insert_sql = insert_sql(table, embedded);
	table->find_sql = find_sql(table);
	table->renumber_sql = embedded ? NULL : renumber_sql(table);
}

/* ---- */

static int read_tables(struct catalog *catalog, struct loop *loop, struct db *db)
{
	struct batch batch auto_batch = {0};
	struct answer answer auto_answer = {0};
	bool embedded = db_is_embedded(db);
	int err;

	batch_add(&batch, embedded ? sqlite_columns : postgres_columns, DB_ANY_ROWS, NULL, 0);
	batch_add(&batch, embedded ? sqlite_references : postgres_references, DB_ANY_ROWS, NULL, 0);
	err = answer_wait(&answer, loop, db, &batch);
	for (size_t row = 0; !err && row < db_rows(answer.results[0]); row++)
		if (!is_left_out(db_get_text(answer.results[0], row, 0)))
			add_column(catalog, answer.results[0], row);
	if (!err)
		sort_tables(catalog, answer.results[1]);
	return err;
}

int catalog_load(struct catalog **ret_catalog, struct loop *loop, struct db *db, char error[256])
{
	struct catalog *catalog = mem_new(sizeof(*catalog), catalog_destroy);
	int err = read_tables(catalog, loop, db);

	if (err)
		snprintf(error, 256, "the tables of the database cannot be read: %s",
			 strerror(-err));
	for (size_t i = 0; !err && i < catalog->count; i++) {
		struct catalog_table *table = &catalog->tables[i];

		prefer_numbers(table);
		make_statements(table, db_is_embedded(db));
		if (table->column_count > DB_MAX_PARAMS)
			err = -E2BIG;
		else if (!table->key_count)
			err = -EINVAL;
		if (err)
			snprintf(error, 256, "table %s %s", table->name,
				 err == -E2BIG ? "has too many columns" : "has no key");
	}
	if (err)
		mem_unref(catalog);
	else
		*ret_catalog = catalog;
	return err;
}

const struct catalog_table *catalog_find(const struct catalog *catalog, const char *name)
{
	for (size_t i = 0; i < catalog->count; i++)
		if (str_equal(catalog->tables[i].name, name))
			return &catalog->tables[i];
	return NULL;
}
