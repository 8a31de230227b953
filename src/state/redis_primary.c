/* One server for everything: the one of the URL, or the one sentinels call the primary. */
#include "core/mem.h"
#include "state/redis_route.h"
#include "state/redis_sentinel.h"

struct primary {
	struct redis_route route;        /* first */
	struct redis_sentinel *sentinel; /* NULL: REDIS_SINGLE */
	struct redis_link *link;
};

static void primary_find(struct redis_route *route, struct redis_link *link)
{
	struct primary *primary = (struct primary *)route;

	if (primary->sentinel)
		redis_sentinel_find(primary->sentinel, link);
	else
		redis_link_connect(link, &route->conf.url->hosts[0]);
}

static void primary_forget(struct redis_route *route, struct redis_link *link)
{
	struct primary *primary = (struct primary *)route;

	if (primary->sentinel)
		redis_sentinel_forget(primary->sentinel, link);
}

static void find(struct redis_link *link, void *arg)
{
	primary_find(arg, link);
}

static void changed(struct redis_link *link, bool up, void *arg)
{
	struct primary *primary = arg;

	primary->route.conf.changeh(primary->route.conf.arg);
}

static const struct redis_link_ops link_ops = {.findh = find, .changeh = changed};

static int primary_send(struct redis_route *route, const char *key, const char *text, size_t len,
			redis_reply_h *replyh, void *arg)
{
	return redis_link_send(((struct primary *)route)->link, text, len, replyh, arg);
}

/* A primary that was made a replica: ask again who the primary is. */
static void primary_refused(struct redis_route *route)
{
	redis_link_reset(((struct primary *)route)->link, "this Redis is a replica");
}

static const char *primary_trouble(const struct redis_route *route)
{
	return redis_link_trouble(((const struct primary *)route)->link);
}

static void primary_destroy(void *data)
{
	struct primary *primary = data;

	mem_unref(primary->link);
	mem_unref(primary->sentinel);
}

static struct redis_route *primary_make(const struct redis_route_conf *conf)
{
	struct primary *primary = mem_new(sizeof(*primary), primary_destroy);
	struct redis_link_conf link = {.ops = &link_ops,
				       .arg = primary,
				       .login = conf->url,
				       .timeout_ms = conf->timeout_ms,
				       .wants_primary = true};

	primary->route.ops = &redis_route_primary;
	primary->route.conf = *conf;
	if (conf->url->kind == REDIS_SENTINEL)
		primary->sentinel = redis_sentinel_new(conf->loop, conf->url, conf->timeout_ms);
	primary->link = redis_link_new(conf->loop, &link);
	return &primary->route;
}

const struct redis_route_ops redis_route_primary = {
	.make = primary_make,
	.send = primary_send,
	.refused = primary_refused,
	.find = primary_find,
	.forget = primary_forget,
	.trouble = primary_trouble,
};
