#include "platform/api/guard.h"

#include "core/list.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "http/form.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "platform/api/api.h"
#include "platform/api/error.h"
#include "platform/auth.h"
#include "platform/overload.h"
#include "platform/rate_limit.h"
#include "platform/store/store.h"

#include <errno.h>
#include <string.h>

enum { ASKING_MS = 1000, MAX_ASKED_AT_ONCE = 200 };

struct guard {
	struct guard_conf conf;
	struct list routes;
	struct list admissions;
	struct list entrances;
	struct timer *again; /* ask about who has an open WebSocket */
};

struct guarded {
	struct list_node node;
	struct guard *guard;
	const char *method;
	const char *pattern;
	enum permission permission;
	http_request_h *requesth;
	http_upgrade_h *upgradeh;
	void *arg;
};

/* A request waiting to be told who sends it. */
struct admission {
	struct list_node node;
	const struct guarded *route;
	struct http_request *req;
	struct auth_request *asking;
};

/* A WebSocket that was let in, or is about to be. Between it and the route's own handlers. */
struct entrance {
	struct list_node node;
	const struct guarded *route;
	struct http_request *req;
	struct ws *ws; /* NULL before it is open */
	struct auth_request *asking;
	struct principal *principal; /* NULL until it is known */
	struct ws_handlers handlers; /* the route's, once it is in */
	void *arg;
	char *ticket;
	bool in;
	uint64_t asked_ms;
};

static void guard_destroy(void *data)
{
	struct guard *guard = data;
	void *item;

	while ((item = list_pop(&guard->admissions)))
		mem_unref(item);
	LIST_EACH(&guard->entrances, node)
	list_remove(node);
	while ((item = list_pop(&guard->routes)))
		mem_unref(item);
	mem_unref(guard->again);
}

static void ask_again(void *arg);

struct guard *guard_new(const struct guard_conf *conf)
{
	struct guard *guard = mem_new(sizeof(*guard), guard_destroy);

	guard->conf = *conf;
	guard->again = timer_new(conf->loop, ask_again, guard);
	return guard;
}

/* ---- single-user mode ---- */

/* "localhost", "127.0.0.1:8000", "[::1]": what a browser on this machine calls us by. */
static bool is_this_machine(const char *host)
{
	size_t len = strcspn(host, ":");

	if (str_has_prefix(host, "[::1]"))
		return host[5] == '\0' || host[5] == ':';
	if (len == strlen("localhost") && !strncasecmp(host, "localhost", len))
		return true;
	return str_has_prefix(host, "127.") && strspn(host, "0123456789.") == len;
}

/*
 * Nobody signs in here, so that the way a request came is all there is to go by: a proxy or a name
 * that leads here from elsewhere may let in anybody. Pages of other sites are http/edge.h's matter.
 */
static bool came_from_here(const struct http_request *req)
{
	const char *host = http_request_header(req, "host");

	return (!host || is_this_machine(host)) && !http_request_header(req, "x-forwarded-for") &&
	       !http_request_header(req, "forwarded");
}

static const char *single_user_objection(const struct guard *guard, const struct http_request *req)
{
	if (!guard->conf.this_machine || came_from_here(req))
		return NULL;
	return "Nobody signs in here, so only requests from this machine are answered, not those "
	       "over a proxy: set AUTH=on.";
}

/* ---- passing ---- */

static struct principal *single_user(const struct http_request *req)
{
	return principal_new(PRINCIPAL_LOCAL, STORE_TENANT, NULL, ROLE_OWNER,
			     http_request_remote(req));
}

static struct auth_credential credential_of(const struct http_request *req)
{
	return auth_credential_read(http_request_header(req, "authorization"),
				    http_request_header(req, "x-api-key"));
}

/* ---- requests ---- */

static void refuse(struct http_request *req)
{
	http_reply_header(req, "WWW-Authenticate", "Bearer");
	api_fail(req, API_UNAUTHENTICATED, NULL, NULL);
}

/*
 * What holds for whoever has been admitted: admins come from their own networks, and nobody comes
 * too often. False after answering.
 */
static bool may_go_on(const struct guarded *route, struct http_request *req)
{
	const struct guard_conf *conf = &route->guard->conf;
	const struct ip_list *from = conf->admin_ips;

	if (from && from->count && permission_least_role(route->permission) >= ROLE_ADMIN &&
	    !ip_list_has(from, http_request_ip(req))) {
		api_fail(req, API_FORBIDDEN, NULL, "This may not be done from your address.");
		return false;
	}
	return rate_limit_pass(conf->rate_limit, req, api_principal(req)->id);
}

/* principal is from nowhere; the request gets one from its own address. */
static void pass(const struct guarded *route, struct http_request *req,
		 const struct principal *principal)
{
	if (!principal_may(principal, route->permission)) {
		api_fail(req, API_FORBIDDEN, NULL, NULL);
		return;
	}
	http_request_set_context(req, principal_at(principal, http_request_remote(req)));
	if (may_go_on(route, req))
		route->requesth(req, route->arg);
}

