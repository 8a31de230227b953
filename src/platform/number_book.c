#include "platform/number_book.h"

#include "core/list.h"
#include "core/map.h"
#include "core/mem.h"
#include "core/str.h"
#include "loop/loop.h"
#include "platform/store/phone_number.h"
#include "platform/store/store.h"

#include <errno.h>

enum { MAX_ENTRIES = 4096 };

struct entry {
	struct map_node node;
	char *key;    /* "TENANT WANTED" */
	char *number; /* NULL: there is none */
	uint64_t at_ms;
};

struct number_book {
	struct loop *loop;
	struct db *db;
	const char *own;
	struct map entries;
	uint64_t changes; /* number_book_forget() counts */
	struct list asks;
};

struct ask {
	struct list_node node;
	struct number_book *book;
	struct db_request *request;
	char *key;
	uint64_t changes; /* when it was asked */
	number_found_h *foundh;
	void *arg;
};

static void entry_destroy(void *data)
{
	struct entry *entry = data;

	mem_free(entry->key);
	mem_free(entry->number);
}

static void clear(struct number_book *book)
{
	MAP_EACH(&book->entries, node)
	{
		mem_unref(node->data);
	}
	map_free(&book->entries);
}

static void ask_destroy(void *data)
{
	struct ask *ask = data;

	list_remove(&ask->node);
	mem_unref(ask->request);
	mem_free(ask->key);
}

static void book_destroy(void *data)
{
	struct number_book *book = data;
	void *ask;

	while ((ask = list_pop(&book->asks)))
		mem_unref(ask);
	clear(book);
}

struct number_book *number_book_new(struct loop *loop, struct db *db, const char *own)
{
	struct number_book *book = mem_new(sizeof(*book), book_destroy);

	book->loop = loop;
	book->db = db;
	book->own = own;
	return book;
}

static char *key_of(const char *tenant_id, const char *wanted)
{
	return mem_printf("%s %s", tenant_id, wanted ? wanted : "");
}

int number_book_find(const char **ret_number, struct number_book *book, const char *tenant_id,
		     const char *wanted)
{
	auto_free char *key = NULL;
	const struct entry *entry;

	if (str_equal(tenant_id, STORE_TENANT) && (!wanted || str_equal(wanted, book->own))) {
		*ret_number = book->own;
		return 0;
	}
	key = key_of(tenant_id, wanted);
	entry = map_get(&book->entries, key);
	if (!entry || loop_now_ms(book->loop) - entry->at_ms >= NUMBER_BOOK_TTL_MS)
		return -EAGAIN;
	if (!entry->number)
		return -ENOENT;
	*ret_number = entry->number;
	return 0;
}

void number_book_forget(struct number_book *book)
{
	book->changes++;
	clear(book);
}

static void keep(struct number_book *book, const char *key, const char *number)
{
	struct entry *entry = map_get(&book->entries, key);

	if (!entry) {
		if (book->entries.len >= MAX_ENTRIES)
			clear(book);
		entry = mem_new(sizeof(*entry), entry_destroy);
		entry->key = mem_strdup(key);
		map_add(&book->entries, &entry->node, entry->key, entry);
	}
	mem_replace_str(&entry->number, number);
	entry->at_ms = loop_now_ms(book->loop);
}

static void on_row(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct ask *ask = arg;
	struct number_book *book = ask->book;
	const char *number = err ? NULL : db_get_text(results[0], 0, 0);

	if (!err && ask->changes == book->changes)
		keep(book, ask->key, number);
	list_remove(&ask->node);
	ask->foundh(err ? err : number ? 0 : -ENOENT, number, ask->arg);
	mem_unref(ask);
}

void number_book_ask(struct number_book *book, const char *tenant_id, const char *wanted,
		     number_found_h *foundh, void *arg)
{
	struct ask *ask = mem_new(sizeof(*ask), ask_destroy);
	struct batch batch auto_batch = {0};

	ask->book = book;
	ask->key = key_of(tenant_id, wanted);
	ask->changes = book->changes;
	ask->foundh = foundh;
	ask->arg = arg;
	list_append(&book->asks, &ask->node, ask);
	store_number_of_tenant(&batch, tenant_id, wanted);
	batch_lookup(&batch, &ask->request, book->db, on_row, ask);
}
