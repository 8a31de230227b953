#include "core/list.h"

static void insert(struct list *list, struct list_node *node, struct list_node *prev,
		   struct list_node *next, void *data)
{
	node->data = data;
	node->list = list;
	node->prev = prev;
	node->next = next;
	if (prev)
		prev->next = node;
	else
		list->head = node;
	if (next)
		next->prev = node;
	else
		list->tail = node;
	list->len++;
}

void list_append(struct list *list, struct list_node *node, void *data)
{
	insert(list, node, list->tail, NULL, data);
}

void list_prepend(struct list *list, struct list_node *node, void *data)
{
	insert(list, node, NULL, list->head, data);
}

void list_remove(struct list_node *node)
{
	struct list *list = node->list;

	if (!list)
		return;
	if (node->prev)
		node->prev->next = node->next;
	else
		list->head = node->next;
	if (node->next)
		node->next->prev = node->prev;
	else
		list->tail = node->prev;
	list->len--;
	node->list = NULL;
	node->prev = node->next = NULL;
}

void *list_pop(struct list *list)
{
	struct list_node *node = list->head;

	if (!node)
		return NULL;
	list_remove(node);
	return node->data;
}
