/* Intrusive doubly linked list. A node is in one list at a time and knows whether it is in any. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list_node {
	struct list_node *next;
	struct list_node *prev;
	struct list *list; /* NULL when in no list */
	void *data;        /* the object the node is part of */
};

/* All zero is an empty list. */
struct list {
	struct list_node *head;
	struct list_node *tail;
	size_t len;
};

/* The node must be in no list. */
void list_append(struct list *list, struct list_node *node, void *data);
void list_prepend(struct list *list, struct list_node *node, void *data);

/* Take the node out of the list it is in; nothing happens when it is in none. */
void list_remove(struct list_node *node);

/* The first object, taken out; NULL when the list is empty. */
void *list_pop(struct list *list);

/* Walk objects; the current one may be removed or released in the body. */
#define LIST_EACH(list_, node_)                                                                   \
	for (struct list_node *node_ = (list_)->head, *next_##node_ = node_ ? node_->next : NULL; \
	     node_; node_ = next_##node_, next_##node_ = node_ ? node_->next : NULL)
