/*
 * Protects: what the embedded analyser makes of transcripts as recognisers write them: feelings
 * with negation and degree, commitments with who and when, an honest summary of odd calls, bounded
 * time.
 */
#include "unit/check.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/str.h"
#include "platform/analyser.h"
#include "platform/analyser_lexicon.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { TURNS_MAX = 12 };

/* "a ..." is the agent's turn, "u ..." the other side's. */
static json_t *run(const char *const *lines, const char *language, const char *outcome,
		   bool is_inbound)
{
	struct analyser_turn turns[TURNS_MAX];
	struct analyser_params params = {.turns = turns,
					 .language = language,
					 .end_reason = "caller_hangup",
					 .is_inbound = is_inbound};
	auto_json json_t *parsed = outcome ? json_loads(outcome, 0, NULL) : NULL;

	assert_true(!outcome || parsed);
	params.outcome = parsed;
	for (; lines[params.turns_len]; params.turns_len++) {
		assert_true(params.turns_len < TURNS_MAX);
		turns[params.turns_len] =
			(struct analyser_turn){.is_agent = lines[params.turns_len][0] == 'a',
					       .text = lines[params.turns_len] + 2};
	}
	return analyser_run(&params);
}

/* Every member is there and has its form. */
static void check_shape(const json_t *result)
{
	static const char *const lists[] = {"key_points", "action_items", "highlights"};
	const char *summary = json_get_str(result, "summary", "");
	const char *sentiment = json_get_str(result, "sentiment", "");
	const double score = json_get_number(result, "sentiment_score", 9);
	unsigned sentences = 0;

	assert_true(strlen(summary) > 10 && strlen(summary) <= 1000);
	for (const char *p = summary; *p; p++)
		sentences += strchr(".", *p) && (!p[1] || p[1] == ' ');
	assert_true(sentences >= 1);
	assert_true(str_equal(sentiment, "positive") || str_equal(sentiment, "neutral") ||
		    str_equal(sentiment, "negative"));
	assert_true(score >= -1 && score <= 1);
	assert_string_equal("embedded", json_get_str(result, "analyser", ""));
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		const json_t *list = json_object_get(result, lists[i]), *item;
		size_t k;

		assert_true(json_is_array(list) && json_array_size(list) <= 8);
		json_array_foreach(list, k, item)
			assert_true(json_is_string(item) && json_string_length(item) > 3);
	}
}

static bool has_item(const json_t *result, const char *key, const char *part)
{
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(result, key), i,
			   item) if (strstr(json_string_value(item), part)) return true;
	return false;
}

