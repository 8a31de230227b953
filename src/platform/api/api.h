/*
 * The HTTP surface of the platform, a file per resource: parse, call the noun, reply. Every file
 * has a function that adds its routes; what they all need is in struct api.
 */
#pragma once

#include "core/map.h"
#include "platform/call_view.h"
#include "platform/cost.h"

#include <stdbool.h>

struct call_slots;
struct auth;
struct call_table;
struct db;
struct guard;
struct http_server;
struct job_queue;
struct live;
struct loop;
struct overload;
struct settings;
struct state;
struct url_guard;
struct webhook_sender;

/* Filled by whoever starts the platform; outlives the server. */
struct api {
	struct loop *loop;
	struct db *db;
	struct call_table *calls;
	struct job_queue *jobs;
	struct live *live;
	struct webhook_sender *webhooks;
	struct call_slots *slots;
	struct overload *overload;
	struct state *state; /* shared between pods */
	const struct settings *settings;
	struct cost_rates rates;
	struct url_guard *url_guard; /* for URLs given by users; see http/url_guard.h */
	struct auth *auth;           /* who is behind a credential */
	struct guard *guard;         /* see guard.h */
	struct map readings;         /* of shared_read.h: what is being read */
};

/*
 * GET /api/v1/calls, /calls/, /calls/export.csv, /calls/{id}, /calls/{id}/transcript, /summary,
 * /events, /calls/active/list, /calls/dashboard/analytics, /analytics, /audit, and the error shape.
 */
void api_read_routes(struct api *api, struct http_server *server);

/* /api/v1/webhooks: endpoints of outgoing webhooks and their deliveries (docs/webhooks.md). */
void api_webhook_routes(struct api *api, struct http_server *server);

/* /api/v1/jobs: work that is parked, and bringing it back (docs/jobs.md). */
void api_job_routes(struct api *api, struct http_server *server);

/* GET /api/v1/live, the WebSocket of live events (docs/live.md). */
void api_live_routes(struct api *api, struct http_server *server);

/* GET /metrics. */
void api_metrics_routes(struct api *api, struct http_server *server);

/* GET / and the files of the page. */
void api_page_routes(struct api *api, struct http_server *server);
