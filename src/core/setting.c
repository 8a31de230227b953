#include "core/setting.h"

#include "core/buf.h"
#include "core/decimal.h"
#include "core/digest.h"
#include "core/mem.h"
#include "core/sentry_dsn.h"
#include "core/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ERROR_SIZE = 256, MAX_FILE = 64 * 1024, MAX_PAIRS = 256, MAX_URL = 1024 };

static const struct setting_info infos[] = {
#define SETTING(field_, name_, type_, default_, min_, max_, unit_, secret_, sentence_) \
	{name_, #type_, default_, min_, max_, unit_, secret_, sentence_},
#include "core/setting_table.h"
#undef SETTING
};

enum { SETTING_COUNT = ARRAY_LEN(infos) };

static const size_t offsets[SETTING_COUNT] = {
#define SETTING(field_, ...) offsetof(struct settings, field_),
#include "core/setting_table.h"
#undef SETTING
};

enum {
#define SETTING(field_, ...) INDEX_##field_,
#include "core/setting_table.h"
#undef SETTING
};

/* What is public comes first; texts are owned here, the public strings point at them. */
struct loaded {
	struct settings settings;
	char *texts[SETTING_COUNT];
};

/* NAME=VALUE pairs of a file. */
struct pairs {
	size_t count;
	char *names[MAX_PAIRS];
	char *values[MAX_PAIRS];
};

static void pairs_free(struct pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		mem_free(pairs->names[i]);
		mem_free(pairs->values[i]);
	}
	pairs->count = 0;
}

static const char *pairs_get(const struct pairs *pairs, const char *name)
{
	for (size_t i = pairs->count; i > 0; i--)
		if (str_equal(pairs->names[i - 1], name))
			return pairs->values[i - 1];
	return NULL;
}

size_t setting_count(void)
{
	return SETTING_COUNT;
}

const struct setting_info *setting_info(size_t index)
{
	return &infos[index];
}

static int fail(char error[ERROR_SIZE], size_t index, const char *reason)
{
	snprintf(error, ERROR_SIZE, "%s: %s", infos[index].name, reason);
	return -EINVAL;
}

static bool in_choices(const char *choices, const char *text)
{
	size_t len = strlen(text);

	for (const char *p = choices; p; p = strchr(p, '|')) {
		p += *p == '|';
		if (!strncmp(p, text, len) && (p[len] == '|' || !p[len]))
			return true;
	}
	return false;
}

static bool is_url(const char *text)
{
	static const char *const schemes[] = {"http://", "https://", "ws://", "wss://"};

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (str_has_prefix(text, schemes[i]) && text[strlen(schemes[i])])
			return !strpbrk(text, " \t\"<>") && strlen(text) <= MAX_URL;
	return false;
}

static int check(size_t index, const char *text, char error[ERROR_SIZE])
{
	const struct setting_info *info = &infos[index];
	char reason[160];
	int64_t number;
	bool flag;

	if (!strcmp(info->type, "INT") && str_parse_int(&number, text, info->min, info->max)) {
		snprintf(reason, sizeof(reason),
			 "must be a whole number from %lld to %lld%s%s, not \"%.40s\"",
			 (long long)info->min, (long long)info->max, *info->unit ? " " : "",
			 info->unit, text);
		return fail(error, index, reason);
	}
	if (!strcmp(info->type, "DECIMAL") && *text &&
	    (decimal_parse(&number, text) || number < info->min * DECIMAL_ONE ||
	     number > info->max * DECIMAL_ONE)) {
		snprintf(reason, sizeof(reason),
			 "must be a number from %lld to %lld, not \"%.40s\"", (long long)info->min,
			 (long long)info->max, text);
		return fail(error, index, reason);
	}
	if (!strcmp(info->type, "BOOL") && str_parse_bool(&flag, text)) {
		snprintf(reason, sizeof(reason), "must be true or false, not \"%.40s\"", text);
		return fail(error, index, reason);
	}
	if (!strcmp(info->type, "ENUM") && !in_choices(info->unit, text)) {
		snprintf(reason, sizeof(reason), "must be one of %s, not \"%.40s\"", info->unit,
			 text);
		return fail(error, index, reason);
	}
	if (!strcmp(info->type, "URL") && *text && !is_url(text))
		return fail(error, index, "must be an http://, https://, ws:// or wss:// URL");
	if (!strcmp(info->type, "STR") &&
	    (strlen(text) < (size_t)info->min || strlen(text) > (size_t)info->max)) {
		snprintf(reason, sizeof(reason), "must be %lld to %lld characters long",
			 (long long)info->min, (long long)info->max);
		return fail(error, index, reason);
	}
	return 0;
}

