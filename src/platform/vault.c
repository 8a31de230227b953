#include "platform/vault.h"

#include "core/buf.h"
#include "core/clock.h"
#include "core/digest.h"
#include "core/encoding.h"
#include "core/list.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/seal_file.h"
#include "core/str.h"
#include "loop/loop.h"
#include "platform/store/data_key.h"
#include "platform/store/store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	KEY_ID_LEN = 8,
	KEY_ID_SIZE = 2 * KEY_ID_LEN + 1,
	TENANT_ID_SIZE = 64,
	BUCKETS = 256,
	MAX_WANTED = 1024,
	OPEN_LIMIT_MS = 10000,
	REFRESH_MS = 30000, /* how long a key made by another process may go unused */
	REWRAP_PAGE = 8,
};

static const char label[] = "voiceai 1";

struct data_key {
	struct list_node by_id;
	struct list_node of_tenant;
	char id[KEY_ID_SIZE];
	uint8_t raw_id[KEY_ID_LEN];
	struct seal_key *key;
};

struct tenant_keys {
	struct list_node node;
	char tenant_id[TENANT_ID_SIZE];
	struct list seals; /* oldest first: the last seals what is new */
	struct data_key *hash;
	uint64_t loaded_ms;
	bool refreshing;
};

/* Somebody who waits until nothing is wanted any more. */
struct waiter {
	struct list_node node;
	vault_done_h *doneh;
	void *arg;
};

/* Something to be read from table data_key: a tenant's keys, or one key. */
struct wanted {
	struct list_node node;
	bool is_key;
	char id[TENANT_ID_SIZE];
};

struct vault {
	struct loop *loop;
	struct db *db;
	struct master_keys masters;
	struct log log;
	struct list keys[BUCKETS];    /* of struct data_key, by id */
	struct list tenants[BUCKETS]; /* of struct tenant_keys */
	struct list wanted;           /* the first is under way */
	struct list waiters;
	char missed[KEY_ID_SIZE]; /* by open() */
	struct db_request *request;
	int err; /* of the fetches since the last time that nothing was wanted */
	char foreign[MASTER_KEY_ID_SIZE]; /* a master key that was needed and is not ours */
};

/* ---- keys in memory ---- */

static struct list *bucket_of_key(struct vault *vault, const uint8_t id[KEY_ID_LEN])
{
	return &vault->keys[id[0] % BUCKETS];
}

static struct list *bucket_of_tenant(struct vault *vault, const char *tenant_id)
{
	uint32_t hash = 2166136261u;

	for (const char *c = tenant_id; *c; c++)
		hash = (hash ^ (uint8_t)*c) * 16777619u;
	return &vault->tenants[hash % BUCKETS];
}

static struct data_key *find_key(struct vault *vault, const uint8_t id[KEY_ID_LEN])
{
	LIST_EACH(bucket_of_key(vault, id), node)
	{
		struct data_key *key = node->data;

		if (!memcmp(key->raw_id, id, KEY_ID_LEN))
			return key;
	}
	return NULL;
}

static struct tenant_keys *find_tenant(struct vault *vault, const char *tenant_id)
{
	LIST_EACH(bucket_of_tenant(vault, tenant_id), node)
	{
		struct tenant_keys *tenant = node->data;

		if (str_equal(tenant->tenant_id, tenant_id))
			return tenant;
	}
	return NULL;
}

static void key_destroy(void *data)
{
	struct data_key *key = data;

	mem_unref(key->key);
}

static struct tenant_keys *need_tenant(struct vault *vault, const char *tenant_id)
{
	struct tenant_keys *tenant = find_tenant(vault, tenant_id);

	if (tenant)
		return tenant;
	tenant = mem_new(sizeof(*tenant), NULL);
	str_copy(tenant->tenant_id, sizeof(tenant->tenant_id), tenant_id);
	list_append(bucket_of_tenant(vault, tenant_id), &tenant->node, tenant);
	return tenant;
}

