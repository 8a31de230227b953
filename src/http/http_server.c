#include "http/http_server.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/form.h"
#include "http/http_priv.h"
#include "http/listen_fd.h"
#include "http/tls.h"
#include "http/ws_priv.h"
#include "loop/loop.h"
#include "loop/timer.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum {
	DEFAULT_BODY_BYTES = 1024 * 1024,
	DEFAULT_HEADER_S = 10,
	DEFAULT_BODY_S = 60,
	DEFAULT_IDLE_S = 75,
	SWEEP_MS = 500,
	BACKLOG = 1024,
	ACCEPTS_A_TURN = 64,
	/* Of the descriptors the process may have, so many stay for files and calls to others. */
	SPARE_FDS = 64,
	BREATHER_MS = 100,
};

/* Outlives the server until libuv has closed the handle. */
struct http_listener {
	uv_poll_t poll;
	int fd;
	struct http_server *server;
	struct timer *breather; /* runs while nobody is accepted */
};

static void on_listener_closed(uv_handle_t *handle)
{
	struct http_listener *listener = handle->data;

	close(listener->fd);
	mem_free(listener);
}

void http_server_stop_listening(struct http_server *server)
{
	struct http_listener *listener = server->listener;

	if (!listener)
		return;
	server->listener = NULL;
	listener->breather = mem_unref(listener->breather);
	uv_poll_stop(&listener->poll);
	uv_close((uv_handle_t *)&listener->poll, on_listener_closed);
}

static void server_destroy(void *data)
{
	struct http_server *server = data;

	http_server_stop_listening(server);
	LIST_EACH(&server->conns, node)
	http_conn_drop(node->data);
	LIST_EACH(&server->sockets, node)
	ws_drop(node->data);
	mem_unref(server->sweep);
	mem_free(server->routes);
	mem_unref(server->hub);
	mem_unref(server->conf.tls);
	mem_unref(server->conf.edge);
}

/* ---- listening ---- */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static void on_acceptable(uv_poll_t *poll, int status, int events);

static void accept_again(void *arg)
{
	struct http_listener *listener = arg;

	uv_poll_start(&listener->poll, UV_READABLE, on_acceptable);
}

/* Who waits stays in the kernel's queue, which would wake us without end while we cannot. */
static void take_a_breather(struct http_listener *listener)
{
	const struct log log = {.service = listener->server->conf.service ?: "http"};

	LOG_WARN(&log, "connections_wait",
		 LOG_INT("open",
			 (int64_t)(listener->server->conns.len + listener->server->sockets.len)));
	uv_poll_stop(&listener->poll);
	timer_start(listener->breather, BREATHER_MS);
}

static bool is_full(int fd)
{
	struct rlimit limit;

	return !getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur > (rlim_t)2 * SPARE_FDS &&
	       (rlim_t)fd >= limit.rlim_cur - SPARE_FDS;
}

static void on_sweep(void *arg)
{
	struct http_server *server = arg;

	http_conn_sweep(server);
	if (server->conns.len)
		timer_start(server->sweep, SWEEP_MS);
}

static void on_acceptable(uv_poll_t *poll, int status, int events)
{
	struct http_listener *listener = poll->data;

	for (int i = 0; i < ACCEPTS_A_TURN && listener->server->listener; i++) {
		union address peer = {0};
		socklen_t size = sizeof(peer);
		struct ip ip = {0};
		int on = 1, fd;

		fd = accept4(listener->fd, &peer.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
			    errno == ENOMEM)
				take_a_breather(listener);
			return;
		}
		if (is_full(fd)) {
			close(fd);
			take_a_breather(listener);
			return;
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		(void)ip_from_sockaddr(&ip, &peer.any);
		http_conn_accept(listener->server, fd, &ip);
		if (!timer_is_running(listener->server->sweep))
			timer_start(listener->server->sweep, SWEEP_MS);
	}
}

