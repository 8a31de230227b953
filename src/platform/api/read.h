/* The handlers of api_read_routes(), a file per resource. arg is struct api. */
#pragma once

#include "platform/api/api.h"

#include <stdint.h>

struct http_request;

void call_list(struct http_request *req, void *arg);
void call_csv(struct http_request *req, void *arg);
/* All calls, or as many as the request wants, of which there may be `most`. */
void call_csv_reply(struct api *api, struct http_request *req, int64_t most);
void call_active(struct http_request *req, void *arg);
void call_get(struct http_request *req, void *arg);
void call_transcript(struct http_request *req, void *arg);
void call_summary(struct http_request *req, void *arg);
void call_events(struct http_request *req, void *arg);
void call_payloads(struct http_request *req, void *arg);
void call_analytics(struct http_request *req, void *arg);
void analytics(struct http_request *req, void *arg);
void audit_list(struct http_request *req, void *arg);
