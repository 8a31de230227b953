/* Recordings in DATA_DIR/recordings, CALL_ID.wav.sealed. */
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "loop/work.h"
#include "platform/recording_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
	struct recording_place place;
	struct strand *strand;
	char *path;
};

/* The caller's handle; what runs on the strand outlives it. */
struct handle {
	struct job_of_folder *job;
};

struct job_of_folder {
	struct handle *handle; /* NULL once cancelled */
	char *from, *to;       /* put: rename; read and remove: from */
	char *dir;
	int64_t offset;
	size_t len;
	char *data;
	int64_t total;
	int err;
	recording_put_h *puth;
	recording_read_h *readh;
	recording_remove_h *removeh;
	void *arg;
};

static void handle_destroy(void *data)
{
	struct handle *handle = data;

	if (handle->job)
		handle->job->handle = NULL;
}

static void job_destroy(void *data)
{
	struct job_of_folder *job = data;

	mem_free(job->from);
	mem_free(job->to);
	mem_free(job->dir);
	mem_free(job->data);
}

static struct job_of_folder *job_new(void **ret_op, const char *from, void *arg)
{
	struct job_of_folder *job = mem_new(sizeof(*job), job_destroy);
	struct handle *handle = mem_new(sizeof(*handle), handle_destroy);

	job->handle = handle;
	job->from = mem_strdup(from);
	job->arg = arg;
	handle->job = job;
	*ret_op = handle;
	return job;
}

/* Back on the loop. */
static void done(void *arg)
{
	struct job_of_folder *job = arg;
	const char *reason = job->err ? strerror(-job->err) : "";

	if (job->handle) {
		job->handle->job = NULL;
		if (job->puth)
			job->puth(job->err, reason, job->to, job->arg);
		else if (job->readh)
			job->readh(job->err, job->data, job->len, job->total, job->arg);
		else
			job->removeh(job->err, reason, job->arg);
	}
	mem_unref(job);
}

/* ---- put: the name appears once the file is whole and on the disk ---- */

static int sync_path(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (fsync(fd))
		err = -errno;
	close(fd);
	return err;
}

static void put_on_strand(void *arg)
{
	struct job_of_folder *job = arg;

	job->err = sync_path(job->from, O_RDONLY);
	if (!job->err && rename(job->from, job->to))
		job->err = -errno;
	if (!job->err)
		job->err = sync_path(job->dir, O_RDONLY | O_DIRECTORY);
}

static void folder_put(void **ret_op, struct recording_place *place, const char *tenant_id,
		       const char *call_id, const char *file, recording_put_h *puth, void *arg)
{
	struct folder *folder = (struct folder *)place;
	struct job_of_folder *job = job_new(ret_op, file, arg);

	job->to = mem_printf("%s/%s.wav" RECORDING_SEALED, folder->path, call_id);
	job->dir = mem_strdup(folder->path);
	job->puth = puth;
	strand_post(folder->strand, put_on_strand, done, job);
}

/* ---- read ---- */

static void read_on_strand(void *arg)
{
	struct job_of_folder *job = arg;
	int fd = open(job->from, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat info;
	ssize_t got = -1;

	if (fd < 0) {
		job->err = -errno;
		return;
	}
	job->data = mem_alloc(job->len);
	if (!fstat(fd, &info) && S_ISREG(info.st_mode))
		got = pread(fd, job->data, job->len, job->offset);
	job->err = got < 0 ? -EIO : 0;
	job->len = got < 0 ? 0 : (size_t)got;
	job->total = info.st_size;
	close(fd);
}

static void folder_read(void **ret_op, struct recording_place *place, const char *where,
			int64_t offset, size_t len, recording_read_h *readh, void *arg)
{
	struct folder *folder = (struct folder *)place;
	struct job_of_folder *job = job_new(ret_op, where, arg);

	job->offset = offset;
	job->len = len;
	job->readh = readh;
	strand_post(folder->strand, read_on_strand, done, job);
}

/* ---- remove ---- */

static void remove_on_strand(void *arg)
{
	struct job_of_folder *job = arg;

	if (unlink(job->from) && errno != ENOENT)
		job->err = -errno;
}

static void folder_remove(void **ret_op, struct recording_place *place, const char *where,
			  recording_remove_h *removeh, void *arg)
{
	struct folder *folder = (struct folder *)place;
	struct job_of_folder *job = job_new(ret_op, where, arg);

	job->removeh = removeh;
	strand_post(folder->strand, remove_on_strand, done, job);
}

static const struct recording_place_ops folder_ops = {
	.scheme = "",
	.put = folder_put,
	.read = folder_read,
	.remove = folder_remove,
};

static void folder_destroy(void *data)
{
	mem_free(((struct folder *)data)->path);
}

struct recording_place *recording_folder_new(const struct recording_store_conf *conf)
{
	struct folder *folder = mem_new(sizeof(*folder), folder_destroy);

	folder->place.ops = &folder_ops;
	folder->strand = conf->strand;
	folder->path = mem_printf("%s/recordings", conf->settings->data_dir);
	return &folder->place;
}