static int bind_socket(int *ret_fd, uint16_t *ret_port, const char *text, uint16_t port)
{
	union address address = {0};
	socklen_t size = sizeof(address.v4);
	int on = 1, fd;

	if (uv_ip4_addr(text, port, &address.v4)) {
		size = sizeof(address.v6);
		if (uv_ip6_addr(text, port, &address.v6))
			return -EINVAL;
	}
	fd = listen_fd_take(&address.any);
	if (fd >= 0) {
		*ret_fd = fd;
		*ret_port = port;
		return 0;
	}
	fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &address.any, size) || listen(fd, BACKLOG) ||
	    getsockname(fd, &address.any, &size)) {
		int err = -errno;

		close(fd);
		return err;
	}
	*ret_fd = fd;
	*ret_port = ntohs(size == sizeof(address.v6) ? address.v6.sin6_port : address.v4.sin_port);
	return 0;
}

static int start_listening(struct http_server *server)
{
	struct http_listener *listener;
	int fd = -1, err;

	err = bind_socket(&fd, &server->port, server->conf.bind_address, server->conf.port);
	if (err)
		return err;
	listener = mem_alloc(sizeof(*listener));
	listener->fd = fd;
	listener->server = server;
	listener->poll.data = listener;
	listener->breather = timer_new(server->loop, accept_again, listener);
	err = uv_poll_init_socket(loop_uv(server->loop), &listener->poll, fd);
	if (err) {
		close(fd);
		mem_unref(listener->breather);
		mem_free(listener);
		return err;
	}
	uv_poll_start(&listener->poll, UV_READABLE, on_acceptable);
	server->listener = listener;
	return 0;
}

static void set_timeouts(struct http_server_conf *conf)
{
	if (!conf->header_timeout_s)
		conf->header_timeout_s = DEFAULT_HEADER_S;
	if (!conf->body_timeout_s)
		conf->body_timeout_s = DEFAULT_BODY_S;
	if (!conf->idle_timeout_s)
		conf->idle_timeout_s = DEFAULT_IDLE_S;
}

static int open_vhost(struct http_server *server)
{
	int err = lws_hub_get(&server->hub, server->loop);

	if (err)
		return err;
	server->vhost = server->conf.tls ? lws_hub_tls_vhost(server->hub, server->conf.tls)
					 : lws_hub_vhost(server->hub);
	return server->vhost ? 0 : -EIO;
}

int http_server_new(struct http_server **ret_server, struct loop *loop,
		    const struct http_server_conf *conf)
{
	struct http_server *server = mem_new(sizeof(*server), server_destroy);
	int err;

	server->loop = loop;
	server->conf = *conf;
	if (!server->conf.bind_address)
		server->conf.bind_address = "127.0.0.1";
	if (!server->conf.max_body_bytes)
		server->conf.max_body_bytes = DEFAULT_BODY_BYTES;
	set_timeouts(&server->conf);
	mem_ref(server->conf.tls);
	mem_ref(server->conf.edge);
	server->sweep = timer_new(loop, on_sweep, server);
	err = open_vhost(server);
	if (!err)
		err = start_listening(server);
	server->conf.bind_address = NULL; /* the caller's string */
	if (err) {
		mem_unref(server);
		return err;
	}
	*ret_server = server;
	return 0;
}

uint16_t http_server_port(const struct http_server *server)
{
	return server->port;
}

/* ---- routes ---- */

static void add_route(struct http_server *server, const struct http_route *route)
{
	server->routes =
		mem_realloc(server->routes, (server->route_count + 1) * sizeof(*server->routes));
	server->routes[server->route_count] = *route;
	server->routes[server->route_count++].literal = strcspn(route->pattern, "{");
}

void http_server_route(struct http_server *server, const char *method, const char *pattern,
		       http_request_h *requesth, void *arg)
{
	add_route(server,
		  &(struct http_route){
			  .method = method, .pattern = pattern, .requesth = requesth, .arg = arg});
}

void http_server_ws_route(struct http_server *server, const char *pattern, http_upgrade_h *upgradeh,
			  void *arg)
{
	add_route(server,
		  &(struct http_route){.pattern = pattern, .upgradeh = upgradeh, .arg = arg});
}

