#include "provider/twilio_signature.h"

#include "core/buf.h"
#include "core/digest.h"
#include "core/encoding.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/form.h"
#include "http/http_url.h"

#include <stdlib.h>
#include <string.h>

struct field {
	const char *name;
	const char *value;
};

static int compare_fields(const void *a, const void *b)
{
	const struct field *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : strcmp(x->value, y->value);
}

/* Distinct (name, value) pairs in byte order, put together without separators. */
static void append_fields(struct buf *out, const struct form *params)
{
	size_t count = form_count(params);
	auto_free struct field *fields = mem_alloc((count + 1) * sizeof(*fields));
	const struct field *last = NULL;

	for (size_t i = 0; i < count; i++)
		fields[i] = (struct field){form_name(params, i), form_value(params, i)};
	qsort(fields, count, sizeof(*fields), compare_fields);
	for (size_t i = 0; i < count; last = &fields[i++]) {
		if (last && !compare_fields(last, &fields[i]))
			continue;
		buf_append_str(out, fields[i].name);
		buf_append_str(out, fields[i].value);
	}
}

static void sign_text(struct buf *out, const char *auth_token, const char *url, size_t url_len,
		      const struct form *params)
{
	auto_buf struct buf message = {0};
	uint8_t mac[SHA1_LEN];

	buf_append(&message, url, url_len);
	if (params)
		append_fields(&message, params);
	digest_hmac_sha1(mac, auth_token, strlen(auth_token), message.data, message.len);
	base64_encode(out, mac, sizeof(mac));
}

void twilio_sign(struct buf *out, const char *auth_token, const char *url,
		 const struct form *params)
{
	sign_text(out, auth_token, url, strcspn(url, "#"), params);
}

static bool url_matches(const char *auth_token, const char *signature, const char *url,
			const struct form *params)
{
	auto_buf struct buf expected = {0};

	twilio_sign(&expected, auth_token, url, params);
	return digest_equal_str(buf_str(&expected), signature);
}

/* End of "host[:port]" in a URL, and where its port begins (NULL when it has none). */
static const char *authority_end(const char *url, const char **ret_port)
{
	const char *host = strstr(url, "://");
	const char *end, *at, *colon;

	if (!host)
		return NULL;
	host += 3;
	end = host + strcspn(host, "/?#");
	at = memchr(host, '@', (size_t)(end - host));
	if (at)
		host = at + 1;
	if (*host == '[')
		host = memchr(host, ']', (size_t)(end - host));
	colon = host ? memchr(host, ':', (size_t)(end - host)) : NULL;
	*ret_port = colon;
	return end;
}

/* The other spelling of the same URL: port dropped when it has one, the default put in when not. */
static char *other_port_form(const char *url)
{
	const char *port = NULL, *end = authority_end(url, &port);
	bool tls = str_has_prefix(url, "https:") || str_has_prefix(url, "wss:");

	if (!end)
		return NULL;
	if (port)
		return mem_printf("%.*s%s", (int)(port - url), url, end);
	return mem_printf("%.*s:%s%s", (int)(end - url), url, tls ? "443" : "80", end);
}

static bool body_matches(const char *url, const void *body, size_t body_len)
{
	const char *query = strchr(url, '?');
	const char *hash = query ? strstr(query, "bodySHA256=") : NULL;
	uint8_t expected[SHA256_LEN], given[SHA256_LEN];

	if (!hash || (hash[-1] != '?' && hash[-1] != '&'))
		return false;
	hash += strlen("bodySHA256=");
	if (hex_decode(given, sizeof(given), hash, strcspn(hash, "&#")))
		return false;
	digest_sha256(expected, body, body_len);
	return digest_equal(expected, sizeof(expected), given, sizeof(given));
}

bool twilio_signature_valid(const char *auth_token, const char *signature, const char *url,
			    const struct form *params, const void *body, size_t body_len)
{
	auto_free char *other = NULL;

	if (str_is_empty(auth_token) || str_is_empty(signature))
		return false;
	if (body && !body_matches(url, body, body_len))
		return false;
	if (url_matches(auth_token, signature, url, params))
		return true;
	other = other_port_form(url);
	return other && url_matches(auth_token, signature, other, params);
}
