#include "platform/call_limit.h"

#include "core/mem.h"
#include "core/phone.h"
#include "core/phone_plan.h"
#include "core/setting.h"
#include "core/str.h"
#include "platform/quiet_hours.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct list_of_texts {
	char **texts;
	size_t count;
};

struct call_limit {
	bool any_country;
	struct list_of_texts countries; /* ISO codes, when not any */
	struct list_of_texts allowed_prefixes;
	struct list_of_texts blocked_prefixes;
	bool premium;
	bool satellite;
	bool sip;
	int64_t caps[CALL_CAP_COUNT];
	int64_t max_calls;
	struct quiet_hours *quiet; /* NULL: none */
};

static const struct {
	const char *field;
	int64_t most;
} caps[] = {
#define CAP(id_, field_, most_) {field_, most_},
	CALL_CAPS(CAP)
#undef CAP
};

enum { MAX_CALLS = 1000000 }; /* at once, as MAX_CALLS_PER_TENANT */

static const char max_calls_field[] = "max_calls";
static const char quiet_hours_field[] = "quiet_hours";

/* ---- its life ---- */

static void texts_free(struct list_of_texts *list)
{
	for (size_t i = 0; i < list->count; i++)
		mem_free(list->texts[i]);
	mem_free(list->texts);
	*list = (struct list_of_texts){0};
}

static void texts_add(struct list_of_texts *list, const char *text)
{
	list->texts = mem_realloc(list->texts, (list->count + 1) * sizeof(*list->texts));
	list->texts[list->count++] = mem_strdup(text);
}

static void texts_copy(struct list_of_texts *to, const struct list_of_texts *from)
{
	for (size_t i = 0; i < from->count; i++)
		texts_add(to, from->texts[i]);
}

static void limit_destroy(void *data)
{
	struct call_limit *limit = data;

	texts_free(&limit->countries);
	texts_free(&limit->allowed_prefixes);
	texts_free(&limit->blocked_prefixes);
	mem_unref(limit->quiet);
}

static struct call_limit *limit_copy(const struct call_limit *from)
{
	struct call_limit *limit = mem_new(sizeof(*limit), limit_destroy);

	limit->any_country = from->any_country;
	limit->premium = from->premium;
	limit->satellite = from->satellite;
	limit->sip = from->sip;
	memcpy(limit->caps, from->caps, sizeof(limit->caps));
	limit->max_calls = from->max_calls;
	limit->quiet = mem_ref(from->quiet);
	texts_copy(&limit->countries, &from->countries);
	texts_copy(&limit->allowed_prefixes, &from->allowed_prefixes);
	texts_copy(&limit->blocked_prefixes, &from->blocked_prefixes);
	return limit;
}

/* ---- reading ---- */

static bool is_prefix(const char *text)
{
	size_t digits = *text == '+' ? strspn(text + 1, "0123456789") : 0;

	return digits >= 1 && digits <= 15 && !text[1 + digits] && text[1] != '0';
}

static bool add_country(struct call_limit *limit, const char *text)
{
	if (str_equal(text, "*")) {
		limit->any_country = true;
		return true;
	}
	if (!phone_country_is_known(text) || limit->countries.count == CALL_LIMIT_MAX_COUNTRIES)
		return false;
	texts_add(&limit->countries, text);
	return true;
}

static bool add_prefix(struct list_of_texts *list, const char *text)
{
	if (!is_prefix(text) || list->count == CALL_LIMIT_MAX_PREFIXES)
		return false;
	texts_add(list, text);
	return true;
}

/* Words of a setting, one after the other; NULL at the end. */
static const char *next_word(char **rest)
{
	char *word;

	while ((word = strsep(rest, ", \t\n")))
		if (*word)
			return word;
	return NULL;
}

static int read_countries(struct call_limit *limit, const struct settings *settings,
			  char error[CALL_LIMIT_REASON_SIZE])
{
	auto_free char *copy = mem_strdup(settings->call_countries);
	char *rest = copy;
	const char *word;
	struct phone_place home = phone_place_of(settings->twilio_phone_number);

	while ((word = next_word(&rest))) {
		if (add_country(limit, word))
			continue;
		snprintf(error, CALL_LIMIT_REASON_SIZE,
			 "CALL_COUNTRIES: \"%.20s\" is no ISO country code, such as GB, and not *",
			 word);
		return -EINVAL;
	}
	if (limit->any_country || limit->countries.count)
		return 0;
	if (!*home.country) { /* our own number says nothing: a SIP URI, say */
		limit->any_country = true;
		return 0;
	}
	texts_add(&limit->countries, home.country);
	/* One numbering plan, one price. */
	if (str_equal(home.country, "US"))
		texts_add(&limit->countries, "CA");
	else if (str_equal(home.country, "CA"))
		texts_add(&limit->countries, "US");
	return 0;
}

