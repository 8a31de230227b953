/* Collects keys while its prompts play. */
#pragma once

#include <stdint.h>

struct gather;
struct call_leg;
struct twiml_verb;

/* digits "" when none came in time; finished_on is the key that ended it, or '\0'. Once. */
typedef void gather_done_h(const char *digits, char finished_on, void *arg);

/* verb must outlive it. Owned by the caller; releasing it stops the prompts. */
struct gather *gather_new(struct call_leg *leg, const struct twiml_verb *verb, const char *base_url,
			  gather_done_h *doneh, void *arg);

void gather_digit(struct gather *gather, char digit);
void gather_mark(struct gather *gather, uint32_t mark);
