/*
 * A cluster: 16,384 slots, each at one of the nodes. Who has which is asked of any node (CLUSTER
 * SLOTS): at the start, when a node says that a slot is elsewhere, when a node is lost, and now and
 * then. A command that met the wrong node goes on to the right one.
 */
#include "core/list.h"
#include "core/mem.h"
#include "core/str.h"
#include "loop/timer.h"
#include "state/redis_route.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_NODES = 256,
	MAX_HOPS = 5,
	NO_NODE = 0xffff,
	SOON_MS = 100,
	AGAIN_MS = 500,
	LATER_MS = 30000,
};

static const char slots_command[] = "*2\r\n$7\r\nCLUSTER\r\n$5\r\nSLOTS\r\n";
static const char asking_command[] = "*1\r\n$6\r\nASKING\r\n";

struct node {
	struct cluster *cluster;
	struct redis_address address;
	struct redis_link *link;
	bool listed; /* it has slots, by the newest map */
};

struct cluster {
	struct redis_route route; /* first */
	struct node *nodes[MAX_NODES];
	size_t node_count;
	uint16_t slots[REDIS_SLOTS]; /* index of the node, or NO_NODE */
	bool known;                  /* there was a map once */
	struct timer *refresh;
	bool refreshing;
	size_t turn;                   /* which node is asked next */
	struct list sent;              /* of struct sent */
	size_t next_to_hear;           /* which node a subscriber gets */
	struct redis_link *subscriber; /* waits for a node; NULL: none does */
};

/* A command under way; kept to be sent elsewhere. */
struct sent {
	struct list_node list_node;
	struct cluster *cluster;
	struct node *node;
	redis_reply_h *replyh;
	void *arg;
	int hops;
	size_t len;
	char text[];
};

static void refresh_soon(struct cluster *cluster, uint32_t delay_ms)
{
	timer_start(cluster->refresh, delay_ms);
}

/* ---- nodes ---- */

static void find(struct redis_link *link, void *arg)
{
	struct node *node = arg;

	redis_link_connect(link, &node->address);
}

static void answer_subscriber(struct cluster *cluster, const struct node *node)
{
	struct redis_link *subscriber = cluster->subscriber;

	cluster->subscriber = NULL;
	redis_link_connect(subscriber, &node->address);
}

static void changed(struct redis_link *link, bool up, void *arg)
{
	struct node *node = arg;
	struct cluster *cluster = node->cluster;

	if (up && cluster->subscriber)
		answer_subscriber(cluster, node);
	if (!up && !cluster->refreshing)
		refresh_soon(cluster, SOON_MS);
	else if (up && !cluster->known)
		refresh_soon(cluster, 0);
	cluster->route.conf.changeh(cluster->route.conf.arg);
}

static const struct redis_link_ops link_ops = {.findh = find, .changeh = changed};

static void node_destroy(void *data)
{
	mem_unref(((struct node *)data)->link);
}

/* NULL when there are too many. */
static struct node *node_of(struct cluster *cluster, const struct redis_address *address)
{
	struct redis_link_conf conf = {.ops = &link_ops,
				       .login = cluster->route.conf.url,
				       .timeout_ms = cluster->route.conf.timeout_ms};
	struct node *node;

	for (size_t i = 0; i < cluster->node_count; i++) {
		node = cluster->nodes[i];
		if (node->address.port == address->port &&
		    !strcmp(node->address.host, address->host))
			return node;
	}
	if (cluster->node_count == MAX_NODES)
		return NULL;
	node = mem_new(sizeof(*node), node_destroy);
	node->cluster = cluster;
	node->address = *address;
	conf.arg = node;
	node->link = redis_link_new(cluster->route.conf.loop, &conf);
	cluster->nodes[cluster->node_count++] = node;
	return node;
}

static uint16_t index_of(const struct cluster *cluster, const struct node *node)
{
	for (size_t i = 0; i < cluster->node_count; i++)
		if (cluster->nodes[i] == node)
			return (uint16_t)i;
	return NO_NODE;
}

static struct node *any_node(struct cluster *cluster, size_t *turn)
{
	for (size_t i = 0; i < cluster->node_count; i++) {
		struct node *node = cluster->nodes[(*turn + i) % cluster->node_count];

		if (!redis_link_is_up(node->link))
			continue;
		*turn = (*turn + i + 1) % cluster->node_count;
		return node;
	}
	return NULL;
}

/* ---- the map of slots ---- */

