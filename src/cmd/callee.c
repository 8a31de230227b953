/*
 * voiceai callee: a telephone with somebody at it. It answers, listens for the end of what the
 * other side says, finds the rule of its script whose words it heard, and speaks the answer; or
 * puts right what the other side got wrong of what it wants.
 */
#include "cmd/callee_want.h"
#include "cmd/cmd.h"

#include "core/buf.h"
#include "core/json.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "engine/ear.h"
#include "engine/flow_calendar.h"
#include "loop/loop.h"
#include "loop/process.h"
#include "loop/timer.h"
#include "loop/work.h"
#include "media/dtmf.h"
#include "sip/sip.h"
#include "speech/stt.h"
#include "speech/tts.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum {
	RATE_HZ = 8000,
	WORKERS = 2,
	ANSWER_DELAY_MS = 600,    /* between ringing and picking up */
	TURN_END_MS = 700,        /* the other side has finished after so much quiet */
	MAX_LISTENING_MS = 70000, /* a bound; the ear itself ends a turn sooner */
	SILENCE_MS = 12000,       /* after which we say our last line again */
	HANG_UP_DELAY_MS = 3000,  /* the other side may do it first */
	MAX_TURNS = 40,
	MAX_SILENCES = 3,
	MAX_CORRECTIONS = 4, /* then talking on is of no use */
	MAX_SCRIPT_BYTES = 1 << 20,
	DIGIT_MS = 120,
	MAX_INTERRUPT_MS = 60000,
	MAX_ANSWER_DELAY_MS = 120000,
};

/* A grammar always answers something; what it is this unsure of was not said. */
static const double least_confidence = 0.3;

static const char usage[] =
	"usage: voiceai callee [--port N] [--script FILE] [--voice NAME] [--dial URI] [--once] "
	"[--print]\n"
	"\n"
	"A SIP phone that answers calls and speaks. It waits for its turn by listening, "
	"recognises\n"
	"what was said, and answers from a script.\n"
	"\n"
	"  --port N       UDP port (CALLEE_SIP_PORT)\n"
	"  --script FILE  what it says (CALLEE_SCRIPT): {\"first\": \"said at once\", \"rules\":\n"
	"                 [{\"hear\": [\"words\"], \"say\": \"..\", \"digits\": \"..\", "
	"\"hang_up\": true}],\n"
	"                 \"fallback\": [\"said when nothing was understood\"],\n"
	"                 \"answer_after_ms\": 600,\n"
	"                 \"interrupt\": {\"after_ms\": 2000, \"say\": \"said into the other's "
	"first words\"},\n"
	"                 \"wants\": {\"day\": {\"date\": \"next thursday\", \"correct\": "
	"\"..\"}}}; "
	"a rule with\n"
	"                 \"check\": [\"day\"] says \"correct\" instead when it hears another day\n"
	"  --voice NAME   its voice, instead of the script's\n"
	"  --dial URI     call sip:NUMBER@HOST:PORT instead of waiting to be called; end after "
	"that "
	"call,\n"
	"                 exit 1 when nobody answered (the script's \"number\" is who calls)\n"
	"  --once         end after the first call\n"
	"  --print        print what it says, as lines \"caller  ...\"\n";

struct callee {
	struct loop *loop;
	struct settings *settings;
	struct log log;
	json_t *script;
	const struct tts_voice *voice;
	const char *dial; /* NULL: wait to be called */
	bool once;
	bool print;
	int exit_code;

	struct work_pool *pool;
	struct stt_engine *stt;
	struct tts *tts;
	struct voicebox box;
	struct sip *sip;

	/* The call; one at a time. */
	struct sip_call *call;
	struct ear *ear;
	struct tts_speech *speech;
	struct timer *answer_timer;
	struct timer *silence_timer;
	struct timer *hang_up_timer;
	struct timer *interrupt_timer;
	bool interrupted;
	const json_t *last; /* the rule followed last; NULL before the first */
	const char *said;   /* the script's words spoken last */
	uint32_t mark;
	unsigned turns, silences, misses, corrections;
	bool answered, speaking;
};

