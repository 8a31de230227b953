/* Signatures of webhooks: the input is "signature \n timestamp or url \n body"; none is ever right.
 */
#include "core/buf.h"
#include "core/mem.h"
#include "http/form.h"
#include "provider/twilio_signature.h"
#include "provider/ultravox_signature.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static char *line(const uint8_t **data, size_t *size)
{
	const uint8_t *end = *size ? memchr(*data, '\n', *size) : NULL;
	size_t len = end ? (size_t)(end - *data) : *size;
	char *text = mem_strndup((const char *)*data, len);

	*data += len + (end != NULL);
	*size -= len + (end != NULL);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *signature = line(&data, &size), *second = line(&data, &size);
	auto_unref struct form *form = NULL;
	auto_buf struct buf right = {0};

	if (ultravox_webhook_valid("secret", signature, second, data, size, 0, 60) ||
	    ultravox_data_valid("secret", signature, second, "call", 0, 60))
		abort();
	if (form_parse(&form, (const char *)data, size))
		return 0;
	if (twilio_signature_valid("token", signature, second, form, NULL, 0) ||
	    twilio_signature_valid("token", signature, second, NULL, data, size))
		abort();
	twilio_sign(&right, "token", second, form);
	if (!twilio_signature_valid("token", buf_str(&right), second, form, NULL, 0))
		abort();
	return 0;
}
