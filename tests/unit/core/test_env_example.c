/* Protects: .env.example names every setting there is (`make env` writes it). */
#include "unit/check.h"

#include "core/mem.h"
#include "core/setting.h"

#include <stdio.h>
#include <string.h>

static void every_setting_is_in_the_example(void **state)
{
	FILE *file = fopen(SOURCE_DIR "/.env.example", "r");
	auto_free char *text = mem_alloc(65536);

	assert_non_null(file);
	assert_true(fread(text, 1, 65535, file) > 0);
	fclose(file);
	for (size_t i = 0; i < setting_count(); i++) {
		auto_free char *line = mem_printf("\n#%s=%s\n", setting_info(i)->name,
						  setting_info(i)->default_value);

		if (!strstr(text, line))
			fail_msg("%s is missing or has another default: run make env",
				 setting_info(i)->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_setting_is_in_the_example)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
