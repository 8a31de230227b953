/* The IncomingPhoneNumber resource: list, fetch, add, change, remove. */
#include "carrier/call_leg_json.h"
#include "carrier/carrier_priv.h"
#include "carrier/phone_number.h"
#include "carrier/rest.h"
#include "carrier/rest_form.h"
#include "core/mem.h"
#include "core/phone.h"
#include "core/str.h"
#include "http/form.h"
#include "http/http_server.h"

#include <ctype.h>
#include <string.h>

/* ---- answers wait for the file ---- */

struct answer {
	struct http_request *req;
	json_t *json; /* NULL: 204 */
	int status;
};

static void answer_destroy(void *data)
{
	struct answer *answer = data;

	mem_unref(answer->req);
	json_decref(answer->json);
}

static void saved(int err, void *arg)
{
	struct answer *answer = arg;

	if (err)
		rest_error(answer->req, REST_SERVER, "The number cannot be stored: %s",
			   strerror(-err));
	else if (answer->json)
		http_reply_json(answer->req, answer->status, answer->json);
	else
		http_reply(answer->req, answer->status, NULL, NULL, 0);
	mem_unref(answer);
}

static void save(struct carrier *carrier, struct http_request *req, int status,
		 const struct phone_number *number)
{
	struct answer *answer = mem_new(sizeof(*answer), answer_destroy);

	answer->req = mem_ref(req);
	answer->status = status;
	answer->json = number ? phone_number_json(carrier, number) : NULL;
	phone_book_save(carrier->numbers, saved, answer);
}

/* ---- what a form may say of a number ---- */

static bool check_form(struct rest_fault *fault, const struct form *form)
{
	const char *name = form_get(form, "FriendlyName");

	if (name && strlen(name) > NUMBER_MAX_NAME) {
		rest_fault_set(fault, REST_INVALID_PARAMETER,
			       "FriendlyName is longer than %d characters", NUMBER_MAX_NAME);
		return false;
	}
	return rest_form_utf8(fault, form) && rest_form_url(fault, form, "VoiceUrl") &&
	       rest_form_url(fault, form, "VoiceFallbackUrl") &&
	       rest_form_url(fault, form, "StatusCallback") &&
	       rest_form_method(fault, form, "VoiceMethod") &&
	       rest_form_method(fault, form, "VoiceFallbackMethod") &&
	       rest_form_method(fault, form, "StatusCallbackMethod");
}

/* An empty URL takes it away; what the form does not name stays. */
static void set_target(struct call_leg_target *target, const struct form *form, const char *url,
		       const char *method)
{
	const char *new_url = form_get(form, url), *new_method = rest_form_get(form, method);
	auto_free char *kept_url = mem_strdup(target->url);
	auto_free char *kept_method = mem_strdup(target->method);

	if (new_url && !*new_url) {
		target->url = mem_free(target->url);
		target->method = mem_free(target->method);
	} else if (new_url || kept_url) {
		call_leg_target_set(target, new_url ? new_url : kept_url,
				    new_method ? new_method : kept_method);
	}
}

static void apply_form(struct phone_number *number, const struct form *form)
{
	if (rest_form_get(form, "FriendlyName"))
		mem_replace_str(&number->friendly_name, rest_form_get(form, "FriendlyName"));
	set_target(&number->voice, form, "VoiceUrl", "VoiceMethod");
	set_target(&number->fallback, form, "VoiceFallbackUrl", "VoiceFallbackMethod");
	set_target(&number->status, form, "StatusCallback", "StatusCallbackMethod");
}

/* ---- one ---- */

/* NULL: it was answered. */
static struct phone_number *requested(struct carrier *carrier, struct http_request *req)
{
	struct phone_number *number;
	char sid[REST_NAME_SIZE];

	if (!rest_admit(carrier, req))
		return NULL;
	rest_name(req, "number", sid);
	number = phone_book_find(carrier->numbers, sid);
	if (!number)
		rest_error(req, REST_NOT_FOUND, "The requested resource %.200s was not found",
			   http_request_path(req));
	return number;
}

static void get_number(struct http_request *req, void *arg)
{
	const struct phone_number *number = requested(arg, req);
	auto_json json_t *json = number ? phone_number_json(arg, number) : NULL;

	if (json)
		http_reply_json(req, 200, json);
}

static void update_number(struct http_request *req, void *arg)
{
	struct carrier *carrier = arg;
	struct phone_number *number = requested(carrier, req);
	auto_unref struct form *form = number ? rest_form(req) : NULL;
	struct rest_fault fault;

	if (!form || rest_refuse(req, check_form(&fault, form), &fault))
		return;
	apply_form(number, form);
	phone_number_touch(number);
	save(carrier, req, 200, number);
}

