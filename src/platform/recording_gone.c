#include "platform/recording_gone.h"

#include "core/clock.h"
#include "core/log.h"
#include "core/mem.h"
#include "loop/timer.h"
#include "loop/work.h"
#include "platform/store/recording.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
	INTERVAL_MS = 60000,
	PAGE = 200,
	/* Clocks differ, and what was noted first may be seen last: that much is looked at again.
	 */
	SLACK_S = 600,
};

struct recording_gone {
	struct recording_gone_conf conf;
	char *folder;
	struct timer *timer;
	struct db_request *request;
	struct removal *removal; /* under way */
	int64_t seen_at;         /* everything noted before was looked at */
	int64_t after_at;        /* of this round: the last row */
	char *after_path;
};

/* What runs on the strand, which may outlive its owner. */
struct removal {
	struct recording_gone *gone; /* NULL once it has gone itself */
	char *files[PAGE];
	size_t count;
	bool more; /* rows behind these */
	size_t removed;
	int err; /* of the last that could not be */
};

static const struct log log_gone = {.service = "recording"};

static void ask(struct recording_gone *gone);

static void removal_destroy(void *data)
{
	struct removal *removal = data;

	for (size_t i = 0; i < removal->count; i++)
		mem_free(removal->files[i]);
}

/* Another pod's DATA_DIR may have another name: only the file's own counts. */
static char *file_here(const struct recording_gone *gone, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	return *name && *name != '.' ? mem_printf("%s/%s", gone->folder, name) : NULL;
}

static void remove_files(void *arg)
{
	struct removal *removal = arg;

	for (size_t i = 0; i < removal->count; i++) {
		if (!unlink(removal->files[i]))
			removal->removed++;
		else if (errno != ENOENT)
			removal->err = -errno;
	}
}

static void round_end(struct recording_gone *gone)
{
	gone->after_at = gone->seen_at;
	gone->after_path = mem_free(gone->after_path);
	timer_start(gone->timer, gone->conf.interval_ms);
}

static void on_removed(void *arg)
{
	struct removal *removal = arg;
	struct recording_gone *gone = removal->gone;
	bool more = removal->more;

	if (removal->removed)
		LOG_INFO(&log_gone, "recordings_removed",
			 LOG_INT("count", (int64_t)removal->removed));
	if (removal->err)
		LOG_ERROR(&log_gone, "recordings_not_removed", LOG_ERR(removal->err));
	if (gone)
		gone->removal = NULL;
	mem_unref(removal);
	if (gone && more)
		ask(gone);
	else if (gone)
		round_end(gone);
}

static void on_rows(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct recording_gone *gone = arg;
	struct removal *removal;
	size_t rows = err ? 0 : db_rows(results[0]);

	gone->request = mem_unref(gone->request);
	if (err)
		LOG_WARN(&log_gone, "recordings_gone_not_read", LOG_ERR(err));
	if (!rows) {
		round_end(gone);
		return;
	}
	removal = mem_new(sizeof(*removal), removal_destroy);
	for (size_t row = 0; row < rows; row++) {
		char *file = file_here(gone, db_get_text(results[0], row, 0));

		if (file)
			removal->files[removal->count++] = file;
	}
	gone->after_at = db_get_int(results[0], rows - 1, 1);
	mem_replace_str(&gone->after_path, db_get_text(results[0], rows - 1, 0));
	if (gone->after_at - SLACK_S * INT64_C(1000000) > gone->seen_at)
		gone->seen_at = gone->after_at - SLACK_S * INT64_C(1000000);
	removal->more = rows == PAGE;
	removal->gone = gone;
	gone->removal = removal;
	strand_post(gone->conf.files, remove_files, on_removed, removal);
}

static void ask(struct recording_gone *gone)
{
	struct batch batch auto_batch = {0};

	store_recording_gone_list(&batch, gone->after_at, gone->after_path ? gone->after_path : "",
				  PAGE);
	batch_read(&batch, &gone->request, gone->conf.db, on_rows, gone);
}

static void on_timer(void *arg)
{
	ask(arg);
}

static void gone_destroy(void *data)
{
	struct recording_gone *gone = data;

	if (gone->removal)
		gone->removal->gone = NULL;
	mem_unref(gone->request);
	mem_unref(gone->timer);
	mem_free(gone->folder);
	mem_free(gone->after_path);
}

struct recording_gone *recording_gone_start(const struct recording_gone_conf *conf)
{
	struct recording_gone *gone = mem_new(sizeof(*gone), gone_destroy);

	gone->conf = *conf;
	if (!gone->conf.interval_ms)
		gone->conf.interval_ms = INTERVAL_MS;
	gone->folder = mem_strdup(conf->folder);
	gone->timer = timer_new(conf->loop, on_timer, gone);
	timer_start(gone->timer, 0);
	return gone;
}

void recording_gone_add(struct batch *batch, const struct db *db, const char *path)
{
	if (!db_is_embedded(db))
		store_recording_gone_insert(batch, path, clock_wall_us());
}
