#include "platform/agent.h"

#include "core/buf.h"
#include "core/json.h"
#include "core/mem.h"
#include "core/phone.h"
#include "core/str.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_AGENTS = 256, MAX_FILE = 256 * 1024 };

struct entry {
	struct agent agent;
	json_t *json; /* holds the strings */
};

struct agent_set {
	struct entry entries[MAX_AGENTS];
	size_t count;
	struct buf names;
};

static void set_destroy(void *data)
{
	struct agent_set *set = data;

	for (size_t i = 0; i < set->count; i++)
		json_decref(set->entries[i].json);
	buf_free(&set->names);
}

/* ---- one file ---- */

struct file {
	const char *path;
	const json_t *json;
	char *error;
};

static int complain(const struct file *file, const char *field, const char *reason)
{
	snprintf(file->error, AGENT_ERROR_SIZE, "%s: %s%s%s", file->path, field, *field ? ": " : "",
		 reason);
	return -EINVAL;
}

static int take_text(const char **ret_text, const struct file *file, const char *field, size_t most)
{
	const json_t *value = json_object_get(file->json, field);
	char reason[80];

	*ret_text = "";
	if (!value)
		return 0;
	if (!json_is_string(value))
		return complain(file, field, "must be a string");
	if (json_string_length(value) > most) {
		snprintf(reason, sizeof(reason), "must have at most %zu bytes", most);
		return complain(file, field, reason);
	}
	*ret_text = json_string_value(value);
	return 0;
}

static int take_number(double *ret_number, const struct file *file, const char *field, double least,
		       double most, bool whole)
{
	const json_t *value = json_object_get(file->json, field);
	char reason[80];
	double number;

	if (!value)
		return 0;
	number = json_number_value(value);
	if (!json_is_number(value) || number < least || number > most ||
	    (whole && !json_is_integer(value))) {
		snprintf(reason, sizeof(reason), "must be a %snumber from %g to %g",
			 whole ? "whole " : "", least, most);
		return complain(file, field, reason);
	}
	*ret_number = number;
	return 0;
}

static int check_fields(const struct file *file)
{
	static const char *const known[] = {"name",          "description", "model",
					    "voice",         "language",    "system_prompt",
					    "first_message", "temperature", "max_duration_seconds",
					    "numbers"};
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)file->json, key, value)
	{
		bool found = false;

		for (size_t i = 0; i < ARRAY_LEN(known); i++)
			found |= str_equal(key, known[i]);
		if (!found)
			return complain(file, key, "there is no such field");
	}
	return 0;
}

static int check_numbers(const struct file *file)
{
	const json_t *numbers = json_object_get(file->json, "numbers");

	if (numbers && !json_is_array(numbers))
		return complain(file, "numbers", "must be an array of E.164 numbers");
	for (size_t i = 0; i < json_array_size(numbers); i++) {
		const char *number = json_string_value(json_array_get(numbers, i));

		if (!number || !phone_is_e164(number))
			return complain(
				file, "numbers",
				"must be an array of E.164 numbers, such as \"+15550100000\"");
	}
	return 0;
}

static int check_name(const struct file *file, const char *name)
{
	const char *base = strrchr(file->path, '/');
	size_t len = strlen(name);

	base = base ? base + 1 : file->path;
	if (!len ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != len)
		return complain(file, "name", "is required: letters, digits, '-' and '_'");
	if (strncmp(base, name, len) != 0 || !str_equal(base + len, ".json"))
		return complain(file, "name", "must be the file's name without .json");
	return 0;
}

