/*
 * Agents: who speaks on a call, and how. A configuration is a JSON object:
 *
 *	{"description": "...",
 *	 "model": "ultravox-v0.7",	 the engine's model; required, unless there is a flow
 *	 "flow": "appointment",		 the embedded engine's dialogue, the same as
 *"flow/appointment" "voice": "Mark", "language": "en-US",		 BCP 47, up to 16 characters
 *	 "system_prompt": "...",	 with {{name}} for variables, see agent_variable.h
 *	 "first_message": "...",	 the same; empty: the model finds words itself
 *	 "temperature": 0.4,		 0..1
 *	 "max_duration_seconds": 600,	 10..14400
 *	 "recording": true,		 null or absent: as RECORD_CALLS says
 *	 "tools": [{"toolName": "hangUp"}],  what the model may use, as the engine takes it
 *	 "retry": {...},		 for calls that bring no policy of their own
 *(retry_policy.h) "variables": {"customer": {"description": "...", "default": "there"}}}
 *
 * The built-in agents of every tenant are files AGENTS_DIR/NAME.json, which also have "name" (the
 * file's) and may have "numbers": inbound calls to these are theirs. They are read once, at the
 * start; a bad one stops it with a line naming file, field and reason. A tenant's own agents are
 * in the database, see agent_book.h.
 */
#pragma once

#include "core/json.h"

#include <stddef.h>
#include <stdint.h>

enum {
	AGENT_NAME_SIZE = 65,
	AGENT_MAX_PROMPT = 32 * 1024,
	AGENT_MAX_MESSAGE = 4 * 1024,
	AGENT_MAX_TOOLS = 32,
	AGENT_MAX_VARIABLES = 64,
	AGENT_MAX_VALUE = 1024, /* bytes of a variable's value */
};

enum agent_recording { AGENT_RECORD_DEFAULT, AGENT_RECORD_ON, AGENT_RECORD_OFF };

/*
 * Reference-counted (mem_ref, mem_unref), never changed. Strings are "" where the configuration
 * says nothing, JSON is NULL.
 */
struct agent {
	char name[AGENT_NAME_SIZE];
	int64_t version; /* from 1; 0: a built-in agent, or not published */
	json_t *config;  /* as given; what follows borrows from it */
	const char *description;
	const char *model; /* "flow/NAME" for a flow */
	const char *voice;
	const char *language;
	const char *system_prompt;
	const char *first_message;
	double temperature;     /* NAN when not given */
	int64_t max_duration_s; /* 0 when not given */
	enum agent_recording recording;
	const json_t *tools;     /* array */
	const json_t *retry;     /* object */
	const json_t *variables; /* object of objects */
	char *flow_model;        /* what model points at, for a flow */
};

/* What is wrong with a configuration, and where: "variables.customer.default". */
struct agent_fault {
	char field[160];
	char reason[240];
};

/* Letters, digits, '-' and '_', 1 to 64 of them. */
bool agent_name_is_valid(const char *name);

/* BCP 47 in its common shape. */
bool agent_language_is_valid(const char *tag);

/*
 * The shape of a configuration: fields, types and sizes. A draft needs no more than this. config is
 * referenced and must not be changed. Returns 0, or -EINVAL with fault.
 */
int agent_parse(struct agent **ret_agent, const char *name, int64_t version, json_t *config,
		struct agent_fault *fault);

/*
 * Can calls be made with it? A model or flow is named, the flow exists (flows_dir; NULL: dialogues
 * are not ours, nobody can say), and texts use only variables there are. Returns 0, or -EINVAL with
 * fault.
 */
int agent_check(const struct agent *agent, const char *flows_dir, struct agent_fault *fault);

/* Are its calls recorded, where calls in general are or are not? */
bool agent_records(const struct agent *agent, bool record_calls);

/* ---- the built-in ones ---- */

struct agent_set;

enum { AGENT_ERROR_SIZE = 480 };

/*
 * Read every *.json of dir. ret_set: owned by the caller, mem_unref(). Returns 0, or a negative
 * errno with one line in error; a folder without agents is -ENOENT.
 */
int agent_set_load(struct agent_set **ret_set, const char *dir, char error[AGENT_ERROR_SIZE]);

/* NULL when there is none. Valid as long as the set. */
struct agent *agent_find(const struct agent_set *set, const char *name);
struct agent *agent_of_number(const struct agent_set *set, const char *number);

/* In order of their names. */
size_t agent_count(const struct agent_set *set);
struct agent *agent_at(const struct agent_set *set, size_t index);

/* "name, name, ..." for error messages. Valid as long as the set. */
const char *agent_names(const struct agent_set *set);
