#include "carrier/rest_form.h"

#include "core/mem.h"
#include "core/str.h"
#include "http/form.h"
#include "http/http_url.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_URL = 4000 };

void rest_fault_set(struct rest_fault *fault, enum rest_code code, const char *fmt, ...)
{
	va_list ap;

	fault->code = code;
	va_start(ap, fmt);
	vsnprintf(fault->message, sizeof(fault->message), fmt, ap);
	va_end(ap);
}

const char *rest_form_get(const struct form *form, const char *name)
{
	const char *value = form_get(form, name);

	return str_is_empty(value) ? NULL : value;
}

bool rest_form_url(struct rest_fault *fault, const struct form *form, const char *name)
{
	const char *value = rest_form_get(form, name);
	struct http_url url;

	if (!value)
		return true;
	if (strlen(value) <= MAX_URL && !http_url_parse(&url, value) &&
	    str_has_prefix(url.scheme, "http"))
		return true;
	rest_fault_set(fault, REST_INVALID_URL, "%s is not a valid URL: %.200s", name, value);
	return false;
}

bool rest_form_method(struct rest_fault *fault, const struct form *form, const char *name)
{
	const char *value = rest_form_get(form, name);

	if (!value || str_equal(value, "GET") || str_equal(value, "POST"))
		return true;
	rest_fault_set(fault, REST_INVALID_METHOD, "%s must be GET or POST", name);
	return false;
}

bool rest_form_number(struct rest_fault *fault, const struct form *form, const char *name,
		      int64_t min, int64_t max, enum rest_code code)
{
	const char *value = rest_form_get(form, name);
	int64_t number;

	if (!value || !str_parse_int(&number, value, min, max))
		return true;
	rest_fault_set(fault, code, "%s must be a number from %" PRId64 " to %" PRId64, name, min,
		       max);
	return false;
}

bool rest_form_bool(struct rest_fault *fault, const struct form *form, const char *name)
{
	const char *value = rest_form_get(form, name);

	if (!value || str_equal_nocase(value, "true") || str_equal_nocase(value, "false"))
		return true;
	rest_fault_set(fault, REST_INVALID_PARAMETER, "%s must be true or false", name);
	return false;
}

bool rest_form_word(struct rest_fault *fault, const struct form *form, const char *name,
		    const char *words)
{
	const char *value = rest_form_get(form, name);
	auto_free char *copy = mem_strdup(words);
	char *rest = copy, *word;

	if (!value)
		return true;
	while ((word = strsep(&rest, "|")))
		if (str_equal(word, value))
			return true;
	rest_fault_set(fault, REST_INVALID_PARAMETER, "%s must be one of %s", name, words);
	return false;
}

uint32_t rest_form_number_or(const struct form *form, const char *name, uint32_t otherwise)
{
	int64_t value = otherwise;

	if (rest_form_get(form, name))
		(void)str_parse_int(&value, rest_form_get(form, name), 0, INT32_MAX);
	return (uint32_t)value;
}

bool rest_form_is_true(const struct form *form, const char *name)
{
	return rest_form_get(form, name) && str_equal_nocase(rest_form_get(form, name), "true");
}

bool rest_form_utf8(struct rest_fault *fault, const struct form *form)
{
	for (size_t i = 0; i < form_count(form); i++) {
		const char *value = form_value(form, i);

		if (!str_is_utf8(value, strlen(value))) {
			rest_fault_set(fault, REST_INVALID_PARAMETER, "A parameter is not UTF-8");
			return false;
		}
	}
	return true;
}

/* Adds the events that text names, separated by spaces. */
static bool add_events(struct rest_fault *fault, unsigned *events, const char *param,
		       const char *text, const struct rest_event *names, size_t count)
{
	auto_free char *copy = mem_strdup(text);
	char *rest = copy, *word;

	while ((word = strsep(&rest, " "))) {
		size_t i = 0;

		while (i < count && !str_equal(names[i].name, word))
			i++;
		if (i == count && *word) {
			rest_fault_set(fault, REST_INVALID_PARAMETER,
				       "%s does not know the event %.40s", param, word);
			return false;
		}
		*events |= i < count ? names[i].flag : 0;
	}
	return true;
}

/* The key is repeated for several events. */
bool rest_form_events(struct rest_fault *fault, const struct form *form, const char *param,
		      const struct rest_event *names, size_t count, unsigned *ret_events)
{
	unsigned events = 0;

	for (size_t i = 0; i < form_count(form); i++)
		if (str_equal(form_name(form, i), param) &&
		    !add_events(fault, &events, param, form_value(form, i), names, count))
			return false;
	if (events)
		*ret_events = events;
	return true;
}
