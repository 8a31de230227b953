#include "platform/agent_variable.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/str.h"
#include "core/timestamp.h"
#include "platform/template.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MAX_DESCRIPTION = 500, VALUE_SIZE = AGENT_MAX_VALUE + 1 };

static const char *const facts[] = {"agent", "direction", "caller_number", "called_number",
				    "now",   "date",      "time",          "weekday"};

static const char *const weekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
				       "Thursday", "Friday", "Saturday"};

static bool is_fact(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(facts); i++)
		if (str_equal(facts[i], name))
			return true;
	return false;
}

static int complain(struct agent_fault *fault, int err, const char *name, const char *member,
		    const char *reason)
{
	snprintf(fault->field, sizeof(fault->field), "variables%s%.64s%s%s", *name ? "." : "", name,
		 *member ? "." : "", member);
	str_copy(fault->reason, sizeof(fault->reason), reason);
	return err;
}

/* ---- what an agent declares ---- */

static int check_declared(const char *name, const json_t *variable, struct agent_fault *fault)
{
	const json_t *text;
	const char *key;
	json_t *value;

	if (!template_name_is_valid(name))
		return complain(fault, -EINVAL, name, "",
				"a name is a lower-case letter, then letters, digits and '_'");
	if (is_fact(name))
		return complain(fault, -EINVAL, name, "", "is the name of a built-in variable");
	if (!json_is_object(variable))
		return complain(fault, -EINVAL, name, "", "must be an object");
	json_object_foreach((json_t *)variable, key, value)
	{
		if (!str_equal(key, "description") && !str_equal(key, "default"))
			return complain(fault, -EINVAL, name, "",
					"may have description and default, nothing else");
	}
	text = json_object_get(variable, "description");
	if (text && (!json_is_string(text) || json_string_length(text) > MAX_DESCRIPTION))
		return complain(fault, -EINVAL, name, "description",
				"must be a string of at most 500 bytes");
	text = json_object_get(variable, "default");
	if (text && (!json_is_string(text) || json_string_length(text) > AGENT_MAX_VALUE))
		return complain(fault, -EINVAL, name, "default",
				"must be a string of at most 1024 bytes");
	return 0;
}

int agent_variables_check(const json_t *variables, struct agent_fault *fault)
{
	const char *name;
	json_t *variable;

	if (!json_is_object(variables) || json_object_size(variables) > AGENT_MAX_VARIABLES)
		return complain(fault, -EINVAL, "", "",
				"must be an object of at most 64 variables");
	json_object_foreach((json_t *)variables, name, variable)
	{
		if (check_declared(name, variable, fault))
			return -EINVAL;
	}
	return 0;
}

static const char *known(const char *name, void *arg)
{
	const struct agent *agent = arg;

	return is_fact(name) || json_object_get(agent->variables, name) ? "" : NULL;
}

static int text_complain(struct agent_fault *fault, const char *field, int err, const char *name)
{
	str_copy(fault->field, sizeof(fault->field), field);
	if (err == -EINVAL)
		snprintf(fault->reason, sizeof(fault->reason),
			 "\"{{\" must be followed by a variable's name and \"}}\", not by \"%s\"",
			 name);
	else if (err == -ENOENT)
		snprintf(fault->reason, sizeof(fault->reason),
			 "uses {{%s}}, which is not among the agent's variables", name);
	else
		str_copy(fault->reason, sizeof(fault->reason),
			 "is too long once its variables are filled in");
	return -EINVAL;
}

int agent_texts_check(const struct agent *agent, struct agent_fault *fault)
{
	const struct {
		const char *field, *text;
	} texts[] = {{"system_prompt", agent->system_prompt},
		     {"first_message", agent->first_message}};
	char name[TEMPLATE_NAME_SIZE];

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		int err = template_fill(NULL, texts[i].text, SIZE_MAX, known, (void *)agent, name);

		if (err)
			return text_complain(fault, texts[i].field, err, name);
	}
	return 0;
}

/* ---- what a call brings ---- */

