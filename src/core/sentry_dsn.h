/*
 * A Sentry DSN, which says where error reports go and under which key:
 * https://KEY@HOST[:PORT][/PATH]/PROJECT
 */
#pragma once

#include <stdbool.h>

struct sentry_dsn {
	char url[768]; /* that envelopes are posted to */
	char key[65];
	char host[256]; /* without brackets */
	bool tls;
};

/* A secret behind the key, as old servers gave one, is accepted and left out. Returns 0, or -EINVAL
 * with *ret_reason saying what is wrong (static). */
int sentry_dsn_parse(struct sentry_dsn *ret_dsn, const char *text, const char **ret_reason);
