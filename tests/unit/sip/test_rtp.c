/*
 * Protects what is heard and sent against the other side's RTP: other laws, names and packet
 * lengths, loss, copies, disorder, a change of source, strangers, a machine that stands still, and
 * bytes that are no RTP at all.
 */
#include "media/dtmf.h"
#include "media/g711.h"
#include "unit/sip/sip_fixture.h"

#include <dirent.h>
#include <signal.h>
#include <stdatomic.h>

static void play_square(struct fixture *f, size_t count)
{
	int16_t *samples = mem_alloc(count * sizeof(*samples));

	for (size_t i = 0; i < count; i++)
		samples[i] = i / 8 % 2 ? 6000 : -6000;
	assert_int_equal(sip_call_play(f->call, samples, count), 0);
	mem_free(samples);
}

static void either_law_is_spoken_both_ways(void **state)
{
	static const struct {
		const char *formats, *more;
		int pt;
		enum g711_law law;
	} cases[] = {
		{"0", "", 0, G711_ULAW},
		{"8", "", 8, G711_ALAW},
		{"8 0", "a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n", 8, G711_ALAW},
		{"18 0 8", "a=rtpmap:18 G729/8000\r\n", 0, G711_ULAW},
		{"111 96", "a=rtpmap:111 opus/48000/2\r\na=rtpmap:96 PCMA/8000\r\n", 96, G711_ALAW},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t payload[160];
		int16_t heard[160], loud = 0;

		f->trace[0] = '\0';
		f->ended = false;
		f->loud_frames = 0;
		raw_drain_rtp(&f->phone);
		connect_out(f, cases[i].formats, cases[i].more);
		play_square(f, 8000);
		for (size_t k = 0; k < sizeof(payload); k++)
			heard[k] = k / 8 % 2 ? 6000 : -6000;
		g711_encode(payload, cases[i].law, heard, 160);
		for (int k = 0; k < 15; k++) {
			uint64_t next = now_ms() + 20;

			raw_send_rtp(&f->phone, cases[i].pt, payload, sizeof(payload));
			WAIT_FOR(f, now_ms() >= next);
		}
		assert_true(f->loud_frames > 5);
		assert_in_range(f->peak, 5800, 6200);
		WAIT_FOR(f, raw_got_rtp(&f->phone) == 172 &&
				    f->phone.packet[20] != f->phone.packet[30]);
		assert_int_equal(f->phone.packet[1] & 0x7f, cases[i].pt);
		g711_decode(heard, cases[i].law, f->phone.packet + 12, 160);
		for (size_t k = 0; k < 160; k++)
			loud = abs(heard[k]) > loud ? (int16_t)abs(heard[k]) : loud;
		assert_in_range(loud, 5800, 6200);
		raw_request(&f->phone, "BYE", NULL, NULL);
		WAIT_FOR(f, f->ended);
		f->call = mem_unref(f->call);
	}
}

static void packets_of_any_length_are_heard_whole(void **state)
{
	static const unsigned ptimes_ms[] = {10, 30, 60, 100};
	struct fixture *f = *state;

	connect_in(f, "0", "a=ptime:30\r\n");
	for (size_t i = 0; i < ARRAY_LEN(ptimes_ms); i++) {
		struct sip_call_stats before, after;
		int packets = (int)(600 / ptimes_ms[i]);

		sip_call_stats(f->call, &before);
		f->loud_frames = 0;
		speak(f, 0, ptimes_ms[i], packets);
		WAIT_FOR(f, f->loud_frames >= packets * (int)ptimes_ms[i] / 30);
		sip_call_stats(f->call, &after);
		assert_int_equal(after.rx_packets - before.rx_packets, packets);
		assert_int_equal(after.rx_lost, 0);
		f->phone.ssrc++; /* the next length is another stream */
	}
}

