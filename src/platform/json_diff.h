/* What has to change in one JSON value for it to become another. */
#pragma once

#include "core/json.h"

/*
 * [{"op":"add"|"remove"|"replace","path":"/variables/day/default","from":...,"to":...}] in order of
 * the paths, which are JSON pointers (RFC 6901). "from" is missing of what is added, "to" of what
 * is removed. A new reference.
 */
json_t *json_diff(const json_t *from, const json_t *to);