static int check_given(const struct agent *agent, const char *name, const json_t *value,
		       bool others_too, struct agent_fault *fault)
{
	if (is_fact(name) || !template_name_is_valid(name) ||
	    (!others_too && !json_object_get(agent->variables, name)))
		return complain(fault, -EINVAL, name, "", "is not a variable of this agent");
	if (!json_is_string(value) && !json_is_number(value) && !json_is_boolean(value))
		return complain(fault, -EINVAL, name, "", "must be a string, number or boolean");
	if (json_string_length(value) > AGENT_MAX_VALUE)
		return complain(fault, -EINVAL, name, "", "must have at most 1024 bytes");
	return 0;
}

int agent_given_check(const struct agent *agent, const json_t *given, bool others_too,
		      struct agent_fault *fault)
{
	const char *name;
	json_t *value;

	if (given && (!json_is_object(given) || json_object_size(given) > AGENT_MAX_VARIABLES))
		return complain(fault, -EINVAL, "", "", "must be an object of at most 64 values");
	json_object_foreach((json_t *)given, name, value)
	{
		if (check_given(agent, name, value, others_too, fault))
			return -EINVAL;
	}
	json_object_foreach((json_t *)agent->variables, name, value)
	{
		if (!json_object_get(value, "default") && !json_object_get(given, name))
			return complain(fault, -ENODATA, name, "",
					"is required: the agent has no default for it");
	}
	return 0;
}

/* ---- filling in ---- */

struct filling {
	const struct agent_fill *fill;
	char value[VALUE_SIZE];
};

static const char *clean(struct filling *filling, const char *text)
{
	str_copy(filling->value, sizeof(filling->value), text ? text : "");
	for (char *c = filling->value; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	return filling->value;
}

static const char *time_value(struct filling *filling, const char *name)
{
	time_t now = (time_t)(filling->fill->facts->now / 1000000);
	struct tm tm;

	gmtime_r(&now, &tm);
	if (str_equal(name, "weekday"))
		return weekdays[tm.tm_wday];
	if (str_equal(name, "date"))
		strftime(filling->value, sizeof(filling->value), "%Y-%m-%d", &tm);
	else if (str_equal(name, "time"))
		strftime(filling->value, sizeof(filling->value), "%H:%M", &tm);
	else
		strftime(filling->value, sizeof(filling->value), "%Y-%m-%d %H:%M UTC", &tm);
	return filling->value;
}

static const char *fact_value(struct filling *filling, const char *name)
{
	const struct agent_facts *about = filling->fill->facts;

	if (str_equal(name, "agent"))
		return filling->fill->agent->name;
	if (str_equal(name, "direction"))
		return about->direction;
	if (str_equal(name, "caller_number"))
		return clean(filling, about->caller_number);
	if (str_equal(name, "called_number"))
		return clean(filling, about->called_number);
	return time_value(filling, name);
}

static const char *json_value(struct filling *filling, const json_t *value)
{
	if (json_is_string(value))
		return clean(filling, json_string_value(value));
	if (json_is_integer(value))
		snprintf(filling->value, sizeof(filling->value), "%" PRId64,
			 (int64_t)json_integer_value(value));
	else if (json_is_real(value))
		snprintf(filling->value, sizeof(filling->value), "%.10g", json_real_value(value));
	else
		str_copy(filling->value, sizeof(filling->value),
			 json_is_true(value) ? "true" : "false");
	return filling->value;
}

static const char *value_of(const char *name, void *arg)
{
	struct filling *filling = arg;
	const struct agent_fill *fill = filling->fill;
	const json_t *declared = json_object_get(fill->agent->variables, name);
	const json_t *value = json_object_get(fill->given, name);

	if (is_fact(name))
		return fact_value(filling, name);
	if (!value)
		value = json_object_get(declared, "default");
	if (value)
		return json_value(filling, value);
	return fill->lenient && declared ? "" : NULL;
}

int agent_fill(char **ret_text, const struct agent_fill *fill, const char *field, const char *text,
	       size_t most, struct agent_fault *fault)
{
	struct filling filling = {.fill = fill};
	auto_buf struct buf out = {0};
	char name[TEMPLATE_NAME_SIZE];
	int err = template_fill(&out, text, most, value_of, &filling, name);

	if (err == -ENOENT) {
		return complain(fault, -ENODATA, name, "",
				"is required: a text of the agent uses it");
	}
	if (err)
		return text_complain(fault, field, err, name);
	*ret_text = mem_strdup(buf_str(&out));
	return 0;
}
