/* Protects: where settings come from, what is refused and how it is said, and generated secrets. */
#include "unit/check.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/setting.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], env_path[96];

/* Nothing of the developer's own environment, but what tells cmocka how to print. */
static void keep_only_report_format(void)
{
	auto_free char *format = mem_strdup(getenv("CMOCKA_MESSAGE_OUTPUT"));

	clearenv();
	if (format)
		setenv("CMOCKA_MESSAGE_OUTPUT", format, 1);
}

static int setup(void **state)
{
	strcpy(folder, "/tmp/voiceai-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(env_path, sizeof(env_path), "%s/.env", folder);
	keep_only_report_format();
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "/bin/rm -rf %s", folder);
	return system(command);
}

static void write_env(const char *text)
{
	FILE *file = fopen(env_path, "w");

	assert_non_null(file);
	fprintf(file, "DATA_DIR=%s/data\n%s", folder, text);
	fclose(file);
}

static struct settings *load(const char *text)
{
	struct settings *settings = NULL;
	char error[256] = "";

	write_env(text);
	if (settings_load(&settings, env_path, error))
		fail_msg("%s", error);
	return settings;
}

static void defaults_point_at_the_embedded_twins(void **state)
{
	auto_unref struct settings *s = load("");

	assert_int_equal(s->port, 8000);
	assert_true(s->embedded_carrier && s->embedded_engine && s->embedded_analyser);
	assert_string_equal(s->twilio_api_url, "http://127.0.0.1:8100");
	assert_string_equal(s->ultravox_api_url, "http://127.0.0.1:8200/api");
	assert_string_equal(s->api_base_url, "http://127.0.0.1:8000");
	assert_string_equal(s->openai_api_url, "");
}

static void a_vendor_key_switches_to_the_vendor(void **state)
{
	auto_unref struct settings *s = load("TWILIO_ACCOUNT_SID=AC1\nTWILIO_AUTH_TOKEN=t\n"
					     "ULTRAVOX_API_KEY=k\nOPENAI_API_KEY=o\n");

	assert_false(s->embedded_carrier || s->embedded_engine || s->embedded_analyser);
	assert_string_equal(s->twilio_api_url, "https://api.twilio.com");
	assert_string_equal(s->ultravox_api_url, "https://api.ultravox.ai/api");
	assert_string_equal(s->openai_api_url, "https://api.openai.com/v1");
}

static void environment_wins_over_the_file(void **state)
{
	auto_unref struct settings *s = NULL;

	setenv("PORT", "9001", 1);
	s = load(
		"PORT=9000\nCARRIER_PORT = \"9100\"  \n# comment\nexport ENGINE_PORT=9200 # why\n");
	assert_int_equal(s->port, 9001);
	assert_int_equal(s->carrier_port, 9100);
	assert_int_equal(s->engine_port, 9200);
}

static void a_bad_value_is_named_with_its_reason(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"PORT=0\n", "PORT: must be a whole number from 1 to 65535"},
		{"PORT=80 80\n", "PORT: must be a whole number"},
		{"RECORD_CALLS=maybe\n", "RECORD_CALLS: must be true or false"},
		{"LOG_LEVEL=LOUD\n", "LOG_LEVEL: must be one of DEBUG|INFO|WARNING|ERROR"},
		{"LOG_LEVEL=INF\n", "LOG_LEVEL: must be one of"},
		{"API_BASE_URL=example.com\n", "API_BASE_URL: must be an http://"},
		{"TWILIO_ACCOUNT_SID=AC1\n", "TWILIO_AUTH_TOKEN: is missing"},
		{"RTP_PORT_MIN=30000\nRTP_PORT_MAX=30000\n", "RTP_PORT_MAX: must be at least"},
		{"ULTRAVOX_SHARED_SECRET=short\n", "ULTRAVOX_SHARED_SECRET: must be at least 16"},
		{"AUTH=off\nBIND_ADDRESS=0.0.0.0\n", "AUTH: must not be off while BIND_ADDRESS"},
		{"AUTH=maybe\n", "AUTH: must be one of auto|off|on"},
		{"SENTRY_DSN=https://sentry.io/1\n", "SENTRY_DSN: has no key"},
		{"SENTRY_SAMPLE_RATE=2\n", "SENTRY_SAMPLE_RATE: must be a number from 0 to 1"},
		{"SENTRY_ENVIRONMENT=a b\n", "SENTRY_ENVIRONMENT: must have no spaces"},
		{"just words\n", ":2: expected NAME=VALUE"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct settings *settings = NULL;
		char error[256] = "";

		write_env(rows[i].text);
		assert_int_not_equal(settings_load(&settings, env_path, error), 0);
		assert_null(settings);
		if (!strstr(error, rows[i].says))
			fail_msg("\"%s\" does not say \"%s\"", error, rows[i].says);
	}
}

static void nobody_signs_in_on_loopback_unless_asked_to(void **state)
{
	static const struct {
		const char *text;
		bool single_user;
	} rows[] = {
		{"", true},
		{"BIND_ADDRESS=127.0.0.3\n", true},
		{"BIND_ADDRESS=::1\n", true},
		{"AUTH=off\n", true},
		{"AUTH=on\n", false},
		{"BIND_ADDRESS=0.0.0.0\n", false},
		{"BIND_ADDRESS=::\n", false},
		{"BIND_ADDRESS=192.0.2.1\n", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_unref struct settings *s = load(rows[i].text);

		if (s->single_user != rows[i].single_user)
			fail_msg("%s", rows[i].text);
	}
}

static void secrets_are_made_once_and_private(void **state)
{
	auto_unref struct settings *first = load(""), *second = load("");
	char path[128];
	struct stat st;

	assert_string_equal(first->twilio_auth_token, second->twilio_auth_token);
	assert_string_equal(first->ultravox_shared_secret, second->ultravox_shared_secret);
	assert_int_equal(strlen(first->twilio_account_sid), 34);
	assert_int_equal(strlen(first->ultravox_api_key), 41);
	snprintf(path, sizeof(path), "%s/data/secrets.env", folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void secrets_are_never_shown(void **state)
{
	auto_unref struct settings *s = load("OPENAI_API_KEY=sk-very-secret\n");
	auto_buf struct buf all = {0};

	for (size_t i = 0; i < setting_count(); i++)
		setting_value(s, i, &all);
	assert_null(strstr(buf_str(&all), "sk-very-secret"));
	assert_null(strstr(buf_str(&all), s->twilio_auth_token));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(defaults_point_at_the_embedded_twins, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_vendor_key_switches_to_the_vendor, setup,
						teardown),
		cmocka_unit_test_setup_teardown(environment_wins_over_the_file, setup, teardown),
		cmocka_unit_test_setup_teardown(a_bad_value_is_named_with_its_reason, setup,
						teardown),
		cmocka_unit_test_setup_teardown(nobody_signs_in_on_loopback_unless_asked_to, setup,
						teardown),
		cmocka_unit_test_setup_teardown(secrets_are_made_once_and_private, setup, teardown),
		cmocka_unit_test_setup_teardown(secrets_are_never_shown, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
