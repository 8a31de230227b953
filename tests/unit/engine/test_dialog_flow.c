/*
 * Protects: whole conversations of the shipped flows, in text on a fake clock: what is said, where
 * it ends, and what the outcome says. It is always Monday, 2026-03-02, 10:20.
 */
#include "unit/check.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/str.h"
#include "engine/dialog.h"
#include "loop/loop.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct talk {
	struct loop *loop;
	struct dialog *dialog;
	struct buf said; /* since the caller's last turn; sentences with '|' between */
	char *jsgf;
	unsigned turns, listens;
	bool has_hung_up, may_speak;
	char reason[64];
	bool drop_on_say;
};

static void on_say(const char *text, void *arg)
{
	struct talk *talk = arg;

	assert_true(talk->may_speak);
	buf_printf(&talk->said, "%s|", text);
	if (talk->drop_on_say)
		talk->dialog = mem_unref(talk->dialog);
}

static void on_turn(bool hang_up, const char *reason, void *arg)
{
	struct talk *talk = arg;

	assert_true(talk->may_speak);
	talk->turns++;
	talk->has_hung_up = hang_up;
	str_copy(talk->reason, sizeof(talk->reason), reason ? reason : "");
}

static void on_listen(const char *jsgf, void *arg)
{
	struct talk *talk = arg;

	talk->listens++;
	mem_replace_str(&talk->jsgf, jsgf);
}

static void talk_open(struct talk *talk, const char *model, const json_t *metadata)
{
	const struct dialog_handlers handlers = {on_say, on_turn, on_listen, NULL};
	const struct dialog_conf conf = {.model = model,
					 .call_id = "test",
					 .now_us = INT64_C(1772446800000000) + 3600000000,
					 .utc_offset_s = -3600,
					 .metadata = metadata};
	char error[256];

	*talk = (struct talk){.loop = loop_new_fake()};
	if (dialog_flow_new(&talk->dialog, talk->loop, SOURCE_DIR "/config/flows", &conf, &handlers,
			    talk, error))
		fail_msg("%s", error);
}

static void talk_close(struct talk *talk)
{
	mem_unref(talk->dialog);
	mem_unref(talk->loop);
	buf_free(&talk->said);
	mem_free(talk->jsgf);
}
#define auto_talk __attribute__((cleanup(talk_close)))

static void let_speak(struct talk *talk)
{
	talk->may_speak = true;
	loop_advance_ms(talk->loop, 10);
	talk->may_speak = false;
}

static void greet(struct talk *talk, const char *text)
{
	talk->dialog->ops->greet(talk->dialog, text);
	let_speak(talk);
}

static void hear(struct talk *talk, const struct dialog_input *input)
{
	const unsigned turns = talk->turns;

	buf_clear(&talk->said);
	talk->dialog->ops->hear(talk->dialog, input);
	let_speak(talk);
	assert_int_equal(turns + 1, talk->turns);
}

/* "" is silence, "*12" keys, "?x" barely understood, "!x" not at all, "~x" well enough. */
static void caller(struct talk *talk, const char *text)
{
	const char mark = text[0] && strchr("*?!~", text[0]) ? text[0] : '\0';
	const struct dialog_input input = {.text = text + (mark != '\0'),
					   .confidence = mark == '?'   ? 0.4
							 : mark == '!' ? 0.1
							 : mark == '~' ? 0.7
								       : 0.95,
					   .in_grammar = mark != '!' && mark != '?',
					   .is_digits = mark == '*'};

	if (text[0]) {
		hear(talk, &input);
		return;
	}
	buf_clear(&talk->said);
	talk->dialog->ops->silence(talk->dialog);
	let_speak(talk);
}

static void check_outcome(const struct talk *talk, const char *expected)
{
	auto_json json_t *outcome = talk->dialog->ops->outcome(talk->dialog);
	auto_free char *text = json_text(outcome);

	assert_string_equal(expected, text);
}

struct step {
	const char *caller, *reply; /* a part of it */
};

struct story {
	const char *name, *model;
	struct step steps[20];
	const char *outcome;
};