static int read_prefixes(struct list_of_texts *list, const char *name, const char *text,
			 char error[CALL_LIMIT_REASON_SIZE])
{
	auto_free char *copy = mem_strdup(text);
	char *rest = copy;
	const char *word;

	while ((word = next_word(&rest))) {
		if (add_prefix(list, word))
			continue;
		snprintf(error, CALL_LIMIT_REASON_SIZE, "%s: \"%.20s\" is no prefix, such as +4420",
			 name, word);
		return -EINVAL;
	}
	return 0;
}

static int read_quiet_hours(struct call_limit *limit, const struct settings *settings,
			    char error[CALL_LIMIT_REASON_SIZE])
{
	char what[CALL_LIMIT_REASON_SIZE - 20];

	if (str_is_empty(settings->quiet_hours) ||
	    !quiet_hours_of_text(&limit->quiet, settings->quiet_hours, what, sizeof(what)))
		return 0;
	snprintf(error, CALL_LIMIT_REASON_SIZE, "QUIET_HOURS: %s", what);
	return -EINVAL;
}

int call_limit_of_settings(struct call_limit **ret_limit, const struct settings *settings,
			   char error[CALL_LIMIT_REASON_SIZE])
{
	auto_unref struct call_limit *limit = mem_new(sizeof(*limit), limit_destroy);
	int err = read_countries(limit, settings, error);

	if (!err)
		err = read_prefixes(&limit->allowed_prefixes, "CALL_ALLOWED_PREFIXES",
				    settings->call_allowed_prefixes, error);
	if (!err)
		err = read_prefixes(&limit->blocked_prefixes, "CALL_BLOCKED_PREFIXES",
				    settings->call_blocked_prefixes, error);
	if (!err)
		err = read_quiet_hours(limit, settings, error);
	if (err)
		return err;
	limit->premium = settings->call_premium;
	limit->satellite = settings->call_satellite;
	limit->sip = settings->call_sip;
	limit->caps[CALL_CAP_CALLS_DAY] = settings->calls_per_day;
	limit->caps[CALL_CAP_CALLS_MONTH] = settings->calls_per_month;
	limit->caps[CALL_CAP_SPEND_DAY] = settings->spend_per_day;
	limit->caps[CALL_CAP_SPEND_MONTH] = settings->spend_per_month;
	limit->caps[CALL_CAP_ATTEMPTS] = settings->attempts_per_number;
	limit->max_calls = settings->max_calls_per_tenant;
	*ret_limit = mem_ref(limit);
	return 0;
}

/* ---- a tenant's own ---- */

static int complain(const char **ret_field, const char *field, char reason[CALL_LIMIT_REASON_SIZE],
		    const char *what)
{
	*ret_field = field;
	snprintf(reason, CALL_LIMIT_REASON_SIZE, "%.60s %s.", field, what);
	return -EINVAL;
}

static bool take_country(struct call_limit *limit, const char *text)
{
	return add_country(limit, text);
}

static bool take_allowed(struct call_limit *limit, const char *text)
{
	return add_prefix(&limit->allowed_prefixes, text);
}

static bool take_blocked(struct call_limit *limit, const char *text)
{
	return add_prefix(&limit->blocked_prefixes, text);
}

static void clear_list(struct call_limit *limit, size_t which)
{
	struct list_of_texts *const lists[] = {&limit->countries, &limit->allowed_prefixes,
					       &limit->blocked_prefixes};

	texts_free(lists[which]);
	if (which == 0)
		limit->any_country = false;
}

static const struct {
	const char *field;
	bool (*take)(struct call_limit *limit, const char *text);
	const char *what;
} lists[] = {
	{"allowed_countries", take_country,
	 "must be a list of ISO country codes, such as \"GB\", or \"*\" for all"},
	{"allowed_prefixes", take_allowed, "must be a list of prefixes, such as \"+4420\""},
	{"blocked_prefixes", take_blocked, "must be a list of prefixes, such as \"+4420\""},
};