/* Every tenth lost, every seventh twice, pairs swapped: hardly anything is missing. */
static void a_bad_line_is_still_heard(void **state)
{
	struct fixture *f = *state;
	struct sip_call_stats stats;
	uint8_t payload[160], packet[172], held[172];
	uint64_t next = now_ms();
	bool has_held = false;

	connect_in(f, "0", "");
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = i / 8 % 2 ? 0x1f : 0x9f;
	for (int i = 0; i < 80; i++) {
		raw_rtp_header(&f->phone, 0, packet);
		memcpy(packet + 12, payload, sizeof(payload));
		f->phone.seq++;
		f->phone.ts += 160;
		if (i % 10 == 9) {
			/* lost */
		} else if (i % 8 == 4) {
			memcpy(held, packet, sizeof(held));
			has_held = true;
		} else {
			raw_send_bytes(&f->phone, packet, sizeof(packet));
			if (has_held)
				raw_send_bytes(&f->phone, held, sizeof(held));
			has_held = false;
			if (i % 7 == 0)
				raw_send_bytes(&f->phone, packet, sizeof(packet));
		}
		next += 20;
		WAIT_FOR(f, now_ms() >= next);
	}
	WAIT_FOR(f, f->loud_frames >= 55);
	sip_call_stats(f->call, &stats);
	assert_in_range(stats.rx_lost, 6, 12);
	assert_in_range(stats.concealed_frames, 4, 30);
	assert_in_range(f->frames, 70, 120);
}

static void another_source_number_is_another_stream(void **state)
{
	struct fixture *f = *state;
	struct sip_call_stats stats;

	connect_in(f, "0", "");
	for (uint32_t i = 0; i < 3; i++) {
		f->phone.ssrc = 77 * (i + 1);
		f->phone.seq = (uint16_t)(f->phone.seq + 20000);
		f->phone.ts += 1000000000;
		f->loud_frames = 0;
		speak(f, 0, 20, 12);
		WAIT_FOR(f, f->loud_frames >= 7);
	}
	sip_call_stats(f->call, &stats);
	assert_int_equal(stats.rx_lost, 0);
	assert_int_equal(stats.rx_packets, 36);
}

/* The SIP thread stands still, as on a machine that gives it no time. */

static atomic_bool stands_still;
static int go_on[2];

static void on_stand_still(int number)
{
	char byte;

	atomic_store(&stands_still, true);
	if (read(go_on[0], &byte, 1) == 1)
		atomic_store(&stands_still, false);
}

static pid_t sip_thread(void)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *task;
	pid_t found = 0;

	while ((task = readdir(tasks))) {
		char path[300], name[32] = "";
		FILE *file;

		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", task->d_name);
		file = fopen(path, "r");
		if (file && fgets(name, sizeof(name), file) && !strcmp(name, "sip\n"))
			found = (pid_t)atoi(task->d_name);
		if (file)
			fclose(file);
	}
	closedir(tasks);
	return found;
}

/* From the first packet on. What comes meanwhile waits in the socket. */
static void stand_still(struct fixture *f, unsigned ms, int packets)
{
	uint64_t until = now_ms() + ms;
	uint8_t payload[160];

	assert_int_equal(pipe(go_on), 0);
	signal(SIGUSR1, on_stand_still);
	assert_int_equal(tgkill(getpid(), sip_thread(), SIGUSR1), 0);
	WAIT_FOR(f, atomic_load(&stands_still));
	WAIT_FOR(f, now_ms() >= until);
	f->loud_frames = f->quiet_frames = 0;
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = i / 8 % 2 ? 0x1f : 0x9f;
	while (packets--)
		raw_send_rtp(&f->phone, 0, payload, sizeof(payload));
	assert_int_equal(write(go_on[1], "", 1), 1);
	WAIT_FOR(f, !atomic_load(&stands_still));
	close(go_on[0]);
	close(go_on[1]);
}

static void what_came_while_the_machine_stood_still_is_heard_first(void **state)
{
	struct fixture *f = *state;

	connect_in(f, "0", "");
	stand_still(f, 300, 15);
	WAIT_FOR(f, f->loud_frames >= 15);
	assert_int_equal(f->quiet_frames, 0);
}

enum { SHORT_TIMEOUT_MS = 400 };

static int set_up_impatient(void **state)
{
	return set_up_conf(state, &(struct sip_conf){.rtp_timeout_ms = SHORT_TIMEOUT_MS});
}

static void a_call_is_not_given_up_because_we_stood_still(void **state)
{
	struct fixture *f = *state;

	connect_in(f, "0", "");
	speak(f, 0, 20, 5);
	stand_still(f, 2 * SHORT_TIMEOUT_MS, 50);
	WAIT_FOR(f, f->loud_frames >= 50);
	assert_false(f->ended);
}

