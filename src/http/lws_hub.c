#include "http/lws_hub.h"

#include "core/list.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "http/tls_priv.h"
#include "loop/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

enum {
	HEADER_BYTES = 16384, /* of all headers of one request */
	MAX_FDS = 65536,      /* libwebsockets' tables are sized by the limit of open files */
	TIMEOUT_S = 30,
	LONG_S = 7200, /* requests have deadlines of their own; see http_conn.c */
	PING_S = 20,
	SILENCE_S = 60,
	CLOSE_TURN = 3, /* frames that say goodbye go out before */
	TEARDOWN_TURNS = 9,
};

/* What the library takes for the name of the one thing we speak; see lws_hub_expect(). */
struct spoken {
	struct lws_protocols protocols[2];
	char name[64];
};

struct lws_hub {
	struct list_node node;
	struct loop *loop; /* not referenced: whoever uses the hub outlives neither */
	struct lws_context *context;
	struct lws_vhost *vhost;
	struct spoken *spoken; /* outlives the context */
	bool tls;
	void *made_ctx; /* the SSL_CTX of the virtual host being made */
};

/* Outlives the hub: libwebsockets closes its libuv handles over several turns of the loop. */
struct teardown {
	uv_check_t check;
	struct lws_context *context;
	struct spoken *spoken;
	int turn;
};

static struct list hubs;
static pthread_mutex_t hubs_lock = PTHREAD_MUTEX_INITIALIZER;
static const struct log hub_log = {.service = "http"};

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		    size_t len)
{
	struct lws_link *link = wsi ? lws_get_opaque_user_data(wsi) : NULL;

	switch (reason) {
	case LWS_CALLBACK_PROTOCOL_INIT:
	case LWS_CALLBACK_PROTOCOL_DESTROY:
	case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_CLIENT_VERIFY_CERTS:
	case LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION:
	case LWS_CALLBACK_OPENSSL_CONTEXT_REQUIRES_PRIVATE_KEY:
	case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
	case LWS_CALLBACK_GET_THREAD_ID:
	case LWS_CALLBACK_CLIENT_HTTP_BIND_PROTOCOL:
		return 0;
	case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
		((struct lws_hub *)lws_context_user(lws_get_context(wsi)))->made_ctx = user;
		return 0;
	default:
		break;
	}
	if (link)
		return link->eventh(link, wsi, reason, in, len);
	switch (reason) { /* whoever the connection was for has gone */
	case LWS_CALLBACK_HTTP:
	case LWS_CALLBACK_HTTP_WRITEABLE:
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
	case LWS_CALLBACK_SERVER_WRITEABLE:
	case LWS_CALLBACK_CLIENT_WRITEABLE:
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
	case LWS_CALLBACK_ESTABLISHED:
	case LWS_CALLBACK_RAW_RX:
	case LWS_CALLBACK_RECEIVE:
	case LWS_CALLBACK_CLIENT_RECEIVE:
		return -1;
	default:
		return 0;
	}
}

static struct spoken *spoken_new(void)
{
	struct spoken *spoken = mem_alloc(sizeof(*spoken));

	/* Every WebSocket has a buffer of rx_buffer_size, whether it ever receives or not. */
	spoken->protocols[0] = (struct lws_protocols){.name = spoken->name,
						      .callback = on_event,
						      .rx_buffer_size = 1024,
						      .tx_packet_size = 65536};
	str_copy(spoken->name, sizeof(spoken->name), "http");
	return spoken;
}

void lws_hub_expect(struct lws_hub *hub, const char *offered)
{
	char name[sizeof(hub->spoken->name)];
	size_t len = strcspn(offered, ",");

	if (len >= sizeof(name))
		return;
	memcpy(name, offered, len);
	name[len] = '\0';
	str_copy(hub->spoken->name, sizeof(hub->spoken->name), str_trim(name));
}

static const lws_retry_bo_t silence = {
	.secs_since_valid_ping = PING_S,
	.secs_since_valid_hangup = SILENCE_S,
};

/* Anybody may bring this about as often as they like: it is counted, not logged. */
static bool is_about_headers(const char *line)
{
	return strstr(line, "Ran out of header data space") || strstr(line, "More hdr frags");
}

static void on_lws_line(int level, const char *line)
{
	char text[256];

	if (is_about_headers(line)) {
		metric_add(METRIC_HTTP_REFUSED, "headers", 1);
		return;
	}
	str_copy(text, sizeof(text), line);
	LOG_WARN(&hub_log, "libwebsockets", LOG_STR("message", str_trim(text)));
}

/* libwebsockets allocates two tables with an entry for every file this process may open. */
static void limit_open_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur <= MAX_FDS)
		return;
	limit.rlim_cur = MAX_FDS;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static const char *trusted_certificates(void)
{
	const char *path = getenv("SSL_CERT_FILE");

	if (!str_is_empty(path))
		return path;
	path = "/etc/ssl/certs/ca-certificates.crt";
	return access(path, R_OK) ? NULL : path;
}

