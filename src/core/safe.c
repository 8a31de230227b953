#include "core/safe.h"

#include "core/buf.h"
#include "core/digest.h"
#include "core/encoding.h"
#include "core/master_key.h"
#include "core/mem.h"
#include "core/safe_priv.h"
#include "core/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* s1.MASTER_KEY_ID.BASE64 */
#define PREFIX "s1."

static const char label[] = "voiceai safe 1";

enum { ID_LEN = MASTER_KEY_ID_SIZE - 1, HEAD_LEN = sizeof(PREFIX) - 1 + ID_LEN + 1 };

/* As master_keys: the first seals. */
struct safe {
	struct master_key keys[MASTER_KEY_MAX];
	size_t count;
};

static void safe_destroy(void *data)
{
	struct safe *safe = data;

	for (size_t i = 0; i < safe->count; i++)
		mem_unref(safe->keys[i].key);
}

static struct seal_key *derive(const struct seal_key *master, const char *purpose)
{
	uint8_t bytes[SHA256_LEN];
	struct seal_key *key;

	seal_hash(bytes, master, "safe", purpose, strlen(purpose));
	key = seal_key_new(bytes);
	explicit_bzero(bytes, sizeof(bytes));
	return key;
}

int safe_open(struct safe **ret_safe, const struct settings *settings, const char *purpose,
	      char error[256])
{
	struct master_keys masters auto_master_keys = {0};
	int err = master_keys_load(&masters, settings, error);
	struct safe *safe;

	if (err)
		return err;
	safe = mem_new(sizeof(*safe), safe_destroy);
	for (; safe->count < masters.count; safe->count++) {
		struct master_key *key = &safe->keys[safe->count];

		str_copy(key->id, sizeof(key->id), masters.keys[safe->count].id);
		key->key = derive(masters.keys[safe->count].key, purpose);
	}
	*ret_safe = safe;
	return 0;
}

void safe_seal(struct safe *safe, const char *text, size_t len, struct buf *out)
{
	struct buf auto_buf sealed = {0};

	seal_bytes(&sealed, safe->keys[0].key, label, "", text, len);
	buf_printf(out, PREFIX "%s.", safe->keys[0].id);
	base64_encode(out, sealed.data, sealed.len);
}

static bool is_sealed(const char *text, size_t len)
{
	return len >= HEAD_LEN && !memcmp(text, PREFIX, sizeof(PREFIX) - 1) &&
	       text[HEAD_LEN - 1] == '.';
}

static struct seal_key *find(const struct safe *safe, const char *text)
{
	for (size_t i = 0; i < safe->count; i++)
		if (!memcmp(text + sizeof(PREFIX) - 1, safe->keys[i].id, ID_LEN))
			return safe->keys[i].key;
	return NULL;
}

int safe_unseal(struct safe *safe, const char *text, size_t len, struct buf *out)
{
	struct buf auto_buf bytes = {0};
	struct seal_key *key;
	size_t plain;

	if (!is_sealed(text, len)) {
		buf_append(out, text, len);
		return 0;
	}
	key = find(safe, text);
	if (!key)
		return -ENOKEY;
	if (base64_decode(&bytes, text + HEAD_LEN, len - HEAD_LEN) ||
	    seal_open(&plain, key, label, (uint8_t *)bytes.data, bytes.len))
		return -EBADMSG;
	buf_append(out, bytes.data, plain);
	return 0;
}

bool safe_is_current(const struct safe *safe, const char *text, size_t len)
{
	return is_sealed(text, len) && find(safe, text) == safe->keys[0].key;
}

/* ---- files ---- */

static void raw_id(uint8_t out[SEAL_FILE_KEY_ID], const struct master_key *key)
{
	if (hex_decode(out, SEAL_FILE_KEY_ID, key->id, ID_LEN))
		abort();
}

void safe_file_key_new(const struct safe *safe, struct seal_file *ret_seal, const char *name)
{
	uint8_t id[SEAL_FILE_KEY_ID];

	raw_id(id, &safe->keys[0]);
	seal_file_new(ret_seal, safe->keys[0].key, id, name);
}

int safe_file_key_find(const struct safe *safe, struct seal_file *seal, const char *name)
{
	uint8_t id[SEAL_FILE_KEY_ID];

	for (size_t i = 0; safe && i < safe->count; i++) {
		raw_id(id, &safe->keys[i]);
		if (memcmp(id, seal->key_id, sizeof(id)) != 0)
			continue;
		seal_file_set_key(seal, safe->keys[i].key, name);
		return 0;
	}
	return -ENOKEY;
}