static int read_agent(struct agent *agent, const struct file *file)
{
	double seconds = 0;

	agent->temperature = NAN;
	if (check_fields(file) || take_text(&agent->name, file, "name", AGENT_NAME_SIZE - 1) ||
	    check_name(file, agent->name) ||
	    take_text(&agent->description, file, "description", 1024) ||
	    take_text(&agent->model, file, "model", 128) ||
	    take_text(&agent->voice, file, "voice", 64) ||
	    take_text(&agent->language, file, "language", 16) ||
	    take_text(&agent->system_prompt, file, "system_prompt", AGENT_MAX_PROMPT) ||
	    take_text(&agent->first_message, file, "first_message", AGENT_MAX_MESSAGE) ||
	    take_number(&agent->temperature, file, "temperature", 0, 1, false) ||
	    take_number(&seconds, file, "max_duration_seconds", 10, 14400, true) ||
	    check_numbers(file))
		return -EINVAL;
	agent->max_duration_s = (int64_t)seconds;
	return *agent->model ? 0 : complain(file, "model", "is required");
}

static int read_file(json_t **ret_json, const char *path, char *error)
{
	auto_free char *text = mem_alloc(MAX_FILE + 1);
	char reason[JSON_ERROR_SIZE];
	FILE *in = fopen(path, "re");
	size_t len;

	if (!in) {
		snprintf(error, AGENT_ERROR_SIZE, "%s: %s", path, strerror(errno));
		return -errno;
	}
	len = fread(text, 1, MAX_FILE + 1, in);
	fclose(in);
	if (len > MAX_FILE) {
		snprintf(error, AGENT_ERROR_SIZE, "%s: is longer than %d bytes", path, MAX_FILE);
		return -EFBIG;
	}
	if (json_parse(ret_json, text, len, reason)) {
		snprintf(error, AGENT_ERROR_SIZE, "%s: %s", path, reason);
		return -EINVAL;
	}
	return 0;
}

static int add_file(struct agent_set *set, const char *path, char *error)
{
	struct entry *entry = &set->entries[set->count];
	struct file file = {.path = path, .error = error};
	int err;

	if (set->count == MAX_AGENTS)
		return complain(&file, "", "is one agent too many (256 are allowed)");
	err = read_file(&entry->json, path, error);
	if (err)
		return err;
	set->count++;
	file.json = entry->json;
	if (!json_is_object(entry->json))
		return complain(&file, "", "must be a JSON object");
	err = read_agent(&entry->agent, &file);
	if (err)
		return err;
	buf_printf(&set->names, "%s%s", set->names.len ? ", " : "", entry->agent.name);
	return 0;
}

/* ---- the folder ---- */

static int is_json(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && str_has_suffix(entry->d_name, ".json");
}

int agent_set_load(struct agent_set **ret_set, const char *dir, char error[AGENT_ERROR_SIZE])
{
	struct agent_set *set;
	struct dirent **names = NULL;
	int count = scandir(dir, &names, is_json, alphasort);
	int err = 0;

	if (count <= 0) {
		err = count < 0 ? -errno : -ENOENT;
		snprintf(error, AGENT_ERROR_SIZE, "AGENTS_DIR %s: %s", dir,
			 count < 0 ? strerror(-err) : "no agent file (NAME.json) in it");
		free(names);
		return err;
	}
	set = mem_new(sizeof(*set), set_destroy);
	for (int i = 0; i < count; i++) {
		auto_free char *path = mem_printf("%s/%s", dir, names[i]->d_name);

		if (!err)
			err = add_file(set, path, error);
		free(names[i]);
	}
	free(names);
	if (err)
		mem_unref(set);
	else
		*ret_set = set;
	return err;
}

const struct agent *agent_find(const struct agent_set *set, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (str_equal(set->entries[i].agent.name, name))
			return &set->entries[i].agent;
	return NULL;
}

const struct agent *agent_of_number(const struct agent_set *set, const char *number)
{
	for (size_t i = 0; i < set->count; i++) {
		const json_t *numbers = json_object_get(set->entries[i].json, "numbers");

		for (size_t k = 0; k < json_array_size(numbers); k++)
			if (str_equal(json_string_value(json_array_get(numbers, k)), number))
				return &set->entries[i].agent;
	}
	return NULL;
}

const char *agent_names(const struct agent_set *set)
{
	return buf_str(&set->names);
}
