#include "carrier/call_expiry.h"

#include "carrier/call_journal.h"
#include "carrier/call_leg_book.h"
#include "carrier/carrier_priv.h"
#include "core/clock.h"
#include "core/folder.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "loop/timer.h"
#include "loop/work.h"

#include <errno.h>

enum { EXPIRY_MS = 600000 };

static const int64_t hour_us = INT64_C(3600) * 1000000;

struct call_expiry {
	struct carrier *carrier;
	struct timer *timer;
};

/* Outlives the carrier. */
struct sweep {
	struct log log;
	char *folder;
	int64_t before_us;
	int result;
};

static void sweep_destroy(void *data)
{
	mem_free(((struct sweep *)data)->folder);
}

int64_t call_expiry_before_us(const struct carrier *carrier)
{
	return clock_wall_us() - carrier->settings->embedded_keep_hours * hour_us;
}

static void sweep(void *arg)
{
	struct sweep *sweep = arg;

	sweep->result = folder_expire(sweep->folder, sweep->before_us);
}

static void on_swept(void *arg)
{
	struct sweep *sweep = arg;

	if (sweep->result < 0)
		LOG_WARN(&sweep->log, "recordings_not_expired", LOG_ERR(sweep->result));
	else if (sweep->result)
		LOG_INFO(&sweep->log, "recordings_expired", LOG_INT("files", sweep->result));
	mem_unref(sweep);
}

static void on_timer(void *arg)
{
	struct call_expiry *expiry = arg;
	struct carrier *carrier = expiry->carrier;
	int64_t before_us = call_expiry_before_us(carrier);
	struct sweep *files = mem_new(sizeof(*files), sweep_destroy);

	timer_start(expiry->timer, EXPIRY_MS);
	if (call_leg_book_expire(carrier->book, before_us))
		call_journal_expire(carrier->journal);
	log_init(&files->log, "carrier", NULL);
	files->folder = mem_printf("%s/carrier/recordings", carrier->settings->data_dir);
	files->before_us = before_us;
	strand_post(carrier->disk, sweep, on_swept, files);
}

static void expiry_destroy(void *data)
{
	mem_unref(((struct call_expiry *)data)->timer);
}

struct call_expiry *call_expiry_new(struct carrier *carrier)
{
	struct call_expiry *expiry = mem_new(sizeof(*expiry), expiry_destroy);

	expiry->carrier = carrier;
	expiry->timer = timer_new(carrier->loop, on_timer, expiry);
	timer_start(expiry->timer, 0);
	return expiry;
}
