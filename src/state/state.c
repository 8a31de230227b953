#include "state/state.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "loop/loop.h"
#include "state/state_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct state_ops *const backends[] = {&state_local, &state_redis};

static const char *const op_names[] = {
	[STATE_COUNT] = "count",
	[STATE_LEASE_TAKE] = "lease_take",
	[STATE_LEASE_RENEW] = "lease_renew",
	[STATE_LEASE_RELEASE] = "lease_release",
	[STATE_LEASE_COUNT] = "lease_count",
	[STATE_TOKEN_PUT] = "token_put",
	[STATE_TOKEN_TAKE] = "token_take",
	[STATE_PUBLISH] = "publish",
};

/* Where finished operations wait for the loop. It outlives the state while a post is under way. */
struct state_outbox {
	struct state *state; /* NULL once it is gone */
	struct list done;    /* of struct state_op */
	bool posted;
};

struct state_request {
	struct state_op *op; /* NULL once the handler has run */
};

struct state_subscription {
	struct list_node node;
	struct state *state; /* NULL once it is gone */
	char *channel;
	const struct state_listener *listener;
	void *arg;
	bool told; /* changeh was called */
	bool connected;
};

const char *state_op_name(enum state_op_kind kind)
{
	return op_names[kind];
}

/* ---- operations ---- */

static void op_destroy(void *data)
{
	struct state_op *op = data;

	list_remove(&op->node);
	if (op->request)
		op->request->op = NULL;
	mem_free(op->ids);
	mem_free(op->taken);
}

static char *put_str(char **at, const char *str)
{
	char *copy = *at;
	size_t size = strlen(str) + 1;

	memcpy(copy, str, size);
	*at += size;
	return copy;
}

/* with: what it says is copied; NULL-terminated strings must not be longer than STATE_MAX_NAME. */
static struct state_op *op_new(struct state *state, const struct state_op *with)
{
	size_t bytes = strlen(with->key) + 1 + with->value_len + 1;
	struct state_op *op;
	char *at;

	for (size_t i = 0; i < with->id_count; i++)
		bytes += strlen(with->ids[i]) + 1;
	op = mem_new(sizeof(*op) + bytes, op_destroy);
	*op = *with;
	at = (char *)(op + 1);
	op->front = state;
	op->key = put_str(&at, with->key);
	op->ids = with->id_count ? mem_alloc(with->id_count * sizeof(*op->ids)) : NULL;
	for (size_t i = 0; i < with->id_count; i++)
		op->ids[i] = put_str(&at, with->ids[i]);
	if (with->value_len)
		memcpy(at, with->value, with->value_len);
	op->value = at;
	op->started_us = clock_mono_us();
	return op;
}

static bool is_name(const char *name)
{
	return name && name[0] && strlen(name) <= STATE_MAX_NAME;
}

static bool is_allowed(const struct state_op *op)
{
	if (!is_name(op->key) || op->id_count > STATE_MAX_IDS)
		return false;
	for (size_t i = 0; i < op->id_count; i++)
		if (!is_name(op->ids[i]))
			return false;
	return op->value_len <=
	       (op->kind == STATE_PUBLISH ? (size_t)STATE_MAX_MESSAGE : (size_t)STATE_MAX_VALUE);
}

static void request_destroy(void *data)
{
	struct state_request *request = data;

	if (!request->op)
		return;
	request->op->request = NULL;
	request->op->doneh = NULL;
}

static void deliver(void *arg)
{
	struct state_outbox *outbox = arg;
	size_t due = outbox->done.len;

	outbox->posted = false;
	while (due-- && outbox->state && outbox->done.len) {
		struct state_op *op = list_pop(&outbox->done);
		state_done_h *doneh = op->doneh;
		static const struct state_answer nothing;

		if (op->request)
			op->request->op = NULL;
		op->request = NULL;
		if (doneh)
			doneh(op->err, op->err ? &nothing : &op->answer, op->arg);
		mem_unref(op);
	}
	mem_unref(outbox);
}

static void outbox_add(struct state_outbox *outbox, struct state_op *op)
{
	list_remove(&op->node);
	list_append(&outbox->done, &op->node, op);
	if (outbox->posted)
		return;
	outbox->posted = true;
	loop_post(outbox->state->loop, deliver, mem_ref(outbox));
}

static bool is_answer(int err)
{
	return !err || err == -ENOENT || err == -ENOSPC;
}

/* What the twin does not know either is unknown, not absent. */
static void run_on_twin(struct state_op *op)
{
	struct state *front = op->front;

	metric_add(METRIC_STATE_ERROR, op_names[op->kind], 1);
	op->by_twin = true;
	front->twin->ops->run(front->twin, op);
}

