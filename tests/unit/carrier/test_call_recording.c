/* Protects: the statuses of a recording, and that calls and recordings are found by their SIDs. */
#include "unit/check.h"

#include "carrier/call_recording.h"
#include "carrier/sid_index.h"
#include "core/mem.h"

#include <errno.h>
#include <stdio.h>

/* The status that follows each event in each status; -1: refused. */
static void every_event_in_every_status(void **state)
{
	enum { I = RECORDING_IN_PROGRESS, P = RECORDING_PAUSED, S = RECORDING_STOPPED };
	enum { R = RECORDING_PROCESSING, C = RECORDING_COMPLETED, A = RECORDING_ABSENT };
	static const int expected[RECORDING_STATUS_COUNT][RECORDING_EVENT_COUNT] = {
		/* pause, resume, stop, end, written, empty */
		[I] = {P, I, S, R, -1, -1},     [P] = {P, I, S, R, -1, -1},
		[S] = {-1, -1, -1, -1, C, A},   [R] = {-1, -1, -1, -1, C, A},
		[C] = {-1, -1, -1, -1, -1, -1}, [A] = {-1, -1, -1, -1, -1, -1},
	};

	for (int from = 0; from < RECORDING_STATUS_COUNT; from++) {
		for (int event = 0; event < RECORDING_EVENT_COUNT; event++) {
			enum call_recording_status to = RECORDING_STATUS_COUNT;
			int err = call_recording_status_next(&to, (enum call_recording_status)from,
							     (enum call_recording_event)event);

			assert_int_equal(err, expected[from][event] < 0 ? -EALREADY : 0);
			if (!err)
				assert_int_equal(to, expected[from][event]);
		}
	}
}

static void a_status_has_a_name(void **state)
{
	for (int i = 0; i < RECORDING_STATUS_COUNT; i++)
		assert_int_equal(call_recording_status_of(
					 call_recording_status_name((enum call_recording_status)i)),
				 i);
	assert_int_equal(call_recording_status_of("deleted"), RECORDING_STATUS_COUNT);
	assert_int_equal(call_recording_status_of(""), RECORDING_STATUS_COUNT);
}

enum { MANY = 20000 };

static void an_index_finds_what_is_in_it(void **state)
{
	struct {
		struct sid_index_entry entry;
		char sid[16];
	} *all = mem_alloc(MANY * sizeof(*all));
	struct sid_index *index = sid_index_new();

	for (int i = 0; i < MANY; i++) {
		snprintf(all[i].sid, sizeof(all[i].sid), "CA%d", i);
		sid_index_add(index, &all[i].entry, all[i].sid, &all[i]);
	}
	for (int i = 0; i < MANY; i += 2)
		sid_index_remove(&all[i].entry);
	sid_index_remove(&all[0].entry);
	for (int i = 0; i < MANY; i++)
		assert_ptr_equal(sid_index_find(index, all[i].sid), i % 2 ? &all[i] : NULL);
	assert_null(sid_index_find(index, ""));
	/* Entries may outlive it. */
	mem_unref(index);
	sid_index_remove(&all[1].entry);
	mem_free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_in_every_status),
		cmocka_unit_test(a_status_has_a_name),
		cmocka_unit_test(an_index_finds_what_is_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
