#include "sip/play_queue.h"

#include "core/list.h"
#include "core/mem.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

enum item_type { ITEM_AUDIO, ITEM_MARK, ITEM_DIGIT };

struct item {
	struct list_node node;
	enum item_type type;
	uint32_t value; /* the mark, or the digit's length */
	char digit;
	size_t count;
	size_t taken;
	int16_t samples[];
};

struct play_queue {
	pthread_mutex_t lock;
	struct list items;
	size_t samples;
};

static void free_items(struct list *items)
{
	struct item *item;

	while ((item = list_pop(items)))
		mem_free(item);
}

static void queue_destroy(void *data)
{
	struct play_queue *queue = data;

	free_items(&queue->items);
	pthread_mutex_destroy(&queue->lock);
}

struct play_queue *play_queue_new(void)
{
	struct play_queue *queue = mem_new(sizeof(*queue), queue_destroy);

	pthread_mutex_init(&queue->lock, NULL);
	return queue;
}

static int append(struct play_queue *queue, struct item *item)
{
	bool fits;

	pthread_mutex_lock(&queue->lock);
	fits = queue->items.len < PLAY_MAX_ITEMS &&
	       queue->samples + item->count <= PLAY_MAX_SAMPLES;
	if (fits) {
		list_append(&queue->items, &item->node, item);
		queue->samples += item->count;
	}
	pthread_mutex_unlock(&queue->lock);
	if (!fits)
		mem_free(item);
	return fits ? 0 : -ENOBUFS;
}

static struct item *item_new(enum item_type type, size_t count)
{
	struct item *item = mem_alloc(sizeof(*item) + count * sizeof(item->samples[0]));

	item->type = type;
	item->count = count;
	return item;
}

int play_queue_audio(struct play_queue *queue, const int16_t *samples, size_t count)
{
	struct item *item;

	if (!count)
		return 0;
	if (count > PLAY_MAX_SAMPLES)
		return -ENOBUFS;
	item = item_new(ITEM_AUDIO, count);
	memcpy(item->samples, samples, count * sizeof(*samples));
	return append(queue, item);
}

int play_queue_mark(struct play_queue *queue, uint32_t mark)
{
	struct item *item = item_new(ITEM_MARK, 0);

	item->value = mark;
	return append(queue, item);
}

int play_queue_digit(struct play_queue *queue, char digit, uint32_t duration_ms)
{
	struct item *item = item_new(ITEM_DIGIT, 0);

	item->digit = digit;
	item->value = duration_ms;
	return append(queue, item);
}

size_t play_queue_clear(struct play_queue *queue, play_mark_h *markh, void *arg)
{
	struct list items = {NULL};
	struct item *item;
	size_t dropped;

	pthread_mutex_lock(&queue->lock);
	while ((item = list_pop(&queue->items)))
		list_append(&items, &item->node, item);
	dropped = queue->samples;
	queue->samples = 0;
	pthread_mutex_unlock(&queue->lock);

	LIST_EACH(&items, node)
	{
		item = node->data;
		if (item->type == ITEM_MARK)
			markh(item->value, arg);
	}
	free_items(&items);
	return dropped;
}

size_t play_queue_samples(struct play_queue *queue)
{
	size_t samples;

	pthread_mutex_lock(&queue->lock);
	samples = queue->samples;
	pthread_mutex_unlock(&queue->lock);
	return samples;
}

size_t play_queue_peek(struct play_queue *queue, int16_t *out, size_t max)
{
	size_t copied = 0;

	pthread_mutex_lock(&queue->lock);
	LIST_EACH(&queue->items, node)
	{
		const struct item *item = node->data;
		size_t count = item->count - item->taken;

		if (item->type != ITEM_AUDIO)
			continue;
		if (count > max - copied)
			count = max - copied;
		memcpy(out + copied, item->samples + item->taken, count * sizeof(*out));
		copied += count;
	}
	pthread_mutex_unlock(&queue->lock);
	return copied;
}

static void take_audio(struct play_queue *queue, struct item *item, struct play_frame *frame)
{
	size_t room = SIP_FRAME_SAMPLES - frame->count;
	size_t left = item->count - item->taken;
	size_t count = left < room ? left : room;

	memcpy(frame->samples + frame->count, item->samples + item->taken,
	       count * sizeof(item->samples[0]));
	frame->count += count;
	item->taken += count;
	queue->samples -= count;
}

/* Put what the item has into the frame. False when it has to wait for the next frame. */
static bool take_item(struct play_queue *queue, struct item *item, struct play_frame *frame)
{
	switch (item->type) {
	case ITEM_AUDIO:
		if (frame->count == SIP_FRAME_SAMPLES || frame->digit)
			return false;
		take_audio(queue, item, frame);
		return item->taken == item->count;
	case ITEM_MARK:
		/* A mark behind a digit waits until the digit has been sent. */
		if (frame->mark_count == PLAY_FRAME_MARKS || frame->digit)
			return false;
		frame->marks[frame->mark_count++] = item->value;
		return true;
	case ITEM_DIGIT:
		if (frame->count || frame->digit)
			return false;
		frame->digit = item->digit;
		frame->digit_ms = item->value;
		return true;
	}
	return true;
}

void play_queue_take(struct play_queue *queue, struct play_frame *ret_frame)
{
	struct list done = {NULL};

	ret_frame->count = 0;
	ret_frame->digit = '\0';
	ret_frame->mark_count = 0;
	pthread_mutex_lock(&queue->lock);
	LIST_EACH(&queue->items, node)
	{
		struct item *item = node->data;

		if (!take_item(queue, item, ret_frame))
			break;
		list_remove(node);
		list_append(&done, node, item);
	}
	pthread_mutex_unlock(&queue->lock);
	free_items(&done);
}
