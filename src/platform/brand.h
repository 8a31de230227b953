/*
 * How a tenant wants the dashboard to look: {"name", "colour", "logo"}, each may be left out. The
 * member "brand" of its settings.
 */
#pragma once

#include "core/json_writer.h"

#include <stdbool.h>

enum {
	BRAND_MAX_NAME = 60,
	BRAND_MAX_LOGO = 48 * 1024, /* bytes of the data: URL */
};

/*
 * Is it one? name: 1 to BRAND_MAX_NAME bytes; colour: "#rrggbb"; logo: a data: URL of a picture in
 * base64. brand may be NULL: there is none. False sets *ret_reason, which says what it must be.
 */
bool brand_is_valid(const json_t *brand, const char **ret_reason);

/* The brand in a tenant's settings (JSON text, may be NULL) as a member; {} where there is none. */
void brand_write(struct json_writer *writer, const char *key, const char *settings);
