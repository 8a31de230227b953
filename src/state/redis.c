/* State in Redis. What it cannot do is done by the local twin, see state.c. */
#include "core/digest.h"
#include "core/list.h"
#include "core/mem.h"
#include "core/str.h"
#include "state/redis_route.h"
#include "state/redis_script.h"
#include "state/state_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ORIGIN_LEN = 16, MAX_ARGS = STATE_MAX_IDS + 8 };

struct channel {
	struct list_node node;
	char *name; /* with the prefix */
	bool heard; /* the server has confirmed it */
};

struct redis {
	struct state state; /* first */
	struct redis_url url;
	char *prefix;
	struct redis_route *route;
	struct redis_link *subscriber;
	struct list channels;
	char origin[ORIGIN_LEN + 1]; /* begins every message of ours */
};

/* ---- commands ---- */

/* Arguments of a command; numbers are written into room. */
struct args {
	const char *argv[MAX_ARGS];
	size_t lens[MAX_ARGS];
	int argc;
	char room[6][24];
	int numbers;
};

static void arg_data(struct args *args, const char *data, size_t len)
{
	args->argv[args->argc] = data;
	args->lens[args->argc++] = len;
}

static void arg_str(struct args *args, const char *text)
{
	arg_data(args, text, strlen(text));
}

static void arg_int(struct args *args, int64_t number)
{
	char *text = args->room[args->numbers++];

	snprintf(text, sizeof(args->room[0]), "%lld", (long long)number);
	arg_str(args, text);
}

static void arg_script(struct args *args, enum redis_script_id script, const char *key, bool whole)
{
	arg_str(args, whole ? "EVAL" : "EVALSHA");
	arg_str(args, whole ? redis_script_text(script) : redis_script_sha(script));
	arg_str(args, "1");
	arg_str(args, key);
}

static void arg_ids(struct args *args, const struct state_op *op)
{
	for (size_t i = 0; i < op->id_count; i++)
		arg_str(args, op->ids[i]);
}

static const char *const key_kinds[] = {
	[STATE_COUNT] = "count:",       [STATE_LEASE_TAKE] = "lease:",
	[STATE_LEASE_RENEW] = "lease:", [STATE_LEASE_RELEASE] = "lease:",
	[STATE_LEASE_COUNT] = "lease:", [STATE_TOKEN_PUT] = "token:",
	[STATE_TOKEN_TAKE] = "token:",  [STATE_PUBLISH] = "",
};

/* whole: with the scripts' text, for a server that does not know them yet. */
static void write_command(struct args *args, const struct state_op *op, const char *key, bool whole)
{
	switch (op->kind) {
	case STATE_COUNT:
		arg_script(args, REDIS_SCRIPT_COUNT, key, whole);
		arg_int(args, op->ms);
		arg_int(args, op->add);
		arg_int(args, op->limit);
		arg_str(args, op->sliding ? "1" : "0");
		break;
	case STATE_LEASE_TAKE:
		arg_script(args, REDIS_SCRIPT_LEASE_TAKE, key, whole);
		arg_int(args, op->ms);
		arg_int(args, op->limit);
		arg_ids(args, op);
		break;
	case STATE_LEASE_RENEW:
		arg_script(args, REDIS_SCRIPT_LEASE_RENEW, key, whole);
		arg_int(args, op->ms);
		arg_ids(args, op);
		break;
	case STATE_LEASE_RELEASE:
		arg_script(args, REDIS_SCRIPT_LEASE_RELEASE, key, whole);
		arg_ids(args, op);
		break;
	case STATE_LEASE_COUNT:
		arg_script(args, REDIS_SCRIPT_LEASE_COUNT, key, whole);
		break;
	case STATE_TOKEN_PUT:
		arg_str(args, "SET");
		arg_str(args, key);
		arg_data(args, op->value, op->value_len);
		arg_str(args, "PX");
		arg_int(args, op->ms);
		arg_str(args, "NX");
		break;
	case STATE_TOKEN_TAKE:
		arg_script(args, REDIS_SCRIPT_TOKEN_TAKE, key, whole);
		break;
	case STATE_PUBLISH:
		arg_str(args, "PUBLISH");
		arg_str(args, key);
		arg_data(args, op->value, op->value_len);
		break;
	}
}

static void on_reply(int err, const redisReply *reply, void *arg);

