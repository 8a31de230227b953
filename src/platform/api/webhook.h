/* Between the files of the API of outgoing webhooks. arg of every handler is struct api. */
#pragma once

#include "platform/api/api.h"

struct batch;
struct db_result;
struct http_request;

/*
 * Run a batch that changes something for req, which is kept until doneh has returned. A batch whose
 * expectation failed (err -EAGAIN) found no such endpoint or delivery: 404, as other errors
 * answered without doneh.
 */
typedef void webhook_changed_h(struct api *api, struct http_request *req,
			       struct db_result *const *results);
void webhook_change(struct api *api, struct http_request *req, struct batch *batch,
		    webhook_changed_h *doneh);

/* The id in the path; answers 404 and returns false when it cannot be one of ours. */
bool webhook_id(struct http_request *req, const char *name, const char **ret_id);

void webhook_delivery_list(struct http_request *req, void *arg);
void webhook_delivery_get(struct http_request *req, void *arg);
void webhook_delivery_replay(struct http_request *req, void *arg);
void webhook_delivery_replay_range(struct http_request *req, void *arg);