static void store(struct loaded *loaded, size_t index, const char *text)
{
	char *field = (char *)&loaded->settings + offsets[index];

	mem_replace_str(&loaded->texts[index], text);
	if (!strcmp(infos[index].type, "INT"))
		str_parse_int((int64_t *)field, text, infos[index].min, infos[index].max);
	else if (!strcmp(infos[index].type, "DECIMAL"))
		decimal_parse((int64_t *)field, text);
	else if (!strcmp(infos[index].type, "BOOL"))
		str_parse_bool((bool *)field, text);
	else
		*(const char **)field = loaded->texts[index];
}

static void store_printf(struct loaded *loaded, size_t index, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void store_printf(struct loaded *loaded, size_t index, const char *fmt, ...)
{
	va_list ap;
	auto_free char *text = NULL;

	va_start(ap, fmt);
	text = mem_vprintf(fmt, ap);
	va_end(ap);
	store(loaded, index, text);
}

static void loaded_destroy(void *data)
{
	struct loaded *loaded = data;

	for (size_t i = 0; i < SETTING_COUNT; i++)
		mem_free(loaded->texts[i]);
}

/* The content of a small file, NULL when it is not there; -errno through ret_err otherwise. */
static char *read_file(const char *path, int *ret_err)
{
	auto_free char *text = mem_alloc(MAX_FILE + 1);
	FILE *file = fopen(path, "re");
	size_t len;

	*ret_err = 0;
	if (!file) {
		*ret_err = errno == ENOENT ? 0 : -errno;
		return NULL;
	}
	len = fread(text, 1, MAX_FILE, file);
	if (ferror(file) || !feof(file))
		*ret_err = ferror(file) ? -EIO : -EFBIG;
	(void)fclose(file);
	text[len] = '\0';
	return *ret_err ? NULL : mem_strdup(text);
}

/* The value behind '=': quotes off, or a comment behind white space cut. */
static char *unquote(char *value)
{
	char *end;

	value = str_trim(value);
	if (*value == '"' || *value == '\'') {
		end = strchr(value + 1, *value);
		if (!end)
			return value;
		*end = '\0';
		return value + 1;
	}
	end = strstr(value, " #");
	if (end)
		*end = '\0';
	return str_trim(value);
}

static int parse_line(struct pairs *pairs, char *line, const char *path, int number,
		      char error[ERROR_SIZE])
{
	char *equals;

	line = str_trim(line);
	if (!*line || *line == '#')
		return 0;
	if (str_has_prefix(line, "export "))
		line = str_trim(line + 7);
	equals = strchr(line, '=');
	if (!equals || equals == line) {
		snprintf(error, ERROR_SIZE, "%s:%d: expected NAME=VALUE", path, number);
		return -EINVAL;
	}
	if (pairs->count == MAX_PAIRS) {
		snprintf(error, ERROR_SIZE, "%s:%d: more than %d settings", path, number,
			 MAX_PAIRS);
		return -E2BIG;
	}
	*equals = '\0';
	pairs->names[pairs->count] = mem_strdup(str_trim(line));
	pairs->values[pairs->count++] = mem_strdup(unquote(equals + 1));
	return 0;
}

static int pairs_load(struct pairs *pairs, const char *path, bool required, char error[ERROR_SIZE])
{
	int err, number = 0;
	auto_free char *text = read_file(path, &err);
	char *rest = text, *line;

	if (err || (!text && required)) {
		snprintf(error, ERROR_SIZE, "%s: %s", path, strerror(err ? -err : ENOENT));
		return err ? err : -ENOENT;
	}
	while (rest && (line = strsep(&rest, "\n"))) {
		err = parse_line(pairs, line, path, ++number, error);
		if (err)
			return err;
	}
	return 0;
}

/* The environment, then the file, then the default. */
static const char *text_of(const struct pairs *file, size_t index)
{
	const char *const texts[] = {getenv(infos[index].name), pairs_get(file, infos[index].name),
				     infos[index].default_value};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (texts[i] && *texts[i])
			return texts[i];
	return "";
}

static int take_all(struct loaded *loaded, const struct pairs *file, char error[ERROR_SIZE])
{
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const char *text = text_of(file, i);
		int err = check(i, text, error);

		if (err)
			return err;
		store(loaded, i, text);
	}
	return 0;
}

