/*
 * How long somebody has to wait who has given wrong passwords: for the account they are about,
 * whether it exists or not, and for the network they come from. Attempts are counted before they
 * are tried, so that many at once gain nothing.
 */
#pragma once

#include "platform/auth_key.h"

#include <stdint.h>

enum {
	LOCKOUT_ACCOUNT_FREE = 5, /* failures without a wait */
	LOCKOUT_NETWORK_FREE = 20,
	LOCKOUT_MAX_S = 15 * 60,
	LOCKOUT_FORGET_S = 24 * 3600,
};

/* Names of the two counts in table sign_in_failure. */
struct lockout_names {
	char account[8 + AUTH_HASH_SIZE];
	char network[64];
};
/* email in lower case; remote: an IP address, of which an IPv6 one counts with its /64. */
struct lockout_names lockout_names(const char *email, const char *remote);

/* Failures that still count; and how long to wait for the next attempt, 0 when it may be made. */
int64_t lockout_failures(int64_t failures, int64_t last_at, int64_t now);
int64_t lockout_wait_us(int64_t failures, int64_t free, int64_t last_at, int64_t now);
