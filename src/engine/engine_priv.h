/* What engine.c and engine_api.c share. */
#pragma once

#include "core/list.h"
#include "core/log.h"
#include "engine/engine.h"
#include "engine/talk.h"
#include "engine/voicebox.h"

struct health;
struct hooks;
struct http_client;
struct http_server;
struct journal;
struct safe;
struct timer;
struct work_pool;

enum { ENGINE_MAX_RECORDS = 2000 };

struct engine {
	struct loop *loop;
	struct log log;
	const struct settings *settings;
	struct work_pool *pool;
	struct stt_engine *stt;
	struct tts *tts;
	struct voicebox box;
	struct http_client *client;
	struct http_server *server;
	struct health *health;
	struct journal *journal;
	struct safe *safe; /* of recordings: core/safe_file.h */
	struct hooks *hooks;
	struct list records;  /* struct record, oldest first */
	struct list previews; /* preview.h */
	size_t live;
	char *public_url, *recordings_dir, *dir;
	struct timer *expiry; /* calls that have had their time */
	bool draining;
};

/* A talk in the engine's list. */
struct record {
	struct list_node node;
	struct engine *engine;
	struct talk *talk;
	struct timer *deletion; /* retentionPolicy auto_delete: once it is over */
};

/* NULL when there is none. */
struct record *engine_find(struct engine *engine, const char *call_id);

/* Create, list and journal a call. Returns 0, -EINVAL with *ret_errors, or -EBUSY: too many. */
int engine_create(struct engine *engine, const json_t *request, struct record **ret_record,
		  json_t **ret_errors);
void engine_delete(struct engine *engine, struct record *record);

/* Array; owned by the caller. */
json_t *engine_messages(struct engine *engine, const struct record *record);

void engine_api_routes(struct engine *engine);