static const struct master_key *find_master(const struct vault *vault, const char *id)
{
	for (size_t i = 0; i < vault->masters.count; i++)
		if (str_equal(vault->masters.keys[i].id, id))
			return &vault->masters.keys[i];
	return NULL;
}

/* What a wrapped key is bound to: it cannot be passed off as another tenant's. */
static char *wrap_label(const char *id, const char *tenant_id, const char *purpose)
{
	return mem_printf("voiceai data key %s %s %s", purpose, tenant_id, id);
}

static int unwrap(const struct vault *vault, struct seal_key **ret_key,
		  const struct data_key_row *row)
{
	const struct master_key *master = find_master(vault, row->master);
	auto_free char *bound = wrap_label(row->id, row->tenant_id, row->purpose);
	struct buf auto_buf bytes = {0};
	size_t len;

	if (!master)
		return -EACCES;
	if (base64_decode(&bytes, row->wrapped, strlen(row->wrapped)) ||
	    seal_open(&len, master->key, bound, (uint8_t *)bytes.data, bytes.len) ||
	    len != SEAL_KEY_LEN)
		return -EBADMSG;
	*ret_key = seal_key_new((const uint8_t *)bytes.data);
	explicit_bzero(bytes.data, bytes.cap);
	return 0;
}

static struct data_key_row row_of(const struct db_result *result, size_t row)
{
	return (struct data_key_row){
		.id = db_get_text(result, row, 0),
		.tenant_id = db_get_text(result, row, 1),
		.purpose = db_get_text(result, row, 2),
		.wrapped = db_get_text(result, row, 3),
		.master = db_get_text(result, row, 4),
		.created_at = db_get_int(result, row, 5),
	};
}

/* Rows come oldest first, so the newest of a tenant is the last of its list. */
static int take_row(struct vault *vault, const struct data_key_row *row)
{
	struct tenant_keys *tenant = need_tenant(vault, row->tenant_id);
	uint8_t raw_id[KEY_ID_LEN];
	struct data_key *key;
	int err;

	if (hex_decode(raw_id, sizeof(raw_id), row->id, strlen(row->id)))
		return -EBADMSG;
	if (find_key(vault, raw_id))
		return 0;
	key = mem_new(sizeof(*key), key_destroy);
	err = unwrap(vault, &key->key, row);
	if (err) {
		if (err == -EACCES)
			str_copy(vault->foreign, sizeof(vault->foreign), row->master);
		LOG_ERROR(&vault->log, "data_key_not_opened", LOG_STR("key_id", row->id),
			  LOG_STR("master_key_id", row->master), LOG_ERR(err));
		mem_unref(key);
		return err;
	}
	str_copy(key->id, sizeof(key->id), row->id);
	memcpy(key->raw_id, raw_id, sizeof(raw_id));
	list_append(bucket_of_key(vault, raw_id), &key->by_id, key);
	if (str_equal(row->purpose, "hash"))
		tenant->hash = key;
	else
		list_append(&tenant->seals, &key->of_tenant, key);
	return 0;
}

static bool is_complete(const struct tenant_keys *tenant)
{
	return tenant && tenant->hash && tenant->seals.tail;
}

/* ---- making keys ---- */

static void add_new_key(struct vault *vault, struct batch *batch, const char *tenant_id,
			const char *purpose)
{
	const struct master_key *master = &vault->masters.keys[0];
	char *id = mem_alloc(KEY_ID_SIZE);
	struct data_key_row row = {.id = batch_own(batch, id),
				   .tenant_id = tenant_id,
				   .purpose = purpose,
				   .master = master->id,
				   .created_at = clock_wall_us()};
	struct buf auto_buf sealed = {0}, text = {0};
	auto_free char *bound = NULL;
	uint8_t bytes[SEAL_KEY_LEN];

	random_hex(id, KEY_ID_SIZE - 1);
	random_bytes(bytes, sizeof(bytes));
	bound = wrap_label(id, tenant_id, purpose);
	seal_bytes(&sealed, master->key, bound, "", bytes, sizeof(bytes));
	explicit_bzero(bytes, sizeof(bytes));
	base64_encode(&text, sealed.data, sealed.len);
	row.wrapped = batch_own(batch, buf_steal(&text));
	store_data_key_insert(batch, &row);
}

