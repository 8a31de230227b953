#include "carrier/carrier_priv.h"

#include "carrier/call_expiry.h"
#include "carrier/call_journal.h"
#include "carrier/call_leg.h"
#include "carrier/call_leg_book.h"
#include "carrier/call_recording.h"
#include "carrier/phone_number.h"
#include "core/clock.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/safe.h"
#include "core/setting.h"
#include "core/str.h"
#include "http/http_client.h"
#include "http/http_server.h"
#include "loop/loop.h"
#include "loop/safe_folder.h"
#include "loop/timer.h"
#include "loop/work.h"
#include "observe/health.h"
#include "observe/prometheus.h"
#include "sip/sip.h"
#include "speech/tts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
	WORKERS = 2,
	MAX_BODY = 256 * 1024,
	STOP_MS = 1500,
	STOP_POLL_MS = 20,
	QUEUE_MAX_S = 24 * 3600,
	DISPATCH_POLL_MS = 1000,
};

/* ---- the queue of outbound calls ---- */

static uint32_t dial_interval_ms(const struct carrier *carrier)
{
	int64_t rate = carrier->settings->carrier_calls_per_second;

	return rate ? (uint32_t)(1000 / rate) : 0;
}

static bool has_room(const struct carrier *carrier)
{
	return carrier->live < (uint64_t)carrier->settings->carrier_max_calls;
}

static void cancel_expired(struct carrier *carrier)
{
	int64_t oldest_us = clock_wall_us() - (int64_t)QUEUE_MAX_S * 1000000;
	struct list_node *head;

	while ((head = carrier->queue.head)) {
		struct call_leg *leg = head->data;

		if (leg->created_us > oldest_us)
			break;
		(void)call_leg_step(leg, LEG_EV_CANCEL);
	}
}

/* Dial what may be dialled now, and come back when the next may. */
static void dispatch(void *arg)
{
	struct carrier *carrier = arg;
	uint64_t now = loop_now_ms(carrier->loop);
	struct call_leg *leg;

	cancel_expired(carrier);
	while (!carrier->stopping && carrier->queue.len && has_room(carrier) &&
	       now >= carrier->next_dial_ms) {
		leg = list_pop(&carrier->queue);
		carrier->next_dial_ms = now + dial_interval_ms(carrier);
		(void)call_leg_step(leg, LEG_EV_DIAL);
	}
	metric_set(METRIC_CARRIER_QUEUED, "", (double)carrier->queue.len);
	if (!carrier->queue.len)
		return;
	timer_start(carrier->dispatch,
		    carrier->next_dial_ms > now ? carrier->next_dial_ms - now : DISPATCH_POLL_MS);
}

void carrier_enqueue(struct carrier *carrier, struct call_leg *leg)
{
	call_leg_book_add(carrier->book, leg);
	list_append(&carrier->queue, &leg->queue_node, leg);
	call_journal_note(carrier->journal, leg);
	timer_start(carrier->dispatch, 0);
}

void carrier_live_changed(struct carrier *carrier, int change)
{
	carrier->live += (uint32_t)change;
	metric_set(METRIC_CARRIER_CALLS, "", carrier->live);
	if (carrier->queue.len && has_room(carrier))
		timer_start(carrier->dispatch, 0);
}

void carrier_leg_changed(struct carrier *carrier, struct call_leg *leg)
{
	if (carrier->journal)
		call_journal_note(carrier->journal, leg);
}

/* ---- inbound calls ---- */

/* Only what can stand in a form and a log: printable, and not too long. */
static void clean_user(char *out, size_t size, const char *user, const char *otherwise)
{
	size_t len = 0;

	for (; user && *user && len + 1 < size; user++)
		if (*user > ' ' && *user < 0x7f)
			out[len++] = *user;
	out[len] = '\0';
	if (!len)
		str_copy(out, size, otherwise);
}

/* Whom the call asks: as the number says, otherwise as the settings do. */
static void aim(struct call_leg *leg, const struct phone_number *number)
{
	const struct settings *s = leg->carrier->settings;

	call_leg_target_set(&leg->voice, s->carrier_voice_url, "POST");
	call_leg_target_set(&leg->status, s->carrier_status_url, "POST");
	if (!number)
		return;
	if (number->voice.url)
		call_leg_target_set(&leg->voice, number->voice.url, number->voice.method);
	if (number->fallback.url)
		call_leg_target_set(&leg->fallback, number->fallback.url, number->fallback.method);
	if (number->status.url)
		call_leg_target_set(&leg->status, number->status.url, number->status.method);
}