/* What the embedded twins and the platform know each other by, made once. */
static int secrets_create(const char *path, char error[ERROR_SIZE])
{
	char sid[33], token[33], key_prefix[9], key[33], webhook[65], shared[65], auth[65];
	char temporary[1100];
	FILE *file;
	int fd;

	random_hex(sid, 32);
	random_hex(token, 32);
	random_hex(key_prefix, 8);
	random_hex(key, 32);
	random_hex(webhook, 64);
	random_hex(shared, 64);
	random_hex(auth, 64);
	snprintf(temporary, sizeof(temporary), "%s.%d", path, (int)getpid());
	fd = open(temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!file) {
		snprintf(error, ERROR_SIZE, "DATA_DIR: cannot write %s: %s", path, strerror(errno));
		return -errno;
	}
	fprintf(file,
		"# Made by voiceai at its first start. What its servers know each other by.\n"
		"TWILIO_ACCOUNT_SID=AC%s\nTWILIO_AUTH_TOKEN=%s\nULTRAVOX_API_KEY=%s.%s\n"
		"ULTRAVOX_WEBHOOK_SECRET=%s\nULTRAVOX_SHARED_SECRET=%s\nAUTH_SECRET=%s\n",
		sid, token, key_prefix, key, webhook, shared, auth);
	if (fflush(file) || fsync(fd)) {
		snprintf(error, ERROR_SIZE, "DATA_DIR: cannot write %s: %s", path, strerror(errno));
		(void)fclose(file);
		return -EIO;
	}
	(void)fclose(file);
	/* Processes started together race here: the first one's file stays. */
	if (link(temporary, path) && errno != EEXIST) {
		snprintf(error, ERROR_SIZE, "DATA_DIR: cannot write %s: %s", path, strerror(errno));
		(void)unlink(temporary);
		return -EIO;
	}
	(void)unlink(temporary);
	return 0;
}

/* Files made before there were tokens lack their key: the first process to come adds it. */
static int secrets_complete(const char *path, char error[ERROR_SIZE])
{
	struct pairs pairs = {0};
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC), err = 0;
	char auth[65];

	if (fd < 0 || flock(fd, LOCK_EX)) {
		snprintf(error, ERROR_SIZE, "DATA_DIR: cannot open %s: %s", path, strerror(errno));
		err = -errno;
	}
	if (!err)
		err = pairs_load(&pairs, path, true, error);
	if (!err && str_is_empty(pairs_get(&pairs, infos[INDEX_auth_secret].name))) {
		random_hex(auth, 64);
		if (dprintf(fd, "AUTH_SECRET=%s\n", auth) < 0 || fsync(fd)) {
			snprintf(error, ERROR_SIZE, "DATA_DIR: cannot write %s: %s", path,
				 strerror(errno));
			err = -EIO;
		}
	}
	pairs_free(&pairs);
	if (fd >= 0)
		(void)close(fd);
	return err;
}

static int make_dir(const char *path, char error[ERROR_SIZE])
{
	if (mkdir(path, 0700) && errno != EEXIST) {
		snprintf(error, ERROR_SIZE, "DATA_DIR: cannot make %s: %s", path, strerror(errno));
		return -errno;
	}
	return 0;
}

