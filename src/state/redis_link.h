/*
 * One connection to one Redis server, made again by itself: after a loss at once, then with
 * back-off. hiredis reads and writes the protocol, libuv the bytes.
 *
 * Every command has the link's time-out; when one passes, the connection counts as lost. Commands
 * of a first attempt to connect wait for it; while Redis is away they are refused at once.
 */
#pragma once

#include "state/redis_url.h"

#include <hiredis/hiredis.h>

struct loop;
struct redis_link;

struct redis_link_ops {
	/* Before every attempt: answer with redis_link_connect() or redis_link_give_up(), now or
	 * later. */
	void (*findh)(struct redis_link *link, void *arg);
	/* The link is up, or no longer: redis_link_trouble() says why. */
	void (*changeh)(struct redis_link *link, bool up, void *arg);
	/* What came on a subscriber's link: message, subscribe, unsubscribe. NULL otherwise. */
	void (*pushh)(struct redis_link *link, const redisReply *reply, void *arg);
};

struct redis_link_conf {
	const struct redis_link_ops *ops; /* static */
	void *arg;
	const struct redis_url *login; /* user, password and database; NULL: none. Outlives us */
	uint32_t timeout_ms;
	bool wants_primary; /* a replica is no good */
};

/* Owned by the caller; handlers may release it. Its first attempt is made on the next turn. */
struct redis_link *redis_link_new(struct loop *loop, const struct redis_link_conf *conf);

void redis_link_connect(struct redis_link *link, const struct redis_address *address);
void redis_link_give_up(struct redis_link *link, const char *trouble); /* static text */

/* The trouble of a link that has not had its first answer yet. */
extern const char redis_not_connected[];

bool redis_link_is_up(const struct redis_link *link);
const char *redis_link_trouble(const struct redis_link *link); /* NULL, or a static text */

/* Connect now if it waits to do so. */
void redis_link_hurry(struct redis_link *link);
/* The server is not what we took it for: go through findh again. */
void redis_link_reset(struct redis_link *link, const char *trouble);

/*
 * err 0: reply, an error of the server's among them, valid during the handler. -EHOSTDOWN: the
 * connection was lost, the outcome is unknown. Never after the link was released.
 */
typedef void redis_reply_h(int err, const redisReply *reply, void *arg);

/* text: a command as redisFormatCommandArgv() writes it. Returns 0, -EHOSTDOWN or -EBUSY. */
int redis_link_send(struct redis_link *link, const char *text, size_t len, redis_reply_h *replyh,
		    void *arg);
/* The same for SUBSCRIBE and UNSUBSCRIBE, which are answered through pushh. */
void redis_link_subscribe(struct redis_link *link, const char *verb, const char *channel);
