/*
 * One reading for many that ask at once, as dashboards do whenever a call ends. Who comes while
 * something is being read waits for the next reading, which begins when that one is over and
 * answers all who wait: nobody is told of less than was committed when they asked.
 */
#pragma once

#include "core/json.h"

struct api;
struct batch;
struct db_result;
struct http_request;

struct shared_read {
	const char *name; /* of what is read; no two have the same */
	void (*fillh)(struct api *api, const char *tenant_id, struct batch *batch);
	/* The answer's body, a new reference. */
	json_t *(*viewh)(struct api *api, struct db_result *const *results);
};

/* Answer req, which is kept until then, with what belongs to its tenant. what is static. */
void shared_read(struct api *api, struct http_request *req, const struct shared_read *what);
