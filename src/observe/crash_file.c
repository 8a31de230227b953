/* Reading what crash.c wrote, and finding the files of processes that are no more. */
#include "observe/crash.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_KEPT = 32 };

struct crash_file {
	char *path;
	int fd; /* holds the lock */
	struct crash_report report;
};

/* ---- what a file says ---- */

static void take_module(struct crash_report *report, const char *text)
{
	struct crash_module *module = &report->modules[report->module_count];
	int path = 0;

	if (report->module_count == CRASH_MAX_MODULES ||
	    sscanf(text, "%" SCNx64 " %" SCNx64 " %64s %n", &module->address, &module->size,
		   module->build_id, &path) != 3 ||
	    !path)
		return;
	if (str_equal(module->build_id, "-"))
		module->build_id[0] = '\0';
	str_copy(module->path, sizeof(module->path), text + path);
	report->module_count++;
}

static void take_line(struct crash_report *report, const char *key, const char *value)
{
	if (str_equal(key, "server"))
		str_copy(report->server, sizeof(report->server), value);
	else if (str_equal(key, "version"))
		str_copy(report->version, sizeof(report->version), value);
	else if (str_equal(key, "thread"))
		str_copy(report->thread, sizeof(report->thread), value);
	else if (str_equal(key, "module"))
		take_module(report, value);
	else if (str_equal(key, "signal"))
		report->signum = (int)strtoul(value, NULL, 10);
	else if (str_equal(key, "code"))
		report->code = (int)(uint32_t)strtoul(value, NULL, 10);
	else if (str_equal(key, "address"))
		report->address = strtoull(value, NULL, 16);
	else if (str_equal(key, "time"))
		report->time_us = strtoll(value, NULL, 10);
	else if (str_equal(key, "frame") && report->frame_count < CRASH_MAX_FRAMES)
		report->frames[report->frame_count++] = strtoull(value, NULL, 16);
}

int crash_parse(struct crash_report *ret_report, const char *text, size_t len)
{
	auto_free char *copy = mem_strndup(text, len);
	char *rest = copy, *line;

	memset(ret_report, 0, sizeof(*ret_report));
	while (rest && (line = strsep(&rest, "\n"))) {
		char *value = strchr(line, ' ');

		/* A line without its end was being written when the process was gone. */
		if (!value || !rest)
			continue;
		*value++ = '\0';
		take_line(ret_report, line, value);
	}
	return ret_report->signum > 0 ? 0 : -EBADMSG;
}

const char *crash_signal_name(int signum)
{
	static const struct {
		int signum;
		const char *name;
	} names[] = {{SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"},   {SIGFPE, "SIGFPE"},
		     {SIGILL, "SIGILL"},   {SIGABRT, "SIGABRT"}, {SIGSYS, "SIGSYS"},
		     {SIGTRAP, "SIGTRAP"}};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].signum == signum)
			return names[i].name;
	return "fatal signal";
}

/* ---- which files there are ---- */

static void file_destroy(void *data)
{
	struct crash_file *file = data;

	if (file->fd >= 0)
		(void)close(file->fd);
	mem_free(file->path);
}

/* Its process lives, or somebody else has it. */
static bool is_taken(int fd)
{
	struct stat stat;

	return flock(fd, LOCK_EX | LOCK_NB) || fstat(fd, &stat) || !stat.st_nlink;
}

/* NULL when it is none of ours to take. */
static struct crash_file *file_open(const char *path, bool *ret_is_void)
{
	struct crash_file *file = mem_new(sizeof(*file), file_destroy);
	auto_free char *text = mem_alloc(CRASH_MAX_FILE);
	ssize_t len;

	file->path = mem_strdup(path);
	file->fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (file->fd < 0 || is_taken(file->fd))
		return mem_unref(file);
	len = read(file->fd, text, CRASH_MAX_FILE);
	*ret_is_void = len <= 0 || crash_parse(&file->report, text, (size_t)len);
	return file;
}

static int is_report(const struct dirent *entry)
{
	return str_has_suffix(entry->d_name, ".crash");
}

static struct crash_file *take(const char *folder, const char *name, bool is_wanted)
{
	auto_free char *path = mem_printf("%s/%s", folder, name);
	bool is_void = false;
	struct crash_file *file = file_open(path, &is_void);

	if (!file)
		return NULL;
	if (!is_void && is_wanted)
		return file;
	(void)unlink(path);
	return mem_unref(file);
}

int crash_take(struct crash_file **ret_file, const char *folder)
{
	struct dirent **entries;
	struct crash_file *file = NULL;
	int count = scandir(folder, &entries, is_report, alphasort);

	for (int i = 0; i < count; i++) {
		if (!file)
			file = take(folder, entries[i]->d_name, count - i <= MAX_KEPT);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	if (!file)
		return -ENOENT;
	*ret_file = file;
	return 0;
}

const struct crash_report *crash_file_report(const struct crash_file *file)
{
	return &file->report;
}

void crash_file_remove(struct crash_file *file)
{
	(void)unlink(file->path);
}
