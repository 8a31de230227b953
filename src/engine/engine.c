#include "engine/engine_priv.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/safe_file.h"
#include "core/setting.h"
#include "core/str.h"
#include "engine/conversation.h"
#include "engine/hook.h"
#include "engine/journal.h"
#include "http/http_client.h"
#include "http/http_server.h"
#include "http/url_guard.h"
#include "loop/loop.h"
#include "loop/safe_folder.h"
#include "loop/timer.h"
#include "loop/work.h"
#include "observe/health.h"
#include "observe/prometheus.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	STOP_MS = 1500,
	EXPIRY_MS = 600000,
	AUTO_DELETE_MS = 15000, /* for goodbyes, and for whoever asks once call.ended has come */
};

/* ---- records ---- */

static void record_destroy(void *data)
{
	struct record *record = data;

	list_remove(&record->node);
	mem_unref(record->deletion);
	if (record->talk)
		record->talk->changedh = record->talk->grownh = NULL;
	mem_unref(record->talk);
}

static struct record *record_new(struct engine *engine, struct talk *talk)
{
	struct record *record = mem_new(sizeof(*record), record_destroy);

	record->engine = engine;
	record->talk = talk;
	list_append(&engine->records, &record->node, record);
	return record;
}

struct record *engine_find(struct engine *engine, const char *call_id)
{
	for (struct list_node *node = engine->records.tail; node; node = node->prev) {
		struct record *record = node->data;

		if (str_equal(record->talk->call_id, call_id))
			return record;
	}
	return NULL;
}

static void remove_files(struct engine *engine, const char *call_id)
{
	auto_free char *tape = mem_printf("%s/%s.wav", engine->recordings_dir, call_id);

	journal_remove(engine->journal, "calls", call_id);
	safe_file_remove(tape);
}

/* The oldest finished calls make room. */
static void prune(struct engine *engine)
{
	LIST_EACH(&engine->records, node)
	{
		struct record *record = node->data;

		if (engine->records.len <= ENGINE_MAX_RECORDS)
			return;
		if (record->talk->state != TALK_ENDED)
			continue;
		remove_files(engine, record->talk->call_id);
		mem_unref(record);
	}
}

/* Once the file is written, the messages of an ended call live there only. */
struct written {
	struct engine *engine;
	char call_id[UUID_SIZE];
};

static void ended_written(int err, void *arg)
{
	struct written *written = arg;
	struct record *record = engine_find(written->engine, written->call_id);

	if (!err && record && record->talk->state == TALK_ENDED) {
		json_decref(record->talk->messages);
		record->talk->messages = NULL;
	}
	mem_unref(written);
}

static void save(struct engine *engine, struct talk *talk)
{
	auto_json json_t *content = talk_record(talk);
	struct written *written = NULL;

	if (talk->state == TALK_ENDED) {
		written = mem_new(sizeof(*written), NULL);
		written->engine = engine;
		str_copy(written->call_id, sizeof(written->call_id), talk->call_id);
	}
	journal_write(engine->journal, "calls", talk->call_id, content,
		      written ? ended_written : NULL, written);
}

json_t *engine_messages(struct engine *engine, const struct record *record)
{
	auto_json json_t *content = NULL;

	if (record->talk->messages)
		return json_incref(record->talk->messages);
	content = journal_read(engine->journal, "calls", record->talk->call_id);
	if (!json_is_array(json_object_get(content, "messages")))
		return json_array();
	return json_incref(json_object_get(content, "messages"));
}

static void fire(struct engine *engine, const char *event, const struct talk *talk)
{
	hooks_fire(engine->hooks, event, talk->call, json_object_get(talk->secrets, "callbacks"));
}

static void fire_ended(struct engine *engine, struct talk *talk)
{
	fire(engine, "call.ended", talk);
	fire(engine, "call.billed", talk);
	save(engine, talk);
}

static void count_live(struct engine *engine, int change)
{
	engine->live += (size_t)change;
	metric_set(METRIC_ENGINE_CALLS, "", (double)engine->live);
}

static void deletion_due(void *arg)
{
	struct record *record = arg;

	LOG_INFO(&record->talk->log, "call_auto_deleted");
	engine_delete(record->engine, record);
}

/* Deleted after billing, when its retentionPolicy says so. */
static void plan_deletion(struct engine *engine, struct record *record)
{
	if (!record ||
	    !str_equal(json_get_str(record->talk->call, "retentionPolicy", NULL), "auto_delete"))
		return;
	record->deletion = mem_unref(record->deletion);
	record->deletion = timer_new(engine->loop, deletion_due, record);
	timer_start(record->deletion, AUTO_DELETE_MS);
}

/* Deliveries are journalled before the record that says they are due no more. */
static void talk_changed(struct talk *talk, void *arg)
{
	struct engine *engine = arg;

	if (talk->state == TALK_JOINED) {
		fire(engine, "call.joined", talk);
		save(engine, talk);
	} else if (talk->state == TALK_ENDED) {
		count_live(engine, -1);
		fire_ended(engine, talk);
		plan_deletion(engine, engine_find(engine, talk->call_id));
	}
}

