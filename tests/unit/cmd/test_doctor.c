/*
 * Protects what `voiceai doctor` says of the database, its replica and Redis, there and away: a
 * level, what it is, and what to do about it. With TEST_POSTGRES_URL and TEST_REDIS_URL it is shown
 * the real ones.
 */
#include "unit/check.h"

#include "cmd/doctor.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "loop/loop.h"
#include "platform/store/schema.h"
#include "platform/store/store.h"
#include "unit/postgres.h"

#include <stdlib.h>
#include <string.h>

/* Nobody listens on the port of "discard" of a machine of today. */
#define NOBODY "127.0.0.1:9"

struct fixture {
	struct settings settings;
	struct doctor doctor;
	char postgres[POSTGRES_URL_SIZE]; /* "" when there is none */
};

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));

	*f = (struct fixture){.settings = {.database_url = "sqlite:/nowhere/voiceai.db",
					   .database_read_url = "",
					   .redis_url = "",
					   .redis_prefix = "voiceai:",
					   .recording_store = "folder",
					   .migrate_at_start = true}};
	f->doctor.settings = &f->settings;
	f->doctor.loop = loop_new();
	f->doctor.findings = json_array();
	if (postgres_server())
		postgres_make(f->postgres);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	json_decref(f->doctor.findings);
	mem_unref(f->doctor.loop);
	if (*f->postgres)
		postgres_drop(f->postgres);
	mem_free(f);
	return 0;
}

static const json_t *find(const struct fixture *f, const char *check)
{
	for (size_t i = 0; i < json_array_size(f->doctor.findings); i++) {
		const json_t *finding = json_array_get(f->doctor.findings, i);

		if (str_equal(json_get_str(finding, "check", ""), check))
			return finding;
	}
	return NULL;
}

/* message and advice: a part of them; advice NULL: there is none. */
static void check_said(const struct fixture *f, const char *check, const char *level,
		       const char *message, const char *advice)
{
	const json_t *finding = find(f, check);
	const char *said = json_get_str(finding, "message", "");
	const char *todo = json_get_str(finding, "advice", NULL);

	if (!finding)
		fail_msg("nothing is said of %s", check);
	assert_string_equal(level, json_get_str(finding, "level", ""));
	if (!strstr(said, message) || (advice ? !todo || !strstr(todo, advice) : todo != NULL))
		fail_msg("%s: %s -> %s", check, said, todo ? todo : "nothing");
}

static void a_database_that_is_away_is_told_at_once(void **state)
{
	struct fixture *f = *state;

	f->settings.database_url = "postgresql://voiceai:secret-word@" NOBODY "/voiceai";
	doctor_store(&f->doctor);
	check_said(f, "database", "fail", "Connection refused", "is it running");
	assert_null(strstr(json_get_str(find(f, "database"), "message", ""), "secret-word"));
	assert_int_equal(1, f->doctor.failures);
}

static void an_embedded_database_is_not_made_by_looking(void **state)
{
	struct fixture *f = *state;

	doctor_store(&f->doctor);
	check_said(f, "database", "ok", "not there yet", NULL);
}

static void a_database_is_told_with_its_version(void **state)
{
	struct fixture *f = *state;
	struct db_conf conf = {.url = f->postgres};
	struct db *db;
	char error[256] = "", version[64];

	if (!*f->postgres)
		skip();
	f->settings.database_url = f->postgres;
	doctor_store(&f->doctor);
	check_said(f, "database", "warn", "PostgreSQL: its schema is at version 0 of",
		   "voiceai migrate");
	json_array_clear(f->doctor.findings);
	assert_int_equal(0, store_open(&db, f->doctor.loop, &conf, error));
	mem_unref(db);
	doctor_store(&f->doctor);
	snprintf(version, sizeof(version), "PostgreSQL, schema at version %zu, answers in",
		 schema_migration_count);
	assert_non_null(strstr(json_get_str(find(f, "database"), "message", ""), version));
	assert_int_equal(0, f->doctor.failures);
}

static void a_database_that_refuses_is_told_with_its_reason(void **state)
{
	struct fixture *f = *state;
	char url[POSTGRES_URL_SIZE], *name;

	if (!*f->postgres)
		skip();
	str_copy(url, sizeof(url), postgres_server());
	name = strrchr(url, '/');
	snprintf(name, (size_t)(url + sizeof(url) - name), "/nowhere");
	f->settings.database_url = url;
	doctor_store(&f->doctor);
	check_said(f, "database", "fail", "\"nowhere\" does not exist", "DATABASE_URL");
}

static void a_replica_that_is_away_is_done_without(void **state)
{
	struct fixture *f = *state;

	f->settings.database_read_url = "postgresql://voiceai@" NOBODY "/voiceai";
	doctor_store(&f->doctor);
	check_said(f, "replica", "warn", "does not answer", "reads go to the primary");
	assert_int_equal(0, f->doctor.failures);
}

static void redis_that_is_away_leaves_each_pod_alone(void **state)
{
	struct fixture *f = *state;

	f->settings.redis_url = "redis://" NOBODY "/0";
	doctor_store(&f->doctor);
	check_said(f, "redis", "fail", "", "each pod counts alone");
	check_said(f, "recordings", "warn", "REDIS_URL", "RECORDING_STORE=s3");
	json_array_clear(f->doctor.findings);
	f->settings.redis_url = "rediss://" NOBODY;
	f->settings.recording_store = "s3";
	doctor_store(&f->doctor);
	check_said(f, "redis", "fail", "", "correct REDIS_URL");
	assert_null(find(f, "recordings"));
}

static void redis_that_is_there_is_well(void **state)
{
	struct fixture *f = *state;
	const char *url = getenv("TEST_REDIS_URL");

	doctor_store(&f->doctor);
	check_said(f, "redis", "ok", "one pod", NULL);
	if (str_is_empty(url))
		skip();
	json_array_clear(f->doctor.findings);
	f->settings.redis_url = url;
	doctor_store(&f->doctor);
	check_said(f, "redis", "ok", "connected", NULL);
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_database_that_is_away_is_told_at_once),
		TEST(an_embedded_database_is_not_made_by_looking),
		TEST(a_database_is_told_with_its_version),
		TEST(a_database_that_refuses_is_told_with_its_reason),
		TEST(a_replica_that_is_away_is_done_without),
		TEST(redis_that_is_away_leaves_each_pod_alone),
		TEST(redis_that_is_there_is_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
