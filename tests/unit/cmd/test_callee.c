/*
 * Protects the demo callee: it is called over SIP by somebody who speaks the agent's questions, and
 * has to hear each and give the answer of its script, in turn.
 */
#include "cmd/cmd.h"

#include "core/log.h"
#include "core/mem.h"
#include "loop/loop.h"
#include "loop/work.h"
#include "sip/sip.h"
#include "speech/tts.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { FIRST_PORT = 23900, PORTS = 100, DEADLINE_MS = 90000 };

static const struct {
	const char *question;
	const char *answer;
} turns[] = {
	{"Hello, this is the Oak Street dental practice. Would you like to book, move or cancel an "
	 "appointment?",
	 "caller  I would like to book an appointment.\n"},
	{"What day would you like?", "caller  Next Thursday.\n"},
	{"What time on Thursday, December third would you like?", "caller  Three p.m.\n"},
	{"May I have your first name, please?", "caller  My name is Daniel.\n"},
	{"So that is Thursday, December third at three p.m., for Daniel. Is that right?",
	 "caller  Yes, that is right.\n"},
};
enum { TURNS = sizeof(turns) / sizeof(turns[0]) };

struct agent {
	struct loop *loop;
	struct sip_call *call;
	struct tts *tts;
	struct tts_speech *speech;
	size_t turn;
	bool answered, ended, heard_reply;
	unsigned loud, quiet;
};

static uint64_t real_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void on_speech(const int16_t *samples, size_t count, void *arg)
{
	struct agent *agent = arg;

	sip_call_play(agent->call, samples, count);
}

static void on_spoken(int err, void *arg)
{
	assert_int_equal(err, 0);
}

static void ask(struct agent *agent)
{
	struct tts_params params = {
		.voice = tts_voice_find("Sarah"),
		.text = turns[agent->turn].question,
		.rate_hz = 8000,
	};

	agent->loud = agent->quiet = 0;
	agent->speech = mem_unref(agent->speech);
	assert_int_equal(
		tts_speak(&agent->speech, agent->tts, &params, on_speech, on_spoken, agent), 0);
}

/* The callee has spoken when there was sound and then half a second of none. */
static void on_audio(struct sip_call *call, const int16_t *samples, void *arg)
{
	struct agent *agent = arg;
	long level = 0;

	for (int i = 0; i < SIP_FRAME_SAMPLES; i++)
		level += labs(samples[i]);
	if (level / SIP_FRAME_SAMPLES > 200) {
		agent->loud++;
		agent->quiet = 0;
	} else if (++agent->quiet == 25 && agent->loud > 10) {
		if (++agent->turn < TURNS)
			ask(agent);
	}
}

static void on_answered(struct sip_call *call, void *arg)
{
	ask(arg);
}

static void on_ended(struct sip_call *call, enum sip_end end, int code, const char *reason,
		     void *arg)
{
	struct agent *agent = arg;

	agent->ended = true;
}

/* A UDP port that nobody has, nor is given before the callee has it. */
static uint16_t free_port(void)
{
	for (uint16_t port = FIRST_PORT; port < FIRST_PORT + PORTS; port++) {
		struct sockaddr_in address = {.sin_family = AF_INET,
					      .sin_port = htons(port),
					      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		int fd = socket(AF_INET, SOCK_DGRAM, 0);
		bool free = bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

		close(fd);
		if (free)
			return port;
	}
	fail_msg("no free port from %d on", FIRST_PORT);
	return 0;
}

static pid_t start_callee(int *ret_out, const char *port)
{
	char *argv[] = {"callee", "--port", (char *)port, "--once", "--print", NULL};
	int out[2];
	pid_t pid;

	assert_int_equal(pipe(out), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		close(out[0]);
		assert_int_equal(chdir(SOURCE_DIR), 0);
		_exit(cmd_callee(5, argv));
	}
	close(out[1]);
	*ret_out = out[0];
	return pid;
}

static void every_question_gets_its_answer(void **state)
{
	static const struct sip_call_handlers handlers = {
		.answeredh = on_answered,
		.audioh = on_audio,
		.endedh = on_ended,
	};
	struct sip_conf conf = {.rtp_port_min = 23800, .rtp_port_max = 23900};
	struct agent agent = {0};
	struct work_pool *pool;
	char output[2048] = "", expected[2048] = "";
	struct sip *sip;
	char port[8], to_uri[64];
	int out, status;
	pid_t pid;
	uint64_t deadline = real_ms() + DEADLINE_MS;

	snprintf(port, sizeof(port), "%u", free_port());
	snprintf(to_uri, sizeof(to_uri), "sip:callee@127.0.0.1:%s", port);
	/* While there is no other thread, which could hold a lock that the child needs. */
	pid = start_callee(&out, port);
	agent.loop = loop_new();
	pool = work_pool_new(agent.loop, 1);
	agent.tts = tts_new(agent.loop, pool);
	assert_int_equal(sip_open(&sip, agent.loop, &conf, NULL, NULL), 0);
	/* Dialled until it is there; INVITEs before that are repeated by the stack. */
	assert_int_equal(sip_dial(&agent.call, sip, &(struct sip_dial_params){.to_uri = to_uri},
				  &handlers, &agent),
			 0);
	while (agent.turn < TURNS && !agent.ended && real_ms() < deadline)
		loop_run_once(agent.loop, 20);
	sip_call_hangup(agent.call);
	while (!agent.ended && real_ms() < deadline)
		loop_run_once(agent.loop, 20);
	kill(pid, SIGTERM);
	waitpid(pid, &status, 0);
	for (size_t len = 0; len + 1 < sizeof(output);) {
		ssize_t got = read(out, output + len, sizeof(output) - 1 - len);

		if (got <= 0)
			break;
		len += (size_t)got;
	}
	close(out);
	for (size_t i = 0; i < TURNS; i++)
		strcat(expected, turns[i].answer);
	mem_unref(agent.speech);
	mem_unref(agent.call);
	mem_unref(sip);
	mem_unref(agent.tts);
	mem_unref(pool);
	loop_run_once(agent.loop, 0);
	mem_unref(agent.loop);
	assert_string_equal(output, expected);
	assert_int_equal(agent.turn, TURNS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_question_gets_its_answer)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
