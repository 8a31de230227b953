/* Protects: calls across a restart: every change is found again, the last one counts, and neither a
 * torn line nor garbage costs more than itself. The file shows nothing, and calls go from it once
 * they have had their time. */
#include "unit/check.h"

#include "carrier/call_expiry.h"
#include "carrier/call_journal.h"
#include "carrier/call_leg.h"
#include "carrier/call_leg_book.h"
#include "carrier/call_recording.h"
#include "carrier/carrier_priv.h"
#include "core/clock.h"
#include "core/mem.h"
#include "core/setting.h"
#include "loop/loop.h"
#include "loop/work.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_KEY  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define SECOND_KEY "200102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define RE_SID     "REaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

struct fixture {
	char folder[64], path[128];
	struct settings settings;
	struct carrier carrier;
};

static int try_begin(struct fixture *f)
{
	struct carrier *carrier = &f->carrier;
	char error[256];

	memset(carrier, 0, sizeof(*carrier));
	carrier->settings = &f->settings;
	carrier->loop = loop_new_fake();
	carrier->pool = work_pool_new(carrier->loop, 1);
	carrier->book = call_leg_book_new();
	log_init(&carrier->log, "carrier", NULL);
	carrier->hooks.loop = carrier->loop;
	return call_journal_open(&carrier->journal, carrier, error);
}

static void begin(struct fixture *f)
{
	assert_int_equal(try_begin(f), 0);
}

/* As the end of the process: what was noted is written, the calls are forgotten. */
static void end(struct fixture *f)
{
	struct carrier *carrier = &f->carrier;

	if (carrier->journal)
		call_journal_close(carrier->journal);
	mem_unref(carrier->journal);
	mem_unref(carrier->book);
	mem_unref(carrier->pool);
	mem_unref(carrier->loop);
}

