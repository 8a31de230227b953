/*
 * The recording of one call: a WAV file whose first channel is what the phone said and whose second
 * is what we played, both on the clock that starts with the answer. The file is readable at any
 * time, whatever happens to the process: its header is renewed with every write. Once the call has
 * ended it is sealed.
 *
 * Belongs to the loop; writing happens on a strand.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct safe;
struct strand;
struct call_tape;

struct call_tape_conf {
	struct loop *loop;
	struct strand *disk;
	const char *path;  /* created or replaced */
	uint32_t channels; /* 2, or 1 for both sides mixed */
	struct safe *safe; /* what the whole file is sealed under (core/safe_file.h); may be NULL */
	bool trim; /* at the end, cut off the silence before the first sound and after the last */
};

/* Starts the clock. Owned by the caller; releasing it writes the rest. */
struct call_tape *call_tape_new(const struct call_tape_conf *conf);

/* A piece of the phone's audio has just come. */
void call_tape_hear(struct call_tape *tape, const int16_t *samples, size_t count);

/* Audio was queued for the phone; it sounds once what was queued before has been played. */
void call_tape_play(struct call_tape *tape, const int16_t *samples, size_t count);

/* What was queued and not yet played will not sound. */
void call_tape_clear(struct call_tape *tape);

/*
 * From now on nothing is recorded. keep_silence: the time until call_tape_resume() is there as
 * silence; otherwise it is missing from the recording.
 */
void call_tape_pause(struct call_tape *tape, bool keep_silence);
void call_tape_resume(struct call_tape *tape);

/*
 * The call has ended: write the rest, then doneh with what became of it (0, or the negative errno
 * of the first write that failed) and its length on the loop, once. Nothing may be added
 * afterwards.
 */
typedef void call_tape_done_h(int err, uint64_t duration_ms, void *arg);
void call_tape_end(struct call_tape *tape, call_tape_done_h *doneh, void *arg);

/*
 * Length in milliseconds of a WAV file that tape wrote, 0 when it is none; blocking, for the start
 * of the process.
 */
uint64_t call_tape_file_duration_ms(const struct safe *safe, const char *path);

/*
 * Cut the silence off both ends of a WAV file that tape wrote; blocking. ret_ms gets the length
 * left, 0 when all of it was silent. Returns 0 or a negative errno.
 */
int call_tape_file_trim(uint64_t *ret_ms, const char *path);

/* Both channels of src mixed into a new file dst, sealed as src is; blocking. Returns 0 or a
 * negative errno. */
int call_tape_file_mix(const struct safe *safe, const char *dst, const char *src);
