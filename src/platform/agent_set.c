/* The built-in agents, one file each. */
#include "core/buf.h"
#include "core/mem.h"
#include "core/phone.h"
#include "core/str.h"
#include "platform/agent.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_AGENTS = 256, MAX_FILE = 256 * 1024 };

struct entry {
	struct agent *agent;
	json_t *numbers; /* may be NULL */
};

struct agent_set {
	struct entry entries[MAX_AGENTS];
	size_t count;
	struct buf names;
};

static void set_destroy(void *data)
{
	struct agent_set *set = data;

	for (size_t i = 0; i < set->count; i++) {
		mem_unref(set->entries[i].agent);
		json_decref(set->entries[i].numbers);
	}
	buf_free(&set->names);
}

/* ---- one file ---- */

static int complain(char *error, const char *path, const char *field, const char *reason)
{
	snprintf(error, AGENT_ERROR_SIZE, "%s: %s%s%s", path, field, *field ? ": " : "", reason);
	return -EINVAL;
}

static int check_numbers(const json_t *numbers, const char *path, char *error)
{
	if (numbers && !json_is_array(numbers))
		return complain(error, path, "numbers", "must be an array of E.164 numbers");
	for (size_t i = 0; i < json_array_size(numbers); i++) {
		const char *number = json_string_value(json_array_get(numbers, i));

		if (!number || !phone_is_e164(number))
			return complain(
				error, path, "numbers",
				"must be an array of E.164 numbers, such as \"+15550100000\"");
	}
	return 0;
}

static int check_name(const json_t *name, const char *path, char *error)
{
	const char *base = strrchr(path, '/');
	const char *text = json_string_value(name);
	size_t len;

	if (name && !text)
		return complain(error, path, "name", "must be a string");
	base = base ? base + 1 : path;
	if (!text || !agent_name_is_valid(text))
		return complain(error, path, "name", "is required: letters, digits, '-' and '_'");
	len = strlen(text);
	if (strncmp(base, text, len) != 0 || !str_equal(base + len, ".json"))
		return complain(error, path, "name", "must be the file's name without .json");
	return 0;
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
	if (json_parse(ret_json, text, len, reason))
		return complain(error, path, "", reason);
	return 0;
}

static int add_file(struct agent_set *set, const char *path, char *error)
{
	struct entry *entry = &set->entries[set->count];
	struct agent_fault fault;
	auto_json json_t *json = NULL;
	auto_json json_t *name = NULL;
	int err;

	if (set->count == MAX_AGENTS)
		return complain(error, path, "", "is one agent too many (256 are allowed)");
	err = read_file(&json, path, error);
	if (err)
		return err;
	if (!json_is_object(json))
		return complain(error, path, "", "must be a JSON object");
	name = json_incref(json_object_get(json, "name"));
	set->count++;
	entry->numbers = json_incref(json_object_get(json, "numbers"));
	json_object_del(json, "name");
	json_object_del(json, "numbers");
	if (check_name(name, path, error) || check_numbers(entry->numbers, path, error))
		return -EINVAL;
	/* Whether a flow exists is the engine's business: it may be on another machine. */
	if (agent_parse(&entry->agent, json_string_value(name), 0, json, &fault) ||
	    agent_check(entry->agent, NULL, &fault))
		return complain(error, path, fault.field, fault.reason);
	buf_printf(&set->names, "%s%s", set->names.len ? ", " : "", entry->agent->name);
	return 0;
}

/* ---- the folder ---- */

static int is_json(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && str_has_suffix(entry->d_name, ".json");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->agent->name,
		      ((const struct entry *)b)->agent->name);
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
	if (err) {
		mem_unref(set);
		return err;
	}
	qsort(set->entries, set->count, sizeof(*set->entries), by_name);
	*ret_set = set;
	return 0;
}

size_t agent_count(const struct agent_set *set)
{
	return set->count;
}

struct agent *agent_at(const struct agent_set *set, size_t index)
{
	return set->entries[index].agent;
}

struct agent *agent_find(const struct agent_set *set, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (str_equal(set->entries[i].agent->name, name))
			return set->entries[i].agent;
	return NULL;
}

struct agent *agent_of_number(const struct agent_set *set, const char *number)
{
	for (size_t i = 0; i < set->count; i++) {
		const json_t *numbers = set->entries[i].numbers;

		for (size_t k = 0; k < json_array_size(numbers); k++)
			if (str_equal(json_string_value(json_array_get(numbers, k)), number))
				return set->entries[i].agent;
	}
	return NULL;
}

const char *agent_names(const struct agent_set *set)
{
	return buf_str(&set->names);
}