static struct lws_context_creation_info context_info(const struct lws_hub *hub)
{
	return (struct lws_context_creation_info){
		.port = CONTEXT_PORT_NO_LISTEN,
		.protocols = hub->spoken->protocols,
		.vhost_name = "voiceai",
		.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
			   LWS_SERVER_OPTION_VALIDATE_UTF8 | LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
		.count_threads = 1,
		.pt_serv_buf_size = 16384,
		.max_http_header_data2 = HEADER_BYTES,
		.timeout_secs = TIMEOUT_S,
		.keepalive_timeout = LONG_S,
		.timeout_secs_ah_idle = LONG_S,
		.retry_and_idle_policy = &silence,
		.gid = (gid_t)-1,
		.uid = (uid_t)-1,
	};
}

static int context_new(struct lws_hub *hub)
{
	struct lws_context_creation_info info = context_info(hub);
	void *foreign = loop_uv(hub->loop);

	info.foreign_loops = &foreign;
	info.user = hub;
	limit_open_files();
	lws_set_log_level(LLL_ERR, on_lws_line);
	hub->context = lws_create_context(&info);
	if (!hub->context)
		return -ENOMEM;
	info.options &= ~LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT; /* see lws_hub_enable_tls() */
	hub->vhost = lws_create_vhost(hub->context, &info);
	return hub->vhost ? 0 : -ENOMEM;
}

struct lws_vhost *lws_hub_tls_vhost(struct lws_hub *hub, struct http_tls *tls)
{
	struct lws_context_creation_info info = context_info(hub);
	struct lws_vhost *vhost;

	info.port = CONTEXT_PORT_NO_LISTEN_SERVER; /* with the other it would not be for servers */
	info.vhost_name = "voiceai-tls";
	info.alpn = "http/1.1";
	info.options |=
		LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX | LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
	hub->made_ctx = NULL;
	vhost = lws_create_vhost(hub->context, &info);
	if (vhost && hub->made_ctx)
		http_tls_attach(tls, hub->made_ctx);
	return hub->made_ctx ? vhost : NULL;
}

int lws_hub_enable_tls(struct lws_hub *hub)
{
	struct lws_context_creation_info info = context_info(hub);

	if (hub->tls)
		return 0;
	info.client_ssl_ca_filepath = trusted_certificates();
	if (lws_init_vhost_client_ssl(&info, hub->vhost))
		return -EIO;
	hub->tls = true;
	return 0;
}

static void on_check_closed(uv_handle_t *handle)
{
	struct teardown *teardown = handle->data;

	mem_free(teardown->spoken);
	mem_free(teardown);
}

/*
 * On a loop that is not its own, libwebsockets wants lws_context_destroy() twice: once to start
 * closing, and again when the loop has run its close callbacks. Never from inside one of its own.
 */
static void on_teardown_turn(uv_check_t *check)
{
	struct teardown *teardown = check->data;

	teardown->turn++;
	if (teardown->turn == CLOSE_TURN)
		lws_context_destroy(teardown->context);
	if (teardown->turn < TEARDOWN_TURNS) {
		return;
	}
	lws_context_destroy(teardown->context);
	uv_check_stop(check);
	uv_close((uv_handle_t *)check, on_check_closed);
}

static void teardown_start(struct loop *loop, struct lws_context *context, struct spoken *spoken)
{
	struct teardown *teardown = mem_alloc(sizeof(*teardown));

	teardown->context = context;
	teardown->spoken = spoken;
	teardown->check.data = teardown;
	uv_check_init(loop_uv(loop), &teardown->check);
	uv_check_start(&teardown->check, on_teardown_turn);
}

static void hub_destroy(void *data)
{
	struct lws_hub *hub = data;

	pthread_mutex_lock(&hubs_lock);
	list_remove(&hub->node);
	pthread_mutex_unlock(&hubs_lock);
	if (hub->context)
		teardown_start(hub->loop, hub->context, hub->spoken);
	else
		mem_free(hub->spoken);
}

static struct lws_hub *hub_find(struct loop *loop)
{
	struct lws_hub *found = NULL;

	pthread_mutex_lock(&hubs_lock);
	LIST_EACH(&hubs, node)
	{
		struct lws_hub *hub = node->data;

		if (hub->loop == loop)
			found = mem_ref(hub);
	}
	pthread_mutex_unlock(&hubs_lock);
	return found;
}

int lws_hub_get(struct lws_hub **ret_hub, struct loop *loop)
{
	struct lws_hub *hub = hub_find(loop);
	int err;

	if (!hub) {
		hub = mem_new(sizeof(*hub), hub_destroy);
		hub->loop = loop;
		hub->spoken = spoken_new();
		err = context_new(hub);
		if (err) {
			mem_unref(hub);
			return err;
		}
		pthread_mutex_lock(&hubs_lock);
		list_append(&hubs, &hub->node, hub);
		pthread_mutex_unlock(&hubs_lock);
	}
	*ret_hub = hub;
	return 0;
}

struct lws_context *lws_hub_context(struct lws_hub *hub)
{
	return hub->context;
}

struct lws_vhost *lws_hub_vhost(struct lws_hub *hub)
{
	return hub->vhost;
}

void lws_link_set(struct lws *wsi, struct lws_link *link)
{
	lws_set_opaque_user_data(wsi, link);
}

void lws_link_drop(struct lws *wsi)
{
	lws_set_opaque_user_data(wsi, NULL);
	lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
	lws_cancel_service(lws_get_context(wsi)); /* it looks at timeouts when it wakes up only */
}
