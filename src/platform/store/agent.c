#include "platform/store/agent.h"

#define AGENT                                                                           \
	"SELECT a.name, a.draft, a.published_version, a.last_version, a.revision, "     \
	"a.created_at, a.updated_at, a.updated_by, v.config, v.note, v.restored_from, " \
	"v.published_at, v.published_by FROM agent a LEFT JOIN agent_version v "        \
	"ON v.tenant_id = a.tenant_id AND v.agent = a.name AND v.version = a.published_version "

void store_agent_select(struct batch *batch, const char *tenant_id, const char *name)
{
	BATCH_ADD(batch, AGENT "WHERE a.tenant_id = $1 AND a.name = $2 AND a.deleted_at = 0",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(name));
}

void store_agent_list(struct batch *batch, const char *tenant_id, const char *after, int64_t limit)
{
	BATCH_ADD(batch,
		  AGENT "WHERE a.tenant_id = $1 AND a.name /*pg COLLATE \"C\" */ > $2 "
			"AND a.deleted_at = 0 ORDER BY a.name /*pg COLLATE \"C\" */ LIMIT $3",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(after), db_int(limit));
}

void store_agent_published(struct batch *batch, const char *tenant_id, const char *name)
{
	BATCH_ADD(batch,
		  "SELECT v.version, v.config FROM agent a JOIN agent_version v "
		  "ON v.tenant_id = a.tenant_id AND v.agent = a.name "
		  "AND v.version = a.published_version "
		  "WHERE a.tenant_id = $1 AND a.name = $2 AND a.deleted_at = 0",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(name));
}

void store_agent_insert(struct batch *batch, const struct store_agent_change *change,
			const char *draft)
{
	BATCH_ADD(batch,
		  "INSERT INTO agent (tenant_id, name, draft, published_version, last_version, "
		  "revision, created_at, updated_at, updated_by, deleted_at) "
		  "VALUES ($1, $2, $3, 0, 0, 1, $4, $5, $6, 0) "
		  "ON CONFLICT (tenant_id, name) DO UPDATE SET draft = excluded.draft, "
		  "published_version = 0, revision = agent.revision + 1, "
		  "created_at = excluded.created_at, updated_at = excluded.updated_at, "
		  "updated_by = excluded.updated_by, deleted_at = 0 WHERE agent.deleted_at > 0",
		  1, db_text(change->tenant_id), db_text(change->name), db_text(draft),
		  db_int(change->at), db_int(change->at), db_text(change->by));
}

void store_agent_draft(struct batch *batch, const struct store_agent_change *change,
		       const char *draft, int64_t revision)
{
	BATCH_ADD(batch,
		  "UPDATE agent SET draft = $1, revision = revision + 1, updated_at = $2, "
		  "updated_by = $3 WHERE tenant_id = $4 AND name = $5 AND deleted_at = 0 "
		  "AND (CAST($6 AS BIGINT) = 0 OR revision = CAST($7 AS BIGINT))",
		  1, db_text(draft), db_int(change->at), db_text(change->by),
		  db_text(change->tenant_id), db_text(change->name), db_int(revision),
		  db_int(revision));
}

void store_agent_publish(struct batch *batch, const struct store_agent_change *change,
			 const struct store_agent_version *version)
{
	BATCH_ADD(batch,
		  "UPDATE agent SET published_version = $1, last_version = $2, "
		  "draft = CASE WHEN CAST($3 AS BIGINT) = 0 THEN NULL ELSE draft END, "
		  "revision = revision + 1, updated_at = $4, updated_by = $5 "
		  "WHERE tenant_id = $6 AND name = $7 AND deleted_at = 0 AND revision = $8",
		  1, db_int(version->version), db_int(version->version),
		  db_int(version->restored_from), db_int(change->at), db_text(change->by),
		  db_text(change->tenant_id), db_text(change->name), db_int(version->revision));
	BATCH_ADD(batch,
		  "INSERT INTO agent_version (tenant_id, agent, version, config, note, "
		  "restored_from, published_at, published_by) "
		  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		  1, db_text(change->tenant_id), db_text(change->name), db_int(version->version),
		  db_text(version->config), db_text(version->note), db_int(version->restored_from),
		  db_int(change->at), db_text(change->by));
}

void store_agent_delete(struct batch *batch, const struct store_agent_change *change,
			int64_t revision)
{
	BATCH_ADD(batch,
		  "UPDATE agent SET deleted_at = $1, draft = NULL, published_version = 0, "
		  "revision = revision + 1, updated_at = $2, updated_by = $3 "
		  "WHERE tenant_id = $4 AND name = $5 AND deleted_at = 0 AND revision = $6 "
		  "AND NOT EXISTS (SELECT 1 FROM phone_number n "
		  "WHERE n.tenant_id = agent.tenant_id AND n.agent = agent.name)",
		  1, db_int(change->at), db_int(change->at), db_text(change->by),
		  db_text(change->tenant_id), db_text(change->name), db_int(revision));
}

void store_agent_version_list(struct batch *batch, const char *tenant_id, const char *name,
			      int64_t before, int64_t limit)
{
	BATCH_ADD(batch,
		  "SELECT version, NULL, note, restored_from, published_at, published_by "
		  "FROM agent_version WHERE tenant_id = $1 AND agent = $2 AND version < $3 "
		  "ORDER BY version DESC LIMIT $4",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(name),
		  db_int(before ? before : INT64_MAX), db_int(limit));
}

void store_agent_version_select(struct batch *batch, const char *tenant_id, const char *name,
				int64_t version)
{
	BATCH_ADD(batch,
		  "SELECT version, config, note, restored_from, published_at, published_by "
		  "FROM agent_version WHERE tenant_id = $1 AND agent = $2 AND version = $3",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(name), db_int(version));
}