static void talk_grown(struct talk *talk, void *arg)
{
	save(arg, talk);
}

int engine_create(struct engine *engine, const json_t *request, struct record **ret_record,
		  json_t **ret_errors)
{
	const struct settings *settings = engine->settings;
	struct talk_conf conf = {
		.box = &engine->box,
		.public_url = engine->public_url,
		.recordings_dir = engine->recordings_dir,
		.safe = engine->safe,
		.flows_dir = settings->flows_dir,
		.llm_api_url = settings->llm_api_url,
		.llm_api_key = settings->llm_api_key,
		.llm_model = settings->llm_model,
		.client = engine->client,
		.pool = engine->pool,
		.changedh = talk_changed,
		.grownh = talk_grown,
		.arg = engine,
	};
	struct talk *talk;
	int err;

	if (engine->draining || engine->live >= (size_t)settings->engine_max_calls)
		return -EBUSY;
	err = talk_new(&talk, engine->loop, &conf, request, ret_errors);
	if (err)
		return err;
	*ret_record = record_new(engine, talk);
	count_live(engine, 1);
	fire(engine, "call.started", talk);
	save(engine, talk);
	prune(engine);
	LOG_INFO(&talk->log, "call_created",
		 LOG_STR("model", json_get_str(talk->call, "model", "")));
	return 0;
}

void engine_delete(struct engine *engine, struct record *record)
{
	struct talk *talk = record->talk;

	if (talk->state != TALK_ENDED)
		talk_end(talk, "hangup");
	remove_files(engine, talk->call_id);
	mem_unref(record);
}

/* A call that was alive when the last process died is over, and its owner is told. */
static void restore(const char *name, json_t *content, void *arg)
{
	struct engine *engine = arg;
	struct talk *talk = talk_restore(engine->loop, content);
	struct record *record;

	if (!talk)
		return;
	record = record_new(engine, talk);
	if (talk->state != TALK_ENDED) {
		LOG_WARN(&talk->log, "call_lost_in_crash");
		talk_end(talk, "system_error");
		fire_ended(engine, talk);
	} else {
		json_decref(talk->messages); /* they are in the file */
		talk->messages = NULL;
	}
	plan_deletion(engine, record);
	prune(engine);
}

/* ---- sockets ---- */

static int upgrade(struct http_request *req, struct ws_handlers *ret_handlers, void **ret_arg,
		   void *arg)
{
	struct engine *engine = arg;
	struct record *record = engine_find(engine, http_request_param(req, "call_id"));
	int status;

	if (!record)
		return 404;
	status = talk_join(record->talk, http_request_param(req, "medium"),
			   http_request_param(req, "token"), ret_handlers, ret_arg);
	if (status)
		LOG_WARN(&record->talk->log, "join_refused", LOG_INT("http_status", status));
	return status;
}

/* ---- assembly ---- */

static int open_voices(struct engine *engine, char error[256])
{
	const struct settings *settings = engine->settings;
	struct stt_engine_conf stt = {
		.model_dir = settings->stt_model_dir,
		.map_path = settings->stt_map_path,
		.max_decoders = (uint32_t)settings->engine_max_calls,
	};
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t threads = (uint32_t)settings->engine_workers;
	int err;

	if (threads == 0)
		threads = cores > 2 ? (uint32_t)cores : 2;
	engine->pool = work_pool_new(engine->loop, threads > 64 ? 64 : threads);
	err = stt_engine_new(&engine->stt, engine->loop, engine->pool, &stt);
	if (err) {
		snprintf(error, 256,
			 "no speech recognition in STT_MODEL_DIR %s, STT_MAP_PATH %s: %s",
			 stt.model_dir, stt.map_path, strerror(-err));
		return err;
	}
	engine->tts = tts_new(engine->loop, engine->pool);
	engine->box = voicebox_real(engine->stt, engine->tts);
	return 0;
}

/* What the last process had not sealed when it ended; before there are new ones. */
static void seal_recordings(struct engine *engine)
{
	auto_unref struct strand *strand = strand_new(engine->pool);

	safe_folder_seal(strand, engine->safe, engine->recordings_dir);
}

static int open_records(struct engine *engine, const struct engine_conf *conf, char error[256])
{
	struct hooks_conf hooks = {.retry_ms = conf->hook_retry_ms};
	auto_unref struct safe *safe = NULL;
	int err;

	if (mkdir(engine->settings->data_dir, 0700) != 0 && errno != EEXIST) {
		snprintf(error, 256, "DATA_DIR %s: %s", engine->settings->data_dir,
			 strerror(errno));
		return -errno;
	}
	err = safe_open(&safe, engine->settings, "engine", error);
	if (!err)
		err = safe_open(&engine->safe, engine->settings, "engine recordings", error);
	if (err)
		return err;
	err = journal_open(&engine->journal, engine->pool, safe, engine->dir);
	if (err) {
		snprintf(error, 256, "%s: %s", engine->dir, strerror(-err));
		return err;
	}
	engine->hooks = hooks_new(engine->loop, engine->client, engine->journal, &hooks);
	journal_each(engine->journal, "calls", restore, engine);
	seal_recordings(engine);
	return 0;
}

