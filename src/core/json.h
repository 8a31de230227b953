/*
 * JSON: jansson, with the few operations everybody needs. This is the only place that includes
 * jansson.h; json_t and its functions are used directly.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

static inline void json_scope(json_t **json)
{
	json_decref(*json);
}
#define auto_json __attribute__((cleanup(json_scope)))

/*
 * Parse one JSON text from outside: at most len bytes, UTF-8, nested at most 64 deep, no
 * duplicate keys. Any JSON value is accepted. ret_error (may be NULL, room for 160) gets what is
 * wrong and where. Returns 0 or -EBADMSG.
 */
enum { JSON_ERROR_SIZE = 160 };
int json_parse(json_t **ret_json, const char *text, size_t len, char ret_error[JSON_ERROR_SIZE]);

/* Compact text owned by the caller (mem_free). */
char *json_text(const json_t *json);

/* The member, when obj is an object that has one of that type; otherwise the default. */
const char *json_get_str(const json_t *obj, const char *key, const char *otherwise);
int64_t json_get_int(const json_t *obj, const char *key, int64_t otherwise);
double json_get_number(const json_t *obj, const char *key, double otherwise);
bool json_get_bool(const json_t *obj, const char *key, bool otherwise);

/* Set a member to a string, or to null when str is NULL or not UTF-8. */
void json_set_str(json_t *obj, const char *key, const char *str);
void json_set_int(json_t *obj, const char *key, int64_t value);
void json_set_bool(json_t *obj, const char *key, bool value);
void json_set_number(json_t *obj, const char *key, double value);
/* An RFC 3339 time, or null when us is 0. */
void json_set_time(json_t *obj, const char *key, int64_t us);
