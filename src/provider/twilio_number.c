#include "provider/twilio_number.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/form.h"
#include "provider/twilio_priv.h"

#include <errno.h>
#include <string.h>

enum { PAGE_SIZE = 200 };

/* Entries that lack what every number has are passed over. */
static bool parse_number(struct twilio_number *number, const json_t *json)
{
	const char *name = json_get_str(json, "friendly_name", "");

	*number = (struct twilio_number){
		.voice = json_get_bool(json_object_get(json, "capabilities"), "voice", true),
		.voice_url = json_get_str(json, "voice_url", ""),
		.status_callback = json_get_str(json, "status_callback", ""),
	};
	provider_text(number->name, sizeof(number->name), name);
	return str_copy(number->sid, sizeof(number->sid), json_get_str(json, "sid", "")) &&
	       *number->sid &&
	       str_copy(number->number, sizeof(number->number),
			json_get_str(json, "phone_number", "")) &&
	       *number->number;
}

static void list_answered(struct provider_result *result, provider_user_h *userh, void *arg)
{
	const json_t *list = json_object_get(result->json, "incoming_phone_numbers");
	size_t size = json_array_size(list) > 1000 ? 1000 : json_array_size(list);
	auto_free struct twilio_number *numbers = mem_alloc((size + 1) * sizeof(*numbers));
	const char *next = json_get_str(result->json, "next_page_uri", NULL);
	size_t count = 0;

	if (!result->err && !json_is_array(list))
		twilio_not_documented(result);
	for (size_t i = 0; !result->err && i < size; i++)
		if (parse_number(&numbers[count], json_array_get(list, i)))
			count++;
	((twilio_numbers_h *)userh)(result, numbers, count,
				    result->err || str_is_empty(next) ? NULL : next, arg);
}

/* The vendor's next_page_uri is relative to the host; our credentials go nowhere else. */
static char *page_url(const struct twilio *twilio, const char *next)
{
	auto_free char *under =
		mem_printf("/2010-04-01/Accounts/%s/IncomingPhoneNumbers", twilio->account_sid);

	return str_has_prefix(next, under) && !strstr(next, "..")
		       ? mem_printf("%s%s", twilio->api_url, next)
		       : NULL;
}

static char *first_url(const struct twilio *twilio, const char *number)
{
	auto_unref struct form *query = form_new();
	auto_free char *size = mem_printf("%d", PAGE_SIZE);
	struct buf url = {0};

	if (number)
		form_add(query, "PhoneNumber", number);
	form_add(query, "PageSize", size);
	buf_printf(&url, "%s/IncomingPhoneNumbers.json?", twilio->base);
	form_encode(query, &url);
	return buf_steal(&url);
}

int twilio_number_list(struct provider_request **ret_request, struct twilio *twilio,
		       const char *number, const char *next, twilio_numbers_h *numbersh, void *arg)
{
	auto_free char *url = next ? page_url(twilio, next) : first_url(twilio, number);
	struct provider_send_params params;

	if (!url)
		return -EINVAL;
	params = twilio_request(twilio, "GET", url);
	params.answerh = list_answered;
	params.userh = (provider_user_h *)numbersh;
	params.arg = arg;
	return provider_send(ret_request, twilio->provider, &params);
}

int twilio_number_update(struct provider_request **ret_request, struct twilio *twilio,
			 const char *sid, const char *voice_url, const char *status_callback,
			 provider_done_h *doneh, void *arg)
{
	auto_unref struct form *form = form_new();
	auto_free char *url = NULL;
	size_t len = strspn(sid, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");

	/* It comes from the database: never let it be anything but a path segment. */
	if (!len || sid[len])
		return -EINVAL;
	url = mem_printf("%s/IncomingPhoneNumbers/%s.json", twilio->base, sid);
	form_add(form, "VoiceUrl", voice_url);
	form_add(form, "VoiceMethod", "POST");
	form_add(form, "StatusCallback", status_callback);
	form_add(form, "StatusCallbackMethod", "POST");
	return twilio_post_form(ret_request, twilio, url, form, NULL, (provider_user_h *)doneh,
				arg);
}