/*
 * Calls that are over have had their time after EMBEDDED_KEEP_HOURS, and so have the files of
 * recordings, also of calls that are not known any more.
 */
static void expire(void *arg)
{
	struct engine *engine = arg;
	int64_t hours = engine->settings->embedded_keep_hours;
	int64_t before_us = clock_wall_us() - hours * 3600 * INT64_C(1000000);

	timer_start(engine->expiry, EXPIRY_MS);
	LIST_EACH(&engine->records, node)
	{
		struct record *record = node->data;

		if (record->talk->state == TALK_ENDED && record->talk->ended_us < before_us)
			engine_delete(engine, record);
	}
	journal_expire(engine->journal, "recordings", before_us);
}

static const char *check_accepting(void *arg)
{
	const struct engine *engine = arg;

	return engine->draining ? "shutting down" : NULL;
}

static int open_server(struct engine *engine, const struct engine_conf *engine_conf,
		       char error[256])
{
	const struct settings *settings = engine->settings;
	struct http_server_conf conf = {
		.service = "engine",
		.bind_address = settings->bind_address,
		.port = (uint16_t)settings->engine_port,
		.max_body_bytes = 4 << 20,
	};
	int err = http_server_new(&engine->server, engine->loop, &conf);

	if (err) {
		snprintf(error, 256, "ENGINE_PORT %d on %s: %s", (int)conf.port, conf.bind_address,
			 strerror(-err));
		return err;
	}
	engine->health = health_new(engine->server, "engine", engine_conf->version);
	health_check_add(engine->health, "accepting", check_accepting, engine);
	prometheus_route(engine->server);
	engine_api_routes(engine);
	http_server_ws_route(engine->server, "/calls/{call_id}/{medium}/{token}", upgrade, engine);
	return 0;
}

static void engine_destroy(void *data)
{
	struct engine *engine = data;

	mem_unref(engine->health);
	mem_unref(engine->expiry);
	LIST_EACH(&engine->previews, node)
	mem_unref(node->data);
	mem_unref(engine->server);
	LIST_EACH(&engine->records, node)
	mem_unref(node->data);
	mem_unref(engine->hooks);
	mem_unref(engine->client);
	mem_unref(engine->journal);
	mem_unref(engine->tts);
	mem_unref(engine->stt);
	mem_unref(engine->pool);
	mem_unref(engine->safe);
	mem_free(engine->public_url);
	mem_free(engine->recordings_dir);
	mem_free(engine->dir);
}

static int open_client(struct engine *engine, char error[256])
{
	char bad[URL_GUARD_BAD_SIZE] = "";
	auto_unref struct url_guard *guard = NULL;

	engine->client = http_client_new(engine->loop);
	if (url_guard_new(&guard, engine->settings->url_allow_private, bad)) {
		snprintf(error, 256,
			 "URL_ALLOW_PRIVATE: \"%s\" is no address, network or host:port", bad);
		return -EINVAL;
	}
	http_client_guard(engine->client, guard);
	return 0;
}

int engine_new(struct engine **ret_engine, struct loop *loop, const struct settings *settings,
	       const struct engine_conf *conf, char error[256])
{
	struct engine *engine = mem_new(sizeof(*engine), engine_destroy);
	int err;

	engine->loop = loop;
	engine->settings = settings;
	log_init(&engine->log, "engine", NULL);
	engine->dir = mem_printf("%s/engine", settings->data_dir);
	engine->recordings_dir = mem_printf("%s/recordings", engine->dir);
	engine->public_url = str_is_empty(settings->engine_public_url)
				     ? mem_printf("http://127.0.0.1:%d", (int)settings->engine_port)
				     : mem_strdup(settings->engine_public_url);
	err = open_client(engine, error);
	if (!err)
		err = open_voices(engine, error);
	if (!err)
		err = open_records(engine, conf, error);
	if (!err)
		err = open_server(engine, conf, error);
	if (err) {
		mem_unref(engine);
		return err;
	}
	engine->expiry = timer_new(engine->loop, expire, engine);
	timer_start(engine->expiry, 0);
	metric_set(METRIC_ENGINE_CALLS, "", 0);
	LOG_INFO(&engine->log, "engine_ready", LOG_INT("port", engine_port(engine)),
		 LOG_INT("calls_on_record", (int64_t)engine->records.len));
	*ret_engine = engine;
	return 0;
}

uint16_t engine_port(const struct engine *engine)
{
	return http_server_port(engine->server);
}

void engine_drain(struct engine *engine)
{
	engine->draining = true;
}

void engine_stop(struct engine *engine)
{
	uint64_t deadline = loop_now_ms(engine->loop) + STOP_MS;

	engine_drain(engine);
	http_server_stop_listening(engine->server);
	LIST_EACH(&engine->records, node)
	{
		struct record *record = node->data;

		if (record->talk->state != TALK_ENDED)
			talk_end(record->talk, "system_error");
	}
	while (loop_now_ms(engine->loop) < deadline &&
	       (journal_pending(engine->journal) > 0 || hooks_pending(engine->hooks) > 0))
		loop_run_once(engine->loop, 50);
}
