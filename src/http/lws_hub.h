/*
 * The libwebsockets context of a loop, shared by everything on that loop that speaks HTTP or
 * WebSocket through the library: private to http/.
 *
 * Connections are told apart by the link they carry: libwebsockets' opaque pointer of a connection
 * is a struct lws_link, whose handler gets every event of that connection.
 */
#pragma once

#include <libwebsockets.h>
#include <stdbool.h>

struct http_tls;
struct loop;
struct lws_hub;
struct lws_link;

/*
 * As a libwebsockets callback: return non-zero to close the connection. LWS_CALLBACK_WSI_DESTROY is
 * the last event; the link may be released in it, or unhooked earlier by lws_link_drop().
 */
typedef int lws_link_h(struct lws_link *link, struct lws *wsi, enum lws_callback_reasons reason,
		       void *in, size_t len);

struct lws_link {
	lws_link_h *eventh;
};

/*
 * A reference to the loop's hub, made when there is none. Owned by the caller, mem_unref(); the
 * context is torn down over the next turns of the loop once the last one is gone.
 * Returns 0 or -ENOMEM when libwebsockets does not start (its libuv plugin missing, say).
 */
int lws_hub_get(struct lws_hub **ret_hub, struct loop *loop);

struct lws_context *lws_hub_context(struct lws_hub *hub);
struct lws_vhost *lws_hub_vhost(struct lws_hub *hub);

/*
 * One more, whose connections shake hands with tls (not referenced; when it has gone, handshakes
 * fail). Lives as long as the context. NULL when the library does not want to.
 */
struct lws_vhost *lws_hub_tls_vhost(struct lws_hub *hub, struct http_tls *tls);

/*
 * Name what we speak as the client does, the first of the subprotocols it offers (a comma-separated
 * list), for the handshake under way: the library refuses whoever offers none that it knows.
 */
void lws_hub_expect(struct lws_hub *hub, const char *offered);

/*
 * Load the trusted certificates (a megabyte: only loops that dial wss:// have them). From
 * SSL_CERT_FILE when set, else the system's. Returns 0 or -EIO.
 */
int lws_hub_enable_tls(struct lws_hub *hub);

/* No event reaches link for this connection any more; the connection is closed soon. */
void lws_link_drop(struct lws *wsi);
/* From now on events of wsi go to link. */
void lws_link_set(struct lws *wsi, struct lws_link *link);
