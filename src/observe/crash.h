/*
 * Crash reports. A process that dies of a fatal signal leaves what is needed to find out where, in
 * a file that was opened while it was well: which release, which signal, the addresses on the
 * stack, and where program and libraries lay in memory. The next process takes the file and ships
 * it (observe/sentry.h). There is no memory content in it, so nothing that was said or stored.
 *
 * A file is locked as long as its process lives, so that processes that share the folder, and pods
 * too, tell the living from the dead.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Write a report into folder (made when needed) if this process dies. server: which of ours this
 * is, version: of which release; both static. One at a time. The signals' other handlers still run,
 * and a core is dumped as before. Owned by the caller: mem_unref() when the process ends as it
 * should. Returns 0 or a negative errno.
 */
struct crash_watch;
int crash_watch_new(struct crash_watch **ret_watch, const char *folder, const char *server,
		    const char *version);

enum { CRASH_MAX_FRAMES = 64, CRASH_MAX_MODULES = 160, CRASH_MAX_FILE = 64 * 1024 };

/* A program or library as it lay in memory. */
struct crash_module {
	uint64_t address, size;
	char build_id[65]; /* hex; "" when it has none */
	char path[256];
};

struct crash_report {
	char server[32];
	char version[32];
	char thread[32];
	int64_t time_us; /* UTC */
	int signum;
	int code;         /* si_code */
	uint64_t address; /* that could not be accessed; 0 when it is not about one */
	uint64_t frames[CRASH_MAX_FRAMES]; /* the newest first */
	size_t frame_count;
	struct crash_module modules[CRASH_MAX_MODULES];
	size_t module_count;
};

/* What a file says. Returns 0, or -EBADMSG when it names no signal. */
int crash_parse(struct crash_report *ret_report, const char *text, size_t len);
/* "SIGSEGV"; "signal 99" for others. */
const char *crash_signal_name(int signum);

/*
 * The oldest report that a dead process left in folder, and that nobody else has taken. Files that
 * are empty or tell nothing are removed on the way, and the oldest of too many. Returns 0, or
 * -ENOENT when there is none. Owned by the caller; dropping it leaves the file to the next one who
 * asks.
 */
struct crash_file;
int crash_take(struct crash_file **ret_file, const char *folder);
const struct crash_report *crash_file_report(const struct crash_file *file);
void crash_file_remove(struct crash_file *file); /* it was shipped */
