/*
 * Where a telephone number leads: ITU-T E.164 calling codes with their countries, and ranges that
 * cost more than an ordinary call. Ranges are what is commonly known of national plans, and not
 * complete: rules of one's own (prefixes) go beyond it.
 */
#pragma once

#include <stdbool.h>

enum phone_kind {
	PHONE_ORDINARY,
	PHONE_PREMIUM,   /* premium rate and numbers used like it, national and +979 */
	PHONE_SATELLITE, /* and international networks: +870, +878, +881, +882, +883, +888 */
};

struct phone_place {
	char country[3]; /* ISO 3166-1 alpha-2; "" for none or not known */
	enum phone_kind kind;
};

/* number is E.164; anything else is nowhere, and ordinary. */
struct phone_place phone_place_of(const char *number);

/* An ISO country code that some number leads to. */
bool phone_country_is_known(const char *country);

const char *phone_kind_name(enum phone_kind kind); /* "ordinary", "premium", "satellite" */
