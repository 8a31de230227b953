/* GET /api/v1/analytics: figures of a period and of the one before (docs/analytics.md) */
#include "core/clock.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/form.h"
#include "http/http_server.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/api/query.h"
#include "platform/api/read.h"
#include "platform/figure.h"

enum { DAY_S = 24 * 3600, DEFAULT_DAYS = 7 };

struct asked {
	struct api *api;
	struct http_request *req;
	struct zone *zone;
	const char *tz; /* the request's */
	struct figure_period period, before;
};

static bool read_zone(struct http_request *req, struct asked *asked)
{
	asked->tz = "UTC";
	if (!query_text(req, "tz", ZONE_NAME_SIZE, &asked->tz))
		return false;
	if (!zone_open(&asked->zone, asked->tz))
		return true;
	api_fail(req, API_INVALID_FIELD, "tz",
		 "tz must be the name of a time zone such as Europe/Berlin.");
	return false;
}

/* A date is its first moment in the zone. */
static bool read_moment(struct http_request *req, const struct asked *asked, const char *name,
			int64_t *ret_s)
{
	const char *text = form_get(http_request_query(req), name);
	int64_t day, us = *ret_s * 1000000;

	if (text && !zone_date_parse(&day, text)) {
		*ret_s = zone_day_start(asked->zone, day);
		if (*ret_s > 0)
			return true;
	}
	if (!query_time(req, name, &us))
		return false;
	*ret_s = us / 1000000;
	return true;
}

static bool read_asked(struct http_request *req, struct asked *asked)
{
	static const char *const names[] = {"from", "to", "tz"};
	struct figure_period *period = &asked->period;
	int64_t today;

	if (!query_has_only(req, names, ARRAY_LEN(names)) || !read_zone(req, asked))
		return false;
	period->zone = asked->zone;
	today = zone_day(asked->zone, clock_wall_us() / 1000000);
	period->to_s = zone_day_start(asked->zone, today + 1);
	if (!read_moment(req, asked, "to", &period->to_s))
		return false;
	period->from_s = zone_day_start(asked->zone, zone_day(asked->zone, period->to_s - 1) -
							     (DEFAULT_DAYS - 1));
	if (!read_moment(req, asked, "from", &period->from_s))
		return false;
	figure_period_align(period);
	if (period->from_s < period->to_s &&
	    period->to_s - period->from_s <= (int64_t)FIGURE_MAX_DAYS * DAY_S)
		return true;
	api_fail(req, API_INVALID_FIELD, "to", "to must be later than from, by at most %d days.",
		 FIGURE_MAX_DAYS);
	return false;
}

static void asked_destroy(void *data)
{
	struct asked *asked = data;

	mem_unref(asked->req);
	mem_unref(asked->zone);
}

static void on_figures(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct asked *asked = arg;
	const struct cost_rates *rates = &asked->api->rates;
	json_t *auto_json view = json_object();

	if (err) {
		api_fail_errno(asked->req, err);
	} else {
		json_set_str(view, "tz", asked->tz);
		json_object_set_new(view, "current", figure_view(results, rates, &asked->period));
		json_object_set_new(
			view, "previous",
			figure_view(results + FIGURE_STATEMENTS, rates, &asked->before));
		http_reply_json(asked->req, 200, view);
	}
	mem_unref(asked);
}

void analytics(struct http_request *req, void *arg)
{
	struct api *api = arg;
	struct asked *asked = mem_new(sizeof(*asked), asked_destroy);
	struct batch batch auto_batch = {0};

	asked->api = api;
	asked->req = mem_ref(req);
	if (!read_asked(req, asked)) {
		mem_unref(asked);
		return;
	}
	asked->before = figure_period_before(&asked->period);
	figure_select(&batch, api_tenant(req), &api->rates, &asked->period);
	figure_select(&batch, api_tenant(req), &api->rates, &asked->before);
	batch_read(&batch, NULL, api->db, on_figures, asked);
}