void state_op_done(struct state_op *op, int err)
{
	struct state *front = op->front;

	if (front->twin && !op->by_twin) {
		if (!is_answer(err)) {
			run_on_twin(op);
			return;
		}
		metric_observe(METRIC_STATE_DURATION, op_names[op->kind],
			       (double)(clock_mono_us() - op->started_us) / 1e6);
		state_local_mirror(front->twin, op);
	}
	if (op->by_twin && err == -ENOENT)
		err = -EHOSTDOWN;
	op->err = err;
	op->answer.data = op->taken;
	outbox_add(front->outbox, op);
}

static void start(struct state_request **ret_request, struct state *state,
		  const struct state_op *with)
{
	struct state_op *op;

	if (ret_request)
		*ret_request = NULL;
	if (!is_allowed(with)) {
		struct state_op empty = {
			.kind = with->kind, .key = "", .doneh = with->doneh, .arg = with->arg};

		op = op_new(state, &empty);
		op->err = -EINVAL;
	} else {
		op = op_new(state, with);
	}
	if (ret_request) {
		*ret_request = mem_new(sizeof(**ret_request), request_destroy);
		(*ret_request)->op = op;
		op->request = *ret_request;
	}
	list_append(&state->busy, &op->node, op);
	if (op->err)
		outbox_add(state->outbox, op);
	else if (state->twin && state->busy.len > STATE_MAX_WAITING)
		run_on_twin(op);
	else
		state->ops->run(state, op);
}

void state_count(struct state_request **ret_request, struct state *state,
		 const struct state_count_params *params, state_done_h *doneh, void *arg)
{
	struct state_op op = {.kind = STATE_COUNT,
			      .key = params->key,
			      .ms = params->window_ms ? params->window_ms : 1,
			      .add = params->add,
			      .limit = params->limit,
			      .sliding = params->sliding,
			      .doneh = doneh,
			      .arg = arg};

	start(ret_request, state, &op);
}

void state_lease_take(struct state_request **ret_request, struct state *state,
		      const struct state_lease_params *params, state_done_h *doneh, void *arg)
{
	const char *id = params->id;
	struct state_op op = {.kind = STATE_LEASE_TAKE,
			      .key = params->set,
			      .ids = &id,
			      .id_count = 1,
			      .ms = params->ttl_ms,
			      .limit = params->max,
			      .doneh = doneh,
			      .arg = arg};

	start(ret_request, state, &op);
}

void state_lease_renew(struct state_request **ret_request, struct state *state, const char *set,
		       const char *const *ids, size_t count, uint32_t ttl_ms, state_done_h *doneh,
		       void *arg)
{
	struct state_op op = {.kind = STATE_LEASE_RENEW,
			      .key = set,
			      .ids = (const char **)ids,
			      .id_count = count,
			      .ms = ttl_ms,
			      .doneh = doneh,
			      .arg = arg};

	start(ret_request, state, &op);
}

void state_lease_release(struct state_request **ret_request, struct state *state, const char *set,
			 const char *id, state_done_h *doneh, void *arg)
{
	struct state_op op = {.kind = STATE_LEASE_RELEASE,
			      .key = set,
			      .ids = &id,
			      .id_count = 1,
			      .doneh = doneh,
			      .arg = arg};

	start(ret_request, state, &op);
}

void state_lease_count(struct state_request **ret_request, struct state *state, const char *set,
		       state_done_h *doneh, void *arg)
{
	struct state_op op = {.kind = STATE_LEASE_COUNT, .key = set, .doneh = doneh, .arg = arg};

	start(ret_request, state, &op);
}

void state_token_put(struct state_request **ret_request, struct state *state, const char *token,
		     const void *data, size_t len, uint32_t ttl_ms, state_done_h *doneh, void *arg)
{
	struct state_op op = {.kind = STATE_TOKEN_PUT,
			      .key = token,
			      .value = data,
			      .value_len = len,
			      .ms = ttl_ms ? ttl_ms : 1,
			      .doneh = doneh,
			      .arg = arg};

	start(ret_request, state, &op);
}

void state_token_take(struct state_request **ret_request, struct state *state, const char *token,
		      state_done_h *doneh, void *arg)
{
	struct state_op op = {.kind = STATE_TOKEN_TAKE, .key = token, .doneh = doneh, .arg = arg};

	start(ret_request, state, &op);
}

void state_publish(struct state *state, const char *channel, const char *data, size_t len)
{
	struct state_op op = {
		.kind = STATE_PUBLISH, .key = channel, .value = data, .value_len = len};

	start(NULL, state, &op);
}

size_t state_pending(const struct state *state)
{
	return state->busy.len;
}

/* ---- subscriptions ---- */

static bool is_subscribed(const struct state *state, const char *channel)
{
	LIST_EACH(&state->subscriptions, node)
	{
		const struct state_subscription *subscription = node->data;

		if (!strcmp(subscription->channel, channel))
			return true;
	}
	return false;
}

static void subscription_destroy(void *data)
{
	struct state_subscription *subscription = data;
	struct state *state = subscription->state;

	list_remove(&subscription->node);
	if (state && !is_subscribed(state, subscription->channel))
		state->ops->unsubscribe(state, subscription->channel);
	mem_free(subscription->channel);
}

