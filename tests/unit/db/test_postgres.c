/*
 * Protects what the PostgreSQL driver promises beyond the contract of test_db.c: connections that
 * die are made again; a batch that certainly changed nothing is run again, one whose outcome is
 * unknown is -EINPROGRESS and never is; slow reading exhausts nobody else's connections; deadlocks,
 * plans that went stale and processes that migrate at once are nobody's trouble. Runs when
 * TEST_POSTGRES_URL is set. A relay between driver and server is where a network fails.
 */
#include "core/clock.h"
#include "core/mem.h"
#include "db/db.h"
#include "loop/loop.h"
#include "unit/postgres.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- the relay ---- */

enum { RELAY_MAX = 16 };

struct relay {
	int listener;
	uint16_t port, server_port;
	pthread_t thread;
	int fds[RELAY_MAX][2]; /* client, server */
	size_t count;
	atomic_bool stop, swallow, cut, refuse, deaf; /* deaf: to clients */
	atomic_int accepted, dropped;
};

static int tcp_socket(struct sockaddr_in *addr, uint16_t port)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;

	setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &yes, sizeof(yes));
	*addr = (struct sockaddr_in){.sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	return fd;
}

static void relay_accept(struct relay *relay)
{
	struct sockaddr_in addr;
	int client = accept(relay->listener, NULL, NULL);
	int server = tcp_socket(&addr, relay->server_port);

	if (relay->refuse || relay->count == RELAY_MAX ||
	    connect(server, (struct sockaddr *)&addr, sizeof(addr))) {
		close(client);
		close(server);
		return;
	}
	relay->fds[relay->count][0] = client;
	relay->fds[relay->count++][1] = server;
	relay->accepted++;
}

static void relay_drop(struct relay *relay, size_t i)
{
	close(relay->fds[i][0]);
	close(relay->fds[i][1]);
	relay->count--;
	relay->fds[i][0] = relay->fds[relay->count][0];
	relay->fds[i][1] = relay->fds[relay->count][1];
	relay->dropped++;
}

/* Returns false at the end of the stream. */
static bool relay_copy(int from, int to, bool swallow)
{
	char data[16384];
	ssize_t len = recv(from, data, sizeof(data), MSG_DONTWAIT);

	if (len < 0)
		return errno == EAGAIN;
	return len && (swallow || send(to, data, (size_t)len, MSG_NOSIGNAL) == len);
}

static void *relay_main(void *arg)
{
	struct relay *relay = arg;

	while (!relay->stop) {
		struct pollfd fds[1 + 2 * RELAY_MAX] = {{.fd = relay->listener, .events = POLLIN}};

		for (size_t i = 0; i < 2 * relay->count; i++)
			fds[1 + i] =
				(struct pollfd){.fd = relay->fds[i / 2][i % 2], .events = POLLIN};
		poll(fds, 1 + 2 * relay->count, 5);
		for (size_t i = relay->count; i > 0; i--)
			if ((!relay->deaf &&
			     !relay_copy(relay->fds[i - 1][0], relay->fds[i - 1][1], false)) ||
			    !relay_copy(relay->fds[i - 1][1], relay->fds[i - 1][0],
					relay->swallow) ||
			    relay->cut)
				relay_drop(relay, i - 1);
		relay->cut = false;
		if (fds[0].revents)
			relay_accept(relay);
	}
	return NULL;
}

static void relay_start(struct relay *relay, uint16_t server_port)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);

	relay->server_port = server_port;
	relay->listener = tcp_socket(&addr, 0);
	assert_int_equal(0, bind(relay->listener, (struct sockaddr *)&addr, sizeof(addr)));
	assert_int_equal(0, listen(relay->listener, RELAY_MAX));
	getsockname(relay->listener, (struct sockaddr *)&addr, &len);
	relay->port = ntohs(addr.sin_port);
	pthread_create(&relay->thread, NULL, relay_main, relay);
}

static void relay_stop(struct relay *relay)
{
	relay->stop = true;
	pthread_join(relay->thread, NULL);
	while (relay->count)
		relay_drop(relay, 0);
	close(relay->listener);
}

/* ---- fixture ---- */

