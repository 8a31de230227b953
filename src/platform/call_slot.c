#include "platform/call_slot.h"

#include "core/digest.h"
#include "core/list.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/str.h"
#include "core/uuid.h"
#include "loop/timer.h"
#include "platform/call_limit_book.h"
#include "platform/store/batch.h"
#include "platform/store/call.h"
#include "state/state.h"

#include <errno.h>
#include <stdio.h>

enum {
	TTL_MS = 45000,
	RENEW_MS = 10000,
	PAGE = STATE_MAX_IDS,
	SET_SIZE = UUID_SIZE + 8,
};

struct call_slots {
	struct call_slots_conf conf;
	struct log log;
	struct timer *timer;
	struct db_request *request;
	struct list renewals;
	/* The last call of the page before; "" at the start of a round. */
	char after_tenant[UUID_SIZE];
	char after_id[UUID_SIZE];
};

static void set_name(char set[SET_SIZE], const char *tenant_id)
{
	snprintf(set, SET_SIZE, "calls:%s", tenant_id);
}

/* ---- taking and releasing ---- */

struct call_slot_wait {
	struct call_slots *slots;
	char *tenant_id, *call_id;
	struct call_limit_ask *ask;
	struct state_request *request;
	call_slot_h *doneh;
	void *arg;
};

static void wait_destroy(void *data)
{
	struct call_slot_wait *wait = data;

	call_limit_ask_cancel(wait->ask);
	mem_unref(wait->request);
	mem_free(wait->tenant_id);
	mem_free(wait->call_id);
}

/* Who cannot be remembered is let through: a limit must not become an outage. */
static void on_taken(int err, const struct state_answer *answer, void *arg)
{
	const struct call_slot_wait *wait = arg;

	wait->doneh(!err && !answer->granted ? -EDQUOT : 0, wait->arg);
}

static void take(struct call_slot_wait *wait, uint32_t max)
{
	char set[SET_SIZE];
	struct state_lease_params params = {
		.set = set, .id = wait->call_id, .max = max, .ttl_ms = TTL_MS};

	set_name(set, wait->tenant_id);
	state_lease_take(&wait->request, wait->slots->conf.state, &params, on_taken, wait);
}

/* Limits that cannot be read are met again, and decided on, before the call is made. */
static void on_limit(int err, struct call_limit *limit, void *arg)
{
	struct call_slot_wait *wait = arg;
	struct call_limit *held = err ? call_limit_book_defaults(wait->slots->conf.limits) : limit;
	uint32_t max = call_limit_max_calls(held);

	wait->ask = NULL;
	if (max)
		take(wait, max);
	else
		wait->doneh(0, wait->arg);
}

void call_slots_take(struct call_slot_wait **ret_wait, struct call_slots *slots,
		     const char *tenant_id, const char *call_id, call_slot_h *doneh, void *arg)
{
	struct call_slot_wait *wait = mem_new(sizeof(*wait), wait_destroy);
	struct call_limit_book *limits = slots->conf.limits;
	struct call_limit *limit = NULL;

	wait->slots = slots;
	wait->tenant_id = mem_strdup(tenant_id);
	wait->call_id = mem_strdup(call_id);
	wait->doneh = doneh;
	wait->arg = arg;
	*ret_wait = wait;
	if (!call_limit_book_find(&limit, limits, tenant_id) && call_limit_max_calls(limit))
		take(wait, call_limit_max_calls(limit));
	else
		call_limit_book_ask(&wait->ask, limits, tenant_id, on_limit, wait);
}

void call_slots_release(struct call_slots *slots, const char *tenant_id, const char *call_id)
{
	char set[SET_SIZE];

	if (!call_slots_are_limited(slots, tenant_id))
		return;
	set_name(set, tenant_id);
	state_lease_release(NULL, slots->conf.state, set, call_id, NULL, NULL);
}

bool call_slots_are_limited(const struct call_slots *slots, const char *tenant_id)
{
	struct call_limit *limit = NULL;

	return call_limit_book_find(&limit, slots->conf.limits, tenant_id) ||
	       call_limit_max_calls(limit);
}

/* ---- renewing ---- */

/* Calls of one tenant, as read from the database. */
struct renewal {
	struct list_node node;
	struct call_slots *slots;
	struct db_result *page; /* the ids are in its rows */
	const char *tenant_id;
	const char *ids[PAGE];
	size_t count;
	struct call_limit_ask *ask;
	struct state_request *request;
	struct db_request *reading;
};

static void renewal_destroy(void *data)
{
	struct renewal *renewal = data;

	list_remove(&renewal->node);
	call_limit_ask_cancel(renewal->ask);
	mem_unref(renewal->request);
	mem_unref(renewal->reading);
	mem_unref(renewal->page);
}

