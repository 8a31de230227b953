#include "http/http_client.h"

#include "core/buf.h"
#include "core/clock.h"
#include "core/ip.h"
#include "core/list.h"
#include "core/mem.h"
#include "core/str.h"
#include "core/trace.h"
#include "http/http_url.h"
#include "http/url_guard.h"
#include "loop/loop.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum {
	DEFAULT_CONNECT_MS = 5000,
	DEFAULT_TIMEOUT_MS = 15000,
	DEFAULT_BODY_BYTES = 4 * 1024 * 1024,
	MAX_IDLE_CONNECTIONS = 32,
};

/* Its libuv handles outlive the client until the loop has closed them. */
struct http_client {
	struct loop *loop;
	CURLM *multi;
	uv_timer_t *timer;
	struct list exchanges;
	struct list sockets;
	struct url_guard *guard; /* NULL: nothing private is allowed */
};

/* What curl waits for on one socket. */
struct watch {
	struct list_node node;
	uv_poll_t poll;
	curl_socket_t fd;
	struct http_client *client; /* NULL once that has gone */
};

/*
 * A request: in its client's list, which holds a reference, until its handler has run or it was
 * cancelled. The caller's reference cancels when it is dropped, so there are two objects.
 */
struct transfer {
	struct list_node node;
	struct http_client *client;
	struct http_exchange *exchange; /* the caller's; NULL when cancelled or never asked for */
	bool wanted;
	bool refused; /* the guard did not allow an address */
	CURL *easy;
	struct curl_slist *headers;
	char *body;
	struct buf rx;
	size_t rx_total;
	size_t max_body_bytes;
	int fd; /* of output_path, or -1 */
	int err;
	int64_t started_us;
	struct span *span;    /* of the exchange; NULL when it is not traced */
	struct span *context; /* the one that was current */
	http_data_h *datah;
	http_done_h *doneh;
	void *arg;
};

struct http_exchange {
	struct transfer *transfer; /* NULL when over */
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void curl_start(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- one transfer ---- */

static void transfer_leave(struct transfer *transfer)
{
	if (transfer->client)
		curl_multi_remove_handle(transfer->client->multi, transfer->easy);
	transfer->client = NULL;
}

static void transfer_destroy(void *data)
{
	struct transfer *transfer = data;

	if (transfer->easy) {
		transfer_leave(transfer);
		curl_easy_cleanup(transfer->easy);
	}
	curl_slist_free_all(transfer->headers);
	mem_free(transfer->body);
	buf_free(&transfer->rx);
	if (transfer->fd >= 0)
		close(transfer->fd);
	if (transfer->exchange)
		transfer->exchange->transfer = NULL;
	span_fail(transfer->span, "cancelled");
	span_end(transfer->span);
	mem_unref(transfer->context);
}

/* Cancelled by its client or its caller; nothing when it is over already. */
static void transfer_end(struct transfer *transfer)
{
	if (!transfer->node.list)
		return;
	list_remove(&transfer->node);
	transfer_leave(transfer);
	mem_unref(transfer);
}

static void end_later(void *arg)
{
	transfer_end(arg);
	mem_unref(arg);
}

static void exchange_destroy(void *data)
{
	struct http_exchange *exchange = data;
	struct transfer *transfer = exchange->transfer;

	if (!transfer)
		return;
	transfer->exchange = NULL;
	transfer->wanted = false;
	if (transfer->client) /* curl may be in the middle of it */
		loop_post(transfer->client->loop, end_later, mem_ref(transfer));
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t wrote = write(fd, data, len);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return -EIO;
		data += wrote;
		len -= (size_t)wrote;
	}
	return 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct transfer *transfer = arg;
	size_t len = size * count;

	if (!transfer->wanted)
		return 0;
	if (len > transfer->max_body_bytes - transfer->rx_total) {
		transfer->err = -EMSGSIZE;
		return 0;
	}
	transfer->rx_total += len;
	if (transfer->fd >= 0)
		transfer->err = write_all(transfer->fd, data, len);
	else if (transfer->datah)
		transfer->datah(data, len, transfer->arg);
	else
		buf_append(&transfer->rx, data, len);
	return transfer->err || !transfer->wanted ? 0 : len;
}

static int error_of(const struct transfer *transfer, CURLcode code)
{
	if (transfer->err)
		return transfer->err;
	if (code != CURLE_OK && transfer->refused)
		return -EACCES;
	switch (code) {
	case CURLE_OK:
		return 0;
	case CURLE_OPERATION_TIMEDOUT:
		return -ETIMEDOUT;
	case CURLE_COULDNT_CONNECT:
		return -ECONNREFUSED;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return -EHOSTUNREACH;
	case CURLE_FILESIZE_EXCEEDED:
		return -EMSGSIZE;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_TOO_MANY_REDIRECTS:
	case CURLE_BAD_CONTENT_ENCODING:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
		return -EPROTO;
	default:
		return -EIO;
	}
}

static void end_span(struct transfer *transfer, const struct http_result *result)
{
	if (result->err)
		span_fail(transfer->span, strerror(-result->err));
	else
		span_int(transfer->span, "http.response.status_code", result->status);
	if (result->status >= 400)
		span_fail(transfer->span, NULL);
	transfer->span = span_end(transfer->span);
}

static void report(struct transfer *transfer, CURLcode code)
{
	struct http_exchange here = {transfer};
	struct http_result result = {.err = error_of(transfer, code), .content_type = ""};
	struct span *before;
	long status = 0, requested = 0;
	char *type = NULL;

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &requested);
	curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_TYPE, &type);
	result.status = result.err ? 0 : (int)status;
	result.connected = requested > 0;
	if (type && !result.err)
		result.content_type = type;
	result.body = buf_str(&transfer->rx);
	result.body_len = transfer->rx.len;
	result.took_ms = (uint64_t)(clock_mono_us() - transfer->started_us) / 1000;
	result.exchange = &here;
	if (transfer->fd >= 0) {
		close(transfer->fd);
		transfer->fd = -1;
	}
	end_span(transfer, &result);
	before = span_enter(transfer->context);
	transfer->doneh(&result, transfer->arg);
	span_leave(before);
}

