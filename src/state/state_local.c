#include "core/map.h"
#include "core/mem.h"
#include "core/str.h"
#include "loop/loop.h"
#include "state/state_priv.h"

#include <errno.h>
#include <string.h>

/*
 * Everything in this process. What is full makes room: counters forget the one used longest ago;
 * slots and tokens forget what has expired, and refuse when nothing has.
 */
enum { MAX_COUNTERS = 100000, MAX_LEASES = 200000, MAX_TOKENS = 100000, TIDY_MS = 1000 };

struct counter {
	struct map_node map_node;
	struct list_node node; /* in store->counter_uses */
	struct map *map;
	uint64_t start_ms; /* of the window */
	int64_t current;
	int64_t before; /* in the window before */
	char key[];
};

/* One of the slots of a set; also in store->leases under "SET ID". */
struct lease {
	struct map_node map_node;
	struct list_node node; /* in set->leases */
	struct map *map;
	uint64_t expires_ms;
	char key[];
};

struct lease_set {
	struct map_node map_node;
	struct list leases; /* the first to expire first */
	char name[];
};

struct token {
	struct map_node map_node;
	struct map *map;
	uint64_t expires_ms;
	char *value;
	size_t len;
	char key[];
};

struct local_store {
	struct list_node node; /* in named_stores */
	char *name;
	struct map counters;
	struct list counter_uses; /* the longest unused first */
	struct map leases;
	struct map sets;
	struct map tokens;
	uint64_t tidied_ms;
	struct list states; /* of struct local */
};

struct local {
	struct state state; /* first */
	struct list_node node;
	struct local_store *store;
};

static struct list named_stores;

/* ---- counters ---- */

static void counter_destroy(void *data)
{
	struct counter *counter = data;

	map_remove(counter->map, &counter->map_node);
	list_remove(&counter->node);
}

static struct counter *counter_of(struct local_store *store, const struct state_op *op,
				  uint64_t now)
{
	struct counter *counter = map_get(&store->counters, op->key);
	size_t size = strlen(op->key) + 1;

	if (!counter) {
		if (store->counters.len >= MAX_COUNTERS)
			mem_unref(store->counter_uses.head->data);
		counter = mem_new(sizeof(*counter) + size, counter_destroy);
		memcpy(counter->key, op->key, size);
		counter->map = &store->counters;
		counter->start_ms = op->sliding ? now - now % op->ms : now;
		map_add(&store->counters, &counter->map_node, counter->key, counter);
	}
	list_remove(&counter->node);
	list_append(&store->counter_uses, &counter->node, counter);
	return counter;
}

static void move_window(struct counter *counter, const struct state_op *op, uint64_t now)
{
	uint64_t age = now - counter->start_ms;

	if (age < op->ms)
		return;
	counter->before = age < 2 * (uint64_t)op->ms ? counter->current : 0;
	counter->current = 0;
	counter->start_ms = op->sliding ? now - now % op->ms : now;
}

static int run_count(struct local_store *store, struct state_op *op, uint64_t now)
{
	struct counter *counter = counter_of(store, op, now);
	struct state_answer *answer = &op->answer;
	uint64_t left;

	move_window(counter, op, now);
	left = counter->start_ms + op->ms - now;
	answer->reset_ms = (uint32_t)left;
	answer->count = counter->current;
	if (op->sliding)
		answer->count += (int64_t)((double)counter->before * (double)left / op->ms);
	answer->granted = !op->limit || answer->count + op->add <= op->limit;
	if (answer->granted) {
		counter->current += op->add;
		answer->count += op->add;
	}
	return 0;
}

/* ---- leases ---- */

static void lease_destroy(void *data)
{
	struct lease *lease = data;

	map_remove(lease->map, &lease->map_node);
	list_remove(&lease->node);
}

static void set_drop_if_empty(struct local_store *store, struct lease_set *set)
{
	if (set->leases.len)
		return;
	map_remove(&store->sets, &set->map_node);
	mem_unref(set);
}

static void set_expire(struct lease_set *set, uint64_t now)
{
	LIST_EACH(&set->leases, node)
	{
		struct lease *lease = node->data;

		if (lease->expires_ms > now)
			return;
		mem_unref(lease);
	}
}

/* Names are at most STATE_MAX_NAME. */
struct lease_key {
	char text[2 * STATE_MAX_NAME + 2];
};

static struct lease_key lease_key(const char *set, const char *id)
{
	struct lease_key key;
	size_t len = strlen(set);

	memcpy(key.text, set, len);
	key.text[len] = ' ';
	str_copy(key.text + len + 1, sizeof(key.text) - len - 1, id);
	return key;
}