/* Calls that were not over a moment ago and are not now: they have lost their slots. */
static void on_read_again(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct renewal *renewal = arg;
	char set[SET_SIZE];
	size_t rows = err ? 0 : db_rows(results[0]);

	set_name(set, renewal->tenant_id);
	for (size_t row = 0; row < rows; row++) {
		struct state_lease_params params = {
			.set = set, .id = db_get_text(results[0], row, 1), .ttl_ms = TTL_MS};

		state_lease_take(NULL, renewal->slots->conf.state, &params, NULL, NULL);
	}
	LOG_INFO(&renewal->slots->log, "call_slots_restored", LOG_INT("calls", (int64_t)rows));
	mem_unref(renewal);
}

static void on_renewed(int err, const struct state_answer *answer, void *arg)
{
	struct renewal *renewal = arg;
	struct batch batch auto_batch = {0};

	renewal->request = mem_unref(renewal->request);
	if (err || answer->count >= (int64_t)renewal->count) {
		mem_unref(renewal);
		return;
	}
	store_call_select_started(&batch, renewal->tenant_id, renewal->ids[0],
				  renewal->ids[renewal->count - 1]);
	batch_run(&batch, &renewal->reading, renewal->slots->conf.db, on_read_again, renewal);
}

/* Of a tenant without a limit nothing is kept. */
static void renew(int err, struct call_limit *limit, void *arg)
{
	struct renewal *renewal = arg;
	char set[SET_SIZE];

	renewal->ask = NULL;
	if (!err && !call_limit_max_calls(limit)) {
		mem_unref(renewal);
		return;
	}
	set_name(set, renewal->tenant_id);
	state_lease_renew(&renewal->request, renewal->slots->conf.state, set, renewal->ids,
			  renewal->count, TTL_MS, on_renewed, renewal);
}

static void renew_tenant(struct call_slots *slots, struct db_result *page, size_t first, size_t end)
{
	struct renewal *renewal = mem_new(sizeof(*renewal), renewal_destroy);
	struct call_limit_book *limits = slots->conf.limits;
	struct call_limit *limit = NULL;

	renewal->slots = slots;
	renewal->page = mem_ref(page);
	renewal->tenant_id = db_get_text(page, first, 0);
	for (size_t row = first; row < end; row++)
		renewal->ids[renewal->count++] = db_get_text(page, row, 1);
	list_append(&slots->renewals, &renewal->node, renewal);
	if (call_limit_book_find(&limit, limits, renewal->tenant_id))
		call_limit_book_ask(&renewal->ask, limits, renewal->tenant_id, renew, renewal);
	else
		renew(0, limit, renewal);
}

static void on_page(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct call_slots *slots = arg;
	size_t rows = err ? 0 : db_rows(results[0]), first = 0;

	slots->request = mem_unref(slots->request);
	for (size_t row = 1; row <= rows; row++) {
		if (row < rows &&
		    str_equal(db_get_text(results[0], row, 0), db_get_text(results[0], first, 0)))
			continue;
		renew_tenant(slots, results[0], first, row);
		first = row;
	}
	slots->after_tenant[0] = slots->after_id[0] = '\0';
	if (rows == PAGE) {
		str_copy(slots->after_tenant, sizeof(slots->after_tenant),
			 db_get_text(results[0], rows - 1, 0));
		str_copy(slots->after_id, sizeof(slots->after_id),
			 db_get_text(results[0], rows - 1, 1));
	}
	/* Pods do not all ask at the same time. */
	timer_start(slots->timer,
		    rows == PAGE ? 0 : RENEW_MS * 3 / 4 + random_u64() % (RENEW_MS / 2));
}

static void read_page(void *arg)
{
	struct call_slots *slots = arg;
	struct batch batch auto_batch = {0};

	store_call_page_started(&batch, slots->after_tenant, slots->after_id, PAGE);
	batch_run(&batch, &slots->request, slots->conf.db, on_page, slots);
}

static void slots_destroy(void *data)
{
	struct call_slots *slots = data;

	LIST_EACH(&slots->renewals, node)
	mem_unref(node->data);
	mem_unref(slots->timer);
	mem_unref(slots->request);
}

struct call_slots *call_slots_new(const struct call_slots_conf *conf)
{
	struct call_slots *slots = mem_new(sizeof(*slots), slots_destroy);

	slots->conf = *conf;
	log_init(&slots->log, "call_manager", NULL);
	slots->timer = timer_new(conf->loop, read_page, slots);
	timer_start(slots->timer, 0);
	return slots;
}
