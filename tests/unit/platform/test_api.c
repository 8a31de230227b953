/*
 * Protects the reading side of the API over real HTTP: shapes and names of the answers, keyset
 * pages that hold every call once, filters, 400 with the field named, distinct 404s, the page with
 * its policy, and the live socket with its checks.
 */
#include "unit/platform/fixture.h"

#include "core/buf.h"
#include "core/str.h"
#include "http/edge.h"
#include "http/http_client.h"
#include "http/http_server.h"
#include "http/ws.h"
#include "platform/api/api.h"
#include "platform/api/guard.h"
#include "platform/call_table.h"
#include "platform/live.h"
#include "platform/summary.h"
#include "platform/transcript.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

struct fixture {
	struct base base;
	struct live *live;
	struct call_table *table;
	struct http_server *server;
	struct http_client *client;
	struct api api;
	char made_id[UUID_SIZE];
	/* the last answer */
	bool done;
	int status;
	char *text;
	json_t *json;
	char header[512];
	const char *header_name;
};

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	struct live_conf live_conf = {.tenant_id = STORE_TENANT};
	struct http_edge_conf edge_conf = {0};
	struct http_edge *auto_unref edge = NULL;
	struct http_server_conf server_conf = {.service = "test"};
	char error[HTTP_EDGE_ERROR_SIZE];
	struct guard_conf guard_conf = {.single_user = true, .this_machine = true};
	struct call_table_conf conf = {0};

	base_open(&f->base, loop_new());
	f->live = live_new(f->base.loop, f->base.db, &live_conf);
	conf.loop = guard_conf.loop = f->base.loop;
	conf.db = f->base.db;
	conf.live = f->live;
	f->table = call_table_new(&conf);
	f->api = (struct api){.loop = f->base.loop,
			      .db = f->base.db,
			      .calls = f->table,
			      .live = f->live,
			      .guard = guard_new(&guard_conf)};
	assert_int_equal(0, http_edge_new(&edge, &edge_conf, error));
	server_conf.edge = edge;
	assert_int_equal(0, http_server_new(&f->server, f->base.loop, &server_conf));
	api_read_routes(&f->api, f->server);
	api_live_routes(&f->api, f->server);
	api_page_routes(&f->api, f->server);
	f->client = http_client_new(f->base.loop);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	mem_unref(f->client);
	mem_unref(f->server);
	mem_unref(f->api.guard);
	mem_unref(f->table);
	mem_unref(f->live);
	base_close(&f->base);
	mem_free(f->text);
	json_decref(f->json);
	mem_free(f);
	return 0;
}

static void settle(struct fixture *f)
{
	base_sql(&f->base, "SELECT 1");
	base_sql(&f->base, "SELECT 1");
}

/* ---- requests ---- */

static void on_answer(const struct http_result *result, void *arg)
{
	struct fixture *f = arg;
	const char *header;

	assert_int_equal(0, result->err);
	f->done = true;
	f->status = result->status;
	mem_replace_str(&f->text, result->body);
	json_decref(f->json);
	f->json = NULL;
	json_parse(&f->json, result->body, result->body_len, NULL);
	header = f->header_name ? http_exchange_header(result->exchange, f->header_name) : NULL;
	str_copy(f->header, sizeof(f->header), header ? header : "");
}

static json_t *get_with(struct fixture *f, const char *target, const char *header)
{
	char *auto_free url =
		mem_printf("http://127.0.0.1:%u%s", http_server_port(f->server), target);
	const char *headers[] = {header, NULL};
	struct http_client_params params = {.method = "GET", .url = url, .headers = headers};
	struct http_exchange *auto_unref exchange = NULL;

	f->done = false;
	assert_int_equal(0, http_client_request(&exchange, f->client, &params, NULL, on_answer, f));
	base_wait(&f->base, &f->done);
	return f->json;
}

static json_t *get(struct fixture *f, const char *target)
{
	return get_with(f, target, NULL);
}

static const char *error_member(struct fixture *f, const char *member)
{
	return json_get_str(json_object_get(f->json, "error"), member, "");
}

/* ---- data ---- */

