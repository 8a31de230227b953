/* Protects: URLs of webhooks, their connection overrides and relative references. */
#include "unit/check.h"

#include "carrier/hook.h"
#include "core/buf.h"
#include "core/mem.h"

#include <errno.h>

static void overrides_of_the_fragment(void **state)
{
	static const struct {
		const char *url;
		struct hook_limits limits;
	} cases[] = {
		{"http://x/", {5000, 15000, 15000, 1, HOOK_RETRY_CT}},
		{"http://x/#", {5000, 15000, 15000, 1, HOOK_RETRY_CT}},
		{"http://x/#ct=100&rt=200&tt=300&rc=5&rp=4xx,5xx",
		 {100, 200, 300, 5, HOOK_RETRY_4XX | HOOK_RETRY_5XX}},
		{"http://x/#rc=0", {5000, 15000, 15000, 0, HOOK_RETRY_CT}},
		{"http://x/#rp=all",
		 {5000, 15000, 15000, 1,
		  HOOK_RETRY_4XX | HOOK_RETRY_5XX | HOOK_RETRY_CT | HOOK_RETRY_RT}},
		/* Out of range, not numbers, not known: the default. */
		{"http://x/#ct=99&rt=15001&tt=x&rc=6&e=dublin",
		 {5000, 15000, 15000, 1, HOOK_RETRY_CT}},
		{"http://x/#rp=nothing", {5000, 15000, 15000, 1, 0}},
		{"http://x/#%", {5000, 15000, 15000, 1, HOOK_RETRY_CT}},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct hook_limits limits;

		hook_limits_parse(&limits, cases[i].url);
		assert_memory_equal(&limits, &cases[i].limits, sizeof(limits));
	}
}

static void references_are_resolved(void **state)
{
	static const char base[] = "http://a.b:81/c/d?e=f#rc=2";
	static const struct {
		const char *ref;
		const char *url;
	} cases[] = {
		{"https://z/y?x", "https://z/y?x"},
		{"//z/y", "http://z/y"},
		{"/g", "http://a.b:81/g"},
		{"g", "http://a.b:81/c/g"},
		{"g?y=1#rc=3", "http://a.b:81/c/g?y=1#rc=3"},
		{"?y", "http://a.b:81/c/d?y"},
		{"./g", "http://a.b:81/c/g"},
		{"../g", "http://a.b:81/g"},
		{"../../../g", "http://a.b:81/g"},
		{"../", "http://a.b:81/"},
		{"g/../h/.", "http://a.b:81/c/h/"},
		{"", "http://a.b:81/c/d?e=f"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_buf struct buf out = {0};

		assert_int_equal(hook_url_resolve(&out, base, cases[i].ref), 0);
		assert_string_equal(buf_str(&out), cases[i].url);
	}
}

static void what_cannot_be_resolved_is_refused(void **state)
{
	auto_buf struct buf out = {0};

	assert_int_equal(hook_url_resolve(&out, NULL, "/relative"), -EINVAL);
	assert_int_equal(hook_url_resolve(&out, "http://a/", "ftp://b/"), -EINVAL);
	assert_int_equal(hook_url_resolve(&out, "http://a/", "/with space"), -EINVAL);
	assert_int_equal(out.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overrides_of_the_fragment),
		cmocka_unit_test(references_are_resolved),
		cmocka_unit_test(what_cannot_be_resolved_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
