#include "platform/rate_limit.h"

#include "core/clock.h"
#include "core/ip.h"
#include "core/list.h"
#include "core/map.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "http/http_server.h"
#include "loop/loop.h"
#include "platform/api/error.h"
#include "state/state.h"

#include <stdio.h>
#include <string.h>

enum {
	WINDOW_MS = 60000,
	MAX_ENTRIES = 50000, /* beyond it the one unused for the longest time is forgotten */
	MAX_ID = 64,
	/* In shared state a minute is kept long enough for every pod to have looked. */
	KEEP_MS = 2 * WINDOW_MS,
};

static const char *const names[] = {
#define RATE(id_, name_) name_,
	RATE_CLASSES(RATE)
#undef RATE
};

struct rate_limit {
	struct rate_limit_conf conf;
	int64_t clock_offset_ms; /* from the loop's clock to the wall's */
	struct map entries;
	struct list uses; /* of entries; the longest unused first */
};

/* One id in one class. In the map with a reference; an operation under way has another. */
struct entry {
	struct map_node map_node;
	struct list_node node;
	int64_t minute; /* of the wall's clock */
	int64_t own;    /* counted here in that minute */
	int64_t others; /* counted by other pods in it, as far as known */
	int64_t before; /* by all in the minute before */
	int64_t sent;   /* of own, known to the shared state */
	int64_t sending;
	int64_t sending_minute;
	bool busy;
	struct rate_limit *limit; /* NULL once forgotten */
	char key[MAX_ID + 16];
};

/* ---- entries ---- */

static void forget(struct rate_limit *limit, struct entry *entry)
{
	map_remove(&limit->entries, &entry->map_node);
	list_remove(&entry->node);
	entry->limit = NULL;
	mem_unref(entry);
}

static void rate_limit_destroy(void *data)
{
	struct rate_limit *limit = data;

	while (limit->uses.head)
		forget(limit, limit->uses.head->data);
	map_free(&limit->entries);
}

struct rate_limit *rate_limit_new(const struct rate_limit_conf *conf)
{
	struct rate_limit *limit = mem_new(sizeof(*limit), rate_limit_destroy);

	limit->conf = *conf;
	limit->clock_offset_ms = clock_wall_us() / 1000 - (int64_t)loop_now_ms(conf->loop);
	return limit;
}

static int64_t wall_ms(const struct rate_limit *limit)
{
	return limit->clock_offset_ms + (int64_t)loop_now_ms(limit->conf.loop);
}

/* A new minute makes the current one the one before. */
static void roll(struct entry *entry, int64_t minute)
{
	if (entry->minute == minute)
		return;
	entry->before = entry->minute == minute - 1 ? entry->own + entry->others : 0;
	entry->minute = minute;
	entry->own = entry->others = entry->sent = 0;
}

static struct entry *find_entry(struct rate_limit *limit, enum rate_class class, const char *id)
{
	char key[sizeof(((struct entry *)0)->key)];
	struct entry *entry;

	snprintf(key, sizeof(key), "%s:%.*s", names[class], (int)MAX_ID, id);
	entry = map_get(&limit->entries, key);
	if (entry) {
		list_remove(&entry->node);
	} else {
		if (limit->entries.len >= MAX_ENTRIES)
			forget(limit, limit->uses.head->data);
		entry = mem_new(sizeof(*entry), NULL);
		entry->limit = limit;
		str_copy(entry->key, sizeof(entry->key), key);
		map_add(&limit->entries, &entry->map_node, entry->key, entry);
	}
	list_append(&limit->uses, &entry->node, entry);
	roll(entry, wall_ms(limit) / WINDOW_MS);
	return entry;
}

/* ---- other pods ---- */

static void send_count(struct entry *entry);

static void on_counted(int err, const struct state_answer *answer, void *arg)
{
	struct entry *entry = arg;

	entry->busy = false;
	if (!err && entry->sending_minute == entry->minute) {
		entry->sent += entry->sending;
		entry->others = answer->count > entry->sent ? answer->count - entry->sent : 0;
	}
	if (entry->limit && !err && entry->own > entry->sent)
		send_count(entry);
	mem_unref(entry);
}

static void send_count(struct entry *entry)
{
	char key[sizeof(entry->key) + 32];
	struct state_count_params params = {.key = key, .window_ms = KEEP_MS};

	if (!entry->limit->conf.state || entry->busy)
		return;
	snprintf(key, sizeof(key), "rate:%s:%lld", entry->key, (long long)entry->minute);
	entry->busy = true;
	entry->sending = params.add = entry->own - entry->sent;
	entry->sending_minute = entry->minute;
	state_count(NULL, entry->limit->conf.state, &params, on_counted, mem_ref(entry));
}

/* ---- decisions ---- */

/* When there is room again, if nothing else is asked. */
static uint32_t room_in_s(const struct entry *entry, int64_t limit, int64_t elapsed_ms)
{
	int64_t now = entry->own + entry->others, before = entry->before;
	int64_t until_next = WINDOW_MS - elapsed_ms, wait;

	if (now < limit) /* what weighs is the minute before: it fades */
		wait = WINDOW_MS - (limit - now - 1) * WINDOW_MS / (before ?: 1) - elapsed_ms;
	else
		wait = until_next + (now - limit + 1) * WINDOW_MS / (now ?: 1);
	return (uint32_t)((wait > 0 ? wait : 0) / 1000 + 1);
}