static void admission_destroy(void *data)
{
	struct admission *admission = data;

	list_remove(&admission->node);
	mem_unref(admission->asking);
	mem_unref(admission->req);
}

static void on_admission(int err, struct principal *principal, void *arg)
{
	struct admission *admission = arg;

	if (err == -EACCES)
		refuse(admission->req);
	else if (err)
		api_fail_errno(admission->req, err);
	else
		pass(admission->route, admission->req, principal);
	mem_unref(admission);
}

static void ask_for(const struct guarded *route, struct http_request *req,
		    const struct auth_credential *credential)
{
	struct admission *admission = mem_new(sizeof(*admission), admission_destroy);
	struct guard *guard = route->guard;

	admission->route = route;
	admission->req = mem_ref(req);
	list_append(&guard->admissions, &admission->node, admission);
	auth_ask(&admission->asking, guard->conf.auth, credential, on_admission, admission);
}

static void admit_single_user(const struct guarded *route, struct http_request *req)
{
	const char *objection = single_user_objection(route->guard, req);
	struct principal *principal auto_unref = single_user(req);

	if (objection)
		api_fail(req, API_FORBIDDEN, NULL, "%s", objection);
	else
		pass(route, req, principal);
}

/* True after refusing. */
static bool refuse_overload(const struct guarded *route, struct http_request *req)
{
	const struct overload *overload = route->guard->conf.overload;
	const char *reason = overload ? overload_reason(overload) : NULL;

	if (!reason)
		return false;
	metric_add(METRIC_OVERLOAD_REFUSED, "request", 1);
	if (!route->upgradeh)
		api_fail_overloaded(req, reason);
	return true;
}

static void on_request(struct http_request *req, void *arg)
{
	const struct guarded *route = arg;
	struct auth_credential credential = credential_of(req);
	struct principal *principal auto_unref = NULL;

	if (refuse_overload(route, req))
		return;
	if (route->guard->conf.single_user) {
		admit_single_user(route, req);
		return;
	}
	switch (auth_known(route->guard->conf.auth, &credential, &principal)) {
	case 0:
		pass(route, req, principal);
		break;
	case -EAGAIN:
		ask_for(route, req, &credential);
		break;
	default:
		refuse(req);
	}
}

/* ---- WebSockets ---- */

static void entrance_destroy(void *data)
{
	struct entrance *entrance = data;

	list_remove(&entrance->node);
	mem_unref(entrance->asking);
	mem_unref(entrance->principal);
	mem_unref(entrance->req);
	mem_unref(entrance->ws);
	mem_free(entrance->ticket);
}

/* The principal is known: hand over to the route. */
static void let_in(struct entrance *entrance)
{
	const struct guarded *route = entrance->route;
	int status;

	if (!principal_may(entrance->principal, route->permission)) {
		ws_close(entrance->ws, GUARD_CLOSE_UNAUTHENTICATED, "not permitted");
		return;
	}
	http_request_set_context(entrance->req, principal_at(entrance->principal,
							     http_request_remote(entrance->req)));
	status = route->upgradeh(entrance->req, &entrance->handlers, &entrance->arg, route->arg);
	if (status) {
		ws_close(entrance->ws, 1008, "refused");
		return;
	}
	entrance->in = true;
	if (entrance->handlers.openh)
		entrance->handlers.openh(entrance->ws, entrance->arg);
}

static void on_entrance(int err, struct principal *principal, void *arg)
{
	struct entrance *entrance = arg;

	entrance->asking = mem_unref(entrance->asking);
	if (err == -EACCES) {
		ws_close(entrance->ws, GUARD_CLOSE_UNAUTHENTICATED, "sign in");
	} else if (err) {
		ws_close(entrance->ws, 1013, "try again");
	} else {
		entrance->principal = mem_ref(principal);
		let_in(entrance);
	}
}

static void on_ws_open(struct ws *ws, void *arg)
{
	struct entrance *entrance = arg;
	struct auth_credential credential = credential_of(entrance->req);
	struct auth *auth = entrance->route->guard->conf.auth;

	entrance->ws = mem_ref(ws);
	if (entrance->principal)
		let_in(entrance);
	else if (entrance->ticket)
		auth_ticket_take(&entrance->asking, auth, entrance->ticket, on_entrance, entrance);
	else
		auth_ask(&entrance->asking, auth, &credential, on_entrance, entrance);
}

static void on_ws_message(struct ws *ws, const char *data, size_t len, bool binary, void *arg)
{
	struct entrance *entrance = arg;

	if (entrance->in && entrance->handlers.messageh)
		entrance->handlers.messageh(ws, data, len, binary, entrance->arg);
}

static void on_ws_drain(struct ws *ws, void *arg)
{
	struct entrance *entrance = arg;

	if (entrance->in && entrance->handlers.drainh)
		entrance->handlers.drainh(ws, entrance->arg);
}

static void on_ws_close(struct ws *ws, int code, const char *reason, int http_status, void *arg)
{
	struct entrance *entrance = arg;

	if (entrance->in && entrance->handlers.closeh)
		entrance->handlers.closeh(ws, code, reason, http_status, entrance->arg);
	mem_unref(entrance);
}

