#include "platform/call_limit_book.h"

#include "core/list.h"
#include "core/log.h"
#include "core/map.h"
#include "core/mem.h"
#include "loop/loop.h"
#include "platform/store/call_limit.h"

#include <errno.h>
#include <string.h>

enum { MAX_KEPT = 10000 }; /* beyond it the one looked up first is forgotten */

struct kept {
	struct map_node map_node;
	struct list_node node;
	struct call_limit *limit;
	uint64_t at_ms;
	char tenant_id[];
};

struct call_limit_book {
	struct loop *loop;
	struct db *db;
	struct call_limit *defaults;
	struct map tenants; /* of struct kept */
	struct list order;  /* the same, the oldest first */
	struct list asks;
	uint64_t changes; /* call_limit_book_forget() counts */
	struct log log;
};

struct call_limit_ask {
	struct list_node node;
	struct call_limit_book *book;
	struct db_request *request;
	char *tenant_id;
	uint64_t changes; /* when it was asked */
	call_limit_found_h *foundh;
	void *arg;
};

static void ask_destroy(void *data)
{
	struct call_limit_ask *ask = data;

	list_remove(&ask->node);
	mem_unref(ask->request);
	mem_free(ask->tenant_id);
}

static void forget(struct call_limit_book *book, struct kept *kept)
{
	if (!kept)
		return;
	map_remove(&book->tenants, &kept->map_node);
	list_remove(&kept->node);
	mem_unref(kept->limit);
	mem_free(kept);
}

static void book_destroy(void *data)
{
	struct call_limit_book *book = data;
	void *ask;

	while ((ask = list_pop(&book->asks)))
		mem_unref(ask);
	while (book->order.head)
		forget(book, book->order.head->data);
	map_free(&book->tenants);
	mem_unref(book->defaults);
}

struct call_limit_book *call_limit_book_new(struct loop *loop, struct db *db,
					    struct call_limit *defaults)
{
	struct call_limit_book *book = mem_new(sizeof(*book), book_destroy);

	book->loop = loop;
	book->db = db;
	book->defaults = mem_ref(defaults);
	log_init(&book->log, "call_limit", NULL);
	return book;
}

struct call_limit *call_limit_book_defaults(const struct call_limit_book *book)
{
	return book->defaults;
}

int call_limit_book_find(struct call_limit **ret_limit, struct call_limit_book *book,
			 const char *tenant_id)
{
	struct kept *kept = map_get(&book->tenants, tenant_id);

	if (!kept || loop_now_ms(book->loop) - kept->at_ms >= CALL_LIMIT_TTL_MS)
		return -EAGAIN;
	*ret_limit = kept->limit;
	return 0;
}

void call_limit_book_forget(struct call_limit_book *book, const char *tenant_id)
{
	book->changes++;
	forget(book, map_get(&book->tenants, tenant_id));
}

/* ---- asking ---- */

static void keep(struct call_limit_book *book, const char *tenant_id, struct call_limit *limit)
{
	size_t len = strlen(tenant_id);
	struct kept *kept;

	forget(book, map_get(&book->tenants, tenant_id));
	if (book->order.len >= MAX_KEPT)
		forget(book, book->order.head->data);
	kept = mem_alloc(sizeof(*kept) + len + 1);
	memcpy(kept->tenant_id, tenant_id, len + 1);
	kept->limit = mem_ref(limit);
	kept->at_ms = loop_now_ms(book->loop);
	map_add(&book->tenants, &kept->map_node, kept->tenant_id, kept);
	list_append(&book->order, &kept->node, kept);
}

/* What was stored had been checked; should it not be readable, no call is made by it. */
static int read_row(struct call_limit **ret_limit, const struct call_limit_ask *ask,
		    const struct db_result *result)
{
	const char *text = db_get_text(result, 0, 0), *field = "";
	char reason[CALL_LIMIT_REASON_SIZE] = "it is no JSON";
	auto_json json_t *own = NULL;

	if (!db_rows(result)) {
		*ret_limit = mem_ref(ask->book->defaults);
		return 0;
	}
	if (text && !json_parse(&own, text, strlen(text), NULL) &&
	    !call_limit_parse(ret_limit, ask->book->defaults, own, &field, reason))
		return 0;
	LOG_ERROR(&ask->book->log, "limits_not_readable", LOG_STR("tenant_id", ask->tenant_id),
		  LOG_STR("reason", reason));
	return -EIO;
}

static void on_row(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct call_limit_ask *ask = arg;
	auto_unref struct call_limit *limit = NULL;

	if (!err)
		err = read_row(&limit, ask, results[0]);
	if (!err && ask->changes == ask->book->changes)
		keep(ask->book, ask->tenant_id, limit);
	list_remove(&ask->node);
	ask->foundh(err, limit, ask->arg);
	mem_unref(ask);
}

void call_limit_book_ask(struct call_limit_ask **ret_ask, struct call_limit_book *book,
			 const char *tenant_id, call_limit_found_h *foundh, void *arg)
{
	struct call_limit_ask *ask = mem_new(sizeof(*ask), ask_destroy);
	struct batch batch auto_batch = {0};

	ask->book = book;
	ask->tenant_id = mem_strdup(tenant_id);
	ask->changes = book->changes;
	ask->foundh = foundh;
	ask->arg = arg;
	list_append(&book->asks, &ask->node, ask);
	store_limit_select(&batch, ask->tenant_id);
	batch_lookup(&batch, &ask->request, book->db, on_row, ask);
	if (ret_ask)
		*ret_ask = ask;
}

void call_limit_ask_cancel(struct call_limit_ask *ask)
{
	mem_unref(ask);
}
