/* What the files of the resource /agents share: how an agent looks, and how one is changed. */
#pragma once

#include "core/json_writer.h"
#include "platform/platform_priv.h"
#include "platform/store/agent.h"

struct agent_fault;
struct db_request;

/* An agent of the database: a row of store_agent_select(); brief: what a list shows of it. */
void agent_write_stored(struct json_writer *writer, const struct db_result *result, size_t row,
			bool brief);
void agent_write_built_in(struct json_writer *writer, const struct agent *agent, bool brief);

enum { AGENT_BY_SIZE = 64 };

struct agent_edit;
typedef void agent_rows_h(struct agent_edit *edit, struct db_result *const *results);

/* A change under way, on behalf of a request. */
struct agent_edit {
	struct task task;
	struct db_request *db;
	json_t *body;
	char name[AGENT_NAME_SIZE];
	char by[AGENT_BY_SIZE]; /* "user:ID", "api_key:ID", "local" */
	int64_t revision;       /* the client's; 0: any */
	int64_t version;        /* of a roll-back */
	const char *note;       /* of the body; may be NULL */
	const char *action;     /* for audit_log; static */
	int status;             /* of the answer */
	agent_rows_h *rowsh;
	size_t view; /* the statement whose row is answered */
	int told;    /* see webhook_tell() */
};

/*
 * body is taken. Reads "revision" and "note" of it. NULL: the request was answered, 404 for a name
 * that cannot be one.
 */
struct agent_edit *agent_edit_new(struct platform *platform, struct http_request *req, json_t *body,
				  const char *name);
void agent_edit_end(struct agent_edit *edit);

struct store_agent_change agent_edit_change(const struct agent_edit *edit);

/*
 * Run batch, then answer with the agent as it now is. A change that expected another state is
 * answered 404 or 409.
 */
void agent_edit_run(struct agent_edit *edit, struct batch *batch);

/* Read what batch selects, its first statement the agent; rowsh runs when there is one. */
void agent_edit_read(struct agent_edit *edit, struct batch *batch, agent_rows_h *rowsh);

/* Answer 400: the fault's field below "config". */
void agent_fail_fault(struct http_request *req, const struct agent_fault *fault);

/* The routes of agent_version.c. */
void api_agent_version_routes(struct platform *platform);