static const struct db_migration migrations[] = {
	{1, "thing", "CREATE TABLE thing (id BIGINT PRIMARY KEY, n BIGINT)"},
};

struct fixture {
	struct loop *loop;
	struct db *db;
	struct relay relay;
	char url[POSTGRES_URL_SIZE]; /* not through the relay */
	char relay_url[POSTGRES_URL_SIZE];
};

/* "postgresql://user@127.0.0.1:PORT/..." */
static char *port_of(char *url)
{
	return strchr(strchr(url, '@'), ':') + 1;
}

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	char error[256] = "", *rest;

	postgres_make(f->url);
	relay_start(&f->relay, (uint16_t)strtol(port_of(f->url), &rest, 10));
	snprintf(f->relay_url, sizeof(f->relay_url), "%.*s%u%s&application_name=%s",
		 (int)(port_of(f->url) - f->url), f->url, f->relay.port, rest,
		 strstr(f->url, "test_"));
	*strchr(strstr(f->relay_url, "application_name="), '%') = '\0';
	f->loop = loop_new();
	assert_int_equal(0, db_open(&f->db, f->loop, &(struct db_conf){.url = f->relay_url}));
	if (db_migrate(f->db, migrations, 1, error))
		fail_msg("%s", error);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	mem_unref(f->db);
	mem_unref(f->loop);
	relay_stop(&f->relay);
	postgres_drop(f->url);
	mem_free(f);
	return 0;
}

struct outcome {
	bool done;
	int calls;
	int err;
	int64_t value;  /* first column of the last statement's first row */
	char text[128]; /* the same */
	size_t last;
};

static void on_done(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct outcome *outcome = arg;

	outcome->done = true;
	outcome->calls++;
	outcome->err = err;
	if (err)
		return;
	outcome->value = db_get_int(results[outcome->last], 0, 0);
	snprintf(outcome->text, sizeof(outcome->text), "%s",
		 db_get_text(results[outcome->last], 0, 0));
}

static void wait_for(struct fixture *f, const bool *done)
{
	int64_t until = clock_mono_us() + 30 * 1000000;

	while (!*done && clock_mono_us() < until)
		loop_run_once(f->loop, 20);
	assert_true(*done);
}

/* Until what SQL asks about is true, seen from elsewhere. */
static void wait_until(struct fixture *f, const char *sql)
{
	int64_t until = clock_mono_us() + 30 * 1000000;

	while (!postgres_do(f->url, sql) && clock_mono_us() < until)
		loop_run_once(f->loop, 20);
	assert_true(postgres_do(f->url, sql));
}

typedef void run_h(struct db_request **ret_request, struct db *db,
		   const struct db_statement *statements, size_t count, db_done_h *doneh,
		   void *arg);

static void begin(struct fixture *f, run_h *runh, struct outcome *outcome,
		  const struct db_statement *statements, size_t count)
{
	*outcome = (struct outcome){.last = count - 1};
	runh(NULL, f->db, statements, count, on_done, outcome);
}

static struct outcome run(struct fixture *f, run_h *runh, const struct db_statement *statements,
			  size_t count)
{
	struct outcome outcome;

	begin(f, runh, &outcome, statements, count);
	wait_for(f, &outcome.done);
	return outcome;
}

