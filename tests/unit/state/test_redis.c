/*
 * Protects what does not need a real Redis: its URL, the slots of keys, the redirections of a
 * cluster; and that a Redis which is away, silent or strange holds nobody up: operations are done
 * in this process, and the connection comes back by itself.
 */
#include "core/clock.h"
#include "core/mem.h"
#include "core/str.h"
#include "loop/loop.h"
#include "state/redis_url.h"
#include "state/state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- texts ---- */

static void url_says_where_redis_is(void **state)
{
	struct redis_url url;
	const char *reason;

	assert_int_equal(0, redis_url_parse(&url, "redis://localhost", &reason));
	assert_int_equal(REDIS_SINGLE, url.kind);
	assert_string_equal("localhost", url.hosts[0].host);
	assert_int_equal(6379, url.hosts[0].port);
	assert_int_equal(0, redis_url_parse(&url, "redis://me:p%40ss@[::1]:7000/3", &reason));
	assert_string_equal("me", url.user);
	assert_string_equal("p@ss", url.password);
	assert_string_equal("::1", url.hosts[0].host);
	assert_int_equal(7000, url.hosts[0].port);
	assert_int_equal(3, url.database);
	assert_int_equal(0, redis_url_parse(&url, "redis-sentinel://:x@a,b:7/main/2", &reason));
	assert_int_equal(REDIS_SENTINEL, url.kind);
	assert_int_equal(2, url.host_count);
	assert_int_equal(26379, url.hosts[0].port);
	assert_int_equal(7, url.hosts[1].port);
	assert_string_equal("main", url.primary);
	assert_int_equal(2, url.database);
	assert_int_equal(0, redis_url_parse(&url, "redis-cluster://a:1,b:2,c:3/", &reason));
	assert_int_equal(REDIS_CLUSTER, url.kind);
	assert_int_equal(3, url.host_count);
}

static void bad_url_is_explained(void **state)
{
	static const struct {
		const char *url, *word;
	} cases[] = {
		{"", "must begin"},
		{"http://x", "must begin"},
		{"rediss://x", "no TLS"},
		{"redis://", "not valid"},
		{"redis://a,b", "not valid"},
		{"redis://a:0", "not valid"},
		{"redis://a:65536", "not valid"},
		{"redis://a:+1", "not valid"},
		{"redis://a b", "not valid"},
		{"redis://[::1", "not valid"},
		{"redis://[::1]x", "not valid"},
		{"redis://x@a", "user:password@"},
		{"redis://x:%zz@a", "user:password@"},
		{"redis://x:%00@a", "user:password@"},
		{"redis://a/b", "number"},
		{"redis://a?x", "'?'"},
		{"redis-sentinel://a", "primary is missing"},
		{"redis-sentinel://a/", "primary is missing"},
		{"redis-cluster://a/1", "numbered"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct redis_url url;
		const char *reason = "";

		assert_int_equal(-EINVAL, redis_url_parse(&url, cases[i].url, &reason));
		if (!strstr(reason, cases[i].word))
			fail_msg("%s: %s", cases[i].url, reason);
	}
}

/* Figures of Redis itself (CLUSTER KEYSLOT). */
static void slot_is_that_of_redis(void **state)
{
	assert_int_equal(12739, redis_slot("123456789"));
	assert_int_equal(12182, redis_slot("foo"));
	assert_int_equal(5061, redis_slot("bar"));
	assert_int_equal(redis_slot("user1000"), redis_slot("{user1000}.following"));
	assert_int_equal(redis_slot("{bar"), redis_slot("foo{{bar}}zap"));
	assert_int_equal(8363, redis_slot("foo{}{bar}"));
	assert_int_equal(0, redis_slot(""));
}

static void redirection_is_read(void **state)
{
	static const char *const others[] = {"",
					     "MOVED",
					     "MOVED 1",
					     "MOVED 1 h",
					     "MOVED 16384 h:1",
					     "OK 1 h:1",
					     "MOVED 1 h:0",
					     "MOVED 1 h:99999",
					     "MOVED -1 h:1",
					     "ERR MOVED 1 h:1",
					     "MOVED 1 h h:1"};
	struct redis_redirect r;

	assert_int_equal(0, redis_redirect_parse(&r, "MOVED 3999 10.0.0.1:6381", 24));
	assert_false(r.ask);
	assert_int_equal(3999, r.slot);
	assert_string_equal("10.0.0.1", r.to.host);
	assert_int_equal(6381, r.to.port);
	assert_int_equal(0, redis_redirect_parse(&r, "ASK 1 ::1:7", 11));
	assert_true(r.ask);
	assert_string_equal("::1", r.to.host);
	assert_int_equal(0, redis_redirect_parse(&r, "MOVED 1 :7", 10));
	assert_string_equal("", r.to.host);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_int_equal(-EBADMSG, redis_redirect_parse(&r, others[i], strlen(others[i])));
	assert_int_equal(-EBADMSG, redis_redirect_parse(&r, "MOVED 1 \0:7", 11));
}

/* ---- a Redis that misbehaves ---- */

/* Accepts, and answers every command (which begins with '*') with the same; NULL: with nothing. */
struct fake {
	int listener;
	uint16_t port;
	pthread_t thread;
	const char *answer;
};

enum { MAX_FAKE_CONNECTIONS = 64 };

static void fake_answer(struct fake *fake, const char *data, ssize_t len, int fd)
{
	const char *answer = __atomic_load_n(&fake->answer, __ATOMIC_SEQ_CST);

	for (ssize_t i = 0; answer && i < len; i++)
		if (data[i] == '*' && send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0)
			return;
}

static void *serve(void *arg)
{
	struct fake *fake = arg;
	struct pollfd fds[MAX_FAKE_CONNECTIONS] = {{.fd = fake->listener, .events = POLLIN}};
	nfds_t count = 1;
	char data[4096];
	bool open = true;

	while (open && poll(fds, count, 10000) > 0) {
		for (nfds_t i = count; i-- > 1;) {
			ssize_t len = fds[i].revents ? read(fds[i].fd, data, sizeof(data)) : 1;

			if (len <= 0) {
				close(fds[i].fd);
				fds[i] = fds[--count];
			} else if (fds[i].revents) {
				fake_answer(fake, data, len, fds[i].fd);
			}
		}
		if (!fds[0].revents || count == MAX_FAKE_CONNECTIONS)
			continue;
		fds[count] =
			(struct pollfd){.fd = accept(fake->listener, NULL, NULL), .events = POLLIN};
		open = fds[count].fd >= 0;
		count += open;
	}
	while (count-- > 1)
		close(fds[count].fd);
	return NULL;
}

static void fake_start(struct fake *fake, const char *answer)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);

	memset(fake, 0, sizeof(*fake));
	fake->answer = answer;
	fake->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(0, bind(fake->listener, (struct sockaddr *)&address, len));
	assert_int_equal(0, listen(fake->listener, 16));
	assert_int_equal(0, getsockname(fake->listener, (struct sockaddr *)&address, &len));
	fake->port = ntohs(address.sin_port);
	assert_int_equal(0, pthread_create(&fake->thread, NULL, serve, fake));
}

