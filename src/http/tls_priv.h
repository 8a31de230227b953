/* What lws_hub.c needs of tls.c. */
#pragma once

#include "http/tls.h"

/*
 * Make ssl_ctx (an SSL_CTX, of libwebsockets) shake hands with the certificate in force at that
 * time. Once per http_tls. When tls has gone, handshakes fail.
 */
void http_tls_attach(struct http_tls *tls, void *ssl_ctx);