static int take_list(struct call_limit *limit, size_t which, const json_t *value,
		     const char **ret_field, char reason[CALL_LIMIT_REASON_SIZE])
{
	const json_t *item;
	size_t i;

	if (!json_is_array(value))
		return complain(ret_field, lists[which].field, reason, lists[which].what);
	clear_list(limit, which);
	json_array_foreach(value, i, item)
	{
		if (!json_is_string(item) || !lists[which].take(limit, json_string_value(item)))
			return complain(ret_field, lists[which].field, reason, lists[which].what);
	}
	return 0;
}

static int take_number(int64_t *ret_number, const char *field, int64_t most, const json_t *value,
		       const char **ret_field, char reason[CALL_LIMIT_REASON_SIZE])
{
	int64_t number = json_integer_value(value);
	char what[80];

	snprintf(what, sizeof(what), "must be a whole number up to %lld, and 0 for no cap",
		 (long long)most);
	if (!json_is_integer(value) || number < 0 || number > most)
		return complain(ret_field, field, reason, what);
	*ret_number = number;
	return 0;
}

static int take_quiet_hours(struct call_limit *limit, const json_t *value, const char **ret_field,
			    char reason[CALL_LIMIT_REASON_SIZE])
{
	struct quiet_hours *quiet = NULL;
	char what[CALL_LIMIT_REASON_SIZE - 20];

	if (!json_is_false(value) && quiet_hours_parse(&quiet, value, what, sizeof(what)))
		return complain(ret_field, quiet_hours_field, reason, what);
	mem_unref(limit->quiet);
	limit->quiet = quiet;
	return 0;
}

static int take_field(struct call_limit *limit, const char *field, const json_t *value,
		      const char **ret_field, char reason[CALL_LIMIT_REASON_SIZE])
{
	const struct {
		const char *field;
		bool *flag;
	} flags[] = {{"premium", &limit->premium},
		     {"satellite", &limit->satellite},
		     {"sip", &limit->sip}};

	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		if (str_equal(field, lists[i].field))
			return take_list(limit, i, value, ret_field, reason);
	for (size_t i = 0; i < ARRAY_LEN(caps); i++)
		if (str_equal(field, caps[i].field))
			return take_number(&limit->caps[i], caps[i].field, caps[i].most, value,
					   ret_field, reason);
	if (str_equal(field, max_calls_field))
		return take_number(&limit->max_calls, max_calls_field, MAX_CALLS, value, ret_field,
				   reason);
	if (str_equal(field, quiet_hours_field))
		return take_quiet_hours(limit, value, ret_field, reason);
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		if (!str_equal(field, flags[i].field))
			continue;
		if (!json_is_boolean(value))
			return complain(ret_field, flags[i].field, reason, "must be true or false");
		*flags[i].flag = json_is_true(value);
		return 0;
	}
	return complain(ret_field, field, reason, "is no limit");
}

int call_limit_parse(struct call_limit **ret_limit, const struct call_limit *defaults,
		     const json_t *own, const char **ret_field, char reason[CALL_LIMIT_REASON_SIZE])
{
	auto_unref struct call_limit *limit = limit_copy(defaults);
	const char *field;
	json_t *value;

	if (!json_is_object(own))
		return complain(ret_field, "limits", reason, "must be an object");
	json_object_foreach((json_t *)own, field, value)
	{
		int err = json_is_null(value) ? 0
					      : take_field(limit, field, value, ret_field, reason);

		if (err)
			return err;
	}
	*ret_limit = mem_ref(limit);
	return 0;
}

/* ---- showing ---- */

static json_t *texts_json(const struct list_of_texts *list)
{
	json_t *json = json_array();

	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(json, json_string(list->texts[i]));
	return json;
}

