/*
 * Protects the call itself: two phones in one process, talking over loopback as strangers would.
 * Everything here goes through real sockets, so waiting is for events, with a deadline.
 */
#include "core/list.h"
#include "core/log.h"
#include "core/mem.h"
#include "loop/loop.h"
#include "sip/sip.h"

#include <errno.h>
#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { DEADLINE_MS = 8000 };

/* One side of one call, and what happened to it. */
struct side {
	struct sip_call *call;
	char trace[512];
	char digits[64];
	int marks;
	uint32_t last_mark;
	int frames;
	double power; /* of the last second of frames that were not silent */
	int loud_frames;
	int crossings;
	bool ended;
	enum sip_end end;
	int code;
};

struct fixture {
	struct loop *loop;
	struct sip *a, *b;
	struct side caller, callee;
	void (*on_incoming)(struct fixture *fixture);
};

static void trace(struct side *side, const char *word)
{
	size_t len = strlen(side->trace);

	snprintf(side->trace + len, sizeof(side->trace) - len, "%s ", word);
}

static void on_ringing(struct sip_call *call, bool early_media, void *arg)
{
	trace(arg, early_media ? "early" : "ringing");
}

static void on_answered(struct sip_call *call, void *arg)
{
	trace(arg, "answered");
}

static void on_audio(struct sip_call *call, const int16_t *samples, void *arg)
{
	struct side *side = arg;
	double power = 0;

	side->frames++;
	for (int i = 0; i < SIP_FRAME_SAMPLES; i++)
		power += (double)samples[i] * samples[i];
	power /= SIP_FRAME_SAMPLES;
	if (power < 1000)
		return;
	side->loud_frames++;
	side->power = power;
	for (int i = 1; i < SIP_FRAME_SAMPLES; i++)
		side->crossings += (samples[i - 1] < 0) != (samples[i] < 0);
}

static void on_digit(struct sip_call *call, char digit, uint32_t duration_ms, void *arg)
{
	struct side *side = arg;
	size_t len = strlen(side->digits);

	assert_in_range(duration_ms, 40, 400);
	if (len + 1 < sizeof(side->digits))
		side->digits[len] = digit;
}

static void on_mark(struct sip_call *call, uint32_t mark, void *arg)
{
	struct side *side = arg;

	side->marks++;
	side->last_mark = mark;
}

static void on_ended(struct sip_call *call, enum sip_end end, int code, const char *reason,
		     void *arg)
{
	struct side *side = arg;

	assert_false(side->ended);
	side->ended = true;
	side->end = end;
	side->code = code;
	trace(side, "ended");
}

static const struct sip_call_handlers handlers = {
	.ringingh = on_ringing,
	.answeredh = on_answered,
	.audioh = on_audio,
	.digith = on_digit,
	.markh = on_mark,
	.endedh = on_ended,
};

static void take_call(struct sip_call *call, void *arg)
{
	struct fixture *f = arg;

	f->callee.call = mem_ref(call);
	sip_call_accept(call, &handlers, &f->callee);
	if (f->on_incoming)
		f->on_incoming(f);
}

static int set_up_conf(void **state, const struct sip_conf *conf)
{
	struct fixture *f = mem_new(sizeof(*f), NULL);
	struct sip_conf caller = {
		.bind_address = conf->bind_address, .rtp_port_min = 23000, .rtp_port_max = 23400};

	f->loop = loop_new();
	assert_int_equal(sip_open(&f->a, f->loop, &caller, NULL, f), 0);
	assert_int_equal(sip_open(&f->b, f->loop, conf, take_call, f), 0);
	*state = f;
	return 0;
}

static int set_up(void **state)
{
	return set_up_conf(state, &(struct sip_conf){.rtp_port_min = 23400, .rtp_port_max = 23800});
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	mem_unref(f->caller.call);
	mem_unref(f->callee.call);
	mem_unref(f->a);
	mem_unref(f->b);
	loop_run_once(f->loop, 0);
	mem_unref(f->loop);
	mem_unref(f);
	return 0;
}

