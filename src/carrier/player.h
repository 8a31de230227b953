/* Speaks or plays one Say, Play or Pause on a leg, as often as its loop says. */
#pragma once

#include <stdint.h>

struct call_leg;
struct player;
struct twiml_verb;

/* Once, when all of it was heard. err: 0, or negative when it could not be spoken or fetched. */
typedef void player_done_h(int err, void *arg);

/*
 * verb must outlive the player; base_url (may be NULL) is what a relative URL is resolved against.
 * Owned by the caller; releasing it stops, and what is queued is dropped.
 */
struct player *player_new(struct call_leg *leg, const struct twiml_verb *verb, const char *base_url,
			  player_done_h *doneh, void *arg);

void player_mark(struct player *player, uint32_t mark);
