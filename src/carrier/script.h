/*
 * Carrying out TwiML on one leg, verb by verb. A new document replaces the one under way.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct form;
struct call_leg;
struct script;
struct twiml;

/* leg must outlive it. Owned by the caller. */
struct script *script_new(struct call_leg *leg);

/* Ask url for a document and run it; extra (may be NULL) parameters go along. */
void script_fetch(struct script *script, const char *url, const char *method,
		  const struct form *extra);

/* Run this document (referenced). It has no address of its own. */
void script_run(struct script *script, struct twiml *twiml);

/*
 * A document could not be had or is no good: ask the fallback once, else say so and hang up. code
 * is the vendor's error code.
 */
void script_fail(struct script *script, int code);

/* Press keys (0-9A-D*#, w and W wait), then call_leg_begin(). */
void script_press(struct script *script, const char *digits);

/* An inbound call has been answered: the document that asked for it begins. */
void script_begin(struct script *script);

/* The call is over: tell the media stream. The script does nothing more. */
void script_end(struct script *script);

/* From the telephone. */
void script_hear(struct script *script, const int16_t *samples); /* 20 ms */
void script_digit(struct script *script, char digit);
void script_mark(struct script *script, uint32_t mark);