/* The script */

static int script_error(const char *path, const char *what)
{
	fprintf(stderr, "voiceai callee: %s: %s\n", path, what);
	return -EINVAL;
}

static bool is_strings(const json_t *list)
{
	const json_t *value;
	size_t i;

	json_array_foreach(list, i, value) if (!json_is_string(value)) return false;
	return json_is_array(list);
}

static int check_rule(const char *path, const json_t *wants, const json_t *rule, size_t number)
{
	const char *digits = json_get_str(rule, "digits", "");
	const json_t *check = json_object_get(rule, "check"), *name;
	char what[160];
	size_t i;

	snprintf(what, sizeof(what), "rule %zu: \"hear\" must be a list of phrases", number);
	if (!is_strings(json_object_get(rule, "hear")))
		return script_error(path, what);
	snprintf(what, sizeof(what), "rule %zu: \"say\", \"digits\" or \"hang_up\" is missing",
		 number);
	if (!json_get_str(rule, "say", NULL) && !*digits && !json_get_bool(rule, "hang_up", false))
		return script_error(path, what);
	snprintf(what, sizeof(what), "rule %zu: \"digits\" are 0-9, A-D, * and #", number);
	for (; *digits; digits++)
		if (!dtmf_is_digit(*digits))
			return script_error(path, what);
	snprintf(what, sizeof(what), "rule %zu: \"check\" must be a list of names of \"wants\"",
		 number);
	if (check && !is_strings(check))
		return script_error(path, what);
	json_array_foreach(
		check, i,
		name) if (!json_object_get(wants,
					   json_string_value(name))) return script_error(path,
											 what);
	return 0;
}

static int check_script(const char *path, const json_t *script)
{
	const json_t *rules = json_object_get(script, "rules"), *rule;
	const json_t *fallback = json_object_get(script, "fallback");
	const json_t *grammar = json_object_get(script, "grammar");
	const json_t *wants = json_object_get(script, "wants");
	const json_t *interrupt = json_object_get(script, "interrupt");
	char what[160];
	size_t i;

	if (!json_is_array(rules) || !json_array_size(rules))
		return script_error(path, "\"rules\" must be a list with at least one rule");
	if (fallback && !is_strings(fallback))
		return script_error(path, "\"fallback\" must be a list of sentences");
	if (grammar && !is_strings(grammar))
		return script_error(path, "\"grammar\" must be a list of lines");
	if (callee_want_check(wants, what))
		return script_error(path, what);
	if (interrupt &&
	    (!json_get_str(interrupt, "say", NULL) || json_get_int(interrupt, "after_ms", -1) < 0 ||
	     json_get_int(interrupt, "after_ms", -1) > MAX_INTERRUPT_MS))
		return script_error(path, "\"interrupt\" must have \"say\", and \"after_ms\" from "
					  "0 to 60000");
	if (json_get_int(script, "answer_after_ms", 0) < 0 ||
	    json_get_int(script, "answer_after_ms", 0) > MAX_ANSWER_DELAY_MS)
		return script_error(path, "\"answer_after_ms\" must be from 0 to 120000");
	json_array_foreach(rules, i, rule) if (check_rule(path, wants, rule, i + 1)) return -EINVAL;
	return 0;
}

static int load_script(json_t **ret_script, const char *path)
{
	auto_json json_t *script = NULL;
	char error[JSON_ERROR_SIZE];
	auto_free char *text = NULL;
	struct stat info;
	FILE *file = fopen(path, "re");
	size_t len;

	if (!file)
		return script_error(path, strerror(errno));
	if (fstat(fileno(file), &info) || info.st_size > MAX_SCRIPT_BYTES) {
		fclose(file);
		return script_error(path, "larger than 1 MB");
	}
	text = mem_alloc((size_t)info.st_size + 1);
	len = fread(text, 1, (size_t)info.st_size, file);
	fclose(file);
	if (json_parse(&script, text, len, error))
		return script_error(path, error);
	if (check_script(path, script))
		return -EINVAL;
	*ret_script = json_incref(script);
	return 0;
}

