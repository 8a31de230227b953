#include "http/edge.h"

#include "core/buf.h"
#include "core/ip.h"
#include "core/list.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/edge_priv.h"
#include "http/http_priv.h"
#include "http/http_url.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	MAX_ORIGINS = 64,
	MAX_FORWARDED = 32, /* entries of X-Forwarded-For looked at */
	BUCKETS = 1024,
	PREFLIGHT_S = 600,
};

/* Connections of one address, or of one IPv6 /64. */
struct visitor {
	struct list_node node; /* in its bucket */
	struct ip net;
	uint32_t count;
};

struct http_edge {
	struct ip_list proxies;
	char *origins[MAX_ORIGINS];
	size_t origin_count;
	bool any_origin;
	char *own_origin; /* "" when not known */
	char own_host[256];
	bool check_host;
	char hsts[64]; /* the header's value; "" for none */
	uint32_t max_connections;
	uint32_t max_connections_per_ip;
	uint32_t connections;
	struct list visitors[BUCKETS];
};

struct http_place {
	struct http_edge *edge;
	struct visitor *visitor; /* NULL: not counted by address */
};

/* ---- settings ---- */

static void edge_destroy(void *data)
{
	struct http_edge *edge = data;
	struct visitor *visitor;

	ip_list_free(&edge->proxies);
	for (size_t i = 0; i < edge->origin_count; i++)
		mem_free(edge->origins[i]);
	mem_free(edge->own_origin);
	for (size_t i = 0; i < BUCKETS; i++)
		while ((visitor = list_pop(&edge->visitors[i])))
			mem_free(visitor);
}

static int add_origin(struct http_edge *edge, const char *entry)
{
	struct http_url url;

	if (str_equal(entry, "*")) {
		edge->any_origin = true;
		return 0;
	}
	if (edge->origin_count == MAX_ORIGINS || http_url_parse(&url, entry) ||
	    !str_has_prefix(url.scheme, "http") || *url.userinfo || !str_equal(url.target, "/"))
		return -EINVAL;
	edge->origins[edge->origin_count++] = http_url_origin(&url);
	return 0;
}

static int read_origins(struct http_edge *edge, const char *text, char error[HTTP_EDGE_ERROR_SIZE])
{
	auto_free char *copy = mem_strdup(text ? text : "");
	char *rest = copy, *entry;

	while ((entry = strsep(&rest, ", \t\n"))) {
		if (!*entry || !add_origin(edge, entry))
			continue;
		snprintf(error, HTTP_EDGE_ERROR_SIZE,
			 "CORS_ORIGINS: \"%.80s\" is no origin, such as https://app.example.com",
			 entry);
		return -EINVAL;
	}
	return 0;
}

int http_edge_new(struct http_edge **ret_edge, const struct http_edge_conf *conf,
		  char error[HTTP_EDGE_ERROR_SIZE])
{
	auto_unref struct http_edge *edge = mem_new(sizeof(*edge), edge_destroy);
	char bad[IP_BAD_SIZE] = "";
	struct http_url url;

	if (ip_list_parse(&edge->proxies, conf->trusted_proxies, bad)) {
		snprintf(error, HTTP_EDGE_ERROR_SIZE,
			 "TRUSTED_PROXIES: \"%s\" is no address or network", bad);
		return -EINVAL;
	}
	if (read_origins(edge, conf->cors_origins, error))
		return -EINVAL;
	if (conf->own_url && !http_url_parse(&url, conf->own_url)) {
		edge->own_origin = http_url_origin(&url);
		str_copy(edge->own_host, sizeof(edge->own_host), url.host);
	}
	edge->check_host = conf->check_host;
	if (conf->hsts_s)
		snprintf(edge->hsts, sizeof(edge->hsts), "max-age=%u", conf->hsts_s);
	edge->max_connections = conf->max_connections;
	edge->max_connections_per_ip = conf->max_connections_per_ip;
	*ret_edge = mem_ref(edge);
	return 0;
}

/* ---- connections ---- */

