/* Protects: sealed bytes open only whole, with their key and label, and look alike only in one
 * place. */
#include "unit/check.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/seal.h"

#include <errno.h>
#include <string.h>

struct fixture {
	struct seal_key *key, *other;
	struct buf sealed;
};

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	uint8_t bytes[SEAL_KEY_LEN] = {1};

	f->key = seal_key_new(bytes);
	bytes[31] = 1;
	f->other = seal_key_new(bytes);
	seal_bytes(&f->sealed, f->key, "label", "row 1", "tulips", 6);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	mem_unref(f->key);
	mem_unref(f->other);
	buf_free(&f->sealed);
	mem_free(f);
	return 0;
}

static int open_copy(struct buf *copy, struct seal_key *key, const char *label,
		     const struct buf *sealed, size_t *ret_len)
{
	buf_clear(copy);
	buf_append(copy, sealed->data, sealed->len);
	return seal_open(ret_len, key, label, (uint8_t *)copy->data, copy->len);
}

static void what_was_sealed_opens(void **state)
{
	struct fixture *f = *state;
	struct buf auto_buf copy = {0};
	size_t len = 0;

	assert_int_equal(6 + SEAL_OVERHEAD, f->sealed.len);
	assert_int_equal(0, open_copy(&copy, f->key, "label", &f->sealed, &len));
	assert_int_equal(6, len);
	assert_memory_equal("tulips", copy.data, 6);
	assert_null(memmem(f->sealed.data, f->sealed.len, "tulips", 6));
}

static void nothing_seals_and_opens(void **state)
{
	struct fixture *f = *state;
	struct buf auto_buf sealed = {0};
	size_t len = 9;

	seal_bytes(&sealed, f->key, "label", "", "", 0);
	assert_int_equal(0, seal_open(&len, f->key, "label", (uint8_t *)sealed.data, sealed.len));
	assert_int_equal(0, len);
}

static void every_changed_bit_is_noticed(void **state)
{
	struct fixture *f = *state;

	for (size_t bit = 0; bit < 8 * f->sealed.len; bit++) {
		struct buf auto_buf copy = {0};
		size_t len;

		buf_append(&copy, f->sealed.data, f->sealed.len);
		copy.data[bit / 8] = (char)(copy.data[bit / 8] ^ 1 << bit % 8);
		assert_int_equal(-EBADMSG,
				 seal_open(&len, f->key, "label", (uint8_t *)copy.data, copy.len));
	}
}

static void a_cut_a_wrong_key_and_a_wrong_label_are_refused(void **state)
{
	struct fixture *f = *state;
	struct buf auto_buf copy = {0};
	size_t len;

	assert_int_equal(-EBADMSG, open_copy(&copy, f->other, "label", &f->sealed, &len));
	assert_int_equal(-EBADMSG, open_copy(&copy, f->key, "labels", &f->sealed, &len));
	for (size_t cut = 0; cut < f->sealed.len; cut++)
		assert_int_equal(-EBADMSG,
				 seal_open(&len, f->key, "label", (uint8_t *)f->sealed.data, cut));
}

static void equal_texts_look_alike_in_their_place_only(void **state)
{
	struct fixture *f = *state;
	struct buf auto_buf again = {0}, auto_buf elsewhere = {0};

	seal_bytes(&again, f->key, "label", "row 1", "tulips", 6);
	seal_bytes(&elsewhere, f->key, "label", "row 2", "tulips", 6);
	assert_memory_equal(f->sealed.data, again.data, again.len);
	assert_int_not_equal(0, memcmp(again.data, elsewhere.data, again.len));
}

static void hashes_differ_by_key_and_purpose(void **state)
{
	struct fixture *f = *state;
	uint8_t a[32], b[32], c[32];

	seal_hash(a, f->key, "lookup", "+15550000001", 12);
	seal_hash(b, f->other, "lookup", "+15550000001", 12);
	seal_hash(c, f->key, "proof", "+15550000001", 12);
	assert_int_not_equal(0, memcmp(a, b, sizeof(a)));
	assert_int_not_equal(0, memcmp(a, c, sizeof(a)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_sealed_opens, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_seals_and_opens, setup, teardown),
		cmocka_unit_test_setup_teardown(every_changed_bit_is_noticed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_cut_a_wrong_key_and_a_wrong_label_are_refused,
						setup, teardown),
		cmocka_unit_test_setup_teardown(equal_texts_look_alike_in_their_place_only, setup,
						teardown),
		cmocka_unit_test_setup_teardown(hashes_differ_by_key_and_purpose, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
