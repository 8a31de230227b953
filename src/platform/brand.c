#include "platform/brand.h"

#include "core/mem.h"
#include "core/str.h"

#include <ctype.h>
#include <string.h>

static bool is_name(const char *text)
{
	return *text && strlen(text) <= BRAND_MAX_NAME;
}

static bool is_colour(const char *text)
{
	if (*text != '#' || strlen(text) != 7)
		return false;
	for (const char *c = text + 1; *c; c++)
		if (!isxdigit((unsigned char)*c))
			return false;
	return true;
}

/* A picture only: a browser runs no script of an SVG in <img>. */
static bool is_logo(const char *text)
{
	static const char *const kinds[] = {"png", "jpeg", "webp", "svg+xml"};
	size_t len = strlen(text);

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		auto_free char *prefix = mem_printf("data:image/%s;base64,", kinds[i]);
		const char *data = text + strlen(prefix);

		if (str_has_prefix(text, prefix))
			return len <= BRAND_MAX_LOGO && *data &&
			       !data[strspn(data, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
						  "qrstuvwxyz0123456789+/=")];
	}
	return false;
}

static const struct {
	const char *name;
	bool (*is_valid)(const char *text);
	const char *reason;
} members[] = {
	{"name", is_name, "settings.brand.name must have 1 to 60 bytes."},
	{"colour", is_colour, "settings.brand.colour must be like #1a2b3c."},
	{"logo", is_logo,
	 "settings.brand.logo must be a data: URL of a PNG, JPEG, WebP or SVG picture in base64, "
	 "of "
	 "at most 48 KiB."},
};

static bool member_is_valid(const char *name, const json_t *value, const char **ret_reason)
{
	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		if (!str_equal(members[i].name, name))
			continue;
		*ret_reason = members[i].reason;
		return json_is_string(value) && members[i].is_valid(json_string_value(value));
	}
	*ret_reason = "settings.brand has name, colour and logo, and nothing else.";
	return false;
}

bool brand_is_valid(const json_t *brand, const char **ret_reason)
{
	const char *name;
	json_t *value;

	if (!brand)
		return true;
	if (!json_is_object(brand)) {
		*ret_reason = "settings.brand must be an object.";
		return false;
	}
	json_object_foreach((json_t *)brand, name, value)
	{
		if (!member_is_valid(name, value, ret_reason))
			return false;
	}
	return true;
}

void brand_write(struct json_writer *writer, const char *key, const char *settings)
{
	auto_json json_t *parsed = NULL;
	const json_t *brand = NULL;

	if (settings && !json_parse(&parsed, settings, strlen(settings), NULL))
		brand = json_object_get(parsed, "brand");
	if (brand)
		json_write_json(writer, key, brand);
	else
		json_write_raw(writer, key, "", "{}");
}