static void finish(struct transfer *transfer, CURLcode code)
{
	mem_ref(transfer);
	if (transfer->exchange)
		transfer->exchange->transfer = NULL;
	transfer->exchange = NULL;
	list_remove(&transfer->node);
	if (transfer->wanted && transfer->doneh)
		report(transfer, code);
	mem_unref(transfer);
	mem_unref(transfer);
}

/* ---- the guard ---- */

static bool is_allowed(struct transfer *transfer, const struct ip *address)
{
	struct http_url url = {0};
	char *now = NULL;

	/* The URL of now, which after a redirect is not the one that was asked for. */
	curl_easy_getinfo(transfer->easy, CURLINFO_EFFECTIVE_URL, &now);
	if (http_url_parse(&url, now))
		url = (struct http_url){0};
	if (transfer->client && url_guard_allows(transfer->client->guard, &url, address))
		return true;
	transfer->refused = true;
	return false;
}

/* The name has been resolved; this is where the connection would go. */
static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct ip ip;

	if (ip_from_sockaddr(&ip, &address->addr) || !is_allowed(arg, &ip))
		return CURL_SOCKET_BAD;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* Also asked when a connection is used again, which a request without guard may have opened. */
static int on_connection(void *arg, char *remote, char *local, int remote_port, int local_port)
{
	struct ip ip;

	return ip_parse(&ip, remote) || !is_allowed(arg, &ip) ? CURL_PREREQFUNC_ABORT
							      : CURL_PREREQFUNC_OK;
}

