#include "carrier/call_leg_book.h"

#include "carrier/call_leg.h"
#include "carrier/call_recording.h"
#include "carrier/sid_index.h"
#include "core/mem.h"

struct call_leg_book {
	struct list legs, recordings; /* newest first */
	struct sid_index *legs_by_sid, *recordings_by_sid;
	uint64_t last_number;
};

static void book_destroy(void *data)
{
	struct call_leg_book *book = data;
	struct call_leg *leg;

	while (list_pop(&book->recordings))
		;
	while ((leg = list_pop(&book->legs)))
		mem_unref(leg);
	mem_unref(book->legs_by_sid);
	mem_unref(book->recordings_by_sid);
}

struct call_leg_book *call_leg_book_new(void)
{
	struct call_leg_book *book = mem_new(sizeof(*book), book_destroy);

	book->legs_by_sid = sid_index_new();
	book->recordings_by_sid = sid_index_new();
	return book;
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
	sid_index_add(book->legs_by_sid, &leg->entry, leg->sid, leg);
	trim(book);
}

void call_leg_book_remove(struct call_leg_book *book, struct call_leg *leg)
{
	if (leg->node.list != &book->legs)
		return;
	list_remove(&leg->node);
	sid_index_remove(&leg->entry);
	LIST_EACH(&leg->recordings, node)
	{
		struct call_recording *recording = node->data;

		list_remove(&recording->book_node);
		sid_index_remove(&recording->entry);
	}
	mem_unref(leg);
}

size_t call_leg_book_expire(struct call_leg_book *book, int64_t before_us)
{
	size_t count = 0;

	LIST_EACH(&book->legs, node)
	{
		struct call_leg *leg = node->data;

		if (!call_leg_state_is_terminal(leg->state) || leg->updated_us >= before_us)
			continue;
		call_leg_book_remove(book, leg);
		count++;
	}
	return count;
}

struct call_leg *call_leg_book_find(const struct call_leg_book *book, const char *sid)
{
	struct call_leg *leg = sid_index_find(book->legs_by_sid, sid);

	return leg && !leg->deleted ? leg : NULL;
}

void call_leg_book_add_recording(struct call_leg_book *book, struct call_recording *recording)
{
	recording->number = ++book->last_number;
	list_prepend(&book->recordings, &recording->book_node, recording);
	sid_index_add(book->recordings_by_sid, &recording->entry, recording->sid, recording);
}

struct call_recording *call_leg_book_find_recording(const struct call_leg_book *book,
						    const char *sid)
{
	return sid_index_find(book->recordings_by_sid, sid);
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

void call_leg_book_each_recording(const struct call_leg_book *book, uint64_t before,
				  call_recording_h *recordingh, void *arg)
{
	LIST_EACH(&book->recordings, node)
	{
		struct call_recording *recording = node->data;

		if (!(before && recording->number >= before) && !recordingh(recording, arg))
			return;
	}
}
