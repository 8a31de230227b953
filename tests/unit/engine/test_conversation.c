/*
 * Protects the conversation: whose turn it is, what interrupts whom, what counts as heard, how a
 * call ends. Recogniser, synthesiser and dialogue are scripted, time is a fake clock, the caller's
 * audio is a buzz or silence; voice activity, turns and playout are the real ones.
 */
#include "engine/conversation.c" /* the transition table is private */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// clang-format off
#include <cmocka.h>
// clang-format on

enum { RATE = 8000, FRAME = 160, SAMPLES_PER_CHARACTER = 400 };

struct fixture {
	struct loop *loop;
	struct voicebox box;
	struct conversation *conversation;
	struct conversation_conf conf;
	struct dialog dialog;
	json_t *messages, *records;
	char ended[32];
	int clears;
	uint64_t sent; /* samples to the caller */
	bool echo;     /* marks come back when their audio was played */
	uint64_t play_ms;
	uint64_t marks[512], mark_due[512];
	size_t mark_count;
	/* the dialogue's script */
	const char *answer, *greeting;
	bool hang_up;
	char heard[256], cut[256];
	int hears, interrupts, silences, greets;
	bool was_digits;
	/* the recogniser's script */
	const char *understood;
	size_t fed;
};

static struct fixture *now_testing;
static double loudness = 900; /* of each harmonic of the caller's buzz */

/* ---- scripted recogniser and synthesiser ---- */

struct fake_ear {
	struct timer *timer;
	stt_final_h *finalh;
	void *arg;
};

static void fake_result(void *arg)
{
	struct fake_ear *ear = arg;
	struct stt_result result = {
		.text = now_testing->understood, .confidence = 0.9, .in_grammar = true};

	ear->finalh(&result, ear->arg);
}

static void fake_ear_destroy(void *data)
{
	struct fake_ear *ear = data;

	mem_unref(ear->timer);
}

static int fake_open(void **ret_ear, const struct voicebox *box, uint32_t rate_hz,
		     stt_partial_h *partialh, void *arg)
{
	struct fake_ear *ear = mem_new(sizeof(*ear), fake_ear_destroy);

	ear->timer = timer_new(now_testing->loop, fake_result, ear);
	ear->arg = arg;
	*ret_ear = ear;
	return 0;
}

static int fake_set_grammar(void *ear, const char *jsgf)
{
	return 0;
}

static void fake_begin(void *ear)
{
	now_testing->fed = 0;
}

static void fake_feed(void *ear, const int16_t *samples, size_t count)
{
	now_testing->fed += count;
}

static void fake_end(void *data, stt_final_h *finalh)
{
	struct fake_ear *ear = data;

	ear->finalh = finalh;
	timer_start(ear->timer, 10);
}

struct fake_speech {
	struct timer *timer;
	tts_audio_h *audioh;
	tts_done_h *doneh;
	void *arg;
	size_t samples;
};

static void fake_spoken(void *arg)
{
	struct fake_speech *speech = mem_ref(arg);
	int16_t *audio = mem_alloc(speech->samples * sizeof(*audio));

	speech->audioh(audio, speech->samples, speech->arg);
	speech->doneh(0, speech->arg);
	mem_free(audio);
	mem_unref(speech);
}

static void fake_speech_destroy(void *data)
{
	struct fake_speech *speech = data;

	mem_unref(speech->timer);
}

static int fake_speak(void **ret_speech, const struct voicebox *box,
		      const struct tts_params *params, tts_audio_h *audioh, tts_done_h *doneh,
		      void *arg)
{
	struct fake_speech *speech = mem_new(sizeof(*speech), fake_speech_destroy);

	speech->timer = timer_new(now_testing->loop, fake_spoken, speech);
	speech->audioh = audioh;
	speech->doneh = doneh;
	speech->arg = arg;
	speech->samples = strlen(params->text) * SAMPLES_PER_CHARACTER;
	timer_start(speech->timer, 10);
	*ret_speech = speech;
	return 0;
}

/* ---- scripted dialogue ---- */

