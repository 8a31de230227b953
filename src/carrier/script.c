#include "carrier/script.h"

#include "carrier/call_leg.h"
#include "carrier/carrier_priv.h"
#include "carrier/cookie_jar.h"
#include "carrier/gather.h"
#include "carrier/media_stream.h"
#include "carrier/player.h"
#include "carrier/stream_verb.h"
#include "carrier/twiml.h"
#include "core/buf.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/form.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	MAX_DOCUMENTS = 1000, /* of one call: a redirect to itself must end */
	ERROR_CONTENT_TYPE = 12300,
	ERROR_INVALID_URL = 11100,
	ERROR_RELATIVE_ACTION = 15004,
	ERROR_TOO_MANY = 11215,
};

struct script {
	struct call_leg *leg;
	struct twiml *twiml;
	size_t next; /* verb */
	char *url;   /* of the document; NULL for one without address */
	char *method;
	char *asked_url; /* of the request under way or last made */
	struct hook *hook;
	struct cookie_jar *cookies; /* of the call */
	bool asking_fallback;
	bool failed;   /* the error message is what runs now */
	bool pressing; /* what runs now is script_press() */
	bool ended;
	unsigned documents;

	/* The verb under way; at most one is there. */
	struct player *player;
	struct gather *gather;
	struct media_stream *stream;
};

static void script_next(struct script *script);

static void stop_verb(struct script *script)
{
	script->player = mem_unref(script->player);
	script->gather = mem_unref(script->gather);
	if (script->stream) {
		media_stream_stop(script->stream);
		script->stream = mem_unref(script->stream);
		call_leg_clear(script->leg);
	}
}

static void script_destroy(void *data)
{
	struct script *script = data;

	mem_unref(script->hook);
	mem_unref(script->cookies);
	mem_unref(script->player);
	mem_unref(script->gather);
	mem_unref(script->stream);
	mem_unref(script->twiml);
	mem_free(script->url);
	mem_free(script->method);
	mem_free(script->asked_url);
}

struct script *script_new(struct call_leg *leg)
{
	struct script *script = mem_new(sizeof(*script), script_destroy);

	script->leg = leg;
	script->cookies = cookie_jar_new();
	return script;
}

static void hang_up(struct script *script)
{
	(void)call_leg_step(script->leg, LEG_EV_HANGUP);
}

/* ---- documents ---- */

/* A document begins: turn the call away, answer it, or carry on. */
static void begin_document(struct script *script, struct twiml *twiml)
{
	struct call_leg *leg = script->leg;

	stop_verb(script);
	mem_unref(script->twiml);
	script->twiml = mem_ref(twiml);
	script->next = 0;
	if (leg->state == LEG_IN_PROGRESS) {
		script_next(script);
	} else if (twiml->count && twiml->verbs[0].kind == TWIML_REJECT) {
		call_leg_reject(leg, str_equal(twiml_text(&twiml->verbs[0], "reason"), "busy"));
	} else {
		call_leg_answer(leg);
	}
}

static void set_address(struct script *script, const char *url, const char *method)
{
	mem_replace_str(&script->url, url);
	mem_replace_str(&script->method, method);
}

static bool is_type(const char *content_type, const char *type)
{
	size_t len = strlen(type);

	return !strncasecmp(content_type, type, len) &&
	       (!content_type[len] || strchr("; ", content_type[len]));
}

/* What an answer amounts to: a document, or -1 with the vendor's error code. */
static int document_of(struct twiml **ret_twiml, const struct hook_result *result, int *ret_code,
		       const struct log *log)
{
	struct twiml_error error = {0};
	int err;

	if (!strncasecmp(result->content_type, "audio/", 6)) {
		*ret_twiml = twiml_new_play(result->url, NULL);
		return 0;
	}
	err = twiml_parse(ret_twiml, result->body, result->body_len, &error);
	if (is_type(result->content_type, "text/plain")) {
		if (err && str_is_utf8(result->body, result->body_len))
			*ret_twiml = twiml_new_say(result->body);
		else if (err)
			*ret_code = TWIML_ERROR_PARSE;
		return *ret_twiml ? 0 : -1;
	}
	if (!is_type(result->content_type, "text/xml") &&
	    !is_type(result->content_type, "application/xml") &&
	    !is_type(result->content_type, "text/html")) {
		LOG_WARN(log, "twiml_refused", LOG_INT("code", ERROR_CONTENT_TYPE),
			 LOG_STR("reason", "content type is none of XML, text or audio"));
		if (!err)
			*ret_twiml = mem_unref(*ret_twiml);
		*ret_code = ERROR_CONTENT_TYPE;
		return -1;
	}
	if (err) {
		*ret_code = error.code;
		LOG_WARN(log, "twiml_refused", LOG_INT("code", error.code),
			 LOG_STR("reason", error.message));
	}
	return err ? -1 : 0;
}

