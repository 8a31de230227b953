#include "platform/lead_settings.h"

#include "core/mem.h"
#include "core/str.h"
#include "http/http_url.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MAX_PER_DAY = 100000, MAX_MINUTES = 1440, MAX_ORIGIN = 255 };
enum { PER_DAY = 50, MINUTES = 10 };

static void settings_destroy(void *data)
{
	struct lead_settings *settings = data;

	for (size_t i = 0; i < settings->origin_count; i++)
		mem_free(settings->origins[i]);
}

static int complain(char *reason, const char *member, const char *must)
{
	snprintf(reason, LEAD_REASON_SIZE, "settings.leads.%s must be %s.", member, must);
	return -EINVAL;
}

/* The origin that a URL is of; NULL when it is none of the web. */
static char *origin_of(const char *text, bool nothing_else)
{
	struct http_url url;

	if (!text || strlen(text) > (nothing_else ? MAX_ORIGIN : 2048) ||
	    http_url_parse(&url, text) || !str_has_prefix(url.scheme, "http") || *url.userinfo)
		return NULL;
	if (nothing_else && (!str_equal(url.target, "/") || strpbrk(text, "#?")))
		return NULL;
	return http_url_origin(&url);
}

static int take_origins(struct lead_settings *settings, const json_t *origins, char *reason)
{
	static const char must[] = "an array of at most 20 origins such as https://www.example.com";
	size_t index;
	json_t *value;

	if (!origins)
		return 0;
	if (!json_is_array(origins) || json_array_size(origins) > LEAD_MAX_ORIGINS)
		return complain(reason, "allowed_origins", must);
	json_array_foreach((json_t *)origins, index, value)
	{
		char *origin = origin_of(json_string_value(value), true);

		if (!origin)
			return complain(reason, "allowed_origins", must);
		settings->origins[settings->origin_count++] = origin;
	}
	return 0;
}

static int take_agent(struct lead_settings *settings, const json_t *agent, char *reason)
{
	const char *name = json_string_value(agent);

	if (!agent || json_is_null(agent))
		return 0;
	if (!name || !agent_name_is_valid(name))
		return complain(reason, "call_back_agent", "the name of an agent, or null");
	str_copy(settings->agent, sizeof(settings->agent), name);
	return 0;
}

static int take_number(int64_t *number, const json_t *leads, const char *member, int64_t most,
		       char *reason)
{
	const json_t *value = json_object_get(leads, member);
	char must[64];

	if (!value)
		return 0;
	snprintf(must, sizeof(must), "a whole number from 0 to %" PRId64, most);
	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
	    json_integer_value(value) > most)
		return complain(reason, member, must);
	*number = json_integer_value(value);
	return 0;
}

static int check_known(const json_t *leads, char *reason)
{
	static const char *const known[] = {"enabled", "allowed_origins", "call_back_agent",
					    "call_backs_per_day", "collapse_minutes"};
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)leads, name, value)
	{
		bool found = false;

		for (size_t i = 0; i < ARRAY_LEN(known); i++)
			found |= str_equal(known[i], name);
		if (!found) {
			snprintf(reason, LEAD_REASON_SIZE,
				 "settings.leads has enabled, allowed_origins, call_back_agent, "
				 "call_backs_per_day and collapse_minutes, and nothing else.");
			return -EINVAL;
		}
	}
	return 0;
}

static int read(struct lead_settings *settings, const json_t *leads, char *reason)
{
	if (!json_is_object(leads)) {
		snprintf(reason, LEAD_REASON_SIZE, "settings.leads must be an object.");
		return -EINVAL;
	}
	if (check_known(leads, reason))
		return -EINVAL;
	if (!json_is_boolean(json_object_get(leads, "enabled")))
		return complain(reason, "enabled", "true or false");
	settings->enabled = json_is_true(json_object_get(leads, "enabled"));
	settings->call_backs_per_day = PER_DAY;
	settings->collapse_minutes = MINUTES;
	if (take_origins(settings, json_object_get(leads, "allowed_origins"), reason) ||
	    take_agent(settings, json_object_get(leads, "call_back_agent"), reason) ||
	    take_number(&settings->call_backs_per_day, leads, "call_backs_per_day", MAX_PER_DAY,
			reason) ||
	    take_number(&settings->collapse_minutes, leads, "collapse_minutes", MAX_MINUTES,
			reason))
		return -EINVAL;
	return 0;
}

bool lead_settings_are_valid(const json_t *leads, char reason[LEAD_REASON_SIZE])
{
	auto_unref struct lead_settings *settings = mem_new(sizeof(*settings), settings_destroy);

	return !leads || !read(settings, leads, reason);
}

struct lead_settings *lead_settings_of(const char *text)
{
	struct lead_settings *settings = mem_new(sizeof(*settings), settings_destroy);
	auto_json json_t *all = NULL;
	char reason[LEAD_REASON_SIZE];

	if (!text || json_parse(&all, text, strlen(text), NULL) ||
	    read(settings, json_object_get(all, "leads"), reason))
		settings->enabled = false;
	return settings;
}

static bool is_listed(const struct lead_settings *settings, const char *origin)
{
	for (size_t i = 0; origin && i < settings->origin_count; i++)
		if (str_equal_nocase(settings->origins[i], origin))
			return true;
	return false;
}

bool lead_settings_allow(const struct lead_settings *settings, const char *origin)
{
	return settings->enabled && is_listed(settings, origin);
}

bool lead_settings_allow_url(const struct lead_settings *settings, const char *url)
{
	auto_free char *origin = origin_of(url, false);

	return settings->enabled && is_listed(settings, origin);
}