static void fake_stop(struct fake *fake)
{
	shutdown(fake->listener, SHUT_RDWR);
	close(fake->listener);
	pthread_join(fake->thread, NULL);
}

struct outcome {
	int calls;
	int err;
	int64_t count;
};

static void on_done(int err, const struct state_answer *answer, void *arg)
{
	struct outcome *outcome = arg;

	outcome->calls++;
	outcome->err = err;
	outcome->count = answer->count;
}

static struct state *open_at(struct loop *loop, uint16_t port)
{
	char url[64], error[STATE_ERROR_SIZE];
	struct state_conf conf = {.url = url, .timeout_ms = 100};
	struct state *opened = NULL;

	snprintf(url, sizeof(url), "redis://127.0.0.1:%u", port);
	assert_int_equal(0, state_open(&opened, loop, &conf, error));
	return opened;
}

/* Counts three times; every one is answered, by this process. */
static void count_thrice(struct loop *loop, struct state *st)
{
	struct state_count_params params = {.key = "k", .window_ms = 60000, .add = 1};
	struct outcome outcome = {0};
	int64_t until = clock_mono_us() + 10 * 1000000;

	for (int i = 0; i < 3; i++)
		state_count(NULL, st, &params, on_done, &outcome);
	while (outcome.calls < 3 && clock_mono_us() < until)
		loop_run_once(loop, 20);
	assert_int_equal(3, outcome.calls);
	assert_int_equal(0, outcome.err);
	assert_int_equal(3, outcome.count);
	assert_non_null(state_trouble(st));
}

static void nobody_at_the_port_is_no_obstacle(void **state)
{
	struct loop *loop = loop_new();
	struct fake fake;
	struct state *st;

	fake_start(&fake, NULL);
	fake_stop(&fake);
	st = open_at(loop, fake.port);
	count_thrice(loop, st);
	{
		struct outcome outcome = {0};

		state_token_take(NULL, st, "t", on_done, &outcome);
		while (!outcome.calls)
			loop_run_once(loop, 20);
		assert_int_equal(-EHOSTDOWN, outcome.err);
	}
	mem_unref(st);
	mem_unref(loop);
}

static void strange_servers_are_no_obstacle(void **state)
{
	static const char *const answers[] = {
		NULL,                       /* accepts and says nothing */
		"-LOADING not yet\r\n",     /* starts */
		"-NOAUTH no\r\n",           /* wants a password */
		"HTTP/1.1 400 Bad\r\n\r\n", /* is none */
		"+OK\r\n+OK\r\n",           /* says too much */
		"*3\r\n:1\r\n:2\r\n:x\r\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		struct loop *loop = loop_new();
		struct fake fake;
		struct state *st;

		fake_start(&fake, answers[i]);
		st = open_at(loop, fake.port);
		count_thrice(loop, st);
		state_publish(st, "c", "x", 1);
		mem_unref(st);
		mem_unref(loop);
		fake_stop(&fake);
	}
}

/* It was up and then only listens: what waits for it is done here when the time is over. */
static void silence_is_noticed(void **state)
{
	struct loop *loop = loop_new();
	struct fake fake;
	struct state *st;
	int64_t until = clock_mono_us() + 10 * 1000000;

	fake_start(&fake, "+PONG\r\n");
	st = open_at(loop, fake.port);
	while (state_trouble(st) && clock_mono_us() < until)
		loop_run_once(loop, 20);
	assert_null(state_trouble(st));
	__atomic_store_n(&fake.answer, NULL, __ATOMIC_SEQ_CST);
	count_thrice(loop, st);
	__atomic_store_n(&fake.answer, "+PONG\r\n", __ATOMIC_SEQ_CST);
	while (state_trouble(st) && clock_mono_us() < until)
		loop_run_once(loop, 20);
	assert_null(state_trouble(st));
	mem_unref(st);
	mem_unref(loop);
	fake_stop(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(url_says_where_redis_is),
		cmocka_unit_test(bad_url_is_explained),
		cmocka_unit_test(slot_is_that_of_redis),
		cmocka_unit_test(redirection_is_read),
		cmocka_unit_test(nobody_at_the_port_is_no_obstacle),
		cmocka_unit_test(strange_servers_are_no_obstacle),
		cmocka_unit_test(silence_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