json_t *call_limit_json(const struct call_limit *limit)
{
	json_t *json = json_object();

	json_object_set_new(json, "allowed_countries",
			    limit->any_country ? json_pack("[s]", "*")
					       : texts_json(&limit->countries));
	json_object_set_new(json, "allowed_prefixes", texts_json(&limit->allowed_prefixes));
	json_object_set_new(json, "blocked_prefixes", texts_json(&limit->blocked_prefixes));
	json_object_set_new(json, "premium", json_boolean(limit->premium));
	json_object_set_new(json, "satellite", json_boolean(limit->satellite));
	json_object_set_new(json, "sip", json_boolean(limit->sip));
	for (size_t i = 0; i < ARRAY_LEN(caps); i++)
		json_set_int(json, caps[i].field, limit->caps[i]);
	json_set_int(json, max_calls_field, limit->max_calls);
	json_object_set_new(json, quiet_hours_field,
			    limit->quiet ? quiet_hours_json(limit->quiet) : json_false());
	return json;
}

int64_t call_limit_cap(const struct call_limit *limit, enum call_cap cap)
{
	return limit->caps[cap];
}

uint32_t call_limit_max_calls(const struct call_limit *limit)
{
	return (uint32_t)limit->max_calls;
}

int64_t call_limit_not_before(const struct call_limit *limit, int64_t at)
{
	return quiet_hours_end(limit->quiet, at);
}

bool call_limit_has_caps(const struct call_limit *limit)
{
	for (size_t i = 0; i < CALL_CAP_COUNT; i++)
		if (limit->caps[i])
			return true;
	return false;
}

const char *call_cap_field(enum call_cap cap)
{
	return caps[cap].field;
}

/* ---- destinations ---- */

static size_t longest_match(const struct list_of_texts *list, const char *number)
{
	size_t longest = 0;

	for (size_t i = 0; i < list->count; i++) {
		size_t len = strlen(list->texts[i]);

		if (len > longest && !strncmp(list->texts[i], number, len))
			longest = len;
	}
	return longest;
}

static bool is_allowed_country(const struct call_limit *limit, const char *country)
{
	if (limit->any_country)
		return true;
	for (size_t i = 0; *country && i < limit->countries.count; i++)
		if (str_equal(limit->countries.texts[i], country))
			return true;
	return false;
}

static int check_number(const struct call_limit *limit, const char *number,
			char reason[CALL_LIMIT_REASON_SIZE])
{
	size_t allowed = longest_match(&limit->allowed_prefixes, number);
	size_t blocked = longest_match(&limit->blocked_prefixes, number);
	struct phone_place place = phone_place_of(number);

	if (blocked && blocked >= allowed) {
		snprintf(reason, CALL_LIMIT_REASON_SIZE,
			 "Numbers that begin with %.*s are blocked.", (int)blocked, number);
		return -EPERM;
	}
	if (allowed)
		return 0;
	if ((place.kind == PHONE_PREMIUM && !limit->premium) ||
	    (place.kind == PHONE_SATELLITE && !limit->satellite)) {
		snprintf(reason, CALL_LIMIT_REASON_SIZE, "Numbers of %s ranges are not called.",
			 phone_kind_name(place.kind));
		return -EPERM;
	}
	if (place.kind != PHONE_ORDINARY && !*place.country)
		return 0; /* of no country, and allowed */
	if (is_allowed_country(limit, place.country))
		return 0;
	snprintf(reason, CALL_LIMIT_REASON_SIZE,
		 "Calls to %s are not allowed; see CALL_COUNTRIES and PUT /api/v1/limits.",
		 *place.country ? place.country : "numbers of no known country");
	return -EPERM;
}

/* The user part, when it is a number: "+" or "00" and at least 8 digits. */
static bool number_of_uri(char number[20], const char *uri)
{
	const char *user = strchr(uri, ':') + 1;
	size_t skip = *user == '+' ? 1 : str_has_prefix(user, "00") ? 2 : 0;
	size_t digits = skip ? strspn(user + skip, "0123456789") : 0;

	if (digits < 8 || digits > 15)
		return false;
	snprintf(number, 20, "+%.*s", (int)digits, user + skip);
	return phone_is_e164(number);
}

int call_limit_destination(const struct call_limit *limit, const char *address,
			   char reason[CALL_LIMIT_REASON_SIZE])
{
	char number[20];

	if (phone_is_e164(address))
		return check_number(limit, address, reason);
	if (!limit->sip) {
		snprintf(reason, CALL_LIMIT_REASON_SIZE, "SIP addresses are not called.");
		return -EPERM;
	}
	return strchr(address, ':') && number_of_uri(number, address)
		       ? check_number(limit, number, reason)
		       : 0;
}