static bool address_of(struct redis_address *ret_address, const redisReply *entry,
		       const struct node *asked)
{
	const redisReply *host, *port;

	if (entry->type != REDIS_REPLY_ARRAY || entry->elements < 2)
		return false;
	host = entry->element[0];
	port = entry->element[1];
	if (port->type != REDIS_REPLY_INTEGER || port->integer < 1 || port->integer > 65535)
		return false;
	/* A node that does not know its own address leaves it out. */
	if (host->type != REDIS_REPLY_STRING || !host->len || !strcmp(host->str, "?"))
		*ret_address = asked->address;
	else if (!str_copy(ret_address->host, sizeof(ret_address->host), host->str))
		return false;
	ret_address->port = (uint16_t)port->integer;
	return true;
}

/* One range: first, last, the primary, replicas... */
static void read_range(struct cluster *cluster, const redisReply *range, const struct node *asked)
{
	struct redis_address address;
	struct node *node;
	long long first, last;

	if (range->type != REDIS_REPLY_ARRAY || range->elements < 3 ||
	    range->element[0]->type != REDIS_REPLY_INTEGER ||
	    range->element[1]->type != REDIS_REPLY_INTEGER ||
	    !address_of(&address, range->element[2], asked))
		return;
	first = range->element[0]->integer;
	last = range->element[1]->integer;
	node = node_of(cluster, &address);
	if (!node || first < 0 || last >= REDIS_SLOTS)
		return;
	node->listed = true;
	for (long long slot = first; slot <= last; slot++)
		cluster->slots[slot] = index_of(cluster, node);
}

static bool is_seed(const struct cluster *cluster, const struct node *node)
{
	const struct redis_url *url = cluster->route.conf.url;

	for (size_t i = 0; i < url->host_count; i++)
		if (url->hosts[i].port == node->address.port &&
		    !strcmp(url->hosts[i].host, node->address.host))
			return true;
	return false;
}

static bool has_commands(const struct cluster *cluster, const struct node *node)
{
	LIST_EACH(&cluster->sent, list_node)
	if (((struct sent *)list_node->data)->node == node)
		return true;
	return false;
}

/* Nodes that have no slots any more, and are not in the URL, are let go. */
static void forget_nodes(struct cluster *cluster, const struct node *asked)
{
	for (size_t i = 0; i < cluster->node_count; i++) {
		struct node *node = cluster->nodes[i];
		struct node *last = cluster->nodes[cluster->node_count - 1];

		if (node->listed || node == asked || is_seed(cluster, node) ||
		    has_commands(cluster, node))
			continue;
		for (size_t slot = 0; slot < REDIS_SLOTS; slot++) {
			if (cluster->slots[slot] == i)
				cluster->slots[slot] = NO_NODE;
			else if (cluster->slots[slot] == cluster->node_count - 1)
				cluster->slots[slot] = (uint16_t)i;
		}
		cluster->nodes[i--] = last;
		cluster->node_count--;
		mem_unref(node);
	}
}

static void on_slots(int err, const redisReply *reply, void *arg)
{
	struct node *asked = arg;
	struct cluster *cluster = asked->cluster;

	cluster->refreshing = false;
	if (err || reply->type != REDIS_REPLY_ARRAY || !reply->elements) {
		refresh_soon(cluster, AGAIN_MS);
		return;
	}
	for (size_t i = 0; i < cluster->node_count; i++)
		cluster->nodes[i]->listed = false;
	for (size_t i = 0; i < REDIS_SLOTS; i++)
		cluster->slots[i] = NO_NODE;
	for (size_t i = 0; i < reply->elements; i++)
		read_range(cluster, reply->element[i], asked);
	forget_nodes(cluster, asked);
	cluster->known = true;
	/* While a node is away another may be about to take its slots. */
	refresh_soon(cluster, cluster->route.ops->trouble(&cluster->route) ? AGAIN_MS : LATER_MS);
	cluster->route.conf.changeh(cluster->route.conf.arg);
}

static void refresh(void *arg)
{
	struct cluster *cluster = arg;
	struct node *node;

	refresh_soon(cluster, AGAIN_MS);
	if (cluster->refreshing)
		return;
	node = any_node(cluster, &cluster->turn);
	if (node &&
	    !redis_link_send(node->link, slots_command, sizeof(slots_command) - 1, on_slots, node))
		cluster->refreshing = true;
}

/* ---- commands ---- */

static void on_reply(int err, const redisReply *reply, void *arg);

static void sent_destroy(void *data)
{
	list_remove(&((struct sent *)data)->list_node);
}

static int send_to(struct sent *sent, struct node *node)
{
	sent->node = node;
	return redis_link_send(node->link, sent->text, sent->len, on_reply, sent);
}

/* ASKING is answered before the command that follows it. */
static void on_asking(int err, const redisReply *reply, void *arg)
{
}

