/*
 * The way in to the API: a route says which permission it needs, and its handler runs only for
 * somebody who has it. Inside the handler, and as long as the request lives, api_principal() says
 * who asks and api_tenant() whose data the answer is made of.
 *
 * No or bad credentials are answered 401, a permission that is missing 403. What belongs to another
 * tenant is not found (404): handlers select by api_tenant(), so there is nothing to check.
 *
 * Routes that stand outside: webhooks of vendors (signed), signing in, /health, /ready, /metrics,
 * the page.
 */
#pragma once

#include "core/ip.h"
#include "http/http_server.h"
#include "platform/permission.h"
#include "platform/principal.h"

struct api;
struct auth;
struct guard;
struct overload;
struct rate_limit;
struct loop;

struct guard_conf {
	bool single_user; /* nobody signs in: everybody is owner of the tenant STORE_TENANT */
	const struct overload *overload; /* may be NULL; outlives the guard */
	struct loop *loop;
	struct auth *auth;
	bool this_machine; /* single-user: what came over a proxy or for another host is refused */
	struct rate_limit *rate_limit;   /* NULL: requests are not counted; not referenced */
	const struct ip_list *admin_ips; /* from where permissions that need an admin may be used;
					    NULL or empty: from everywhere. Outlives the guard */
};

enum {
	/* Close code of a WebSocket whose ticket, key or sign-in is not, or no longer, good. */
	GUARD_CLOSE_UNAUTHENTICATED = 4401,
	/* How often it is asked whether those with an open WebSocket may still have it. */
	GUARD_ASK_AGAIN_MS = 30000,
};

/* Owned by the caller; outlives the server whose routes it guards. conf is copied. */
struct guard *guard_new(const struct guard_conf *conf);

/*
 * As http_server_route() and http_server_ws_route(), behind the guard of api. A handshake may show
 * who asks by "?ticket=", for browsers cannot set headers; it is accepted before the database has
 * said who that is, and upgradeh runs once it has.
 */
void api_route(struct api *api, struct http_server *server, const char *method, const char *pattern,
	       enum permission permission, http_request_h *requesth, void *arg);
void api_ws_route(struct api *api, struct http_server *server, const char *pattern,
		  enum permission permission, http_upgrade_h *upgradeh, void *arg);

/* Of a request that has passed. */
const struct principal *api_principal(const struct http_request *req);
const char *api_tenant(const struct http_request *req);

/* The permission that a route asks for; false when it is not behind the guard. */
bool guard_permission(const struct guard *guard, const char *method, const char *pattern,
		      enum permission *ret_permission);
