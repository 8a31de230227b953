/*
 * Who changed what: table audit_log, which is only ever added to. A change and its entry are one
 * transaction. Entries name things by their ids; they hold no secrets, and of people no more than
 * was changed.
 */
#pragma once

struct batch;
struct principal;

/*
 * Add an entry to the batch of the change. action ("call.end", "api_key.revoke") and object_kind
 * ("call", "api_key") are static; object_id and detail (JSON object, or NULL for none) are copied;
 * by lives until the batch is run.
 */
void audit_add(struct batch *batch, const struct principal *by, const char *action,
	       const char *object_kind, const char *object_id, const char *detail);

/* The same on behalf of a tenant that is not the principal's own (one that it makes or manages). */
void audit_add_for(struct batch *batch, const char *tenant_id, const struct principal *by,
		   const char *action, const char *object_kind, const char *object_id,
		   const char *detail);
