#include "core/safe_file.h"

#include "core/mem.h"
#include "core/safe_priv.h"
#include "core/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct safe_file {
	int fd;
	bool is_sealed;
	struct seal_file seal;
	int64_t size;
};

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ---- sealing ---- */

/* So that it is not taken for younger than it is. */
static int copy_time(const char *from, const char *to)
{
	struct stat info;
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};

	if (stat(from, &info))
		return -errno;
	times[1] = info.st_mtim;
	return utimensat(AT_FDCWD, to, times, 0) ? -errno : 0;
}

int safe_file_seal(const struct safe *safe, const char *path)
{
	auto_free char *sealed = mem_printf("%s" SAFE_FILE_SUFFIX, path);
	auto_free char *part = mem_printf("%s.part", sealed);
	struct seal_file seal;
	int err;

	if (!safe)
		return 0;
	safe_file_key_new(safe, &seal, name_of(path));
	err = seal_file_write(&seal, path, part);
	seal_file_wipe(&seal);
	if (err)
		return err;
	err = copy_time(path, part);
	if (!err && rename(part, sealed))
		err = -errno;
	if (err)
		(void)unlink(part);
	if (!err && unlink(path)) {
		err = -errno;
		if (err == -ENOENT) /* it was removed meanwhile */
			(void)unlink(sealed);
	}
	return err;
}

void safe_file_remove(const char *path)
{
	auto_free char *sealed = mem_printf("%s" SAFE_FILE_SUFFIX, path);

	(void)unlink(path);
	(void)unlink(sealed);
}

/* ---- reading ---- */

static void file_destroy(void *data)
{
	struct safe_file *file = data;

	seal_file_wipe(&file->seal);
	close(file->fd);
}

static int take_header(struct safe_file *file, const struct safe *safe, const char *name)
{
	uint8_t header[SEAL_FILE_HEADER];
	ssize_t got = pread(file->fd, header, sizeof(header), 0);

	if (got < 0)
		return -errno;
	if (got != sizeof(header) || seal_file_parse(&file->seal, header))
		return -EBADMSG;
	file->size = seal_file_plain_size(file->size);
	if (file->size < 0)
		return -EBADMSG;
	return safe_file_key_find(safe, &file->seal, name);
}

static int open_one(struct safe_file **ret_file, const struct safe *safe, const char *path,
		    const char *suffix)
{
	auto_free char *full = mem_printf("%s%s", path, suffix);
	int fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err = 0;
	struct safe_file *file;
	struct stat info;

	if (fd < 0)
		return -errno;
	file = mem_new(sizeof(*file), file_destroy);
	file->fd = fd;
	file->is_sealed = *suffix;
	if (fstat(fd, &info) || !S_ISREG(info.st_mode))
		err = -EISDIR;
	file->size = info.st_size;
	if (!err && file->is_sealed)
		err = take_header(file, safe, name_of(path));
	if (err)
		mem_unref(file);
	else
		*ret_file = file;
	return err;
}

/* It may be sealed between the first look and the second. */
int safe_file_open(struct safe_file **ret_file, const struct safe *safe, const char *path)
{
	static const char *const suffixes[] = {SAFE_FILE_SUFFIX, "", SAFE_FILE_SUFFIX};
	int err = -ENOENT;

	for (size_t i = 0; i < ARRAY_LEN(suffixes) && err == -ENOENT; i++)
		err = open_one(ret_file, safe, path, suffixes[i]);
	return err;
}

int64_t safe_file_size(const struct safe_file *file)
{
	return file->size;
}

static ssize_t read_sealed(const struct safe_file *file, int64_t offset, void *out, size_t len)
{
	struct seal_file_range range = seal_file_range(file->size, offset, len);
	auto_free uint8_t *sealed = mem_alloc(range.len + 1), *plain = mem_alloc(range.len + 1);
	ssize_t got = pread(file->fd, sealed, range.len, range.offset);

	if (got < 0)
		return -errno;
	if ((size_t)got != range.len || seal_file_open(&file->seal, &range, sealed, plain))
		return -EBADMSG;
	memcpy(out, plain + range.skip, range.want);
	return (ssize_t)range.want;
}

ssize_t safe_file_read(struct safe_file *file, int64_t offset, void *out, size_t len)
{
	ssize_t got;

	if (file->is_sealed)
		return read_sealed(file, offset, out, len);
	got = pread(file->fd, out, len, offset);
	return got < 0 ? -errno : got;
}
