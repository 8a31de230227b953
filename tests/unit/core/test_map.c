/* Protects core/map.h: what was added is found, also after it has grown, until it is removed. */
#include "core/map.h"
#include "core/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { ITEMS = 1000 };

struct item {
	struct map_node node;
	char key[16];
};

static void fill(struct map *map, struct item *items)
{
	for (int i = 0; i < ITEMS; i++) {
		snprintf(items[i].key, sizeof(items[i].key), "key %d", i);
		map_add(map, &items[i].node, items[i].key, &items[i]);
	}
}

static void what_was_added_is_found(void **state)
{
	struct map map = {0};
	struct item *items = mem_alloc(ITEMS * sizeof(*items));

	assert_null(map_get(&map, "key 1"));
	fill(&map, items);
	assert_int_equal(ITEMS, map.len);
	for (int i = 0; i < ITEMS; i++)
		assert_ptr_equal(&items[i], map_get(&map, items[i].key));
	assert_null(map_get(&map, "key"));
	assert_null(map_get(&map, ""));
	map_free(&map);
	mem_free(items);
}

static void what_was_removed_is_not(void **state)
{
	struct map map = {0};
	struct item *items = mem_alloc(ITEMS * sizeof(*items));
	int left = 0;

	fill(&map, items);
	for (int i = 0; i < ITEMS; i += 2)
		map_remove(&map, &items[i].node);
	map_remove(&map, &items[0].node);
	for (int i = 0; i < ITEMS; i++)
		assert_ptr_equal(i % 2 ? &items[i] : NULL, map_get(&map, items[i].key));
	MAP_EACH(&map, node)
	{
		map_remove(&map, node);
		left++;
	}
	assert_int_equal(ITEMS / 2, left);
	assert_int_equal(0, map.len);
	map_free(&map);
	mem_free(items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_added_is_found),
		cmocka_unit_test(what_was_removed_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
