/*
 * Copies of a database that others may be using. All of a copy is read from one snapshot: a
 * transaction is open on the source from before the first page, and in WAL mode it delays no
 * writer. Files are written beside their place and renamed into it when they are whole and checked.
 */
#include "core/log.h"
#include "core/mem.h"
#include "core/str.h"
#include "db/db_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGES_AT_ONCE = 1024, BUSY_MS = 5000, COPY_BUSY_MS = 20 };

static void handle_close(sqlite3 **handle)
{
	sqlite3_close(*handle);
}
#define auto_handle __attribute__((cleanup(handle_close)))

static int complain(char error[256], int err, const char *path, const char *reason)
{
	snprintf(error, 256, "%s: %s", path, reason);
	return err;
}

static int errno_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EBADMSG;
	case SQLITE_CANTOPEN:
		return -ENOENT;
	default:
		return rc == SQLITE_OK ? 0 : -EIO;
	}
}

static int open_handle(sqlite3 **ret_handle, const char *path, int flags, char error[256])
{
	int rc = sqlite3_open_v2(path, ret_handle, flags | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc != SQLITE_OK)
		return complain(error, errno_of(rc), path, sqlite3_errmsg(*ret_handle));
	sqlite3_busy_timeout(*ret_handle, BUSY_MS);
	sqlite3_db_config(*ret_handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	return 0;
}

static int execute(sqlite3 *handle, const char *path, const char *sql, char error[256])
{
	int rc = sqlite3_exec(handle, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : complain(error, errno_of(rc), path, sqlite3_errmsg(handle));
}

/* The first column of the first row; ret has room for 256. */
static int read_text(sqlite3 *handle, const char *path, const char *sql, char ret[256],
		     char error[256])
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(handle, sql, -1, &stmt, NULL);

	if (rc == SQLITE_OK) {
		rc = sqlite3_step(stmt);
		snprintf(ret, 256, "%s",
			 rc == SQLITE_ROW && sqlite3_column_text(stmt, 0)
				 ? (const char *)sqlite3_column_text(stmt, 0)
				 : "");
		rc = rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
	}
	if (rc != SQLITE_OK)
		complain(error, 0, path, sqlite3_errmsg(handle));
	sqlite3_finalize(stmt);
	return errno_of(rc);
}

/* ---- copying ---- */

struct copy {
	const char *from;
	const char *to; /* made anew */
	db_progress_h *progressh;
	void *arg;
};

static int copy_pages(const struct copy *copy, sqlite3 *from, sqlite3 *to, char error[256])
{
	sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
	int rc = backup ? SQLITE_OK : sqlite3_errcode(to);

	while (backup && (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED)) {
		rc = sqlite3_backup_step(backup, PAGES_AT_ONCE);
		if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
			sqlite3_sleep(COPY_BUSY_MS);
		else if (copy->progressh)
			copy->progressh((size_t)(sqlite3_backup_pagecount(backup) -
						 sqlite3_backup_remaining(backup)),
					(size_t)sqlite3_backup_pagecount(backup), copy->arg);
	}
	sqlite3_backup_finish(backup);
	if (rc == SQLITE_DONE)
		return 0;
	return complain(error, errno_of(rc), copy->to, sqlite3_errstr(rc));
}

/* One file without others beside it, whatever the source's journal was. */
static int check_copy(sqlite3 *handle, const char *path, char error[256])
{
	char text[256];
	int err = execute(handle, path, "PRAGMA journal_mode = DELETE", error);

	if (!err)
		err = read_text(handle, path, "PRAGMA integrity_check(1)", text, error);
	if (!err && !str_equal(text, "ok"))
		err = complain(error, -EBADMSG, path, text);
	return err;
}

static int run_copy(const struct copy *copy, char error[256])
{
	sqlite3 *auto_handle from = NULL;
	sqlite3 *auto_handle to = NULL;
	char text[256];
	int err = open_handle(&from, copy->from, SQLITE_OPEN_READWRITE, error);

	if (!err)
		err = execute(from, copy->from, "PRAGMA query_only = ON; BEGIN", error);
	if (!err)
		err = read_text(from, copy->from, "SELECT count(*) FROM sqlite_master", text,
				error);
	if (!err)
		err = open_handle(&to, copy->to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error);
	if (!err)
		err = copy_pages(copy, from, to, error);
	return err ? err : check_copy(to, copy->to, error);
}

/* ---- files ---- */

static bool is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

static bool is_same_file(const char *a, const char *b)
{
	struct stat one, other;

	return !stat(a, &one) && !stat(b, &other) && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

/* An empty file that only its owner can read, to be filled. */
static int make_draft(const char *path, char error[256])
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return complain(error, -errno, path, strerror(errno));
	close(fd);
	return 0;
}

/* A rename is safe once its folder is. */
static int sync_folder(const char *path)
{
	char *auto_free copy = mem_strdup(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = fd < 0 || fsync(fd) ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return err;
}

static int move_into_place(const char *draft, const char *path, char error[256])
{
	int err = rename(draft, path) ? -errno : sync_folder(path);

	return err ? complain(error, err, path, strerror(-err)) : 0;
}

int sqlite_backup(const char *path, const char *to, db_progress_h *progressh, void *arg,
		  char error[256])
{
	char *auto_free draft = mem_printf("%s.%d.tmp", to, (int)getpid());
	struct copy copy = {path, draft, progressh, arg};
	int err;

	if (!is_there(path))
		return complain(error, -ENOENT, path, "there is no database");
	if (is_same_file(path, to))
		return complain(error, -EINVAL, to, "is the database itself");
	err = make_draft(draft, error);
	if (!err)
		err = run_copy(&copy, error);
	if (!err)
		err = move_into_place(draft, to, error);
	if (err)
		unlink(draft);
	return err;
}

/* ---- restoring ---- */

static int check_level(const char *path, int64_t max_level, int64_t *ret_level, char error[256])
{
	sqlite3 *auto_handle handle = NULL;
	char text[256] = "";
	int err = open_handle(&handle, path, SQLITE_OPEN_READONLY, error);

	if (!err &&
	    read_text(handle, path, "SELECT max(number) FROM schema_migration", text, error))
		err = complain(error, -EBADMSG, path, "is not a database of voiceai");
	if (err)
		return err;
	*ret_level = strtoll(text, NULL, 10);
	if (*ret_level <= max_level)
		return 0;
	snprintf(error, 256, "%s: is at schema version %lld, this program knows %lld", path,
		 (long long)*ret_level, (long long)max_level);
	return -EPERM;
}

/*
 * Leaving WAL mode takes the database for oneself: it is refused while anybody else has it open.
 * ret_handle keeps newcomers waiting until it is closed. A file too damaged to be opened is in
 * nobody's use.
 */
static int take_alone(sqlite3 **ret_handle, const char *path, char error[256])
{
	char mode[256] = "";
	int err = open_handle(ret_handle, path, SQLITE_OPEN_READWRITE, error);

	if (!err) {
		sqlite3_busy_timeout(*ret_handle, 0);
		err = read_text(*ret_handle, path, "PRAGMA journal_mode = DELETE", mode, error);
	}
	if (!err && str_equal(mode, "delete"))
		err = execute(*ret_handle, path, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE",
			      error);
	else if (!err)
		err = -EBUSY;
	if (err == -EBUSY)
		return complain(error, err, path, "is in use: stop the server first");
	return err == -EBADMSG ? 0 : err;
}

/* The log of a database must never meet another database. */
static void move_companion(const char *path, const char *keep, const char *suffix)
{
	char *auto_free from = mem_printf("%s%s", path, suffix);
	char *auto_free to = mem_printf("%s%s", keep, suffix);

	if (is_there(from) && rename(from, to))
		unlink(from);
}

static int swap(const char *draft, const char *path, const char *keep, char error[256])
{
	sqlite3 *auto_handle old = NULL;
	int err;

	if (!is_there(path))
		return move_into_place(draft, path, error);
	err = take_alone(&old, path, error);
	if (err)
		return err;
	if (link(path, keep))
		return complain(error, -errno, keep, strerror(errno));
	move_companion(path, keep, "-wal");
	move_companion(path, keep, "-shm");
	return move_into_place(draft, path, error);
}

int sqlite_restore(const char *path, const struct db_restore_params *params, int64_t *ret_level,
		   char error[256])
{
	char *auto_free draft = mem_printf("%s.%d.tmp", path, (int)getpid());
	struct copy copy = {params->from, draft, params->progressh, params->arg};
	int err;

	if (!is_there(params->from))
		return complain(error, -ENOENT, params->from, "there is no such file");
	if (is_same_file(path, params->from))
		return complain(error, -EINVAL, params->from, "is the database itself");
	err = make_draft(draft, error);
	if (!err)
		err = run_copy(&copy, error);
	if (!err)
		err = check_level(draft, params->max_level, ret_level, error);
	if (!err)
		err = swap(draft, path, params->keep, error);
	if (err)
		unlink(draft);
	return err;
}