/* A key sounds for 40 ms and more; what covers a gap must not make one of a shorter sound. */
static void what_is_made_up_is_no_key(void **state)
{
	struct fixture *f = *state;
	struct dtmf_tone tone;
	int16_t samples[160];
	uint8_t payload[160];

	connect_in(f, "0", "");
	dtmf_tone_start(&tone, 'D');
	dtmf_tone_fill(&tone, samples, 160);
	g711_encode(payload, G711_ULAW, samples, 160);
	speak(f, 0, 20, 5);
	raw_send_rtp(&f->phone, 0, payload, sizeof(payload));
	f->frames = 0;
	WAIT_FOR(f, f->frames >= 12);
	assert_string_equal(f->digits, "");
}

static void strangers_are_not_heard(void **state)
{
	struct fixture *f = *state;
	struct raw_phone stranger;
	uint8_t silence[160], loud[160];

	raw_open(&stranger, sip_port(f->sip));
	connect_in(f, "0", "");
	stranger.rtp_peer = f->phone.rtp_peer;
	memset(silence, 0xff, sizeof(silence));
	for (size_t i = 0; i < sizeof(loud); i++)
		loud[i] = i / 8 % 2 ? 0x1f : 0x9f;
	for (int i = 0; i < 40; i++) {
		uint64_t next = now_ms() + 20;

		raw_send_rtp(&f->phone, 0, silence, sizeof(silence));
		raw_send_rtp(&stranger, 0, loud, sizeof(loud));
		WAIT_FOR(f, now_ms() >= next);
	}
	assert_int_equal(f->loud_frames, 0);
	assert_int_equal(raw_got_rtp(&stranger), 0);
	raw_close(&stranger);
}

/* A phone behind a NAT sends from another port than it names. */
static void media_goes_where_it_comes_from(void **state)
{
	struct fixture *f = *state;
	struct raw_phone nat;

	raw_open(&nat, sip_port(f->sip));
	connect_in(f, "0", "");
	nat.rtp_peer = f->phone.rtp_peer;
	raw_send_rtp(&nat, 0, "\xff\xff\xff\xff", 4);
	WAIT_FOR(f, raw_got_rtp(&nat));
	raw_close(&nat);
}

static void digits_have_the_number_either_side_gave_them(void **state)
{
	static const uint8_t end_of_5[] = {5, 0x80 | 10, 800 >> 8, 800 & 0xff};
	struct fixture *f = *state;

	connect_out(f, "0 96 97",
		    "a=rtpmap:96 telephone-event/48000\r\na=rtpmap:97 telephone-event/8000\r\n");
	raw_send_rtp(&f->phone, 97, end_of_5, sizeof(end_of_5));
	WAIT_FOR(f, strlen(f->digits) == 1);
	f->phone.ts += 8000;
	raw_send_rtp(&f->phone, 101, end_of_5, sizeof(end_of_5)); /* as we offered */
	WAIT_FOR(f, strlen(f->digits) == 2);
	assert_string_equal(f->digits, "55");
	sip_call_send_digit(f->call, '9', 100);
	WAIT_FOR(f, raw_got_rtp(&f->phone) == 16);
	assert_int_equal(f->phone.packet[1] & 0x7f, 97);
	assert_int_equal(f->phone.packet[12], 9);
}

/* Sent packets keep to the clock: as many as there were 20 ms, numbered and timed without a gap. */
static void packets_leave_on_a_steady_clock(void **state)
{
	struct fixture *f = *state;
	uint64_t first, last;
	uint32_t ts, first_ts, now_ts;
	uint16_t seq, now_seq;
	int count = 0;

	connect_out(f, "0", "");
	WAIT_FOR(f, raw_got_rtp(&f->phone));
	first = last = now_ms();
	memcpy(&ts, f->phone.packet + 4, 4);
	memcpy(&seq, f->phone.packet + 2, 2);
	first_ts = ts;
	WAIT_FOR(f, (count += raw_drain_rtp(&f->phone), now_ms() - first >= 3000));
	last = now_ms();
	memcpy(&now_ts, f->phone.packet + 4, 4);
	memcpy(&now_seq, f->phone.packet + 2, 2);
	assert_int_equal((uint16_t)(ntohs(now_seq) - ntohs(seq)), count);
	/* The time stamp says how much time has passed even where the machine was too busy to send.
	 */
	assert_in_range((ntohl(now_ts) - ntohl(first_ts)) / 8, last - first - 60,
			last - first + 40);
	assert_in_range(count, (last - first) / 20 - 30, (last - first) / 20 + 1);
}