static void set_guard(struct transfer *transfer)
{
	curl_easy_setopt(transfer->easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	curl_easy_setopt(transfer->easy, CURLOPT_OPENSOCKETDATA, transfer);
	curl_easy_setopt(transfer->easy, CURLOPT_PREREQFUNCTION, on_connection);
	curl_easy_setopt(transfer->easy, CURLOPT_PREREQDATA, transfer);
	curl_easy_setopt(transfer->easy, CURLOPT_PROXY, "");
}

void http_client_guard(struct http_client *client, struct url_guard *guard)
{
	mem_ref(guard);
	mem_unref(client->guard);
	client->guard = guard;
}

/* ---- curl on the loop ---- */

static void collect(struct http_client *client)
{
	CURLMsg *message;
	int left;

	mem_ref(client);
	while (client->multi && (message = curl_multi_info_read(client->multi, &left))) {
		struct transfer *transfer = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
		finish(transfer, message->data.result);
	}
	mem_unref(client);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct watch *watch = poll->data;
	int flags = 0, running;

	if (status < 0)
		flags = CURL_CSELECT_ERR;
	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	if (!watch->client)
		return;
	struct http_client *client = mem_ref(watch->client);

	curl_multi_socket_action(client->multi, watch->fd, flags, &running);
	collect(client);
	mem_unref(client);
}

static void on_watch_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

static void watch_end(struct watch *watch)
{
	list_remove(&watch->node);
	watch->client = NULL;
	uv_poll_stop(&watch->poll);
	uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
}

static struct watch *watch_new(struct http_client *client, curl_socket_t fd)
{
	struct watch *watch = mem_alloc(sizeof(*watch));

	if (uv_poll_init_socket(loop_uv(client->loop), &watch->poll, fd))
		return mem_free(watch);
	watch->poll.data = watch;
	watch->fd = fd;
	watch->client = client;
	list_append(&client->sockets, &watch->node, watch);
	curl_multi_assign(client->multi, fd, watch);
	return watch;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct http_client *client = arg;
	struct watch *watch = socket_arg;
	int events = 0;

	if (what == CURL_POLL_REMOVE) {
		if (watch)
			watch_end(watch);
		return 0;
	}
	if (!watch)
		watch = watch_new(client, fd);
	if (!watch)
		return -1;
	if (what != CURL_POLL_OUT)
		events |= UV_READABLE;
	if (what != CURL_POLL_IN)
		events |= UV_WRITABLE;
	uv_poll_start(&watch->poll, events, on_ready);
	return 0;
}

static void on_timer(uv_timer_t *timer)
{
	struct http_client *client = timer->data;
	int running;

	mem_ref(client);
	curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(client);
	mem_unref(client);
}

static int on_timeout_change(CURLM *multi, long timeout_ms, void *arg)
{
	struct http_client *client = arg;

	if (timeout_ms < 0) {
		uv_timer_stop(client->timer);
		return 0;
	}
	uv_update_time(loop_uv(client->loop));
	uv_timer_start(client->timer, on_timer, (uint64_t)timeout_ms, 0);
	return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
	mem_free(handle);
}

static void client_destroy(void *data)
{
	struct http_client *client = data;

	LIST_EACH(&client->exchanges, node)
	transfer_end(node->data);
	curl_multi_cleanup(client->multi);
	LIST_EACH(&client->sockets, node)
	watch_end(node->data);
	uv_timer_stop(client->timer);
	uv_close((uv_handle_t *)client->timer, on_timer_closed);
	mem_unref(client->guard);
}

struct http_client *http_client_new(struct loop *loop)
{
	struct http_client *client = mem_new(sizeof(*client), client_destroy);

	pthread_once(&curl_once, curl_start);
	client->loop = loop;
	client->timer = mem_alloc(sizeof(*client->timer));
	uv_timer_init(loop_uv(loop), client->timer);
	client->timer->data = client;
	client->multi = curl_multi_init();
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timeout_change);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)MAX_IDLE_CONNECTIONS);
	return client;
}

/* ---- requests ---- */

static bool has_header(const struct transfer *transfer, const char *name)
{
	for (const struct curl_slist *header = transfer->headers; header; header = header->next)
		if (!strncasecmp(header->data, name, strlen(name)))
			return true;
	return false;
}

static void add_traceparent(struct transfer *transfer)
{
	char header[13 + TRACEPARENT_SIZE] = "traceparent: ";
	const struct span *span = transfer->span ? transfer->span : transfer->context;

	traceparent_format(header + 13, span_context(span));
	transfer->headers = curl_slist_append(transfer->headers, header);
}

/* The path may hold what is nobody's business; the host says who was asked. */
static void begin_span(struct transfer *transfer, const struct http_client_params *params,
		       const struct http_url *url)
{
	auto_free char *name = mem_printf("%s %s", params->method, url->host);

	transfer->context = mem_ref(span_current());
	transfer->span = span_child(name, SPAN_CLIENT);
	span_str(transfer->span, "http.request.method", params->method);
	span_str(transfer->span, "server.address", url->host);
	span_int(transfer->span, "server.port", url->port);
}

static int set_headers(struct transfer *transfer, const char *const *headers)
{
	/* No waiting for "100 Continue": every peer of ours takes small bodies. */
	transfer->headers = curl_slist_append(NULL, "Expect:");
	for (; headers && *headers; headers++) {
		if (strpbrk(*headers, "\r\n") || !strchr(*headers, ':'))
			return -EINVAL;
		transfer->headers = curl_slist_append(transfer->headers, *headers);
	}
	if (transfer->context && !has_header(transfer, "traceparent:"))
		add_traceparent(transfer);
	curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
	return 0;
}

