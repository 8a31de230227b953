#include "engine/journal.h"

#include "core/buf.h"
#include "core/folder.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/safe.h"
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
	struct safe *safe;
	struct log log;
	char *dir;
};

struct task {
	char *path; /* to be removed when text is NULL */
	char *text;
	int64_t before_us; /* not 0: path is a folder, what is older goes */
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

	if (task->before_us)
		task->err = folder_expire(task->path, task->before_us) < 0 ? -EIO : 0;
	else if (task->text)
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

static char *sealed_text(const struct journal *journal, const json_t *content)
{
	auto_free char *text = json_text(content);
	struct buf sealed = {0};

	safe_seal(journal->safe, text, strlen(text), &sealed);
	return buf_steal(&sealed);
}

void journal_write(struct journal *journal, const char *folder, const char *name,
		   const json_t *content, journal_done_h *doneh, void *arg)
{
	struct task *task = task_new(journal, folder, name);

	task->text = sealed_text(journal, content);
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

void journal_expire(struct journal *journal, const char *folder, int64_t before_us)
{
	struct task *task = mem_new(sizeof(*task), task_destroy);

	task->path = mem_printf("%s/%s", journal->dir, folder);
	task->before_us = before_us;
	strand_post(journal->strand, task_run, task_done, task);
}

static int read_whole(struct buf *out, const char *path)
{
	char block[16384];
	FILE *file = fopen(path, "re");
	size_t got;
	int err = file ? 0 : -errno;

	while (!err && (got = fread(block, 1, sizeof(block), file)) > 0) {
		buf_append(out, block, got);
		if (out->len > MAX_FILE)
			err = -E2BIG;
	}
	if (file && !err && ferror(file))
		err = -EIO;
	if (file)
		fclose(file);
	return err;
}

/* stored: the text as it lies there. */
static int read_file(const struct journal *journal, const char *path, struct buf *stored,
		     json_t **ret_json)
{
	struct buf auto_buf plain = {0};
	char error[JSON_ERROR_SIZE];
	int err = read_whole(stored, path);

	if (!err)
		err = safe_unseal(journal->safe, buf_str(stored), stored->len, &plain);
	return err ? err : json_parse(ret_json, buf_str(&plain), plain.len, error);
}

json_t *journal_read(const struct journal *journal, const char *folder, const char *name)
{
	auto_free char *path = mem_printf("%s/%s/%s.json", journal->dir, folder, name);
	struct buf auto_buf stored = {0};
	json_t *json = NULL;

	return read_file(journal, path, &stored, &json) ? NULL : json;
}

static int is_entry(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && str_has_suffix(entry->d_name, ".json");
}

static void renew(const struct journal *journal, const char *path, const struct buf *stored,
		  const json_t *content)
{
	auto_free char *text = NULL;
	int err;

	if (safe_is_current(journal->safe, buf_str(stored), stored->len))
		return;
	text = sealed_text(journal, content);
	err = replace_file(path, text);
	if (err)
		LOG_ERROR(&journal->log, "journal_failed", LOG_STR("path", path), LOG_ERR(err));
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
		struct buf auto_buf stored = {0};
		auto_json json_t *content = NULL;
		int err = read_file(journal, path, &stored, &content);

		if (!err)
			renew(journal, path, &stored, content);
		if (!err)
			entryh(name, content, arg);
		else
			LOG_WARN(&journal->log, "journal_entry_broken", LOG_STR("path", path),
				 LOG_ERR(err));
		free(entries[i]);
	}
	free(entries);
}

static void journal_destroy(void *data)
{
	struct journal *journal = data;

	mem_unref(journal->strand);
	mem_unref(journal->safe);
	mem_free(journal->dir);
}

int journal_open(struct journal **ret_journal, struct work_pool *pool, struct safe *safe,
		 const char *dir)
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
	journal->safe = mem_ref(safe);
	*ret_journal = journal;
	return 0;
}

size_t journal_pending(const struct journal *journal)
{
	return strand_pending(journal->strand);
}