/* Garbage */

static void send_garbage(struct raw_phone *phone, unsigned *seed, int round)
{
	static uint8_t bytes[60000];
	size_t len = (size_t)rand_r(seed) % (round % 50 ? 400 : sizeof(bytes));
	struct sockaddr_in to = phone->rtp_peer;
	bool rtcp = round % 3 == 0;

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)rand_r(seed);
	if (round % 2 &&
	    len > 12) /* a good beginning: version 2 with padding, extension, sources */
		bytes[0] = (uint8_t)(0x80 | (bytes[0] & 0x3f));
	if (rtcp && len > 4)
		bytes[1] = (uint8_t)(200 + bytes[1] % 8);
	if (rtcp && round % 6 == 0 && len > 4) {
		bytes[2] = 0;
		bytes[3] = (uint8_t)(len / 4 - 1);
	}
	to.sin_port = htons((uint16_t)(ntohs(to.sin_port) + rtcp));
	sendto(rtcp ? phone->rtcp_fd : phone->rtp_fd, bytes, len, 0, (struct sockaddr *)&to,
	       sizeof(to));
}

static void garbage_does_no_harm(void **state)
{
	struct fixture *f = *state;
	unsigned seed = 7;

	connect_in(f, "0 101", "a=rtpmap:101 telephone-event/8000\r\n");
	speak(f, 0, 20, 5);
	for (int round = 0; round < 6000; round++) {
		send_garbage(&f->phone, &seed, round);
		if (round % 20 == 0)
			loop_run_once(f->loop, 1);
	}
	assert_false(f->ended);
	f->phone.ssrc++;
	f->loud_frames = 0;
	speak(f, 0, 20, 40);
	assert_true(f->loud_frames > 20);
	/* Ours still leave in time. */
	raw_drain_rtp(&f->phone);
	f->phone.packets = 0;
	speak(f, 0, 20, 10);
	raw_drain_rtp(&f->phone);
	assert_in_range(f->phone.packets, 5, 15);
}

/* Each of these is cut short or names more than there is. */
static void crooked_headers_are_dropped(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} cases[] = {
		{"", 0},
		{"\x80", 1},
		{"\x80\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00", 11},
		{"\x8f\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01", 12},
		{"\x90\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01\xbe\xde\xff\xff", 16},
		{"\x90\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01\xbe", 13},
		{"\x40\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01\x1f\x9f", 14},
		{"\xa0\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01\x1f\xff", 14},
		{"\xa0\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01\x1f\x00", 14},
		{"\x80\x65\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01\x05\x80", 14},
		{"\x80\x65\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01\xff\x80\x03\x20", 16},
	};
	struct fixture *f = *state;

	connect_in(f, "0 101", "a=rtpmap:101 telephone-event/8000\r\n");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		raw_send_bytes(&f->phone, cases[i].bytes, cases[i].len);
	f->phone.ssrc++;
	speak(f, 0, 20, 15);
	assert_true(f->loud_frames > 5);
	assert_string_equal(f->digits, "");
}

int main(void)
{
#define TEST(test_) cmocka_unit_test_setup_teardown(test_, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(either_law_is_spoken_both_ways),
		TEST(packets_of_any_length_are_heard_whole),
		TEST(a_bad_line_is_still_heard),
		TEST(another_source_number_is_another_stream),
		TEST(what_came_while_the_machine_stood_still_is_heard_first),
		cmocka_unit_test_setup_teardown(a_call_is_not_given_up_because_we_stood_still,
						set_up_impatient, tear_down),
		TEST(what_is_made_up_is_no_key),
		TEST(strangers_are_not_heard),
		TEST(media_goes_where_it_comes_from),
		TEST(digits_have_the_number_either_side_gave_them),
		TEST(packets_leave_on_a_steady_clock),
		TEST(garbage_does_no_harm),
		TEST(crooked_headers_are_dropped),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