#define BOOKED(day_, time_, name_)                                            \
	"{\"goal_reached\":true,\"slots\":{\"wish\":\"book\",\"day\":\"" day_ \
	"\",\"time\":\"" time_ "\",\"name\":\"" name_                         \
	"\"},\"state\":\"booked\",\"reason\":\"appointment_booked\"}"

static const struct story stories[] = {
	{"all at once",
	 "flow/appointment",
	 {{"i'd like to book an appointment for tuesday at three p. m.", "first name"},
	  {"my name is peter",
	   "So that is Tuesday, March 3rd at 3 p.m., for Peter.|Is that right?"},
	  {"yes", "Your appointment is on Tuesday, March 3rd at 3 p.m.|Goodbye."}},
	 BOOKED("2026-03-03", "15:00", "Peter")},
	{"step by step, an hour settled by the opening hours",
	 "flow/appointment",
	 {{"i need an appointment", "What day"},
	  {"next thursday", "What time on Thursday, March 12th"},
	  {"half past four", "first name"},
	  {"this is susan", "Thursday, March 12th at 4:30 p.m., for Susan"},
	  {"yes please", "Goodbye"}},
	 BOOKED("2026-03-12", "16:30", "Susan")},
	{"corrected: no, at three",
	 "flow/appointment",
	 {{"book an appointment for tuesday at two thirty", "first name"},
	  {"anna", "Tuesday, March 3rd at 2:30 p.m., for Anna"},
	  {"no at three", "Tuesday, March 3rd at 3 p.m., for Anna"},
	  {"no i said thursday", "Thursday, March 5th at 3 p.m., for Anna"},
	  {"no my name is emily", "for Emily"},
	  {"no", "What should I change"},
	  {"the time", "What time on Thursday"},
	  {"eleven o'clock", "Thursday, March 5th at 11 a.m., for Emily"},
	  {"that's right", "Goodbye"}},
	 BOOKED("2026-03-05", "11:00", "Emily")},
	{"a closed day, then a taken time",
	 "flow/appointment",
	 {{"i'd like an appointment on sunday",
	   "We are closed on Sunday, March 8th.|I could offer you"},
	  {"no how about tuesday at ten", "I have nothing free on Tuesday, March 3rd at 10 a.m."},
	  {"yes that's fine", "first name"},
	  {"robert", "for Robert"},
	  {"yes", "Goodbye"}},
	 BOOKED("2026-03-03", "09:30", "Robert")},
	{"closed in the afternoon; the offer declined",
	 "flow/appointment",
	 {{"book an appointment for wednesday at four", "We are not open at 4 p.m. on Wednesday"},
	  {"no", "What day would you like"},
	  {"tomorrow in the morning", "first name"},
	  {"walter", "Tuesday, March 3rd at 9 a.m., for Walter"},
	  {"yes", "Goodbye"}},
	 BOOKED("2026-03-03", "09:00", "Walter")},
	{"too far ahead",
	 "flow/appointment",
	 {{"book an appointment for december first", "next three months"},
	  {"in two weeks", "What time on Monday, March 16th"},
	  {"noon", "first name"},
	  {"david", "Monday, March 16th at noon, for David"},
	  {"correct", "Goodbye"}},
	 BOOKED("2026-03-16", "12:00", "David")},
	{"moved",
	 "flow/appointment",
	 {{"i want to move my appointment", "first name"},
	  {"barbara", "What day is your appointment"},
	  {"next monday", "what day would you like instead"},
	  {"friday at ten", "move it to Friday, March 6th at 10 a.m., for Barbara"},
	  {"yes", "now on Friday"}},
	 "{\"goal_reached\":true,\"slots\":{\"wish\":\"move\",\"old_day\":\"2026-03-09\",\"day\":"
	 "\"2026-03-06\",\"time\":\"10:00\",\"name\":\"Barbara\"},\"state\":\"moved\",\"reason\":"
	 "\"appointment_moved\"}"},
	{"cancelled",
	 "flow/appointment",
	 {{"can i cancel my appointment on thursday", "first name"},
	  {"it's henry", "cancel the appointment of Henry on Thursday, March 5th"},
	  {"no i meant friday", "on Friday, March 6th"},
	  {"yes cancel it", "is cancelled"}},
	 "{\"goal_reached\":true,\"slots\":{\"wish\":\"cancel\",\"old_day\":\"2026-03-06\","
	 "\"name\":"
	 "\"Henry\"},\"state\":\"cancelled\",\"reason\":\"appointment_cancelled\"}"},
	{"barely understood: asked again, not assumed",
	 "flow/appointment",
	 {{"i need an appointment", "What day"},
	  {"?thursday", "did you say Thursday, March 5th"},
	  {"no", "Sorry about that.|What day"},
	  {"?tuesday", "did you say Tuesday, March 3rd"},
	  {"yes", "What time on Tuesday"},
	  {"?three p. m.", "did you say 3 p.m."},
	  {"no at four", "first name"},
	  {"peter", "Tuesday, March 3rd at 4 p.m., for Peter"},
	  {"yes", "Goodbye"}},
	 BOOKED("2026-03-03", "16:00", "Peter")},
	{"a rival explained the sound better, though not by far",
	 "flow/survey",
	 {{"yes", "From zero to ten"},
	  {"?nine", "did you say 9"},
	  {"?yes", "You said 9."},
	  {"?yes", "did you say yes?"},
	  {"?yes", "That is good to hear"},
	  {"operator", "tell me your message"}},
	 "{\"goal_reached\":false,\"slots\":{\"score\":9,\"solved\":\"yes\"},\"state\":"
	 "\"operator\"}"},
	{"nobody is hung up on by mistake",
	 "flow/appointment",
	 {{"~goodbye", "did you say goodbye?"},
	  {"no", "Sorry about that.|Hello"},
	  {"~operator", "did you say operator?"},
	  {"~yes", "tell me your message"}},
	 "{\"goal_reached\":false,\"slots\":{},\"state\":\"operator\"}"},
	{"out of grammar three times",
	 "flow/appointment",
	 {{"i need an appointment", "What day"},
	  {"!banana", "Sorry, which day was that?"},
	  {"what about the moon", "Please say just the day"},
	  {"!banana", "Please tell me your message"},
	  {"please call me about the moon", "a colleague will call you back"}},
	 "{\"goal_reached\":false,\"slots\":{\"wish\":\"book\",\"message\":\"please call me about "
	 "the "
	 "moon\"},\"state\":\"handed_over\",\"reason\":\"operator\",\"hand_over\":true}"},
	{"silence three times",
	 "flow/appointment",
	 {{"", "Are you still there?|Hello"}, {"", "I cannot hear you."}, {"", "hang up now"}},
	 "{\"goal_reached\":false,\"slots\":{},\"state\":\"nobody_there\",\"reason\":\"silence\"}"},
	{"silence is forgiven once something is heard",
	 "flow/appointment",
	 {{"", "Are you still there?"},
	  {"", "I cannot hear you."},
	  {"i need an appointment", "What day"},
	  {"", "Are you still there?"},
	  {"goodbye", "Thank you for calling"}},
	 "{\"goal_reached\":false,\"slots\":{\"wish\":\"book\"},\"state\":\"goodbye\",\"reason\":"
	 "\"caller_said_goodbye\"}"},
	{"a person, please",
	 "flow/appointment",
	 {{"i'd like to speak to a real person", "tell me your message"},
	  {"my tooth hurts a lot", "a colleague will call you back"}},
	 "{\"goal_reached\":false,\"slots\":{\"message\":\"my tooth hurts a lot\"},\"state\":"
	 "\"handed_over\",\"reason\":\"operator\",\"hand_over\":true}"},
	{"help and repeat",
	 "flow/appointment",
	 {{"help", "For example, say"},
	  {"please repeat", "book, move or cancel an appointment?"},
	  {"book an appointment", "What day"},
	  {"say that again", "What day would you like?"},
	  {"start over", "Let us begin again."},
	  {"no thanks", "Thank you for your time"}},
	 "{\"goal_reached\":false,\"slots\":{},\"state\":\"nothing_to_do\",\"reason\":"
	 "\"declined\"}"},
	{"by telephone keys",
	 "flow/appointment",
	 {{"*1", "What day"},
	  {"*0305#", "What time on Thursday, March 5th"},
	  {"*1530", "first name"},
	  {"*9", "first name"},
	  {"thomas", "Thursday, March 5th at 3:30 p.m., for Thomas"},
	  {"*1", "Goodbye"}},
	 BOOKED("2026-03-05", "15:30", "Thomas")},
	{"key zero is a person",
	 "flow/appointment",
	 {{"*0", "tell me your message"}},
	 "{\"goal_reached\":false,\"slots\":{},\"state\":\"operator\"}"},
	{"survey, all well",
	 "flow/survey",
	 {{"yes", "From zero to ten"},
	  {"i'd say ten", "You said 10."},
	  {"yes", "That is good to hear.|May we call you back"},
	  {"no thank you", "Goodbye"}},
	 "{\"goal_reached\":true,\"slots\":{\"score\":10,\"solved\":\"yes\",\"callback\":\"no\"},"
	 "\"state\":\"done\",\"reason\":\"survey_completed\"}"},
	{"survey, a reason and a callback",
	 "flow/survey",
	 {{"go ahead", "From zero to ten"},
	  {"!eleven", "which number"},
	  {"*4", "You said 4."},
	  {"no i said five", "You said 5."},
	  {"no", "I am sorry to hear that."},
	  {"it was the waiting time", "May we call you back"},
	  {"yes please", "What day"},
	  {"tomorrow at noon", "call you on Tuesday, March 3rd at noon"},
	  {"yes", "Goodbye"}},
	 "{\"goal_reached\":true,\"slots\":{\"score\":5,\"solved\":\"no\",\"reason\":\"waiting_"
	 "time\","
	 "\"callback\":\"yes\",\"day\":\"2026-03-03\",\"time\":\"12:00\"},\"state\":"
	 "\"done_with_callback\",\"reason\":\"survey_completed\"}"},
};

