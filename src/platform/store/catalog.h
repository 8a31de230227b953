/*
 * The tables that a database has, as it says itself, for those who move all of them: so a table
 * that a later migration adds is moved without anybody having to remember it. Left out are
 * schema_migration, and what triggers make of other tables (call_rollup,
 * call_rollup_delta, call_figure).
 */
#pragma once

#include "platform/store/batch.h"

#include <stdbool.h>

struct loop;

enum { CATALOG_MAX_KEY = 8 };

struct catalog_column {
	char *name;
	enum db_type type;
	bool numbered; /* by the database, when a row is inserted without it */
};

struct catalog_table {
	char *name;
	struct catalog_column *columns; /* in the order in which they are selected and inserted */
	size_t column_count;
	size_t key[CATALOG_MAX_KEY]; /* columns that tell one row from all others */
	size_t key_count;
	int tenant;      /* the column with the tenant's id; -1 for none */
	char *first_sql; /* $1 rows, in the order of the key */
	char *next_sql;  /* key after $1.., then how many rows */
	/*
	 * The same for one tenant, whose id comes before the rest; the key is without it then.
	 * NULL for a table of no tenant; next is also NULL when that leaves no key.
	 */
	char *tenant_first_sql;
	char *tenant_next_sql;
	char *insert_sql; /* all columns; changes nothing when the row, or one like it, is there */
	char *find_sql;   /* the row with this key */
	char *renumber_sql; /* after such rows came with numbers: go on behind them; NULL: not
			       needed */
};

/* Tables come after those that they refer to. */
struct catalog {
	struct catalog_table *tables;
	size_t count;
};

/*
 * Blocks. Statements are the catalog's, so it outlives the database. ret_catalog: owned by the
 * caller, mem_unref(). Returns 0, -E2BIG (a table has more columns than a statement takes), -EINVAL
 * (a table has no key) or an errno of the database, with error saying what is wrong.
 */
int catalog_load(struct catalog **ret_catalog, struct loop *loop, struct db *db, char error[256]);

/* NULL when there is none. */
const struct catalog_table *catalog_find(const struct catalog *catalog, const char *name);