/* Nearly always the last to expire. */
static void lease_place(struct lease_set *set, struct lease *lease)
{
	struct list later = {0};
	struct lease *other;

	while (set->leases.tail &&
	       (other = set->leases.tail->data)->expires_ms > lease->expires_ms) {
		list_remove(&other->node);
		list_prepend(&later, &other->node, other);
	}
	list_append(&set->leases, &lease->node, lease);
	while ((other = list_pop(&later)))
		list_append(&set->leases, &other->node, other);
}

static void lease_extend(struct lease_set *set, struct lease *lease, uint64_t expires_ms)
{
	list_remove(&lease->node);
	lease->expires_ms = expires_ms;
	lease_place(set, lease);
}

static struct lease *lease_find(struct local_store *store, const char *set, const char *id)
{
	struct lease_key key = lease_key(set, id);

	return map_get(&store->leases, key.text);
}

static struct lease_set *set_of(struct local_store *store, const char *name)
{
	struct lease_set *set = map_get(&store->sets, name);
	size_t size = strlen(name) + 1;

	if (set)
		return set;
	set = mem_new(sizeof(*set) + size, NULL);
	memcpy(set->name, name, size);
	map_add(&store->sets, &set->map_node, set->name, set);
	return set;
}

static void lease_add(struct local_store *store, struct lease_set *set, const char *id,
		      uint64_t expires_ms)
{
	struct lease_key key = lease_key(set->name, id);
	size_t size = strlen(key.text) + 1;
	struct lease *lease = mem_new(sizeof(*lease) + size, lease_destroy);

	memcpy(lease->key, key.text, size);
	lease->map = &store->leases;
	lease->expires_ms = expires_ms;
	map_add(&store->leases, &lease->map_node, lease->key, lease);
	lease_place(set, lease);
}

static int lease_take(struct local_store *store, const struct state_op *op, int64_t max,
		      uint64_t now, struct state_answer *answer)
{
	struct lease_set *set = set_of(store, op->key);
	struct lease *lease;
	int err = 0;

	set_expire(set, now);
	lease = lease_find(store, op->key, op->ids[0]);
	answer->granted = lease || !max || (int64_t)set->leases.len < max;
	if (lease)
		lease_extend(set, lease, now + op->ms);
	else if (store->leases.len >= MAX_LEASES)
		err = -ENOSPC;
	else if (answer->granted)
		lease_add(store, set, op->ids[0], now + op->ms);
	answer->count = (int64_t)set->leases.len;
	set_drop_if_empty(store, set);
	return err;
}

static void lease_renew(struct local_store *store, const struct state_op *op, uint64_t now,
			struct state_answer *answer)
{
	struct lease_set *set = map_get(&store->sets, op->key);

	if (!set)
		return;
	set_expire(set, now);
	for (size_t i = 0; i < op->id_count; i++) {
		struct lease *lease = lease_find(store, op->key, op->ids[i]);

		if (!lease)
			continue;
		lease_extend(set, lease, now + op->ms);
		answer->count++;
	}
	set_drop_if_empty(store, set);
}

static void lease_release(struct local_store *store, const struct state_op *op, uint64_t now,
			  struct state_answer *answer)
{
	struct lease_set *set = map_get(&store->sets, op->key);
	struct lease *lease;

	if (!set)
		return;
	set_expire(set, now);
	lease = lease_find(store, op->key, op->ids[0]);
	answer->granted = lease != NULL;
	mem_unref(lease);
	answer->count = (int64_t)set->leases.len;
	set_drop_if_empty(store, set);
}

static void lease_count(struct local_store *store, const struct state_op *op, uint64_t now,
			struct state_answer *answer)
{
	struct lease_set *set = map_get(&store->sets, op->key);

	if (!set)
		return;
	set_expire(set, now);
	answer->count = (int64_t)set->leases.len;
	set_drop_if_empty(store, set);
}

void state_local_mirror(struct state *twin, const struct state_op *op)
{
	struct local_store *store = ((struct local *)twin)->store;
	uint64_t now = loop_now_ms(twin->loop);
	struct state_answer unused = {0};

	if (op->kind == STATE_LEASE_TAKE && op->answer.granted)
		lease_take(store, op, 0, now, &unused);
	else if (op->kind == STATE_LEASE_RENEW)
		lease_renew(store, op, now, &unused);
	else if (op->kind == STATE_LEASE_RELEASE)
		lease_release(store, op, now, &unused);
}

/* ---- tokens ---- */

static void token_destroy(void *data)
{
	struct token *token = data;

	map_remove(token->map, &token->map_node);
	mem_free(token->value);
}

static struct token *token_find(struct local_store *store, const char *key, uint64_t now)
{
	struct token *token = map_get(&store->tokens, key);

	if (token && token->expires_ms <= now)
		token = mem_unref(token);
	return token;
}

