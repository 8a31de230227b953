/*
 * The HTTP surface of the platform, a file per resource: parse, call the noun, reply. Every file
 * has a function that adds its routes; what they all need is in struct api.
 */
#pragma once

#include "platform/call_view.h"

#include <stdbool.h>

struct call_table;
struct db;
struct http_server;
struct job_queue;
struct live;
struct loop;
struct settings;

/* Filled by whoever starts the platform; outlives the server. */
struct api {
	struct loop *loop;
	struct db *db;
	struct call_table *calls;
	struct job_queue *jobs;
	struct live *live;
	const struct settings *settings;
	const char *tenant_id; /* STORE_TENANT */
};

/*
 * GET /api/v1/calls, /calls/, /calls/{id}, /calls/{id}/transcript, /summary, /events, /recording,
 * /calls/active/list, /calls/dashboard/analytics, and the error shape.
 */
void api_read_routes(struct api *api, struct http_server *server);

/* GET /api/v1/live, the WebSocket of live events (docs/live.md). */
void api_live_routes(struct api *api, struct http_server *server);

/* GET / and the files of the page. */
void api_page_routes(struct api *api, struct http_server *server);
