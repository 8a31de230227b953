/*
 * The calls a tenant may have at once (its max_calls, or MAX_CALLS_PER_TENANT), over all pods:
 * each call holds a slot, a lease in state/, from before it is made until it is over. The database
 * is the truth: every pod renews the slots of the calls that are not over there, so a slot whose
 * call is gone ends by itself, and one that was lost with its Redis comes back.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct call_limit_book;
struct call_slots;
struct db;
struct loop;
struct state;

enum { CALL_SLOT_RETRY_S = 5 }; /* when to try again */

struct call_slots_conf {
	struct loop *loop;
	struct db *db;
	struct state *state;
	struct call_limit_book *limits;
};

/* conf is copied, its objects outlive it. Owned by the caller. */
struct call_slots *call_slots_new(const struct call_slots_conf *conf);

/* False: the tenant is known to have no limit, and there is nothing to take. */
bool call_slots_are_limited(const struct call_slots *slots, const char *tenant_id);

/*
 * err: 0 (also when the call has one already, or when nobody can say), or -EDQUOT. Once, later.
 * ret_wait: owned by the caller; releasing it silences doneh.
 */
struct call_slot_wait;
typedef void call_slot_h(int err, void *arg);
void call_slots_take(struct call_slot_wait **ret_wait, struct call_slots *slots,
		     const char *tenant_id, const char *call_id, call_slot_h *doneh, void *arg);

/* The call is over, or was not made. */
void call_slots_release(struct call_slots *slots, const char *tenant_id, const char *call_id);
