/*
 * Protects: what a process that dies leaves behind. Children of the test die for real, of faults,
 * of abort(), with their stack used up and on another thread; what is left names the signal and
 * leads to the function. Those who live or end well leave nothing, and a file is taken once.
 */
#include "unit/check.h"

#include "core/mem.h"
#include "observe/crash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];

static int setup(void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/voiceai-crash-XXXXXX");
	assert_non_null(mkdtemp(folder));
	return 0;
}

static int count_files(void)
{
	DIR *dir = opendir(folder);
	int count = 0;

	for (struct dirent *entry; (entry = readdir(dir));)
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

static int teardown(void **state)
{
	struct crash_file *file;

	while (!crash_take(&file, folder)) {
		crash_file_remove(file);
		mem_unref(file);
	}
	assert_int_equal(0, count_files());
	return rmdir(folder);
}

/* Returns the signal that ended a child that did this. */
static int die(void (*how)(void))
{
	const struct rlimit none = {0, 0};
	int status;
	pid_t child = fork();

	if (!child) {
		struct crash_watch *watch;

		/* cmocka would take it for a failure of its own. */
		for (int signum = 1; signum < SIGRTMIN; signum++)
			(void)signal(signum, SIG_DFL);
		(void)setrlimit(RLIMIT_CORE, &none);
		if (crash_watch_new(&watch, folder, "engine", "1.2"))
			_exit(99);
		how();
		mem_unref(watch);
		_exit(0);
	}
	assert_int_equal(child, waitpid(child, &status, 0));
	return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status) ? -1 : 0;
}

static struct crash_report taken(void)
{
	struct crash_file *file = NULL;
	struct crash_report report;

	assert_int_equal(0, crash_take(&file, folder));
	report = *crash_file_report(file);
	crash_file_remove(file);
	mem_unref(file);
	assert_int_equal(0, count_files());
	return report;
}

static volatile int *volatile nowhere = (int *)0x10;

static __attribute__((noinline)) void touch_nowhere(void)
{
	*nowhere = 1;
}

static void a_fault_names_address_and_function(void **state)
{
	const uint64_t function = (uint64_t)(uintptr_t)touch_nowhere;
	struct crash_report report;
	bool found = false;

	assert_int_equal(SIGSEGV, die(touch_nowhere));
	report = taken();
	assert_int_equal(SIGSEGV, report.signum);
	assert_int_equal(0x10, report.address);
	assert_string_equal("engine", report.server);
	assert_string_equal("1.2", report.version);
	assert_true(report.time_us > 1700000000000000);
	for (size_t i = 0; i < report.frame_count; i++)
		found = found || report.frames[i] - function < 256;
	assert_true(found);
	/* And it lies in this program, which has a build id. */
	assert_true(report.module_count > 1);
	assert_true(function - report.modules[0].address < report.modules[0].size);
	assert_non_null(strstr(report.modules[0].path, "test_crash"));
	assert_int_equal(40, strlen(report.modules[0].build_id));
}

static void abort_is_told_and_still_aborts(void **state)
{
	struct crash_report report;

	assert_int_equal(SIGABRT, die(abort));
	report = taken();
	assert_int_equal(SIGABRT, report.signum);
	assert_int_equal(0, report.address);
	assert_true(report.frame_count > 2);
}

static void raise_ill(void)
{
	(void)raise(SIGILL);
}

static void a_signal_that_was_sent_ends_the_process_too(void **state)
{
	assert_int_equal(SIGILL, die(raise_ill));
	assert_int_equal(SIGILL, taken().signum);
}

static volatile char sink;

static __attribute__((noinline)) int deeper(volatile char *before)
{
	volatile char room[4096];

	room[0] = *before;
	sink = room[0];
	return room[0] == 2 ? 0 : deeper(room) + room[0];
}

static void use_up_the_stack(void)
{
	volatile char start = 1;
	struct rlimit limit = {256 * 1024, 256 * 1024};

	(void)setrlimit(RLIMIT_STACK, &limit);
	sink = (char)deeper(&start);
}

static void a_stack_that_is_used_up_is_told(void **state)
{
	assert_int_equal(SIGSEGV, die(use_up_the_stack));
	assert_int_equal(SIGSEGV, taken().signum);
}

static void *on_thread(void *arg)
{
	(void)pthread_setname_np(pthread_self(), "recogniser");
	touch_nowhere();
	return NULL;
}

static void die_on_a_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, on_thread, NULL);
	pthread_join(thread, NULL);
}

static void a_thread_is_named(void **state)
{
	assert_int_equal(SIGSEGV, die(die_on_a_thread));
	assert_string_equal("recogniser", taken().thread);
}

static void end_well(void)
{
}

static void who_ends_well_leaves_nothing(void **state)
{
	assert_int_equal(0, die(end_well));
	assert_int_equal(0, count_files());
}

static void die_at_once(void)
{
	(void)kill(getpid(), SIGKILL);
}

static void who_lives_is_left_alone_and_who_was_killed_is_swept(void **state)
{
	struct crash_watch *watch;
	struct crash_file *file;

	assert_int_equal(SIGKILL, die(die_at_once));
	assert_int_equal(0, crash_watch_new(&watch, folder, "platform", "1.2"));
	assert_int_equal(2, count_files());
	assert_int_equal(-ENOENT, crash_take(&file, folder));
	assert_int_equal(1, count_files());
	mem_unref(watch);
}

static void write_file(const char *name, const char *text)
{
	auto_free char *path = mem_printf("%s/%s", folder, name);
	FILE *file = fopen(path, "w");

	fputs(text, file);
	fclose(file);
}

static void a_report_is_taken_by_one_and_left_when_it_was_not_shipped(void **state)
{
	struct crash_file *first, *second;

	write_file("1-engine-1.crash", "server engine\nsignal 11\n");
	write_file("2-engine-2.crash", "server engine\nsignal 6\nframe 12");
	assert_int_equal(0, crash_take(&first, folder));
	assert_int_equal(11, crash_file_report(first)->signum);
	assert_int_equal(0, crash_take(&second, folder));
	assert_int_equal(6, crash_file_report(second)->signum);
	/* Its last line was cut off. */
	assert_int_equal(0, crash_file_report(second)->frame_count);
	mem_unref(first);
	mem_unref(second);
	assert_int_equal(0, crash_take(&first, folder));
	assert_int_equal(11, crash_file_report(first)->signum);
	mem_unref(first);
}

static void what_tells_nothing_and_the_oldest_of_too_many_go(void **state)
{
	struct crash_file *file;
	char name[32];

	write_file("0.crash", "signal none\nsignal -1\nnonsense");
	for (int i = 10; i < 50; i++) {
		snprintf(name, sizeof(name), "%d.crash", i);
		write_file(name, "signal 11\n");
	}
	assert_int_equal(0, crash_take(&file, folder));
	mem_unref(file);
	assert_int_equal(32, count_files());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_fault_names_address_and_function, setup,
						teardown),
		cmocka_unit_test_setup_teardown(abort_is_told_and_still_aborts, setup, teardown),
		cmocka_unit_test_setup_teardown(a_signal_that_was_sent_ends_the_process_too, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_stack_that_is_used_up_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(a_thread_is_named, setup, teardown),
		cmocka_unit_test_setup_teardown(who_ends_well_leaves_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(who_lives_is_left_alone_and_who_was_killed_is_swept,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_report_is_taken_by_one_and_left_when_it_was_not_shipped, setup, teardown),
		cmocka_unit_test_setup_teardown(what_tells_nothing_and_the_oldest_of_too_many_go,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
