/*
 * What a tenant's outbound calls may cost and where they may go, so that a stolen key or a mistake
 * in a loop does not turn into a bill: destinations by country, prefix and kind of range, and caps
 * on calls, money and attempts, how many at once, and at what time of the day. A tenant's own
 * limits are a JSON object (docs/edge.md); what it leaves out comes from the settings.
 *
 * Destinations are checked when a call is asked for and again before it is dialled. Caps are
 * counted in the transaction that creates the call: exact, whoever creates calls at the same time
 * (store/call_limit.h).
 */
#pragma once

#include "core/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct settings;

enum {
	CALL_LIMIT_MAX_COUNTRIES = 250,
	CALL_LIMIT_MAX_PREFIXES = 500,
	CALL_LIMIT_REASON_SIZE = 200
};

/* CAP(id, field, most): 0 in a cap means that there is none. Periods are UTC. */
#define CALL_CAPS(X)                                               \
	X(CALLS_DAY, "calls_per_day", 1000000000)                  \
	X(CALLS_MONTH, "calls_per_month", 1000000000)              \
	X(SPEND_DAY, "spend_per_day_micros", 1000000000000000)     \
	X(SPEND_MONTH, "spend_per_month_micros", 1000000000000000) \
	X(ATTEMPTS, "attempts_per_number_per_day", 1000000)

enum call_cap {
#define CAP(id_, field_, most_) CALL_CAP_##id_,
	CALL_CAPS(CAP)
#undef CAP
		CALL_CAP_COUNT
};

struct call_limit; /* never changes once made: mem_ref(), mem_unref() */

/* What the settings say, or -EINVAL with one line in error (CALL_LIMIT_REASON_SIZE). */
int call_limit_of_settings(struct call_limit **ret_limit, const struct settings *settings,
			   char error[CALL_LIMIT_REASON_SIZE]);

/*
 * defaults with a tenant's own object over it; null leaves a field to the defaults. Returns 0, or
 * -EINVAL with *ret_field (inside own or static) and a sentence in reason.
 */
int call_limit_parse(struct call_limit **ret_limit, const struct call_limit *defaults,
		     const json_t *own, const char **ret_field,
		     char reason[CALL_LIMIT_REASON_SIZE]);

/* All of it, in the shape that is parsed. */
json_t *call_limit_json(const struct call_limit *limit);

int64_t call_limit_cap(const struct call_limit *limit, enum call_cap cap);
/* Calls at once; 0: any number. No cap of those above: nothing of it is counted in the database. */
uint32_t call_limit_max_calls(const struct call_limit *limit);

/* The first moment from at on at which a call may be placed: at, outside the quiet hours. */
int64_t call_limit_not_before(const struct call_limit *limit, int64_t at);
bool call_limit_has_caps(const struct call_limit *limit);
const char *call_cap_field(enum call_cap cap);

/*
 * May a call go there? address is E.164 or a sip: URI; one whose user part is a number is judged by
 * that number too. The longest of the tenant's prefixes decides (a blocked one before an allowed
 * one of the same length); then premium and satellite ranges, then the country. Returns 0, or
 * -EPERM with a sentence in reason.
 */
int call_limit_destination(const struct call_limit *limit, const char *address,
			   char reason[CALL_LIMIT_REASON_SIZE]);
