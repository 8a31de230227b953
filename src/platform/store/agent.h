/* Tables agent (a draft, and which version is published) and agent_version (append-only). */
#pragma once

#include "platform/store/batch.h"

/* Columns of a row of store_agent_select() and store_agent_list(), in this order. */
enum store_agent_column {
	STORE_AGENT_NAME,
	STORE_AGENT_DRAFT,
	STORE_AGENT_PUBLISHED_VERSION,
	STORE_AGENT_LAST_VERSION,
	STORE_AGENT_REVISION,
	STORE_AGENT_CREATED_AT,
	STORE_AGENT_UPDATED_AT,
	STORE_AGENT_UPDATED_BY,
	/* of the published version, NULL when there is none */
	STORE_AGENT_CONFIG,
	STORE_AGENT_NOTE,
	STORE_AGENT_RESTORED_FROM,
	STORE_AGENT_PUBLISHED_AT,
	STORE_AGENT_PUBLISHED_BY,
};

/* Columns of a version. */
enum store_agent_version_column {
	STORE_VERSION_NUMBER,
	STORE_VERSION_CONFIG,
	STORE_VERSION_NOTE,
	STORE_VERSION_RESTORED_FROM,
	STORE_VERSION_AT,
	STORE_VERSION_BY,
};

/* Who changes what, and when. */
struct store_agent_change {
	const char *tenant_id;
	const char *name;
	const char *by;
	int64_t at;
};

/* The agent, unless it is deleted; no row when there is none. */
void store_agent_select(struct batch *batch, const char *tenant_id, const char *name);

/* Agents behind `after` ("" for all), in order of their names. */
void store_agent_list(struct batch *batch, const char *tenant_id, const char *after, int64_t limit);

/* version, config of what calls are made with; no row when nothing is published. */
void store_agent_published(struct batch *batch, const char *tenant_id, const char *name);

/* A new agent, or a deleted one again, with a draft; expects one row: -EAGAIN when it is there. */
void store_agent_insert(struct batch *batch, const struct store_agent_change *change,
			const char *draft);

/*
 * Replace or drop (NULL) the draft; changes no row when the agent is not there, or has another
 * revision; revision 0: any. expects one.
 */
void store_agent_draft(struct batch *batch, const struct store_agent_change *change,
		       const char *draft, int64_t revision);

struct store_agent_version {
	int64_t revision; /* of the agent; must be as it was read */
	int64_t version;  /* its last_version + 1 */
	int64_t restored_from;
	const char *config;
	const char *note; /* may be NULL */
};

/* Add a version and publish it; a roll-back keeps the draft. Expects to change one row each. */
void store_agent_publish(struct batch *batch, const struct store_agent_change *change,
			 const struct store_agent_version *version);

/* Expects one row: the agent has that revision, and no phone number. */
void store_agent_delete(struct batch *batch, const struct store_agent_change *change,
			int64_t revision);

/* Versions before `before` (0: all), newest first; without their configurations. */
void store_agent_version_list(struct batch *batch, const char *tenant_id, const char *name,
			      int64_t before, int64_t limit);
void store_agent_version_select(struct batch *batch, const char *tenant_id, const char *name,
				int64_t version);
