/* Telephone keys as tones (ITU-T Q.23, Q.24), 8 kHz. Keys are 0-9, A-D, '*' and '#'. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool dtmf_is_digit(char digit);

/* RFC 4733 event code 0..15 of a key, and back; -1 and '\0' when there is none. */
int dtmf_event(char digit);
char dtmf_digit(int event);

/* Two oscillators; embedded by value. dtmf_tone_start() with a key that is none makes silence. */
struct dtmf_tone {
	double phase[2];
	double step[2];
};
void dtmf_tone_start(struct dtmf_tone *tone, char digit);
void dtmf_tone_fill(struct dtmf_tone *tone, int16_t *ret_samples, size_t count);

/* Listens for keys in audio. */
struct dtmf_detector;
typedef void dtmf_digit_h(char digit, void *arg);

/* Owned by the caller (mem_unref). digith runs inside dtmf_detector_feed(), once a key. */
struct dtmf_detector *dtmf_detector_new(dtmf_digit_h *digith, void *arg);
void dtmf_detector_feed(struct dtmf_detector *detector, const int16_t *samples, size_t count);
