/* Sealed texts and files from a database or disk that somebody else has written to. */
#include "core/buf.h"
#include "core/master_key.h"
#include "core/mem.h"
#include "core/safe.h"
#include "core/seal_file.h"
#include "core/setting.h"

#include <stdlib.h>
#include <string.h>

#define MASTER_KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static void try_text(const uint8_t *data, size_t size)
{
	static const uint8_t bytes[SEAL_KEY_LEN] = {1};
	auto_unref struct seal_key *key = seal_key_new(bytes);
	auto_free uint8_t *copy = mem_memdup(data, size ? size : 1);
	size_t len;

	if (!seal_open(&len, key, "label", copy, size))
		abort(); /* nobody can make one without the key */
}

/* Whatever length a store says a file has, what is asked of it lies within it. */
static void try_range(const struct seal_file *file, const uint8_t *data, size_t size,
		      int64_t offset, size_t len)
{
	int64_t plain_size = seal_file_plain_size((int64_t)size);
	struct seal_file_range range;
	auto_free uint8_t *out = NULL;

	if (plain_size < 0)
		return;
	range = seal_file_range(plain_size, offset, len);
	if (range.offset + (int64_t)range.len > (int64_t)size || range.want > len ||
	    range.skip + range.want > range.len)
		abort();
	out = mem_alloc(range.len + 1);
	if (!seal_file_open(file, &range, data + range.offset, out) && range.len)
		abort(); /* nobody can make one without the key */
}

static void try_file(const uint8_t *data, size_t size)
{
	struct seal_file file;

	if (size < SEAL_FILE_HEADER)
		return;
	(void)seal_file_parse(&file, data);
	file = (struct seal_file){{1}};
	try_range(&file, data, size, 0, 1000);
	try_range(&file, data, size, size / 2, SEAL_FILE_PIECE);
	try_range(&file, data, size, SEAL_FILE_PIECE - 1, SIZE_MAX / 4);
}

static void try_safe(const uint8_t *data, size_t size)
{
	static struct safe *safe;
	struct settings settings = {.master_key = MASTER_KEY,
				    .master_key_file = "",
				    .master_key_command = "",
				    .master_key_also = ""};
	struct buf auto_buf out = {0};
	char error[256];

	if (!safe && safe_open(&safe, &settings, "fuzz", error))
		abort();
	if (!safe_unseal(safe, (const char *)data, size, &out) &&
	    (out.len != size || safe_is_current(safe, (const char *)data, size)))
		abort(); /* only plain texts come out */
}

static void try_master_key(const uint8_t *data, size_t size)
{
	auto_free char *text = mem_strndup((const char *)data, size);
	struct master_key key;

	if (!master_key_parse(&key, text))
		mem_unref(key.key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_text(data, size);
	try_file(data, size);
	try_safe(data, size);
	try_master_key(data, size);
	return 0;
}
