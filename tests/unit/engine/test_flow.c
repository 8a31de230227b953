/* Protects: a flow file is checked to the last key, and an error names file, line, place and
 * reason. */
#include "unit/check.h"

#include "core/mem.h"
#include "core/str.h"
#include "engine/flow.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A small flow that is right; tests replace a part of it. */
static const char good[] =
	"{\n"
	"  \"name\": \"lunch\",\n"
	"  \"start\": \"ask\",\n"
	"  \"operator\": \"bye\",\n"
	"  \"goodbye\": \"bye\",\n"
	"  \"slots\": {\n"
	"    \"dish\": {\"type\": \"choice\", \"values\": {\"soup\": [\"soup\"], \"fish\": "
	"[\"fish\"]}},\n"
	"    \"count\": {\"type\": \"number\", \"min\": 1, \"max\": 5}\n"
	"  },\n"
	"  \"states\": {\n"
	"    \"ask\": {\n"
	"      \"ask\": \"dish\",\n"
	"      \"say\": \"What would you like?\",\n"
	"      \"hear\": [\"[{count}] {dish}\"],\n"
	"      \"next\": [\n"
	"        {\"if\": {\"count\": {\"min\": 2}}, \"to\": \"done\"},\n"
	"        {\"to\": \"done\"}\n"
	"      ]\n"
	"    },\n"
	"    \"done\": {\"say\": \"{dish}, then.\", \"end\": {\"goal_reached\": true}},\n"
	"    \"bye\": {\"say\": \"Goodbye.\", \"end\": {\"goal_reached\": false}}\n"
	"  }\n"
	"}\n";

static char *replaced(const char *part, const char *by)
{
	const char *found = strstr(good, part);

	assert_non_null(found);
	return mem_printf("%.*s%s%s", (int)(found - good), good, by, found + strlen(part));
}

static void a_small_flow_loads(void **state)
{
	auto_unref struct flow *flow = NULL;
	char error[FLOW_ERROR_SIZE];

	assert_int_equal(0, flow_parse(&flow, "lunch.json", good, strlen(good), error));
	assert_string_equal("", error);
	assert_int_equal(3, flow->states_len);
	assert_int_equal(0, flow_find_state(flow, "ask"));
	assert_int_equal(-1, flow_find_state(flow, "nowhere"));
	assert_int_equal(1, flow_find_slot(flow, "count"));
}