static void on_made(int err, struct call *call, bool changed, void *arg)
{
	struct fixture *f = arg;

	assert_int_equal(0, err);
	str_copy(f->made_id, sizeof(f->made_id), call->id);
	f->done = true;
}

static const char *make(struct fixture *f, struct call_params params)
{
	params.tenant_id = STORE_TENANT;
	if (!params.phone_number)
		params.phone_number = "+15551234567";
	f->done = false;
	call_table_create(f->table, &params, on_made, f);
	base_wait(&f->base, &f->done);
	return f->made_id;
}

static void apply(struct fixture *f, const char *id, struct call_change change)
{
	change.source = "test";
	call_table_apply(f->table, STORE_TENANT, id, &change, NULL, NULL);
	settle(f);
	settle(f);
}

static void say(struct fixture *f, const char *id, int64_t ordinal, const char *text)
{
	struct transcript_turn turn = {.tenant_id = STORE_TENANT,
				       .call_id = id,
				       .ordinal = ordinal,
				       .speaker = ordinal % 2 ? "user" : "agent",
				       .text = text,
				       .confidence = 0.5};

	assert_int_equal(0, transcript_final(f->table, &turn, NULL, NULL));
	settle(f);
}

static void summarise(struct fixture *f, const char *id, const char *status)
{
	json_t *auto_json points = json_pack("[s]", "a point");
	bool completed = str_equal(status, "completed");
	struct summary summary = {.tenant_id = STORE_TENANT,
				  .call_id = id,
				  .status = status,
				  .text = completed ? "They spoke of Tulips." : NULL,
				  .sentiment = completed ? "positive" : NULL,
				  .key_points = points,
				  .analyser = "embedded"};

	assert_int_equal(0, summary_save(f->table, &summary, NULL, NULL));
	settle(f);
}

/* ---- one call ---- */

static void call_has_the_names_of_the_spec(void **state)
{
	static const char *const names[] = {"call_id",
					    "status",
					    "direction",
					    "phone_number",
					    "from_number",
					    "ultravox_call_id",
					    "twilio_call_sid",
					    "system_prompt",
					    "transcript",
					    "summary",
					    "created_at",
					    "started_at",
					    "ended_at",
					    "duration_seconds",
					    "agent",
					    "voice",
					    "language",
					    "temperature",
					    "max_duration_seconds",
					    "metadata",
					    "end_reason",
					    "outcome",
					    "recording",
					    "first_message"};
	struct fixture *f = *state;
	char target[128];
	const char *id = make(f, (struct call_params){.direction = CALL_OUTBOUND,
						      .from_number = "+15550100000",
						      .system_prompt = "Be kind.",
						      .temperature = 0.5,
						      .data_token = "secret",
						      .metadata = "{\"crm\":7}"});

	apply(f, id, (struct call_change){.event = CALL_EV_ANSWERED, .join_url = "wss://secret"});
	say(f, id, 0, "Hello.");
	snprintf(target, sizeof(target), "/api/v1/calls/%s", id);
	json_t *view = get(f, target);

	assert_int_equal(200, f->status);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!json_object_get(view, names[i]))
			fail_msg("%s is missing", names[i]);
	assert_string_equal("IN_PROGRESS", json_get_str(view, "status", ""));
	assert_string_equal("OUTBOUND", json_get_str(view, "direction", ""));
	assert_int_equal(7, json_get_int(json_object_get(view, "metadata"), "crm", 0));
	assert_true(json_get_number(view, "temperature", 0) == 0.5);
	assert_true(json_is_null(json_object_get(view, "summary")));

	json_t *turn = json_array_get(json_object_get(view, "transcript"), 0);

	assert_string_equal("agent", json_get_str(turn, "speaker", ""));
	assert_string_equal("Hello.", json_get_str(turn, "text", ""));
	assert_true(json_get_number(turn, "confidence", 0) == 0.5);
	assert_non_null(json_get_str(turn, "timestamp", NULL));
	assert_null(strstr(f->text, "secret"));
}