void http_server_open_route(struct http_server *server, const char *method, const char *pattern,
			    http_request_h *requesth, http_request_h *preflighth, void *arg)
{
	add_route(server, &(struct http_route){.method = method,
					       .pattern = pattern,
					       .requesth = requesth,
					       .preflighth = preflighth,
					       .arg = arg});
}

void http_server_each_route(const struct http_server *server, http_route_h *routeh, void *arg)
{
	for (size_t i = 0; i < server->route_count; i++) {
		const struct http_route *route = &server->routes[i];

		routeh(route->method ?: "GET", route->pattern, !route->method, arg);
	}
}

void http_server_gate(struct http_server *server, http_gate_h *gateh, void *arg)
{
	server->gateh = gateh;
	server->gate_arg = arg;
}

void http_server_error_shape(struct http_server *server, http_error_h *errorh, void *arg)
{
	server->errorh = errorh;
	server->error_arg = arg;
}

/*
 * Literal bytes that matched, or -1. Segments of the pattern that are "{name}" take any non-empty
 * segment of the path.
 */
static int match(const struct http_route *route, const char *path, size_t len)
{
	const char *pattern = route->pattern + route->literal;
	int literal = (int)route->literal;

	/* Most routes differ in the last byte already. */
	if (route->literal > len || (literal && path[literal - 1] != route->pattern[literal - 1]) ||
	    memcmp(route->pattern, path, route->literal) != 0)
		return -1;
	path += literal;
	while (*pattern && *path) {
		if (*pattern == '{') {
			if (*path == '/')
				return -1;
			pattern += strcspn(pattern, "}") + 1;
			path += strcspn(path, "/");
			continue;
		}
		if (*pattern != *path)
			return -1;
		pattern++;
		path++;
		literal++;
	}
	return *pattern || *path ? -1 : literal;
}

static void take_params(struct form *params, const char *pattern, const char *path)
{
	while (*pattern && *path) {
		if (*pattern == '{') {
			size_t name_len = strcspn(pattern + 1, "}");
			size_t value_len = strcspn(path, "/");
			auto_free char *name = mem_strndup(pattern + 1, name_len);
			auto_free char *value = mem_strndup(path, value_len);

			form_add(params, name, value);
			pattern += name_len + 2;
			path += value_len;
			continue;
		}
		pattern++;
		path++;
	}
}

static void allow(struct buf *list, const char *method)
{
	if (list->len)
		buf_append_str(list, ", ");
	buf_append_str(list, method);
	if (str_equal(method, "GET"))
		buf_append_str(list, ", HEAD");
}

static bool method_fits(const struct http_route *route, const struct http_request *req,
			bool upgrade)
{
	if (!route->method || upgrade)
		return !route->method && upgrade;
	return str_equal(route->method, req->method) ||
	       (req->head_only && str_equal(route->method, "GET"));
}

const struct http_route *http_route_open(const struct http_server *server,
					 const struct http_request *req, const char *method)
{
	size_t len = strlen(req->path);

	for (size_t i = 0; method && i < server->route_count; i++) {
		const struct http_route *route = &server->routes[i];

		if (route->preflighth && str_equal(route->method, method) &&
		    match(route, req->path, len) >= 0)
			return route;
	}
	return NULL;
}

const struct http_route *http_route_find(struct http_server *server, struct http_request *req,
					 bool upgrade, struct buf *ret_allow)
{
	size_t len = strlen(req->path);
	const struct http_route *best = NULL;
	int best_literal = -1;

	for (size_t i = 0; i < server->route_count; i++) {
		const struct http_route *route = &server->routes[i];
		int literal = match(route, req->path, len);

		if (literal < 0)
			continue;
		if (!method_fits(route, req, upgrade))
			allow(ret_allow, route->method ? route->method : "GET");
		else if (literal > best_literal)
			best = route, best_literal = literal;
	}
	if (best)
		take_params(req->params, best->pattern, req->path);
	return best;
}
