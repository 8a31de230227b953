/*
 * Protects import: no bytes of a call_records.json make the reader of files or the check of records
 * crash, hang or leak, and whatever passes the check can be stored and shown.
 */
#include "core/mem.h"
#include "platform/record.h"
#include "platform/record_file.h"
#include "platform/store/store.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static void try_record(const json_t *json)
{
	struct record record auto_record = {0};
	char error[RECORD_ERROR_SIZE];
	size_t next = 0;
	bool last = false;

	if (record_parse(&record, STORE_TENANT, json, error))
		return;
	while (!last) {
		struct batch batch auto_batch = {0};

		last = record_store(&record, &next, &batch);
	}
	json_decref(record_view(record.call, record.transcript, record.summary));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record_file *file auto_unref = NULL;
	char path[32], error[256];
	int fd = memfd_create("records", MFD_CLOEXEC), more = 1;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (record_file_open(&file, path))
		more = 0;
	while (more > 0) {
		json_t *auto_json json = NULL;

		more = record_file_next(file, &json, error);
		if (more > 0)
			try_record(json);
	}
	close(fd);
	return 0;
}
