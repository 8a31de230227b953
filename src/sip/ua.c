#include "sip/ua.h"

#include "core/clock.h"
#include "core/log.h"
#include "core/mem.h"
#include "sip/leg.h"
#include "sip/mailbox.h"

#include <errno.h>
#include <ifaddrs.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	TICK_US = SIP_FRAME_MS * 1000,
	MAX_CATCH_UP = 50,   /* ticks made good after a stall; more are forgotten */
	CLOSE_WAIT_MS = 500, /* for the answers to our BYEs */
	HASH_SIZE = 256,
	MAX_FDS = 65536,
};

#define ALLOWED "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO"

struct command {
	struct list_node node;
	enum ua_verb verb;
	struct leg *leg; /* referenced */
	int code;
	const char *reason;
};

struct ua {
	struct sip_conf conf;
	char *bind_address;
	char *user_agent;
	struct mailbox *mailbox;
	pthread_t thread;
	struct log log;

	pthread_mutex_t lock; /* over commands and what follows, until the blank line */
	pthread_cond_t started_cond;
	struct list commands;
	struct mqueue *wake;
	bool woken;
	bool stop;
	bool started;
	int start_err;
	uint16_t port;

	struct re_sip *stack;
	struct sipsess_sock *sessions;
	struct sip_lsnr *listener;
	struct dnsc *dns;
	struct sa local;
	struct list legs;
	struct tmr tick;
	struct tmr closing;
	uint64_t next_tick_us;
	uint64_t late_ticks; /* in a row */
	bool stopping;
	bool stack_gone;
};

struct re_sip *ua_stack(struct ua *ua)
{
	return ua->stack;
}

struct sipsess_sock *ua_sessions(struct ua *ua)
{
	return ua->sessions;
}

const struct sip_conf *ua_conf(const struct ua *ua)
{
	return &ua->conf;
}

struct mailbox *ua_mailbox(struct ua *ua)
{
	return ua->mailbox;
}

uint16_t ua_port(const struct ua *ua)
{
	return ua->port;
}

