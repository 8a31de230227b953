#include "carrier/stream_verb.h"

#include "carrier/call_fork.h"
#include "carrier/hook.h"
#include "carrier/twiml.h"
#include "core/buf.h"
#include "core/json.h"
#include "core/str.h"

static json_t *parameters_of(const struct twiml_verb *stream)
{
	json_t *parameters = json_object();

	for (size_t i = 0; i < stream->child_count; i++)
		json_set_str(parameters, twiml_text(&stream->children[i], "name"),
			     twiml_text(&stream->children[i], "value"));
	return parameters;
}

void stream_verb_start(struct call_leg *leg, const struct twiml_verb *stream, const char *base_url)
{
	const char *callback = twiml_text(stream, "statusCallback");
	struct buf auto_buf resolved = {0};
	auto_json json_t *parameters = parameters_of(stream);
	struct call_fork_conf conf = {
		.url = twiml_text(stream, "url"),
		.name = twiml_text(stream, "name"),
		.tracks = call_fork_tracks(twiml_text(stream, "track")),
		.status_method = twiml_text(stream, "statusCallbackMethod"),
		.parameters = parameters,
	};
	struct call_fork *fork;
	int err;

	if (!str_is_empty(callback) && !hook_url_resolve(&resolved, base_url, callback))
		conf.status_callback = buf_str(&resolved);
	err = call_fork_start(&fork, leg, &conf);
	if (err)
		LOG_WARN(&leg->log, "stream_not_started", LOG_ERR(err));
}

void stream_verb_stop(struct call_leg *leg, const struct twiml_verb *stream)
{
	struct call_fork *fork = call_fork_find(leg, twiml_text(stream, "name"));

	if (fork)
		call_fork_stop(fork);
	else
		LOG_WARN(&leg->log, "stream_not_found",
			 LOG_STR("name", twiml_text(stream, "name")));
}