static int send_op(struct redis *redis, struct state_op *op, bool whole)
{
	auto_free char *key = mem_printf("%s%s%s", redis->prefix, key_kinds[op->kind], op->key);
	auto_free char *message = NULL;
	struct args args = {0};
	char *text = NULL;
	int len, err = -ENOMEM;

	write_command(&args, op, key, whole);
	if (op->kind == STATE_PUBLISH) {
		message = mem_alloc(ORIGIN_LEN + op->value_len + 1);
		memcpy(message, redis->origin, ORIGIN_LEN);
		memcpy(message + ORIGIN_LEN, op->value, op->value_len);
		args.argv[2] = message;
		args.lens[2] = ORIGIN_LEN + op->value_len;
	}
	len = redisFormatCommandArgv(&text, args.argc, args.argv, args.lens);
	if (len > 0)
		err = redis->route->ops->send(redis->route, op->kind == STATE_PUBLISH ? NULL : key,
					      text, (size_t)len, on_reply, op);
	free(text);
	return err;
}

static int read_numbers(struct state_op *op, const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3)
		return -EBADMSG;
	for (size_t i = 0; i < 3; i++)
		if (reply->element[i]->type != REDIS_REPLY_INTEGER)
			return -EBADMSG;
	op->answer.granted = reply->element[0]->integer > 0;
	op->answer.count = reply->element[1]->integer;
	op->answer.reset_ms = (uint32_t)reply->element[2]->integer;
	return 0;
}

static int read_token(struct state_op *op, const redisReply *reply)
{
	if (reply->type == REDIS_REPLY_NIL)
		return -ENOENT;
	if (reply->type != REDIS_REPLY_STRING)
		return -EBADMSG;
	op->answer.granted = true;
	op->answer.len = reply->len;
	op->taken = mem_alloc(reply->len + 1);
	memcpy(op->taken, reply->str, reply->len);
	return 0;
}

static int read_reply(struct state_op *op, const redisReply *reply)
{
	if (reply->type == REDIS_REPLY_ERROR)
		return -EIO;
	if (op->kind == STATE_TOKEN_TAKE)
		return read_token(op, reply);
	if (op->kind == STATE_PUBLISH)
		return 0;
	if (op->kind != STATE_TOKEN_PUT)
		return read_numbers(op, reply);
	op->answer.granted = reply->type == REDIS_REPLY_STATUS;
	return 0;
}

static bool is_error(const redisReply *reply, const char *code)
{
	return reply->type == REDIS_REPLY_ERROR && str_has_prefix(reply->str, code);
}

static void on_reply(int err, const redisReply *reply, void *arg)
{
	struct state_op *op = arg;
	struct redis *redis = (struct redis *)op->front;
	bool replica = !err && is_error(reply, "READONLY");

	if (!err && is_error(reply, "NOSCRIPT") && !op->retried) {
		op->retried = true;
		err = send_op(redis, op, true);
		if (!err)
			return;
	} else if (!err) {
		if (reply->type == REDIS_REPLY_ERROR && !replica)
			LOG_WARN(&redis->state.log, "state_refused",
				 LOG_STR("op", state_op_name(op->kind)),
				 LOG_STR("reason", reply->str));
		err = read_reply(op, reply);
	}
	state_op_done(op, err);
	if (replica)
		redis->route->ops->refused(redis->route);
}

static void redis_run(struct state *state, struct state_op *op)
{
	int err = send_op((struct redis *)state, op, false);

	if (err)
		state_op_done(op, err);
}

/* ---- messages ---- */

static struct channel *channel_of(struct redis *redis, const char *name)
{
	LIST_EACH(&redis->channels, node)
	{
		struct channel *channel = node->data;

		if (!strcmp(channel->name, name))
			return channel;
	}
	return NULL;
}

static void channel_destroy(void *data)
{
	struct channel *channel = data;

	list_remove(&channel->node);
	mem_free(channel->name);
}

static void find(struct redis_link *link, void *arg)
{
	struct redis *redis = arg;

	redis->route->ops->find(redis->route, link);
}

static void update_trouble(void *arg)
{
	struct redis *redis = arg;
	const char *trouble = redis->route->ops->trouble(redis->route);

	if (!trouble && redis->subscriber)
		trouble = redis_link_trouble(redis->subscriber);
	else if (!trouble)
		trouble = redis_not_connected;
	state_set_trouble(&redis->state, trouble, trouble == redis_not_connected);
}

static void on_change(struct redis_link *link, bool up, void *arg)
{
	struct redis *redis = arg;

	LIST_EACH(&redis->channels, node)
	{
		struct channel *channel = node->data;

		channel->heard = false;
		redis_link_subscribe(link, "SUBSCRIBE", channel->name);
	}
	if (!up)
		state_set_connected(&redis->state, NULL, false);
	update_trouble(redis);
}

