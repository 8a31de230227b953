#include "engine/journal.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/str.h"
#include "loop/work.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FILE = 16 << 20, MAX_PENDING = 20000 };

struct journal {
	struct strand *strand;
	struct log log;
	char *dir;
};

struct task {
	char *path; /* to be removed when text is NULL */
	char *text;
	int err;
	journal_done_h *doneh;
	void *arg;
};

static void task_destroy(void *data)
{
	struct task *task = data;

	mem_free(task->path);
	mem_free(task->text);
}

static int write_all(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

static int replace_file(const char *path, const char *text)
{
	auto_free char *beside = mem_printf("%s.new", path);
	int err, fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	err = write_all(fd, text);
	if (!err && fdatasync(fd) != 0)
		err = -errno;
	if (close(fd) != 0 && !err)
		err = -errno;
	if (!err && rename(beside, path) != 0)
		err = -errno;
	return err;
}

static void task_run(void *arg)
{
	struct task *task = arg;

	if (task->text)
		task->err = replace_file(task->path, task->text);
	else if (unlink(task->path) != 0 && errno != ENOENT)
		task->err = -errno;
}

static void task_done(void *arg)
{
	struct task *task = arg;
	struct log log;

	log_init(&log, "engine", NULL);
	if (task->err)
		LOG_ERROR(&log, "journal_failed", LOG_STR("path", task->path), LOG_ERR(task->err));
	if (task->doneh)
		task->doneh(task->err, task->arg);
	mem_unref(task);
}

static struct task *task_new(const struct journal *journal, const char *folder, const char *name)
{
	struct task *task = mem_new(sizeof(*task), task_destroy);

	task->path = mem_printf("%s/%s/%s.json", journal->dir, folder, name);
	return task;
}

void journal_write(struct journal *journal, const char *folder, const char *name,
		   const json_t *content, journal_done_h *doneh, void *arg)
{
	struct task *task = task_new(journal, folder, name);

	task->text = json_text(content);
	task->doneh = doneh;
	task->arg = arg;
	if (strand_pending(journal->strand) > MAX_PENDING) {
		task_run(task); /* the disk does not keep up: wait for it */
		task_done(task);
		return;
	}
	strand_post(journal->strand, task_run, task_done, task);
}

void journal_remove(struct journal *journal, const char *folder, const char *name)
{
	strand_post(journal->strand, task_run, task_done, task_new(journal, folder, name));
}

static json_t *read_file(const char *path)
{
	json_t *json = NULL;
	struct stat info;
	FILE *file = fopen(path, "re");

	if (!file)
		return NULL;
	if (fstat(fileno(file), &info) == 0 && info.st_size <= MAX_FILE)
		json = json_loadf(file, 0, NULL);
	fclose(file);
	return json;
}

json_t *journal_read(const struct journal *journal, const char *folder, const char *name)
{
	auto_free char *path = mem_printf("%s/%s/%s.json", journal->dir, folder, name);

	return read_file(path);
}

static int is_entry(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && str_has_suffix(entry->d_name, ".json");
}

void journal_each(const struct journal *journal, const char *folder, journal_entry_h *entryh,
		  void *arg)
{
	auto_free char *dir = mem_printf("%s/%s", journal->dir, folder);
	struct dirent **entries = NULL;
	int count = scandir(dir, &entries, is_entry, alphasort);

	for (int i = 0; i < count; i++) {
		auto_free char *path = mem_printf("%s/%s", dir, entries[i]->d_name);
		auto_free char *name = mem_strndup(entries[i]->d_name,
						   strlen(entries[i]->d_name) - strlen(".json"));
		auto_json json_t *content = read_file(path);

		if (content)
			entryh(name, content, arg);
		else
			LOG_WARN(&journal->log, "journal_entry_broken", LOG_STR("path", path));
		free(entries[i]);
	}
	free(entries);
}

static void journal_destroy(void *data)
{
	struct journal *journal = data;

	mem_unref(journal->strand);
	mem_free(journal->dir);
}

int journal_open(struct journal **ret_journal, struct work_pool *pool, const char *dir)
{
	static const char *const folders[] = {"", "/calls", "/deliveries", "/webhooks",
					      "/recordings"};
	struct journal *journal;

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		auto_free char *path = mem_printf("%s%s", dir, folders[i]);

		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			return -errno;
	}
	journal = mem_new(sizeof(*journal), journal_destroy);
	log_init(&journal->log, "engine", NULL);
	journal->dir = mem_strdup(dir);
	journal->strand = strand_new(pool);
	*ret_journal = journal;
	return 0;
}

size_t journal_pending(const struct journal *journal)
{
	return strand_pending(journal->strand);
}