static void dialog_answers(const char *text, bool hang_up)
{
	struct conversation *c = now_testing->conversation;

	if (text)
		conversation_dialog_handlers.sayh(text, c);
	conversation_dialog_handlers.turnh(hang_up, "script", c);
}

static void fake_greet(struct dialog *dialog, const char *text)
{
	now_testing->greets++;
	dialog_answers(text ? text : now_testing->greeting, false);
}

static void fake_hear(struct dialog *dialog, const struct dialog_input *input)
{
	now_testing->hears++;
	now_testing->was_digits = input->is_digits;
	str_copy(now_testing->heard, sizeof(now_testing->heard), input->text);
	if (now_testing->answer)
		dialog_answers(now_testing->answer, now_testing->hang_up);
}

static void fake_silence(struct dialog *dialog)
{
	now_testing->silences++;
	dialog_answers(NULL, false);
}

static void fake_interrupt(struct dialog *dialog, const char *heard)
{
	now_testing->interrupts++;
	str_copy(now_testing->cut, sizeof(now_testing->cut), heard);
}

static const struct dialog_ops fake_dialog_ops = {
	.name = "fake",
	.greet = fake_greet,
	.hear = fake_hear,
	.silence = fake_silence,
	.interrupt = fake_interrupt,
};

/* ---- the line ---- */

static void take_audio(const int16_t *samples, size_t count, void *arg)
{
	struct fixture *f = arg;
	uint64_t now = loop_now_ms(f->loop);

	f->sent += count;
	f->play_ms = (f->play_ms > now ? f->play_ms : now) + count * 1000 / RATE;
}

static void take_mark(uint64_t mark, void *arg)
{
	struct fixture *f = arg;

	assert_true(f->mark_count < ARRAY_LEN(f->marks));
	f->marks[f->mark_count] = mark;
	f->mark_due[f->mark_count++] = f->play_ms;
}

static void take_clear(void *arg)
{
	struct fixture *f = arg;

	f->clears++;
	f->play_ms = 0;
}

static void play_line(struct fixture *f)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->mark_count; i++) {
		if (f->mark_due[i] <= loop_now_ms(f->loop)) {
			if (f->echo)
				conversation_marked(f->conversation, f->marks[i]);
			continue;
		}
		f->marks[kept] = f->marks[i];
		f->mark_due[kept++] = f->mark_due[i];
	}
	f->mark_count = kept;
}

/* Let the caller be heard, or be silent, for so long. */
static void pass_ms(struct fixture *f, uint32_t ms, bool speaking)
{
	static double phase;

	for (uint32_t t = 0; t < ms; t += 20) {
		int16_t frame[FRAME] = {0};

		for (size_t i = 0; speaking && i < FRAME; i++) {
			phase += 2 * 3.14159265 * 150 / RATE;
			for (int harmonic = 1; harmonic <= 12; harmonic++)
				frame[i] += (int16_t)(loudness * sin(phase * harmonic));
		}
		conversation_audio(f->conversation, frame, FRAME);
		loop_advance_ms(f->loop, 20);
		play_line(f);
	}
}

static void keep_message(const json_t *message, void *arg)
{
	struct fixture *f = arg;

	json_array_append(f->messages, (json_t *)message);
}

static void keep_record(json_t *message, void *arg)
{
	struct fixture *f = arg;

	json_array_append(f->records, message);
}

static void keep_end(const char *reason, void *arg)
{
	struct fixture *f = arg;

	assert_string_equal(f->ended, "");
	str_copy(f->ended, sizeof(f->ended), reason);
}

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));

	f->loop = loop_new_fake();
	f->box = (struct voicebox){.open = fake_open,
				   .set_grammar = fake_set_grammar,
				   .begin = fake_begin,
				   .feed = fake_feed,
				   .end = fake_end,
				   .speak = fake_speak};
	f->conf = (struct conversation_conf){.call_id = "call-1",
					     .turn = turn_conf_default,
					     .threshold = 0.1f,
					     .turn_timing = true};
	f->messages = json_array();
	f->records = json_array();
	f->greeting = "Hello there.";
	f->understood = "two o'clock please";
	f->answer = "All right.";
	f->echo = true;
	now_testing = f;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	mem_unref(f->conversation);
	json_decref(f->messages);
	json_decref(f->records);
	mem_unref(f->loop);
	mem_free(f);
	return 0;
}