#define PARAMS(...)                                 \
	.params = (struct db_value[]){__VA_ARGS__}, \
	.param_count = sizeof((struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value)
#define INSERT(id_)                                                                  \
	{                                                                            \
		.sql = "INSERT INTO thing (id, n) VALUES ($1, 1)", .expect_rows = 1, \
		PARAMS(db_int(id_))                                                  \
	}
#define COUNT                                                                   \
	{                                                                       \
		.sql = "SELECT count(*) FROM thing", .expect_rows = DB_ANY_ROWS \
	}
#define SLEEP(seconds_)                                                                          \
	{                                                                                        \
		.sql = "SELECT 1 FROM pg_sleep(CAST($1 AS DOUBLE PRECISION))", .expect_rows = 1, \
		PARAMS(db_real(seconds_))                                                        \
	}
#define MINE " FROM pg_stat_activity WHERE application_name = current_schema()"

static void kill_all(struct fixture *f)
{
	postgres_do(f->url, "SELECT count(pg_terminate_backend(pid))" MINE);
}

/* ---- lost connections ---- */

static void a_connection_that_died_idle_is_made_again(void **state)
{
	struct fixture *f = *state;
	struct outcome o = run(f, db_run, (struct db_statement[]){INSERT(1)}, 1);

	assert_int_equal(0, o.err);
	kill_all(f);
	/* Before the driver can have noticed, and after. */
	for (int i = 2; i < 4; i++) {
		o = run(f, db_run, (struct db_statement[]){INSERT(i)}, 1);
		assert_int_equal(0, o.err);
	}
	o = run(f, db_lookup, (struct db_statement[]){COUNT}, 1);
	assert_int_equal(3, o.value);
}

/* What the server said last and the reset of the connection are there at the same time. */
static void a_connection_reset_behind_the_last_words_is_made_again(void **state)
{
	struct fixture *f = *state;
	struct outcome o = run(f, db_run, (struct db_statement[]){INSERT(1)}, 1);
	int64_t until = clock_mono_us() + 30 * 1000000;

	assert_int_equal(0, o.err);
	f->relay.deaf = true;
	begin(f, db_run, &o, (struct db_statement[]){INSERT(2)}, 1);
	kill_all(f);
	while (!f->relay.dropped && clock_mono_us() < until)
		usleep(1000);
	f->relay.deaf = false;
	wait_for(f, &o.done);
	assert_int_equal(0, o.err);
}

/* The server says in its order of answers that it ends the connection: nothing was committed. */
static void a_batch_whose_backend_is_killed_is_run_again_once(void **state)
{
	struct fixture *f = *state;
	struct db_statement statements[] = {INSERT(1), SLEEP(0.5), COUNT};
	struct outcome o, behind;

	begin(f, db_run, &o, statements, 3);
	begin(f, db_run, &behind, (struct db_statement[]){INSERT(2)}, 1);
	wait_until(f, "SELECT count(*)" MINE " AND wait_event = 'PgSleep'");
	kill_all(f);
	wait_for(f, &o.done);
	wait_for(f, &behind.done);
	assert_int_equal(0, o.err);
	assert_int_equal(0, behind.err);
	assert_int_equal(1, o.value);
	assert_int_equal(2, postgres_do(f->url, "SELECT count(*) FROM thing"));
}

static void an_unknown_outcome_is_said_and_never_run_again(void **state)
{
	struct fixture *f = *state;
	struct db_statement add = {.sql = "UPDATE thing SET n = n + 1 WHERE id = 1",
				   .expect_rows = 1};
	struct outcome o = run(f, db_run, (struct db_statement[]){INSERT(1)}, 1), later;

	assert_int_equal(0, o.err);
	f->relay.swallow = true;
	begin(f, db_run, &o, &add, 1);
	begin(f, db_run, &later, &add, 1); /* waits behind it: not sent yet */
	wait_until(f, "SELECT count(*) FROM thing WHERE n = 2");
	f->relay.cut = true;
	wait_for(f, &o.done);
	assert_int_equal(-EINPROGRESS, o.err);
	f->relay.swallow = false;
	wait_for(f, &later.done);
	assert_int_equal(0, later.err);
	assert_int_equal(3, postgres_do(f->url, "SELECT n FROM thing"));
	assert_int_equal(1, o.calls);
}

static void reading_is_begun_again_when_its_connection_is_lost(void **state)
{
	static run_h *const runs[] = {db_run, db_read, db_lookup};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
		struct outcome o = run(f, runs[i], (struct db_statement[]){COUNT}, 1);

		assert_int_equal(0, o.err);
		f->relay.swallow = true;
		begin(f, runs[i], &o, (struct db_statement[]){COUNT}, 1);
		loop_run_once(f->loop, 50);
		f->relay.cut = true;
		while (f->relay.cut)
			loop_run_once(f->loop, 5);
		f->relay.swallow = false;
		wait_for(f, &o.done);
		assert_int_equal(0, o.err);
	}
}

