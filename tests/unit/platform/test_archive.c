/*
 * Protects moving a whole store: every table that there is goes out and comes back the same, once;
 * an archive that is cut, changed or of another schema is not taken; what differs, has no parent or
 * does not fit is told apart and left; and one tenant's archive holds nobody else's rows.
 */
#define BASE_SQLITE_ONLY
#include "unit/platform/fixture.h"

#include "core/buf.h"
#include "core/encoding.h"
#include "core/str.h"
#include "platform/archive.h"
#include "platform/rollup.h"

#include <errno.h>
#include <stdlib.h>

struct store {
	struct base base;
	struct catalog *catalog;
	char complaints[4096];
};

/* Of kinds that the platform's own tables may not have: bytes, reals, rows that refer to rows. */
static const char *const more_tables[] = {
	"CREATE TABLE aa_leaf (tenant_id TEXT NOT NULL REFERENCES tenant (id), id TEXT NOT NULL, "
	"parent TEXT, node TEXT, weight DOUBLE PRECISION, bytes BYTEA, UNIQUE (weight), "
	"PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, parent) REFERENCES aa_leaf "
	"(tenant_id, "
	"id), FOREIGN KEY (tenant_id, node) REFERENCES zz_node (tenant_id, id))",
	"CREATE TABLE zz_node (tenant_id TEXT NOT NULL REFERENCES tenant (id), id TEXT NOT NULL, "
	"count BIGINT CHECK (count > 0), PRIMARY KEY (tenant_id, id))",
};

static const char *const rows[] = {
	"INSERT INTO tenant (id, name, created_at) VALUES ('other', 'Ot\"her\\ \n', 7)",
	"INSERT INTO zz_node VALUES ('default', 'n', 9223372036854775807), ('other', 'n', 1)",
	"INSERT INTO aa_leaf VALUES ('default', 'z', NULL, 'n', 0.1, x'00ff10'), "
	"('default', 'a', 'z', NULL, 1e300, NULL), ('other', '\xc3\xa4\xe2\x82\xac', NULL, 'n', "
	"-3, "
	"x'')",
	"INSERT INTO call (tenant_id, id, status, direction, phone_number, max_duration_s, "
	"end_reason, created_at, started_at, ended_at, updated_at, deadline_at, deadline_misses, "
	"duration_s, version, temperature) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + "
	"1 FROM n WHERE i < 1203) SELECT CASE WHEN i % 3 = 0 THEN 'other' ELSE 'default' END, 'c' "
	"|| i, 'COMPLETED', 'INBOUND', '+1555', 60, 'x', i * 3600000000, 1, 2, 3, 0, 0, i % 50, 1, "
	"0.7 FROM n",
	"INSERT INTO call_event (seq, tenant_id, call_id, type, at, data) SELECT 2 * "
	"CAST(substr(id, 2) AS INTEGER), tenant_id, id, 'call.status', 5, '{}' FROM call",
	"INSERT INTO call_event (tenant_id, call_id, type, at, data) VALUES ('other', NULL, 'x', "
	"1, "
	"'{}')",
	"INSERT INTO call_summary (tenant_id, call_id, status, summary, key_points, sentiment, "
	"action_items, highlights, analyser, model, error, created_at) SELECT tenant_id, id, "
	"'completed', 's', '[]', 'neutral', '[]', "
	"'[]', NULL, NULL, NULL, 4 FROM call",
	"INSERT INTO lead (tenant_id, id, name, email, email_hash, consent, call_back, "
	"call_back_state, origin, repeats, created_at, updated_at) VALUES ('default', 'l', "
	"'s1.name', 's1.email', 'h', 1, 0, 'none', 'https://x', 0, 1, 1), ('other', 'l', "
	"'s1.name', 's1.email', 'h', 1, 0, 'none', 'https://x', 0, 1, 1)",
};

static void run_all(struct base *base, const char *const *sqls, size_t count)
{
	for (size_t i = 0; i < count; i++)
		base_sql(base, sqls[i]);
}

static void open_store(struct store *store, bool filled)
{
	char error[256] = "";

	*store = (struct store){0};
	base_open(&store->base, loop_new());
	run_all(&store->base, more_tables, ARRAY_LEN(more_tables));
	/* Keys that a server has made already would stand in the way of those that come. */
	if (filled)
		run_all(&store->base, rows, ARRAY_LEN(rows));
	else
		base_sql(&store->base, "DELETE FROM data_key");
	if (catalog_load(&store->catalog, store->base.loop, store->base.db, error))
		fail_msg("%s", error);
}

