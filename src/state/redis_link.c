#include "state/redis_link.h"

#include "core/buf.h"
#include "core/digest.h"
#include "core/list.h"
#include "core/mem.h"
#include "loop/loop.h"
#include "loop/timer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

enum {
	MAX_COMMANDS = 8192,
	MAX_OUT_BYTES = 16 * 1024 * 1024,
	MAX_IN_BYTES = 64 * 1024 * 1024,
	READ_BYTES = 64 * 1024,
	FIRST_DELAY_MS = 50,
	MAX_DELAY_MS = 2000,
	PING_MS = 1000,
	/* A loop that was held up reads what has come before it counts anybody as late. */
	GRACE_MS = 20,
};

enum link_step { LINK_WAITING, LINK_FINDING, LINK_RESOLVING, LINK_CONNECTING, LINK_UP };

struct command {
	struct list_node node;
	redis_reply_h *replyh; /* NULL for our own PING */
	void *arg;
	uint64_t due_ms;
};

/* One connection; lives until libuv has closed it. */
struct conn {
	uv_tcp_t tcp;
	uv_connect_t connect;
	struct redis_link *link; /* NULL once dropped */
	struct loop *loop;
	redisReader *reader;
	struct buf out;
	size_t writing; /* bytes libuv has */
	bool flush_posted;
	char in[READ_BYTES];
};

struct write {
	uv_write_t req;
	struct conn *conn;
	char *data;
	size_t len;
};

struct lookup {
	uv_getaddrinfo_t req;
	struct redis_link *link; /* NULL once dropped */
};

struct redis_link {
	struct loop *loop;
	struct redis_link_conf conf;
	enum link_step step;
	bool hopeful; /* nothing has failed since it was last up */
	const char *trouble;
	struct lookup *lookup;
	struct conn *conn;
	struct list greeting; /* of struct command; before those of others */
	struct list commands;
	struct buf held;       /* commands of an attempt under way */
	struct timer *retry;   /* the next attempt */
	struct timer *attempt; /* bounds this one */
	struct timer *deadline;
	struct timer *ping;
	bool late; /* the deadline has passed, its grace has not */
	uint32_t delay_ms;
};

const char redis_not_connected[] = "not connected to Redis yet";

static void link_fail(struct redis_link *link, const char *trouble);

/* ---- the connection ---- */

static void conn_destroy(void *data)
{
	struct conn *conn = data;

	redisReaderFree(conn->reader);
	buf_free(&conn->out);
}

static void on_closed(uv_handle_t *handle)
{
	mem_unref(handle->data);
}

static void conn_drop(struct conn *conn)
{
	if (!conn)
		return;
	conn->link = NULL;
	uv_close((uv_handle_t *)&conn->tcp, on_closed);
}

static void on_written(uv_write_t *req, int status)
{
	struct write *write = req->data;
	struct conn *conn = write->conn;

	conn->writing -= write->len;
	mem_free(write->data);
	mem_free(write);
	if (status && conn->link)
		link_fail(conn->link, "the connection to Redis was lost");
	mem_unref(conn);
}

static int conn_write(struct conn *conn)
{
	uv_buf_t bytes = uv_buf_init(conn->out.data, (unsigned int)conn->out.len);
	int written = conn->writing ? 0 : uv_try_write((uv_stream_t *)&conn->tcp, &bytes, 1);
	struct write *write;

	if (written < 0 && written != UV_EAGAIN)
		return -EIO;
	if (written > 0)
		buf_consume(&conn->out, (size_t)written);
	if (!conn->out.len)
		return 0;
	write = mem_alloc(sizeof(*write));
	write->req.data = write;
	write->conn = mem_ref(conn);
	write->len = conn->out.len;
	write->data = buf_steal(&conn->out);
	conn->writing += write->len;
	bytes = uv_buf_init(write->data, (unsigned int)write->len);
	if (!uv_write(&write->req, (uv_stream_t *)&conn->tcp, &bytes, 1, on_written))
		return 0;
	conn->writing -= write->len;
	mem_free(write->data);
	mem_free(write);
	mem_unref(conn);
	return -EIO;
}

static void flush(void *arg)
{
	struct conn *conn = arg;

	conn->flush_posted = false;
	if (conn->link && conn->out.len && conn_write(conn))
		link_fail(conn->link, "the connection to Redis was lost");
	mem_unref(conn);
}

/* Everything one turn of the loop has to say goes out in one write. */
static void conn_put(struct conn *conn, const char *text, size_t len)
{
	buf_append(&conn->out, text, len);
	if (conn->flush_posted)
		return;
	conn->flush_posted = true;
	loop_post(conn->loop, flush, mem_ref(conn));
}

