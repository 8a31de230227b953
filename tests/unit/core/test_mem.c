/* Protects: reference counting, scope release, and the containers built on it (list, buf). */
#include "unit/check.h"

#include "core/buf.h"
#include "core/list.h"
#include "core/mem.h"

#include <string.h>

static int destroyed;

static void count_destroy(void *data)
{
	destroyed++;
}

static void object_dies_with_its_last_reference(void **state)
{
	int *object = mem_new(sizeof(*object), count_destroy);

	destroyed = 0;
	mem_ref(object);
	assert_null(mem_unref(object));
	assert_int_equal(destroyed, 0);
	mem_unref(object);
	assert_int_equal(destroyed, 1);
}

static void destroy_reference(void *data)
{
	destroyed++;
	mem_ref(data);
	mem_unref(data);
}

static void destructor_may_use_references_of_its_own(void **state)
{
	destroyed = 0;
	mem_unref(mem_new(8, destroy_reference));
	assert_int_equal(destroyed, 1);
}

static void null_is_harmless(void **state)
{
	assert_null(mem_ref(NULL));
	assert_null(mem_unref(NULL));
	assert_null(mem_free(NULL));
	assert_null(mem_strdup(NULL));
}

static void list_keeps_order_and_forgets_removed_nodes(void **state)
{
	struct list list = {0};
	struct list_node nodes[3] = {0};
	int values[3] = {1, 2, 3}, sum = 0;

	list_append(&list, &nodes[1], &values[1]);
	list_append(&list, &nodes[2], &values[2]);
	list_prepend(&list, &nodes[0], &values[0]);
	list_remove(&nodes[1]);
	list_remove(&nodes[1]);
	LIST_EACH(&list, node)
	sum = sum * 10 + *(int *)node->data;
	assert_int_equal(sum, 13);
	assert_ptr_equal(list_pop(&list), &values[0]);
	assert_ptr_equal(list_pop(&list), &values[2]);
	assert_null(list_pop(&list));
}

static void list_element_may_leave_while_walking(void **state)
{
	struct list list = {0};
	struct list_node nodes[3] = {0};
	int seen = 0;

	for (int i = 0; i < 3; i++)
		list_append(&list, &nodes[i], &nodes[i]);
	LIST_EACH(&list, node)
	{
		list_remove(node);
		seen++;
	}
	assert_int_equal(seen, 3);
	assert_int_equal(list.len, 0);
}

static void buf_grows_consumes_and_is_given_away(void **state)
{
	auto_buf struct buf buf = {0};
	auto_free char *text = NULL;

	assert_string_equal(buf_str(&buf), "");
	for (int i = 0; i < 1000; i++)
		buf_printf(&buf, "%d,", i);
	assert_memory_equal(buf.data, "0,1,2,3,", 8);
	buf_consume(&buf, 4);
	assert_memory_equal(buf.data, "2,3,", 4);
	buf_consume(&buf, 1u << 30);
	assert_int_equal(buf.len, 0);
	buf_append_str(&buf, "left");
	text = buf_steal(&buf);
	assert_string_equal(text, "left");
	assert_int_equal(buf.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(object_dies_with_its_last_reference),
		cmocka_unit_test(destructor_may_use_references_of_its_own),
		cmocka_unit_test(null_is_harmless),
		cmocka_unit_test(list_keeps_order_and_forgets_removed_nodes),
		cmocka_unit_test(list_element_may_leave_while_walking),
		cmocka_unit_test(buf_grows_consumes_and_is_given_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
