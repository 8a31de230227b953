/*
 * Protects import and export: what a record must be and how a bad one is named, that storing is
 * idempotent and never overwrites, that what goes out comes back the same, and that a file is read
 * element by element with its faults located.
 */
#include "unit/platform/fixture.h"

#include "core/str.h"
#include "platform/record.h"
#include "platform/record_file.h"
#include "platform/store/call.h"
#include "platform/store/summary.h"
#include "platform/store/turn.h"
#include "platform/summary.h"
#include "platform/transcript.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static const char good[] =
	"{'call_id':'c-1','status':'COMPLETED','direction':'OUTBOUND','phone_number':'+15551234567'"
	","
	"'from_number':'+15550100000','ultravox_call_id':'uv','twilio_call_sid':'CA1',"
	"'system_prompt':'Be kind.','created_at':'2026-02-01T10:30:00','started_at':"
	"'2026-02-01T10:30:05Z','ended_at':'2026-02-01T12:31:05.5+01:00','duration_seconds':3660,"
	"'transcript':[{'timestamp':'2026-02-01T10:30:06Z','speaker':'agent','text':'Hello',"
	"'confidence':1},{'timestamp':null,'speaker':'user','text':'Hi','confidence':0.75}],"
	"'summary':{'summary':'They met.','key_points':['a','b'],'sentiment':'positive',"
	"'action_items':[]},'unknown':1}";

static json_t *parse(const char *text)
{
	char *auto_free copy = mem_strdup(text);
	char error[JSON_ERROR_SIZE];
	json_t *json = NULL;

	for (char *c = copy; *c; c++)
		if (*c == '\'')
			*c = '"';
	if (json_parse(&json, copy, strlen(copy), error))
		fail_msg("%s", error);
	return json;
}

static void good_record_is_taken(void **state)
{
	struct record record auto_record = {0};
	json_t *auto_json json = parse(good);
	char error[RECORD_ERROR_SIZE] = "";

	assert_int_equal(0, record_parse(&record, "default", json, error));
	assert_string_equal("c-1", record.call->id);
	assert_int_equal(CALL_COMPLETED, record.call->status);
	assert_int_equal(CALL_OUTBOUND, record.call->direction);
	assert_int_equal(3660, record.call->duration_s);
	assert_true(record.call->created_at == 1769941800000000);
	assert_true(record.call->ended_at == 1769945465500000);
	assert_int_equal(2, json_array_size(record.transcript));
	assert_non_null(record.call->end_reason);
}

static void call_that_was_not_over_is_lost(void **state)
{
	struct record record auto_record = {0};
	json_t *auto_json json =
		parse("{'call_id':'x','status':'in_progress','direction':'inbound',"
		      "'phone_number':'anonymous','created_at':'2026-01-01'}");
	char error[RECORD_ERROR_SIZE] = "";

	json_object_set_new(json, "created_at", json_string("2026-01-01T00:00:00Z"));
	assert_int_equal(0, record_parse(&record, "default", json, error));
	assert_int_equal(CALL_FAILED, record.call->status);
	assert_string_equal(CALL_END_LOST, record.call->end_reason);
	assert_true(record.call->ended_at > 0);
}

