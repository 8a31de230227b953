/*
 * Settings, from the environment and a .env file (the environment wins). One table,
 * setting_table.h, makes the struct, the checks and the explanations.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

typedef const char *setting_STR;
typedef const char *setting_URL;
typedef const char *setting_ENUM;
typedef int64_t setting_INT;
typedef int64_t setting_DECIMAL; /* in millionths */
typedef bool setting_BOOL;

/* Strings are never NULL and live as long as the struct. */
struct settings {
#define SETTING(field_, name_, type_, default_, min_, max_, unit_, secret_, sentence_) \
	setting_##type_ field_;
#include "core/setting_table.h"
#undef SETTING
	bool single_user;       /* nobody signs in, see AUTH */
	bool embedded_carrier;  /* no Twilio account was set */
	bool embedded_engine;   /* no Ultravox key was set */
	bool embedded_analyser; /* neither OpenAI key nor URL was set */
};

/*
 * Read the environment and env_path (NULL: "./.env", which may be missing), check every value, and
 * fill what follows from others: URLs of the embedded twins, and their credentials, which are
 * made once and kept in DATA_DIR/secrets.env (mode 0600) so that every process has the same.
 *
 * ret_settings: owned by the caller, mem_unref(). Returns 0, or a negative errno with error (room
 * for 256) holding one line that names the setting and the reason.
 */
int settings_load(struct settings **ret_settings, const char *env_path, char error[256]);

struct setting_info {
	const char *name;
	const char *type;
	const char *default_value;
	int64_t min, max;
	const char *unit;
	bool secret;
	const char *sentence;
};
size_t setting_count(void);
const struct setting_info *setting_info(size_t index);
/* The value in force as text; a secret that is set shows as "********". */
void setting_value(const struct settings *settings, size_t index, struct buf *out);