/* ---- fetching, one at a time ---- */

static void fetch_next(struct vault *vault);

static void wanted_done(struct vault *vault, int err)
{
	int worst;

	if (err && !vault->err)
		vault->err = err;
	mem_unref(list_pop(&vault->wanted));
	if (vault->wanted.head) {
		fetch_next(vault);
		return;
	}
	worst = vault->err;
	vault->err = 0;
	mem_ref(vault); /* a handler may drop the last other one */
	for (size_t left = vault->waiters.len; left > 0 && vault->waiters.head; left--) {
		struct waiter *waiter = list_pop(&vault->waiters);

		waiter->doneh(worst, 0, waiter->arg);
		mem_unref(waiter);
	}
	if (vault->db)
		db_vault_fetched(vault->db, worst);
	mem_unref(vault);
}

static int take_rows(struct vault *vault, const struct db_result *result)
{
	int err = 0;

	for (size_t i = 0; i < db_rows(result); i++) {
		struct data_key_row row = row_of(result, i);
		int failed = take_row(vault, &row);

		err = err ? err : failed;
	}
	return err;
}

static void create_for(struct vault *vault, const char *tenant_id);

static void on_fetched(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct vault *vault = arg;
	const struct wanted *wanted = vault->wanted.head->data;
	struct tenant_keys *tenant;

	vault->request = mem_unref(vault->request);
	for (size_t i = 0; !err && i < 3; i++)
		if (db_rows(results[i]))
			err = take_rows(vault, results[i]);
	if (err || wanted->is_key) {
		wanted_done(vault, err);
		return;
	}
	tenant = need_tenant(vault, wanted->id);
	tenant->loaded_ms = loop_now_ms(vault->loop);
	tenant->refreshing = false;
	if (is_complete(tenant))
		wanted_done(vault, 0);
	else
		create_for(vault, wanted->id);
}

static void run_fetch(struct vault *vault, struct batch *batch)
{
	/* on_fetched() looks at three results, whichever of them has rows. */
	while (batch->count < 3)
		store_data_key_by_id(batch, "");
	batch_run(batch, &vault->request, vault->db, on_fetched, vault);
}

/* Another process may do the same now: one hash key stays, and any seal key will do. */
static void create_for(struct vault *vault, const char *tenant_id)
{
	struct tenant_keys *tenant = need_tenant(vault, tenant_id);
	struct batch batch auto_batch = {0};

	if (!tenant->hash)
		add_new_key(vault, &batch, tenant_id, "hash");
	if (!tenant->seals.tail)
		add_new_key(vault, &batch, tenant_id, "seal");
	store_data_key_of_tenant(&batch, tenant_id);
	run_fetch(vault, &batch);
}

static void fetch_next(struct vault *vault)
{
	const struct wanted *wanted = vault->wanted.head->data;
	struct batch batch auto_batch = {0};

	if (wanted->is_key)
		store_data_key_by_id(&batch, wanted->id);
	else
		store_data_key_of_tenant(&batch, wanted->id);
	run_fetch(vault, &batch);
}

static void want(struct vault *vault, const char *id, bool is_key)
{
	struct wanted *wanted;

	LIST_EACH(&vault->wanted, node)
	{
		wanted = node->data;
		if (wanted->is_key == is_key && str_equal(wanted->id, id))
			return;
	}
	if (vault->wanted.len >= MAX_WANTED)
		return;
	wanted = mem_new(sizeof(*wanted), NULL);
	wanted->is_key = is_key;
	str_copy(wanted->id, sizeof(wanted->id), id);
	list_append(&vault->wanted, &wanted->node, wanted);
	if (vault->wanted.len == 1)
		fetch_next(vault);
}