static void every_404_says_what_is_missing(void **state)
{
	static const struct {
		const char *target; /* %s: a call that exists */
		const char *code;
	} cases[] = {
		{"/api/v1/calls/nobody", "call_not_found"},
		{"/api/v1/calls/nobody/transcript", "call_not_found"},
		{"/api/v1/calls/nobody/summary", "call_not_found"},
		{"/api/v1/calls/nobody/events", "call_not_found"},
		{"/api/v1/calls/%27%20OR%201=1--", "call_not_found"},
		{"/api/v1/nowhere", "not_found"},
		{"@/summary", "summary_not_available"},
	};
	struct fixture *f = *state;
	const char *id = make(f, (struct call_params){0});

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *auto_free target =
			cases[i].target[0] == '@'
				? mem_printf("/api/v1/calls/%s%s", id, cases[i].target + 1)
				: mem_strdup(cases[i].target);

		get(f, target);
		assert_int_equal(404, f->status);
		assert_string_equal(cases[i].code, error_member(f, "code"));
		assert_string_not_equal("", error_member(f, "message"));
	}
}

static void summary_is_there_when_it_is_done(void **state)
{
	struct fixture *f = *state;
	const char *id = make(f, (struct call_params){0});
	char *auto_free target = mem_printf("/api/v1/calls/%s/summary", id);

	summarise(f, id, "pending");
	get(f, target);
	assert_int_equal(404, f->status);
	summarise(f, id, "completed");
	json_t *view = get(f, target);

	assert_int_equal(200, f->status);
	assert_string_equal("positive", json_get_str(view, "sentiment", ""));
	assert_string_equal("They spoke of Tulips.", json_get_str(view, "summary", ""));
	assert_int_equal(1, json_array_size(json_object_get(view, "key_points")));
	assert_int_equal(0, json_array_size(json_object_get(view, "action_items")));
}

static void events_of_a_call_are_its_history(void **state)
{
	struct fixture *f = *state;
	const char *id = make(f, (struct call_params){0});
	char *auto_free target = mem_printf("/api/v1/calls/%s/events", id);

	apply(f, id, (struct call_change){.event = CALL_EV_RINGING});
	apply(f, id, (struct call_change){.event = CALL_EV_BUSY});
	json_t *events = json_object_get(get(f, target), "events");

	assert_int_equal(3, json_array_size(events));
	assert_string_equal("BUSY", json_get_str(json_object_get(json_array_get(events, 2), "data"),
						 "status", ""));
	char *auto_free rest =
		mem_printf("%s?since=%lld", target,
			   (long long)json_get_int(json_array_get(events, 1), "seq", 0));

	assert_int_equal(1, json_array_size(json_object_get(get(f, rest), "events")));
}

/* ---- the list ---- */

static void pages_hold_every_call_once_newest_first(void **state)
{
	enum { N = 23 };
	struct fixture *f = *state;
	struct buf auto_buf seen = {0};
	char last[40] = "9";
	char *cursor = NULL;
	int count = 0, pages = 0;

	/* The same moment for all: only the id keeps them apart. */
	clock_fake_wall_us(1800000000000000);
	for (int i = 0; i < N; i++)
		make(f, (struct call_params){0});
	clock_fake_wall_us(-1);
	do {
		char *auto_free target = mem_printf("/api/v1/calls/?limit=5%s%s",
						    cursor ? "&cursor=" : "", cursor ? cursor : "");
		json_t *page = get(f, target), *calls = json_object_get(page, "calls");

		assert_int_equal(200, f->status);
		for (size_t i = 0; i < json_array_size(calls); i++, count++) {
			const char *id = json_get_str(json_array_get(calls, i), "call_id", "");

			assert_null(strstr(buf_str(&seen), id));
			buf_append_str(&seen, id);
			assert_true(strcmp(id, last) < 0);
			str_copy(last, sizeof(last), id);
		}
		mem_free(cursor);
		cursor = mem_strdup(json_get_str(page, "next_cursor", NULL));
		pages++;
	} while (cursor);
	assert_int_equal(N, count);
	assert_int_equal(5, pages);
}

