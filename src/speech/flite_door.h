/*
 * The one door to flite: its lexicon (pronunciations) and its voices. Any thread; flite's set-up
 * runs once, at the first call.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { PHONES_SIZE = 512 };

/*
 * How a word is said, as phones of the CMU set with a space between them ("T UW TH EY K"): looked
 * up or by letter-to-sound; digits and single letters by their names. word: lower case, at most 64
 * bytes. Returns 0, or -EINVAL when nothing in it can be said.
 */
int flite_door_phones(char out[PHONES_SIZE], const char *word);

enum flite_speaker { FLITE_RMS, FLITE_SLT, FLITE_AWB, FLITE_KAL16, FLITE_SPEAKERS };

struct flite_request {
	enum flite_speaker speaker;
	const char *text;
	float stretch;  /* 1 is the speaker's own pace, more is slower; 0 keeps it */
	float pitch_hz; /* mean pitch; 0 keeps the speaker's own */
};

/* A piece of audio at rate_hz, on the thread that called flite_door_speak(). Returns 0 to go on. */
typedef int flite_piece_h(const int16_t *samples, size_t count, uint32_t rate_hz, void *arg);

/*
 * Speak: pieceh gets the audio in order while it is being made. Blocks. Returns 0, -ECANCELED when
 * pieceh stopped it, or -EIO when flite made nothing.
 */
int flite_door_speak(const struct flite_request *request, flite_piece_h *pieceh, void *arg);