static void stories_end_as_told(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(stories); i++) {
		auto_talk struct talk talk;

		talk_open(&talk, stories[i].model, NULL);
		greet(&talk, NULL);
		for (const struct step *step = stories[i].steps; step->caller; step++) {
			assert_false(talk.has_hung_up);
			caller(&talk, step->caller);
			if (!strstr(buf_str(&talk.said), step->reply))
				fail_msg("%s: to \"%s\" the agent said \"%s\", not \"%s\"",
					 stories[i].name, step->caller, buf_str(&talk.said),
					 step->reply);
		}
		check_outcome(&talk, stories[i].outcome);
		assert_int_equal(strstr(stories[i].outcome, "\"reason\"") != NULL,
				 talk.has_hung_up);
	}
}

static void a_given_greeting_replaces_the_flows_own(void **state)
{
	auto_talk struct talk talk;

	talk_open(&talk, "flow/appointment", NULL);
	greet(&talk, "Good day. What can I do for you?");
	assert_string_equal("Good day.|What can I do for you?|", buf_str(&talk.said));
	assert_non_null(strstr(talk.jsgf, "public <utterance>"));
	caller(&talk, "please repeat");
	assert_string_equal("Good day.|What can I do for you?|", buf_str(&talk.said));
}

static void a_message_is_heard_with_the_language_model(void **state)
{
	auto_talk struct talk talk;

	talk_open(&talk, "flow/appointment", NULL);
	greet(&talk, NULL);
	caller(&talk, "operator");
	assert_null(talk.jsgf);
	assert_int_equal(2, talk.listens);
}

