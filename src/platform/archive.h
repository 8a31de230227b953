/*
 * An archive: every row of a store as lines of JSON, to be moved into another store.
 *
 *	{"archive":"voiceai","version":1,"schema":7,"made_at":"2026-..","tenant":null}
 *	{"table":"tenant","columns":["id","name","created_at"]}
 *	["default","default",0]
 *	...
 *	{"end":true,"rows":1,"digest":"..."}
 *
 * A table comes after those that it refers to. Numbers are integers where the column is one; bytes
 * are {"base64":".."}. digest: SHA-256 over the digest before (32 zero bytes at first) and the line
 * with its line break, line after line; it tells a whole file from a cut or changed one. Memory
 *does not grow with the number of rows.
 */
#pragma once

#include "core/digest.h"
#include "core/json.h"
#include "platform/store/catalog.h"

#include <stdio.h>

enum {
	ARCHIVE_VERSION = 1,
	ARCHIVE_ERROR_SIZE = 256,
	/* Two of the largest values there may be, with room for escapes. */
	ARCHIVE_MAX_LINE = 128 * 1024 * 1024,
};

/* The loop runs while something is waited for. */
struct archive_store {
	struct loop *loop;
	struct db *db;
	const struct catalog *catalog; /* of db, which it outlives */
};

/* ---- writing ---- */

struct archive_totals {
	size_t tables;
	size_t rows;
};

/*
 * Write all tables of all tenants, or one tenant's rows (and no table that belongs to none), to
 * out. Rows are read a page at a time while others may write: each row is as it was at some
 * moment. Returns 0 or a negative errno with the reason.
 */
int archive_write(struct archive_totals *ret_totals, const struct archive_store *store,
		  const char *tenant_id, FILE *out, char error[ARCHIVE_ERROR_SIZE]);

/* ---- reading ---- */

struct archive_reader;

/* file: read from where it stands, not closed. Owned by the caller, mem_unref(). */
struct archive_reader *archive_reader_new(FILE *file);

/* The schema level of the store that the archive came from; after the first line was read. */
int64_t archive_schema(const struct archive_reader *reader);
size_t archive_line_number(const struct archive_reader *reader);

enum archive_line { ARCHIVE_LINE_TABLE, ARCHIVE_LINE_ROW, ARCHIVE_LINE_END };

/*
 * The next line; the first one is read along with the second. ret_json, a new reference: of a table
 * the object, of a row the array, of the end NULL; that the digest is right has been checked then.
 * Returns 0, or -EBADMSG with the reason and the line's number.
 */
int archive_next(struct archive_reader *reader, enum archive_line *ret_line, json_t **ret_json,
		 char error[ARCHIVE_ERROR_SIZE]);

/* ---- importing ---- */

struct archive_counts {
	size_t added;
	size_t known;     /* there already, the same */
	size_t different; /* there already, with other values: left as they are */
	size_t orphans;   /* what they refer to is in neither */
	size_t rejected;  /* their key is taken by another row, or a check fails */
};

/* For people: one line about one row that was not taken. */
typedef void archive_complain_h(const char *line, void *arg);

/*
 * Insert every row of the archive that is not there. Running it again, also after a run that was
 * cut off, adds what is missing and changes nothing else. complainh may be NULL. Returns 0, -EPERM
 * (of another schema), -EBADMSG (not an archive, cut or changed; rows before that are in) or an
 * errno of the database, with error saying what is wrong.
 */
int archive_import(struct archive_counts *ret_counts, const struct archive_store *store, FILE *file,
		   archive_complain_h *complainh, void *arg, char error[ARCHIVE_ERROR_SIZE]);