static void set_body(struct transfer *transfer, const struct http_client_params *params)
{
	bool takes_body = !str_equal(params->method, "GET") && !str_equal(params->method, "HEAD");

	if (str_equal(params->method, "HEAD"))
		curl_easy_setopt(transfer->easy, CURLOPT_NOBODY, 1L);
	if (params->body_len || (takes_body && !str_equal(params->method, "DELETE"))) {
		transfer->body = mem_memdup(params->body ? params->body : "",
					    params->body_len ? params->body_len : 1);
		curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDS, transfer->body);
		curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)params->body_len);
	}
	curl_easy_setopt(transfer->easy, CURLOPT_CUSTOMREQUEST,
			 str_equal(params->method, "HEAD") ? NULL : params->method);
}

static void set_limits(struct transfer *transfer, const struct http_client_params *params)
{
	CURL *easy = transfer->easy;

	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
			 (long)(params->connect_timeout_ms ? params->connect_timeout_ms
							   : DEFAULT_CONNECT_MS));
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
			 (long)(params->timeout_ms ? params->timeout_ms : DEFAULT_TIMEOUT_MS));
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, params->max_redirects ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)params->max_redirects);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)transfer->max_body_bytes);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	if (!str_is_empty(getenv("SSL_CERT_FILE"))) /* as for WebSockets */
		curl_easy_setopt(easy, CURLOPT_CAINFO, getenv("SSL_CERT_FILE"));
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
}

static int set_up(struct transfer *transfer, const struct http_client_params *params,
		  const struct http_url *url)
{
	CURL *easy = transfer->easy;

	curl_easy_setopt(easy, CURLOPT_URL, params->url);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, params->once ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "voiceai");
	if (http_url_is_loopback(url)) /* http_proxy is for the way out, not for our own servers */
		curl_easy_setopt(easy, CURLOPT_PROXY, "");
	if (params->guarded)
		set_guard(transfer);
	set_limits(transfer, params);
	set_body(transfer, params);
	if (params->username) {
		curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		curl_easy_setopt(easy, CURLOPT_USERNAME, params->username);
		curl_easy_setopt(easy, CURLOPT_PASSWORD, params->password ? params->password : "");
	}
	if (params->output_path) {
		transfer->fd =
			open(params->output_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (transfer->fd < 0)
			return -errno;
	}
	return set_headers(transfer, params->headers);
}

static bool is_method(const char *method)
{
	return method && *method && strlen(method) < 16 &&
	       strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(method);
}

int http_client_request(struct http_exchange **ret_exchange, struct http_client *client,
			const struct http_client_params *params, http_data_h *datah,
			http_done_h *doneh, void *arg)
{
	struct transfer *transfer;
	struct http_url url;
	int err;

	if (!is_method(params->method) || http_url_parse(&url, params->url) ||
	    !str_has_prefix(url.scheme, "http"))
		return -EINVAL;
	transfer = mem_new(sizeof(*transfer), transfer_destroy);
	transfer->fd = -1;
	transfer->client = client;
	transfer->wanted = true;
	transfer->datah = datah;
	transfer->doneh = doneh;
	transfer->arg = arg;
	transfer->max_body_bytes =
		params->max_body_bytes ? params->max_body_bytes : DEFAULT_BODY_BYTES;
	transfer->started_us = clock_mono_us();
	transfer->easy = curl_easy_init();
	begin_span(transfer, params, &url);
	err = set_up(transfer, params, &url);
	if (err) {
		mem_unref(transfer);
		return err;
	}
	list_append(&client->exchanges, &transfer->node, transfer);
	if (ret_exchange) {
		transfer->exchange = mem_new(sizeof(struct http_exchange), exchange_destroy);
		transfer->exchange->transfer = transfer;
		*ret_exchange = transfer->exchange;
	}
	curl_multi_add_handle(client->multi, transfer->easy);
	return 0;
}

const char *http_exchange_header_at(const struct http_exchange *exchange, const char *name,
				    size_t index)
{
	struct curl_header *header;

	if (!exchange || !exchange->transfer ||
	    curl_easy_header(exchange->transfer->easy, name, index, CURLH_HEADER, -1, &header))
		return NULL;
	return header->value;
}

const char *http_exchange_header(const struct http_exchange *exchange, const char *name)
{
	return http_exchange_header_at(exchange, name, 0);
}
