/* GET /api/v1/voices and /voices/{name}/preview: what agents may sound like. They are the engine's.
 */
#include "core/mem.h"
#include "core/str.h"
#include "http/http_client.h"
#include "http/http_server.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/api/query.h"
#include "platform/platform_priv.h"

#include <errno.h>

enum { MAX_PAGES = 10, MAX_LANGUAGE = 16, NOT_FOUND = 404 };

struct asking {
	struct task task;
	const char *language; /* the request's; NULL: any */
	const char *name;     /* the preview's; NULL: the list is wanted */
	json_t *voices;
	char *voice_id; /* of the preview */
	int pages;
	bool elsewhere; /* the sound is being fetched from where the engine said */
};

static void asking_release(void *data)
{
	struct asking *asking = data;

	json_decref(asking->voices);
	mem_free(asking->voice_id);
}

static void fail(struct asking *asking, const struct provider_result *result)
{
	LOG_WARN(&asking->task.log, "voices_not_read", LOG_ERR(result->err),
		 LOG_STR("reason", result->reason));
	api_fail(asking->task.req, API_ENGINE, NULL, NULL);
	task_end(&asking->task);
}

/* ---- a preview ---- */

static void reply_sound(struct asking *asking, const struct provider_result *result)
{
	const char *type = http_exchange_header(result->exchange, "content-type");
	struct http_request *req = asking->task.req;
	bool is_sound = str_has_prefix(type ? type : "", "audio/");

	http_reply_header(req, "Cache-Control", "private, max-age=3600");
	http_reply(req, 200, is_sound ? type : "application/octet-stream", result->body,
		   result->body_len);
	task_end(&asking->task);
}

static void on_sound(const struct provider_result *result, void *arg)
{
	struct asking *asking = arg;
	struct task *task = &asking->task;
	const char *elsewhere = !result->exchange || asking->elsewhere
					? NULL
					: http_exchange_header(result->exchange, "location");
	auto_free char *url = mem_strdup(elsewhere);

	if (!result->err) {
		reply_sound(asking, result);
	} else if (result->status == NOT_FOUND) {
		api_fail(task->req, API_VOICE_NOT_FOUND, NULL, NULL);
		task_end(task);
	} else if (url && result->status > 300 && result->status < 400) {
		asking->elsewhere = true;
		task->request = mem_unref(task->request);
		if (ultravox_voice_preview_at(&task->request, task->platform->ultravox, url,
					      on_sound, asking))
			fail(asking, result);
	} else {
		fail(asking, result);
	}
}

static void ask_preview(struct asking *asking)
{
	struct task *task = &asking->task;

	if (!asking->voice_id) {
		api_fail(task->req, API_VOICE_NOT_FOUND, NULL, NULL);
		task_end(task);
		return;
	}
	task->request = mem_unref(task->request);
	if (ultravox_voice_preview(&task->request, task->platform->ultravox, asking->voice_id,
				   on_sound, asking)) {
		api_fail(task->req, API_ENGINE, NULL, NULL);
		task_end(task);
	}
}

/* ---- the list ---- */

static void take_voice(struct asking *asking, const struct ultravox_voice *voice)
{
	json_t *view;

	if (asking->name &&
	    (str_equal(voice->id, asking->name) || str_equal_nocase(voice->name, asking->name)))
		mem_replace_str(&asking->voice_id, voice->id);
	if (asking->name ||
	    (asking->language && !str_has_prefix(voice->language, asking->language)))
		return;
	view = json_object();
	json_set_str(view, "voice_id", voice->id);
	json_set_str(view, "name", voice->name);
	json_set_str(view, "description", voice->description);
	json_set_str(view, "language", *voice->language ? voice->language : NULL);
	json_set_str(view, "provider", *voice->provider ? voice->provider : NULL);
	json_array_append_new(asking->voices, view);
}

static void reply_list(struct asking *asking)
{
	auto_json json_t *view = json_object();

	json_object_set(view, "voices", asking->voices);
	http_reply_json(asking->task.req, 200, view);
	task_end(&asking->task);
}

static void on_voices(const struct provider_result *result, const struct ultravox_voice *voices,
		      size_t count, const char *next, void *arg)
{
	struct asking *asking = arg;
	struct task *task = &asking->task;
	auto_free char *page = mem_strdup(next);

	if (result->err) {
		fail(asking, result);
		return;
	}
	for (size_t i = 0; i < count; i++)
		take_voice(asking, &voices[i]);
	if (page && ++asking->pages < MAX_PAGES && !asking->voice_id) {
		task->request = mem_unref(task->request);
		if (!ultravox_voices(&task->request, task->platform->ultravox, page, on_voices,
				     asking))
			return;
	}
	if (asking->name)
		ask_preview(asking);
	else
		reply_list(asking);
}

static void ask(struct platform *platform, struct http_request *req, const char *name,
		const char *language)
{
	struct asking *asking = task_for_request(platform, sizeof(*asking), "voice", req, NULL);

	asking->task.releaseh = asking_release;
	asking->voices = json_array();
	asking->name = name;
	asking->language = language;
	if (ultravox_voices(&asking->task.request, platform->ultravox, NULL, on_voices, asking)) {
		api_fail(req, API_ENGINE, NULL, NULL);
		task_end(&asking->task);
	}
}

static void list(struct http_request *req, void *arg)
{
	static const char *const names[] = {"language"};
	const char *language = NULL;

	if (query_has_only(req, names, ARRAY_LEN(names)) &&
	    query_text(req, "language", MAX_LANGUAGE, &language))
		ask(arg, req, NULL, language);
}

static void preview(struct http_request *req, void *arg)
{
	ask(arg, req, http_request_param(req, "name"), NULL);
}

void api_voice_routes(struct platform *platform)
{
	api_route(&platform->api, platform->server, "GET", "/api/v1/voices", PERM_AGENTS_READ, list,
		  platform);
	api_route(&platform->api, platform->server, "GET", "/api/v1/voices/{name}/preview",
		  PERM_AGENTS_READ, preview, platform);
}