static void list_without_the_slash_is_the_same(void **state)
{
	struct fixture *f = *state;

	make(f, (struct call_params){0});
	assert_int_equal(1, json_array_size(json_object_get(get(f, "/api/v1/calls"), "calls")));
	assert_int_equal(1, json_array_size(json_object_get(get(f, "/api/v1/calls/"), "calls")));
}

static void filters_find_what_they_say(void **state)
{
	static const struct {
		const char *query;
		const char *expected; /* names of the calls, newest first */
	} cases[] = {
		{"limit=50", "cba"},
		{"status=BUSY", "b"},
		{"status=busy", "b"},
		{"direction=INBOUND", "c"},
		{"agent=survey", "b"},
		{"number=%2B15550000002", "b"},
		{"number=+15550000002", "b"},
		{"number=15550000002", "b"},
		{"number=%2B15559999999", "c"},
		{"text=tulips", "a"},
		{"text=DAFFODILS", "c"},
		{"sentiment=positive", "a"},
		{"sentiment=negative", ""},
		{"sentiment=positive&text=tulips", "a"},
		{"text=100%25", "a"},
		{"text=1_0", ""},
		{"from=2027-01-15T08:00:01Z", "cb"},
		{"to=2027-01-15T08:00:01Z", "a"},
		{"from=2027-01-15T09:00:01%2B01:00&to=2027-01-15T09:00:02+01:00", "b"},
		{"status=PENDING&direction=OUTBOUND", "a"},
		{"status=PENDING&direction=OUTBOUND&agent=survey", ""},
		{"text=tulips&number=%2B15550000001&from=2027-01-15T08:00:00Z&limit=1", "a"},
	};
	struct fixture *f = *state;
	char ids[3][UUID_SIZE];

	for (int i = 0; i < 3; i++) {
		static const char *const numbers[] = {"+15550000001", "+15550000002",
						      "+15550000003"};

		clock_fake_wall_us(1800000000000000 + i * 1000000);
		str_copy(ids[i], UUID_SIZE,
			 make(f, (struct call_params){.direction =
							      i == 2 ? CALL_INBOUND : CALL_OUTBOUND,
						      .phone_number = numbers[i],
						      .from_number = i == 2 ? "+15559999999" : NULL,
						      .agent = i == 1 ? "survey" : "desk"}));
	}
	clock_fake_wall_us(-1);
	apply(f, ids[1], (struct call_change){.event = CALL_EV_BUSY});
	say(f, ids[0], 0, "I am 100% sure.");
	say(f, ids[2], 0, "Daffodils, please.");
	summarise(f, ids[0], "completed");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *auto_free target = mem_printf("/api/v1/calls/?%s", cases[i].query);
		json_t *calls = json_object_get(get(f, target), "calls");
		char found[8] = "";

		for (size_t j = 0; j < json_array_size(calls); j++)
			for (int k = 0; k < 3; k++)
				if (str_equal(ids[k], json_get_str(json_array_get(calls, j),
								   "call_id", "")))
					found[j] = (char)('a' + k);
		if (f->status != 200 || strcmp(cases[i].expected, found))
			fail_msg("%s: %d, found %s: %.300s", cases[i].query, f->status, found,
				 f->text);
	}
}

