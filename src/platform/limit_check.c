#include "platform/limit_check.h"

#include "core/mem.h"
#include "core/metric.h"
#include "platform/call_limit_book.h"
#include "platform/cost.h"
#include "platform/store/call_limit.h"

#include <errno.h>
#include <stdio.h>

struct check {
	struct task *task;
	struct limit_question question;
	struct call_limit *limit;
	int64_t not_before;
	struct db_request *request;
	limit_checked_h *checkedh;
};

static void check_destroy(void *data)
{
	struct check *check = data;

	mem_unref(check->limit);
	mem_unref(check->request);
}

/* The task may be gone afterwards, and the check with it. */
static void finish(struct check *check, int err, const char *field, const char *reason)
{
	const struct limit_verdict verdict = {
		.err = err, .field = field, .reason = reason, .not_before = check->not_before};

	if (err == -EPERM || err == -EDQUOT)
		metric_add(METRIC_CALL_REFUSED, err == -EPERM ? "destination" : "cap", 1);
	check->checkedh(check->task, &verdict);
}

/* ---- caps ---- */

/* Whether there is more than the cap allows. */
static bool is_over(const struct call_limit *limit, enum call_cap cap, int64_t value)
{
	int64_t most = call_limit_cap(limit, cap);

	return most && value > most;
}

static enum call_cap first_over(const struct check *check, struct db_result *const *results)
{
	const struct call_limit *limit = check->limit;
	struct call_usage day = store_usage_load(results[0]);
	struct call_usage month = store_usage_load(results[1]);
	int64_t calls = check->question.one_more;
	int64_t micros = calls ? cost_estimate(&check->task->platform->api.rates,
					       check->question.max_duration_s)
			       : 0;

	if (is_over(limit, CALL_CAP_ATTEMPTS, db_get_int(results[2], 0, 0) + calls))
		return CALL_CAP_ATTEMPTS;
	if (is_over(limit, CALL_CAP_CALLS_DAY, day.calls + calls))
		return CALL_CAP_CALLS_DAY;
	if (is_over(limit, CALL_CAP_CALLS_MONTH, month.calls + calls))
		return CALL_CAP_CALLS_MONTH;
	if (is_over(limit, CALL_CAP_SPEND_DAY, day.spent + day.reserved + micros))
		return CALL_CAP_SPEND_DAY;
	if (is_over(limit, CALL_CAP_SPEND_MONTH, month.spent + month.reserved + micros))
		return CALL_CAP_SPEND_MONTH;
	return CALL_CAP_COUNT;
}

static void on_usage(int err, struct db_result *const *results, size_t failed, void *arg)
{
	static const char *const sentences[CALL_CAP_COUNT] = {
		[CALL_CAP_CALLS_DAY] = "The calls of this day are used up.",
		[CALL_CAP_CALLS_MONTH] = "The calls of this month are used up.",
		[CALL_CAP_SPEND_DAY] = "What calls may cost on this day is spent or reserved.",
		[CALL_CAP_SPEND_MONTH] = "What calls may cost in this month is spent or reserved.",
		[CALL_CAP_ATTEMPTS] = "This number has been called often enough today.",
	};
	struct check *check = arg;
	enum call_cap cap;

	if (err) {
		finish(check, err, NULL, "the usage cannot be read");
		return;
	}
	cap = first_over(check, results);
	if (cap == CALL_CAP_COUNT)
		finish(check, 0, NULL, "");
	else
		finish(check, -EDQUOT, call_cap_field(cap), sentences[cap]);
}

/* ---- destinations ---- */

static void on_limit(int err, struct call_limit *limit, void *arg)
{
	struct check *check = arg;
	struct task *task = check->task;
	struct batch batch auto_batch = {0};
	char reason[CALL_LIMIT_REASON_SIZE] = "the limits cannot be read";

	check->not_before = check->question.when;
	if (!err)
		check->not_before = call_limit_not_before(limit, check->question.when);
	if (!err)
		err = call_limit_destination(limit, check->question.address, reason);
	if (err || !check->question.caps || !call_limit_has_caps(limit)) {
		finish(check, err, err == -EPERM ? "phone_number" : NULL, reason);
		return;
	}
	check->limit = mem_ref(limit);
	store_usage_select(&batch, task->tenant_id, check->question.at);
	store_attempt_select(&batch, task->tenant_id, check->question.address, check->question.at);
	batch_lookup(&batch, &check->request, task->platform->api.db, on_usage, check);
}

void limit_check(struct task *task, const struct limit_question *question,
		 limit_checked_h *checkedh)
{
	struct check *check = mem_new(sizeof(*check), check_destroy);
	struct call_limit_book *book = task->platform->limits;
	struct call_limit *limit = NULL;

	mem_unref(task->state);
	task->state = check;
	check->task = task;
	check->question = *question;
	check->checkedh = checkedh;
	if (call_limit_book_find(&limit, book, task->tenant_id))
		call_limit_book_ask(NULL, book, task->tenant_id, on_limit, check);
	else
		on_limit(0, limit, check);
}
