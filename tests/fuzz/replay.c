/*
 * Protects what fuzzing has found: every target takes every input of its corpus, in one ordinary
 * program, so that a target which no longer builds or an old fault is seen without a fuzzer.
 */
#include "core/mem.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* FUZZ_TARGETS(X): X(NAME) for each fuzz_NAME.c, whose entry is called fuzz_NAME here. */
#include "fuzz_targets.h"

#define DECLARE(name) int fuzz_##name(const uint8_t *data, size_t size);
FUZZ_TARGETS(DECLARE)
#undef DECLARE

typedef int (*target_fn)(const uint8_t *data, size_t size);

static void run_file(target_fn target, const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	long size;

	assert_non_null(file);
	assert_int_equal(0, fseek(file, 0, SEEK_END));
	size = ftell(file);
	rewind(file);
	assert_true(size >= 0);
	/* No byte more than there is: a sanitizer sees a read past it. */
	data = malloc((size_t)size);
	assert_int_equal(size, fread(data, 1, (size_t)size, file));
	fclose(file);
	target(data, (size_t)size);
	free(data);
}

static void replay(target_fn target, const char *name)
{
	char folder[512], path[1024];
	struct dirent *entry;
	int inputs = 0;
	DIR *dir;

	snprintf(folder, sizeof(folder), SOURCE_DIR "/tests/fuzz/corpus/%s", name);
	dir = opendir(folder);
	if (!dir)
		fail_msg("no corpus in %s", folder);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		run_file(target, path);
		inputs++;
	}
	closedir(dir);
	assert_true(inputs > 0);
}

#define TEST(name)                                     \
	static void fuzz_##name##_corpus(void **state) \
	{                                              \
		replay(fuzz_##name, #name);            \
	}
FUZZ_TARGETS(TEST)
#undef TEST

int main(void)
{
#define ROW(name) cmocka_unit_test(fuzz_##name##_corpus),
	const struct CMUnitTest tests[] = {FUZZ_TARGETS(ROW)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