static void bad_values_are_refused_by_name(void **state)
{
	static const struct {
		const char *query;
		const char *field;
	} cases[] = {
		{"limit=0", "limit"},
		{"limit=201", "limit"},
		{"limit=ten", "limit"},
		{"limit=", "limit"},
		{"limit=99999999999999999999", "limit"},
		{"status=DONE", "status"},
		{"direction=UP", "direction"},
		{"from=yesterday", "from"},
		{"to=2026-13-01T00:00:00Z", "to"},
		{"from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "to"},
		{"number=alice", "number"},
		{"number=%2B1", "number"},
		{"number=111111111111111111111111111111111111111111", "number"},
		{"text=%ff", "text"},
		{"agent=%c3%28", "agent"},
		{"cursor=garbage!", "cursor"},
		{"cursor=AAAA", "cursor"},
		{"cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk6eA", "cursor"},
		{"colour=red", "colour"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *auto_free target = mem_printf("/api/v1/calls/?%s", cases[i].query);

		get(f, target);
		if (f->status != 400 || strcmp(cases[i].field, error_member(f, "field")))
			fail_msg("%s: %d %s", cases[i].query, f->status, f->text);
		assert_string_not_equal("", error_member(f, "message"));
	}
}

static void active_calls_are_those_not_over(void **state)
{
	struct fixture *f = *state;
	char first[UUID_SIZE];
	json_t *body;

	str_copy(first, sizeof(first), make(f, (struct call_params){0}));
	make(f, (struct call_params){0});
	apply(f, first, (struct call_change){.event = CALL_EV_FAILED});
	body = get(f, "/api/v1/calls/active/list");
	assert_int_equal(1, json_get_int(body, "count", 0));
	assert_string_equal(
		f->made_id,
		json_get_str(json_array_get(json_object_get(body, "calls"), 0), "call_id", ""));
}

static void figures_are_counted(void **state)
{
	struct fixture *f = *state;
	int64_t start = clock_wall_us();
	json_t *view, *volume;

	for (int i = 0; i < 4; i++) {
		clock_fake_wall_us(start);
		const char *id = make(f, (struct call_params){0});

		if (i == 3)
			break;
		if (i < 2)
			apply(f, id, (struct call_change){.event = CALL_EV_ANSWERED});
		clock_fake_wall_us(start + (i + 1) * 10000000);
		apply(f, id,
		      (struct call_change){.event = i < 2 ? CALL_EV_COMPLETED : CALL_EV_BUSY});
		if (!i)
			summarise(f, id, "completed");
	}
	clock_fake_wall_us(start);
	view = get(f, "/api/v1/calls/dashboard/analytics");
	clock_fake_wall_us(-1);
	assert_int_equal(4, json_get_int(view, "total_calls", 0));
	assert_int_equal(1, json_get_int(view, "active_calls", 0));
	assert_true(fabs(json_get_number(view, "success_rate", 0) - 2.0 / 3) < 1e-9);
	assert_true(json_get_number(view, "average_duration_seconds", 0) == 15.0);
	assert_int_equal(
		1, json_get_int(json_object_get(view, "sentiment_distribution"), "positive", 0));
	volume = json_object_get(view, "call_volume");
	assert_int_equal(24, json_array_size(volume));
	assert_int_equal(4, json_get_int(json_array_get(volume, 23), "calls", 0));
	assert_int_equal(0, json_get_int(json_array_get(volume, 0), "calls", -1));
}

static void nothing_yet_is_no_error(void **state)
{
	static const char *const targets[] = {"/api/v1/calls/", "/api/v1/calls/active/list",
					      "/api/v1/calls/dashboard/analytics"};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		get(f, targets[i]);
		assert_int_equal(200, f->status);
	}
}

/* ---- the list as a file ---- */

static size_t lines_of(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static void export_holds_every_call_of_the_filter(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 250; i++)
		make(f, (struct call_params){.agent = i % 5 ? "desk" : "survey"});
	get(f, "/api/v1/calls/export.csv");
	assert_int_equal(200, f->status);
	assert_int_equal(0, strncmp("call_id,status,", f->text, 15));
	assert_int_equal(251, lines_of(f->text));
	get(f, "/api/v1/calls/export.csv?agent=survey");
	assert_int_equal(51, lines_of(f->text));
	get(f, "/api/v1/calls/export.csv?limit=7");
	assert_int_equal(8, lines_of(f->text));
	get(f, "/api/v1/calls/export.csv?status=RUNNING");
	assert_int_equal(400, f->status);
	get_with(f, "/api/v1/calls?agent=survey", "Accept: text/csv");
	assert_int_equal(51, lines_of(f->text));
	get_with(f, "/api/v1/calls?agent=survey", "Accept: application/json, text/csv");
	assert_int_equal(50, json_array_size(json_object_get(f->json, "calls")));
}

static void export_finds_what_was_said(void **state)
{
	struct fixture *f = *state;
	const char *id = make(f, (struct call_params){0});

	say(f, id, 1, "Tulips, please.");
	make(f, (struct call_params){0});
	get(f, "/api/v1/calls/export.csv?text=tulips");
	assert_int_equal(2, lines_of(f->text));
	get(f, "/api/v1/calls/export.csv?text=roses");
	assert_int_equal(1, lines_of(f->text));
}

static void export_brings_no_formula_to_a_spreadsheet(void **state)
{
	static const struct {
		const char *agent, *cell;
	} rows[] = {
		{"desk", ",desk,"},
		{"=1+1", ",\"'=1+1\","},
		{"-1", ",\"'-1\","},
		{"@sum", ",\"'@sum\","},
		{"a \"b\", c", ",\"a \"\"b\"\", c\","},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		make(f, (struct call_params){.agent = rows[i].agent});
		get(f, "/api/v1/calls/export.csv?limit=1");
		assert_non_null(strstr(f->text, rows[i].cell));
		assert_non_null(strstr(f->text, ",\"'+15551234567\","));
	}
}

/* ---- the page ---- */

static void page_is_served_with_its_policy(void **state)
{
	struct fixture *f = *state;
	char *auto_free condition = NULL;

	f->header_name = "content-security-policy";
	get(f, "/");
	assert_int_equal(200, f->status);
	assert_non_null(strstr(f->text, "<title>voiceai</title>"));
	assert_non_null(strstr(f->header, "default-src 'none'"));
	assert_null(strstr(f->header, "unsafe"));
	f->header_name = "etag";
	get(f, "/app.js");
	assert_int_equal(200, f->status);
	condition = mem_printf("If-None-Match: %s", f->header);
	get_with(f, "/app.js", condition);
	assert_int_equal(304, f->status);
	get(f, "/styles/base.css");
	assert_int_equal(200, f->status);
}

static void page_comes_compressed_to_who_takes_it(void **state)
{
	struct fixture *f = *state;
	char *auto_free plain = NULL;

	f->header_name = "content-encoding";
	get_with(f, "/app.js", "Accept-Encoding: br, gzip");
	assert_int_equal(200, f->status);
	assert_string_equal("gzip", f->header);
	assert_true(f->text[0] == '\x1f' && f->text[1] == '\x8b');
	f->header_name = "etag";
	get(f, "/app.js");
	plain = mem_strdup(f->header);
	get_with(f, "/app.js", "Accept-Encoding: gzip");
	assert_string_not_equal(plain, f->header);
}

static void addresses_of_the_dashboard_give_the_page(void **state)
{
	struct fixture *f = *state;

	get(f, "/calls/0194f0c2-0000-7000-8000-000000000000");
	assert_int_equal(200, f->status);
	assert_non_null(strstr(f->text, "<title>voiceai</title>"));
	get(f, "/no/such/page");
	assert_int_equal(404, f->status);
}

/* ---- the live socket ---- */

struct watcher {
	struct ws *ws;
	bool open, closed, got;
	int code, http_status;
	json_t *last;
	int count;
};

static void on_ws_open(struct ws *ws, void *arg)
{
	((struct watcher *)arg)->open = true;
}

static void on_ws_message(struct ws *ws, const char *data, size_t len, bool binary, void *arg)
{
	struct watcher *watcher = arg;

	json_decref(watcher->last);
	assert_int_equal(0, json_parse(&watcher->last, data, len, NULL));
	watcher->count++;
	watcher->got = true;
}

static void on_ws_close(struct ws *ws, int code, const char *reason, int http_status, void *arg)
{
	struct watcher *watcher = arg;

	watcher->closed = true;
	watcher->code = code;
	watcher->http_status = http_status;
}

static void watch(struct fixture *f, struct watcher *watcher, const char *query, const char *origin)
{
	char *auto_free url =
		mem_printf("ws://127.0.0.1:%u/api/v1/live%s", http_server_port(f->server), query);
	struct ws_header header = {"Origin", origin};
	struct ws_connect_params params = {
		.url = url,
		.headers = &header,
		.header_count = origin ? 1 : 0,
		.handlers = {on_ws_open, on_ws_message, on_ws_close, NULL, 0, 0},
		.arg = watcher,
	};

	assert_int_equal(0, ws_connect(&watcher->ws, f->base.loop, &params));
}

static void watcher_close(struct fixture *f, struct watcher *watcher)
{
	if (!watcher->closed)
		ws_close(watcher->ws, 1000, "");
	base_wait(&f->base, &watcher->closed);
	json_decref(watcher->last);
	mem_unref(watcher->ws);
}

/* Our side of a close may be a moment later than theirs. */
static void wait_for_no_reader(struct fixture *f)
{
	int64_t until = clock_mono_us() + 10 * 1000000;

	while (live_readers(f->live) && clock_mono_us() < until)
		loop_run_once(f->base.loop, 50);
	assert_int_equal(0, live_readers(f->live));
}

static void socket_tells_and_replays(void **state)
{
	struct fixture *f = *state;
	struct watcher first = {0}, second = {0};
	const char *id;

	while (!live_is_ready(f->live))
		loop_run_once(f->base.loop, 50);
	watch(f, &first, "", NULL);
	base_wait(&f->base, &first.open);
	id = make(f, (struct call_params){0});
	base_wait(&f->base, &first.got);
	while (!str_equal(json_get_str(first.last, "type", ""), "counters"))
		loop_run_once(f->base.loop, 50);
	say(f, id, 0, "Hello.");
	while (!str_equal(json_get_str(first.last, "type", ""), "transcript.final"))
		loop_run_once(f->base.loop, 50);
	assert_string_equal(id, json_get_str(first.last, "call_id", ""));

	watch(f, &second, "?since=0", NULL);
	while (second.count < 3)
		loop_run_once(f->base.loop, 50);
	assert_true(json_equal(first.last, second.last));
	watcher_close(f, &first);
	watcher_close(f, &second);
	wait_for_no_reader(f);
}

static void socket_refuses_what_it_must(void **state)
{
	static const struct {
		const char *query, *origin;
		int http_status, code;
	} cases[] = {
		{"", "http://evil.example", 403, 0},
		{"", "null", 403, 0},
		{"?since=-1", NULL, 400, 0},
		{"?since=x", NULL, 400, 0},
		{"?since=99999999999999999999", NULL, 400, 0},
		{"?call_id=this-is-longer-than-any-call-id-could-ever-be", NULL, 400, 0},
		{"?call_id=", NULL, 400, 0},
		{"?since=9007199254740991", NULL, 0, LIVE_CLOSE_AHEAD},
	};
	struct fixture *f = *state;

	while (!live_is_ready(f->live))
		loop_run_once(f->base.loop, 50);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct watcher watcher = {0};

		watch(f, &watcher, cases[i].query, cases[i].origin);
		base_wait(&f->base, &watcher.closed);
		assert_int_equal(cases[i].http_status, watcher.http_status);
		if (cases[i].code)
			assert_int_equal(cases[i].code, watcher.code);
		watcher_close(f, &watcher);
	}
	wait_for_no_reader(f);
}

