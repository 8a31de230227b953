/*
 * What Redis does in one step. A script sees one key and answers {granted, count, reset_ms}, or a
 * string or nil where said; its clock is that of the server.
 */
#pragma once

#include <stddef.h>

enum redis_script_id {
	REDIS_SCRIPT_COUNT,         /* window_ms add limit sliding(0|1) */
	REDIS_SCRIPT_LEASE_TAKE,    /* ttl_ms max id */
	REDIS_SCRIPT_LEASE_RENEW,   /* ttl_ms id... */
	REDIS_SCRIPT_LEASE_RELEASE, /* id */
	REDIS_SCRIPT_LEASE_COUNT,   /* */
	REDIS_SCRIPT_TOKEN_TAKE,    /* the value or nil */
	REDIS_SCRIPTS
};

enum { REDIS_SHA_SIZE = 41 };

const char *redis_script_text(enum redis_script_id id);
/* Its SHA-1 in hex, by which EVALSHA knows it. */
const char *redis_script_sha(enum redis_script_id id);
