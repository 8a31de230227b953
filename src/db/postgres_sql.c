#include "db/postgres_sql.h"

#include "core/buf.h"
#include "core/mem.h"
#include "db/db.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool has_word(const char *sql, const char *word)
{
	return strcasestr(sql, word) != NULL;
}

static bool begins(const char *sql, const char *word)
{
	while (isspace((unsigned char)*sql))
		sql++;
	return !strncasecmp(sql, word, strlen(word));
}

bool pg_sql_reads(const char *sql)
{
	return begins(sql, "SELECT") && !has_word(sql, "FOR UPDATE") && !has_word(sql, "FOR SHARE");
}

/* What stands in a comment for us becomes part of the statement. */
static char *uncomment(const char *sql)
{
	char *text = mem_strdup(sql), *at = text;

	while ((at = strstr(at, "/*pg "))) {
		char *end = strstr(at, "*/");

		if (!end)
			break;
		memset(at, ' ', strlen("/*pg "));
		memset(end, ' ', strlen("*/"));
		at = end;
	}
	return text;
}

/* It adds the rows it lists, or fails. */
static bool adds_what_it_lists(const char *sql)
{
	return begins(sql, "INSERT") && has_word(sql, "VALUES") && !has_word(sql, "ON CONFLICT") &&
	       !has_word(sql, "SELECT");
}

static bool needs_counting(const char *sql, int64_t expect_rows, bool alone)
{
	if (expect_rows == DB_ANY_ROWS || adds_what_it_lists(sql))
		return false;
	return !alone || !pg_sql_reads(sql);
}

void pg_sql_make(struct pg_sql *ret_sql, const char *sql, int64_t expect_rows, bool alone)
{
	char *text = uncomment(sql);
	struct buf wrapped = {0};

	*ret_sql = (struct pg_sql){.text = text};
	if (!needs_counting(text, expect_rows, alone))
		return;
	ret_sql->counted = true;
	ret_sql->returns = begins(text, "SELECT") || has_word(text, "RETURNING");
	buf_printf(&wrapped, "WITH touched_rows AS (%s%s) SELECT %s FROM (SELECT CASE WHEN ", text,
		   ret_sql->returns ? "" : " RETURNING 1",
		   ret_sql->returns ? "touched_rows.*, counted_rows.n" : "counted_rows.n");
	if (alone)
		buf_append_str(&wrapped, "count(*) = 0 OR ");
	buf_printf(&wrapped,
		   "count(*) = %lld THEN count(*) ELSE CAST('" PG_SQL_UNMET " ' || count(*) AS "
		   "BIGINT) END AS n FROM touched_rows) counted_rows",
		   (long long)expect_rows);
	if (ret_sql->returns)
		buf_append_str(&wrapped, " LEFT JOIN touched_rows ON true");
	mem_free(text);
	ret_sql->text = buf_steal(&wrapped);
}
