/* The handlers of api_read_routes(), a file per resource. arg is struct api. */
#pragma once

#include "platform/api/api.h"

struct http_request;

void call_list(struct http_request *req, void *arg);
void call_active(struct http_request *req, void *arg);
void call_get(struct http_request *req, void *arg);
void call_transcript(struct http_request *req, void *arg);
void call_summary(struct http_request *req, void *arg);
void call_events(struct http_request *req, void *arg);
void call_recording(struct http_request *req, void *arg);
void call_analytics(struct http_request *req, void *arg);
