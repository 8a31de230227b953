/* What http_server.c needs of ws.c. */
#pragma once

#include "core/list.h"
#include "http/lws_hub.h"
#include "http/ws.h"

/*
 * A connection whose handshake was accepted; libwebsockets goes on with wsi. On the server's list.
 * place (may be NULL) is an object referenced until the connection has gone.
 */
struct ws *ws_accept(struct loop *loop, struct lws_hub *hub, struct lws *wsi,
		     const struct ws_handlers *handlers, void *arg, struct list *sockets,
		     void *place);

/* The server goes away: closed with 1001, closeh runs on the next turn of the loop. */
void ws_drop(struct ws *ws);