static void vault_fetch(void *arg, const char *tenant_id)
{
	struct vault *vault = arg;

	want(vault, tenant_id ? tenant_id : vault->missed, !tenant_id);
}

void vault_refresh(struct vault *vault, const char *tenant_id, vault_done_h *doneh, void *arg)
{
	struct waiter *waiter = mem_new(sizeof(*waiter), NULL);

	waiter->doneh = doneh;
	waiter->arg = arg;
	list_append(&vault->waiters, &waiter->node, waiter);
	want(vault, tenant_id, false);
}

void vault_cancel(struct vault *vault, const void *arg)
{
	LIST_EACH(&vault->waiters, node)
	{
		struct waiter *waiter = node->data;

		if (waiter->arg != arg)
			continue;
		list_remove(&waiter->node);
		mem_unref(waiter);
	}
}

/* ---- sealing and opening ---- */

static struct tenant_keys *usable(struct vault *vault, const char *tenant_id)
{
	struct tenant_keys *tenant = find_tenant(vault, tenant_id);

	if (!is_complete(tenant))
		return NULL;
	if (!tenant->refreshing && loop_now_ms(vault->loop) - tenant->loaded_ms > REFRESH_MS) {
		tenant->refreshing = true;
		want(vault, tenant_id, false);
	}
	return tenant;
}

static void hash_text(const struct tenant_keys *tenant, const struct db_value *value,
		      struct buf *out)
{
	uint8_t hash[SHA256_LEN];
	char hex[2 * 16 + 1];

	seal_hash(hash, tenant->hash->key, "lookup", value->data, value->len);
	hex_encode(hex, hash, 16);
	buf_append_str(out, hex);
}

static void seal_text(const struct data_key *key, const char *context, const char *text, size_t len,
		      struct buf *out)
{
	struct buf auto_buf bytes = {0};

	buf_append(&bytes, key->raw_id, KEY_ID_LEN);
	seal_bytes(&bytes, key->key, label, context, text, len);
	buf_append_str(out, DB_SEALED_PREFIX);
	base64_encode(out, bytes.data, bytes.len);
}

static int vault_seal(void *arg, const struct db_value *value, struct buf *out)
{
	struct vault *vault = arg;
	struct tenant_keys *tenant = usable(vault, value->tenant_id);

	if (!tenant)
		return -ENOKEY;
	if (value->secrecy == DB_HASHED)
		hash_text(tenant, value, out);
	else
		seal_text(tenant->seals.tail->data, value->context, value->len ? value->data : "",
			  value->len, out);
	return 0;
}

static int vault_open_text(void *arg, const char *text, size_t len, struct buf *out)
{
	struct vault *vault = arg;
	size_t skip = strlen(DB_SEALED_PREFIX), plain;
	struct buf auto_buf bytes = {0};
	const struct data_key *key;
	uint8_t *data;

	if (base64_decode(&bytes, text + skip, len - skip) ||
	    bytes.len < KEY_ID_LEN + SEAL_OVERHEAD)
		return -EBADMSG;
	data = (uint8_t *)bytes.data;
	key = find_key(vault, data);
	if (!key) {
		hex_encode(vault->missed, data, KEY_ID_LEN);
		return -ENOKEY;
	}
	if (seal_open(&plain, key->key, label, data + KEY_ID_LEN, bytes.len - KEY_ID_LEN))
		return -EBADMSG;
	buf_append(out, data + KEY_ID_LEN, plain);
	return 0;
}

char *vault_open_stored(struct vault *vault, const char *stored)
{
	struct buf auto_buf plain = {0};

	if (!stored || !str_has_prefix(stored, DB_SEALED_PREFIX) ||
	    vault_open_text(vault, stored, strlen(stored), &plain))
		return mem_strdup(stored);
	return mem_strdup(buf_str(&plain));
}