/* ---- replies ---- */

static void watch_deadline(struct redis_link *link)
{
	const struct command *first = link->commands.head ? link->commands.head->data : NULL;
	uint64_t now = loop_now_ms(link->loop);

	link->late = false;
	if (!first || link->step != LINK_UP)
		timer_stop(link->deadline);
	else
		timer_start(link->deadline, first->due_ms > now ? first->due_ms - now : 0);
}

static void on_deadline(void *arg)
{
	struct redis_link *link = arg;
	const struct command *first = link->commands.head ? link->commands.head->data : NULL;

	if (!first || first->due_ms > loop_now_ms(link->loop)) {
		watch_deadline(link);
	} else if (!link->late) {
		link->late = true;
		timer_start(link->deadline, GRACE_MS);
	} else {
		link_fail(link, "Redis does not answer in time");
	}
}

static bool is_push(const redisReply *reply)
{
	static const char *const kinds[] = {"message", "subscribe", "unsubscribe"};

	if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 3 ||
	    reply->element[0]->type != REDIS_REPLY_STRING)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (!strcmp(reply->element[0]->str, kinds[i]))
			return true;
	return false;
}

static void on_reply(struct redis_link *link, const redisReply *reply)
{
	struct list *list = link->greeting.len ? &link->greeting : &link->commands;
	struct command *command;
	redis_reply_h *replyh;
	void *arg;

	if (link->conf.ops->pushh && is_push(reply)) {
		link->conf.ops->pushh(link, reply, link->conf.arg);
		return;
	}
	command = list_pop(list);
	if (!command) {
		link_fail(link, "Redis answers what was not asked");
		return;
	}
	replyh = command->replyh;
	arg = command->arg;
	mem_unref(command);
	if (list == &link->commands)
		timer_start(link->ping, PING_MS);
	if (replyh)
		replyh(0, reply, arg);
}

static void read_replies(struct conn *conn)
{
	void *reply;

	while (conn->link && conn->reader->len < MAX_IN_BYTES &&
	       redisReaderGetReply(conn->reader, &reply) == REDIS_OK && reply) {
		on_reply(conn->link, reply);
		freeReplyObject(reply);
	}
	if (!conn->link)
		return;
	if (conn->reader->err || conn->reader->len >= MAX_IN_BYTES)
		link_fail(conn->link, "Redis answers with something else");
	else
		watch_deadline(conn->link);
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *ret_buf)
{
	struct conn *conn = handle->data;

	*ret_buf = uv_buf_init(conn->in, sizeof(conn->in));
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *data)
{
	struct conn *conn = stream->data;

	if (!conn->link || !len)
		return;
	if (len < 0) {
		link_fail(conn->link, "the connection to Redis was lost");
		return;
	}
	mem_ref(conn);
	redisReaderFeed(conn->reader, data->base, (size_t)len);
	read_replies(conn);
	mem_unref(conn);
}

/* ---- sending ---- */

static void command_add(struct redis_link *link, struct list *list, redis_reply_h *replyh,
			void *arg)
{
	struct command *command = mem_new(sizeof(*command), NULL);

	command->replyh = replyh;
	command->arg = arg;
	command->due_ms = loop_now_ms(link->loop) + link->conf.timeout_ms;
	list_append(list, &command->node, command);
}

int redis_link_send(struct redis_link *link, const char *text, size_t len, redis_reply_h *replyh,
		    void *arg)
{
	size_t waiting = link->held.len;

	if (link->step != LINK_UP && !link->hopeful)
		return -EHOSTDOWN;
	if (link->conn)
		waiting += link->conn->out.len + link->conn->writing;
	if (link->commands.len >= MAX_COMMANDS || waiting + len > MAX_OUT_BYTES)
		return -EBUSY;
	command_add(link, &link->commands, replyh, arg);
	if (link->step != LINK_UP) {
		buf_append(&link->held, text, len);
		return 0;
	}
	conn_put(link->conn, text, len);
	if (link->commands.len == 1)
		watch_deadline(link);
	return 0;
}

static void put_argv(struct redis_link *link, int argc, const char **argv)
{
	char *text = NULL;
	int len = redisFormatCommandArgv(&text, argc, argv, NULL);

	if (len > 0)
		conn_put(link->conn, text, (size_t)len);
	free(text);
}

void redis_link_subscribe(struct redis_link *link, const char *verb, const char *channel)
{
	if (link->step == LINK_UP)
		put_argv(link, 2, (const char *[]){verb, channel});
}