static void close_store(struct store *store)
{
	base_close(&store->base);
	mem_unref(store->catalog);
}

static struct archive_store handle(const struct store *store)
{
	return (struct archive_store){store->base.loop, store->base.db, store->catalog};
}

/* The lines without the first (it has the time) and the last (its digest is of all). */
static char *body_of(const char *archive)
{
	const char *start = strchr(archive, '\n') + 1, *end = strstr(archive, "{\"end\":true");

	return mem_strndup(start, (size_t)(end - start));
}

static char *save(struct store *store, const char *tenant_id)
{
	struct archive_store from = handle(store);
	struct archive_totals totals;
	char error[ARCHIVE_ERROR_SIZE] = "", *text = NULL, *copy;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	if (archive_write(&totals, &from, tenant_id, file, error))
		fail_msg("%s", error);
	fclose(file);
	copy = mem_strndup(text, len);
	free(text);
	return copy;
}

static void on_complaint(const char *line, void *arg)
{
	struct store *store = arg;
	size_t len = strlen(store->complaints);

	snprintf(store->complaints + len, sizeof(store->complaints) - len, "%s\n", line);
}

static int load(struct store *store, const char *archive, struct archive_counts *counts,
		char error[ARCHIVE_ERROR_SIZE])
{
	struct archive_store to = handle(store);
	FILE *file = fmemopen((void *)archive, strlen(archive), "r");
	int err;

	*error = '\0';
	*counts = (struct archive_counts){0};
	err = archive_import(counts, &to, file, on_complaint, store, error);
	fclose(file);
	return err;
}

/* ---- tests ---- */

static void everything_comes_back_the_same_and_once(void **state)
{
	struct store from, to;
	struct archive_counts counts;
	char error[ARCHIVE_ERROR_SIZE];
	char *auto_free first = NULL, *auto_free second = NULL;
	char *auto_free sent = NULL, *auto_free back = NULL;

	open_store(&from, true);
	open_store(&to, false);
	first = save(&from, NULL);
	if (load(&to, first, &counts, error))
		fail_msg("%s", error);
	if (counts.different + counts.orphans + counts.rejected)
		fail_msg("%s", to.complaints);
	assert_int_equal(1, counts.known); /* the tenant that every store has */
	assert_int_equal(0, counts.different + counts.orphans + counts.rejected);
	second = save(&to, NULL);
	sent = body_of(first);
	back = body_of(second);
	assert_string_equal(sent, back);
	assert_int_equal(1, base_int(&to.base, "SELECT count(*) FROM aa_leaf WHERE hex(bytes) = "
					       "'00FF10' AND weight = 0.1"));
	assert_int_equal(2, base_int(&to.base, "SELECT count(*) FROM lead WHERE name = 's1.name'"));
	assert_non_null(strstr(first, "{\"table\":\"zz_node\""));

	assert_int_equal(0, load(&to, first, &counts, error));
	assert_int_equal(0, counts.added + counts.different + counts.orphans + counts.rejected);
	close_store(&from);
	close_store(&to);
}

static void calls_that_came_are_counted(void **state)
{
	struct store from, to;
	struct archive_counts counts;
	char error[ARCHIVE_ERROR_SIZE];
	char *auto_free archive = NULL;

	open_store(&from, true);
	open_store(&to, false);
	archive = save(&from, NULL);
	assert_null(strstr(archive, "call_rollup"));
	assert_int_equal(0, load(&to, archive, &counts, error));
	assert_int_equal(0, load(&to, archive, &counts, error));
	assert_int_equal(0, rollup_fold_all(to.base.loop, to.base.db));
	assert_int_equal(1203, base_int(&to.base, "SELECT sum(calls) FROM call_rollup WHERE grain "
						  "= 0 AND status = 'COMPLETED'"));
	assert_int_equal(1203, base_int(&to.base, "SELECT sum(calls) FROM call_rollup WHERE grain "
						  "= 0 AND sentiment = 'neutral'"));
	close_store(&from);
	close_store(&to);
}

static void one_tenant_goes_alone(void **state)
{
	struct store from, to;
	struct archive_counts counts;
	char error[ARCHIVE_ERROR_SIZE];
	char *auto_free archive = NULL;

	open_store(&from, true);
	open_store(&to, false);
	archive = save(&from, "other");
	assert_null(strstr(archive, "[\"default\""));
	assert_int_equal(0, load(&to, archive, &counts, error));
	assert_int_equal(0, counts.orphans + counts.rejected);
	assert_int_equal(401, base_int(&to.base, "SELECT count(*) FROM call"));
	assert_int_equal(1, base_int(&to.base, "SELECT count(*) FROM call_event WHERE call_id IS "
					       "NULL"));
	close_store(&from);
	close_store(&to);
}