static void errors_name_file_line_place_and_reason(void **state)
{
	static const struct {
		const char *part, *by, *error;
	} cases[] = {
		{"\"name\": \"lunch\",", "\"name\" \"lunch\",", "lunch.json:2: ':' expected near"},
		{"\"name\": \"lunch\",", "\"name\": \"a\", \"name\": \"b\",",
		 "lunch.json:2: duplicate object key"},
		{"\"start\": \"ask\"", "\"start\": \"begin\"",
		 "lunch.json:3: start: there is no state \"begin\""},
		{"\"operator\": \"bye\",", "",
		 "lunch.json:1: wants \"start\", \"operator\" and \"goodbye\""},
		{"\"goodbye\": \"bye\",", "\"goodbye\": \"bye\", \"colour\": 3,",
		 "lunch.json:5: colour: unknown key (known here:"},
		{"\"goodbye\": \"bye\",", "\"goodbye\": \"bye\", \"max_tries\": 0,",
		 "lunch.json:5: max_tries: wants a whole number from 1 to 10"},
		{"\"goodbye\": \"bye\",", "\"goodbye\": \"bye\", \"confirm_below\": 2,",
		 "lunch.json:5: confirm_below: wants a number from 0 to 1"},
		{"\"type\": \"choice\"", "\"type\": \"dish\"",
		 "lunch.json:7: slots.dish.type: wants one of"},
		{"\"min\": 1, \"max\": 5", "\"min\": 5, \"max\": 1",
		 "lunch.json:8: slots.count.max: wants a whole number from 5 to 999"},
		{"[\"fish\"]", "[\"Fish\"]",
		 "lunch.json:7: slots.dish.values.fish[0]: \"Fish\" is no spoken word"},
		{"\"count\": {\"type\": \"number\", \"min\": 1, \"max\": 5}",
		 "\"count\": {\"type\": \"number\"},\n \"more\": {\"type\": \"date\"}",
		 "lunch.json:9: slots.more: nothing fills this slot"},
		{"[{count}] {dish}", "[{count}] {plate}",
		 "lunch.json:14: states.ask.hear[0]: there is no slot {plate}"},
		{"[{count}] {dish}", "({dish}",
		 "lunch.json:14: states.ask.hear[0]: a bracket is not closed by ')'"},
		{"\"What would you like?\"", "\"What, {who}?\"",
		 "lunch.json:13: states.ask.say: there is no slot {who}"},
		{"\"What would you like?\"", "\"At {offer}?\"",
		 "lunch.json:13: states.ask.say: {offer} needs a \"calendar\""},
		{"{\"count\": {\"min\": 2}}", "{\"price\": true}",
		 "lunch.json:16: states.ask.next[0].if.price: there is no slot \"price\""},
		{"{\"count\": {\"min\": 2}}", "{\"dish\": \"cake\"}",
		 "lunch.json:16: states.ask.next[0].if.dish: wants true (filled)"},
		{"{\"count\": {\"min\": 2}}", "{\"calendar\": \"free\"}",
		 "lunch.json:16: states.ask.next[0].if.calendar: the flow has no \"calendar\""},
		{"{\"to\": \"done\"}\n      ]",
		 "{\"if\": {\"dish\": true}, \"to\": \"done\"}\n      ]",
		 "lunch.json:15: states.ask.next: the last rule has an \"if\""},
		{"\"to\": \"done\"}\n      ]", "\"to\": \"dnoe\"}\n      ]",
		 "lunch.json:17: states.ask.next[1].to: there is no state \"dnoe\""},
		{"\"next\": [", "\"say2\": 1, \"next\": [",
		 "lunch.json:15: states.ask.say2: unknown key"},
		{"\"done\": {", "\"island\": {\"next\": \"done\"},\n \"done\": {",
		 "lunch.json:20: states.island: no way leads to this state"},
		{"\"done\": {", "\"loop\": {\"next\": \"loop\"},\n \"done\": {",
		 "lunch.json:20: states.loop: goes round without ever listening"},
		{"\"say\": \"Goodbye.\", ", "", "lunch.json:21: states.bye: has no \"say\""},
		{"\"end\": {\"goal_reached\": true}", "\"end\": {\"goal_reached\": false}",
		 "lunch.json:10: states: no end reaches the goal"},
		{"\"end\": {\"goal_reached\": true}", "\"end\": {\"goal\": true}",
		 "lunch.json:20: states.done.end.goal: unknown key"},
		{"\"end\": {\"goal_reached\": true}", "\"next\": []",
		 "lunch.json:20: states.done.next: wants a state or a list"},
		{"\"done\": {", "\"Done\": {\"say\": 1},\n \"done\": {",
		 "lunch.json:20: states.Done: a name is 1 to 40 of a-z, 0-9 and _"},
		{"      \"ask\": \"dish\",\n", "      \"ask\": \"count\",\n", NULL},
		{"\"hear\": [\"[{count}] {dish}\"],",
		 "\"hear\": [\"{count}\", {\"hear\": \"x\", "
		 "\"set\": {\"dish\": \"soup\"}, \"key\": \"0\"}],",
		 "lunch.json:14: states.ask.hear[1].key: wants one of the telephone keys"},
		{"\"hear\": [\"[{count}] {dish}\"],", "\"hear\": [\"{count}\"],",
		 "lunch.json:12: states.ask.ask: nothing that callers may say here fills this "
		 "slot"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_free char *text = replaced(cases[i].part, cases[i].by);
		auto_unref struct flow *flow = NULL;
		char error[FLOW_ERROR_SIZE];
		const int err = flow_parse(&flow, "lunch.json", text, strlen(text), error);

		if (!cases[i].error) {
			assert_string_equal("", error);
			assert_int_equal(0, err);
			continue;
		}
		assert_int_equal(-EINVAL, err);
		if (!str_has_prefix(error, cases[i].error))
			fail_msg("\"%s\" and not \"%s\"", error, cases[i].error);
	}
}

/* Whatever is cut off the end, there is an error and no crash. */
static void no_beginning_of_a_flow_is_a_flow(void **state)
{
	for (size_t len = 0; len + 3 < strlen(good); len++) {
		auto_unref struct flow *flow = NULL;
		char error[FLOW_ERROR_SIZE];

		assert_int_equal(-EINVAL, flow_parse(&flow, "lunch.json", good, len, error));
		assert_true(str_has_prefix(error, "lunch.json:"));
	}
}

static void a_calendar_is_checked(void **state)
{
	static const struct {
		const char *calendar, *error;
	} cases[] = {
		{"{\"day\": \"dish\"}", "calendar.day: wants the name of a slot of type date"},
		{"{\"day\": \"day\", \"time\": \"time\"}", "calendar.hours: wants an object"},
		{"{\"day\": \"day\", \"time\": \"time\", \"hours\": {\"moonday\": []}}",
		 "calendar.hours.moonday: is no day of the week"},
		{"{\"day\": \"day\", \"time\": \"time\", \"hours\": {\"monday\": [\"9-5\"]}}",
		 "calendar.hours.monday[0]: wants hours such as"},
		{"{\"day\": \"day\", \"time\": \"time\", \"hours\": {\"monday\": "
		 "[\"17:00-09:00\"]}}",
		 "calendar.hours.monday[0]: \"17:00-09:00\" are no hours from earlier to later"},
		{"{\"day\": \"day\", \"time\": \"time\", \"hours\": {\"monday\": "
		 "[\"09:00-17:00\"]}, "
		 "\"taken\": [\"2026-02-30 10:00\"]}",
		 "calendar.taken[0]: wants \"monday 10:00\""},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_free char *by = mem_strdup(
			"\"slots\": {\"day\": {\"type\": \"date\"}, \"time\": {\"type\": "
			"\"time\"},");
		auto_free char *text = replaced("\"slots\": {", by);
		auto_free char *with =
			mem_printf("{\"calendar\": %s,%s", cases[i].calendar, text + 1);
		auto_free char *expected = mem_printf("x:1: %s", cases[i].error);
		auto_unref struct flow *flow = NULL;
		char error[FLOW_ERROR_SIZE];

		assert_int_equal(-EINVAL, flow_parse(&flow, "x", with, strlen(with), error));
		if (!str_has_prefix(error, expected))
			fail_msg("\"%s\" and not \"%s\"", error, expected);
	}
}

static void files_that_are_not_there_or_too_large_are_refused(void **state)
{
	auto_unref struct flow *flow = NULL;
	char error[FLOW_ERROR_SIZE];

	assert_int_equal(-ENOENT, flow_load(&flow, "/nowhere/lunch.json", error));
	assert_non_null(strstr(error, "cannot be read"));
	assert_int_equal(-EFBIG, flow_load(&flow, "/dev/zero", error));
}

static char *documented_example(void)
{
	auto_free char *text = mem_alloc(100000);
	FILE *file = fopen(SOURCE_DIR "/docs/flows.md", "re");
	const char *begin;

	assert_non_null(file);
	assert_true(fread(text, 1, 99999, file) > 1000);
	fclose(file);
	begin = strstr(text, "```json\n");
	assert_non_null(begin);
	begin += strlen("```json\n");
	assert_non_null(strstr(begin, "\n```"));
	return mem_strndup(begin, (size_t)(strstr(begin, "\n```") - begin));
}

static void the_documented_example_is_a_flow(void **state)
{
	auto_free char *text = documented_example();
	auto_unref struct flow *flow = NULL;
	char error[FLOW_ERROR_SIZE];

	flow_parse(&flow, "docs/flows.md", text, strlen(text), error);
	assert_string_equal("", error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_small_flow_loads),
		cmocka_unit_test(errors_name_file_line_place_and_reason),
		cmocka_unit_test(no_beginning_of_a_flow_is_a_flow),
		cmocka_unit_test(a_calendar_is_checked),
		cmocka_unit_test(the_documented_example_is_a_flow),
		cmocka_unit_test(files_that_are_not_there_or_too_large_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