static void on_fetched(const struct hook_result *result, void *arg)
{
	struct script *script = mem_ref(arg);
	auto_unref struct twiml *twiml = NULL;
	int code = result->code;

	if (code)
		LOG_WARN(&script->leg->log, "twiml_not_fetched", LOG_INT("code", code),
			 LOG_INT("status", result->status));
	if (code || document_of(&twiml, result, &code, &script->leg->log)) {
		script_fail(script, code);
	} else {
		script->asking_fallback = false;
		set_address(script, result->url, result->method);
		begin_document(script, twiml);
	}
	mem_unref(script);
}

static void ask(struct script *script, const char *url, const char *method,
		const struct form *extra)
{
	auto_unref struct form *form = call_leg_params(script->leg);
	struct hook_params params = {
		.method = method, .url = url, .params = form, .cookies = script->cookies};

	for (size_t i = 0; extra && i < form_count(extra); i++)
		form_add(form, form_name(extra, i), form_value(extra, i));
	script->hook = mem_unref(script->hook);
	mem_replace_str(&script->asked_url, url);
	if (hook_send(&script->hook, &script->leg->carrier->hooks, &params, on_fetched, script))
		script_fail(script, ERROR_INVALID_URL);
}

void script_fetch(struct script *script, const char *url, const char *method,
		  const struct form *extra)
{
	mem_ref(script);
	stop_verb(script);
	script->asking_fallback = script->pressing = false;
	if (++script->documents > MAX_DOCUMENTS)
		script_fail(script, ERROR_TOO_MANY);
	else
		ask(script, url, method, extra);
	mem_unref(script);
}

void script_run(struct script *script, struct twiml *twiml)
{
	mem_ref(script);
	script->pressing = false;
	script->hook = mem_unref(script->hook);
	set_address(script, NULL, NULL);
	begin_document(script, twiml);
	mem_unref(script);
}

static void say_error(struct script *script)
{
	auto_unref struct twiml *twiml = NULL;

	if (script->failed) {
		hang_up(script);
		return;
	}
	script->failed = true;
	twiml = twiml_new_say("We are sorry, an application error has occurred. Goodbye.");
	set_address(script, NULL, NULL);
	begin_document(script, twiml);
}

void script_fail(struct script *script, int code)
{
	const struct call_leg_target *fallback = &script->leg->fallback;
	auto_unref struct form *form = NULL;
	char text[12];

	if (script->ended)
		return;
	mem_ref(script);
	LOG_WARN(&script->leg->log, "script_failed", LOG_INT("code", code));
	if (fallback->url && !script->asking_fallback && script->documents < MAX_DOCUMENTS) {
		script->asking_fallback = true;
		script->documents++;
		snprintf(text, sizeof(text), "%d", code);
		form = form_new();
		form_add(form, "ErrorCode", text);
		form_add(form, "ErrorUrl", script->asked_url ? script->asked_url : "");
		ask(script, fallback->url, fallback->method, form);
	} else {
		say_error(script);
	}
	mem_unref(script);
}

/* Ask an action URL, relative to the document's; "" and NULL mean the document's own. */
static void go_to(struct script *script, const char *url, const char *method,
		  const struct form *extra)
{
	auto_buf struct buf resolved = {0};

	if (str_is_empty(url) && script->url)
		buf_append_str(&resolved, script->url);
	else if (str_is_empty(url) || hook_url_resolve(&resolved, script->url, url)) {
		script_fail(script, script->url ? ERROR_INVALID_URL : ERROR_RELATIVE_ACTION);
		return;
	}
	script_fetch(script, buf_str(&resolved), method, extra);
}