static void delete_number(struct http_request *req, void *arg)
{
	struct carrier *carrier = arg;
	struct phone_number *number = requested(carrier, req);

	if (!number)
		return;
	phone_book_remove(carrier->numbers, number);
	save(carrier, req, 204, NULL);
}

static bool check_new(struct rest_fault *fault, const struct form *form,
		      const struct carrier *carrier)
{
	const char *number = rest_form_get(form, "PhoneNumber");

	if (!number) {
		rest_fault_set(fault, REST_INVALID_NUMBER, "PhoneNumber is required");
		return false;
	}
	if (!phone_is_e164(number)) {
		rest_fault_set(fault, REST_INVALID_NUMBER, "PhoneNumber is not E.164: %.40s",
			       number);
		return false;
	}
	if (phone_book_by_number(carrier->numbers, number)) {
		rest_fault_set(fault, REST_NUMBER_TAKEN, "PhoneNumber is not available: %.40s",
			       number);
		return false;
	}
	return check_form(fault, form);
}

static void create_number(struct http_request *req, void *arg)
{
	struct carrier *carrier = arg;
	auto_unref struct form *form = NULL;
	struct phone_number *number;
	struct rest_fault fault;

	if (!rest_admit(carrier, req))
		return;
	form = rest_form(req);
	if (!form || rest_refuse(req, check_new(&fault, form, carrier), &fault))
		return;
	number = phone_book_add(carrier->numbers, rest_form_get(form, "PhoneNumber"));
	if (!number) {
		rest_error(req, REST_TOO_MANY, "The account has %d numbers", NUMBER_MAX);
		return;
	}
	apply_form(number, form);
	save(carrier, req, 201, number);
}

/* ---- list ---- */

struct list_of {
	const struct carrier *carrier;
	struct rest_page page;
	const char *pattern, *name;
	json_t *items;
	bool more;
	uint64_t last;
};

/* The pattern stands anywhere in the number; '*' is any digit, and a leading '+' the number's. */
static bool contains(const char *number, const char *pattern)
{
	size_t len = strlen(pattern);

	for (; strlen(number) >= len; number++) {
		size_t i = 0;

		while (i < len && (pattern[i] == number[i] ||
				   (pattern[i] == '*' && isdigit((unsigned char)number[i]))))
			i++;
		if (i == len)
			return true;
	}
	return false;
}

static bool on_number(struct phone_number *number, void *arg)
{
	struct list_of *list = arg;

	if ((list->pattern && !contains(number->number, list->pattern)) ||
	    (list->name && !str_equal(number->friendly_name, list->name)) || list->page.skip-- > 0)
		return true;
	if ((int64_t)json_array_size(list->items) == list->page.size) {
		list->more = true;
		return false;
	}
	json_array_append_new(list->items, phone_number_json(list->carrier, number));
	list->last = number->order;
	return true;
}

static void list_numbers(struct http_request *req, void *arg)
{
	struct carrier *carrier = arg;
	const struct form *query = http_request_query(req);
	struct list_of list = {.carrier = carrier,
			       .pattern = rest_form_get(query, "PhoneNumber"),
			       .name = rest_form_get(query, "FriendlyName")};

	if (!rest_admit(carrier, req) || !rest_page_parse(&list.page, req))
		return;
	list.items = json_array();
	phone_book_each(carrier->numbers, list.page.before, on_number, &list);
	rest_page_reply(req, &list.page, "incoming_phone_numbers", list.items,
			list.more ? list.last : 0);
}

void rest_number_routes(struct carrier *carrier)
{
	static const char numbers[] = "/2010-04-01/Accounts/{account}/IncomingPhoneNumbers";
	static const char numbers_json[] =
		"/2010-04-01/Accounts/{account}/IncomingPhoneNumbers.json";
	static const char number[] = "/2010-04-01/Accounts/{account}/IncomingPhoneNumbers/{number}";
	const char *const lists[] = {numbers, numbers_json};

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		http_server_route(carrier->server, "POST", lists[i], create_number, carrier);
		http_server_route(carrier->server, "GET", lists[i], list_numbers, carrier);
	}
	http_server_route(carrier->server, "GET", number, get_number, carrier);
	http_server_route(carrier->server, "POST", number, update_number, carrier);
	http_server_route(carrier->server, "DELETE", number, delete_number, carrier);
}