static int follow(struct sent *sent, const redisReply *reply)
{
	struct cluster *cluster = sent->cluster;
	struct redis_redirect redirect;
	struct node *node;
	int err;

	if (reply->type != REDIS_REPLY_ERROR ||
	    redis_redirect_parse(&redirect, reply->str, reply->len) || ++sent->hops > MAX_HOPS)
		return -EBADMSG;
	if (!redirect.to.host[0])
		str_copy(redirect.to.host, sizeof(redirect.to.host), sent->node->address.host);
	node = node_of(cluster, &redirect.to);
	if (!node)
		return -EBADMSG;
	if (redirect.ask) {
		err = redis_link_send(node->link, asking_command, sizeof(asking_command) - 1,
				      on_asking, NULL);
		return err ? err : send_to(sent, node);
	}
	cluster->slots[redirect.slot] = index_of(cluster, node);
	refresh_soon(cluster, SOON_MS);
	return send_to(sent, node);
}

static void on_reply(int err, const redisReply *reply, void *arg)
{
	struct sent *sent = arg;

	if (!err && !follow(sent, reply))
		return;
	list_remove(&sent->list_node);
	sent->replyh(err, reply, sent->arg);
	mem_unref(sent);
}

static struct node *node_for(struct cluster *cluster, const char *key)
{
	uint16_t index = key ? cluster->slots[redis_slot(key)] : NO_NODE;

	if (key)
		return index == NO_NODE ? NULL : cluster->nodes[index];
	return any_node(cluster, &cluster->turn);
}

static int cluster_send(struct redis_route *route, const char *key, const char *text, size_t len,
			redis_reply_h *replyh, void *arg)
{
	struct cluster *cluster = (struct cluster *)route;
	struct node *node = node_for(cluster, key);
	struct sent *sent;
	int err;

	if (!node)
		return -EHOSTDOWN;
	sent = mem_new(sizeof(*sent) + len, sent_destroy);
	sent->cluster = cluster;
	sent->replyh = replyh;
	sent->arg = arg;
	sent->len = len;
	memcpy(sent->text, text, len);
	list_append(&cluster->sent, &sent->list_node, sent);
	err = send_to(sent, node);
	if (err)
		mem_unref(sent);
	return err;
}

static void cluster_refused(struct redis_route *route)
{
	refresh_soon((struct cluster *)route, SOON_MS);
}

/* Every node tells what is published at any other. */
static void cluster_find(struct redis_route *route, struct redis_link *link)
{
	struct cluster *cluster = (struct cluster *)route;
	struct node *node = any_node(cluster, &cluster->next_to_hear);

	if (node)
		redis_link_connect(link, &node->address);
	else
		cluster->subscriber = link;
}

static void cluster_forget(struct redis_route *route, struct redis_link *link)
{
	struct cluster *cluster = (struct cluster *)route;

	if (cluster->subscriber == link)
		cluster->subscriber = NULL;
}

static const char *link_trouble(const struct node *node)
{
	const char *trouble = redis_link_trouble(node->link);

	return trouble && trouble != redis_not_connected ? "a node of the cluster is away"
							 : trouble;
}

static const char *cluster_trouble(const struct redis_route *route)
{
	const struct cluster *cluster = (const struct cluster *)route;
	const char *trouble = cluster->known ? NULL : redis_not_connected;

	for (size_t i = 0; i < REDIS_SLOTS && cluster->known; i++)
		if (cluster->slots[i] == NO_NODE)
			return "slots of the cluster are at no node";
	for (size_t i = 0; i < cluster->node_count; i++) {
		const struct node *node = cluster->nodes[i];

		if ((node->listed || !cluster->known) && link_trouble(node))
			trouble = link_trouble(node);
	}
	return trouble;
}

static void cluster_destroy(void *data)
{
	struct cluster *cluster = data;

	for (size_t i = 0; i < cluster->node_count; i++)
		mem_unref(cluster->nodes[i]);
	LIST_EACH(&cluster->sent, list_node)
	mem_unref(list_node->data);
	mem_unref(cluster->refresh);
}

static struct redis_route *cluster_make(const struct redis_route_conf *conf)
{
	struct cluster *cluster = mem_new(sizeof(*cluster), cluster_destroy);

	cluster->route.ops = &redis_route_cluster;
	cluster->route.conf = *conf;
	cluster->refresh = timer_new(conf->loop, refresh, cluster);
	for (size_t i = 0; i < REDIS_SLOTS; i++)
		cluster->slots[i] = NO_NODE;
	for (size_t i = 0; i < conf->url->host_count; i++)
		node_of(cluster, &conf->url->hosts[i]);
	return &cluster->route;
}

const struct redis_route_ops redis_route_cluster = {
	.make = cluster_make,
	.send = cluster_send,
	.refused = cluster_refused,
	.find = cluster_find,
	.forget = cluster_forget,
	.trouble = cluster_trouble,
};