/* The address the kernel would send from. */
static int source_address(struct sa *ret_addr, const struct sa *dst)
{
	int fd = socket(sa_af(dst), SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err = -1;

	if (fd < 0)
		return -errno;
	sa_init(ret_addr, sa_af(dst));
	ret_addr->len = sizeof(ret_addr->u);
	if (connect(fd, &dst->u.sa, dst->len) == 0)
		err = getsockname(fd, &ret_addr->u.sa, &ret_addr->len);
	close(fd);
	return err ? -EHOSTUNREACH : 0;
}

void ua_local_address(struct ua *ua, struct sa *ret_addr, const struct sa *dst)
{
	*ret_addr = ua->local;
	if (!sa_is_any(&ua->local))
		return;
	if (dst && source_address(ret_addr, dst) == 0)
		return;
	if (net_default_source_addr_get(sa_af(&ua->local), ret_addr) == 0)
		return;
	sa_set_str(ret_addr, "127.0.0.1", 0);
}

/* The clock */

static void on_tick(void *arg);

static void arm_tick(struct ua *ua, uint64_t now_us)
{
	uint64_t wait_us = ua->next_tick_us > now_us ? ua->next_tick_us - now_us : 0;

	tmr_start(&ua->tick, (wait_us + 999) / 1000, on_tick, ua);
}

static void tick_legs(struct ua *ua, uint64_t now_us, enum stream_tick tick)
{
	LIST_EACH(&ua->legs, node)
	{
		leg_tick(node->data, now_us, tick);
	}
}

/*
 * Deadlines are absolute, so lateness does not add up. After a stall the ticks that were missed are
 * counted before the packets that came meanwhile are read: libre reads one of each socket in turn.
 * They get until the next tick; where every tick comes late, MAX_CATCH_UP of them.
 */
static void on_tick(void *arg)
{
	struct ua *ua = arg;
	uint64_t now_us = (uint64_t)clock_mono_us();
	uint64_t missed = now_us > ua->next_tick_us ? (now_us - ua->next_tick_us) / TICK_US : 0;
	enum stream_tick last;

	if (missed > MAX_CATCH_UP) {
		ua->next_tick_us += (missed - MAX_CATCH_UP) * TICK_US;
		missed = MAX_CATCH_UP;
	}
	last = missed && ua->late_ticks < MAX_CATCH_UP ? STREAM_TICK_LATE : STREAM_TICK_ON_TIME;
	ua->late_ticks = last == STREAM_TICK_LATE ? ua->late_ticks + missed : 0;
	for (uint64_t i = 0; i <= missed; i++) {
		if (now_us >= ua->next_tick_us) {
			tick_legs(ua, now_us, i < missed ? STREAM_TICK_MISSED : last);
			ua->next_tick_us += TICK_US;
		}
	}
	if (ua->legs.len)
		arm_tick(ua, (uint64_t)clock_mono_us());
}

void ua_add(struct ua *ua, struct list_node *node, struct leg *leg)
{
	uint64_t now_us = (uint64_t)clock_mono_us();

	list_append(&ua->legs, node, leg);
	if (tmr_isrunning(&ua->tick))
		return;
	ua->next_tick_us = now_us + TICK_US;
	arm_tick(ua, now_us);
}

void ua_remove(struct ua *ua, struct list_node *node)
{
	list_remove(node);
	if (!ua->legs.len)
		tmr_cancel(&ua->tick);
}

/* Requests */

/*
 * libre follows a redirect by itself, to wherever it points, and would answer a challenge there
 * with our password. Here is the only place to see one before: without its contacts there is
 * nothing to follow, and the response ends the call as any other refusal does.
 */
static void on_packet(bool tx, enum sip_transp tp, const struct sa *src, const struct sa *dst,
		      const uint8_t *packet, size_t len, void *arg)
{
	static const char redirect[] = "SIP/2.0 3";
	struct mbuf *copy;
	struct sip_msg *msg;

	(void)tp;
	(void)src;
	(void)dst;
	(void)arg;
	if (tx || len < sizeof(redirect) ||
	    strncasecmp((const char *)packet, redirect, sizeof(redirect) - 1) != 0)
		return;
	copy = mbuf_alloc(len);
	mbuf_write_mem(copy, packet, len);
	copy->pos = 0;
	if (sip_msg_decode(&msg, copy) == 0) {
		for (struct le *le = list_head(&msg->hdrl); le; le = le->next) {
			const struct sip_hdr *header = le->data;
			size_t at = (size_t)((const uint8_t *)header->val.p - copy->buf);

			/* The bytes are those of the message that is about to be read. */
			if (header->id == SIP_HDR_CONTACT)
				memset((uint8_t *)packet + at, ' ', header->val.l);
		}
		mem_deref(msg);
	}
	mem_deref(copy);
}

static void on_invite(const struct sip_msg *msg, void *arg)
{
	struct ua *ua = arg;
	const struct sip_hdr *require = sip_msg_hdr(msg, SIP_HDR_REQUIRE);

	if (require) {
		sip_treplyf(NULL, NULL, ua->stack, msg, false, 420, "Bad Extension",
			    "Unsupported: %r\r\nContent-Length: 0\r\n\r\n", &require->val);
	} else if (ua->stopping || ua->legs.len >= ua->conf.max_calls) {
		LOG_WARN(&ua->log, "invite_refused", LOG_INT("calls", (int64_t)ua->legs.len));
		sip_treply(NULL, ua->stack, msg, 486, "Busy Here");
	} else {
		leg_incoming(ua, msg);
	}
}

/* What is no part of a call: we are asked whether we live, or for something we do not do. */
static bool on_request(const struct sip_msg *msg, void *arg)
{
	static const char *const known[] = {"REGISTER", "SUBSCRIBE", "NOTIFY", "PUBLISH",
					    "MESSAGE",  "UPDATE",    "PRACK",  "REFER"};
	struct ua *ua = arg;
	uint16_t code = 501;

	if (!pl_strcmp(&msg->met, "ACK"))
		return true;
	if (!pl_strcmp(&msg->met, "OPTIONS")) {
		sip_treplyf(NULL, NULL, ua->stack, msg, false, 200, "OK",
			    "Allow: " ALLOWED "\r\nAccept: application/sdp\r\n"
			    "Content-Length: 0\r\n\r\n");
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (!pl_strcmp(&msg->met, known[i]))
			code = 405;
	sip_treplyf(NULL, NULL, ua->stack, msg, false, code,
		    code == 405 ? "Method Not Allowed" : "Not Implemented",
		    "Allow: " ALLOWED "\r\nContent-Length: 0\r\n\r\n");
	return true;
}

/* Commands */

static void free_command(struct command *command)
{
	mem_unref(command->leg);
	mem_free(command);
}

void ua_post(struct ua *ua, enum ua_verb verb, struct leg *leg, int code, const char *reason)
{
	struct command *command = mem_alloc(sizeof(*command));
	bool stop;

	command->verb = verb;
	command->leg = mem_ref(leg);
	command->code = code;
	command->reason = reason;
	pthread_mutex_lock(&ua->lock);
	stop = ua->stop;
	if (!stop) {
		list_append(&ua->commands, &command->node, command);
		if (!ua->woken && ua->wake)
			ua->woken = mqueue_push(ua->wake, 0, NULL) == 0;
	}
	pthread_mutex_unlock(&ua->lock);
	if (stop)
		free_command(command);
}

static void run_command(const struct command *command)
{
	switch (command->verb) {
	case UA_DIAL:
		leg_dial(command->leg);
		break;
	case UA_RING:
		leg_ring(command->leg);
		break;
	case UA_ANSWER:
		leg_answer(command->leg);
		break;
	case UA_REJECT:
		leg_reject(command->leg, command->code, command->reason);
		break;
	case UA_HANGUP:
	case UA_DROP:
		leg_hangup(command->leg);
		break;
	}
}

static void on_stack_gone(void *arg)
{
	struct ua *ua = arg;

	ua->stack_gone = true;
	re_cancel();
}

static void on_close_late(void *arg)
{
	struct ua *ua = arg;

	sip_close(ua->stack, true);
	re_cancel();
}

static void begin_stop(struct ua *ua)
{
	if (ua->stopping)
		return;
	ua->stopping = true;
	LIST_EACH(&ua->legs, node)
	{
		leg_hangup(node->data);
	}
	tmr_cancel(&ua->tick);
	tmr_start(&ua->closing, CLOSE_WAIT_MS, on_close_late, ua);
	sip_close(ua->stack, false);
}

static void on_wake(int id, void *data, void *arg)
{
	struct ua *ua = arg;
	struct command *command;
	bool stop;

	(void)id;
	(void)data;
	for (;;) {
		pthread_mutex_lock(&ua->lock);
		command = list_pop(&ua->commands);
		stop = ua->stop;
		if (!command)
			ua->woken = false;
		pthread_mutex_unlock(&ua->lock);
		if (!command)
			break;
		run_command(command);
		free_command(command);
	}
	if (stop)
		begin_stop(ua);
}

/* The thread */

static void open_dns(struct ua *ua)
{
	struct sa servers[4];
	uint32_t count = 4;
	char domain[64];

	/* Without a resolver only addresses can be called. */
	if (dns_srv_get(domain, sizeof(domain), servers, &count) == 0 && count)
		dnsc_alloc(&ua->dns, NULL, servers, count);
}

/*
 * libre tells others the very address a socket is bound to, so "any" becomes one socket for each
 * address of the machine. Calls go out through the first: that of the default route.
 */
static int listen_on_all(struct ua *ua)
{
	struct sa first = ua->local;
	struct ifaddrs *all = NULL;
	int err;

	if (net_default_source_addr_get(sa_af(&ua->local), &first))
		sa_set_str(&first, sa_af(&ua->local) == AF_INET ? "127.0.0.1" : "::1", 0);
	sa_set_port(&first, sa_port(&ua->local));
	err = sip_transp_add(ua->stack, SIP_TRANSP_UDP, &first);
	if (!err)
		err = sip_transp_laddr(ua->stack, &first, SIP_TRANSP_UDP, &ua->local);
	if (!err && getifaddrs(&all))
		err = errno;
	for (struct ifaddrs *at = all; !err && at; at = at->ifa_next) {
		struct sa addr;

		if (!at->ifa_addr || sa_set_sa(&addr, at->ifa_addr) || sa_is_linklocal(&addr) ||
		    sa_af(&addr) != sa_af(&first))
			continue;
		sa_set_port(&addr, sa_port(&first));
		if (sip_transp_isladdr(ua->stack, SIP_TRANSP_UDP, &addr))
			continue;
		err = sip_transp_add(ua->stack, SIP_TRANSP_UDP, &addr);
	}
	freeifaddrs(all);
	return err;
}

static int open_stack(struct ua *ua)
{
	struct mqueue *wake = NULL;
	struct sa bound;
	int err;

	open_dns(ua);
	err = sip_alloc(&ua->stack, ua->dns, HASH_SIZE, HASH_SIZE, HASH_SIZE, ua->user_agent,
			on_stack_gone, ua);
	if (!err)
		err = sa_is_any(&ua->local) ? listen_on_all(ua)
					    : sip_transp_add(ua->stack, SIP_TRANSP_UDP, &ua->local);
	if (!err)
		err = sip_transp_laddr(ua->stack, &bound, SIP_TRANSP_UDP, &ua->local);
	if (!err)
		err = sipsess_listen(&ua->sessions, ua->stack, HASH_SIZE, on_invite, ua);
	if (!err)
		sip_set_trace_handler(ua->stack, on_packet);
	if (!err)
		err = sip_listen(&ua->listener, ua->stack, true, on_request, ua);
	if (!err)
		err = mqueue_alloc(&wake, on_wake, ua);
	if (err)
		return -err;
	pthread_mutex_lock(&ua->lock);
	ua->wake = wake;
	ua->port = sa_port(&bound);
	pthread_mutex_unlock(&ua->lock);
	return 0;
}

static void close_stack(struct ua *ua)
{
	struct mqueue *wake;

	tmr_cancel(&ua->tick);
	tmr_cancel(&ua->closing);
	pthread_mutex_lock(&ua->lock);
	wake = ua->wake;
	ua->wake = NULL;
	pthread_mutex_unlock(&ua->lock);
	mem_deref(wake);
	mem_deref(ua->sessions);
	mem_deref(ua->listener);
	if (!ua->stopping || ua->stack_gone)
		mem_deref(ua->stack);
	mem_deref(ua->dns);
}

static void report_start(struct ua *ua, int err)
{
	pthread_mutex_lock(&ua->lock);
	ua->started = true;
	ua->start_err = err;
	pthread_cond_signal(&ua->started_cond);
	pthread_mutex_unlock(&ua->lock);
}

/* libre's table of descriptors is indexed by their numbers, which are the process's. */
static int max_fds(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur > MAX_FDS)
		return MAX_FDS;
	return (int)limit.rlim_cur;
}

static void *ua_main(void *arg)
{
	struct ua *ua = arg;
	int err;

	pthread_setname_np(pthread_self(), "sip");
	err = -re_thread_init();
	if (!err)
		err = -fd_setsize(max_fds());
	if (!err)
		err = open_stack(ua);
	report_start(ua, err);
	if (!err)
		re_main(NULL);
	close_stack(ua);
	fd_setsize(0);
	re_thread_close();
	return NULL;
}

/* The library's warnings are mostly about what strangers sent: no reason to fill a disk. */
static void on_library_message(int level, const char *text, size_t len, void *arg)
{
	struct log log;
	char line[160];

	(void)level;
	(void)arg;
	log_init(&log, "sip", "");
	snprintf(line, sizeof(line), "%.*s", (int)len, text);
	LOG_DEBUG(&log, "libre", LOG_STR("text", line));
}

/*
 * libre prints messages it cannot read to stderr, one line each, with words of the sender's. This
 * definition comes before the library's own and prints nothing.
 */
__attribute__((visibility("default"))) int re_fprintf(FILE *stream, const char *fmt, ...)
{
	(void)stream;
	(void)fmt;
	return 0;
}

static void init_library(void)
{
	libre_init();
	dbg_init(DBG_WARNING, DBG_NONE);
	dbg_handler_set(on_library_message, NULL);
}

static void ua_destroy(void *data)
{
	struct ua *ua = data;

	mem_unref(ua->mailbox);
	mem_free(ua->bind_address);
	mem_free(ua->user_agent);
	pthread_mutex_destroy(&ua->lock);
	pthread_cond_destroy(&ua->started_cond);
}

static struct ua *ua_new(const struct sip_conf *conf, struct mailbox *mailbox)
{
	struct ua *ua = mem_new(sizeof(*ua), ua_destroy);

	ua->conf = *conf;
	ua->bind_address = mem_strdup(conf->bind_address ? conf->bind_address : "127.0.0.1");
	ua->user_agent = mem_strdup(conf->user_agent ? conf->user_agent : "voiceai");
	ua->conf.rtp_port_min = conf->rtp_port_min ? conf->rtp_port_min : 10000;
	ua->conf.rtp_port_max = conf->rtp_port_max ? conf->rtp_port_max : 20000;
	ua->conf.max_calls = conf->max_calls ? conf->max_calls : 1000;
	ua->conf.rtp_timeout_ms = conf->rtp_timeout_ms ? conf->rtp_timeout_ms : 20000;
	ua->mailbox = mem_ref(mailbox);
	log_init(&ua->log, "sip", "");
	pthread_mutex_init(&ua->lock, NULL);
	pthread_cond_init(&ua->started_cond, NULL);
	return ua;
}

int ua_start(struct ua **ret_ua, const struct sip_conf *conf, struct mailbox *mailbox)
{
	static pthread_once_t library = PTHREAD_ONCE_INIT;
	struct ua *ua = ua_new(conf, mailbox);
	int err;

	pthread_once(&library, init_library);
	err = -sa_set_str(&ua->local, ua->bind_address, conf->port);
	if (!err && ua->conf.rtp_port_min >= ua->conf.rtp_port_max)
		err = -EINVAL;
	if (!err)
		err = -pthread_create(&ua->thread, NULL, ua_main, ua);
	if (err) {
		mem_unref(ua);
		return err;
	}
	pthread_mutex_lock(&ua->lock);
	while (!ua->started)
		pthread_cond_wait(&ua->started_cond, &ua->lock);
	err = ua->start_err;
	pthread_mutex_unlock(&ua->lock);
	if (err) {
		pthread_join(ua->thread, NULL);
		mem_unref(ua);
		return err;
	}
	*ret_ua = ua;
	return 0;
}

void ua_stop(struct ua *ua)
{
	struct command *command;

	pthread_mutex_lock(&ua->lock);
	ua->stop = true;
	if (ua->wake && !ua->woken)
		ua->woken = mqueue_push(ua->wake, 0, NULL) == 0;
	pthread_mutex_unlock(&ua->lock);
	pthread_join(ua->thread, NULL);
	while ((command = list_pop(&ua->commands)))
		free_command(command);
	mem_unref(ua);
}