static void join(struct fixture *f)
{
	static const struct conversation_handlers handlers = {
		.messageh = keep_message, .recordh = keep_record, .endedh = keep_end};
	struct dialog *dialog = mem_new(sizeof(*dialog), NULL);
	struct conversation_line line = {
		.rate_hz = RATE,
		.output_rate_hz = RATE,
		.lead_ms = 1000,
		.audioh = take_audio,
		.markh = take_mark,
		.clearh = take_clear,
		.arg = f,
	};

	*dialog = (struct dialog){.ops = &fake_dialog_ops};
	f->conversation = conversation_new(f->loop, &f->box, &f->conf, &handlers, f);
	conversation_set_dialog(f->conversation, dialog);
	mem_unref(dialog);
	conversation_join(f->conversation, &line);
}

/* The greeting is over, nobody speaks. */
static void join_and_listen(struct fixture *f)
{
	join(f);
	pass_ms(f, 2000, false);
	assert_string_equal(conversation_state_name(f->conversation), "listening");
}

static const json_t *last_of(const json_t *list, const char *key, const char *value)
{
	for (size_t i = json_array_size(list); i > 0; i--) {
		const json_t *message = json_array_get(list, i - 1);

		if (str_equal(json_get_str(message, key, ""), value))
			return message;
	}
	return NULL;
}

static const char *record_text(struct fixture *f, const char *role)
{
	return json_get_str(last_of(f->records, "role", role), "text", "");
}

/* ---- tests ---- */

static void greeting_is_said_and_recorded_when_it_was_heard(void **state)
{
	struct fixture *f = *state;

	join(f);
	pass_ms(f, 200, false);
	assert_string_equal(conversation_state_name(f->conversation), "speaking");
	assert_int_equal(0, json_array_size(f->records));
	pass_ms(f, 1000, false);
	assert_string_equal("listening", conversation_state_name(f->conversation));
	assert_string_equal("Hello there.", record_text(f, "MESSAGE_ROLE_AGENT"));
	assert_int_equal(12 * SAMPLES_PER_CHARACTER, f->sent);
}

static void caller_turn_is_heard_and_answered(void **state)
{
	struct fixture *f = *state;
	const json_t *timing;

	join_and_listen(f);
	pass_ms(f, 800, true);
	assert_string_equal("hearing", conversation_state_name(f->conversation));
	pass_ms(f, 460, false);
	assert_int_equal(1, f->hears);
	assert_string_equal("Two o'clock please", f->heard);
	assert_string_equal("speaking", conversation_state_name(f->conversation));
	assert_string_equal("Two o'clock please", record_text(f, "MESSAGE_ROLE_USER"));
	timing = last_of(f->messages, "type", "turn_timing");
	assert_in_range(json_get_int(timing, "endOfSpeechMs", -1), 384, 420);
	assert_in_range(json_get_int(timing, "recognisedMs", -1), 200, 384);
	assert_in_range(json_get_int(timing, "firstAudioMs", -1), 384, 440);
}

static void recogniser_gets_audio_from_before_the_speech(void **state)
{
	struct fixture *f = *state;

	join_and_listen(f);
	pass_ms(f, 1000, true);
	assert_true(f->fed > (1000 + 200) * RATE / 1000);
}

static void pause_inside_a_turn_does_not_end_it(void **state)
{
	struct fixture *f = *state;

	join_and_listen(f);
	pass_ms(f, 600, true);
	pass_ms(f, 340, false); /* long enough to ask the recogniser, too short to be the end */
	pass_ms(f, 600, true);
	assert_int_equal(0, f->hears);
	assert_true(f->fed > 1500 * RATE / 1000); /* it heard the turn again, as a whole */
	pass_ms(f, 460, false);
	assert_int_equal(1, f->hears);
}