static uint64_t real_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Run the loop until the condition holds; fail at the deadline. */
#define WAIT_FOR(f_, condition_)                               \
	do {                                                   \
		uint64_t deadline_ = real_ms() + DEADLINE_MS;  \
		while (!(condition_) && real_ms() < deadline_) \
			loop_run_once((f_)->loop, 20);         \
		assert_true(condition_);                       \
	} while (0)

static void dial_params(struct fixture *f, const struct sip_dial_params *params)
{
	assert_int_equal(sip_dial(&f->caller.call, f->a, params, &handlers, &f->caller), 0);
}

static void dial(struct fixture *f, uint32_t ring_timeout_ms)
{
	char uri[64];

	snprintf(uri, sizeof(uri), "sip:+15550200@127.0.0.1:%u", sip_port(f->b));
	dial_params(f, &(struct sip_dial_params){.to_uri = uri,
						 .from_user = "+15550100",
						 .ring_timeout_ms = ring_timeout_ms});
}

static void answer(struct fixture *f)
{
	sip_call_ring(f->callee.call);
	sip_call_answer(f->callee.call);
}

static void connect_call(struct fixture *f)
{
	f->on_incoming = answer;
	dial(f, 0);
	WAIT_FOR(f, strstr(f->caller.trace, "answered") && strstr(f->callee.trace, "answered"));
}

static void call_is_answered_and_caller_hangs_up(void **state)
{
	struct fixture *f = *state;

	connect_call(f);
	assert_string_equal(sip_call_remote_user(f->callee.call), "+15550100");
	assert_string_equal(sip_call_local_user(f->callee.call), "+15550200");
	assert_string_equal(sip_call_source(f->callee.call), "127.0.0.1");
	assert_string_equal(sip_call_id(f->caller.call), sip_call_id(f->callee.call));
	sip_call_hangup(f->caller.call);
	WAIT_FOR(f, f->caller.ended && f->callee.ended);
	assert_int_equal(f->caller.end, SIP_END_LOCAL);
	assert_int_equal(f->callee.end, SIP_END_REMOTE);
	assert_int_equal(f->callee.code, 200);
	assert_string_equal(f->caller.trace, "ringing answered ended ");
	assert_string_equal(f->callee.trace, "answered ended ");
}

static void callee_hangs_up(void **state)
{
	struct fixture *f = *state;

	connect_call(f);
	sip_call_hangup(f->callee.call);
	WAIT_FOR(f, f->caller.ended && f->callee.ended);
	assert_int_equal(f->caller.end, SIP_END_REMOTE);
	assert_int_equal(f->callee.end, SIP_END_LOCAL);
}

static void dropping_the_last_reference_hangs_up(void **state)
{
	struct fixture *f = *state;

	connect_call(f);
	f->caller.call = mem_unref(f->caller.call);
	WAIT_FOR(f, f->callee.ended);
	assert_int_equal(f->callee.end, SIP_END_REMOTE);
	assert_false(f->caller.ended);
}

static void reject_busy(struct fixture *f)
{
	sip_call_reject(f->callee.call, 486, "Busy Here");
}

static void rejection_reaches_the_caller(void **state)
{
	struct fixture *f = *state;

	f->on_incoming = reject_busy;
	dial(f, 0);
	WAIT_FOR(f, f->caller.ended);
	assert_int_equal(f->caller.end, SIP_END_REJECTED);
	assert_int_equal(f->caller.code, 486);
	assert_string_equal(f->caller.trace, "ended ");
}

static void ring_only(struct fixture *f)
{
	sip_call_ring(f->callee.call);
}

static void cancel_reaches_the_callee(void **state)
{
	struct fixture *f = *state;

	f->on_incoming = ring_only;
	dial(f, 0);
	WAIT_FOR(f, strstr(f->caller.trace, "ringing"));
	sip_call_hangup(f->caller.call);
	WAIT_FOR(f, f->caller.ended && f->callee.ended);
	assert_int_equal(f->callee.end, SIP_END_REMOTE);
	assert_int_equal(f->callee.code, 487);
}

