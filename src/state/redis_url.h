/* Where Redis is: its URL (state.h), and what nodes of a cluster say about other nodes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REDIS_MAX_HOSTS = 16, REDIS_HOST_SIZE = 256, REDIS_NAME_SIZE = 128, REDIS_SLOTS = 16384 };

enum redis_kind { REDIS_SINGLE, REDIS_SENTINEL, REDIS_CLUSTER };

struct redis_address {
	char host[REDIS_HOST_SIZE]; /* without brackets */
	uint16_t port;
};

struct redis_url {
	enum redis_kind kind;
	struct redis_address hosts[REDIS_MAX_HOSTS]; /* REDIS_SINGLE: one */
	size_t host_count;
	char user[REDIS_NAME_SIZE];     /* "" when none */
	char password[REDIS_NAME_SIZE]; /* "" when none */
	char primary[REDIS_NAME_SIZE];  /* REDIS_SENTINEL: the name sentinels know it by */
	uint32_t database;
};

/* Returns 0, or -EINVAL with what is wrong, static, in *ret_reason (never NULL then). */
int redis_url_parse(struct redis_url *ret_url, const char *text, const char **ret_reason);

/*
 * "MOVED 3999 host:port" or "ASK 3999 host:port", not necessarily terminated. The host is "" when
 * it is the one that said so. Returns 0, or -EBADMSG: it is another error.
 */
struct redis_redirect {
	bool ask;
	uint16_t slot; /* below REDIS_SLOTS */
	struct redis_address to;
};
int redis_redirect_parse(struct redis_redirect *ret_redirect, const char *text, size_t len);

/* The slot of a key: CRC16 of what is between the first '{' and the next '}', or of all of it. */
uint16_t redis_slot(const char *key);
