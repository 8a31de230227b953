#include "carrier/call_leg_book.h"

#include "carrier/call_leg.h"
#include "core/mem.h"
#include "core/str.h"

struct call_leg_book {
	struct list legs; /* newest first */
	uint64_t last_number;
};

static void book_destroy(void *data)
{
	struct call_leg_book *book = data;
	struct call_leg *leg;

	while ((leg = list_pop(&book->legs)))
		mem_unref(leg);
}

struct call_leg_book *call_leg_book_new(void)
{
	return mem_new(sizeof(struct call_leg_book), book_destroy);
}

/* Forget the oldest that are over. */
static void trim(struct call_leg_book *book)
{
	struct list_node *node = book->legs.tail;

	while (node && book->legs.len > CALL_LEG_BOOK_MAX) {
		struct list_node *prev = node->prev;
		struct call_leg *leg = node->data;

		if (call_leg_state_is_terminal(leg->state))
			call_leg_book_remove(book, leg);
		node = prev;
	}
}

void call_leg_book_add(struct call_leg_book *book, struct call_leg *leg)
{
	leg->number = ++book->last_number;
	list_prepend(&book->legs, &leg->node, mem_ref(leg));
	trim(book);
}

void call_leg_book_remove(struct call_leg_book *book, struct call_leg *leg)
{
	if (leg->node.list != &book->legs)
		return;
	list_remove(&leg->node);
	mem_unref(leg);
}

struct call_leg *call_leg_book_find(const struct call_leg_book *book, const char *sid)
{
	LIST_EACH(&book->legs, node)
	{
		struct call_leg *leg = node->data;

		if (str_equal(leg->sid, sid))
			return leg->deleted ? NULL : leg;
	}
	return NULL;
}

struct call_leg *call_leg_book_find_recording(const struct call_leg_book *book, const char *sid)
{
	LIST_EACH(&book->legs, node)
	{
		struct call_leg *leg = node->data;

		if (*leg->recording.sid && str_equal(leg->recording.sid, sid))
			return str_equal(leg->recording.status, "deleted") ? NULL : leg;
	}
	return NULL;
}

void call_leg_book_each(const struct call_leg_book *book, uint64_t before, call_leg_h *legh,
			void *arg)
{
	LIST_EACH(&book->legs, node)
	{
		struct call_leg *leg = node->data;

		if (leg->deleted || (before && leg->number >= before))
			continue;
		if (!legh(leg, arg))
			return;
	}
}
