#include "sip/mailbox.h"

#include "core/mem.h"
#include "loop/loop.h"

#include <pthread.h>

struct mailbox {
	struct loop *loop;
	mailbox_h *eventh; /* NULL once closed; loop only */
	void *arg;
	pthread_mutex_t lock;
	struct list events;
	bool posted;
};

static void free_event(struct event *event)
{
	mem_unref(event->leg);
	mem_free(event);
}

static void mailbox_destroy(void *data)
{
	struct mailbox *mailbox = data;
	struct event *event;

	while ((event = list_pop(&mailbox->events)))
		free_event(event);
	pthread_mutex_destroy(&mailbox->lock);
}

struct mailbox *mailbox_new(struct loop *loop, mailbox_h *eventh, void *arg)
{
	struct mailbox *mailbox = mem_new(sizeof(*mailbox), mailbox_destroy);

	mailbox->loop = loop;
	mailbox->eventh = eventh;
	mailbox->arg = arg;
	pthread_mutex_init(&mailbox->lock, NULL);
	return mailbox;
}

static struct event *next_event(struct mailbox *mailbox)
{
	struct event *event;

	pthread_mutex_lock(&mailbox->lock);
	event = list_pop(&mailbox->events);
	if (!event)
		mailbox->posted = false;
	pthread_mutex_unlock(&mailbox->lock);
	return event;
}

static void deliver(void *data)
{
	struct mailbox *mailbox = data;
	struct event *event;

	while ((event = next_event(mailbox))) {
		if (mailbox->eventh)
			mailbox->eventh(event, mailbox->arg);
		free_event(event);
	}
	mem_unref(mailbox);
}

void mailbox_put(struct mailbox *mailbox, const struct event *event)
{
	struct event *copy = mem_memdup(event, sizeof(*event));

	mem_ref(copy->leg);
	copy->node = (struct list_node){NULL};
	pthread_mutex_lock(&mailbox->lock);
	list_append(&mailbox->events, &copy->node, copy);
	if (!mailbox->posted)
		loop_post(mailbox->loop, deliver, mem_ref(mailbox));
	mailbox->posted = true;
	pthread_mutex_unlock(&mailbox->lock);
}

void mailbox_close(struct mailbox *mailbox)
{
	mailbox->eventh = NULL;
}