static void an_interrupted_turn_says_no_more_and_never_ends(void **state)
{
	auto_talk struct talk talk;

	talk_open(&talk, "flow/appointment", NULL);
	talk.dialog->ops->greet(talk.dialog, NULL);
	talk.dialog->ops->interrupt(talk.dialog, "");
	let_speak(&talk);
	assert_string_equal("", buf_str(&talk.said));
	assert_int_equal(0, talk.turns);
	caller(&talk, "book an appointment");
	assert_non_null(strstr(buf_str(&talk.said), "What day"));
}

static void a_goodbye_that_was_interrupted_still_hangs_up(void **state)
{
	auto_talk struct talk talk;

	talk_open(&talk, "flow/appointment", NULL);
	greet(&talk, NULL);
	caller(&talk, "goodbye");
	talk.dialog->ops->interrupt(talk.dialog, "Thank");
	talk.has_hung_up = false;
	caller(&talk, "bye bye");
	assert_true(talk.has_hung_up);
}

static void releasing_within_a_handler_stops_everything(void **state)
{
	auto_talk struct talk talk;

	talk_open(&talk, "flow/appointment", NULL);
	talk.drop_on_say = true;
	greet(&talk, NULL);
	assert_null(talk.dialog);
	assert_int_equal(0, talk.turns);
}

