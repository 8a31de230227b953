#include "platform/cost_book.h"

#include "core/list.h"
#include "core/log.h"
#include "core/mem.h"
#include "platform/store/call_limit.h"
#include "platform/store/cost.h"

#include <errno.h>

enum { MAX_TRIES = 8 };

struct cost_book {
	struct db *db;
	const struct cost_rates *rates;
	struct list notes; /* under way */
};

struct note {
	struct list_node node;
	struct cost_book *book;
	struct db_request *request;
	char *tenant_id;
	char *call_id;
	struct cost_fact fact;
	int tries;
	cost_noted_h *doneh;
	void *arg;
};

static void note_destroy(void *data)
{
	struct note *note = data;

	list_remove(&note->node);
	mem_unref(note->request);
	mem_free(note->tenant_id);
	mem_free(note->call_id);
}

static void note_finish(struct note *note, int err)
{
	struct log log;

	list_remove(&note->node);
	if (err && err != -ENOENT) {
		log_init(&log, "cost", note->call_id);
		LOG_WARN(&log, "cost_not_noted", LOG_ERR(err));
	}
	if (note->doneh)
		note->doneh(err, note->arg);
	mem_unref(note);
}

/* What the fact makes of what is known. Returns false when it is no better. */
static bool weigh(const struct note *note, const struct cost_part *known,
		  struct cost_part *ret_part)
{
	const struct cost_fact *fact = &note->fact;
	const struct cost_rates *rates = note->book->rates;
	struct cost_part part = {.source = fact->source, .quantity = fact->quantity};

	if (fact->source < known->source)
		return false;
	if (fact->component == COST_ANALYSIS) {
		part.quantity += known->quantity;
		part.micros = cost_of_tokens(rates, part.quantity);
	} else if (fact->source == COST_BY_PRICE) {
		part.micros = fact->micros;
	} else if (fact->component == COST_TELEPHONY) {
		part.micros = cost_of_telephony(rates, part.quantity);
	} else {
		part.micros = cost_of_voice_ai(rates, part.quantity);
	}
	*ret_part = part;
	return part.micros != known->micros || part.quantity != known->quantity ||
	       part.source != known->source;
}

static void load(struct note *note);

static void on_replaced(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct note *note = arg;

	/* Somebody else was faster: look at what is known now. */
	if (err == -EAGAIN && ++note->tries < MAX_TRIES)
		load(note);
	else
		note_finish(note, err == -EAGAIN ? -EBUSY : err);
}

static void on_loaded(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct note *note = arg;
	enum cost_component component = note->fact.component;
	struct batch batch auto_batch = {0};
	struct cost_part part;
	struct cost known;
	int64_t ended_at;

	if (!err && !store_cost_load(&known, &ended_at, results[0], 0, 0))
		err = -ENOENT;
	if (err || !weigh(note, &known.parts[component], &part)) {
		note_finish(note, err);
		return;
	}
	store_cost_replace(&batch, note->tenant_id, note->call_id, ended_at, &known, component,
			   &part);
	store_usage_correct(&batch, note->tenant_id, results[1],
			    part.micros - known.parts[component].micros);
	note->request = mem_unref(note->request);
	batch_run(&batch, &note->request, note->book->db, on_replaced, note);
}

static void load(struct note *note)
{
	struct batch batch auto_batch = {0};

	store_cost_select(&batch, note->tenant_id, note->call_id);
	store_usage_of_call(&batch, note->tenant_id, note->call_id);
	note->request = mem_unref(note->request);
	batch_run(&batch, &note->request, note->book->db, on_loaded, note);
}

void cost_book_note(struct cost_book *book, const char *tenant_id, const char *call_id,
		    const struct cost_fact *fact, cost_noted_h *doneh, void *arg)
{
	struct note *note = mem_new(sizeof(*note), note_destroy);

	note->book = book;
	note->tenant_id = mem_strdup(tenant_id);
	note->call_id = mem_strdup(call_id);
	note->fact = *fact;
	note->doneh = doneh;
	note->arg = arg;
	list_append(&book->notes, &note->node, note);
	load(note);
}

static void book_destroy(void *data)
{
	struct cost_book *book = data;
	void *note;

	while ((note = list_pop(&book->notes)))
		mem_unref(note);
}

struct cost_book *cost_book_new(struct db *db, const struct cost_rates *rates)
{
	struct cost_book *book = mem_new(sizeof(*book), book_destroy);

	book->db = db;
	book->rates = rates;
	return book;
}