static int take_secrets(struct loaded *loaded, char error[ERROR_SIZE])
{
	static const size_t kept[] = {INDEX_twilio_account_sid,     INDEX_twilio_auth_token,
				      INDEX_ultravox_api_key,       INDEX_ultravox_webhook_secret,
				      INDEX_ultravox_shared_secret, INDEX_auth_secret};
	auto_free char *path = mem_printf("%s/secrets.env", loaded->settings.data_dir);
	struct pairs pairs = {0};
	int err;

	err = make_dir(loaded->settings.data_dir, error);
	if (!err && access(path, F_OK))
		err = secrets_create(path, error);
	if (!err)
		err = pairs_load(&pairs, path, true, error);
	if (!err && str_is_empty(pairs_get(&pairs, infos[INDEX_auth_secret].name))) {
		pairs_free(&pairs);
		err = secrets_complete(path, error);
		if (!err)
			err = pairs_load(&pairs, path, true, error);
	}
	for (size_t i = 0; !err && i < ARRAY_LEN(kept); i++) {
		const char *value = pairs_get(&pairs, infos[kept[i]].name);

		if (*loaded->texts[kept[i]])
			continue;
		if (str_is_empty(value)) {
			snprintf(error, ERROR_SIZE, "%s: no %s in it", path, infos[kept[i]].name);
			err = -EINVAL;
		} else {
			store(loaded, kept[i], value);
		}
	}
	pairs_free(&pairs);
	return err;
}

/* What a vendor is known to take; what is ours costs nothing unless somebody says so. */
static void derive_rates(struct loaded *loaded)
{
	struct settings *s = &loaded->settings;

	if (!*loaded->texts[INDEX_cost_telephony])
		store(loaded, INDEX_cost_telephony, s->embedded_carrier ? "0" : "0.014");
	if (!*loaded->texts[INDEX_cost_voice_ai])
		store(loaded, INDEX_cost_voice_ai, s->embedded_engine ? "0" : "0.01");
	if (!*loaded->texts[INDEX_cost_analysis])
		store(loaded, INDEX_cost_analysis, *s->openai_api_key ? "0.00015" : "0");
}

/*
 * What is shipped with voiceai lies in ./config of a checkout, and in PREFIX/share/voiceai/config
 * where it is installed as PREFIX/bin/voiceai: the default of a setting is whichever is there.
 */
static void find_shipped(struct loaded *loaded)
{
	static const size_t shipped[] = {INDEX_agents_dir, INDEX_flows_dir, INDEX_stt_map_path,
					 INDEX_callee_script};
	static const char installed[] = "/bin/voiceai";
	char program[1024];
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
	ssize_t prefix = len - (ssize_t)strlen(installed);

	program[len > 0 ? len : 0] = '\0';
	if (prefix < 0 || !str_equal(program + prefix, installed))
		return;
	program[prefix] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(shipped); i++) {
		const char *text = loaded->texts[shipped[i]];
		auto_free char *path = NULL;

		if (!str_equal(text, infos[shipped[i]].default_value) || !access(text, F_OK))
			continue;
		path = mem_printf("%s/share/voiceai/%s", program, text + strlen("./"));
		if (!access(path, F_OK))
			store(loaded, shipped[i], path);
	}
}

/* Settings that follow from others when not set. */
static void derive(struct loaded *loaded)
{
	struct settings *s = &loaded->settings;

	if (!*s->api_base_url)
		store_printf(loaded, INDEX_api_base_url, "%s://127.0.0.1:%d",
			     *s->tls_cert_path ? "https" : "http", (int)s->port);
	if (!*s->database_url)
		store_printf(loaded, INDEX_database_url, "sqlite:%s/voiceai.db", s->data_dir);
	if (!*s->engine_public_url)
		store_printf(loaded, INDEX_engine_public_url, "http://127.0.0.1:%d",
			     (int)s->engine_port);
	if (!*s->twilio_api_url && s->embedded_carrier)
		store_printf(loaded, INDEX_twilio_api_url, "http://127.0.0.1:%d",
			     (int)s->carrier_port);
	else if (!*s->twilio_api_url)
		store(loaded, INDEX_twilio_api_url, "https://api.twilio.com");
	if (!*s->ultravox_api_url && s->embedded_engine)
		store_printf(loaded, INDEX_ultravox_api_url, "http://127.0.0.1:%d/api",
			     (int)s->engine_port);
	else if (!*s->ultravox_api_url)
		store(loaded, INDEX_ultravox_api_url, "https://api.ultravox.ai/api");
	if (!*s->openai_api_url && *s->openai_api_key)
		store(loaded, INDEX_openai_api_url, "https://api.openai.com/v1");
	if (!*s->sip_trunk_uri)
		store_printf(loaded, INDEX_sip_trunk_uri, "sip:127.0.0.1:%d",
			     (int)s->callee_sip_port);
	if (!*s->carrier_voice_url)
		store_printf(loaded, INDEX_carrier_voice_url, "%s/api/v1/webhooks/twilio/voice",
			     s->api_base_url);
	if (!*s->carrier_status_url)
		store_printf(loaded, INDEX_carrier_status_url,
			     "%s/api/v1/webhooks/twilio/status/inbound", s->api_base_url);
}