static void feelings(void **state)
{
	static const struct {
		const char *text;
		int sign;
	} cases[] = {
		{"that is great thank you", 1},
		{"this is terrible", -1},
		{"i am not happy at all", -1},
		{"i'm not very happy with that", -1},
		{"it was not bad", 1},
		{"no problem", 1},
		{"no it was great", 1},
		{"i have never been so disappointed", -1},
		{"the staff was friendly but the wait was horrible", -1},
		{"the wait was horrible but the staff was wonderful and i love it", 1},
		{"what a waste of time", -1},
		{"i'd like to book an appointment for tuesday at three p m", 0},
		{"no thanks", 0},
		{"", 0},
		{NULL, 0},
		{"je ne suis pas content du tout", 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const double score = analyser_sentiment(cases[i].text);

		if ((score > 0.05) - (score < -0.05) != cases[i].sign)
			fail_msg("\"%s\" feels %.2f", cases[i].text, score);
	}
	assert_true(analyser_sentiment("it was very good") > analyser_sentiment("it was good"));
	assert_true(analyser_sentiment("extremely rude") < analyser_sentiment("rude"));
	assert_true(analyser_sentiment("a bit slow") > analyser_sentiment("slow"));
}

static void the_lexicon_is_sorted(void **state)
{
	for (size_t i = 1; analyser_feeling_at(i); i++)
		assert_true(strcmp(analyser_feeling_at(i - 1)->word, analyser_feeling_at(i)->word) <
			    0);
	for (size_t i = 0; analyser_feeling_at(i); i++)
		assert_ptr_equal(analyser_feeling_at(i),
				 analyser_feeling(analyser_feeling_at(i)->word));
	for (const char *const *word =
		     (const char *const[]){"a", "barely", "very", "too", "zebra", NULL};
	     *word; word++)
		assert_true(analyser_degree(*word) != 0);
	assert_true(analyser_degree("very") > 1 && analyser_degree("slightly") < 1);
}

static void commitments_have_who_and_when(void **state)
{
	static const struct {
		const char *line, *item; /* NULL: none */
	} cases[] = {
		{"a i'll send you the form tomorrow", "Agent: send the caller the form (tomorrow)"},
		{"a I'll send you the form tomorrow.",
		 "Agent: send the caller the form (tomorrow)"},
		{"a we will call you back on monday at three",
		 "Agent: call the caller back (on monday at three)"},
		{"a tomorrow morning i will email you the invoice",
		 "Agent: email the caller the invoice (tomorrow morning)"},
		{"a a technician will visit you within two days",
		 "Colleague: visit the caller (within two days)"},
		{"a i'm going to check that and i'll let you know as soon as possible",
		 "Agent: let the caller know (as soon as possible)"},
		{"a please bring your insurance card on friday",
		 "Caller: bring the caller's insurance card (on friday)"},
		{"u can you please send me the invoice by email",
		 "Agent: send the caller the invoice by email"},
		{"u i will pay it next week", "Caller: pay it (next week)"},
		{"u okay i'll call you back later", "Caller: call the agent back"},
		{"u i will not pay that", NULL},
		{"a i won't send you anything", NULL},
		{"a i'll be here all day", NULL},
		{"a would you like to book an appointment", NULL},
		{"a let me see", NULL},
		{"u i'd like to book an appointment", NULL},
		{"a i will get on with it", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_json json_t *result =
			run((const char *const[]){cases[i].line, NULL}, "en-US", NULL, true);
		const json_t *items = json_object_get(result, "action_items");
		const char *first = json_string_value(json_array_get(items, 0));

		check_shape(result);
		if (cases[i].item ? !str_equal(first, cases[i].item) &&
					    !has_item(result, "action_items", cases[i].item)
				  : first != NULL)
			fail_msg("\"%s\" gives \"%s\", not \"%s\"", cases[i].line, first,
				 cases[i].item ? cases[i].item : "nothing");
	}
}

static void a_booked_appointment(void **state)
{
	static const char *const lines[] = {
		"a Hello, this is the Oak Street dental practice.",
		"u i'd like to book an appointment for tuesday at three p. m.",
		"a May I have your first name, please?",
		"u my name is peter",
		"a So that is Tuesday, March 3rd at 3 p.m., for Peter. Is that right?",
		"u yes perfect thank you",
		NULL};
	auto_json json_t *result =
		run(lines, "en-US",
		    "{\"goal_reached\":true,\"slots\":{\"day\":\"2026-03-03\",\"time\":\"15:00\","
		    "\"name\":"
		    "\"Peter\"},\"state\":\"booked\",\"reason\":\"appointment_booked\"}",
		    false);
	const char *summary = json_get_str(result, "summary", "");

	check_shape(result);
	assert_true(str_has_prefix(
		summary, "Peter booked an appointment for Tuesday, 3 March at 3 p.m. In this "));
	assert_non_null(
		strstr(summary, "\"i'd like to book an appointment for tuesday at three p. m.\""));
	assert_non_null(strstr(summary, "because the callee hung up"));
	assert_string_equal("positive", json_get_str(result, "sentiment", ""));
	assert_true(has_item(result, "action_items",
			     "Peter: come to the appointment (Tuesday, 3 March at 3 p.m.)"));
	assert_true(
		has_item(result, "key_points", "Appointment booked: Tuesday, 3 March at 3 p.m."));
	assert_true(has_item(result, "key_points", "Name: Peter"));
	assert_true(has_item(result, "key_points", "Callee: \"i'd like to book"));
	assert_false(has_item(result, "key_points", "yes perfect"));
}

/* The same outcome words, read of other flows: nothing is made for one of them. */
static void outcomes_are_told_as_prose(void **state)
{
	static const struct {
		const char *outcome, *summary, *item; /* item NULL: none */
	} cases[] = {
		{"{\"goal_reached\":true,\"slots\":{\"wish\":\"move\",\"old_day\":\"2026-03-03\","
		 "\"day\":\"2026-12-25\",\"time\":\"10:30\",\"name\":\"Anna\"},"
		 "\"reason\":\"appointment_moved\"}",
		 "Anna moved the appointment of Tuesday, 3 March to Friday, 25 December at 10:30 "
		 "a.m. ",
		 "Anna: come to the appointment (Friday, 25 December at 10:30 a.m.)"},
		{"{\"goal_reached\":true,\"slots\":{\"old_day\":\"2026-03-03\",\"name\":\"Anna\"},"
		 "\"reason\":\"appointment_cancelled\"}",
		 "Anna cancelled the appointment of Tuesday, 3 March. ", NULL},
		{"{\"goal_reached\":true,\"slots\":{\"score\":8,\"solved\":\"yes\","
		 "\"reason\":\"waiting_time\",\"callback\":\"yes\",\"day\":\"2026-12-02\","
		 "\"time\":\"12:00\"},\"reason\":\"survey_completed\"}",
		 "The caller completed the survey (score 8, solved yes, reason waiting time) and "
		 "is to "
		 "be called back on Wednesday, 2 December at noon. ",
		 "Agent: call the caller back (Wednesday, 2 December at noon)"},
		{"{\"goal_reached\":false,\"slots\":{},\"reason\":\"survey_declined\"}",
		 "The caller declined the survey. The goal of the call was not reached. ", NULL},
		{"{\"goal_reached\":false,\"reason\":\"operator\",\"hand_over\":true}",
		 "The caller asked for a person; it was left to a person. The goal of the call was "
		 "not "
		 "reached. ",
		 "Colleague: call the caller back"},
		{"{\"goal_reached\":true,\"reason\":\"all fine\",\"slots\":{\"day\":\"soon\"}}",
		 "The goal of the call was reached (all fine), soon. ", NULL},
		{"{\"goal_reached\":true,\"slots\":{\"pizza\":\"large\",\"day\":\"2026-12-02\"},"
		 "\"reason\":\"pizza_ordered\"}",
		 "The caller ordered a pizza for Wednesday, 2 December (pizza large). ", NULL},
		{"{\"goal_reached\":false}", "The goal of the call was not reached. ", NULL},
	};
	static const char *const lines[] = {"u hello there", NULL};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_json json_t *result = run(lines, "en", cases[i].outcome, true);
		const json_t *items = json_object_get(result, "action_items");

		check_shape(result);
		if (!str_has_prefix(json_get_str(result, "summary", ""), cases[i].summary))
			fail_msg("\"%s\", not \"%s\"", json_get_str(result, "summary", ""),
				 cases[i].summary);
		assert_non_null(strstr(json_get_str(result, "summary", ""), "call took 1 turn."));
		if (cases[i].item)
			assert_string_equal(json_string_value(json_array_get(items, 0)),
					    cases[i].item);
		else
			assert_int_equal(json_array_size(items), 0);
	}
}

/* A call that was cut short: what it came to has no name. */
static void an_outcome_without_a_reason_makes_no_point_of_it(void **state)
{
	const char *const lines[] = {"a Would you like to book an appointment?",
				     "u I would like to book an appointment", NULL};
	auto_json json_t *result =
		run(lines, "en", "{\"goal_reached\":false,\"slots\":{\"wish\":\"book\"}}", true);
	const json_t *points = json_object_get(result, "key_points");

	assert_int_equal(1, json_array_size(points));
	assert_non_null(strstr(json_string_value(json_array_get(points, 0)), "I would like"));
}

/* An outcome beyond all measure makes no summary beyond its limit. */
static void a_huge_outcome_is_cut(void **state)
{
	auto_json json_t *slots = json_object();
	auto_json json_t *outcome = json_object();
	auto_free char *text = NULL;
	static const char *const lines[] = {"u i would like to have all of it please", NULL};

	for (int i = 0; i < 50; i++) {
		auto_free char *name = mem_printf("%040d", i);
		auto_free char *value = mem_printf("%0500d", i);

		json_set_str(slots, name, value);
	}
	json_object_set(outcome, "slots", slots);
	json_set_str(outcome, "reason", "thing_done_and_ordered");
	text = json_text(outcome);
	auto_json json_t *result = run(lines, "en", text, true);

	check_shape(result);
}

static void a_hostile_caller(void **state)
{
	static const char *const lines[] = {
		"a Hello, how can I help you?",
		"u my internet has been down for three days this is unacceptable",
		"a I am sorry to hear that. That is great feedback, thank you, wonderful.",
		"u i am sick of this your company is useless and you lied to me",
		"a I will send a technician tomorrow at ten.",
		"u whatever this is a terrible service",
		NULL};
	auto_json json_t *result = run(lines, "en", NULL, true);

	check_shape(result);
	assert_string_equal("negative", json_get_str(result, "sentiment", ""));
	assert_true(has_item(result, "highlights", "useless"));
	assert_true(has_item(result, "action_items", "Agent: send a technician (tomorrow at ten)"));
	assert_non_null(strstr(json_get_str(result, "summary", ""), "I will send a technician"));
}

/* Angry at first, content in the end: how it ended counts more. And the other way round. */
static void later_turns_weigh_more(void **state)
{
	static const char *const better[] = {"u this is really bad", "a It works again now.",
					     "u oh that is really good", NULL};
	static const char *const worse[] = {"u oh that is really good", "a It is broken again.",
					    "u this is really bad", NULL};
	auto_json json_t *up = run(better, "en", NULL, true);
	auto_json json_t *down = run(worse, "en", NULL, true);

	assert_true(json_get_number(up, "sentiment_score", 0) >
		    json_get_number(down, "sentiment_score", 0));
}

static void odd_calls_get_an_honest_summary(void **state)
{
	static const struct {
		const char *lines[4];
		const char *language, *outcome, *part;
	} cases[] = {
		{{NULL}, "en", NULL, "Nothing was said in this inbound call."},
		{{"u ", "a   ", NULL}, "en", NULL, "Nothing was said"},
		{{"a Hello, is anybody there?", "a Goodbye.", NULL},
		 "en",
		 NULL,
		 "only the agent spoke"},
		{{"u hello hello", NULL}, "en", NULL, "the caller said"},
		{{"u bonjour je voudrais un rendez-vous", "a Bien s\xc3\xbbr, quel jour?", NULL},
		 "fr-FR",
		 NULL,
		 "not held in English"},
		{{"u guten tag ich m\xc3\xb6"
		  "chte gerne einen termin vereinbaren am dienstag um drei uhr bitte",
		  "a Gerne, welchen Namen darf ich notieren?", NULL},
		 NULL,
		 NULL,
		 "not held in English"},
		{{"u horrible terrible", NULL},
		 "es",
		 "{\"goal_reached\":false,\"reason\":\"operator\","
		 "\"hand_over\":true}",
		 "left to a person"},
		{{"u \xff\xfe\xc3", NULL}, "en", NULL, "Nothing was said"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_json json_t *result =
			run(cases[i].lines, cases[i].language, cases[i].outcome, true);
		const char *summary = json_get_str(result, "summary", "");

		check_shape(result);
		if (!strstr(summary, cases[i].part))
			fail_msg("\"%s\" does not say \"%s\"", summary, cases[i].part);
		assert_string_equal("neutral", json_get_str(result, "sentiment", ""));
	}
}

static void handed_over_calls_leave_a_task(void **state)
{
	static const char *const lines[] = {"u operator", "u my tooth hurts please call me", NULL};
	auto_json json_t *result =
		run(lines, "en",
		    "{\"goal_reached\":false,\"slots\":{\"message\":\"my tooth hurts\"},"
		    "\"reason\":\"operator\",\"hand_over\":true}",
		    true);

	assert_true(has_item(result, "action_items", "Colleague: call the caller back"));
}

static void five_thousand_turns_take_bounded_time(void **state)
{
	enum { TURNS = 5000 };
	auto_free struct analyser_turn *turns = mem_alloc(TURNS * sizeof(*turns));
	struct analyser_params params = {.turns = turns, .turns_len = TURNS, .language = "en"};
	auto_free char *texts = mem_alloc((size_t)TURNS * 200);
	const clock_t begin = clock();

	for (size_t i = 0; i < TURNS; i++) {
		char *text = texts + i * 200;

		snprintf(text, 200,
			 "well i think number %zu of the deliveries was late and item%zu is broken "
			 "so please "
			 "send me another one on monday",
			 i, i * 7919 % 5000);
		turns[i] = (struct analyser_turn){.is_agent = i % 2, .text = text};
	}
	auto_json json_t *result = analyser_run(&params);

	check_shape(result);
	assert_string_equal("negative", json_get_str(result, "sentiment", ""));
	assert_true(clock() - begin < 10 * CLOCKS_PER_SEC); /* of our own time */
}

static void a_turn_without_end_is_cut(void **state)
{
	enum { SIZE = 100000 };
	auto_free char *text = mem_alloc(SIZE + 1);
	struct analyser_turn turn = {.text = text};
	const struct analyser_params params = {.turns = &turn, .turns_len = 1};

	for (size_t i = 0; i + 2 <= SIZE; i += 2)
		memcpy(text + i, "\xc3\xa9", 2);
	auto_json json_t *letters = analyser_run(&params);

	check_shape(letters);
	memset(text, 'x', SIZE);
	text[0] = 'y';
	text[1] = ' ';
	auto_json json_t *words = analyser_run(&params);

	check_shape(words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(feelings),
		cmocka_unit_test(the_lexicon_is_sorted),
		cmocka_unit_test(commitments_have_who_and_when),
		cmocka_unit_test(a_booked_appointment),
		cmocka_unit_test(outcomes_are_told_as_prose),
		cmocka_unit_test(an_outcome_without_a_reason_makes_no_point_of_it),
		cmocka_unit_test(a_huge_outcome_is_cut),
		cmocka_unit_test(a_hostile_caller),
		cmocka_unit_test(later_turns_weigh_more),
		cmocka_unit_test(odd_calls_get_an_honest_summary),
		cmocka_unit_test(handed_over_calls_leave_a_task),
		cmocka_unit_test(five_thousand_turns_take_bounded_time),
		cmocka_unit_test(a_turn_without_end_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