static void batches_wait_for_a_database_that_is_away(void **state)
{
	struct fixture *f = *state;
	struct outcome o, read;

	f->relay.refuse = true;
	begin(f, db_run, &o, (struct db_statement[]){INSERT(1)}, 1);
	begin(f, db_read, &read, (struct db_statement[]){COUNT}, 1);
	for (int64_t until = clock_mono_us() + 700000; clock_mono_us() < until;)
		loop_run_once(f->loop, 20);
	assert_false(o.done);
	f->relay.refuse = false;
	wait_for(f, &o.done);
	wait_for(f, &read.done);
	assert_int_equal(0, o.err);
	assert_int_equal(0, read.err);
}

static void a_database_that_stays_away_is_busy_and_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct outcome o;

	f->relay.refuse = true;
	o = run(f, db_run, (struct db_statement[]){INSERT(1)}, 1);
	assert_int_equal(-EBUSY, o.err);
	f->relay.refuse = false;
	assert_int_equal(0, postgres_do(f->url, "SELECT count(*) FROM thing"));
}

/* ---- names ---- */

/* url with other words in the place of "127.0.0.1:PORT"; hosts has a %u for the port. */
static void with_hosts(struct fixture *f, char url[POSTGRES_URL_SIZE], const char *hosts)
{
	char place[128], *at = strchr(f->url, '@') + 1;
	unsigned port = (unsigned)strtoul(port_of(f->url), NULL, 10);

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(place, sizeof(place), hosts, port, port);
#pragma GCC diagnostic pop
	snprintf(url, POSTGRES_URL_SIZE, "%.*s%s%s", (int)(at - f->url), f->url, place,
		 strchr(at, '/'));
}

static void hosts_are_found_by_name(void **state)
{
	static const struct {
		const char *hosts;
		int err;
	} cases[] = {
		{"localhost:%u", 0},
		{"no-such-host.invalid:%u,localhost:%u", 0},
		{"127.0.0.1:1,localhost:%u", 0},
		{"no-such-host.invalid:%u", -EBUSY},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char url[POSTGRES_URL_SIZE];
		struct outcome o;

		f->db = mem_unref(f->db);
		with_hosts(f, url, cases[i].hosts);
		assert_int_equal(0, db_open(&f->db, f->loop, &(struct db_conf){.url = url}));
		o = run(f, db_run, (struct db_statement[]){COUNT}, 1);
		assert_int_equal(cases[i].err, o.err);
	}
}

static void closing_while_names_are_looked_up_finishes_what_was_started(void **state)
{
	struct fixture *f = *state;
	char url[POSTGRES_URL_SIZE];
	struct outcome o;

	f->db = mem_unref(f->db);
	with_hosts(f, url, "localhost:%u");
	assert_int_equal(0, db_open(&f->db, f->loop, &(struct db_conf){.url = url}));
	begin(f, db_run, &o, (struct db_statement[]){INSERT(1)}, 1);
	f->db = mem_unref(f->db);
	assert_int_equal(0, o.calls);
	assert_int_equal(1, postgres_do(f->url, "SELECT count(*) FROM thing"));
}

/* ---- sharing ---- */

static void slow_reading_leaves_others_their_connections(void **state)
{
	enum { N = 12 };
	struct fixture *f = *state;
	struct outcome slow[N];
	int64_t begun = clock_mono_us();

	for (int i = 0; i < N; i++)
		begin(f, db_read, &slow[i], (struct db_statement[]){SLEEP(0.4)}, 1);
	for (int i = 0; i < 5; i++) {
		struct outcome written = run(f, db_run, (struct db_statement[]){INSERT(i)}, 1);
		struct outcome found = run(f, db_lookup, (struct db_statement[]){COUNT}, 1);

		assert_int_equal(0, written.err);
		assert_int_equal(i + 1, found.value);
	}
	assert_false(slow[N - 1].done);
	for (int i = 0; i < N; i++) {
		wait_for(f, &slow[i].done);
		assert_int_equal(0, slow[i].err);
	}
	/* On the two connections that a pool of six has for this. */
	assert_true(clock_mono_us() - begun >= N / 2 * 400000);
	assert_true(postgres_do(f->url, "SELECT count(*)" MINE) <= 6);
}

