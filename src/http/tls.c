#include "http/tls.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "http/tls_priv.h"
#include "loop/timer.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { DEFAULT_CHECK_MS = 5000 };

/* What tells that a file was replaced or written again. */
struct mark {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec changed;
};

struct http_tls {
	struct log log;
	char *cert_path;
	char *key_path;
	bool allow_tls12;
	uint32_t check_ms;
	struct timer *timer;
	SSL_CTX *attached; /* the library's, without a certificate; NULL until attached */
	SSL_CTX *current;  /* with the pair in force */
	struct mark cert_mark, key_mark; /* of what was read last, whether it loaded or not */
};

/* ---- handshakes ---- */

static const unsigned char http11[] = "\x08http/1.1";

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
		   const unsigned char *offered, unsigned int offered_len, void *arg)
{
	unsigned char *chosen;

	if (SSL_select_next_proto(&chosen, out_len, http11, sizeof(http11) - 1, offered,
				  offered_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* A context keeps both an RSA and an EC pair, so a new pair gets a new context, picked here. */
static int on_client_hello(SSL *ssl, int *alert, void *arg)
{
	struct http_tls *tls = arg;

	if (tls && SSL_set_SSL_CTX(ssl, tls->current))
		return SSL_CLIENT_HELLO_SUCCESS;
	*alert = SSL_AD_INTERNAL_ERROR;
	return SSL_CLIENT_HELLO_ERROR;
}

/* Handshakes begin with the library's context and go on with ours: both are set up alike. */
static void set_up(SSL_CTX *ctx, bool allow_tls12)
{
	SSL_CTX_set_min_proto_version(ctx, allow_tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
	SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20");
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
					 SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
}

void http_tls_attach(struct http_tls *tls, void *ssl_ctx)
{
	SSL_CTX *ctx = ssl_ctx;

	SSL_CTX_up_ref(ctx);
	tls->attached = ctx;
	set_up(ctx, tls->allow_tls12);
	/* The library's own looks for a virtual host of the name the client asks for. */
	SSL_CTX_set_tlsext_servername_callback(ctx, NULL);
	SSL_CTX_set_client_hello_cb(ctx, on_client_hello, tls);
}

/* ---- reading ---- */

static int complain(char error[HTTP_TLS_ERROR_SIZE], const char *setting, const char *path, int err)
{
	snprintf(error, HTTP_TLS_ERROR_SIZE, "%s: %s: %s", setting, path, strerror(-err));
	return err;
}

static int complain_of_content(char error[HTTP_TLS_ERROR_SIZE], const char *setting,
			       const char *path, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	snprintf(error, HTTP_TLS_ERROR_SIZE, "%s: %s %s%s%s", setting, path, what,
		 reason ? ": " : "", reason ? reason : "");
	ERR_clear_error();
	return -EINVAL;
}

static int look_at(struct mark *ret_mark, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st)) {
		int err = -errno;

		if (fd >= 0)
			close(fd);
		return err;
	}
	close(fd);
	if (!S_ISREG(st.st_mode))
		return -EISDIR;
	*ret_mark = (struct mark){st.st_dev, st.st_ino, st.st_size, st.st_mtim};
	return 0;
}

static bool mark_equal(const struct mark *a, const struct mark *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Nobody is there to be asked for one. */
static int on_passphrase(char *out, int size, int writing, void *arg)
{
	return -1;
}

static int load_pair(SSL_CTX *ctx, const struct http_tls *tls, char error[HTTP_TLS_ERROR_SIZE])
{
	ERR_clear_error();
	SSL_CTX_set_default_passwd_cb(ctx, on_passphrase);
	if (SSL_CTX_use_certificate_chain_file(ctx, tls->cert_path) != 1)
		return complain_of_content(error, "TLS_CERT_PATH", tls->cert_path,
					   "holds no certificate in PEM");
	/* A key of the same kind that is not the certificate's is refused here already. */
	if (SSL_CTX_use_PrivateKey_file(ctx, tls->key_path, SSL_FILETYPE_PEM) != 1 &&
	    ERR_GET_REASON(ERR_peek_last_error()) != X509_R_KEY_VALUES_MISMATCH)
		return complain_of_content(error, "TLS_KEY_PATH", tls->key_path,
					   "holds no private key in PEM without a passphrase");
	ERR_clear_error();
	if (SSL_CTX_check_private_key(ctx) != 1) {
		ERR_clear_error();
		return complain_of_content(error, "TLS_KEY_PATH", tls->key_path,
					   "is not the key of the certificate in TLS_CERT_PATH");
	}
	return 0;
}

static void report(const struct http_tls *tls)
{
	const ASN1_TIME *end = X509_get0_notAfter(SSL_CTX_get0_certificate(tls->current));
	struct tm tm = {0};
	char text[32] = "";

	if (ASN1_TIME_to_tm(end, &tm) != 1)
		return;
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	metric_set(METRIC_TLS_EXPIRY, "", (double)timegm(&tm));
	if (timegm(&tm) < time(NULL))
		LOG_WARN(&tls->log, "certificate_expired", LOG_STR("path", tls->cert_path),
			 LOG_STR("not_after", text));
	else
		LOG_INFO(&tls->log, "certificate_loaded", LOG_STR("path", tls->cert_path),
			 LOG_STR("not_after", text));
}

static int load(struct http_tls *tls, char error[HTTP_TLS_ERROR_SIZE])
{
	SSL_CTX *fresh;
	int err = look_at(&tls->cert_mark, tls->cert_path);

	if (err)
		return complain(error, "TLS_CERT_PATH", tls->cert_path, err);
	err = look_at(&tls->key_mark, tls->key_path);
	if (err)
		return complain(error, "TLS_KEY_PATH", tls->key_path, err);
	fresh = SSL_CTX_new(TLS_server_method());
	if (!fresh)
		return complain(error, "TLS_CERT_PATH", tls->cert_path, -ENOMEM);
	set_up(fresh, tls->allow_tls12);
	err = load_pair(fresh, tls, error);
	if (err) {
		SSL_CTX_free(fresh);
		return err;
	}
	SSL_CTX_free(tls->current); /* connections that have it keep it */
	tls->current = fresh;
	report(tls);
	return 0;
}

void http_tls_reload(struct http_tls *tls)
{
	char error[HTTP_TLS_ERROR_SIZE] = "";

	if (load(tls, error))
		LOG_ERROR(&tls->log, "certificate_not_loaded", LOG_STR("reason", error));
}

/* A pair that did not load is read again only once a file has changed: one line per trouble. */
static void on_check(void *arg)
{
	struct http_tls *tls = arg;
	struct mark cert = {0}, key = {0};

	timer_start(tls->timer, tls->check_ms);
	if (look_at(&cert, tls->cert_path) || look_at(&key, tls->key_path))
		return; /* being replaced, it seems; what is in force stays */
	if (!mark_equal(&cert, &tls->cert_mark) || !mark_equal(&key, &tls->key_mark))
		http_tls_reload(tls);
}

/* ---- its life ---- */

static void tls_destroy(void *data)
{
	struct http_tls *tls = data;

	mem_unref(tls->timer);
	if (tls->attached)
		SSL_CTX_set_client_hello_cb(tls->attached, on_client_hello, NULL);
	SSL_CTX_free(tls->attached);
	SSL_CTX_free(tls->current);
	mem_free(tls->cert_path);
	mem_free(tls->key_path);
}

int http_tls_new(struct http_tls **ret_tls, struct loop *loop, const struct http_tls_conf *conf,
		 char error[HTTP_TLS_ERROR_SIZE])
{
	auto_unref struct http_tls *tls = mem_new(sizeof(*tls), tls_destroy);
	int err;

	log_init(&tls->log, conf->service, NULL);
	tls->cert_path = mem_strdup(conf->cert_path);
	tls->key_path = mem_strdup(conf->key_path);
	tls->allow_tls12 = conf->allow_tls12;
	tls->check_ms = conf->check_ms ? conf->check_ms : DEFAULT_CHECK_MS;
	err = load(tls, error);
	if (err)
		return err;
	tls->timer = timer_new(loop, on_check, tls);
	timer_start(tls->timer, tls->check_ms);
	*ret_tls = mem_ref(tls);
	return 0;
}

int http_tls_expiry(int64_t *ret_us, const char *cert_path)
{
	FILE *file = fopen(cert_path, "re");
	X509 *cert;
	struct tm end = {0};
	int err = 0;

	if (!file)
		return -errno;
	cert = PEM_read_X509(file, NULL, NULL, NULL);
	(void)fclose(file);
	if (!cert || !ASN1_TIME_to_tm(X509_get0_notAfter(cert), &end))
		err = -EBADMSG;
	else
		*ret_us = (int64_t)timegm(&end) * 1000000;
	X509_free(cert);
	ERR_clear_error();
	return err;
}
