#include "platform/api/shared_read.h"

#include "core/list.h"
#include "core/map.h"
#include "core/mem.h"
#include "http/http_server.h"
#include "platform/api/api.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/store/batch.h"

#include <string.h>

struct asker {
	struct list_node node;
	struct http_request *req; /* referenced */
};

/* Exists while something is being read. */
struct reading {
	struct map_node node;
	struct api *api;
	const struct shared_read *what;
	char *key; /* NAME:TENANT */
	const char *tenant_id;
	struct list asking;  /* they get what is being read */
	struct list waiting; /* they get the next */
};

static void add(struct list *list, struct http_request *req)
{
	struct asker *asker = mem_alloc(sizeof(*asker));

	asker->req = mem_ref(req);
	list_append(list, &asker->node, asker);
}

static void answer(struct reading *reading, int err, struct db_result *const *results)
{
	json_t *auto_json view = err ? NULL : reading->what->viewh(reading->api, results);
	char *auto_free body = err ? NULL : json_text(view);
	struct asker *asker;

	while ((asker = list_pop(&reading->asking))) {
		if (err)
			api_fail_errno(asker->req, err);
		else
			http_reply(asker->req, 200, "application/json", body, strlen(body));
		mem_unref(asker->req);
		mem_free(asker);
	}
}

static void end(struct reading *reading)
{
	struct map *readings = &reading->api->readings;

	map_remove(readings, &reading->node);
	if (!readings->len)
		map_free(readings);
	mem_free(reading->key);
	mem_free(reading);
}

static void begin(struct reading *reading);

static void on_read(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct reading *reading = arg;
	struct asker *asker;

	answer(reading, err, results);
	while ((asker = list_pop(&reading->waiting)))
		list_append(&reading->asking, &asker->node, asker);
	if (reading->asking.len)
		begin(reading);
	else
		end(reading);
}

static void begin(struct reading *reading)
{
	struct batch batch auto_batch = {0};

	reading->what->fillh(reading->api, reading->tenant_id, &batch);
	batch_read(&batch, NULL, reading->api->db, on_read, reading);
}

void shared_read(struct api *api, struct http_request *req, const struct shared_read *what)
{
	char *auto_free key = mem_printf("%s:%s", what->name, api_tenant(req));
	struct reading *reading = map_get(&api->readings, key);

	if (reading) {
		add(&reading->waiting, req);
		return;
	}
	reading = mem_alloc(sizeof(*reading));
	reading->api = api;
	reading->what = what;
	reading->key = mem_strdup(key);
	reading->tenant_id = reading->key + strlen(what->name) + 1;
	map_add(&api->readings, &reading->node, reading->key, reading);
	add(&reading->asking, req);
	begin(reading);
}
