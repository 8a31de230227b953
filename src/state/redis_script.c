#include "state/redis_script.h"

#include "core/digest.h"
#include "core/encoding.h"

#include <string.h>

#define NOW                              \
	"local t = redis.call('TIME')\n" \
	"local now = t[1] * 1000 + math.floor(t[2] / 1000)\n"

/* The set lives as long as its longest slot. */
#define KEEP "if redis.call('PTTL', KEYS[1]) < ttl then redis.call('PEXPIRE', KEYS[1], ttl) end\n"

#define EXPIRE "redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)\n"

/* The arithmetic of state_local.c. s: start of the window, c: count in it, b: in the one before. */
static const char count_text[] =
	NOW "local window, add, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])\n"
	    "local sliding = ARGV[4] == '1'\n"
	    "local v = redis.call('HMGET', KEYS[1], 's', 'c', 'b')\n"
	    "local s, c, b = tonumber(v[1]), tonumber(v[2]) or 0, tonumber(v[3]) or 0\n"
	    "local first = sliding and now - now % window or now\n"
	    "if not s or now < s then\n"
	    "  s = first\n"
	    "elseif now - s >= window then\n"
	    "  b = now - s < 2 * window and c or 0\n"
	    "  c = 0\n"
	    "  s = first\n"
	    "end\n"
	    "local left = s + window - now\n"
	    "local count = c\n"
	    "if sliding then count = count + math.floor(b * left / window) end\n"
	    "if limit ~= 0 and count + add > limit then return {0, count, left} end\n"
	    "if add ~= 0 then\n"
	    "  redis.call('HSET', KEYS[1], 's', s, 'c', c + add, 'b', b)\n"
	    "  redis.call('PEXPIRE', KEYS[1], left + (sliding and window or 0))\n"
	    "end\n"
	    "return {1, count + add, left}\n";

static const char lease_take_text[] =
	NOW "local ttl, max, id = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]\n" EXPIRE
	    "local has = redis.call('ZSCORE', KEYS[1], id)\n"
	    "local count = redis.call('ZCARD', KEYS[1])\n"
	    "if not has and max ~= 0 and count >= max then return {0, count, 0} end\n"
	    "redis.call('ZADD', KEYS[1], now + ttl, id)\n" KEEP
	    "return {1, has and count or count + 1, 0}\n";

static const char lease_renew_text[] =
	NOW "local ttl, n = tonumber(ARGV[1]), 0\n" EXPIRE "for i = 2, #ARGV do\n"
	    "  if redis.call('ZSCORE', KEYS[1], ARGV[i]) then\n"
	    "    redis.call('ZADD', KEYS[1], now + ttl, ARGV[i])\n"
	    "    n = n + 1\n"
	    "  end\n"
	    "end\n"
	    "if n > 0 then\n" KEEP "end\n"
	    "return {1, n, 0}\n";

static const char lease_release_text[] =
	NOW EXPIRE "local n = redis.call('ZREM', KEYS[1], ARGV[1])\n"
		   "return {n, redis.call('ZCARD', KEYS[1]), 0}\n";

static const char lease_count_text[] =
	NOW "return {1, redis.call('ZCOUNT', KEYS[1], '(' .. string.format('%.0f', now), "
	    "'+inf'), 0}\n";

static const char token_take_text[] = "local v = redis.call('GET', KEYS[1])\n"
				      "if v then redis.call('DEL', KEYS[1]) end\n"
				      "return v\n";

static const char *const texts[REDIS_SCRIPTS] = {
	[REDIS_SCRIPT_COUNT] = count_text,
	[REDIS_SCRIPT_LEASE_TAKE] = lease_take_text,
	[REDIS_SCRIPT_LEASE_RENEW] = lease_renew_text,
	[REDIS_SCRIPT_LEASE_RELEASE] = lease_release_text,
	[REDIS_SCRIPT_LEASE_COUNT] = lease_count_text,
	[REDIS_SCRIPT_TOKEN_TAKE] = token_take_text,
};

const char *redis_script_text(enum redis_script_id id)
{
	return texts[id];
}

const char *redis_script_sha(enum redis_script_id id)
{
	static char shas[REDIS_SCRIPTS][REDIS_SHA_SIZE];
	uint8_t digest[SHA1_LEN];

	if (!shas[id][0]) {
		digest_sha1(digest, texts[id], strlen(texts[id]));
		hex_encode(shas[id], digest, sizeof(digest));
	}
	return shas[id];
}