static void barge_in_clears_and_keeps_only_what_was_heard(void **state)
{
	struct fixture *f = *state;
	const json_t *final;
	const char *heard;

	f->greeting = "one two three four five six seven eight nine ten eleven twelve";
	join(f);
	pass_ms(f, 1500, false); /* 50 ms a character: 30 characters */
	assert_string_equal("speaking", conversation_state_name(f->conversation));
	pass_ms(f, 300, true);
	assert_string_equal("hearing", conversation_state_name(f->conversation));
	assert_int_equal(1, f->clears);
	assert_int_equal(1, f->interrupts);
	heard = record_text(f, "MESSAGE_ROLE_AGENT");
	assert_string_equal(heard, f->cut);
	final = last_of(f->messages, "role", "agent");
	assert_true(json_get_bool(final, "final", false));
	assert_string_equal(heard, json_get_str(final, "text", ""));
	assert_in_range(strlen(heard), 20, 34);
	assert_memory_equal(heard, f->greeting, strlen(heard));
	assert_int_equal(' ', f->greeting[strlen(heard)]); /* whole words */
}

static void barge_in_is_fast(void **state)
{
	struct fixture *f = *state;
	int frames = 0;

	f->greeting = "one two three four five six seven eight nine ten eleven twelve";
	join(f);
	pass_ms(f, 1500, false);
	while (f->clears == 0 && frames++ < 20)
		pass_ms(f, 20, true);
	assert_in_range(frames * 20, 90, 150);
}

static void short_noise_does_not_interrupt(void **state)
{
	struct fixture *f = *state;

	f->greeting = "one two three four five six seven eight nine ten eleven twelve";
	join(f);
	pass_ms(f, 1000, false);
	pass_ms(f, 60, true);
	pass_ms(f, 600, false);
	assert_int_equal(0, f->clears);
	assert_string_equal("speaking", conversation_state_name(f->conversation));
	assert_int_equal(0, f->hears);
}

static void echo_of_the_agent_does_not_interrupt(void **state)
{
	struct fixture *f = *state;

	f->answer = "one two three four five six seven eight nine ten eleven twelve";
	join_and_listen(f);
	pass_ms(f, 1500, true); /* now it is known how loud the caller is */
	pass_ms(f, 500, false);
	assert_string_equal("speaking", conversation_state_name(f->conversation));
	loudness = 900 / 8.0; /* 18 dB below that */
	pass_ms(f, 1500, true);
	loudness = 900;
	assert_int_equal(0, f->clears);
	pass_ms(f, 200, true); /* the caller still gets through */
	assert_int_equal(1, f->clears);
}

static void minimum_interruption_is_honoured(void **state)
{
	struct fixture *f = *state;

	f->conf.turn.min_interruption_ms = 600;
	f->greeting = "one two three four five six seven eight nine ten eleven twelve";
	join(f);
	pass_ms(f, 500, false);
	pass_ms(f, 500, true);
	assert_int_equal(0, f->clears);
	pass_ms(f, 200, true);
	assert_int_equal(1, f->clears);
}

static void uninterruptible_greeting_is_not_cut(void **state)
{
	struct fixture *f = *state;

	f->conf.uninterruptible = true;
	f->conf.greeting = "This call is recorded for training.";
	join(f);
	pass_ms(f, 400, false);
	pass_ms(f, 800, true);
	assert_int_equal(0, f->clears);
	pass_ms(f, 1500, false);
	assert_string_equal("This call is recorded for training.",
			    record_text(f, "MESSAGE_ROLE_AGENT"));
	assert_int_equal(0, f->hears);
	pass_ms(f, 600, true); /* afterwards the caller is heard as ever */
	pass_ms(f, 460, false);
	assert_int_equal(1, f->hears);
}

static void hang_up_waits_for_the_last_words(void **state)
{
	struct fixture *f = *state;

	f->answer = "Goodbye then.";
	f->hang_up = true;
	join_and_listen(f);
	pass_ms(f, 600, true);
	pass_ms(f, 600, false);
	assert_string_equal("closing", conversation_state_name(f->conversation));
	assert_string_equal("", f->ended);
	pass_ms(f, 1000, false);
	assert_string_equal("agent_hangup", f->ended);
	assert_string_equal("Goodbye then.", record_text(f, "MESSAGE_ROLE_AGENT"));
}

