#include "core/error_line.h"

#include "core/mem.h"
#include "core/metric.h"

#include <pthread.h>
#include <stdbool.h>

enum { MAX_QUEUED = 256 };

static struct {
	pthread_mutex_t lock;
	bool on;
	char *lines[MAX_QUEUED]; /* a ring */
	size_t first, count;
	size_t dropped;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER};

static char *pop(void)
{
	char *line;

	if (!queue.count)
		return NULL;
	line = queue.lines[queue.first];
	queue.first = (queue.first + 1) % MAX_QUEUED;
	queue.count--;
	return line;
}

void error_line_start(void)
{
	pthread_mutex_lock(&queue.lock);
	queue.on = true;
	pthread_mutex_unlock(&queue.lock);
}

void error_line_stop(void)
{
	char *line;

	pthread_mutex_lock(&queue.lock);
	queue.on = false;
	queue.dropped = 0;
	while ((line = pop()))
		mem_free(line);
	pthread_mutex_unlock(&queue.lock);
}

void error_line_add(const char *text)
{
	bool is_dropped = false;

	pthread_mutex_lock(&queue.lock);
	if (queue.on && queue.count < MAX_QUEUED)
		queue.lines[(queue.first + queue.count++) % MAX_QUEUED] = mem_strdup(text);
	else
		is_dropped = queue.on;
	queue.dropped += is_dropped;
	pthread_mutex_unlock(&queue.lock);
	if (is_dropped)
		metric_add(METRIC_ERROR_REPORTS, "dropped", 1);
}

char *error_line_pop(void)
{
	char *line;

	pthread_mutex_lock(&queue.lock);
	line = pop();
	pthread_mutex_unlock(&queue.lock);
	return line;
}

size_t error_line_queued(void)
{
	size_t count;

	pthread_mutex_lock(&queue.lock);
	count = queue.count;
	pthread_mutex_unlock(&queue.lock);
	return count;
}

size_t error_line_dropped(void)
{
	size_t dropped;

	pthread_mutex_lock(&queue.lock);
	dropped = queue.dropped;
	queue.dropped = 0;
	pthread_mutex_unlock(&queue.lock);
	return dropped;
}