static void place_destroy(void *data)
{
	struct http_place *place = data;

	place->edge->connections--;
	if (place->visitor && !--place->visitor->count) {
		list_remove(&place->visitor->node);
		mem_free(place->visitor);
	}
	mem_unref(place->edge);
}

static struct list *bucket_of(struct http_edge *edge, const struct ip *net)
{
	uint32_t hash = 2166136261U; /* FNV-1a */

	for (size_t i = 0; i < sizeof(net->bytes); i++)
		hash = (hash ^ net->bytes[i]) * 16777619U;
	return &edge->visitors[hash % BUCKETS];
}

static struct visitor *find_visitor(struct http_edge *edge, const struct ip *peer)
{
	struct ip net = ip_network(peer, 32, 64);
	struct list *bucket = bucket_of(edge, &net);
	struct visitor *visitor;

	LIST_EACH(bucket, node)
	{
		visitor = node->data;
		if (ip_equal(&visitor->net, &net))
			return visitor;
	}
	visitor = mem_alloc(sizeof(*visitor));
	visitor->net = net;
	list_append(bucket, &visitor->node, visitor);
	return visitor;
}

struct http_place *http_edge_admit(struct http_edge *edge, const struct ip *peer,
				   const char **ret_reason)
{
	struct http_place *place;
	struct visitor *visitor = NULL;

	if (edge->max_connections && edge->connections >= edge->max_connections) {
		*ret_reason = "connections";
		return NULL;
	}
	if (edge->max_connections_per_ip && !ip_is_loopback(peer) &&
	    !http_edge_trusts(edge, peer)) {
		visitor = find_visitor(edge, peer);
		if (visitor->count >= edge->max_connections_per_ip) {
			*ret_reason = "connections_per_ip";
			return NULL;
		}
		visitor->count++;
	}
	place = mem_new(sizeof(*place), place_destroy);
	place->edge = mem_ref(edge);
	place->visitor = visitor;
	edge->connections++;
	return place;
}

/* ---- proxies ---- */

bool http_edge_trusts(const struct http_edge *edge, const struct ip *peer)
{
	return ip_list_has(&edge->proxies, peer);
}

/* "192.0.2.1", "192.0.2.1:4711", "2001:db8::1" or "[2001:db8::1]:4711" */
static int parse_forwarded(struct ip *ret_ip, char *text)
{
	char *colon = strchr(text, ':');

	if (*text == '[') {
		char *end = strchr(text, ']');

		if (!end)
			return -EINVAL;
		*end = '\0';
		text++;
	} else if (colon && !strchr(colon + 1, ':')) {
		*colon = '\0';
	}
	return ip_parse(ret_ip, text);
}

struct ip http_edge_client(const struct http_edge *edge, const struct ip *peer,
			   const char *forwarded_for)
{
	auto_free char *text = mem_strdup(forwarded_for ? forwarded_for : "");
	struct ip client = *peer;

	for (int i = 0; i < MAX_FORWARDED && *text && http_edge_trusts(edge, &client); i++) {
		char *comma = strrchr(text, ',');
		struct ip before;

		if (parse_forwarded(&before, str_trim(comma ? comma + 1 : text)))
			break;
		client = before;
		if (comma)
			*comma = '\0';
		else
			*text = '\0';
	}
	return client;
}

/* ---- origins and names ---- */

static bool is_listed(const struct http_edge *edge, const char *origin)
{
	if (edge->any_origin)
		return true;
	for (size_t i = 0; i < edge->origin_count; i++)
		if (str_equal_nocase(edge->origins[i], origin))
			return true;
	return false;
}

/* The page came from this server: under its public URL, or under the name it was asked by. */
static bool is_own(const struct http_edge *edge, const struct http_request *req, const char *origin)
{
	const char *host = http_request_header(req, "host");
	const char *sep = strstr(origin, "://");

	return (edge->own_origin && str_equal_nocase(edge->own_origin, origin)) ||
	       (host && sep && str_equal_nocase(sep + 3, host));
}

