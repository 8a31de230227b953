/* JSON bodies checked against a table of fields, with errors shaped {"field":["what is wrong"]}. */
#pragma once

#include "core/json.h"

#include <stdbool.h>
#include <stddef.h>

enum schema_type {
	SCHEMA_STR,    /* min..max: length in bytes; max 0 means 100,000 */
	SCHEMA_NUMBER, /* min..max unless both are 0 */
	SCHEMA_INT,    /* likewise */
	SCHEMA_BOOL,
	SCHEMA_DURATION, /* "1.5s"; min..max in seconds unless both are 0 */
	SCHEMA_ENUM,     /* values: "A|B|C" */
	SCHEMA_URL,      /* values: "http|https", the schemes allowed */
	SCHEMA_UUID,
	SCHEMA_OBJECT,   /* fields, or anything when NULL */
	SCHEMA_LIST,     /* of objects with fields, or of anything; max: entries */
	SCHEMA_STR_LIST, /* min..max: length of each */
	SCHEMA_STR_MAP,  /* object of strings */
};

struct schema_field {
	const char *name;
	enum schema_type type;
	double min, max;
	const char *values;
	const struct schema_field *fields; /* ends with a NULL name */
	bool required;
};

/*
 * Add what is wrong with json to errors (an object); members the table lacks are ignored, null
 * counts as absent. True when nothing was.
 */
bool schema_check(const struct schema_field *fields, const json_t *json, json_t *errors);

/* Add one message under a field. */
void schema_error(json_t *errors, const char *field, const char *message);
