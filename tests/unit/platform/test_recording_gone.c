/*
 * Protects files that were to be removed by a pod that does not have them: whoever has one removes
 * it, however many there are and wherever the other pod thought it lay; no other file is touched.
 */
#include "loop/work.h"
#include "platform/recording_gone.h"
#include "platform/store/recording.h"
#include "unit/platform/fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { MANY = 450 };

struct fixture {
	struct base base;
	struct work_pool *pool;
	struct strand *files;
	struct recording_gone *gone;
	char folder[64];
};

static const char *path_of(const struct fixture *f, const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", f->folder, name);
	return path;
}

static bool is_there(const struct fixture *f, const char *name)
{
	return access(path_of(f, name), F_OK) == 0;
}

static void make(const struct fixture *f, const char *name)
{
	int fd = open(path_of(f, name), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static void note(struct fixture *f, const char *path, int64_t at)
{
	struct batch batch auto_batch = {0};

	store_recording_gone_insert(&batch, path, at);
	batch_run(&batch, NULL, f->base.db, NULL, NULL);
}

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));

	base_open(&f->base, loop_new());
	f->pool = work_pool_new(f->base.loop, 1);
	f->files = strand_new(f->pool);
	strcpy(f->folder, "/tmp/voiceai-test-gone-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	*state = f;
	return 0;
}

static void start(struct fixture *f)
{
	f->gone = recording_gone_start(&(struct recording_gone_conf){.loop = f->base.loop,
								     .db = f->base.db,
								     .files = f->files,
								     .folder = f->folder,
								     .interval_ms = 20});
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	auto_free char *command = mem_printf("rm -r %s", f->folder);

	mem_unref(f->gone);
	base_settle(&f->base);
	mem_unref(f->files);
	mem_unref(f->pool);
	base_close(&f->base);
	assert_int_equal(0, system(command));
	mem_free(f);
	return 0;
}

static void wait_gone(struct fixture *f, const char *name)
{
	int64_t until = clock_mono_us() + 10 * 1000000;

	while (is_there(f, name) && clock_mono_us() < until)
		loop_run_once(f->base.loop, 20);
	assert_false(is_there(f, name));
}

static void what_is_here_goes_and_nothing_else(void **state)
{
	struct fixture *f = *state;

	make(f, "mine.wav");
	make(f, "kept.wav");
	note(f, "/srv/another/pod/recordings/mine.wav", 5);
	note(f, "/srv/another/pod/recordings/theirs.wav", 6);
	note(f, "/srv/another/pod/recordings/..", 7);
	note(f, "", 8);
	base_settle(&f->base);
	start(f);
	wait_gone(f, "mine.wav");
	assert_true(is_there(f, "kept.wav"));
}

static void many_are_gone_through_page_by_page(void **state)
{
	struct fixture *f = *state;
	char name[64];

	for (int i = 0; i < MANY; i++) {
		auto_free char *path = mem_printf("/srv/%03d.wav", i);

		note(f, path, 5 + i / 7); /* some at the same time */
	}
	make(f, "000.wav");
	make(f, "199.wav");
	make(f, "200.wav");
	snprintf(name, sizeof(name), "%03d.wav", MANY - 1);
	make(f, name);
	base_settle(&f->base);
	start(f);
	wait_gone(f, name);
	assert_false(is_there(f, "000.wav"));
	assert_false(is_there(f, "199.wav"));
	assert_false(is_there(f, "200.wav"));
}

static void what_is_noted_later_goes_later(void **state)
{
	struct fixture *f = *state;

	make(f, "first.wav");
	make(f, "second.wav");
	note(f, "/srv/first.wav", clock_wall_us());
	base_settle(&f->base);
	start(f);
	wait_gone(f, "first.wav");
	note(f, "/srv/second.wav", clock_wall_us() - 1000000); /* another pod's clock */
	wait_gone(f, "second.wav");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_here_goes_and_nothing_else, setup,
						teardown),
		cmocka_unit_test_setup_teardown(many_are_gone_through_page_by_page, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_is_noted_later_goes_later, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