/* message, channel, data; or subscribe, channel, how many. */
static void on_push(struct redis_link *link, const redisReply *reply, void *arg)
{
	struct redis *redis = arg;
	const redisReply *what = reply->element[0], *name = reply->element[1];
	const redisReply *data = reply->element[2];
	struct channel *channel =
		name->type == REDIS_REPLY_STRING ? channel_of(redis, name->str) : NULL;
	const char *own_name = channel ? channel->name + strlen(redis->prefix) : NULL;

	if (!channel)
		return;
	if (!strcmp(what->str, "subscribe")) {
		channel->heard = true;
		state_set_connected(&redis->state, own_name, true);
	} else if (!strcmp(what->str, "message") && data->type == REDIS_REPLY_STRING &&
		   data->len >= ORIGIN_LEN && memcmp(data->str, redis->origin, ORIGIN_LEN) != 0) {
		state_deliver(&redis->state, own_name, data->str + ORIGIN_LEN,
			      data->len - ORIGIN_LEN);
	}
}

static const struct redis_link_ops subscriber_ops = {
	.findh = find, .changeh = on_change, .pushh = on_push};

static void redis_subscribe(struct state *state, const char *name)
{
	struct redis *redis = (struct redis *)state;
	auto_free char *full = mem_printf("%s%s", redis->prefix, name);
	struct channel *channel = channel_of(redis, full);

	if (!channel) {
		channel = mem_new(sizeof(*channel), channel_destroy);
		channel->name = mem_strdup(full);
		list_append(&redis->channels, &channel->node, channel);
	}
	redis_link_subscribe(redis->subscriber, "SUBSCRIBE", full);
}

static void redis_unsubscribe(struct state *state, const char *name)
{
	struct redis *redis = (struct redis *)state;
	auto_free char *full = mem_printf("%s%s", redis->prefix, name);

	mem_unref(channel_of(redis, full));
	redis_link_subscribe(redis->subscriber, "UNSUBSCRIBE", full);
}

/* ---- opening ---- */

static void redis_close(struct state *state)
{
	struct redis *redis = (struct redis *)state;

	if (redis->subscriber)
		redis->route->ops->forget(redis->route, redis->subscriber);
	mem_unref(redis->subscriber);
	mem_unref(redis->route);
	LIST_EACH(&redis->channels, node)
	mem_unref(node->data);
	mem_free(redis->prefix);
}

static int open_twin(struct state **ret_twin, struct loop *loop)
{
	struct state_conf conf = {.url = "local"};
	char error[STATE_ERROR_SIZE];

	return state_local.open(ret_twin, loop, &conf, error);
}

static int redis_open(struct state **ret_state, struct loop *loop, const struct state_conf *conf,
		      char error[STATE_ERROR_SIZE])
{
	struct redis_link_conf subscriber = {.ops = &subscriber_ops,
					     .timeout_ms = conf->timeout_ms};
	struct redis_route_conf route = {
		.loop = loop, .timeout_ms = conf->timeout_ms, .changeh = update_trouble};
	struct redis_url url;
	struct redis *redis;
	const char *reason;

	if (redis_url_parse(&url, conf->url, &reason)) {
		snprintf(error, STATE_ERROR_SIZE, "%s", reason);
		return -EINVAL;
	}
	redis = mem_new(sizeof(*redis), state_destroy);
	state_init(&redis->state, &state_redis, loop);
	open_twin(&redis->state.twin, loop);
	redis->url = url;
	redis->prefix = mem_strdup(conf->prefix);
	random_hex(redis->origin, ORIGIN_LEN);
	route.url = &redis->url;
	route.arg = redis;
	redis->route = (url.kind == REDIS_CLUSTER ? &redis_route_cluster : &redis_route_primary)
			       ->make(&route);
	subscriber.arg = redis;
	subscriber.login = &redis->url;
	redis->subscriber = redis_link_new(loop, &subscriber);
	redis->state.trouble = redis_not_connected;
	*ret_state = &redis->state;
	return 0;
}

const struct state_ops state_redis = {
	.schemes = {"redis", "rediss", "redis-sentinel", "redis-cluster"},
	.open = redis_open,
	.run = redis_run,
	.subscribe = redis_subscribe,
	.unsubscribe = redis_unsubscribe,
	.close = redis_close,
};