static void a_deadlock_is_tried_again(void **state)
{
	struct fixture *f = *state;
	struct db_statement both[] = {
		{.sql = "UPDATE thing SET n = 10 WHERE id = 1", .expect_rows = 1},
		{.sql = "UPDATE thing SET n = 20 WHERE id = 2", .expect_rows = 1}};
	struct outcome o = run(f, db_run, (struct db_statement[]){INSERT(1), INSERT(2)}, 2);
	PGconn *other = PQconnectdb(f->url);

	assert_int_equal(0, o.err);
	PQclear(PQexec(other, "BEGIN; SET LOCAL deadlock_timeout = '30s';"
			      "UPDATE thing SET n = 0 WHERE id = 2"));
	begin(f, db_run, &o, both, 2);
	wait_until(f, "SELECT count(*)" MINE " AND wait_event_type = 'Lock'");
	assert_int_equal(1, PQsendQuery(other, "UPDATE thing SET n = 0 WHERE id = 1; COMMIT"));
	wait_for(f, &o.done);
	assert_int_equal(0, o.err);
	PQfinish(other);
	assert_int_equal(30, postgres_do(f->url, "SELECT sum(n) FROM thing"));
}

/* ---- prepared statements ---- */

static void a_plan_that_a_migration_made_stale_is_made_anew(void **state)
{
	struct fixture *f = *state;
	struct db_statement all = {.sql = "SELECT * FROM thing", .expect_rows = 1};
	struct outcome o = run(f, db_run, (struct db_statement[]){INSERT(1)}, 1);

	assert_int_equal(0, o.err);
	for (int i = 0; i < 3; i++) {
		char sql[64];

		o = run(f, db_run, &all, 1);
		assert_int_equal(0, o.err);
		assert_int_equal(1, o.value);
		snprintf(sql, sizeof(sql), "ALTER TABLE thing ADD COLUMN c%d TEXT", i);
		postgres_do(f->url, sql);
	}
	kill_all(f);
	o = run(f, db_run, &all, 1);
	assert_int_equal(0, o.err);
}

/* How many rows the server expects, in the plan it keeps of a statement. */
static int64_t planned_rows(struct fixture *f, const char *sql)
{
	struct db_statement find = {
		.sql = "SELECT name FROM pg_prepared_statements WHERE statement = $1",
		.expect_rows = 1,
		PARAMS(db_text(sql)),
	};
	struct outcome found = run(f, db_lookup, &find, 1);
	char explain[160];
	struct db_statement ask = {.sql = explain, .expect_rows = DB_ANY_ROWS};

	assert_int_equal(0, found.err);
	snprintf(explain, sizeof(explain), "EXPLAIN EXECUTE %s", found.text);
	found = run(f, db_lookup, &ask, 1);
	assert_int_equal(0, found.err);
	assert_non_null(strstr(found.text, "rows="));
	return strtol(strstr(found.text, "rows=") + 5, NULL, 10);
}

/* Long before the server counts them: it is told here not to. */
static void plans_follow_tables_that_grow(void **state)
{
	static const char sql[] = "SELECT n FROM thing";
	struct fixture *f = *state;
	struct db_statement all = {.sql = sql, .expect_rows = DB_ANY_ROWS};
	struct db_statement other = {.sql = "SELECT 1", .expect_rows = 1};

	postgres_do(f->url, "ALTER TABLE thing SET (autovacuum_enabled = false)");
	assert_int_equal(0, run(f, db_lookup, &all, 1).err);
	assert_in_range(planned_rows(f, sql), 1, 5000);
	postgres_do(f->url, "INSERT INTO thing SELECT i, i FROM generate_series(1, 50000) i");
	for (int i = 0; i < 600; i++)
		assert_int_equal(0, run(f, db_lookup, &other, 1).err);
	assert_in_range(planned_rows(f, sql), 20000, 100000);
}

/*
 * Compiling a statement takes a second, and is begun when its rows are thought to be many: as they
 * are for a page, as long as nobody says how long it is.
 */
static void no_statement_is_compiled(void **state)
{
	static run_h *const lanes[] = {db_run, db_read, db_lookup};
	struct db_statement ask = {.sql = "SELECT current_setting('jit')", .expect_rows = 1};

	for (size_t i = 0; i < sizeof(lanes) / sizeof(lanes[0]); i++)
		assert_string_equal("off", run(*state, lanes[i], &ask, 1).text);
}