static void last_words_are_bounded_when_marks_never_come(void **state)
{
	struct fixture *f = *state;

	f->echo = false;
	f->answer = "Goodbye then.";
	f->hang_up = true;
	join(f);
	pass_ms(f, 6000, false);
	pass_ms(f, 600, true);
	pass_ms(f, 8000, false);
	assert_string_equal("agent_hangup", f->ended);
}

static void time_limit_says_its_message_and_ends(void **state)
{
	struct fixture *f = *state;

	f->conf.max_duration_ms = 5000;
	f->conf.time_exceeded_message = "Time is up.";
	join(f);
	pass_ms(f, 5200, false);
	assert_string_equal("closing", conversation_state_name(f->conversation));
	pass_ms(f, 1500, false);
	assert_string_equal("timeout", f->ended);
	assert_string_equal("Time is up.", record_text(f, "MESSAGE_ROLE_AGENT"));
}

static void inactivity_messages_come_in_turn_and_hang_up(void **state)
{
	struct fixture *f = *state;

	f->conf.inactivity[0] =
		(struct conversation_inactivity){3000, (char *)"Still there?", INACTIVITY_GOES_ON};
	f->conf.inactivity[1] =
		(struct conversation_inactivity){1000, (char *)"Bye.", INACTIVITY_HANGS_UP};
	f->conf.inactivity_count = 2;
	join_and_listen(f);
	pass_ms(f, 2000, false);
	assert_string_equal("speaking", conversation_state_name(f->conversation));
	pass_ms(f, 1000, false);
	assert_string_equal("Still there?", record_text(f, "MESSAGE_ROLE_AGENT"));
	pass_ms(f, 2000, false);
	assert_string_equal("timeout", f->ended);
	assert_string_equal("Bye.", record_text(f, "MESSAGE_ROLE_AGENT"));
}

static void silence_is_told_to_the_dialogue(void **state)
{
	struct fixture *f = *state;

	join_and_listen(f);
	pass_ms(f, SILENCE_MS, false);
	assert_int_equal(1, f->silences);
	assert_string_equal("listening", conversation_state_name(f->conversation));
}

static void user_first_waits_then_falls_back(void **state)
{
	struct fixture *f = *state;

	f->conf.user_first = f->conf.has_fallback = true;
	f->conf.greeting_delay_ms = 3000;
	f->conf.greeting = "Hello, anybody there?";
	join(f);
	pass_ms(f, 2900, false);
	assert_int_equal(0, f->greets);
	pass_ms(f, 200, false);
	assert_int_equal(1, f->greets);
}

static void user_first_is_answered_without_greeting(void **state)
{
	struct fixture *f = *state;

	f->conf.user_first = f->conf.has_fallback = true;
	f->conf.greeting_delay_ms = 3000;
	join(f);
	pass_ms(f, 600, true);
	pass_ms(f, 4000, false);
	assert_int_equal(0, f->greets);
	assert_int_equal(1, f->hears);
}

static void digits_are_batched(void **state)
{
	struct fixture *f = *state;

	join_and_listen(f);
	conversation_digit(f->conversation, '4');
	pass_ms(f, 500, false);
	conversation_digit(f->conversation, '2');
	pass_ms(f, 1000, false);
	assert_int_equal(0, f->hears);
	pass_ms(f, 600, false);
	assert_int_equal(1, f->hears);
	assert_string_equal("42", f->heard);
	assert_true(f->was_digits);
}

static void digits_follow_their_template(void **state)
{
	struct fixture *f = *state;

	f->conf.digits_text = "Keys: {digits}!";
	join_and_listen(f);
	conversation_digit(f->conversation, '7');
	conversation_digit(f->conversation, '#');
	assert_string_equal("Keys: 7#!", f->heard);
	assert_false(f->was_digits);
}