static void ringing_has_a_deadline(void **state)
{
	struct fixture *f = *state;

	f->on_incoming = ring_only;
	dial(f, 300);
	WAIT_FOR(f, f->caller.ended && f->callee.ended);
	assert_int_equal(f->caller.end, SIP_END_TIMEOUT);
	assert_int_equal(f->caller.code, 408);
	assert_int_equal(f->callee.code, 487);
}

static void play_sine(struct sip_call *call, double hz, int amplitude, size_t count)
{
	int16_t *samples = mem_alloc(count * sizeof(*samples));

	for (size_t i = 0; i < count; i++)
		samples[i] = (int16_t)(amplitude * sin(2 * M_PI * hz * (double)i / 8000));
	assert_int_equal(sip_call_play(call, samples, count), 0);
	mem_free(samples);
}

static void audio_arrives_as_it_was_sent(void **state)
{
	struct fixture *f = *state;
	double hz;

	connect_call(f);
	play_sine(f->caller.call, 440, 8000, 8000);
	sip_call_mark(f->caller.call, 7);
	WAIT_FOR(f, f->caller.marks == 1);
	assert_int_equal(f->caller.last_mark, 7);
	WAIT_FOR(f, f->callee.loud_frames >= 48);
	/* On a busy machine packets come late, and what was concealed meanwhile is heard besides.
	 */
	assert_in_range(f->callee.loud_frames, 48, 75);
	hz = f->callee.crossings * 50.0 / f->callee.loud_frames / 2;
	assert_true(hz > 425 && hz < 455);
	assert_in_range(sqrt(f->callee.power), 5000, 6200);
}

static void clear_drops_audio_and_reports_marks(void **state)
{
	struct fixture *f = *state;
	size_t dropped;

	connect_call(f);
	play_sine(f->caller.call, 440, 8000, 40000);
	sip_call_mark(f->caller.call, 1);
	play_sine(f->caller.call, 440, 8000, 40000);
	sip_call_mark(f->caller.call, 2);
	WAIT_FOR(f, f->callee.loud_frames > 3);
	assert_int_equal(f->caller.marks, 0);
	dropped = sip_call_clear(f->caller.call);
	assert_in_range(dropped, 70000, 79999);
	assert_int_equal(sip_call_queued_samples(f->caller.call), 0);
	WAIT_FOR(f, f->caller.marks == 2);
	assert_int_equal(f->caller.last_mark, 2);
}

static void digits_arrive_once_each_way(void **state)
{
	struct fixture *f = *state;

	connect_call(f);
	for (const char *digit = "159#"; *digit; digit++)
		sip_call_send_digit(f->caller.call, *digit, 80);
	for (const char *digit = "00*D"; *digit; digit++)
		sip_call_send_digit(f->callee.call, *digit, 0);
	sip_call_mark(f->caller.call, 1);
	assert_int_equal(sip_call_send_digit(f->caller.call, 'x', 0), -EINVAL);
	WAIT_FOR(f,
		 strlen(f->callee.digits) >= 4 && strlen(f->caller.digits) >= 4 && f->caller.marks);
	assert_string_equal(f->callee.digits, "159#");
	assert_string_equal(f->caller.digits, "00*D");
}

static int set_up_small(void **state)
{
	return set_up_conf(
		state,
		&(struct sip_conf){.rtp_port_min = 23400, .rtp_port_max = 23800, .max_calls = 1});
}

static void a_full_phone_is_busy(void **state)
{
	struct fixture *f = *state;
	struct side second = {NULL};
	char uri[64];

	connect_call(f);
	snprintf(uri, sizeof(uri), "sip:x@127.0.0.1:%u", sip_port(f->b));
	assert_int_equal(sip_dial(&second.call, f->a, &(struct sip_dial_params){.to_uri = uri},
				  &handlers, &second),
			 0);
	WAIT_FOR(f, second.ended);
	assert_int_equal(second.code, 486);
	mem_unref(second.call);
	assert_false(f->caller.ended);
}

