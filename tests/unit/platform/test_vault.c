/*
 * Protects: what is stored sealed shows nothing and comes back as it was, also to another process
 * that did not make the key; keys and master keys change while values stay readable; a wrong master
 * key opens nothing.
 */
#include "unit/platform/fixture.h"

#include "core/str.h"
#include "platform/store/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define FIRST_KEY  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define SECOND_KEY "ZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmY="

/* A process: the same store seen through a vault of its own. */
struct process {
	struct loop *loop;
	struct db *db;
	struct vault *vault;
};

struct fixture {
	char dir[64];
	char url[128];
	struct process a;
};

static int process_open(struct process *process, const char *url, const char *key, const char *also,
			char error[256])
{
	struct master_keys masters auto_master_keys = {0};

	assert_int_equal(0, master_key_parse(&masters.keys[masters.count++], key));
	if (also)
		assert_int_equal(0, master_key_parse(&masters.keys[masters.count++], also));
	process->loop = loop_new();
	assert_int_equal(
		0, store_open(&process->db, process->loop, &(struct db_conf){.url = url}, error));
	return vault_open(&process->vault, process->loop, process->db, &masters, error);
}

static void process_close(struct process *process)
{
	process->vault = mem_unref(process->vault);
	process->db = mem_unref(process->db);
	process->loop = mem_unref(process->loop);
}
#define auto_process __attribute__((cleanup(process_close)))

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	char error[256] = "";

	snprintf(f->dir, sizeof(f->dir), "/tmp/test_vault_XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->url, sizeof(f->url), "sqlite:%s/test.db", f->dir);
	if (process_open(&f->a, f->url, FIRST_KEY, NULL, error))
		fail_msg("%s", error);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	process_close(&f->a);
	snprintf(command, sizeof(command), "rm -r %s", f->dir);
	assert_int_equal(0, system(command));
	mem_free(f);
	return 0;
}

struct answer {
	bool done;
	int err;
	int64_t count;
	char text[512];
	int *order; /* how many were answered before, counted up */
	int place;
};

static void on_answer(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct answer *answer = arg;
	const char *text = err ? NULL : db_get_text(results[0], 0, 0);

	answer->done = true;
	answer->err = err;
	snprintf(answer->text, sizeof(answer->text), "%s", text ? text : "");
	if (answer->order)
		answer->place = (*answer->order)++;
}

static void on_count(int err, int64_t count, void *arg)
{
	struct answer *answer = arg;

	answer->done = true;
	answer->err = err;
	answer->count = count;
}

static void wait_for(struct process *process, const bool *done)
{
	struct base base = {.loop = process->loop};

	base_wait(&base, done);
}

static struct answer run(struct process *process, struct db_statement statement)
{
	struct answer answer = {0};

	statement.expect_rows = DB_ANY_ROWS;
	db_run(NULL, process->db, &statement, 1, on_answer, &answer);
	wait_for(process, &answer.done);
	return answer;
}

#define PARAMS(...)                                 \
	.params = (struct db_value[]){__VA_ARGS__}, \
	.param_count = sizeof((struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value)

/* The name of a tenant stands for whatever is sealed. */
static int write_name(struct process *process, const char *tenant_id, const char *name)
{
	return run(process,
		   (struct db_statement){
			   .sql = "UPDATE tenant SET name = $1 WHERE id = 'default'",
			   PARAMS(db_sealed(tenant_id, "place", name)),
		   })
		.err;
}

static struct answer read_name(struct process *process, bool raw)
{
	return run(process, (struct db_statement){
				    .sql = "SELECT name FROM tenant WHERE id = 'default'",
				    .raw = raw,
			    });
}

static void add_tenant(struct process *process, const char *id)
{
	struct answer answer =
		run(process, (struct db_statement){
				     .sql = "INSERT INTO tenant (id, name, created_at) "
					    "VALUES ($1, 'other', 0)",
				     PARAMS(db_text(id)),
			     });

	assert_int_equal(0, answer.err);
}

static void what_is_stored_shows_nothing(void **state)
{
	struct fixture *f = *state;
	struct answer raw;

	assert_int_equal(0, write_name(&f->a, STORE_TENANT, "tulips"));
	assert_string_equal("tulips", read_name(&f->a, false).text);
	raw = read_name(&f->a, true);
	assert_true(str_has_prefix(raw.text, "s1."));
	assert_null(strstr(raw.text, "tulips"));
}

static void the_same_text_in_the_same_place_compares_equal(void **state)
{
	struct fixture *f = *state;
	struct answer before, after;

	assert_int_equal(0, write_name(&f->a, STORE_TENANT, "tulips"));
	before = read_name(&f->a, true);
	assert_int_equal(0, write_name(&f->a, STORE_TENANT, "tulips"));
	after = read_name(&f->a, true);
	assert_string_equal(before.text, after.text);
}

static void another_process_gets_the_key_when_it_meets_it(void **state)
{
	struct fixture *f = *state;
	struct process b auto_process = {0};
	char error[256] = "";

	assert_int_equal(0, process_open(&b, f->url, FIRST_KEY, NULL, error));
	add_tenant(&f->a, "florist");
	assert_int_equal(0, write_name(&f->a, "florist", "tulips"));
	assert_string_equal("tulips", read_name(&b, false).text);
}

static void answers_keep_their_order_while_a_key_is_fetched(void **state)
{
	static const struct db_statement sealed = {.sql = "SELECT name FROM tenant "
							  "WHERE id = 'default'",
						   .expect_rows = DB_ANY_ROWS};
	static const struct db_statement plain = {.sql = "SELECT 'plain'",
						  .expect_rows = DB_ANY_ROWS};
	struct fixture *f = *state;
	struct process b auto_process = {0};
	char error[256] = "";
	int order = 0;
	struct answer first = {.order = &order}, second = {.order = &order};

	assert_int_equal(0, process_open(&b, f->url, FIRST_KEY, NULL, error));
	add_tenant(&f->a, "florist");
	assert_int_equal(0, write_name(&f->a, "florist", "tulips"));
	db_run(NULL, b.db, &sealed, 1, on_answer, &first);
	db_run(NULL, b.db, &plain, 1, on_answer, &second);
	wait_for(&b, &second.done);
	assert_true(first.done);
	assert_string_equal("tulips", first.text);
	assert_int_equal(0, first.place);
	assert_int_equal(1, second.place);
}

static void hashes_find_and_belong_to_a_tenant(void **state)
{
	static const char sql[] = "UPDATE tenant SET name = $1 WHERE id = 'default'";
	struct fixture *f = *state;
	struct answer ours, theirs;

	add_tenant(&f->a, "florist");
	run(&f->a,
	    (struct db_statement){.sql = sql, PARAMS(db_hashed(STORE_TENANT, "+15550000001"))});
	ours = read_name(&f->a, false);
	run(&f->a, (struct db_statement){.sql = sql, PARAMS(db_hashed("florist", "+15550000001"))});
	theirs = read_name(&f->a, false);
	assert_int_equal(32, strlen(ours.text));
	assert_string_not_equal(ours.text, theirs.text);
}

static void a_tenant_that_is_not_there_gets_no_key(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(-EACCES, write_name(&f->a, "nobody", "tulips"));
	assert_string_equal("default", read_name(&f->a, false).text);
}

static void text_that_only_looks_sealed_comes_back_as_it_is(void **state)
{
	static const char *const texts[] = {
		"s1.", "s1.x", "s1.!!!!",
		"s1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		run(&f->a,
		    (struct db_statement){.sql = "UPDATE tenant SET name = $1 WHERE id = 'default'",
					  PARAMS(db_text(texts[i]))});
		assert_string_equal(texts[i], read_name(&f->a, false).text);
		assert_int_equal(0, write_name(&f->a, STORE_TENANT, texts[i]));
		assert_string_equal(texts[i], read_name(&f->a, false).text);
	}
}