static int token_put(struct local_store *store, struct state_op *op, uint64_t now)
{
	size_t size = strlen(op->key) + 1;
	struct token *token;

	if (token_find(store, op->key, now))
		return 0;
	if (store->tokens.len >= MAX_TOKENS)
		return -ENOSPC;
	token = mem_new(sizeof(*token) + size, token_destroy);
	memcpy(token->key, op->key, size);
	token->map = &store->tokens;
	token->expires_ms = now + op->ms;
	token->value = mem_alloc(op->value_len + 1);
	memcpy(token->value, op->value, op->value_len);
	token->len = op->value_len;
	map_add(&store->tokens, &token->map_node, token->key, token);
	op->answer.granted = true;
	return 0;
}

static int token_take(struct local_store *store, struct state_op *op, uint64_t now)
{
	struct token *token = token_find(store, op->key, now);

	if (!token)
		return -ENOENT;
	op->answer.granted = true;
	op->answer.len = token->len;
	op->taken = token->value;
	token->value = NULL;
	mem_unref(token);
	return 0;
}

/* ---- the rest ---- */

static void publish(struct local *local, const struct state_op *op)
{
	LIST_EACH(&local->store->states, node)
	{
		struct local *other = node->data;

		if (other != local)
			state_deliver(&other->state, op->key, op->value, op->value_len);
	}
}

/* Passes over everything, so at most once a second. */
static void tidy(struct local_store *store, uint64_t now)
{
	if (now - store->tidied_ms < TIDY_MS)
		return;
	store->tidied_ms = now;
	MAP_EACH(&store->sets, node)
	{
		struct lease_set *set = node->data;

		set_expire(set, now);
		set_drop_if_empty(store, set);
	}
	MAP_EACH(&store->tokens, node)
	{
		struct token *token = node->data;

		if (token->expires_ms <= now)
			mem_unref(token);
	}
}

static int run_op(struct local *local, struct state_op *op)
{
	struct local_store *store = local->store;
	uint64_t now = loop_now_ms(local->state.loop);

	if (store->leases.len >= MAX_LEASES || store->tokens.len >= MAX_TOKENS)
		tidy(store, now);
	switch (op->kind) {
	case STATE_COUNT:
		return run_count(store, op, now);
	case STATE_LEASE_TAKE:
		return lease_take(store, op, op->limit, now, &op->answer);
	case STATE_LEASE_RENEW:
		lease_renew(store, op, now, &op->answer);
		return 0;
	case STATE_LEASE_RELEASE:
		lease_release(store, op, now, &op->answer);
		return 0;
	case STATE_LEASE_COUNT:
		lease_count(store, op, now, &op->answer);
		return 0;
	case STATE_TOKEN_PUT:
		return token_put(store, op, now);
	case STATE_TOKEN_TAKE:
		return token_take(store, op, now);
	case STATE_PUBLISH:
		publish(local, op);
		return 0;
	}
	return -EINVAL;
}

static void local_run(struct state *state, struct state_op *op)
{
	state_op_done(op, run_op((struct local *)state, op));
}

/* All messages of the store pass by anyway. */
static void local_subscribe(struct state *state, const char *channel)
{
}

static void store_destroy(void *data)
{
	struct local_store *store = data;

	list_remove(&store->node);
	mem_free(store->name);
	MAP_EACH(&store->counters, node)
	mem_unref(node->data);
	MAP_EACH(&store->leases, node)
	mem_unref(node->data);
	MAP_EACH(&store->sets, node)
	mem_unref(node->data);
	MAP_EACH(&store->tokens, node)
	mem_unref(node->data);
	map_free(&store->counters);
	map_free(&store->leases);
	map_free(&store->sets);
	map_free(&store->tokens);
}

/* name: NULL for one of its own. */
static struct local_store *store_of(const char *name)
{
	struct local_store *store;

	LIST_EACH(&named_stores, node)
	{
		store = node->data;
		if (str_equal(store->name, name))
			return mem_ref(store);
	}
	store = mem_new(sizeof(*store), store_destroy);
	store->name = mem_strdup(name);
	if (name)
		list_append(&named_stores, &store->node, store);
	return store;
}

static void local_close(struct state *state)
{
	struct local *local = (struct local *)state;

	list_remove(&local->node);
	mem_unref(local->store);
}

static int local_open(struct state **ret_state, struct loop *loop, const struct state_conf *conf,
		      char error[STATE_ERROR_SIZE])
{
	struct local *local = mem_new(sizeof(*local), state_destroy);
	const char *name = strchr(conf->url, ':');

	state_init(&local->state, &state_local, loop);
	local->store = store_of(name && name[1] ? name + 1 : NULL);
	list_append(&local->store->states, &local->node, local);
	*ret_state = &local->state;
	return 0;
}

const struct state_ops state_local = {
	.schemes = {"local"},
	.open = local_open,
	.run = local_run,
	.subscribe = local_subscribe,
	.unsubscribe = local_subscribe,
	.close = local_close,
};