static void import_goes_on_where_it_was_cut_off(void **state)
{
	struct store from, to;
	struct archive_counts counts;
	char error[ARCHIVE_ERROR_SIZE];
	char *auto_free archive = NULL, *auto_free again = NULL;
	char *auto_free sent = NULL, *auto_free back = NULL;

	open_store(&from, true);
	open_store(&to, false);
	archive = save(&from, NULL);
	assert_int_equal(0, load(&to, archive, &counts, error));
	base_sql(&to.base, "DELETE FROM call_summary WHERE call_id > 'c5'");
	base_sql(&to.base, "DELETE FROM call_event WHERE seq > 700");
	assert_int_equal(0, load(&to, archive, &counts, error));
	assert_true(counts.added > 100 && counts.known > 1000);
	again = save(&to, NULL);
	sent = body_of(archive);
	back = body_of(again);
	assert_string_equal(sent, back);
	close_store(&from);
	close_store(&to);
}

static void bad_archives_change_nothing(void **state)
{
	static const struct {
		const char *old, *new; /* NULL new: cut off there */
		int err;
		const char *reason;
	} cases[] = {
		{"\"call.status\"", "\"call.statuS\"", -EBADMSG,
		 "rows are missing or were changed"},
		{"[\"default\",\"c1\",", NULL, -EBADMSG, "cut off"},
		{"{\"end\":true", NULL, -EBADMSG, "cut off"},
		{"\"archive\":\"voiceai\"", "\"archive\":\"other\"", -EBADMSG, "not an archive"},
		{"\"version\":1", "\"version\":2", -EBADMSG, "version"},
		{"\"rows\":", "\"r0ws\":", -EBADMSG, "missing or were changed"},
		{"{\"table\":\"call\"", "{\"tabel\":\"call\"", -EBADMSG,
		 "neither a table nor a row"},
		{"[\"default\",\"c1\",", "[\"default\" \"c1\",", -EBADMSG, "line "},
	};
	struct store from, to;
	char *auto_free archive = NULL;

	open_store(&from, true);
	open_store(&to, false);
	archive = save(&from, NULL);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *at = strstr(archive, cases[i].old);
		char *auto_free changed = NULL;
		struct archive_counts counts;
		char error[ARCHIVE_ERROR_SIZE];

		assert_non_null(at);
		changed = mem_printf("%.*s%s%s", (int)(at - archive), archive,
				     cases[i].new ? cases[i].new : "",
				     cases[i].new ? at + strlen(cases[i].old) : "");
		assert_int_equal(cases[i].err, load(&to, changed, &counts, error));
		if (!strstr(error, cases[i].reason))
			fail_msg("case %zu: %s", i, error);
		assert_int_equal(0, base_int(&to.base, "SELECT count(*) FROM call"));
	}
	close_store(&from);
	close_store(&to);
}

/* Made by hand, with the digest that it needs. */
static char *archive_at(int64_t level, const char *body, int row_count)
{
	char hex[2 * SHA256_LEN + 1];
	struct buf all = {0};
	uint8_t digest[SHA256_LEN] = {0};

	buf_printf(&all, "{\"archive\":\"voiceai\",\"version\":1,\"schema\":%lld}\n%s",
		   (long long)level, body);
	for (const char *line = buf_str(&all); *line;) {
		size_t len = (size_t)(strchr(line, '\n') + 1 - line);
		struct buf auto_buf both = {0};

		buf_append(&both, digest, sizeof(digest));
		buf_append(&both, line, len);
		digest_sha256(digest, both.data, both.len);
		line += len;
	}
	hex_encode(hex, digest, sizeof(digest));
	buf_printf(&all, "{\"end\":true,\"rows\":%d,\"digest\":\"%s\"}\n", row_count, hex);
	return buf_steal(&all);
}

static int64_t level_of(struct store *store)
{
	int64_t level = 0;
	char error[256];

	assert_int_equal(0, db_level(store->base.db, &level, error));
	return level;
}

static char *archive_of(struct store *store, const char *body, int row_count)
{
	return archive_at(level_of(store), body, row_count);
}

