/*
 * The certificate a server shows. Read from PEM files and read again when they change, so that a
 * renewed certificate is in force within seconds: connections that are open stay as they are, new
 * handshakes get the new one. A pair that does not load leaves the old one in force.
 *
 * TLS 1.3, and 1.2 with forward secrecy when allowed. Sessions are not resumed: every handshake is
 * a full one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct http_tls;
struct loop;

struct http_tls_conf {
	const char *service;   /* for logs; static */
	const char *cert_path; /* PEM: the certificate, then those between it and the root */
	const char *key_path;  /* PEM, without a passphrase */
	bool allow_tls12;
	uint32_t check_ms; /* how often the files are looked at; 0 means 5000 */
};

enum { HTTP_TLS_ERROR_SIZE = 400 };

/*
 * ret_tls: owned by the caller, mem_unref(); strings are copied. Returns 0, or a negative errno
 * with one line in error that names the setting: a file is missing or unreadable, is no PEM, or
 * the key is not the certificate's.
 */
int http_tls_new(struct http_tls **ret_tls, struct loop *loop, const struct http_tls_conf *conf,
		 char error[HTTP_TLS_ERROR_SIZE]);

/*
 * When the certificate of a file (its first) expires, UTC microseconds. Returns 0, -EBADMSG when
 * there is none in it, or a negative errno.
 */
int http_tls_expiry(int64_t *ret_us, const char *cert_path);

/* Read the files again now, whether they seem changed or not. */
void http_tls_reload(struct http_tls *tls);