static void another_master_key_is_refused(void **state)
{
	struct fixture *f = *state;
	struct process b auto_process = {0};
	char error[256] = "";

	assert_int_equal(-EACCES, process_open(&b, f->url, SECOND_KEY, NULL, error));
	assert_non_null(strstr(error, "MASTER_KEY"));
}

static void a_new_data_key_seals_what_is_new(void **state)
{
	struct fixture *f = *state;
	struct answer before, after, rotated = {0};
	char *auto_free again = NULL;

	assert_int_equal(0, write_name(&f->a, STORE_TENANT, "tulips"));
	before = read_name(&f->a, true);
	vault_rotate(f->a.vault, STORE_TENANT, on_count, &rotated);
	wait_for(&f->a, &rotated.done);
	assert_int_equal(0, rotated.err);
	assert_string_equal("tulips", read_name(&f->a, false).text);
	again = vault_reseal(f->a.vault, STORE_TENANT, "place", before.text);
	assert_int_equal(0, write_name(&f->a, STORE_TENANT, "tulips"));
	after = read_name(&f->a, true);
	assert_string_not_equal(before.text, after.text);
	assert_string_equal(after.text, again);
	assert_null(vault_reseal(f->a.vault, STORE_TENANT, "place", after.text));
}

static void a_new_master_key_takes_over_without_a_gap(void **state)
{
	struct fixture *f = *state;
	struct process b auto_process = {0}, c auto_process = {0};
	struct answer rewrapped = {0};
	char error[256] = "";

	assert_int_equal(0, write_name(&f->a, STORE_TENANT, "tulips"));
	assert_int_equal(0, process_open(&b, f->url, SECOND_KEY, FIRST_KEY, error));
	vault_rewrap(b.vault, on_count, &rewrapped);
	wait_for(&b, &rewrapped.done);
	assert_int_equal(0, rewrapped.err);
	assert_int_equal(2, rewrapped.count);
	assert_int_equal(0, process_open(&c, f->url, SECOND_KEY, NULL, error));
	assert_string_equal("tulips", read_name(&c, false).text);
	assert_string_equal("tulips", read_name(&f->a, false).text);
}

static void keys_that_are_none_are_refused(void **state)
{
	static const char *const texts[] = {"", "1234", FIRST_KEY "00", "not a key at all"};
	struct master_key key;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_int_equal(-EINVAL, master_key_parse(&key, texts[i]));
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_stored_shows_nothing),
		TEST(the_same_text_in_the_same_place_compares_equal),
		TEST(another_process_gets_the_key_when_it_meets_it),
		TEST(answers_keep_their_order_while_a_key_is_fetched),
		TEST(hashes_find_and_belong_to_a_tenant),
		TEST(a_tenant_that_is_not_there_gets_no_key),
		TEST(text_that_only_looks_sealed_comes_back_as_it_is),
		TEST(another_master_key_is_refused),
		TEST(a_new_data_key_seals_what_is_new),
		TEST(a_new_master_key_takes_over_without_a_gap),
		TEST(keys_that_are_none_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
