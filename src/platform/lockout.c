#include "platform/lockout.h"

#include "core/ip.h"
#include "core/str.h"

#include <stdio.h>

static const int64_t second_us = 1000000;

struct lockout_names lockout_names(const char *email, const char *remote)
{
	struct lockout_names names;
	char hash[AUTH_HASH_SIZE], text[IP_TEXT_SIZE] = "";
	struct ip ip;

	auth_hash(hash, email);
	if (!ip_parse(&ip, remote)) {
		ip = ip_network(&ip, 32, 64);
		ip_text(text, &ip);
	}
	snprintf(names.account, sizeof(names.account), "email:%s", hash);
	snprintf(names.network, sizeof(names.network), "ip:%s", text);
	return names;
}

int64_t lockout_failures(int64_t failures, int64_t last_at, int64_t now)
{
	return now - last_at > LOCKOUT_FORGET_S * second_us ? 0 : failures;
}

/* 1, 2, 4... seconds after the last free failure. */
int64_t lockout_wait_us(int64_t failures, int64_t free, int64_t last_at, int64_t now)
{
	int64_t over = lockout_failures(failures, last_at, now) - free;
	int64_t wait_s = LOCKOUT_MAX_S, until;

	if (over < 0)
		return 0;
	if (over < 10 && (1 << over) < LOCKOUT_MAX_S)
		wait_s = 1 << over;
	until = last_at + wait_s * second_us;
	return until > now ? until - now : 0;
}