static void bad_records_are_named(void **state)
{
	static const struct {
		const char *member; /* replaced in the good record; NULL: the record itself */
		const char *value;
		const char *error; /* begins so */
	} cases[] = {
		{NULL, "[]", "record: "},
		{"call_id", "null", "call_id: is missing"},
		{"call_id", "''", "call_id: is empty"},
		{"call_id", "7", "call_id: is not a string"},
		{"call_id", "'a/b'", "call_id: may only"},
		{"call_id", "'0123456789012345678901234567890123456'", "call_id: is longer"},
		{"status", "'DONE'", "status: \"DONE\""},
		{"direction", "'UP'", "direction: \"UP\""},
		{"phone_number", "null", "phone_number: is missing"},
		{"from_number", "[]", "from_number: is not a string"},
		{"created_at", "null", "created_at: is missing"},
		{"created_at", "'soon'", "created_at: is not an ISO"},
		{"started_at", "17", "started_at: is not a string"},
		{"ended_at", "'2026-02-01T10:00:00Z'", "ended_at: is before"},
		{"duration_seconds", "-1", "duration_seconds: is not within"},
		{"duration_seconds", "'1'", "duration_seconds: is not a number"},
		{"metadata", "[]", "metadata: is not an object"},
		{"temperature", "3", "temperature: is not within"},
		{"transcript", "{}", "transcript: is not an array"},
		{"transcript", "[1]", "transcript[0].is not an object"},
		{"transcript", "[{'speaker':'agent','text':'x'},{'speaker':'bot'}]",
		 "transcript[1].speaker: "},
		{"transcript", "[{'speaker':'agent','text':1}]", "transcript[0].text: "},
		{"transcript", "[{'speaker':'user','confidence':2}]", "transcript[0].confidence: "},
		{"transcript", "[{'speaker':'user','timestamp':'x'}]", "transcript[0].timestamp: "},
		{"transcript", "[{'speaker':'user','ordinal':-1}]", "transcript[0].ordinal: "},
		{"summary", "'good'", "summary: is not an object"},
		{"summary", "{'sentiment':'ecstatic'}", "summary.sentiment: "},
		{"summary", "{'key_points':'a'}", "summary.key_points: "},
		{"summary", "{'key_points':[1]}", "summary.key_points[0]: "},
		{"summary", "{'summary':{}}", "summary.summary: "},
		{"summary", "{'status':'x'}", "summary.status: "},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_t *auto_json json = parse(cases[i].member ? good : cases[i].value);
		struct record record auto_record = {0};
		char error[RECORD_ERROR_SIZE] = "";

		if (cases[i].member) {
			char *auto_free wrapped = mem_printf("[%s]", cases[i].value);
			json_t *auto_json value = parse(wrapped);

			json_object_set(json, cases[i].member, json_array_get(value, 0));
		}
		assert_int_equal(-EINVAL, record_parse(&record, "default", json, error));
		if (!str_has_prefix(error, cases[i].error))
			fail_msg("%s instead of %s", error, cases[i].error);
		assert_null(record.call);
	}
}

/* ---- storing ---- */

static void on_batch(int err, struct db_result *const *results, size_t failed, void *arg)
{
	int64_t *added = arg;

	assert_int_equal(0, err);
	if (*added < 0)
		*added = db_changes(results[0]);
}

static int64_t store(struct base *base, const json_t *json)
{
	struct record record auto_record = {0};
	char error[RECORD_ERROR_SIZE] = "";
	int64_t added = -1;
	size_t next = 0;
	bool last = false;

	assert_int_equal(0, record_parse(&record, STORE_TENANT, json, error));
	while (!last) {
		struct batch batch auto_batch = {0};

		last = record_store(&record, &next, &batch);
		batch_run(&batch, NULL, base->db, on_batch, &added);
	}
	base_sql(base, "SELECT 1");
	return added;
}

static void storing_twice_adds_once_and_overwrites_nothing(void **state)
{
	json_t *auto_json json = parse(good);
	struct base base;

	base_open(&base, loop_new());
	assert_int_equal(1, store(&base, json));
	json_object_set_new(json, "phone_number", json_string("+19999999999"));
	json_array_clear(json_object_get(json, "transcript"));
	assert_int_equal(0, store(&base, json));
	assert_string_equal("+15551234567", base_sql(&base, "SELECT phone_number FROM call").text);
	assert_int_equal(2, base_int(&base, "SELECT count(*) FROM transcript_turn"));
	assert_int_equal(1, base_int(&base, "SELECT count(*) FROM call_summary"));
	base_close(&base);
}

static void long_transcripts_take_several_batches(void **state)
{
	json_t *auto_json json = parse(good);
	json_t *turns = json_object_get(json, "transcript");
	struct base base;

	json_array_clear(turns);
	for (int i = 0; i < 100; i++)
		json_array_append_new(turns,
				      json_pack("{s:s, s:s}", "speaker", "user", "text", "x"));
	base_open(&base, loop_new());
	assert_int_equal(1, store(&base, json));
	assert_int_equal(100, base_int(&base, "SELECT count(*) FROM transcript_turn"));
	assert_int_equal(1, base_int(&base, "SELECT count(*) FROM call_summary"));
	base_close(&base);
}

static void on_rows(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct call *call auto_unref = store_call_load(results[0], 0);
	json_t *auto_json turns = transcript_rows(results[1]);
	json_t *auto_json summary = summary_row(results[2], 0, 0);

	*(json_t **)arg = record_view(call, turns, summary);
}