static void socket_takes_our_own_page(void **state)
{
	struct fixture *f = *state;
	char *auto_free origin = mem_printf("http://127.0.0.1:%u", http_server_port(f->server));
	struct watcher watcher = {0};

	watch(f, &watcher, "", origin);
	base_wait(&f->base, &watcher.open);
	watcher_close(f, &watcher);
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(call_has_the_names_of_the_spec),
		TEST(every_404_says_what_is_missing),
		TEST(summary_is_there_when_it_is_done),
		TEST(events_of_a_call_are_its_history),
		TEST(pages_hold_every_call_once_newest_first),
		TEST(list_without_the_slash_is_the_same),
		TEST(filters_find_what_they_say),
		TEST(bad_values_are_refused_by_name),
		TEST(active_calls_are_those_not_over),
		TEST(figures_are_counted),
		TEST(nothing_yet_is_no_error),
		TEST(export_holds_every_call_of_the_filter),
		TEST(export_finds_what_was_said),
		TEST(export_brings_no_formula_to_a_spreadsheet),
		TEST(page_is_served_with_its_policy),
		TEST(page_comes_compressed_to_who_takes_it),
		TEST(addresses_of_the_dashboard_give_the_page),
		TEST(socket_tells_and_replays),
		TEST(socket_refuses_what_it_must),
		TEST(socket_takes_our_own_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