static void rows_that_do_not_fit_are_told_apart(void **state)
{
	static const char body[] =
		"{\"table\":\"zz_node\",\"columns\":[\"count\",\"id\",\"tenant_id\"]}\n"
		"[5,\"same\",\"default\"]\n"
		"[6,\"differs\",\"default\"]\n"
		"[7,\"new\",\"default\"]\n"
		"[0,\"check\",\"default\"]\n"
		"[\"7\",\"type\",\"default\"]\n"
		"[8,\"nobody's\",\"missing\"]\n"
		"{\"table\":\"aa_leaf\",\"columns\":[\"tenant_id\",\"id\",\"parent\",\"node\","
		"\"weight\",\"bytes\"]}\n"
		"[\"default\",\"child\",\"root\",null,1,null]\n"
		"[\"default\",\"root\",null,\"new\",2,{\"base64\":\"AP8=\"}]\n"
		"[\"default\",\"taken\",null,null,3,null]\n"
		"[\"default\",\"lost\",\"nowhere\",null,4,null]\n"
		"[\"default\",\"bytes\",null,null,5,{\"base64\":\"!\"}]\n";
	struct archive_counts counts;
	char error[ARCHIVE_ERROR_SIZE];
	char *auto_free archive = NULL;
	struct store to;

	open_store(&to, false);
	base_sql(&to.base, "INSERT INTO zz_node VALUES ('default', 'same', 5), ('default', "
			   "'differs', 5)");
	base_sql(&to.base, "INSERT INTO aa_leaf VALUES ('default', 'holder', NULL, NULL, 3, NULL)");
	archive = archive_of(&to, body, 11);
	if (load(&to, archive, &counts, error))
		fail_msg("%s", error);
	assert_int_equal(3, counts.added); /* new, root, child */
	assert_int_equal(1, counts.known);
	assert_int_equal(1, counts.different);
	assert_int_equal(2, counts.orphans);  /* nobody's, lost */
	assert_int_equal(4, counts.rejected); /* check, type, taken, bytes */
	assert_int_equal(5, base_int(&to.base, "SELECT count FROM zz_node WHERE id = 'differs'"));
	assert_int_equal(1, base_int(&to.base, "SELECT count(*) FROM aa_leaf WHERE id = 'root' AND "
					       "hex(bytes) = '00FF' AND node = 'new'"));
	assert_non_null(strstr(to.complaints, "line 12, table aa_leaf: a unique value of it"));
	close_store(&to);
}

static void another_shape_is_refused(void **state)
{
	static const struct {
		const char *body;
		int rows;
		const char *reason;
	} cases[] = {
		{"{\"table\":\"nothing\",\"columns\":[\"a\"]}\n", 0,
		 "this store has no table nothing"},
		{"{\"table\":\"zz_node\",\"columns\":[\"id\"]}\n", 0, "has other columns"},
		{"{\"table\":\"zz_node\",\"columns\":[\"id\",\"count\",\"x\"]}\n", 0,
		 "has a column"},
		{"[1]\n", 1, "before a table"},
		{"{\"table\":\"zz_node\",\"columns\":[\"id\",\"count\",\"tenant_id\"]}\n[1]\n", 1,
		 "has 1 values"},
		{"{\"table\":\"tenant\",\"columns\":[]}\n", 0, "has no columns"},
	};
	struct store to;
	struct archive_counts counts;
	char error[ARCHIVE_ERROR_SIZE];

	open_store(&to, false);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *auto_free archive = archive_of(&to, cases[i].body, cases[i].rows);

		assert_int_equal(-EBADMSG, load(&to, archive, &counts, error));
		if (!strstr(error, cases[i].reason))
			fail_msg("case %zu: %s", i, error);
	}
	close_store(&to);
}

static void another_schema_is_refused(void **state)
{
	struct store to;
	struct archive_counts counts;
	char error[ARCHIVE_ERROR_SIZE];
	char *auto_free same = NULL, *auto_free other = NULL;

	open_store(&to, false);
	same = archive_at(level_of(&to), "", 0);
	other = archive_at(level_of(&to) + 1, "", 0);
	assert_int_equal(0, load(&to, same, &counts, error));
	assert_int_equal(-EPERM, load(&to, other, &counts, error));
	assert_non_null(strstr(error, "of schema version"));
	close_store(&to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_comes_back_the_same_and_once),
		cmocka_unit_test(calls_that_came_are_counted),
		cmocka_unit_test(one_tenant_goes_alone),
		cmocka_unit_test(import_goes_on_where_it_was_cut_off),
		cmocka_unit_test(bad_archives_change_nothing),
		cmocka_unit_test(rows_that_do_not_fit_are_told_apart),
		cmocka_unit_test(another_shape_is_refused),
		cmocka_unit_test(another_schema_is_refused),
	};

	/* Two stores at once: those that need no server. */
	unsetenv("TEST_STORE");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
