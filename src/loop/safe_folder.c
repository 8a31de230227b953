#include "loop/safe_folder.h"

#include "core/list.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/safe_file.h"
#include "core/str.h"
#include "loop/work.h"

#include <dirent.h>
#include <errno.h>

/* A task each, so that what is written meanwhile need not wait for all of them. */
struct leftover {
	struct safe *safe;
	char *path;
	int err;
};

static void leftover_destroy(void *data)
{
	struct leftover *leftover = data;

	mem_unref(leftover->safe);
	mem_free(leftover->path);
}

static void seal(void *arg)
{
	struct leftover *leftover = arg;

	leftover->err = safe_file_seal(leftover->safe, leftover->path);
}

static void on_sealed(void *arg)
{
	struct leftover *leftover = arg;
	struct log log;

	log_init(&log, "files", NULL);
	if (leftover->err && leftover->err != -ENOENT)
		LOG_WARN(&log, "file_not_sealed", LOG_STR("path", leftover->path),
			 LOG_ERR(leftover->err));
	mem_unref(leftover);
}

void safe_folder_seal(struct strand *strand, struct safe *safe, const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		struct leftover *leftover;

		if (!str_has_suffix(entry->d_name, ".wav"))
			continue;
		leftover = mem_new(sizeof(*leftover), leftover_destroy);
		leftover->safe = mem_ref(safe);
		leftover->path = mem_printf("%s/%s", folder, entry->d_name);
		strand_post(strand, seal, on_sealed, leftover);
	}
	if (dir)
		closedir(dir);
}