static void on_incoming(struct sip_call *sip, void *arg)
{
	struct carrier *carrier = arg;
	const struct settings *s = carrier->settings;
	auto_unref struct call_leg *leg = NULL;
	char from[128], to[128];

	if (carrier->stopping || !has_room(carrier)) {
		sip_call_reject(sip, 503, "Service Unavailable");
		return;
	}
	clean_user(from, sizeof(from), sip_call_remote_user(sip), "anonymous");
	clean_user(to, sizeof(to), sip_call_local_user(sip), s->twilio_phone_number);
	leg = call_leg_new(carrier, true, to, from);
	aim(leg, phone_book_by_number(carrier->numbers, to));
	if (s->record_calls) {
		leg->record = call_recording_conf_new("OutboundAPI");
		leg->record->channels = 2;
		leg->record->by_account = true;
	}
	call_leg_book_add(carrier->book, leg);
	call_leg_receive(leg, sip);
}

/* ---- health ---- */

static const char *check_accepting(void *arg)
{
	const struct carrier *carrier = arg;

	return carrier->stopping ? "stopping" : NULL;
}

/* ---- opening ---- */

static int make_folder(const char *path, char error[256])
{
	if (!mkdir(path, 0700) || errno == EEXIST)
		return 0;
	snprintf(error, 256, "DATA_DIR: %.150s: %s", path, strerror(errno));
	return -errno;
}

static int make_folders(const struct settings *s, char error[256])
{
	auto_free char *carrier = mem_printf("%s/carrier", s->data_dir);
	auto_free char *recordings = mem_printf("%s/carrier/recordings", s->data_dir);
	int err = make_folder(s->data_dir, error);

	if (!err)
		err = make_folder(carrier, error);
	return err ? err : make_folder(recordings, error);
}

static int open_server(struct carrier *carrier, char error[256])
{
	const struct settings *s = carrier->settings;
	struct http_server_conf conf = {
		.service = "carrier",
		.bind_address = s->bind_address,
		.port = (uint16_t)s->carrier_port,
		.max_body_bytes = MAX_BODY,
	};
	int err = http_server_new(&carrier->server, carrier->loop, &conf);

	if (err) {
		snprintf(error, 256, "CARRIER_PORT: cannot listen on %s:%d: %s", s->bind_address,
			 (int)s->carrier_port, strerror(-err));
		return err;
	}
	carrier->health = health_new(carrier->server, "carrier", carrier->version);
	health_check_add(carrier->health, "calls", check_accepting, carrier);
	prometheus_route(carrier->server);
	rest_routes(carrier);
	return 0;
}

static int open_sip(struct carrier *carrier, char error[256])
{
	const struct settings *s = carrier->settings;
	struct sip_conf conf = {
		.bind_address = s->sip_bind_address,
		.port = (uint16_t)s->sip_port,
		.rtp_port_min = (uint16_t)s->rtp_port_min,
		.rtp_port_max = (uint16_t)s->rtp_port_max,
		.max_calls = (uint32_t)s->carrier_max_calls,
	};
	int err = sip_open(&carrier->sip, carrier->loop, &conf, on_incoming, carrier);

	if (err)
		snprintf(error, 256, "SIP_PORT: cannot use UDP %s:%d: %s", s->sip_bind_address,
			 (int)s->sip_port, strerror(-err));
	return err;
}

static bool drop_live(struct call_leg *leg, void *arg)
{
	/* Its script and telephone use what is about to go. */
	if (!call_leg_state_is_terminal(leg->state))
		call_leg_abandon(leg);
	return true;
}

static void carrier_destroy(void *data)
{
	struct carrier *carrier = data;

	mem_unref(carrier->expiry);
	if (carrier->journal)
		call_journal_close(carrier->journal);
	if (carrier->book)
		call_leg_book_each(carrier->book, 0, drop_live, NULL);
	mem_unref(carrier->server);
	mem_unref(carrier->health);
	mem_unref(carrier->dispatch);
	mem_unref(carrier->stop_timer);
	mem_unref(carrier->book);
	mem_unref(carrier->sip);
	mem_unref(carrier->tts);
	mem_unref(carrier->client);
	mem_unref(carrier->journal);
	mem_unref(carrier->numbers);
	mem_unref(carrier->disk);
	mem_unref(carrier->safe);
	mem_unref(carrier->pool);
	mem_unref(carrier->settings);
}