static struct rate_verdict decide(struct rate_limit *limit, enum rate_class class, const char *id,
				  bool take)
{
	struct rate_verdict verdict = {.pass = true};
	int64_t elapsed_ms, used, most;
	struct entry *entry;

	if (!limit || !limit->conf.per_minute[class])
		return verdict;
	most = limit->conf.per_minute[class];
	entry = find_entry(limit, class, id);
	elapsed_ms = wall_ms(limit) % WINDOW_MS;
	used = entry->own + entry->others + entry->before * (WINDOW_MS - elapsed_ms) / WINDOW_MS;
	verdict.limit = (uint32_t)most;
	verdict.pass = used < most;
	if (!verdict.pass) {
		verdict.reset_s = room_in_s(entry, most, elapsed_ms);
		if (take)
			metric_add(METRIC_RATE_LIMITED, names[class], 1);
		return verdict;
	}
	verdict.remaining = (uint32_t)(most - used - take);
	verdict.reset_s = (uint32_t)((WINDOW_MS - elapsed_ms + 999) / 1000);
	if (take) {
		entry->own++;
		send_count(entry);
	}
	return verdict;
}

struct rate_verdict rate_limit_take(struct rate_limit *limit, enum rate_class class, const char *id)
{
	return decide(limit, class, id, true);
}

struct rate_verdict rate_limit_look(struct rate_limit *limit, enum rate_class class, const char *id)
{
	return decide(limit, class, id, false);
}

/* ---- on requests ---- */

static void add_headers(struct http_request *req, const struct rate_verdict *verdict)
{
	char text[16];

	if (!verdict->limit)
		return;
	snprintf(text, sizeof(text), "%u", verdict->limit);
	http_reply_header(req, "RateLimit-Limit", text);
	snprintf(text, sizeof(text), "%u", verdict->remaining);
	http_reply_header(req, "RateLimit-Remaining", text);
	snprintf(text, sizeof(text), "%u", verdict->reset_s);
	http_reply_header(req, "RateLimit-Reset", text);
	if (!verdict->pass)
		http_reply_header(req, "Retry-After", text);
}

static void refuse(struct http_request *req, const struct rate_verdict *verdict)
{
	add_headers(req, verdict);
	api_fail(req, API_RATE_LIMITED, NULL,
		 "That is more than %u requests a minute; there is room again in %u s.",
		 verdict->limit, verdict->reset_s);
}

/* The one that refuses, or else the one that is nearer to it. */
static const struct rate_verdict *tighter(const struct rate_verdict *a,
					  const struct rate_verdict *b)
{
	if (!a->pass || !b->limit)
		return a;
	if (!b->pass || !a->limit)
		return b;
	return a->remaining < b->remaining ? a : b;
}

static void address_of(char out[IP_TEXT_SIZE], const struct http_request *req)
{
	struct ip net = ip_network(http_request_ip(req), 32, 64);

	ip_text(out, &net);
}

static bool is_exempt(const struct rate_limit *limit, const struct http_request *req)
{
	return !limit->conf.loopback && ip_is_loopback(http_request_ip(req));
}

/* WebSocket handshakes come by here too: a client that reconnects without end is one that asks. */
static bool on_gate(struct http_request *req, void *arg)
{
	struct rate_limit *limit = arg;
	const char *path = http_request_path(req);
	char address[IP_TEXT_SIZE];
	struct rate_verdict by_ip, by_auth = {.pass = true};
	const struct rate_verdict *verdict;

	if (!str_has_prefix(path, "/api/") || is_exempt(limit, req))
		return true;
	address_of(address, req);
	if (str_has_prefix(path, "/api/v1/webhooks/")) {
		by_ip = rate_limit_take(limit, RATE_WEBHOOK, address);
		if (!by_ip.pass)
			refuse(req, &by_ip);
		return by_ip.pass;
	}
	by_ip = rate_limit_take(limit, RATE_IP, address);
	if (by_ip.pass && str_has_prefix(path, "/api/v1/auth/"))
		by_auth = rate_limit_take(limit, RATE_AUTH, address);
	verdict = tighter(&by_ip, &by_auth);
	if (!verdict->pass)
		refuse(req, verdict);
	return verdict->pass;
}

void rate_limit_gate(struct rate_limit *limit, struct http_server *server)
{
	http_server_gate(server, on_gate, limit);
}

static enum rate_class class_of(const struct http_request *req)
{
	const char *method = http_request_method(req);

	if (str_equal(method, "GET") || str_equal(method, "HEAD"))
		return RATE_READ;
	return str_has_suffix(http_request_path(req), "/initiate") ? RATE_INITIATE : RATE_WRITE;
}

bool rate_limit_pass(struct rate_limit *limit, struct http_request *req, const char *id)
{
	char address[IP_TEXT_SIZE];
	struct rate_verdict by_ip = {0}, by_who;

	if (!limit)
		return true;
	address_of(address, req);
	if (!is_exempt(limit, req))
		by_ip = rate_limit_look(limit, RATE_IP, address);
	by_who = rate_limit_take(limit, class_of(req), str_is_empty(id) ? address : id);
	if (!by_who.pass) {
		refuse(req, &by_who);
		return false;
	}
	by_ip.pass = true; /* it has passed that gate */
	add_headers(req, tighter(&by_who, &by_ip));
	return true;
}

struct rate_verdict rate_limit_visit(struct rate_limit *limit, struct http_request *req,
				     enum rate_class class)
{
	struct rate_verdict by_class = {.pass = true}, by_ip = {.pass = true};
	char address[IP_TEXT_SIZE];

	if (!limit || is_exempt(limit, req))
		return by_class;
	address_of(address, req);
	by_class = rate_limit_take(limit, class, address);
	by_ip = rate_limit_look(limit, RATE_IP, address);
	by_ip.pass = true; /* it has passed that gate */
	add_headers(req, tighter(&by_class, &by_ip));
	return by_class;
}