static json_t *load(struct base *base)
{
	struct batch batch auto_batch = {0};
	json_t *view = NULL;

	store_call_select(&batch, STORE_TENANT, STORE_CALL_BY_ID, "c-1");
	store_turn_select(&batch, STORE_TENANT, "c-1");
	store_summary_select(&batch, STORE_TENANT, "c-1");
	batch_run(&batch, NULL, base->db, on_rows, &view);
	base_sql(base, "SELECT 1");
	return view;
}

static void what_goes_out_comes_back_the_same(void **state)
{
	json_t *auto_json json = parse(good);
	json_t *auto_json first = NULL, *auto_json second = NULL;
	struct base base;

	clock_fake_wall_us(1800000000000000);
	base_open(&base, loop_new());
	store(&base, json);
	first = load(&base);
	base_close(&base);
	base_open(&base, loop_new());
	store(&base, first);
	second = load(&base);
	base_close(&base);
	clock_fake_wall_us(-1);
	assert_string_equal("They met.",
			    json_get_str(json_object_get(first, "summary"), "summary", ""));
	assert_string_equal(
		"Hi",
		json_get_str(json_array_get(json_object_get(first, "transcript"), 1), "text", ""));
	assert_true(json_equal(first, second));
}

/* ---- files ---- */

static struct record_file *open_text(const char *text)
{
	struct record_file *file = NULL;
	char path[] = "/tmp/test_record_XXXXXX";
	int fd = mkstemp(path);

	assert_int_equal(strlen(text), write(fd, text, strlen(text)));
	close(fd);
	assert_int_equal(0, record_file_open(&file, path));
	unlink(path);
	return file;
}

static void array_is_read_element_by_element(void **state)
{
	struct record_file *file auto_unref =
		open_text("\xef\xbb\xbf \n[ {\"a\": \"x,]}\\\"\"} ,\n[1, [2]],3,\"]\" ] \n");
	static const char *const expected[] = {"{\"a\":\"x,]}\\\"\"}", "[1,[2]]", "3", "\"]\""};
	char error[256] = "";
	json_t *json;

	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		assert_int_equal(1, record_file_next(file, &json, error));
		char *auto_free text = json_text(json);

		assert_string_equal(expected[i], text);
		json_decref(json);
	}
	assert_int_equal(0, record_file_next(file, &json, error));
	assert_int_equal(0, record_file_next(file, &json, error));
	assert_null(json);
}

static void faults_of_a_file_are_located(void **state)
{
	static const struct {
		const char *text;
		int good; /* elements before the fault */
		const char *error;
	} cases[] = {
		{"", 0, "line 1: "},
		{"{}", 0, "line 1: the file is not a JSON array"},
		{"[", 0, "line 1: the file ends"},
		{"[1,", 1, "line 1: the file ends"},
		{"[1,]", 1, "line 1: a record is missing"},
		{"[,1]", 0, "line 1: a record is missing"},
		{"[1,\n\n{\"a\":}]", 1, "in the record at line 3: "},
		{"[1] x", 1, "line 1: there is something after"},
		{"[\"abc", 0, "line 1: the file ends"},
		{"[{\"a\":1}", 0, "line 1: the file ends"},
		{"[1 2]", 0, "in the record at line 1: "},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct record_file *file auto_unref = open_text(cases[i].text);
		char error[256] = "";
		json_t *json;

		for (int j = 0; j < cases[i].good; j++) {
			assert_int_equal(1, record_file_next(file, &json, error));
			json_decref(json);
		}
		assert_int_equal(-EBADMSG, record_file_next(file, &json, error));
		assert_null(json);
		if (!str_has_prefix(error, cases[i].error))
			fail_msg("'%s': %s", cases[i].text, error);
	}
}

static void empty_array_and_missing_file(void **state)
{
	struct record_file *file auto_unref = open_text(" [ ] ");
	struct record_file *none = NULL;
	char error[256];
	json_t *json;

	assert_int_equal(0, record_file_next(file, &json, error));
	assert_int_equal(-ENOENT, record_file_open(&none, "/nowhere/at/all"));
	assert_null(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_record_is_taken),
		cmocka_unit_test(call_that_was_not_over_is_lost),
		cmocka_unit_test(bad_records_are_named),
		cmocka_unit_test(storing_twice_adds_once_and_overwrites_nothing),
		cmocka_unit_test(long_transcripts_take_several_batches),
		cmocka_unit_test(what_goes_out_comes_back_the_same),
		cmocka_unit_test(array_is_read_element_by_element),
		cmocka_unit_test(faults_of_a_file_are_located),
		cmocka_unit_test(empty_array_and_missing_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
