/* Routes of tenants, users, keys and signing in, a file each; and how their changes are written. */
#pragma once

#include "platform/api/error.h"
#include "platform/platform_priv.h"
#include "platform/store/batch.h"

void api_sign_in_routes(struct platform *platform);
void api_invitation_routes(struct platform *platform);
void api_user_routes(struct platform *platform);
void api_tenant_routes(struct platform *platform);
void api_key_routes(struct platform *platform);

/*
 * A change asked for by a request that has passed the guard: the batch is run and, when it is
 * committed, what was known about credentials is forgotten, and doneh answers. Errors of the
 * database are answered without doneh: `missing` when an expectation of the batch was not met.
 */
struct access_change {
	struct task task;
	struct db_request *query;
	json_t *answer; /* or NULL */
	int status;     /* of the answer; 0: 200, or 204 without one */
	enum api_error missing;
};

/* As first member of a zeroed object of size bytes. */
void *access_change_new(struct platform *platform, size_t size, struct http_request *req,
			enum api_error missing);
/* Ends the change. */
void access_change_run(struct access_change *change, struct batch *batch);
void access_change_end(struct access_change *change);
