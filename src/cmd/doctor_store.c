/* The part of `voiceai doctor` that looks at the database and at what pods share. */
#include "cmd/doctor.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "loop/loop.h"
#include "platform/store/answer.h"
#include "platform/store/call_storage.h"
#include "platform/store/schema.h"
#include "platform/store/store.h"
#include "state/state.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { STATE_WAIT_US = 3000000, SLOW_MS = 50 };

/* What kind of database it is; the rest of the URL may hold a password. */
static const char *kind_of(const char *url)
{
	return str_has_prefix(url, "sqlite:") ? "SQLite" : "PostgreSQL";
}

static void check_level(struct doctor *doctor, const char *kind, int64_t level, double ms)
{
	int64_t known = (int64_t)schema_migration_count;
	bool slow = ms > SLOW_MS;

	if (level > known)
		doctor_say(doctor, FINDING_FAIL, "database", "install the newer voiceai again",
			   "%s: its schema is at version %lld, this program knows %lld", kind,
			   (long long)level, (long long)known);
	else if (level < known && !doctor->settings->migrate_at_start)
		doctor_say(doctor, FINDING_FAIL, "database", "run `voiceai migrate`",
			   "%s: its schema is at version %lld of %lld", kind, (long long)level,
			   (long long)known);
	else if (level < known)
		doctor_say(doctor, FINDING_WARN, "database",
			   "start a server, or run `voiceai migrate`",
			   "%s: its schema is at version %lld of %lld", kind, (long long)level,
			   (long long)known);
	else
		doctor_say(doctor, slow ? FINDING_WARN : FINDING_OK, "database",
			   slow ? "bring database and voiceai closer together" : NULL,
			   "%s, schema at version %lld, answers in %.1f ms", kind, (long long)level,
			   ms);
}

/* Best of three: the first one connects. Returns 0 or a negative errno. */
static int measure(struct doctor *doctor, struct db *db, double *ret_ms)
{
	double best = 1e9;

	for (int i = 0; i < 3; i++) {
		struct batch batch auto_batch = {0};
		struct answer answer auto_answer = {0};
		int64_t before = clock_mono_us();
		int err;

		batch_add(&batch, "SELECT 1", DB_ANY_ROWS, NULL, 0);
		err = answer_wait(&answer, doctor->loop, db, &batch);
		if (err)
			return err;
		if ((double)(clock_mono_us() - before) / 1000 < best)
			best = (double)(clock_mono_us() - before) / 1000;
	}
	*ret_ms = best;
	return 0;
}

static void check_storage(struct doctor *doctor, struct db *db, int64_t level)
{
	struct batch batch auto_batch = {0};
	struct answer answer auto_answer = {0};

	if (db_is_embedded(db) || level < CALL_STORAGE_MIGRATION)
		return;
	store_call_storage(&batch);
	if (!answer_wait(&answer, doctor->loop, db, &batch))
		doctor_say(doctor, FINDING_OK, "storage", NULL, "events and turns are in %s: %s",
			   db_get_text(answer.results[0], 0, 0),
			   db_get_text(answer.results[0], 0, 1));
}

static void check_database(struct doctor *doctor, const char *url)
{
	auto_unref struct db *db = NULL;
	char error[256] = "";
	int64_t level = 0;
	double ms = 0;
	/* Nobody who asks wants to wait until it comes. */
	int err = db_probe(url, error);

	if (!err)
		err = store_connect(&db, doctor->loop, &(struct db_conf){.url = url}, error);
	if (!err)
		err = db_level(db, &level, error);
	if (!err) {
		err = measure(doctor, db, &ms);
		if (err)
			str_copy(error, sizeof(error), strerror(-err));
	}
	if (err) {
		doctor_say(doctor, FINDING_FAIL, "database",
			   "is it running, and do user and password in DATABASE_URL exist there?",
			   "%s: %s", kind_of(url), *error ? error : strerror(-err));
		return;
	}
	check_level(doctor, kind_of(url), level, ms);
	check_storage(doctor, db, level);
}

static void check_replica(struct doctor *doctor)
{
	const char *url = doctor->settings->database_read_url;
	auto_unref struct db *db = NULL;
	char error[256] = "";
	double ms = 0;

	if (str_is_empty(url))
		return;
	if (db_probe(url, error) ||
	    store_connect(&db, doctor->loop, &(struct db_conf){.url = url}, error) ||
	    measure(doctor, db, &ms))
		doctor_say(doctor, FINDING_WARN, "replica",
			   "start it, or leave DATABASE_READ_URL out; reads go to the primary",
			   "it does not answer%s%s", *error ? ": " : "", error);
	else
		doctor_say(doctor, FINDING_OK, "replica", NULL, "answers in %.1f ms", ms);
}

static void check_state(struct doctor *doctor)
{
	const struct settings *s = doctor->settings;
	struct state_conf conf = {.url = s->redis_url, .prefix = s->redis_prefix};
	auto_unref struct state *state = NULL;
	int64_t until = clock_mono_us() + STATE_WAIT_US;
	char error[STATE_ERROR_SIZE] = "";

	if (str_is_empty(s->redis_url)) {
		doctor_say(doctor, FINDING_OK, "redis", NULL, "not used: one pod, nothing shared");
		return;
	}
	if (state_open(&state, doctor->loop, &conf, error)) {
		doctor_say(doctor, FINDING_FAIL, "redis", "correct REDIS_URL", "%s", error);
		return;
	}
	while (state_trouble(state) && clock_mono_us() < until)
		loop_run_once(doctor->loop, 50);
	if (state_trouble(state))
		doctor_say(
			doctor, FINDING_FAIL, "redis",
			"is it running, and is REDIS_URL right? Until then each pod counts alone",
			"%s", state_trouble(state));
	else
		doctor_say(doctor, FINDING_OK, "redis", NULL, "connected");
}

/* What a pod has on its own disk the others do not have. */
static void check_recordings(struct doctor *doctor)
{
	const struct settings *s = doctor->settings;

	if (!str_is_empty(s->redis_url) && str_equal(s->recording_store, "folder"))
		doctor_say(doctor, FINDING_WARN, "recordings",
			   "set RECORDING_STORE=s3, unless all pods share DATA_DIR or there is one",
			   "REDIS_URL is for several pods, and each keeps the recordings it has "
			   "fetched in a folder of its own");
}

void doctor_store(struct doctor *doctor)
{
	auto_free char *url = store_url(doctor->settings);

	/* Looking must not make one. */
	if (str_has_prefix(url, "sqlite:") && access(url + strlen("sqlite:"), F_OK))
		doctor_say(doctor, FINDING_OK, "database", NULL,
			   "SQLite, not there yet: the first start makes it");
	else
		check_database(doctor, url);
	check_replica(doctor);
	check_state(doctor);
	check_recordings(doctor);
}