static void tell_change(struct state_subscription *subscription, bool connected)
{
	if (subscription->told && subscription->connected == connected)
		return;
	subscription->told = true;
	subscription->connected = connected;
	if (subscription->listener->changeh)
		subscription->listener->changeh(connected, subscription->arg);
}

/* In this process messages always arrive; elsewhere that is yet to be seen. */
static void tell_newcomers(void *arg)
{
	struct state_outbox *outbox = arg;

	if (outbox->state) {
		LIST_EACH(&outbox->state->subscriptions, node)
		{
			struct state_subscription *subscription = node->data;

			if (!subscription->told)
				tell_change(subscription, !outbox->state->twin);
		}
	}
	mem_unref(outbox);
}

struct state_subscription *state_subscribe(struct state *state, const char *channel,
					   const struct state_listener *listener, void *arg)
{
	struct state_subscription *subscription =
		mem_new(sizeof(*subscription), subscription_destroy);

	subscription->state = state;
	subscription->channel = mem_strdup(channel);
	subscription->listener = listener;
	subscription->arg = arg;
	list_append(&state->subscriptions, &subscription->node, subscription);
	state->ops->subscribe(state, channel);
	loop_post(state->loop, tell_newcomers, mem_ref(state->outbox));
	return subscription;
}

void state_deliver(struct state *state, const char *channel, const char *data, size_t len)
{
	LIST_EACH(&state->subscriptions, node)
	{
		struct state_subscription *subscription = node->data;

		if (!strcmp(subscription->channel, channel))
			subscription->listener->messageh(data, len, subscription->arg);
	}
}

void state_set_connected(struct state *state, const char *channel, bool connected)
{
	LIST_EACH(&state->subscriptions, node)
	{
		struct state_subscription *subscription = node->data;

		if (!channel || !strcmp(subscription->channel, channel))
			tell_change(subscription, connected);
	}
}

/* ---- the whole ---- */

const char *state_trouble(const struct state *state)
{
	return state->trouble;
}

bool state_is_shared(const struct state *state)
{
	return state->twin != NULL;
}

void state_set_trouble(struct state *state, const char *text, bool quiet)
{
	metric_set(METRIC_STATE_UP, "", text ? 0 : 1);
	if (str_equal(state->trouble, text))
		return;
	if (text && !quiet)
		LOG_WARN(&state->log, "state_away", LOG_STR("reason", text));
	else if (!text)
		LOG_INFO(&state->log, "state_back");
	state->trouble = text;
}

void state_destroy(void *data)
{
	struct state *state = data;
	struct state_op *op;

	state->ops->close(state);
	LIST_EACH(&state->subscriptions, node)
	{
		struct state_subscription *subscription = node->data;

		list_remove(node);
		subscription->state = NULL;
	}
	while ((op = list_pop(&state->busy)))
		mem_unref(op);
	if (state->outbox) {
		state->outbox->state = NULL;
		while ((op = list_pop(&state->outbox->done)))
			mem_unref(op);
		mem_unref(state->outbox);
	}
	mem_unref(state->twin);
	mem_unref(state->loop);
}

static bool has_scheme(const char *url, const char *scheme)
{
	size_t len = strlen(scheme);

	return str_has_prefix(url, scheme) && (url[len] == ':' || !url[len]);
}

static const struct state_ops *backend_of(const char *url)
{
	for (size_t i = 0; i < ARRAY_LEN(backends); i++)
		for (size_t j = 0; j < ARRAY_LEN(backends[i]->schemes); j++)
			if (backends[i]->schemes[j] && has_scheme(url, backends[i]->schemes[j]))
				return backends[i];
	return NULL;
}

int state_open(struct state **ret_state, struct loop *loop, const struct state_conf *conf,
	       char error[STATE_ERROR_SIZE])
{
	struct state_conf full = *conf;
	const struct state_ops *ops;
	struct state *state;
	int err;

	if (str_is_empty(full.url))
		full.url = "local";
	if (!full.prefix)
		full.prefix = "voiceai:";
	if (!full.timeout_ms)
		full.timeout_ms = 500;
	ops = backend_of(full.url);
	if (!ops) {
		snprintf(error, STATE_ERROR_SIZE,
			 "must begin with redis://, redis-sentinel:// or redis-cluster://");
		return -EINVAL;
	}
	err = ops->open(&state, loop, &full, error);
	if (err)
		return err;
	metric_set(METRIC_STATE_UP, "", state->trouble ? 0 : 1);
	*ret_state = state;
	return 0;
}

void state_init(struct state *state, const struct state_ops *ops, struct loop *loop)
{
	state->ops = ops;
	state->loop = mem_ref(loop);
	state->outbox = mem_new(sizeof(*state->outbox), NULL);
	state->outbox->state = state;
	log_init(&state->log, "state", NULL);
}