/* Names that nobody else can make point here. */
static bool is_known_host(const struct http_edge *edge, const char *header)
{
	auto_free char *text = mem_printf("http://%s/", header);
	struct http_url url;
	struct ip ip;

	if (http_url_parse(&url, text))
		return false;
	return !strchr(url.host, '.') || !ip_parse(&ip, url.host) ||
	       str_equal_nocase(url.host, edge->own_host) ||
	       str_has_suffix(str_lower(url.host), ".localhost");
}

static void allow_origin(struct http_request *req, const char *origin)
{
	http_reply_header(req, "Access-Control-Allow-Origin", origin);
	http_reply_header(req, "Access-Control-Expose-Headers",
			  "RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, "
			  "Retry-After, Location");
}

int http_edge_check(const struct http_edge *edge, struct http_request *req, bool upgrade,
		    const char **ret_message)
{
	const char *origin = http_request_header(req, "origin");
	const char *host = http_request_header(req, "host");
	bool safe = !upgrade && (str_equal(req->method, "GET") || str_equal(req->method, "HEAD") ||
				 str_equal(req->method, "OPTIONS"));

	if (edge->check_host && host && !is_known_host(edge, host)) {
		*ret_message = "this server is not known by that name; its public URL is the "
			       "setting API_BASE_URL";
		return 421;
	}
	if (!origin)
		return 0;
	if (is_listed(edge, origin)) {
		allow_origin(req, origin);
	} else if (!safe && !is_own(edge, req, origin) && !(req->route && req->route->preflighth)) {
		/* A browser sends some requests before it asks whether it may. */
		*ret_message = "pages of this origin may not use the API; see CORS_ORIGINS";
		return 403;
	}
	if (edge->origin_count || edge->any_origin)
		http_reply_header(req, "Vary", "Origin");
	return 0;
}

bool http_edge_is_preflight(const struct http_edge *edge, const struct http_request *req)
{
	const char *origin = http_request_header(req, "origin");

	return origin && str_equal(req->method, "OPTIONS") &&
	       http_request_header(req, "access-control-request-method") && is_listed(edge, origin);
}

static void preflight(struct http_request *req, const char *methods, const char *headers)
{
	char age[16];

	snprintf(age, sizeof(age), "%d", PREFLIGHT_S);
	http_reply_header(req, "Access-Control-Allow-Methods", methods);
	http_reply_header(req, "Access-Control-Allow-Headers", headers);
	http_reply_header(req, "Access-Control-Max-Age", age);
	http_reply(req, 204, NULL, NULL, 0);
}

void http_edge_preflight(struct http_request *req, const char *methods)
{
	preflight(req, methods,
		  "Authorization, Content-Type, Idempotency-Key, X-API-Key, traceparent");
}

void http_reply_preflight(struct http_request *req, const char *method)
{
	http_reply_origin(req);
	preflight(req, method, "Content-Type");
}

/* ---- headers ---- */

static bool is_set(const struct http_request *req, const char *name)
{
	const char *at = buf_str(&req->extra_head);
	size_t len = strlen(name);

	while (*at) {
		if (!strncasecmp(at, name, len) && at[len] == ':')
			return true;
		at = strchr(at, '\n');
		if (!at)
			break;
		at++;
	}
	return false;
}

/* The edge may have said so already, and two of them are as good as none. */
void http_reply_origin(struct http_request *req)
{
	const char *origin = http_request_header(req, "origin");

	if (!is_set(req, "Vary"))
		http_reply_header(req, "Vary", "Origin");
	if (origin && !is_set(req, "Access-Control-Allow-Origin"))
		allow_origin(req, origin);
}

void http_edge_append_headers(const struct http_edge *edge, const struct http_request *req,
			      struct buf *out)
{
	static const struct {
		const char *name, *value;
	} defaults[] = {
		{"Cache-Control", "no-store"}, /* answers are about people */
		{"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
		{"Referrer-Policy", "no-referrer"},
	};

	for (size_t i = 0; i < ARRAY_LEN(defaults); i++)
		if (!is_set(req, defaults[i].name))
			http_head_append(out, defaults[i].name, defaults[i].value);
	if (*edge->hsts && http_request_is_tls(req))
		http_head_append(out, "Strict-Transport-Security", edge->hsts);
}
