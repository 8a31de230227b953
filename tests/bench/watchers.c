/*
 * Many dashboards: bench_watchers PORT COUNT opens COUNT WebSockets at /api/v1/live and says
 * "ready" when all are open. Of each durable event, when the last of them has it, it prints
 *
 *	TYPE CALL_ID STATUS P50 P99 LAST
 *
 * the last three being when half, 99 % and all had it: microseconds of CLOCK_MONOTONIC. Ends with
 * its standard input.
 */
#include "core/clock.h"
#include "core/mem.h"
#include "core/str.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_BYTES = 16384, PENDING = 64, NAME_SIZE = 64, MAX_COUNT = 5000 };

struct watcher {
	int fd;
	size_t len;
	unsigned char data[BUFFER_BYTES];
};

/* An event that some have and others do not have yet. */
struct event {
	int64_t seq; /* 0: free */
	int *at_us;  /* since the first had it */
	size_t count;
	int64_t first_us;
	char type[NAME_SIZE], call_id[NAME_SIZE], status[NAME_SIZE];
};

static struct event events[PENDING];
static size_t watcher_count;

static void give_up(const char *what)
{
	perror(what);
	exit(1);
}

/* ---- opening ---- */

static void open_watcher(struct watcher *watcher, uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	char *auto_free text = mem_printf(
		"GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
		port);
	char byte, last[4] = "";

	watcher->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (watcher->fd < 0 || connect(watcher->fd, (struct sockaddr *)&to, sizeof(to)) ||
	    write(watcher->fd, text, strlen(text)) < 0)
		give_up("connect");
	while (memcmp(last, "\r\n\r\n", 4) != 0) {
		if (read(watcher->fd, &byte, 1) != 1)
			give_up("the handshake was refused");
		memmove(last, last + 1, 3);
		last[3] = byte;
	}
}

/* ---- events ---- */

static struct event *find_event(int64_t seq)
{
	struct event *unused = NULL;

	for (size_t i = 0; i < PENDING; i++) {
		if (events[i].seq == seq)
			return &events[i];
		if (!events[i].seq)
			unused = &events[i];
	}
	return unused;
}

/* The string member `key` of a JSON text that has no escapes in it; "-" when there is none. */
static void member(char out[NAME_SIZE], const char *text, const char *key)
{
	char *auto_free wanted = mem_printf("\"%s\":\"", key);
	const char *at = strstr(text, wanted);
	size_t len = 0;

	str_copy(out, NAME_SIZE, "-");
	if (!at)
		return;
	at += strlen(wanted);
	len = strcspn(at, "\"");
	if (len < NAME_SIZE)
		snprintf(out, NAME_SIZE, "%.*s", (int)len, at);
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void print_event(struct event *event)
{
	qsort(event->at_us, event->count, sizeof(*event->at_us), compare);
	printf("%s %s %s %lld %lld %lld\n", event->type, event->call_id, event->status,
	       (long long)(event->first_us + event->at_us[event->count / 2]),
	       (long long)(event->first_us + event->at_us[event->count * 99 / 100]),
	       (long long)(event->first_us + event->at_us[event->count - 1]));
	fflush(stdout);
	event->seq = 0;
	event->count = 0;
}

static void take_text(const char *text, int64_t now_us)
{
	const char *at = strstr(text, "\"seq\":");
	int64_t seq = at ? strtoll(at + 6, NULL, 10) : 0;
	struct event *event =
		seq && !strstr(text, "\"type\":\"counters\"") ? find_event(seq) : NULL;

	if (!event)
		return;
	if (!event->seq) {
		event->seq = seq;
		event->first_us = now_us;
		if (!event->at_us)
			event->at_us = mem_alloc(watcher_count * sizeof(*event->at_us));
		member(event->type, text, "type");
		member(event->call_id, text, "call_id");
		member(event->status, text, "status");
	}
	event->at_us[event->count++] = (int)(now_us - event->first_us);
	if (event->count == watcher_count)
		print_event(event);
}

/* RFC 6455, 5.2; servers do not mask. Returns the bytes of the first frame, 0 when it is not here.
 */
static size_t take_frame(unsigned char *data, size_t len, int64_t now_us)
{
	size_t size = len < 2 ? 0 : data[1] & 0x7f, start = 2;
	unsigned char after;

	if (len < 4)
		return 0;
	if (size == 126) {
		size = (size_t)data[2] << 8 | data[3];
		start = 4;
	}
	if (size == 127 || start + size >= BUFFER_BYTES)
		give_up("a frame is too long");
	if (len < start + size)
		return 0;
	after = data[start + size];
	data[start + size] = '\0';
	if ((data[0] & 0x0f) == 1)
		take_text((const char *)data + start, now_us);
	data[start + size] = after;
	return start + size;
}

static void on_readable(struct watcher *watcher)
{
	ssize_t got = read(watcher->fd, watcher->data + watcher->len,
			   sizeof(watcher->data) - watcher->len - 1);
	int64_t now_us = clock_mono_us();
	size_t used = 0, part;

	if (got <= 0)
		give_up("a socket was closed");
	watcher->len += (size_t)got;
	while ((part = take_frame(watcher->data + used, watcher->len - used, now_us)))
		used += part;
	memmove(watcher->data, watcher->data + used, watcher->len - used);
	watcher->len -= used;
}

int main(int argc, char **argv)
{
	struct epoll_event ready[256], wanted = {.events = EPOLLIN};
	int epoll = epoll_create1(EPOLL_CLOEXEC), count;
	struct watcher *watchers;

	watcher_count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	if (!watcher_count || watcher_count > MAX_COUNT) {
		fprintf(stderr, "usage: bench_watchers PORT COUNT\n");
		return 2;
	}
	watchers = mem_alloc(watcher_count * sizeof(*watchers));
	for (size_t i = 0; i < watcher_count; i++) {
		open_watcher(&watchers[i], (uint16_t)strtoul(argv[1], NULL, 10));
		wanted.data.ptr = &watchers[i];
		epoll_ctl(epoll, EPOLL_CTL_ADD, watchers[i].fd, &wanted);
	}
	wanted.data.ptr = NULL;
	epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &wanted);
	printf("ready\n");
	fflush(stdout);
	while ((count = epoll_wait(epoll, ready, ARRAY_LEN(ready), -1)) > 0)
		for (int i = 0; i < count; i++) {
			if (!ready[i].data.ptr)
				return 0;
			on_readable(ready[i].data.ptr);
		}
	return 0;
}
