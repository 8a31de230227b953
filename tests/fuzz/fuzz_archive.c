/*
 * Protects import: no bytes of an archive make the reader crash, hang or leak, and what it takes
 * for whole has a digest that fits.
 */
#include "core/mem.h"
#include "platform/archive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum archive_line line = ARCHIVE_LINE_TABLE;
	char error[ARCHIVE_ERROR_SIZE];
	FILE *file = size ? fmemopen((void *)data, size, "r") : NULL;
	struct archive_reader *reader;
	int err = 0;

	if (!file)
		return 0;
	reader = archive_reader_new(file);
	while (!err && line != ARCHIVE_LINE_END) {
		auto_json json_t *json = NULL;

		err = archive_next(reader, &line, &json, error);
		if (!err && (line == ARCHIVE_LINE_END) != (json == NULL))
			__builtin_trap();
	}
	mem_unref(reader);
	fclose(file);
	return 0;
}