/* ---- verbs ---- */

static void on_played(int err, void *arg)
{
	struct script *script = arg;

	script->player = mem_unref(script->player);
	if (err)
		LOG_WARN(&script->leg->log, "verb_failed", LOG_ERR(err));
	script_next(script);
}

static void on_gathered(const char *digits, char finished_on, void *arg)
{
	struct script *script = mem_ref(arg);
	const struct twiml_verb *verb = &script->twiml->verbs[script->next - 1];
	auto_unref struct form *form = form_new();
	char key[2] = {finished_on, '\0'};

	form_add(form, "msg", *digits ? "Gather End" : "Gather Timeout");
	form_add(form, "Digits", digits);
	if (finished_on)
		form_add(form, "FinishedOnKey", key);
	script->gather = mem_unref(script->gather);
	if (*digits || finished_on || twiml_number(verb, "actionOnEmptyResult"))
		go_to(script, twiml_text(verb, "action"), twiml_text(verb, "method"), form);
	else
		script_next(script);
	mem_unref(script);
}

static void on_stream_done(void *arg)
{
	struct script *script = mem_ref(arg);
	const struct twiml_verb *verb = &script->twiml->verbs[script->next - 1];
	const char *action = twiml_text(verb, "action");

	script->stream = mem_unref(script->stream);
	if (action)
		go_to(script, action, twiml_text(verb, "method"), NULL);
	else
		script_next(script);
	mem_unref(script);
}

static void start_verb(struct script *script, const struct twiml_verb *verb)
{
	LOG_INFO(&script->leg->log, "twiml_verb", LOG_STR("verb", twiml_name(verb->kind)));
	switch (verb->kind) {
	case TWIML_SAY:
	case TWIML_PLAY:
	case TWIML_PAUSE:
		script->player = player_new(script->leg, verb, script->url, on_played, script);
		break;
	case TWIML_GATHER:
		script->gather = gather_new(script->leg, verb, script->url, on_gathered, script);
		break;
	case TWIML_CONNECT:
		script->stream = media_stream_new(script->leg, &verb->children[0], script->url,
						  on_stream_done, script);
		break;
	case TWIML_START:
		stream_verb_start(script->leg, &verb->children[0], script->url);
		script_next(script);
		break;
	case TWIML_STOP:
		stream_verb_stop(script->leg, &verb->children[0]);
		script_next(script);
		break;
	case TWIML_REDIRECT:
		go_to(script, verb->text, twiml_text(verb, "method"), NULL);
		break;
	default: /* Hangup; a Reject of an answered call means the same */
		hang_up(script);
		break;
	}
}

static void script_next(struct script *script)
{
	if (script->ended)
		return;
	if (script->next < script->twiml->count) {
		start_verb(script, &script->twiml->verbs[script->next++]);
	} else if (script->pressing) {
		script->pressing = false;
		call_leg_begin(script->leg);
	} else {
		hang_up(script);
	}
}

void script_press(struct script *script, const char *digits)
{
	auto_unref struct twiml *twiml = twiml_new_play(NULL, digits);

	script->pressing = true;
	begin_document(script, twiml);
}

void script_begin(struct script *script)
{
	mem_ref(script);
	if (script->twiml && !script->ended)
		script_next(script);
	mem_unref(script);
}

void script_end(struct script *script)
{
	script->ended = true;
	script->hook = mem_unref(script->hook);
	stop_verb(script);
}

/* ---- from the telephone ---- */

void script_hear(struct script *script, const int16_t *samples)
{
	if (script->stream)
		media_stream_hear(script->stream, samples);
}

void script_digit(struct script *script, char digit)
{
	mem_ref(script);
	if (script->stream)
		media_stream_digit(script->stream, digit);
	else if (script->gather)
		gather_digit(script->gather, digit);
	mem_unref(script);
}

void script_mark(struct script *script, uint32_t mark)
{
	mem_ref(script);
	if (script->stream)
		media_stream_mark(script->stream, mark);
	else if (script->gather)
		gather_mark(script->gather, mark);
	else if (script->player)
		player_mark(script->player, mark);
	mem_unref(script);
}