static void build_parts(struct carrier *carrier)
{
	carrier->client = http_client_new(carrier->loop);
	carrier->pool = work_pool_new(carrier->loop, WORKERS);
	carrier->disk = strand_new(carrier->pool);
	carrier->tts = tts_new(carrier->loop, carrier->pool);
	carrier->book = call_leg_book_new();
	carrier->dispatch = timer_new(carrier->loop, dispatch, carrier);
	carrier->hooks = (struct hook_conf){
		.loop = carrier->loop,
		.client = carrier->client,
		.account_sid = carrier->settings->twilio_account_sid,
		.auth_token = carrier->settings->twilio_auth_token,
	};
}

/* What the last process had not sealed when it ended; before there are new ones. */
static void seal_recordings(struct carrier *carrier)
{
	auto_free char *folder = mem_printf("%s/carrier/recordings", carrier->settings->data_dir);

	safe_folder_seal(carrier->disk, carrier->safe, folder);
}

int carrier_new(struct carrier **ret_carrier, struct loop *loop, struct settings *settings,
		const char *version, char error[256])
{
	struct carrier *carrier = mem_new(sizeof(*carrier), carrier_destroy);
	int err;

	carrier->loop = loop;
	carrier->settings = mem_ref(settings);
	carrier->version = version;
	carrier->started_us = clock_wall_us();
	log_init(&carrier->log, "carrier", NULL);
	build_parts(carrier);
	err = make_folders(settings, error);
	if (!err)
		err = safe_open(&carrier->safe, settings, "carrier recordings", error);
	if (!err)
		err = call_journal_open(&carrier->journal, carrier, error);
	if (!err)
		err = phone_book_open(&carrier->numbers, carrier, error);
	if (!err)
		err = open_sip(carrier, error);
	if (!err)
		err = open_server(carrier, error);
	if (err) {
		mem_unref(carrier);
		return err;
	}
	call_journal_settle(carrier);
	seal_recordings(carrier);
	carrier->expiry = call_expiry_new(carrier);
	*ret_carrier = carrier;
	return 0;
}

uint16_t carrier_port(const struct carrier *carrier)
{
	return http_server_port(carrier->server);
}

/* ---- stopping ---- */

static bool end_leg(struct call_leg *leg, void *arg)
{
	if (!call_leg_state_is_terminal(leg->state))
		(void)call_leg_step(leg,
				    leg->state == LEG_IN_PROGRESS ? LEG_EV_HANGUP : LEG_EV_CANCEL);
	return true;
}

static bool count_undelivered(struct call_leg *leg, void *arg)
{
	size_t *count = arg;

	*count += hook_queue_len(leg->hooks);
	LIST_EACH(&leg->recordings, node)
	{
		*count += !call_recording_is_over(node->data);
	}
	return true;
}

static void on_stop_timer(void *arg)
{
	struct carrier *carrier = arg;
	size_t undelivered = 0;

	call_leg_book_each(carrier->book, 0, count_undelivered, &undelivered);
	if (undelivered && loop_now_ms(carrier->loop) < carrier->stop_deadline_ms) {
		timer_start(carrier->stop_timer, STOP_POLL_MS);
		return;
	}
	if (undelivered)
		LOG_WARN(&carrier->log, "callbacks_undelivered",
			 LOG_INT("count", (int64_t)undelivered));
	carrier->stoppedh(carrier->stopped_arg);
}

void carrier_stop(struct carrier *carrier, carrier_h *doneh, void *arg)
{
	if (carrier->stopping)
		return;
	carrier->stopping = true;
	carrier->stoppedh = doneh;
	carrier->stopped_arg = arg;
	http_server_stop_listening(carrier->server);
	call_leg_book_each(carrier->book, 0, end_leg, NULL);
	carrier->stop_deadline_ms = loop_now_ms(carrier->loop) + STOP_MS;
	carrier->stop_timer = timer_new(carrier->loop, on_stop_timer, carrier);
	/* BYEs and media streams' last words need a moment even when no callback waits. */
	timer_start(carrier->stop_timer, (uint64_t)STOP_POLL_MS * 5);
}