static void set_keys(struct fixture *f, const char *key, const char *also)
{
	f->settings.master_key = key;
	f->settings.master_key_file = f->settings.master_key_command = "";
	f->settings.master_key_also = also;
}

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	char carrier[96];

	strcpy(f->folder, "/tmp/voiceai-journal-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(carrier, sizeof(carrier), "%s/carrier", f->folder);
	assert_int_equal(mkdir(carrier, 0700), 0);
	snprintf(f->path, sizeof(f->path), "%s/calls.jsonl", carrier);
	f->settings.data_dir = f->folder;
	f->settings.embedded_keep_hours = 10;
	set_keys(f, FIRST_KEY, "");
	begin(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char carrier[96];

	end(f);
	(void)unlink(f->path);
	snprintf(carrier, sizeof(carrier), "%s/carrier", f->folder);
	(void)rmdir(carrier);
	(void)rmdir(f->folder);
	mem_free(f);
	return 0;
}

/* A call in the book; its SID. */
static struct call_leg *add(struct fixture *f, const char *to, enum call_leg_state leg_state)
{
	auto_unref struct call_leg *leg = call_leg_new(&f->carrier, false, to, "+15550100000");

	leg->state = leg_state;
	call_leg_book_add(f->carrier.book, leg);
	call_journal_note(f->carrier.journal, leg);
	return leg;
}

static void append(struct fixture *f, const char *text)
{
	FILE *file = fopen(f->path, "ae");

	assert_non_null(file);
	fputs(text, file);
	(void)fclose(file);
}

static size_t lines(const struct fixture *f)
{
	FILE *file = fopen(f->path, "re");
	size_t count = 0;
	int c;

	assert_non_null(file);
	while ((c = fgetc(file)) != EOF)
		count += c == '\n';
	(void)fclose(file);
	return count;
}

static void wait_for_lines(struct fixture *f, size_t count)
{
	loop_advance_ms(f->carrier.loop, 1);
	for (int i = 0; i < 500 && lines(f) < count; i++)
		loop_run_once(f->carrier.loop, 10);
	assert_int_equal(lines(f), count);
}

static void a_call_comes_back_as_it_was(void **state)
{
	struct fixture *f = *state;
	struct call_leg *leg = add(f, "+15550100001", LEG_COMPLETED);
	auto_unref struct call_recording_conf *conf =
		call_recording_conf_new("StartCallRecordingAPI");
	struct call_recording *recording;
	char sid[SID_SIZE];

	memcpy(sid, leg->sid, sizeof(sid));
	leg->answered_us = 1000000;
	leg->ended_us = 4000000;
	leg->sip_code = 200;
	leg->sequence = 4;
	call_leg_target_set(&leg->status, "http://s/", "GET");
	conf->channels = 2;
	conf->track = RECORDING_OUTBOUND;
	call_leg_target_set(&conf->target, "http://r/", NULL);
	recording = call_recording_restore(leg, RE_SID, conf);
	recording->status = RECORDING_COMPLETED;
	recording->duration_s = 3;
	call_journal_note(f->carrier.journal, leg);
	end(f);
	begin(f);

	leg = call_leg_book_find(f->carrier.book, sid);
	assert_non_null(leg);
	assert_int_equal(leg->state, LEG_COMPLETED);
	assert_string_equal(leg->to, "+15550100001");
	assert_int_equal(call_leg_duration_s(leg), 3);
	assert_int_equal(leg->sip_code, 200);
	assert_int_equal(leg->sequence, 4);
	assert_string_equal(leg->status.url, "http://s/");
	assert_string_equal(leg->status.method, "GET");
	recording = call_leg_book_find_recording(f->carrier.book, RE_SID);
	assert_non_null(recording);
	assert_ptr_equal(recording->leg, leg);
	assert_int_equal(recording->status, RECORDING_COMPLETED);
	assert_int_equal(recording->duration_s, 3);
	assert_int_equal(recording->conf->channels, 2);
	assert_int_equal(recording->conf->track, RECORDING_OUTBOUND);
	assert_string_equal(recording->conf->source, "StartCallRecordingAPI");
	assert_string_equal(recording->conf->target.url, "http://r/");
}

static void changes_together_are_one_line_and_later_ones_another(void **state)
{
	struct fixture *f = *state;
	struct call_leg *leg = add(f, "+15550100001", LEG_QUEUED);

	for (int i = 0; i < 10; i++)
		call_journal_note(f->carrier.journal, leg);
	add(f, "+15550100002", LEG_QUEUED);
	wait_for_lines(f, 2);
	leg->state = LEG_FAILED;
	call_journal_note(f->carrier.journal, leg);
	wait_for_lines(f, 3);
	/* A start leaves one line a call. */
	end(f);
	begin(f);
	assert_int_equal(lines(f), 2);
}

static void neither_garbage_nor_a_torn_line_costs_another_call(void **state)
{
	struct fixture *f = *state;
	char first[SID_SIZE], second[SID_SIZE];

	memcpy(first, add(f, "+15550100001", LEG_BUSY)->sid, sizeof(first));
	wait_for_lines(f, 1);
	append(f, "garbage\n\n{}\n[1,2]\n\"sid\"\n{\"sid\":7,\"state\":1}\n{\"sid\":\"CA1\"}\n"
		  "{\"sid\":\"CA00000000000000000000000000000000\",\"state\":99}\n"
		  "{\"sid\":\"../../etc/passwd\",\"state\":4}\n");
	memcpy(second, add(f, "+15550100002", LEG_FAILED)->sid, sizeof(second));
	wait_for_lines(f, 11);
	append(f, "{\"sid\":\"CA11111111111111111111111111111111\",\"sta");
	end(f);
	begin(f);
	assert_non_null(call_leg_book_find(f->carrier.book, first));
	assert_non_null(call_leg_book_find(f->carrier.book, second));
	assert_null(call_leg_book_find(f->carrier.book, "CA00000000000000000000000000000000"));
	assert_null(call_leg_book_find(f->carrier.book, "CA11111111111111111111111111111111"));
	assert_int_equal(lines(f), 2);
}

static void what_is_deleted_stays_so(void **state)
{
	struct fixture *f = *state;
	struct call_leg *leg = add(f, "+15550100001", LEG_BUSY);
	char sid[SID_SIZE];

	memcpy(sid, leg->sid, sizeof(sid));
	leg->deleted = true;
	call_journal_note(f->carrier.journal, leg);
	end(f);
	begin(f);
	assert_null(call_leg_book_find(f->carrier.book, sid));
	assert_int_equal(lines(f), 0);
}

static void what_was_alive_is_settled(void **state)
{
	struct fixture *f = *state;
	char talking[SID_SIZE], ringing[SID_SIZE], busy[SID_SIZE];

	memcpy(talking, add(f, "+15550100001", LEG_IN_PROGRESS)->sid, SID_SIZE);
	memcpy(ringing, add(f, "+15550100002", LEG_RINGING)->sid, SID_SIZE);
	memcpy(busy, add(f, "+15550100003", LEG_BUSY)->sid, SID_SIZE);
	end(f);
	begin(f);
	call_journal_settle(&f->carrier);
	assert_int_equal(call_leg_book_find(f->carrier.book, talking)->state, LEG_COMPLETED);
	assert_int_equal(call_leg_book_find(f->carrier.book, ringing)->state, LEG_FAILED);
	assert_int_equal(call_leg_book_find(f->carrier.book, busy)->state, LEG_BUSY);
}

/* Whether the file holds the text. */
static bool holds(const struct fixture *f, const char *text)
{
	char data[8192] = "";
	FILE *file = fopen(f->path, "re");
	size_t got;

	assert_non_null(file);
	got = fread(data, 1, sizeof(data) - 1, file);
	(void)fclose(file);
	return memmem(data, got, text, strlen(text)) != NULL;
}

static void the_file_shows_nothing(void **state)
{
	struct fixture *f = *state;
	struct stat info;

	add(f, "+15550100001", LEG_BUSY);
	wait_for_lines(f, 1);
	assert_false(holds(f, "5550100001"));
	assert_false(holds(f, "sid"));
	assert_int_equal(stat(f->path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
}

static void a_plain_line_of_before_is_sealed_at_the_next_start(void **state)
{
	static const char sid[] = "CA22222222222222222222222222222222";
	struct fixture *f = *state;
	auto_free char *line = mem_printf("{\"sid\":\"%s\",\"state\":4,\"to\":\"+15550100001\","
					  "\"updated_us\":%lld}\n",
					  sid, (long long)clock_wall_us());

	append(f, line);
	end(f);
	begin(f);
	assert_string_equal(call_leg_book_find(f->carrier.book, sid)->to, "+15550100001");
	assert_int_equal(lines(f), 1);
	assert_false(holds(f, "5550100001"));
}

static void a_new_master_key_takes_over_while_the_old_one_is_known(void **state)
{
	struct fixture *f = *state;
	char sid[SID_SIZE];

	memcpy(sid, add(f, "+15550100001", LEG_BUSY)->sid, sizeof(sid));
	end(f);
	set_keys(f, SECOND_KEY, "");
	assert_int_equal(try_begin(f), -EACCES);
	end(f);
	set_keys(f, SECOND_KEY, FIRST_KEY);
	begin(f);
	end(f);
	set_keys(f, SECOND_KEY, "");
	begin(f);
	assert_non_null(call_leg_book_find(f->carrier.book, sid));
}

static void calls_go_when_they_have_had_their_time(void **state)
{
	static const int64_t start_us = INT64_C(1800000000) * 1000000, hour_us = 3600 * 1000000LL;
	struct fixture *f = *state;
	char talking[SID_SIZE], old[SID_SIZE], young[SID_SIZE];

	clock_fake_wall_us(start_us);
	memcpy(old, add(f, "+15550100001", LEG_BUSY)->sid, SID_SIZE);
	memcpy(talking, add(f, "+15550100002", LEG_IN_PROGRESS)->sid, SID_SIZE);
	wait_for_lines(f, 2);
	clock_fake_wall_us(start_us + 9 * hour_us);
	memcpy(young, add(f, "+15550100003", LEG_BUSY)->sid, SID_SIZE);
	wait_for_lines(f, 3);
	clock_fake_wall_us(start_us + 11 * hour_us);
	assert_int_equal(call_leg_book_expire(f->carrier.book, call_expiry_before_us(&f->carrier)),
			 1);
	call_journal_expire(f->carrier.journal);
	loop_advance_ms(f->carrier.loop, 1);
	for (int i = 0; i < 500 && lines(f) != 2; i++)
		loop_run_once(f->carrier.loop, 10);
	assert_int_equal(lines(f), 2);
	end(f);
	begin(f);
	assert_null(call_leg_book_find(f->carrier.book, old));
	assert_non_null(call_leg_book_find(f->carrier.book, talking));
	assert_non_null(call_leg_book_find(f->carrier.book, young));
	assert_int_equal(lines(f), 2);
	clock_fake_wall_us(start_us + 30 * hour_us);
	end(f);
	begin(f);
	clock_fake_wall_us(-1);
	assert_non_null(call_leg_book_find(f->carrier.book, talking));
	assert_null(call_leg_book_find(f->carrier.book, young));
}

int main(void)
{
#define T(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_call_comes_back_as_it_was),
		T(changes_together_are_one_line_and_later_ones_another),
		T(neither_garbage_nor_a_torn_line_costs_another_call),
		T(what_is_deleted_stays_so),
		T(what_was_alive_is_settled),
		T(the_file_shows_nothing),
		T(a_plain_line_of_before_is_sealed_at_the_next_start),
		T(a_new_master_key_takes_over_while_the_old_one_is_known),
		T(calls_go_when_they_have_had_their_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