static void hang_up_command_says_its_message(void **state)
{
	struct fixture *f = *state;
	struct data_message message = {.type = DATA_HANG_UP, .text = "We are closing."};

	join_and_listen(f);
	conversation_command(f->conversation, &message);
	assert_string_equal("", f->ended);
	pass_ms(f, 1500, false);
	assert_string_equal("hangup", f->ended);
	assert_string_equal("We are closing.", record_text(f, "MESSAGE_ROLE_AGENT"));
}

static void forced_message_waits_when_not_urgent(void **state)
{
	struct fixture *f = *state;
	struct data_message message = {
		.type = DATA_FORCED_AGENT, .text = "By the way.", .urgency = URGENCY_SOON};

	join(f);
	pass_ms(f, 100, false);
	conversation_command(f->conversation, &message);
	assert_int_equal(0, f->clears);
	pass_ms(f, 3000, false);
	assert_int_equal(0, f->clears);
	assert_int_equal(2, json_array_size(f->records));
	assert_string_equal("By the way.", record_text(f, "MESSAGE_ROLE_AGENT"));
}

static void silent_dialogue_is_given_up_on(void **state)
{
	struct fixture *f = *state;

	f->answer = NULL; /* neither words nor the end of its turn */
	join_and_listen(f);
	pass_ms(f, 600, true);
	pass_ms(f, 1000, false);
	assert_string_equal("thinking", conversation_state_name(f->conversation));
	pass_ms(f, MAX_THINKING_MS, false);
	assert_string_equal("listening", conversation_state_name(f->conversation));
	assert_int_equal(1, f->interrupts);
}

static void every_event_in_every_state_keeps_the_invariants(void **state)
{
	for (enum state from = NEW; from <= ENDED; from++) {
		for (enum event event = EV_JOIN; event <= EV_END; event++) {
			const struct transition *transition = find_transition(from, event);
			size_t rows = 0;

			for (size_t i = 0; i < ARRAY_LEN(transitions); i++)
				rows += transitions[i].from == from &&
					transitions[i].event == event;
			assert_in_range(rows, 0, 1);
			if (from == ENDED)
				assert_null(transition);
			if (event == EV_END && from != ENDED)
				assert_int_equal(ENDED, transition->to);
			if (from == CLOSING && transition)
				assert_int_equal(ENDED, transition->to);
			if (event == EV_LAST_WORDS && from > NEW && from < CLOSING)
				assert_int_equal(CLOSING, transition->to);
			if (transition && transition->to == NEW)
				fail_msg("back to new");
		}
	}
}

static void end_is_told_once(void **state)
{
	struct fixture *f = *state;

	join(f);
	pass_ms(f, 200, false);
	conversation_end(f->conversation, "hangup");
	conversation_end(f->conversation, "connection_error");
	pass_ms(f, 20000, true);
	assert_string_equal("hangup", f->ended);
}

#define T(test_) cmocka_unit_test_setup_teardown(test_, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(greeting_is_said_and_recorded_when_it_was_heard),
		T(caller_turn_is_heard_and_answered),
		T(recogniser_gets_audio_from_before_the_speech),
		T(pause_inside_a_turn_does_not_end_it),
		T(barge_in_clears_and_keeps_only_what_was_heard),
		T(barge_in_is_fast),
		T(short_noise_does_not_interrupt),
		T(echo_of_the_agent_does_not_interrupt),
		T(minimum_interruption_is_honoured),
		T(uninterruptible_greeting_is_not_cut),
		T(hang_up_waits_for_the_last_words),
		T(last_words_are_bounded_when_marks_never_come),
		T(time_limit_says_its_message_and_ends),
		T(inactivity_messages_come_in_turn_and_hang_up),
		T(silence_is_told_to_the_dialogue),
		T(user_first_waits_then_falls_back),
		T(user_first_is_answered_without_greeting),
		T(digits_are_batched),
		T(digits_follow_their_template),
		T(hang_up_command_says_its_message),
		T(forced_message_waits_when_not_urgent),
		T(silent_dialogue_is_given_up_on),
		T(every_event_in_every_state_keeps_the_invariants),
		T(end_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