static void more_statements_than_are_kept_do_no_harm(void **state)
{
	enum { N = 600 };
	static char sqls[N][64];
	struct fixture *f = *state;

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < N; i++) {
			struct db_statement statement = {.sql = sqls[i], .expect_rows = 1};
			struct outcome o;

			snprintf(sqls[i], sizeof(sqls[i]), "SELECT %d", i);
			o = run(f, i % 2 ? db_lookup : db_run, &statement, 1);
			assert_int_equal(0, o.err);
			assert_int_equal(i, o.value);
		}
	}
	assert_true(postgres_do(f->url, "SELECT count(*)" MINE) <= 2);
}

static void other_words_in_the_same_place_are_another_statement(void **state)
{
	struct fixture *f = *state;
	char sql[32];

	for (int i = 0; i < 3; i++) {
		struct db_statement statement = {.sql = sql, .expect_rows = 1};
		struct outcome o;

		snprintf(sql, sizeof(sql), "SELECT %d", i);
		o = run(f, db_run, &statement, 1);
		assert_int_equal(i, o.value);
	}
}

static void text_with_a_nul_is_refused(void **state)
{
	struct fixture *f = *state;
	struct db_value value = {.type = DB_TEXT, .data = "a\0b", .len = 3};
	struct db_statement statement = {.sql = "SELECT CAST($1 AS TEXT)",
					 .expect_rows = 1,
					 .params = &value,
					 .param_count = 1};
	struct outcome o = run(f, db_run, &statement, 1);

	assert_int_equal(-EINVAL, o.err);
}

/* ---- migrating ---- */

static const struct db_migration many[] = {
	{1, "thing", ""},
	{2, "slow", "CREATE TABLE slow (i INT); SELECT pg_sleep(0.2)"},
	{3, "more", "CREATE TABLE more (i INT)"},
};

static void *migrate(void *arg)
{
	struct fixture *f = arg;
	struct loop *loop = loop_new();
	struct db *db = NULL;
	char error[256] = "";
	intptr_t err = db_open(&db, loop, &(struct db_conf){.url = f->url});

	if (!err)
		err = db_migrate(db, many, 3, error);
	mem_unref(db);
	mem_unref(loop);
	return (void *)err;
}

static void processes_that_migrate_at_once_migrate_once(void **state)
{
	enum { N = 4 };
	struct fixture *f = *state;
	pthread_t threads[N];

	for (int i = 0; i < N; i++)
		pthread_create(&threads[i], NULL, migrate, f);
	for (int i = 0; i < N; i++) {
		void *err;

		pthread_join(threads[i], &err);
		assert_null(err);
	}
	assert_int_equal(3, postgres_do(f->url, "SELECT count(*) FROM schema_migration"));
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_connection_that_died_idle_is_made_again),
		TEST(a_connection_reset_behind_the_last_words_is_made_again),
		TEST(a_batch_whose_backend_is_killed_is_run_again_once),
		TEST(an_unknown_outcome_is_said_and_never_run_again),
		TEST(reading_is_begun_again_when_its_connection_is_lost),
		TEST(batches_wait_for_a_database_that_is_away),
		TEST(a_database_that_stays_away_is_busy_and_changes_nothing),
		TEST(hosts_are_found_by_name),
		TEST(closing_while_names_are_looked_up_finishes_what_was_started),
		TEST(slow_reading_leaves_others_their_connections),
		TEST(a_deadlock_is_tried_again),
		TEST(a_plan_that_a_migration_made_stale_is_made_anew),
		TEST(plans_follow_tables_that_grow),
		TEST(no_statement_is_compiled),
		TEST(more_statements_than_are_kept_do_no_harm),
		TEST(other_words_in_the_same_place_are_another_statement),
		TEST(text_with_a_nul_is_refused),
		TEST(processes_that_migrate_at_once_migrate_once),
	};

	if (postgres_server())
		return cmocka_run_group_tests(tests, NULL, NULL);
	print_message("1..0 # SKIP TEST_POSTGRES_URL is not set\n");
	return 0;
}
