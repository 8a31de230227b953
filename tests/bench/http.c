/*
 * Requests a second of a small JSON GET: server and clients in this process, on one loop and so on
 * one core. CLIENTS connections each send the next request when the answer to the last has come.
 */
#include "core/clock.h"
#include "core/json.h"
#include "core/mem.h"
#include "http/http_server.h"
#include "loop/loop.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum { CLIENTS = 32, SECONDS = 3 };

static const char request[] = "GET /bench HTTP/1.1\r\nHost: localhost\r\n\r\n";

struct peer {
	uv_poll_t poll;
	int fd;
	uint64_t *answers;
};

static void on_get(struct http_request *req, void *arg)
{
	auto_json json_t *body = json_pack("{s:s,s:i}", "status", "ok", "count", 1);

	http_reply_json(req, 200, body);
}

static void on_answer(uv_poll_t *poll, int status, int events)
{
	struct peer *peer = poll->data;
	char block[4096];

	if (recv(peer->fd, block, sizeof(block), 0) <= 0) {
		uv_poll_stop(poll);
		return;
	}
	(*peer->answers)++;
	if (send(peer->fd, request, sizeof(request) - 1, MSG_NOSIGNAL) < 0)
		uv_poll_stop(poll);
}

static int peer_start(struct peer *peer, struct loop *loop, uint16_t port, uint64_t *answers)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	peer->answers = answers;
	peer->poll.data = peer;
	if (connect(peer->fd, (struct sockaddr *)&to, sizeof(to)) ||
	    uv_poll_init_socket(loop_uv(loop), &peer->poll, peer->fd))
		return -1;
	uv_poll_start(&peer->poll, UV_READABLE, on_answer);
	return send(peer->fd, request, sizeof(request) - 1, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

int main(void)
{
	static struct peer peers[CLIENTS];
	struct loop *loop = loop_new();
	struct http_server *server;
	uint64_t answers = 0;
	int64_t started, took;

	if (http_server_new(&server, loop, &(struct http_server_conf){.service = "bench"}))
		return 1;
	http_server_route(server, "GET", "/bench", on_get, NULL);
	for (int i = 0; i < CLIENTS; i++)
		if (peer_start(&peers[i], loop, http_server_port(server), &answers))
			return 1;
	started = clock_mono_us();
	do {
		loop_run_once(loop, 10);
		took = clock_mono_us() - started;
	} while (took < SECONDS * 1000000LL);
	printf("http: %.0f requests/s, small JSON GET, %d connections, server and clients on one "
	       "core\n",
	       (double)answers * 1e6 / (double)took, CLIENTS);
	for (int i = 0; i < CLIENTS; i++) {
		uv_close((uv_handle_t *)&peers[i].poll, NULL);
		close(peers[i].fd);
	}
	mem_unref(server);
	mem_unref(loop);
	return 0;
}
