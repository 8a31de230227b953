#include "provider/ultravox_signature.h"

#include "core/buf.h"
#include "core/digest.h"
#include "core/encoding.h"
#include "core/str.h"
#include "core/timestamp.h"

#include <string.h>

enum { HEX_LEN = 2 * SHA256_LEN, MAX_DIGESTS = 16 };

static bool is_recent(const char *timestamp, int64_t now_us, int64_t tolerance_s)
{
	int64_t us;

	if (timestamp_parse_iso(&us, timestamp))
		return false;
	return us >= now_us - tolerance_s * 1000000 && us <= now_us + tolerance_s * 1000000;
}

/* One digest per secret of the sender: any may be ours. Spaces around the commas are allowed. */
static bool list_has(const char *signature, const char hex[HEX_LEN + 1])
{
	bool found = false;

	for (int i = 0; i < MAX_DIGESTS && *signature; i++) {
		size_t len;

		signature += strspn(signature, " \t,");
		len = strcspn(signature, " \t,");
		found |= digest_equal(signature, len, hex, HEX_LEN);
		signature += len;
	}
	return found;
}

static bool is_signed(const char *secret, const char *signature, const void *data, size_t len,
		      const char *timestamp)
{
	auto_buf struct buf message = {0};
	uint8_t mac[SHA256_LEN];
	char hex[HEX_LEN + 1];

	buf_append(&message, data, len);
	buf_append_str(&message, timestamp);
	digest_hmac_sha256(mac, secret, strlen(secret), message.data, message.len);
	hex_encode(hex, mac, sizeof(mac));
	return list_has(signature, hex);
}

bool ultravox_webhook_valid(const char *secret, const char *signature, const char *timestamp,
			    const void *body, size_t body_len, int64_t now_us, int64_t tolerance_s)
{
	if (str_is_empty(secret) || str_is_empty(signature) || str_is_empty(timestamp))
		return false;
	return is_signed(secret, signature, body, body_len, timestamp) &&
	       is_recent(timestamp, now_us, tolerance_s);
}

bool ultravox_data_valid(const char *secret, const char *signature, const char *timestamp,
			 const char *ultravox_call_id, int64_t now_us, int64_t tolerance_s)
{
	if (str_is_empty(ultravox_call_id))
		return false;
	return ultravox_webhook_valid(secret, signature, timestamp, ultravox_call_id,
				      strlen(ultravox_call_id), now_us, tolerance_s);
}