int vault_prove(char out[65], struct vault *vault, const char *tenant_id, const char *text)
{
	struct tenant_keys *tenant = find_tenant(vault, tenant_id);
	uint8_t hash[SHA256_LEN];

	if (!is_complete(tenant))
		return -ENOKEY;
	seal_hash(hash, tenant->hash->key, "proof", text, strlen(text));
	hex_encode(out, hash, sizeof(hash));
	return 0;
}

char *vault_reseal(struct vault *vault, const char *tenant_id, const char *context,
		   const char *stored)
{
	struct tenant_keys *tenant = find_tenant(vault, tenant_id);
	struct buf auto_buf plain = {0}, sealed = {0};
	const char *text = stored;

	if (!is_complete(tenant))
		return NULL;
	if (str_has_prefix(stored, DB_SEALED_PREFIX)) {
		if (vault_open_text(vault, stored, strlen(stored), &plain))
			return NULL;
		text = buf_str(&plain);
	}
	seal_text(tenant->seals.tail->data, context, text, strlen(text), &sealed);
	return str_equal(buf_str(&sealed), stored) ? NULL : buf_steal(&sealed);
}

int vault_file_new(struct seal_file *ret_file, struct vault *vault, const char *tenant_id,
		   const char *of)
{
	const struct tenant_keys *tenant = usable(vault, tenant_id);
	const struct data_key *key = tenant ? tenant->seals.tail->data : NULL;

	if (!key)
		return -ENOKEY;
	seal_file_new(ret_file, key->key, key->raw_id, of);
	return 0;
}

int vault_file_open(struct seal_file *file, struct vault *vault, const char *tenant_id,
		    const char *of)
{
	struct tenant_keys *tenant = find_tenant(vault, tenant_id);

	if (!tenant)
		return -ENOKEY;
	LIST_EACH(&tenant->seals, node)
	{
		const struct data_key *key = node->data;

		if (memcmp(key->raw_id, file->key_id, KEY_ID_LEN) != 0)
			continue;
		seal_file_set_key(file, key->key, of);
		return 0;
	}
	return -ENOKEY;
}

static const struct db_vault functions = {vault_seal, vault_open_text, vault_fetch};

/* ---- changing keys ---- */

struct change {
	struct vault *vault;
	int64_t count;
	vault_done_h *doneh;
	void *arg;
};

static void change_done(struct change *change, int err)
{
	change->doneh(err, change->count, change->arg);
	mem_unref(change);
}

static struct change *change_new(struct vault *vault, vault_done_h *doneh, void *arg)
{
	struct change *change = mem_new(sizeof(*change), NULL);

	change->vault = vault;
	change->doneh = doneh;
	change->arg = arg;
	return change;
}

static void on_rotated(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct change *change = arg;

	if (!err)
		err = take_rows(change->vault, results[1]);
	change->count = err ? 0 : 1;
	change_done(change, err);
}

void vault_rotate(struct vault *vault, const char *tenant_id, vault_done_h *doneh, void *arg)
{
	struct batch batch auto_batch = {0};

	add_new_key(vault, &batch, tenant_id, "seal");
	store_data_key_of_tenant(&batch, tenant_id);
	batch_run(&batch, NULL, vault->db, on_rotated, change_new(vault, doneh, arg));
}

static void rewrap_page(struct change *change);

static void on_rewrapped(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct change *change = arg;

	if (err)
		change_done(change, err);
	else
		rewrap_page(change);
}