/* How many words the phrase has, when it is in the text as whole words; else 0. */
static int phrase_score(const char *text, const char *phrase)
{
	size_t len = strlen(phrase);
	int words = 1;

	for (const char *at = phrase; *at; at++)
		words += *at == ' ';
	for (const char *at = text; len && (at = strstr(at, phrase)); at++)
		if ((at == text || at[-1] == ' ') && (!at[len] || at[len] == ' '))
			return words;
	return 0;
}

/* The rule of which most was heard, the earlier of equals; NULL when nothing was. */
static const json_t *find_rule(const json_t *script, const char *text)
{
	const json_t *rule, *phrase, *best = NULL;
	int best_score = 0;
	size_t i, k;

	json_array_foreach(json_object_get(script, "rules"), i, rule)
	{
		int score = 0;

		json_array_foreach(json_object_get(rule, "hear"), k, phrase) score +=
			phrase_score(text, json_string_value(phrase));
		if (score > best_score) {
			best_score = score;
			best = rule;
		}
	}
	return best;
}

/* Speaking */

static void on_speech(const int16_t *samples, size_t count, void *arg)
{
	struct callee *callee = arg;

	sip_call_play(callee->call, samples, count);
}

static void on_spoken(int err, void *arg)
{
	struct callee *callee = arg;

	if (err)
		LOG_ERROR(&callee->log, "callee_cannot_speak", LOG_ERR(err));
	sip_call_mark(callee->call, ++callee->mark);
}

static void say(struct callee *callee, const char *text)
{
	struct tts_params params = {.voice = callee->voice, .text = text, .rate_hz = RATE_HZ};

	LOG_INFO(&callee->log, "callee_says", LOG_STR("text", text));
	if (callee->print) {
		printf("caller  %s\n", text);
		fflush(stdout);
	}
	callee->speaking = true;
	callee->said = text;
	timer_stop(callee->silence_timer);
	ear_set_mode(callee->ear, EAR_CLOSED);
	callee->speech = mem_unref(callee->speech);
	if (tts_speak(&callee->speech, callee->tts, &params, on_speech, on_spoken, callee))
		on_spoken(-EINVAL, callee);
}

/* Today where this phone is, counted as in flow_calendar.h. */
static int32_t today(void)
{
	const time_t now = time(NULL);
	struct tm local;

	localtime_r(&now, &local);
	return date_of(local.tm_year + 1900, (unsigned)local.tm_mon + 1, (unsigned)local.tm_mday);
}

static void follow(struct callee *callee, const json_t *rule)
{
	const char *text = json_get_str(rule, "say", NULL);

	callee->last = rule;
	for (const char *digit = json_get_str(rule, "digits", ""); *digit; digit++)
		sip_call_send_digit(callee->call, *digit, DIGIT_MS);
	if (json_get_bool(rule, "hang_up", false))
		timer_start(callee->hang_up_timer, HANG_UP_DELAY_MS);
	if (text)
		say(callee, text);
}

/* Nothing fits: say the last line again, or ask; not both in turn for ever. */
static void fall_back(struct callee *callee)
{
	const json_t *fallback = json_object_get(callee->script, "fallback");
	size_t count = json_array_size(fallback);

	if (callee->misses++ % 2 == 1 && callee->last)
		follow(callee, callee->last);
	else if (count)
		say(callee,
		    json_string_value(json_array_get(fallback, callee->misses / 2 % count)));
	else if (callee->last)
		follow(callee, callee->last);
}

/* Listening */