/* A trailing slash would double in every URL made from a base. */
static void trim_slashes(struct loaded *loaded)
{
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		size_t len = strlen(loaded->texts[i]);

		while (!strcmp(infos[i].type, "URL") && len && loaded->texts[i][len - 1] == '/')
			loaded->texts[i][--len] = '\0';
	}
}

static bool is_loopback(const char *address)
{
	return str_has_prefix(address, "127.") || str_equal(address, "::1");
}

static int check_together(const struct loaded *loaded, char error[ERROR_SIZE])
{
	const struct settings *s = &loaded->settings;
	struct sentry_dsn dsn;
	const char *reason;

	if (*s->sentry_dsn && sentry_dsn_parse(&dsn, s->sentry_dsn, &reason))
		return fail(error, INDEX_sentry_dsn, reason);
	if (strpbrk(s->sentry_environment, " /\n\r\t") || str_equal(s->sentry_environment, "None"))
		return fail(error, INDEX_sentry_environment,
			    "must have no spaces and no /, and not be None");
	if (s->rtp_port_max < s->rtp_port_min + 2)
		return fail(error, INDEX_rtp_port_max, "must be at least RTP_PORT_MIN + 2");
	if (str_equal(s->auth, "off") && !is_loopback(s->bind_address))
		return fail(error, INDEX_auth,
			    "must not be off while BIND_ADDRESS is not loopback: anybody could "
			    "place calls");
	if (*s->twilio_account_sid && !*s->twilio_auth_token)
		return fail(error, INDEX_twilio_auth_token,
			    "is missing although TWILIO_ACCOUNT_SID is set");
	if (!*s->twilio_account_sid && *s->twilio_auth_token)
		return fail(error, INDEX_twilio_account_sid,
			    "is missing although TWILIO_AUTH_TOKEN is set");
	if (*s->tls_cert_path && !*s->tls_key_path)
		return fail(error, INDEX_tls_key_path, "is missing although TLS_CERT_PATH is set");
	if (!*s->tls_cert_path && *s->tls_key_path)
		return fail(error, INDEX_tls_cert_path, "is missing although TLS_KEY_PATH is set");
	if (*s->auth_secret && strlen(s->auth_secret) < 32)
		return fail(error, INDEX_auth_secret, "must be at least 32 characters long");
	if (*s->ultravox_shared_secret && strlen(s->ultravox_shared_secret) < 16)
		return fail(error, INDEX_ultravox_shared_secret,
			    "must be at least 16 characters long");
	return 0;
}

int settings_load(struct settings **ret_settings, const char *env_path, char error[ERROR_SIZE])
{
	auto_unref struct loaded *loaded = mem_new(sizeof(*loaded), loaded_destroy);
	struct pairs file = {0};
	int err;

	err = pairs_load(&file, env_path ? env_path : "./.env", env_path != NULL, error);
	if (!err)
		err = take_all(loaded, &file, error);
	pairs_free(&file);
	if (!err)
		err = check_together(loaded, error);
	if (err)
		return err;

	loaded->settings.single_user = !str_equal(loaded->settings.auth, "on") &&
				       is_loopback(loaded->settings.bind_address);
	loaded->settings.embedded_carrier = !*loaded->settings.twilio_account_sid;
	loaded->settings.embedded_engine = !*loaded->settings.ultravox_api_key;
	loaded->settings.embedded_analyser =
		!*loaded->settings.openai_api_key && !*loaded->settings.openai_api_url;
	trim_slashes(loaded);
	err = take_secrets(loaded, error);
	if (err)
		return err;
	find_shipped(loaded);
	derive(loaded);
	derive_rates(loaded);
	*ret_settings = (struct settings *)mem_ref(loaded);
	return 0;
}

void setting_value(const struct settings *settings, size_t index, struct buf *out)
{
	const struct loaded *loaded = (const struct loaded *)settings;

	if (infos[index].secret && *loaded->texts[index])
		buf_append_str(out, "********");
	else
		buf_append_str(out, loaded->texts[index]);
}