/* What can be said about a handshake at once: 0 (ret_principal NULL: ask) or a status. */
static int look_at(struct principal **ret_principal, const struct guard *guard,
		   const struct http_request *req, const char *ticket)
{
	struct auth_credential credential = credential_of(req);

	if (ticket)
		return auth_word_is_valid(ticket) ? 0 : 401;
	return auth_known(guard->conf.auth, &credential, ret_principal) == -EACCES ? 401 : 0;
}

static int enter(const struct guarded *route, struct http_request *req,
		 struct ws_handlers *ret_handlers, void **ret_arg)
{
	struct guard *guard = route->guard;
	const char *ticket = form_get(http_request_query(req), "ticket");
	struct principal *principal = NULL;
	struct entrance *entrance;
	int status = look_at(&principal, guard, req, ticket);

	if (status)
		return status;
	if (principal && !principal_may(principal, route->permission)) {
		mem_unref(principal);
		return 403;
	}
	entrance = mem_new(sizeof(*entrance), entrance_destroy);
	entrance->route = route;
	entrance->req = mem_ref(req);
	entrance->principal = principal;
	entrance->ticket = mem_strdup(ticket);
	entrance->asked_ms = loop_now_ms(guard->conf.loop);
	list_append(&guard->entrances, &entrance->node, entrance);
	if (!timer_is_running(guard->again))
		timer_start(guard->again, ASKING_MS);
	*ret_handlers = (struct ws_handlers){
		.openh = on_ws_open,
		.messageh = on_ws_message,
		.closeh = on_ws_close,
		.drainh = on_ws_drain,
	};
	*ret_arg = entrance;
	return 0;
}

static int on_upgrade(struct http_request *req, struct ws_handlers *ret_handlers, void **ret_arg,
		      void *arg)
{
	const struct guarded *route = arg;

	if (refuse_overload(route, req))
		return 503;
	if (!route->guard->conf.single_user)
		return enter(route, req, ret_handlers, ret_arg);
	if (single_user_objection(route->guard, req))
		return 403;
	http_request_set_context(req, single_user(req));
	return route->upgradeh(req, ret_handlers, ret_arg, route->arg);
}

/* Who signed out, lost the role or the key does not keep the socket. */
static void on_asked_again(int err, struct principal *principal, void *arg)
{
	struct entrance *entrance = arg;

	entrance->asking = mem_unref(entrance->asking);
	if (err == -EACCES || (!err && !principal_may(principal, entrance->route->permission)))
		ws_close(entrance->ws, GUARD_CLOSE_UNAUTHENTICATED, "sign in");
}

/* A few at a time, those first whose turn was longest ago. */
static void ask_again(void *arg)
{
	struct guard *guard = arg;
	uint64_t now = loop_now_ms(guard->conf.loop);

	for (size_t i = 0; i < MAX_ASKED_AT_ONCE && guard->entrances.head; i++) {
		struct entrance *entrance = guard->entrances.head->data;

		if (now - entrance->asked_ms < GUARD_ASK_AGAIN_MS)
			break;
		entrance->asked_ms = now;
		list_remove(&entrance->node);
		list_append(&guard->entrances, &entrance->node, entrance);
		if (entrance->in && !entrance->asking)
			auth_ask_again(&entrance->asking, guard->conf.auth, entrance->principal,
				       on_asked_again, entrance);
	}
	if (guard->entrances.len)
		timer_start(guard->again, ASKING_MS);
}

const struct principal *api_principal(const struct http_request *req)
{
	return http_request_context(req);
}

const char *api_tenant(const struct http_request *req)
{
	return api_principal(req)->tenant_id;
}

/* ---- routes ---- */

static struct guarded *guarded_new(struct guard *guard, const char *method, const char *pattern,
				   enum permission permission, void *arg)
{
	struct guarded *route = mem_new(sizeof(*route), NULL);

	route->guard = guard;
	route->method = method;
	route->pattern = pattern;
	route->permission = permission;
	route->arg = arg;
	list_append(&guard->routes, &route->node, route);
	return route;
}

void api_route(struct api *api, struct http_server *server, const char *method, const char *pattern,
	       enum permission permission, http_request_h *requesth, void *arg)
{
	struct guarded *route = guarded_new(api->guard, method, pattern, permission, arg);

	route->requesth = requesth;
	http_server_route(server, method, pattern, on_request, route);
}

void api_ws_route(struct api *api, struct http_server *server, const char *pattern,
		  enum permission permission, http_upgrade_h *upgradeh, void *arg)
{
	struct guarded *route = guarded_new(api->guard, "GET", pattern, permission, arg);

	route->upgradeh = upgradeh;
	http_server_ws_route(server, pattern, on_upgrade, route);
}

bool guard_permission(const struct guard *guard, const char *method, const char *pattern,
		      enum permission *ret_permission)
{
	LIST_EACH(&guard->routes, node)
	{
		const struct guarded *route = node->data;

		if (!str_equal(route->method, method) || !str_equal(route->pattern, pattern))
			continue;
		*ret_permission = route->permission;
		return true;
	}
	return false;
}