static int rewrap_row(struct vault *vault, struct batch *batch, const struct data_key_row *row)
{
	const struct master_key *old = find_master(vault, row->master);
	const struct master_key *master = &vault->masters.keys[0];
	auto_free char *bound = wrap_label(row->id, row->tenant_id, row->purpose);
	struct buf auto_buf bytes = {0}, sealed = {0}, text = {0};
	size_t len;

	if (!old)
		return -EACCES;
	if (base64_decode(&bytes, row->wrapped, strlen(row->wrapped)) ||
	    seal_open(&len, old->key, bound, (uint8_t *)bytes.data, bytes.len))
		return -EBADMSG;
	seal_bytes(&sealed, master->key, bound, "", bytes.data, len);
	explicit_bzero(bytes.data, bytes.cap);
	base64_encode(&text, sealed.data, sealed.len);
	store_data_key_wrap(batch, row->id, batch_own(batch, buf_steal(&text)), master->id);
	return 0;
}

static void on_foreign(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct change *change = arg;
	struct batch batch auto_batch = {0};
	size_t rows = err ? 0 : db_rows(results[0]);

	for (size_t i = 0; !err && i < rows; i++) {
		struct data_key_row row = row_of(results[0], i);

		err = rewrap_row(change->vault, &batch, &row);
	}
	if (err || !rows) {
		change_done(change, err);
		return;
	}
	change->count += (int64_t)rows;
	batch_run(&batch, NULL, change->vault->db, on_rewrapped, change);
}

static void rewrap_page(struct change *change)
{
	struct batch batch auto_batch = {0};

	store_data_key_foreign(&batch, change->vault->masters.keys[0].id, REWRAP_PAGE);
	batch_run(&batch, NULL, change->vault->db, on_foreign, change);
}

void vault_rewrap(struct vault *vault, vault_done_h *doneh, void *arg)
{
	rewrap_page(change_new(vault, doneh, arg));
}

/* ---- the vault ---- */

static void empty(struct list *list)
{
	void *item;

	while ((item = list_pop(list)))
		mem_unref(item);
}

static void vault_destroy(void *data)
{
	struct vault *vault = data;

	if (vault->db)
		db_set_vault(vault->db, NULL, NULL);
	mem_unref(vault->request);
	empty(&vault->wanted);
	empty(&vault->waiters);
	for (size_t i = 0; i < BUCKETS; i++) {
		empty(&vault->keys[i]);
		empty(&vault->tenants[i]);
	}
	master_keys_free(&vault->masters);
	mem_unref(vault->loop);
}

static int explain(const struct vault *vault, const struct tenant_keys *tenant, char error[256])
{
	if (*vault->foreign) {
		snprintf(error, 256,
			 "MASTER_KEY: the store is sealed under master key %s, this one is %s",
			 vault->foreign, vault->masters.keys[0].id);
		return -EACCES;
	}
	if (is_complete(tenant))
		return 0;
	snprintf(error, 256, "the keys of the store cannot be read");
	return -EIO;
}

int vault_open(struct vault **ret_vault, struct loop *loop, struct db *db,
	       const struct master_keys *masters, char error[256])
{
	struct vault *vault = mem_new(sizeof(*vault), vault_destroy);
	int64_t until_us = clock_mono_us() + OPEN_LIMIT_MS * 1000ll;
	int err;

	vault->loop = mem_ref(loop);
	vault->db = db;
	vault->masters = *masters;
	for (size_t i = 0; i < masters->count; i++)
		mem_ref(masters->keys[i].key);
	log_init(&vault->log, "vault", NULL);
	db_set_vault(db, &functions, vault);
	want(vault, STORE_TENANT, false);
	while (vault->wanted.len && clock_mono_us() < until_us)
		loop_run_once(loop, 50);
	err = explain(vault, find_tenant(vault, STORE_TENANT), error);
	if (err)
		mem_unref(vault);
	else
		*ret_vault = vault;
	return err;
}

int vault_attach(struct vault **ret_vault, struct loop *loop, struct db *db,
		 const struct settings *settings, char error[256])
{
	struct master_keys auto_master_keys masters = {0};
	int err = master_keys_load(&masters, settings, error);

	return err ? err : vault_open(ret_vault, loop, db, &masters, error);
}