static void on_heard(const struct ear_result *result, void *arg)
{
	struct callee *callee = arg;
	const bool is_clear = result->confidence >= least_confidence;
	const json_t *rule = is_clear ? find_rule(callee->script, result->text) : NULL;
	const json_t *missed =
		callee_want_missed(json_object_get(callee->script, "wants"),
				   json_object_get(rule, "check"), result->text, today());

	LOG_INFO(&callee->log, "callee_heard", LOG_STR("text", result->text),
		 LOG_NUMBER("confidence", result->confidence),
		 LOG_STR("understood", rule ? "yes" : "no"),
		 LOG_STR("as_wanted", missed ? "no" : "yes"));
	callee->silences = 0;
	if (callee->speaking)
		return;
	if (++callee->turns > MAX_TURNS) {
		sip_call_hangup(callee->call);
		return;
	}
	timer_start(callee->silence_timer, SILENCE_MS);
	if (missed && callee->corrections++ == MAX_CORRECTIONS) {
		sip_call_hangup(callee->call);
	} else if (missed) {
		say(callee, json_get_str(missed, "correct", ""));
	} else if (rule) {
		callee->misses = 0;
		follow(callee, rule);
	} else {
		fall_back(callee);
	}
}

static void say_again(struct callee *callee)
{
	if (callee->said)
		say(callee, callee->said);
	else
		follow(callee, callee->last);
}

static void on_silence(void *arg)
{
	struct callee *callee = arg;

	if (++callee->silences > MAX_SILENCES) {
		sip_call_hangup(callee->call);
		return;
	}
	timer_start(callee->silence_timer, SILENCE_MS);
	if (callee->last || callee->said)
		say_again(callee);
	else
		say(callee, "Hello?");
}

static void on_hang_up(void *arg)
{
	struct callee *callee = arg;

	sip_call_hangup(callee->call);
}

/* The call */

static void on_audio(struct sip_call *call, const int16_t *samples, void *arg)
{
	struct callee *callee = arg;

	ear_audio(callee->ear, samples, SIP_FRAME_SAMPLES);
}

static void on_mark(struct sip_call *call, uint32_t mark, void *arg)
{
	struct callee *callee = arg;

	if (mark != callee->mark)
		return;
	callee->speaking = false;
	ear_set_mode(callee->ear, EAR_OPEN);
	timer_start(callee->silence_timer, SILENCE_MS);
}

static void on_answered(struct sip_call *call, void *arg)
{
	struct callee *callee = arg;
	const char *first = json_get_str(callee->script, "first", NULL);

	callee->answered = true;
	timer_start(callee->silence_timer, SILENCE_MS);
	if (first)
		say(callee, first);
}

static void on_started(void *arg)
{
	struct callee *callee = arg;
	const json_t *interrupt = json_object_get(callee->script, "interrupt");

	timer_start(callee->silence_timer, MAX_LISTENING_MS);
	if (interrupt && !callee->interrupted)
		timer_start(callee->interrupt_timer,
			    (uint64_t)json_get_int(interrupt, "after_ms", 0));
	callee->interrupted = true;
}

/* Into the other side's words, as impatient people do. */
static void on_interrupt(void *arg)
{
	struct callee *callee = arg;

	say(callee, json_get_str(json_object_get(callee->script, "interrupt"), "say", ""));
}

static void on_stopped(void *arg)
{
}

static void on_partial(const char *text, void *arg)
{
}

static void end_call(struct callee *callee)
{
	timer_stop(callee->answer_timer);
	timer_stop(callee->silence_timer);
	timer_stop(callee->hang_up_timer);
	timer_stop(callee->interrupt_timer);
	callee->speech = mem_unref(callee->speech);
	callee->ear = mem_unref(callee->ear);
	callee->call = mem_unref(callee->call);
}

static void on_ended(struct sip_call *call, enum sip_end end, int code, const char *reason,
		     void *arg)
{
	struct callee *callee = arg;

	LOG_INFO(&callee->log, "callee_call_ended", LOG_INT("code", code),
		 LOG_STR("reason", reason));
	if (callee->dial && !callee->answered) {
		fprintf(stderr, "voiceai callee: not answered: %d %s\n", code, reason);
		callee->exit_code = CMD_FAILED;
	}
	end_call(callee);
	if (callee->once || callee->dial)
		loop_stop(callee->loop);
}

