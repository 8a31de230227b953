#include "platform/recording_file.h"

#include "core/mem.h"
#include "core/seal_file.h"
#include "core/str.h"
#include "platform/vault.h"

#include <errno.h>
#include <stdbool.h>

struct recording_file {
	struct recording_store *store;
	char *place;
	bool is_sealed;
	struct seal_file seal;
	int64_t stored_size;
	int64_t size;
};

static void file_destroy(void *data)
{
	struct recording_file *file = data;

	seal_file_wipe(&file->seal);
	mem_free(file->place);
}

/* ---- opening ---- */

struct opening {
	struct recording_file *file;
	void *op; /* the store's */
	char *tenant_id, *call_id;
	recording_opened_h *openedh;
	void *arg;
};

static void opening_destroy(void *data)
{
	struct opening *opening = data;

	vault_cancel(recording_store_vault(opening->file->store), opening);
	mem_unref(opening->op);
	mem_unref(opening->file);
	mem_free(opening->tenant_id);
	mem_free(opening->call_id);
}

static void opened(struct opening *opening, int err)
{
	struct recording_file *file = err ? NULL : mem_ref(opening->file);

	opening->openedh(err, file, opening->arg);
	mem_unref(file);
}

static int find_key(struct opening *opening)
{
	struct recording_file *file = opening->file;

	return vault_file_open(&file->seal, recording_store_vault(file->store), opening->tenant_id,
			       opening->call_id);
}

static void on_keys(int err, int64_t count, void *arg)
{
	opened(arg, err ? err : find_key(arg));
}

/* What the place says counts: a plain file put where a sealed one lay is no recording. */
static int take_header(struct recording_file *file, const void *data, size_t len, int64_t total)
{
	file->stored_size = file->size = total;
	if (total < 0)
		return -EIO;
	if (!file->is_sealed)
		return 0;
	if (len < SEAL_FILE_HEADER || seal_file_parse(&file->seal, data))
		return -EBADMSG;
	file->size = seal_file_plain_size(total);
	return file->size < 0 ? -EBADMSG : 0;
}

static void on_header(int err, const void *data, size_t len, int64_t total, void *arg)
{
	struct opening *opening = arg;
	struct recording_file *file = opening->file;

	if (!err)
		err = take_header(file, data, len, total);
	if (!err && file->is_sealed)
		err = find_key(opening);
	if (err == -ENOKEY)
		vault_refresh(recording_store_vault(file->store), opening->tenant_id, on_keys,
			      opening);
	else
		opened(opening, err);
}

void recording_open(void **ret_op, struct recording_store *store, const char *tenant_id,
		    const char *call_id, const char *place, recording_opened_h *openedh, void *arg)
{
	struct opening *opening = mem_new(sizeof(*opening), opening_destroy);
	struct recording_file *file = mem_new(sizeof(*file), file_destroy);

	file->store = store;
	file->place = mem_strdup(place);
	file->is_sealed = str_has_suffix(place, RECORDING_SEALED);
	opening->file = file;
	opening->tenant_id = mem_strdup(tenant_id);
	opening->call_id = mem_strdup(call_id);
	opening->openedh = openedh;
	opening->arg = arg;
	*ret_op = opening;
	recording_read_stored(&opening->op, store, place, 0, SEAL_FILE_HEADER, on_header, opening);
}

int64_t recording_file_size(const struct recording_file *file)
{
	return file->size;
}

/* ---- reading ---- */

struct reading {
	struct recording_file *file;
	void *op; /* the store's */
	struct seal_file_range range;
	recording_read_h *readh;
	void *arg;
};

static void reading_destroy(void *data)
{
	struct reading *reading = data;

	mem_unref(reading->op);
	mem_unref(reading->file);
}

static void on_sealed(int err, const void *data, size_t len, int64_t total, void *arg)
{
	struct reading *reading = arg;
	const struct recording_file *file = reading->file;
	auto_free uint8_t *out = NULL;

	if (!err && (total != file->stored_size || len != reading->range.len))
		err = -EBADMSG;
	if (!err) {
		out = mem_alloc(len + 1);
		err = seal_file_open(&file->seal, &reading->range, data, out);
	}
	if (err)
		reading->readh(err, NULL, 0, -1, reading->arg);
	else
		reading->readh(0, out + reading->range.skip, reading->range.want, file->size,
			       reading->arg);
}

/* Up to the end of a piece, so that who goes on from there reads none of them twice. */
static size_t to_whole_piece(int64_t offset, size_t len)
{
	size_t rest = (size_t)((offset + (int64_t)len) % SEAL_FILE_PIECE);

	return rest < len ? len - rest : len;
}

void recording_file_read(void **ret_op, struct recording_file *file, int64_t offset, size_t len,
			 recording_read_h *readh, void *arg)
{
	struct reading *reading;

	if (len > RECORDING_MAX_READ)
		len = RECORDING_MAX_READ;
	if (!file->is_sealed) {
		recording_read_stored(ret_op, file->store, file->place, offset, len, readh, arg);
		return;
	}
	if (offset + (int64_t)len < file->size)
		len = to_whole_piece(offset, len);
	reading = mem_new(sizeof(*reading), reading_destroy);
	reading->file = mem_ref(file);
	reading->range = seal_file_range(file->size, offset, len);
	reading->readh = readh;
	reading->arg = arg;
	*ret_op = reading;
	recording_read_stored(&reading->op, file->store, file->place, reading->range.offset,
			      reading->range.len, on_sealed, reading);
}
