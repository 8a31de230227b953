/*
 * Protects: which agent answers to a name: the tenant's published version, otherwise the built-in
 * one; what one tenant publishes is nothing to another; a change counts at once where it was made,
 * and elsewhere after a moment; a read that was under way during a change is not kept.
 */
#include "core/str.h"
#include "platform/agent_book.h"
#include "platform/store/agent.h"
#include "unit/platform/fixture.h"

#include <errno.h>
#include <stdlib.h>

struct fixture {
	struct base base;
	struct agent_set *built_in;
	struct agent_book *book;
	bool done;
	int err;
	int64_t version;
	char prompt[64];
};

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	char error[AGENT_ERROR_SIZE] = "";

	base_open(&f->base, loop_new_fake());
	if (agent_set_load(&f->built_in, SOURCE_DIR "/config/agents", error))
		fail_msg("%s", error);
	f->book = agent_book_new(f->base.loop, f->base.db, f->built_in);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	mem_unref(f->book);
	base_close(&f->base);
	mem_unref(f->built_in);
	mem_free(f);
	return 0;
}

static void on_stored(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct fixture *f = arg;

	f->err = err;
	f->done = true;
}

static void run(struct fixture *f, struct batch *batch)
{
	f->done = false;
	batch_run(batch, NULL, f->base.db, on_stored, f);
	base_wait(&f->base, &f->done);
}

/* Make `name` and its first version, or its next one, with that prompt. */
static void publish(struct fixture *f, const char *tenant_id, int64_t version, const char *prompt)
{
	auto_free char *config = mem_printf("{\"model\":\"m\",\"system_prompt\":\"%s\"}", prompt);
	struct store_agent_change change = {
		.tenant_id = tenant_id, .name = "survey", .by = "test", .at = 1};
	struct store_agent_version next = {
		.revision = version, .version = version, .config = config};
	struct batch batch auto_batch = {0};

	if (version == 1)
		store_agent_insert(&batch, &change, config);
	store_agent_publish(&batch, &change, &next);
	run(f, &batch);
	assert_int_equal(0, f->err);
}

static void add_tenant(struct fixture *f, const char *id)
{
	struct batch batch auto_batch = {0};

	BATCH_ADD(&batch, "INSERT INTO tenant (id, name, created_at) VALUES ($1, $2, 0)", 1,
		  db_text(id), db_text(id));
	run(f, &batch);
	assert_int_equal(0, f->err);
}

static void on_found(int err, struct agent *agent, void *arg)
{
	struct fixture *f = arg;

	f->err = err;
	f->version = agent ? agent->version : -1;
	str_copy(f->prompt, sizeof(f->prompt), agent ? agent->system_prompt : "");
	f->done = true;
}

/* The version that answers, 0: built-in, or a negative errno. */
static int64_t ask(struct fixture *f, const char *tenant_id, const char *name)
{
	f->done = false;
	agent_book_ask(f->book, tenant_id, name, on_found, f);
	base_wait(&f->base, &f->done);
	return f->err ? f->err : f->version;
}

/* As known without asking. */
static int64_t known(struct fixture *f, const char *tenant_id, const char *name)
{
	struct agent *agent = NULL;
	int err = agent_book_find(&agent, f->book, tenant_id, name);

	return err ? err : agent->version;
}

static void the_published_one_hides_the_built_in(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(-EAGAIN, known(f, STORE_TENANT, "survey"));
	assert_int_equal(0, ask(f, STORE_TENANT, "survey"));
	assert_int_equal(0, known(f, STORE_TENANT, "survey"));
	publish(f, STORE_TENANT, 1, "one");
	agent_book_forget(f->book, STORE_TENANT, "survey");
	assert_int_equal(-EAGAIN, known(f, STORE_TENANT, "survey"));
	assert_int_equal(1, ask(f, STORE_TENANT, "survey"));
	assert_string_equal("one", f->prompt);
	assert_int_equal(1, known(f, STORE_TENANT, "survey"));
	assert_int_equal(-ENOENT, ask(f, STORE_TENANT, "nobody"));
	assert_int_equal(-ENOENT, known(f, STORE_TENANT, "nobody"));
}

static void another_tenant_sees_nothing_of_it(void **state)
{
	struct fixture *f = *state;

	add_tenant(f, "other");
	publish(f, "other", 1, "theirs");
	assert_int_equal(0, ask(f, STORE_TENANT, "survey"));
	assert_int_equal(1, ask(f, "other", "survey"));
	assert_int_equal(0, known(f, STORE_TENANT, "survey"));
}

static void what_others_publish_is_seen_after_a_moment(void **state)
{
	struct fixture *f = *state;

	publish(f, STORE_TENANT, 1, "one");
	assert_int_equal(1, ask(f, STORE_TENANT, "survey"));
	publish(f, STORE_TENANT, 2, "two");
	assert_int_equal(1, known(f, STORE_TENANT, "survey"));
	loop_advance_ms(f->base.loop, AGENT_BOOK_TTL_MS);
	assert_int_equal(-EAGAIN, known(f, STORE_TENANT, "survey"));
	assert_int_equal(2, ask(f, STORE_TENANT, "survey"));
	assert_string_equal("two", f->prompt);
}

static void a_read_from_before_a_change_is_not_kept(void **state)
{
	struct fixture *f = *state;

	f->done = false;
	agent_book_ask(f->book, STORE_TENANT, "survey", on_found, f);
	agent_book_forget(f->book, STORE_TENANT, "survey");
	base_wait(&f->base, &f->done);
	assert_int_equal(0, f->version);
	assert_int_equal(-EAGAIN, known(f, STORE_TENANT, "survey"));
}

static void many_names_push_each_other_out(void **state)
{
	struct fixture *f = *state;
	char name[32];

	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "agent-%d", i);
		assert_int_equal(-ENOENT, ask(f, STORE_TENANT, name));
		assert_int_equal(-ENOENT, known(f, STORE_TENANT, name));
	}
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_published_one_hides_the_built_in),
		TEST(another_tenant_sees_nothing_of_it),
		TEST(what_others_publish_is_seen_after_a_moment),
		TEST(a_read_from_before_a_change_is_not_kept),
		TEST(many_names_push_each_other_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