/* What the other side may say, a JSGF grammar in lines; without one the language model listens. */
static void join_grammar(struct buf *buf, const json_t *script)
{
	const json_t *line;
	size_t i;

	json_array_foreach(json_object_get(script, "grammar"), i, line)
	{
		buf_append_str(buf, json_string_value(line));
		buf_append_char(buf, '\n');
	}
}

static int open_ear(struct callee *callee)
{
	static const struct ear_handlers ear_handlers = {
		.startedh = on_started,
		.partialh = on_partial,
		.stoppedh = on_stopped,
		.heardh = on_heard,
	};
	struct ear_conf conf = {.rate_hz = RATE_HZ, .turn = turn_conf_default, .threshold = 0.1f};
	auto_buf struct buf grammar = {NULL};
	int err;

	conf.turn.endpoint_ms = TURN_END_MS;
	err = ear_new(&callee->ear, callee->loop, &callee->box, &conf, &ear_handlers, callee);
	if (err)
		return err;
	join_grammar(&grammar, callee->script);
	ear_set_grammar(callee->ear, grammar.len ? buf_str(&grammar) : NULL);
	ear_set_mode(callee->ear, EAR_OPEN);
	return 0;
}

static const struct sip_call_handlers call_handlers = {
	.answeredh = on_answered,
	.audioh = on_audio,
	.markh = on_mark,
	.endedh = on_ended,
};

static void begin_call(struct callee *callee, const char *call_id)
{
	log_init(&callee->log, "callee", call_id);
	callee->last = NULL;
	callee->said = NULL;
	callee->turns = callee->silences = callee->misses = callee->corrections = 0;
	callee->speaking = callee->interrupted = callee->answered = false;
}

static void on_incoming(struct sip_call *call, void *arg)
{
	struct callee *callee = arg;

	if (callee->call || callee->dial) {
		sip_call_reject(call, 486, NULL);
		return;
	}
	begin_call(callee, sip_call_id(call));
	callee->call = mem_ref(call);
	sip_call_accept(call, &call_handlers, callee);
	if (open_ear(callee)) {
		LOG_ERROR(&callee->log, "callee_cannot_listen");
		sip_call_reject(call, 480, NULL);
		return;
	}
	sip_call_ring(call);
	timer_start(callee->answer_timer,
		    (uint64_t)json_get_int(callee->script, "answer_after_ms", ANSWER_DELAY_MS));
}

static int dial(struct callee *callee)
{
	const struct sip_dial_params params = {
		.to_uri = callee->dial,
		.from_user = json_get_str(callee->script, "number", "+15550100123"),
	};
	int err = sip_dial(&callee->call, callee->sip, &params, &call_handlers, callee);

	if (err) {
		fprintf(stderr, "voiceai callee: --dial %s: %s\n", callee->dial, strerror(-err));
		return err;
	}
	begin_call(callee, sip_call_id(callee->call));
	err = open_ear(callee);
	if (err)
		fprintf(stderr, "voiceai callee: cannot listen: %s\n", strerror(-err));
	return err;
}

static void on_answer_time(void *arg)
{
	struct callee *callee = arg;

	sip_call_answer(callee->call);
}

/* The command */

static void stop(int signum, void *arg)
{
	loop_stop(arg);
}

static int open_speech(struct callee *callee)
{
	struct stt_engine_conf conf = {
		.model_dir = callee->settings->stt_model_dir,
		.map_path = callee->settings->stt_map_path,
		.max_decoders = 2,
	};
	int err;

	callee->pool = work_pool_new(callee->loop, WORKERS);
	callee->tts = tts_new(callee->loop, callee->pool);
	err = stt_engine_new(&callee->stt, callee->loop, callee->pool, &conf);
	if (err)
		fprintf(stderr, "voiceai callee: the recogniser cannot be loaded from %s: %s\n",
			conf.model_dir, strerror(-err));
	callee->box = voicebox_real(callee->stt, callee->tts);
	return err;
}

