/*
 * Agents: who speaks on a call, and how. Each is a file AGENTS_DIR/NAME.json:
 *
 *	{"name": "appointment",		 the file's name; letters, digits, '-', '_'; 1..64; required
 *	 "description": "...",
 *	 "model": "flow/appointment",	 the engine's model; required
 *	 "voice": "Mark",
 *	 "language": "en-US",		 BCP 47, up to 16 characters
 *	 "system_prompt": "...",
 *	 "first_message": "...",	 empty: the model finds words itself
 *	 "temperature": 0.4,		 0..1
 *	 "max_duration_seconds": 600,	 10..14400
 *	 "numbers": ["+15550100000"]}	 inbound calls to these numbers are this agent's
 *
 * Files are read once, at the start; a bad one stops it with a line naming file, field and reason.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct agent_set;

enum { AGENT_NAME_SIZE = 65, AGENT_MAX_PROMPT = 32 * 1024, AGENT_MAX_MESSAGE = 4 * 1024 };

/* Strings are "" where the file says nothing. */
struct agent {
	const char *name;
	const char *description;
	const char *model;
	const char *voice;
	const char *language;
	const char *system_prompt;
	const char *first_message;
	double temperature;     /* NAN when not given */
	int64_t max_duration_s; /* 0 when not given */
};

enum { AGENT_ERROR_SIZE = 320 };

/*
 * Read every *.json of dir. ret_set: owned by the caller, mem_unref(). Returns 0, or a negative
 * errno with one line in error; a folder without agents is -ENOENT.
 */
int agent_set_load(struct agent_set **ret_set, const char *dir, char error[AGENT_ERROR_SIZE]);

/* NULL when there is none. Valid as long as the set. */
const struct agent *agent_find(const struct agent_set *set, const char *name);
const struct agent *agent_of_number(const struct agent_set *set, const char *number);

/* "name, name, ..." for error messages. Valid as long as the set. */
const char *agent_names(const struct agent_set *set);
