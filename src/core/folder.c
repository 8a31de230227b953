#include "core/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_expired(int dir_fd, const char *name, int64_t before_us)
{
	struct stat info;

	return !fstatat(dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) && S_ISREG(info.st_mode) &&
	       info.st_mtim.tv_sec * INT64_C(1000000) + info.st_mtim.tv_nsec / 1000 < before_us;
}

int folder_expire(const char *path, int64_t before_us)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	int count = 0;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		if (is_expired(dirfd(dir), entry->d_name, before_us) &&
		    !unlinkat(dirfd(dir), entry->d_name, 0))
			count++;
	closedir(dir);
	return count;
}