static void on_ping(void *arg)
{
	struct redis_link *link = arg;

	if (link->step != LINK_UP || link->commands.len)
		return;
	command_add(link, &link->commands, NULL, NULL);
	put_argv(link, 1, (const char *[]){"PING"});
	watch_deadline(link);
	timer_start(link->ping, PING_MS);
}

/* ---- up and down ---- */

static void clear(struct redis_link *link, struct list *list, bool tell)
{
	struct list lost = *list;
	struct command *command;

	*list = (struct list){0};
	for (struct list_node *node = lost.head; node; node = node->next)
		node->list = &lost;
	while ((command = list_pop(&lost))) {
		if (tell && command->replyh)
			command->replyh(-EHOSTDOWN, NULL, command->arg);
		mem_unref(command);
	}
}

static void drop_all(struct redis_link *link, bool tell)
{
	struct conn *conn = link->conn;

	if (link->lookup) {
		link->lookup->link = NULL;
		uv_cancel((uv_req_t *)&link->lookup->req);
		link->lookup = NULL;
	}
	link->conn = NULL;
	conn_drop(conn);
	timer_stop(link->attempt);
	timer_stop(link->deadline);
	timer_stop(link->ping);
	buf_clear(&link->held);
	clear(link, &link->greeting, false);
	clear(link, &link->commands, tell);
}

/* The first attempt after a loss is made at once, the others later and later. */
static void link_fail(struct redis_link *link, const char *trouble)
{
	bool was_up = link->step == LINK_UP;
	uint32_t delay = was_up ? 0 : link->delay_ms;

	link->step = LINK_WAITING;
	link->trouble = trouble;
	link->hopeful = false;
	mem_ref(link);
	if (!was_up)
		link->delay_ms = delay * 2 < MAX_DELAY_MS ? delay * 2 : MAX_DELAY_MS;
	timer_start(link->retry, delay ? delay / 2 + random_u64() % delay : 0);
	drop_all(link, true);
	link->conf.ops->changeh(link, false, link->conf.arg);
	mem_unref(link);
}

static void link_up(struct redis_link *link)
{
	link->step = LINK_UP;
	link->trouble = NULL;
	link->hopeful = true;
	link->delay_ms = FIRST_DELAY_MS;
	timer_stop(link->attempt);
	timer_start(link->ping, PING_MS);
	if (link->held.len)
		conn_put(link->conn, link->held.data, link->held.len);
	buf_free(&link->held);
	LIST_EACH(&link->commands, node)
	{
		struct command *command = node->data;

		command->due_ms = loop_now_ms(link->loop) + link->conf.timeout_ms;
	}
	watch_deadline(link);
	link->conf.ops->changeh(link, true, link->conf.arg);
}

static const char *greeting_trouble(const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_ERROR)
		return NULL;
	if (!strncmp(reply->str, "LOADING", 7))
		return "Redis is loading its data";
	if (!strncmp(reply->str, "WRONGPASS", 9) || !strncmp(reply->str, "NOAUTH", 6) ||
	    !strncmp(reply->str, "ERR AUTH", 8))
		return "Redis refuses user or password";
	return "Redis refuses the connection";
}

static void on_greeting(int err, const redisReply *reply, void *arg)
{
	struct redis_link *link = arg;
	const char *trouble = greeting_trouble(reply);

	if (trouble)
		link_fail(link, trouble);
	else if (!link->greeting.len)
		link_up(link);
}

static void on_role(int err, const redisReply *reply, void *arg)
{
	struct redis_link *link = arg;

	if (reply->type == REDIS_REPLY_ARRAY && reply->elements &&
	    reply->element[0]->type == REDIS_REPLY_STRING &&
	    strcmp(reply->element[0]->str, "master") != 0)
		link_fail(link, "this Redis is a replica");
	else
		on_greeting(err, reply, arg);
}

static void greet(struct redis_link *link, int argc, const char **argv, redis_reply_h *replyh)
{
	command_add(link, &link->greeting, replyh, link);
	put_argv(link, argc, argv);
}