static void bad_targets_are_refused(void **state)
{
	static const char *const uris[] = {
		NULL,        "",         "sip:", "http://x/", "sip:a b@c", "sip:a@b\r\nX:",
		"tel:+1555", "sip:<a>@b"};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(uris); i++)
		assert_int_equal(sip_dial(&f->caller.call, f->a,
					  &(struct sip_dial_params){.to_uri = uris[i]}, &handlers,
					  &f->caller),
				 -EINVAL);
	assert_int_equal(
		sip_dial(&f->caller.call, f->a,
			 &(struct sip_dial_params){
				 .to_uri = "sip:a@127.0.0.1",
				 .headers = (const char *const[]){"X-A: b\r\nVia: c", NULL}},
			 &handlers, &f->caller),
		-EINVAL);
	assert_null(f->caller.call);
}

static void look_at_headers(struct fixture *f)
{
	assert_string_equal(sip_call_header(f->callee.call, "x-note"), "hello there");
	assert_null(sip_call_header(f->callee.call, "X-Missing"));
	reject_busy(f);
}

static void extra_headers_reach_the_other_side(void **state)
{
	struct fixture *f = *state;
	char uri[64];

	f->on_incoming = look_at_headers;
	snprintf(uri, sizeof(uri), "sip:x@localhost:%u", sip_port(f->b));
	dial_params(f, &(struct sip_dial_params){
			       .to_uri = uri,
			       .headers = (const char *const[]){"X-Note: hello there", NULL}});
	WAIT_FOR(f, f->caller.ended);
	assert_int_equal(f->caller.code, 486);
}

static void an_unwatched_call_is_refused(void **state)
{
	struct fixture *f = *state;

	f->callee.call = mem_unref(f->callee.call);
	f->on_incoming = NULL;
	dial(f, 0);
	WAIT_FOR(f, f->callee.call);
	f->callee.call = mem_unref(f->callee.call);
	WAIT_FOR(f, f->caller.ended);
	assert_int_equal(f->caller.code, 480);
}

static int set_up_ipv6(void **state)
{
	return set_up_conf(state, &(struct sip_conf){.bind_address = "::1",
						     .rtp_port_min = 23400,
						     .rtp_port_max = 23800});
}

static void calls_are_made_over_ipv6(void **state)
{
	struct fixture *f = *state;
	char uri[64];

	f->on_incoming = answer;
	snprintf(uri, sizeof(uri), "sip:x@[::1]:%u", sip_port(f->b));
	dial_params(f, &(struct sip_dial_params){.to_uri = uri});
	WAIT_FOR(f, strstr(f->caller.trace, "answered") && strstr(f->callee.trace, "answered"));
	assert_string_equal(sip_call_source(f->callee.call), "::1");
	play_sine(f->caller.call, 440, 8000, 8000);
	WAIT_FOR(f, f->callee.loud_frames >= 20);
	sip_call_hangup(f->callee.call);
	WAIT_FOR(f, f->caller.ended && f->callee.ended);
	assert_int_equal(f->caller.end, SIP_END_REMOTE);
}

/* Not every machine has it. */
static bool has_ipv6(void)
{
	struct sockaddr_in6 addr = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	bool bound = fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0;

	if (fd >= 0)
		close(fd);
	return bound;
}

/* A datagram from a stranger; returns what comes back, "" when nothing does. */
static void exchange(struct fixture *f, const char *packet, size_t len, char *ret_reply,
		     size_t size)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(sip_port(f->b)),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval wait = {.tv_usec = 300000};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	ssize_t got;

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	sendto(fd, packet, len, 0, (struct sockaddr *)&to, sizeof(to));
	got = ret_reply ? recv(fd, ret_reply, size - 1, 0) : 0;
	if (ret_reply)
		ret_reply[got > 0 ? got : 0] = '\0';
	close(fd);
}

