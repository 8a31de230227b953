/*
 * Protects what somebody who has not signed in is told of a tenant's look: the brand of the only
 * tenant or of the one that is named, and nothing that tells tenants from each other otherwise.
 */
#include "unit/platform/access_fixture.h"

#define OTHER "01900000-0000-7000-8000-00000000000a"

static const char *brand_name(struct access *a, const char *query)
{
	char *auto_free target = mem_printf("/api/v1/brand%s", query);

	assert_int_equal(200, ask(&a->asker, "GET", target, NULL));
	return answer_str(&a->asker, "name");
}

static void set_brand(struct access *a)
{
	base_sql(&a->base, "UPDATE tenant SET settings = "
			   "'{\"brand\":{\"name\":\"Oak\"},\"secret\":1}' WHERE id = 'default'");
}

static void the_only_tenants_brand_is_shown_and_nothing_else(void **state)
{
	struct access *a = *state;

	assert_string_equal("", brand_name(a, ""));
	set_brand(a);
	a->asker.header_name = "cache-control";
	assert_string_equal("Oak", brand_name(a, ""));
	assert_string_equal("{\"name\":\"Oak\"}", a->asker.text);
	assert_string_equal("public, max-age=60", a->asker.header);
}

static void of_several_the_one_that_is_named(void **state)
{
	struct access *a = *state;

	set_brand(a);
	base_sql(&a->base,
		 "INSERT INTO tenant (id, name, created_at) VALUES ('" OTHER "', 'B', 0)");
	assert_string_equal("", brand_name(a, ""));
	assert_string_equal("Oak", brand_name(a, "?tenant=default"));
	assert_string_equal("", brand_name(a, "?tenant=" OTHER));
	assert_string_equal("{}", a->asker.text);
	assert_string_equal("", brand_name(a, "?tenant=nobody"));
	assert_string_equal("{}", a->asker.text);
}

static void a_suspended_tenant_has_none(void **state)
{
	struct access *a = *state;

	set_brand(a);
	base_sql(&a->base, "UPDATE tenant SET status = 'suspended' WHERE id = 'default'");
	assert_string_equal("", brand_name(a, "?tenant=default"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		ACCESS_TEST(the_only_tenants_brand_is_shown_and_nothing_else),
		ACCESS_TEST(of_several_the_one_that_is_named),
		ACCESS_TEST(a_suspended_tenant_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
