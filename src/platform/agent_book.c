#include "platform/agent_book.h"

#include "core/list.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/str.h"
#include "loop/loop.h"
#include "platform/store/agent.h"

#include <errno.h>
#include <string.h>

/* Sets of few slots: a name has one set, and takes the oldest slot of it. */
enum { SETS = 512, WAYS = 4 };

struct slot {
	char *tenant_id; /* NULL: free */
	char *name;
	struct agent *agent; /* NULL: the tenant has none */
	uint64_t at_ms;
	bool asking; /* somebody is already looking whether it still holds */
};

struct agent_book {
	struct loop *loop;
	struct db *db;
	const struct agent_set *built_in;
	struct slot slots[SETS][WAYS];
	uint64_t changes; /* agent_book_forget() counts */
	struct list asks;
	struct log log;
};

struct ask {
	struct list_node node;
	struct agent_book *book;
	struct db_request *request;
	char *tenant_id;
	char *name;
	uint64_t changes; /* when it was asked */
	agent_found_h *foundh;
	void *arg;
};

static void ask_destroy(void *data)
{
	struct ask *ask = data;

	list_remove(&ask->node);
	mem_unref(ask->request);
	mem_free(ask->tenant_id);
	mem_free(ask->name);
}

static void slot_clear(struct slot *slot)
{
	mem_free(slot->tenant_id);
	mem_free(slot->name);
	mem_unref(slot->agent);
	*slot = (struct slot){0};
}

static void book_destroy(void *data)
{
	struct agent_book *book = data;
	void *ask;

	while ((ask = list_pop(&book->asks)))
		mem_unref(ask);
	for (size_t i = 0; i < SETS; i++)
		for (size_t k = 0; k < WAYS; k++)
			slot_clear(&book->slots[i][k]);
}

struct agent_book *agent_book_new(struct loop *loop, struct db *db, const struct agent_set *set)
{
	struct agent_book *book = mem_new(sizeof(*book), book_destroy);

	book->loop = loop;
	book->db = db;
	book->built_in = set;
	log_init(&book->log, "agent", NULL);
	return book;
}

/* ---- slots ---- */

/* FNV-1a */
static uint32_t hash(uint32_t h, const char *text)
{
	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 16777619u;
	return h;
}

static struct slot *set_of(struct agent_book *book, const char *tenant_id, const char *name)
{
	return book->slots[hash(hash(2166136261u, tenant_id) * 16777619u, name) % SETS];
}

static struct slot *find(struct agent_book *book, const char *tenant_id, const char *name)
{
	struct slot *set = set_of(book, tenant_id, name);

	for (size_t i = 0; i < WAYS; i++)
		if (set[i].tenant_id && str_equal(set[i].tenant_id, tenant_id) &&
		    str_equal(set[i].name, name))
			return &set[i];
	return NULL;
}

static void keep(struct agent_book *book, const struct ask *ask, struct agent *agent)
{
	struct slot *slot = find(book, ask->tenant_id, ask->name);
	struct slot *set = set_of(book, ask->tenant_id, ask->name);

	for (size_t i = 0; !slot && i < WAYS; i++)
		if (!set[i].tenant_id)
			slot = &set[i];
	if (!slot) {
		slot = set;
		for (size_t i = 1; i < WAYS; i++)
			if (set[i].at_ms < slot->at_ms)
				slot = &set[i];
	}
	slot_clear(slot);
	slot->tenant_id = mem_strdup(ask->tenant_id);
	slot->name = mem_strdup(ask->name);
	slot->agent = mem_ref(agent);
	slot->at_ms = loop_now_ms(book->loop);
}

int agent_book_find(struct agent **ret_agent, struct agent_book *book, const char *tenant_id,
		    const char *name)
{
	struct slot *slot = find(book, tenant_id, name);
	struct agent *agent;

	/* While one asks again, the others go on with what was known. */
	if (!slot || (loop_now_ms(book->loop) - slot->at_ms >= AGENT_BOOK_TTL_MS && !slot->asking))
		return -EAGAIN;
	agent = slot->agent ? slot->agent : agent_find(book->built_in, name);
	if (!agent)
		return -ENOENT;
	*ret_agent = agent;
	return 0;
}

void agent_book_forget(struct agent_book *book, const char *tenant_id, const char *name)
{
	struct slot *slot = find(book, tenant_id, name);

	book->changes++;
	if (slot)
		slot_clear(slot);
}

/* ---- asking ---- */

/* NULL when nothing is published. A configuration was checked before it was stored. */
static int read_row(struct agent **ret_agent, const struct ask *ask, const struct db_result *result)
{
	const char *text = db_get_text(result, 0, 1);
	auto_json json_t *config = NULL;
	struct agent_fault fault = {0};

	if (!db_rows(result))
		return 0;
	if (text && !json_parse(&config, text, strlen(text), NULL) &&
	    !agent_parse(ret_agent, ask->name, db_get_int(result, 0, 0), config, &fault))
		return 0;
	LOG_ERROR(&ask->book->log, "agent_not_readable", LOG_STR("agent", ask->name),
		  LOG_STR("field", fault.field), LOG_STR("reason", fault.reason));
	return -EIO;
}

static void on_row(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct ask *ask = arg;
	struct agent_book *book = ask->book;
	struct slot *slot = find(book, ask->tenant_id, ask->name);
	struct agent *agent auto_unref = NULL;
	struct agent *found;

	if (slot)
		slot->asking = false;
	if (!err)
		err = read_row(&agent, ask, results[0]);
	if (!err && ask->changes == book->changes)
		keep(book, ask, agent);
	found = agent ? agent : agent_find(book->built_in, ask->name);
	if (!err && !found)
		err = -ENOENT;
	list_remove(&ask->node);
	ask->foundh(err, err ? NULL : found, ask->arg);
	mem_unref(ask);
}

void agent_book_ask(struct agent_book *book, const char *tenant_id, const char *name,
		    agent_found_h *foundh, void *arg)
{
	struct ask *ask = mem_new(sizeof(*ask), ask_destroy);
	struct slot *slot = find(book, tenant_id, name);
	struct batch batch auto_batch = {0};

	ask->book = book;
	ask->tenant_id = mem_strdup(tenant_id);
	ask->name = mem_strdup(name);
	ask->changes = book->changes;
	ask->foundh = foundh;
	ask->arg = arg;
	list_append(&book->asks, &ask->node, ask);
	if (slot)
		slot->asking = true;
	store_agent_published(&batch, ask->tenant_id, ask->name);
	batch_lookup(&batch, &ask->request, book->db, on_row, ask);
}
