#include "state/redis_sentinel.h"

#include "core/mem.h"
#include "core/str.h"
#include "loop/timer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WAITING = 4 };

struct redis_sentinel {
	struct loop *loop;
	const struct redis_url *url;
	uint32_t timeout_ms;
	size_t index; /* of the sentinel asked */
	size_t asked; /* since somebody knew */
	struct redis_link *link;
	struct timer *next;
	struct redis_link *waiting[MAX_WAITING]; /* NULL: free */
};

static bool is_waited_for(const struct redis_sentinel *sentinel)
{
	for (size_t i = 0; i < MAX_WAITING; i++)
		if (sentinel->waiting[i])
			return true;
	return false;
}

static void answer(struct redis_sentinel *sentinel, const struct redis_address *address)
{
	sentinel->asked = 0;
	for (size_t i = 0; i < MAX_WAITING; i++) {
		struct redis_link *link = sentinel->waiting[i];

		sentinel->waiting[i] = NULL;
		if (link && address)
			redis_link_connect(link, address);
		else if (link)
			redis_link_give_up(link, "no sentinel knows the primary");
	}
}

static void find(struct redis_link *link, void *arg)
{
	struct redis_sentinel *sentinel = arg;

	redis_link_connect(link, &sentinel->url->hosts[sentinel->index]);
}

/* The next one is asked on the next turn: this may come from within the link that goes away. */
static void try_next(struct redis_sentinel *sentinel)
{
	sentinel->index = (sentinel->index + 1) % sentinel->url->host_count;
	if (++sentinel->asked < sentinel->url->host_count)
		timer_start(sentinel->next, 0);
	else
		answer(sentinel, NULL);
}

static void on_address(int err, const redisReply *reply, void *arg)
{
	struct redis_sentinel *sentinel = arg;
	struct redis_address address;
	int64_t port;

	if (err)
		return; /* changed() goes on */
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
	    reply->element[0]->type != REDIS_REPLY_STRING ||
	    reply->element[1]->type != REDIS_REPLY_STRING ||
	    !str_copy(address.host, sizeof(address.host), reply->element[0]->str) ||
	    str_parse_int(&port, reply->element[1]->str, 1, 65535)) {
		try_next(sentinel);
		return;
	}
	address.port = (uint16_t)port;
	answer(sentinel, &address);
}

static void ask(struct redis_sentinel *sentinel)
{
	const char *argv[] = {"SENTINEL", "get-master-addr-by-name", sentinel->url->primary};
	char *text = NULL;
	int len = redisFormatCommandArgv(&text, 3, argv, NULL);

	if (len > 0)
		redis_link_send(sentinel->link, text, (size_t)len, on_address, sentinel);
	free(text);
}

static void changed(struct redis_link *link, bool up, void *arg)
{
	struct redis_sentinel *sentinel = arg;

	if (is_waited_for(sentinel) && up)
		ask(sentinel);
	else if (is_waited_for(sentinel))
		try_next(sentinel);
}

static const struct redis_link_ops link_ops = {.findh = find, .changeh = changed};

static void begin(void *arg)
{
	struct redis_sentinel *sentinel = arg;
	struct redis_link_conf conf = {
		.ops = &link_ops, .arg = sentinel, .timeout_ms = sentinel->timeout_ms};

	mem_unref(sentinel->link);
	sentinel->link = redis_link_new(sentinel->loop, &conf);
}

void redis_sentinel_find(struct redis_sentinel *sentinel, struct redis_link *link)
{
	bool busy = is_waited_for(sentinel);

	redis_sentinel_forget(sentinel, link);
	for (size_t i = 0; i < MAX_WAITING; i++) {
		if (sentinel->waiting[i])
			continue;
		sentinel->waiting[i] = link;
		break;
	}
	if (sentinel->link && redis_link_is_up(sentinel->link))
		ask(sentinel);
	else if (!busy)
		timer_start(sentinel->next, 0);
}

void redis_sentinel_forget(struct redis_sentinel *sentinel, struct redis_link *link)
{
	for (size_t i = 0; i < MAX_WAITING; i++)
		if (sentinel->waiting[i] == link)
			sentinel->waiting[i] = NULL;
}

static void sentinel_destroy(void *data)
{
	struct redis_sentinel *sentinel = data;

	mem_unref(sentinel->link);
	mem_unref(sentinel->next);
}

struct redis_sentinel *redis_sentinel_new(struct loop *loop, const struct redis_url *url,
					  uint32_t timeout_ms)
{
	struct redis_sentinel *sentinel = mem_new(sizeof(*sentinel), sentinel_destroy);

	sentinel->loop = loop;
	sentinel->url = url;
	sentinel->timeout_ms = timeout_ms;
	sentinel->next = timer_new(loop, begin, sentinel);
	return sentinel;
}