static int open_phone(struct callee *callee, uint16_t port)
{
	struct sip_conf conf = {
		.bind_address = callee->settings->sip_bind_address,
		.port = port,
		.rtp_port_min = (uint16_t)callee->settings->rtp_port_min,
		.rtp_port_max = (uint16_t)callee->settings->rtp_port_max,
		.max_calls = 2,
		.user_agent = "voiceai callee",
	};
	int err = sip_open(&callee->sip, callee->loop, &conf, on_incoming, callee);

	if (err)
		fprintf(stderr, "voiceai callee: CALLEE_SIP_PORT: cannot use UDP %s:%u: %s\n",
			conf.bind_address, port, strerror(-err));
	else
		LOG_INFO(&callee->log, "callee_ready", LOG_INT("port", sip_port(callee->sip)));
	return err;
}

static void callee_destroy(void *data)
{
	struct callee *callee = data;

	end_call(callee);
	mem_unref(callee->sip);
	mem_unref(callee->answer_timer);
	mem_unref(callee->silence_timer);
	mem_unref(callee->hang_up_timer);
	mem_unref(callee->interrupt_timer);
	mem_unref(callee->stt);
	mem_unref(callee->tts);
	mem_unref(callee->pool);
	json_decref(callee->script);
	mem_unref(callee->settings);
	mem_unref(callee->loop);
}

struct options {
	const char *script;
	const char *voice;
	int64_t port;
};

static int parse_options(struct callee *callee, struct options *options, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (str_equal(argv[i], "--once"))
			callee->once = true;
		else if (str_equal(argv[i], "--print"))
			callee->print = true;
		else if (str_equal(argv[i], "--script") && value)
			options->script = argv[++i];
		else if (str_equal(argv[i], "--dial") && value)
			callee->dial = argv[++i];
		else if (str_equal(argv[i], "--voice") && value)
			options->voice = argv[++i];
		else if (str_equal(argv[i], "--port") && value) {
			if (str_parse_int(&options->port, argv[++i], 1, 65535))
				return cmd_misuse("callee", "--port must be 1 to 65535");
		} else
			return cmd_misuse("callee", "unknown or incomplete option");
	}
	return CMD_OK;
}

static int prepare(struct callee *callee, const struct options *options)
{
	const char *path = options->script ? options->script : callee->settings->callee_script;
	const char *voice;

	if (load_script(&callee->script, path))
		return CMD_USAGE;
	voice = options->voice ? options->voice : json_get_str(callee->script, "voice", "David");
	callee->voice = tts_voice_find(voice);
	if (!callee->voice)
		return cmd_misuse("callee", "there is no such voice");
	callee->answer_timer = timer_new(callee->loop, on_answer_time, callee);
	callee->silence_timer = timer_new(callee->loop, on_silence, callee);
	callee->hang_up_timer = timer_new(callee->loop, on_hang_up, callee);
	callee->interrupt_timer = timer_new(callee->loop, on_interrupt, callee);
	return CMD_OK;
}

int cmd_callee(int argc, char **argv)
{
	auto_unref struct callee *callee = NULL;
	auto_unref struct signal_watch *term = NULL, *interrupt = NULL;
	struct options options = {0};
	int code;

	if (cmd_help(argc, argv, usage))
		return CMD_OK;
	callee = mem_new(sizeof(*callee), callee_destroy);
	log_init(&callee->log, "callee", "");
	code = parse_options(callee, &options, argc, argv);
	if (code != CMD_OK)
		return code;
	callee->settings = cmd_settings();
	if (!callee->settings)
		return CMD_USAGE;
	callee->loop = loop_new();
	code = prepare(callee, &options);
	if (code != CMD_OK)
		return code;
	signal_watch_new(&term, callee->loop, SIGTERM, stop, callee->loop);
	signal_watch_new(&interrupt, callee->loop, SIGINT, stop, callee->loop);
	if (open_speech(callee) ||
	    open_phone(callee,
		       (uint16_t)(options.port ? options.port : callee->settings->callee_sip_port)))
		return CMD_FAILED;
	if (callee->dial && dial(callee))
		return CMD_FAILED;
	loop_run(callee->loop);
	return callee->exit_code;
}
