/*
 * Protects: a bad agent file stops the start with a line that names file, field and reason; a good
 * one is found by name and by number. The shipped agents are good.
 */
#include "core/mem.h"
#include "core/str.h"
#include "platform/agent.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

struct fixture {
	char dir[64];
	char path[128];
	char error[AGENT_ERROR_SIZE];
};

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));

	str_copy(f->dir, sizeof(f->dir), "/tmp/test_agent.XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/desk.json", f->dir);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	unlink(f->path);
	rmdir(f->dir);
	mem_free(f);
	return 0;
}

static int load(struct fixture *f, struct agent_set **ret_set, const char *text)
{
	FILE *out = fopen(f->path, "we");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
	return agent_set_load(ret_set, f->dir, f->error);
}

static void a_good_file_is_read(void **state)
{
	struct fixture *f = *state;
	auto_unref struct agent_set *set = NULL;
	const struct agent *agent;

	assert_int_equal(0, load(f, &set,
				 "{\"name\":\"desk\",\"model\":\"flow/desk\",\"voice\":\"Sarah\","
				 "\"temperature\":0.5,\"max_duration_seconds\":60,"
				 "\"numbers\":[\"+15550100001\"]}"));
	agent = agent_find(set, "desk");
	assert_non_null(agent);
	assert_string_equal("flow/desk", agent->model);
	assert_string_equal("", agent->system_prompt);
	assert_int_equal(60, agent->max_duration_s);
	assert_ptr_equal(agent, agent_of_number(set, "+15550100001"));
	assert_null(agent_of_number(set, "+15550100002"));
	assert_null(agent_find(set, "nobody"));
	assert_string_equal("desk", agent_names(set));
}

static void what_is_not_said_is_unset(void **state)
{
	struct fixture *f = *state;
	auto_unref struct agent_set *set = NULL;

	assert_int_equal(0, load(f, &set, "{\"name\":\"desk\",\"model\":\"m\"}"));
	assert_true(isnan(agent_find(set, "desk")->temperature));
	assert_int_equal(0, agent_find(set, "desk")->max_duration_s);
}

static void a_bad_file_is_named_with_field_and_reason(void **state)
{
	static const char *const table[][2] = {
		{"", "desk.json"},
		{"[]", "must be a JSON object"},
		{"{\"name\":\"desk\"}", "model: is required"},
		{"{\"model\":\"m\"}", "name: is required"},
		{"{\"name\":\"other\",\"model\":\"m\"}", "name: must be the file's name"},
		{"{\"name\":\"../x\",\"model\":\"m\"}", "name: is required: letters"},
		{"{\"name\":\"desk\",\"model\":7}", "model: must be a string"},
		{"{\"name\":\"desk\",\"model\":\"m\",\"temperature\":1.5}",
		 "temperature: must be a number"},
		{"{\"name\":\"desk\",\"model\":\"m\",\"max_duration_seconds\":10.5}",
		 "max_duration_seconds: must be a whole number"},
		{"{\"name\":\"desk\",\"model\":\"m\",\"max_duration_seconds\":9}",
		 "max_duration_seconds: must be a whole number from 10 to 14400"},
		{"{\"name\":\"desk\",\"model\":\"m\",\"language\":\"much too long a language\"}",
		 "language: must have at most 16 bytes"},
		{"{\"name\":\"desk\",\"model\":\"m\",\"numbers\":\"+15550100001\"}",
		 "numbers: must be"},
		{"{\"name\":\"desk\",\"model\":\"m\",\"numbers\":[\"5550100001\"]}",
		 "numbers: must be"},
		{"{\"name\":\"desk\",\"model\":\"m\",\"voicee\":\"x\"}",
		 "voicee: there is no such field"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct agent_set *set = NULL;

		assert_int_not_equal(0, load(f, &set, table[i][0]));
		assert_null(set);
		if (!strstr(f->error, f->path) || !strstr(f->error, table[i][1]))
			fail_msg("%s: said \"%s\"", table[i][0], f->error);
	}
}

static void a_folder_without_agents_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct agent_set *set = NULL;

	assert_int_not_equal(0, agent_set_load(&set, f->dir, f->error));
	assert_non_null(strstr(f->error, "no agent file"));
	assert_int_not_equal(0, agent_set_load(&set, "/nonexistent", f->error));
	assert_non_null(strstr(f->error, "/nonexistent"));
}

static void the_shipped_agents_are_good(void **state)
{
	struct fixture *f = *state;
	auto_unref struct agent_set *set = NULL;

	if (agent_set_load(&set, SOURCE_DIR "/config/agents", f->error))
		fail_msg("%s", f->error);
	assert_string_equal("flow/appointment", agent_find(set, "appointment")->model);
	assert_string_equal("flow/survey", agent_find(set, "survey")->model);
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_good_file_is_read),
		TEST(what_is_not_said_is_unset),
		TEST(a_bad_file_is_named_with_field_and_reason),
		TEST(a_folder_without_agents_is_an_error),
		TEST(the_shipped_agents_are_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