static void what_is_known_before_is_not_asked(void **state)
{
	auto_json json_t *metadata = json_pack("{s:s,s:s,s:s}", "slot.name", "Peter", "slot.day",
					       "not a day", "other", "x");
	auto_talk struct talk talk;

	talk_open(&talk, "flow/appointment", metadata);
	greet(&talk, NULL);
	caller(&talk, "book an appointment for tuesday at three p. m.");
	assert_non_null(strstr(buf_str(&talk.said), "for Peter"));
}

static void a_call_cannot_go_on_for_ever(void **state)
{
	auto_talk struct talk talk;
	unsigned turns = 0;

	talk_open(&talk, "flow/appointment", NULL);
	greet(&talk, NULL);
	for (; !talk.has_hung_up && turns < 500; turns++)
		caller(&talk, "help");
	assert_int_equal(101, turns);
}

static void an_instruction_decides_the_next_turn(void **state)
{
	auto_talk struct talk talk;

	talk_open(&talk, "flow/appointment", NULL);
	greet(&talk, NULL);
	talk.dialog->ops->instruct(talk.dialog, "nonsense");
	talk.dialog->ops->instruct(talk.dialog, " goodbye ");
	caller(&talk, "I would like to book an appointment");
	assert_true(talk.has_hung_up);
}

static void an_instruction_fills_a_slot(void **state)
{
	auto_talk struct talk talk;
	json_t *auto_json outcome = NULL;

	talk_open(&talk, "flow/appointment", NULL);
	greet(&talk, NULL);
	talk.dialog->ops->instruct(talk.dialog, "name = Daniel");
	talk.dialog->ops->instruct(talk.dialog, "nothing = Daniel");
	outcome = talk.dialog->ops->outcome(talk.dialog);
	assert_string_equal("Daniel", json_get_str(json_object_get(outcome, "slots"), "name", ""));
}

static void models_that_name_no_flow_are_refused(void **state)
{
	static const struct {
		const char *model;
		int err;
	} cases[] = {
		{"gpt-4o", -EINVAL},
		{"flow/", -EINVAL},
		{"flow/../secret", -EINVAL},
		{"flow/a/b", -EINVAL},
		{NULL, -EINVAL},
		{"flow/a.b", -EINVAL},
		{"flow/nowhere", -ENOENT},
		{"flow/appointment\n", -EINVAL},
	};
	const struct dialog_handlers handlers = {on_say, on_turn, on_listen, NULL};
	auto_unref struct loop *loop = loop_new_fake();

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct dialog_conf conf = {.model = cases[i].model};
		struct dialog *dialog = NULL;
		char error[256] = "";

		assert_int_equal(cases[i].err,
				 dialog_flow_new(&dialog, loop, SOURCE_DIR "/config/flows", &conf,
						 &handlers, NULL, error));
		assert_true(error[0] != '\0');
		assert_null(dialog);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stories_end_as_told),
		cmocka_unit_test(a_given_greeting_replaces_the_flows_own),
		cmocka_unit_test(a_message_is_heard_with_the_language_model),
		cmocka_unit_test(an_interrupted_turn_says_no_more_and_never_ends),
		cmocka_unit_test(a_goodbye_that_was_interrupted_still_hangs_up),
		cmocka_unit_test(releasing_within_a_handler_stops_everything),
		cmocka_unit_test(what_is_known_before_is_not_asked),
		cmocka_unit_test(a_call_cannot_go_on_for_ever),
		cmocka_unit_test(an_instruction_decides_the_next_turn),
		cmocka_unit_test(an_instruction_fills_a_slot),
		cmocka_unit_test(models_that_name_no_flow_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