static void requests_get_their_codes(void **state)
{
	static const struct {
		const char *method;
		const char *extra; /* headers and body */
		const char *status;
	} cases[] = {
		{"OPTIONS", "Content-Length: 0\r\n\r\n", "SIP/2.0 200 "},
		{"REGISTER", "Content-Length: 0\r\n\r\n", "SIP/2.0 405 "},
		{"MESSAGE", "Content-Length: 0\r\n\r\n", "SIP/2.0 405 "},
		{"DANCE", "Content-Length: 0\r\n\r\n", "SIP/2.0 501 "},
		{"BYE", "Content-Length: 0\r\n\r\n", "SIP/2.0 481 "},
		{"INVITE", "Require: 100rel\r\nContent-Length: 0\r\n\r\n", "SIP/2.0 420 "},
		{"INVITE",
		 "Content-Type: application/sdp\r\nContent-Length: 105\r\n\r\n"
		 "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
		 "m=audio 4000 RTP/AVP 18\r\na=sendrecv\r\n",
		 "SIP/2.0 488 "},
	};
	struct fixture *f = *state;
	char packet[1024], reply[2048];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int len = snprintf(packet, sizeof(packet),
				   "%s sip:x@127.0.0.1 SIP/2.0\r\n"
				   "Via: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK%zu\r\n"
				   "From: <sip:y@127.0.0.1>;tag=1\r\nTo: <sip:x@127.0.0.1>\r\n"
				   "Call-ID: case%zu\r\nCSeq: 1 %s\r\nMax-Forwards: 70\r\n"
				   "Contact: <sip:y@127.0.0.1>\r\n%s",
				   cases[i].method, i, i, cases[i].method, cases[i].extra);

		exchange(f, packet, (size_t)len, reply, sizeof(reply));
		if (strncmp(reply, cases[i].status, strlen(cases[i].status)))
			fail_msg("%s: %.40s", cases[i].method, reply);
	}
	assert_null(f->callee.call);
}

static void garbage_does_no_harm(void **state)
{
	struct fixture *f = *state;
	char packet[600];
	unsigned seed = 1;
	FILE *said = tmpfile();
	int err_fd = dup(STDERR_FILENO);

	dup2(fileno(said), STDERR_FILENO);
	for (int i = 0; i < 500; i++) {
		size_t len = (size_t)rand_r(&seed) % sizeof(packet);

		for (size_t k = 0; k < len; k++)
			packet[k] = (char)rand_r(&seed);
		if (i % 2 && len > 40)
			memcpy(packet, "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/U", 39);
		exchange(f, packet, len, NULL, 0);
	}
	connect_call(f);
	dup2(err_fd, STDERR_FILENO);
	close(err_fd);
	/* Strangers do not write our log. */
	assert_int_equal(lseek(fileno(said), 0, SEEK_END), 0);
	fclose(said);
}

int main(void)
{
#define WITH(set_up_, test_) cmocka_unit_test_setup_teardown(test_, set_up_, tear_down)
	const struct CMUnitTest tests[] = {
		WITH(set_up, call_is_answered_and_caller_hangs_up),
		WITH(set_up, callee_hangs_up),
		WITH(set_up, dropping_the_last_reference_hangs_up),
		WITH(set_up, rejection_reaches_the_caller),
		WITH(set_up, cancel_reaches_the_callee),
		WITH(set_up, ringing_has_a_deadline),
		WITH(set_up, audio_arrives_as_it_was_sent),
		WITH(set_up, clear_drops_audio_and_reports_marks),
		WITH(set_up, digits_arrive_once_each_way),
		WITH(set_up_small, a_full_phone_is_busy),
		WITH(set_up, bad_targets_are_refused),
		WITH(set_up, extra_headers_reach_the_other_side),
		WITH(set_up, an_unwatched_call_is_refused),
		WITH(set_up, requests_get_their_codes),
		WITH(set_up, garbage_does_no_harm),
	};

	const struct CMUnitTest ipv6_tests[] = {
		WITH(set_up_ipv6, calls_are_made_over_ipv6),
	};
	int failed;

	log_set_level(LOG_LEVEL_WARNING);
	failed = has_ipv6() ? cmocka_run_group_tests(ipv6_tests, NULL, NULL) : 0;
	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
