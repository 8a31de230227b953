#include "provider/s3_sign.h"

#include "core/buf.h"
#include "core/digest.h"
#include "core/encoding.h"
#include "core/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MAX_KEY = 128, MAX_SECRET = 256, MAX_REGION = 64, HEX_LEN = 2 * SHA256_LEN + 1 };

static void hash_hex(char out[HEX_LEN], const struct buf *text)
{
	uint8_t digest[SHA256_LEN];

	digest_sha256(digest, text->data, text->len);
	hex_encode(out, digest, sizeof(digest));
}

/* The request as the server will see it. */
static void canonical(struct buf *out, const struct s3_sign_params *params, const char *date,
		      const char *names)
{
	buf_printf(out, "%s\n%s\n%s\nhost:%s\n", params->method, params->path, params->query,
		   params->host);
	if (params->range)
		buf_printf(out, "range:%s\n", params->range);
	buf_printf(out, "x-amz-content-sha256:%s\nx-amz-date:%s\n\n%s\n%s", params->payload_hash,
		   date, names, params->payload_hash);
}

static void chain(uint8_t key[SHA256_LEN], const void *by, size_t by_len, const char *text)
{
	digest_hmac_sha256(key, by, by_len, text, strlen(text));
}

int s3_sign(struct s3_signature *ret_signature, const struct s3_sign_params *params)
{
	const char *names = params->range ? "host;range;x-amz-content-sha256;x-amz-date"
					  : "host;x-amz-content-sha256;x-amz-date";
	auto_buf struct buf request = {0}, text = {0};
	char day[9], scope[MAX_REGION + 40], secret[MAX_SECRET + 5], hex[HEX_LEN];
	uint8_t a[SHA256_LEN], b[SHA256_LEN];
	time_t at = (time_t)(params->at / 1000000);
	struct tm tm;

	if (strlen(params->access_key) > MAX_KEY || strlen(params->secret_key) > MAX_SECRET ||
	    strlen(params->region) > MAX_REGION)
		return -EINVAL;
	gmtime_r(&at, &tm);
	strftime(ret_signature->date, sizeof(ret_signature->date), "%Y%m%dT%H%M%SZ", &tm);
	strftime(day, sizeof(day), "%Y%m%d", &tm);
	snprintf(scope, sizeof(scope), "%s/%s/s3/aws4_request", day, params->region);
	canonical(&request, params, ret_signature->date, names);
	hash_hex(hex, &request);
	buf_printf(&text, "AWS4-HMAC-SHA256\n%s\n%s\n%s", ret_signature->date, scope, hex);

	snprintf(secret, sizeof(secret), "AWS4%s", params->secret_key);
	chain(a, secret, strlen(secret), day);
	chain(b, a, sizeof(a), params->region);
	chain(a, b, sizeof(b), "s3");
	chain(b, a, sizeof(a), "aws4_request");
	chain(a, b, sizeof(b), buf_str(&text));
	hex_encode(hex, a, sizeof(a));
	snprintf(ret_signature->authorization, sizeof(ret_signature->authorization),
		 "AWS4-HMAC-SHA256 Credential=%s/%s,SignedHeaders=%s,Signature=%s",
		 params->access_key, scope, names, hex);
	explicit_bzero(secret, sizeof(secret));
	return 0;
}
