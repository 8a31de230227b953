/* The body of "create call": checked, and read into what a conversation needs. */
#pragma once

#include "core/json.h"
#include "engine/conversation.h"
#include "engine/schema.h"

#include <stdbool.h>

/*
 * Everything that can be said about a body without knowing voices and models. errors gets
 * {"field":["..."]}. True when nothing is wrong.
 */
bool call_request_check(const json_t *body, json_t *errors);

/*
 * The Call object of a checked body: what was asked for, with the API's defaults, and null where
 * nothing is known yet. Owned by the caller.
 */
json_t *call_request_to_call(const json_t *body);

/*
 * Of a checked body. Strings point into it; inactivity messages are copies, to be released with
 * call_request_conf_free().
 */
void call_request_conf(struct conversation_conf *ret_conf, const json_t *body);
void call_request_conf_free(struct conversation_conf *conf);

/* A member that is a duration, in milliseconds. */
uint32_t call_request_ms(const json_t *obj, const char *key, uint32_t otherwise);