static void on_connected(uv_connect_t *req, int status)
{
	struct conn *conn = req->data;
	struct redis_link *link = conn->link;
	const struct redis_url *login = link ? link->conf.login : NULL;
	char database[16];

	if (!link)
		return;
	if (status || uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_read)) {
		link_fail(link, "Redis cannot be reached");
		return;
	}
	uv_tcp_nodelay(&conn->tcp, 1);
	if (login && login->user[0])
		greet(link, 3, (const char *[]){"AUTH", login->user, login->password}, on_greeting);
	else if (login && login->password[0])
		greet(link, 2, (const char *[]){"AUTH", login->password}, on_greeting);
	if (login && login->database) {
		snprintf(database, sizeof(database), "%u", login->database);
		greet(link, 2, (const char *[]){"SELECT", database}, on_greeting);
	}
	if (link->conf.wants_primary)
		greet(link, 1, (const char *[]){"ROLE"}, on_role);
	greet(link, 1, (const char *[]){"PING"}, on_greeting);
}

static void connect_to(struct redis_link *link, const struct sockaddr *address)
{
	struct conn *conn = mem_new(sizeof(*conn), conn_destroy);

	conn->loop = link->loop;
	conn->link = link;
	conn->reader = redisReaderCreate();
	uv_tcp_init(loop_uv(link->loop), &conn->tcp);
	conn->tcp.data = conn->connect.data = conn;
	link->conn = conn;
	link->step = LINK_CONNECTING;
	if (uv_tcp_connect(&conn->connect, &conn->tcp, address, on_connected))
		link_fail(link, "Redis cannot be reached");
}

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *found)
{
	struct lookup *lookup = req->data;
	struct redis_link *link = lookup->link;
	struct sockaddr_storage address;

	if (link) {
		link->lookup = NULL;
		if (status || !found) {
			link_fail(link, "the name of Redis is not known");
		} else {
			memcpy(&address, found->ai_addr, found->ai_addrlen);
			connect_to(link, (struct sockaddr *)&address);
		}
	}
	uv_freeaddrinfo(found);
	mem_free(lookup);
}

void redis_link_connect(struct redis_link *link, const struct redis_address *address)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC};
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	char port[8];

	if (link->step != LINK_FINDING)
		return;
	if (!uv_ip4_addr(address->host, address->port, &v4)) {
		connect_to(link, (struct sockaddr *)&v4);
		return;
	}
	if (!uv_ip6_addr(address->host, address->port, &v6)) {
		connect_to(link, (struct sockaddr *)&v6);
		return;
	}
	snprintf(port, sizeof(port), "%u", address->port);
	link->step = LINK_RESOLVING;
	link->lookup = mem_alloc(sizeof(*link->lookup));
	link->lookup->link = link;
	link->lookup->req.data = link->lookup;
	if (!uv_getaddrinfo(loop_uv(link->loop), &link->lookup->req, on_resolved, address->host,
			    port, &hints))
		return;
	link->lookup = mem_free(link->lookup);
	link_fail(link, "the name of Redis is not known");
}

void redis_link_give_up(struct redis_link *link, const char *trouble)
{
	if (link->step == LINK_FINDING)
		link_fail(link, trouble);
}

static void on_attempt_late(void *arg)
{
	link_fail(arg, "Redis cannot be reached in time");
}

static void attempt(void *arg)
{
	struct redis_link *link = arg;

	link->step = LINK_FINDING;
	timer_start(link->attempt, link->conf.timeout_ms < 1000 ? 1000 : link->conf.timeout_ms);
	link->conf.ops->findh(link, link->conf.arg);
}

void redis_link_hurry(struct redis_link *link)
{
	if (link->step == LINK_WAITING)
		timer_start(link->retry, 0);
}

void redis_link_reset(struct redis_link *link, const char *trouble)
{
	if (link->step == LINK_UP)
		link_fail(link, trouble);
}

bool redis_link_is_up(const struct redis_link *link)
{
	return link->step == LINK_UP;
}

const char *redis_link_trouble(const struct redis_link *link)
{
	return link->trouble;
}

static void link_destroy(void *data)
{
	struct redis_link *link = data;

	drop_all(link, false);
	buf_free(&link->held);
	mem_unref(link->retry);
	mem_unref(link->attempt);
	mem_unref(link->deadline);
	mem_unref(link->ping);
}

struct redis_link *redis_link_new(struct loop *loop, const struct redis_link_conf *conf)
{
	struct redis_link *link = mem_new(sizeof(*link), link_destroy);

	link->loop = loop;
	link->conf = *conf;
	link->hopeful = true;
	link->trouble = redis_not_connected;
	link->delay_ms = FIRST_DELAY_MS;
	link->retry = timer_new(loop, attempt, link);
	link->attempt = timer_new(loop, on_attempt_late, link);
	link->deadline = timer_new(loop, on_deadline, link);
	link->ping = timer_new(loop, on_ping, link);
	timer_start(link->retry, 0);
	return link;
}
