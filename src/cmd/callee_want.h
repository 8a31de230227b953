/*
 * What somebody at the demo phone wants, and whether what he hears is that. Part of a callee's
 * script:
 *
 *	"wants": {
 *	  "day":  {"date": "next thursday", "correct": "No, I said next Thursday."},
 *	  "time": {"is": ["three pm", "three"], "among": ["one", "two", ...], "correct": "..."}
 *	}
 *
 * is:    wordings of what is wanted, the longer first
 * among: words that, left over once those are taken away, mean something else was understood
 * date:  "thursday" or "next thursday", instead of the two: words are made from the date it is
 */
#pragma once

#include "core/json.h"

#include <stdint.h>

/* Returns 0, or -EINVAL with a reason in error (room for 160). */
int callee_want_check(const json_t *wants, char error[160]);

/* The day a "date" means, counted as in flow_calendar.h; -1 when it means none. */
int32_t callee_want_date(const char *text, int32_t today);

/*
 * The first of the wants named (a list of strings; NULL names none) that the words contradict, or
 * NULL: they are as wanted, or do not speak of it. words: lower case, without punctuation.
 */
const json_t *callee_want_missed(const json_t *wants, const json_t *names, const char *words,
				 int32_t today);
