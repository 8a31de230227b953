#include "speech/stt.h"

#include "core/clock.h"
#include "core/list.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/str.h"
#include "loop/loop.h"
#include "loop/work.h"
#include "speech/decoder.h"
#include "speech/stt_grammar.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

enum {
	DECODERS_DEFAULT = 64,
	BATCH_MS = 100,    /* audio goes to a worker in pieces of at least this */
	UTTERANCE_S = 120, /* longer ones lose their end */
	CHECKED_MAX = 64,
};

struct stt_engine {
	struct loop *loop;
	struct work_pool *pool;
	struct log log;
	char *model_dir;
	struct telephone_map *map;
	uint32_t max_open, open;
	struct list idle;    /* struct idle_decoder, last used first */
	struct list checked; /* struct checked, last used first: checking takes milliseconds */
};

struct checked {
	struct list_node node;
	struct stt_grammar *grammar;
};

struct idle_decoder {
	struct list_node node;
	struct decoder *decoder;
};

/*
 * What a call's utterances share. Outlives the struct stt while a worker is busy with one of them.
 * mean is touched on the strand only; closed is read there.
 */
struct session {
	struct stt_engine *engine;
	struct strand *strand;
	uint32_t rate_hz;
	stt_partial_h *partialh;
	void *arg;
	atomic_bool closed;
	struct decoder_mean mean;
};

/*
 * From stt_begin() to its result. At most one task of it is with the workers at a time; while it is
 * there, the task owns decoder, batch and result, and the loop collects audio in pending.
 */
struct utterance {
	struct session *session;
	struct stt_grammar *grammar; /* NULL: language model */
	struct decoder *decoder;     /* NULL until the first task has loaded one */
	bool in_flight, started, ended, last, done;
	atomic_bool cancelled;
	stt_final_h *finalh;
	int err;
	int64_t end_us;

	int16_t *pending, *batch;
	size_t pending_count, pending_cap, batch_count, total;

	char *partial, *told;
	struct decoder_result result;
};

struct stt {
	struct session *session;
	struct stt_grammar *grammar; /* for the next utterance */
	struct utterance *current;
};

static void engine_destroy(void *data)
{
	struct stt_engine *engine = data;
	struct idle_decoder *idle;
	struct checked *checked;

	while ((idle = list_pop(&engine->idle))) {
		mem_unref(idle->decoder);
		mem_free(idle);
	}
	while ((checked = list_pop(&engine->checked))) {
		mem_unref(checked->grammar);
		mem_free(checked);
	}
	mem_free(engine->model_dir);
	mem_unref(engine->map);
	mem_unref(engine->pool);
	mem_unref(engine->loop);
}

static void drop_checked(struct checked *checked)
{
	list_remove(&checked->node);
	mem_unref(checked->grammar);
	mem_free(checked);
}

/* A reference for the caller. Returns 0 or -EINVAL. */
static int engine_check(struct stt_engine *engine, struct stt_grammar **ret_grammar,
			const char *text)
{
	struct checked *found = NULL;

	LIST_EACH(&engine->checked, node)
	{
		struct checked *checked = node->data;

		if (!found && str_equal(checked->grammar->text, text))
			found = checked;
	}
	if (found) {
		list_remove(&found->node);
	} else {
		struct stt_grammar *grammar;
		const int err = stt_grammar_new(&grammar, text);

		if (err)
			return err;
		if (engine->checked.len >= CHECKED_MAX)
			drop_checked(engine->checked.tail->data);
		found = mem_alloc(sizeof(*found));
		found->grammar = grammar;
	}
	list_prepend(&engine->checked, &found->node, found);
	*ret_grammar = mem_ref(found->grammar);
	return 0;
}

/* Takes over the reference. */
static void engine_keep(struct stt_engine *engine, struct decoder *decoder)
{
	struct idle_decoder *idle;

	if (engine->idle.len >= engine->max_open) {
		mem_unref(decoder);
		return;
	}
	idle = mem_alloc(sizeof(*idle));
	idle->decoder = decoder;
	list_prepend(&engine->idle, &idle->node, idle);
}

/* One of the right kind, best one that has compiled the grammar before; NULL when none is idle. */
static struct decoder *engine_take(struct stt_engine *engine, const struct stt_grammar *grammar)
{
	struct idle_decoder *best = NULL;
	struct decoder *decoder;

	LIST_EACH(&engine->idle, node)
	{
		struct idle_decoder *idle = node->data;

		if (decoder_has_language_model(idle->decoder) != !grammar)
			continue;
		if (!best)
			best = idle;
		if (!grammar || !decoder_has_grammar(idle->decoder, grammar))
			continue;
		best = idle;
		break;
	}
	if (!best)
		return NULL;
	list_remove(&best->node);
	decoder = best->decoder;
	mem_free(best);
	return decoder;
}

int stt_engine_new(struct stt_engine **ret_engine, struct loop *loop, struct work_pool *pool,
		   const struct stt_engine_conf *conf)
{
	auto_unref struct stt_engine *engine = mem_new(sizeof(*engine), engine_destroy);
	struct decoder *decoder;
	int err;

	engine->loop = mem_ref(loop);
	engine->pool = mem_ref(pool);
	log_init(&engine->log, "stt", NULL);
	engine->model_dir = mem_strdup(conf->model_dir ? conf->model_dir
						       : "/usr/share/pocketsphinx/model/en-us");
	engine->max_open = conf->max_decoders ? conf->max_decoders : DECODERS_DEFAULT;
	err = telephone_map_load(&engine->map, conf->map_path);
	if (err)
		return err;
	/* One decoder at once: it shows that the models are there, and the first call needs it. */
	err = decoder_new(&decoder, &(struct decoder_conf){.model_dir = engine->model_dir,
							   .map = engine->map});
	if (err)
		return err;
	engine_keep(engine, decoder);
	*ret_engine = engine;
	engine = NULL;
	return 0;
}

static void session_destroy(void *data)
{
	struct session *session = data;

	mem_unref(session->strand);
	mem_unref(session->engine);
}

static void utterance_destroy(void *data)
{
	struct utterance *utterance = data;

	if (utterance->decoder)
		engine_keep(utterance->session->engine, utterance->decoder);
	mem_unref(utterance->grammar);
	mem_unref(utterance->session);
	mem_free(utterance->pending);
	mem_free(utterance->batch);
	mem_free(utterance->partial);
	mem_free(utterance->told);
	mem_free(utterance->result.text);
}

static bool is_cancelled(struct utterance *utterance)
{
	return atomic_load(&utterance->cancelled) || atomic_load(&utterance->session->closed);
}

/* On a worker. */
static int start_decoder(struct utterance *utterance)
{
	const struct stt_engine *engine = utterance->session->engine;
	const struct decoder_conf conf = {
		.model_dir = engine->model_dir,
		.map = engine->map,
		.language_model = !utterance->grammar,
	};
	int err = 0;

	if (!utterance->decoder)
		err = decoder_new(&utterance->decoder, &conf);
	if (!err)
		err = decoder_start(utterance->decoder, utterance->grammar,
				    utterance->session->rate_hz, &utterance->session->mean);
	return err;
}

/* On a worker. */
static void utterance_work(void *arg)
{
	struct utterance *utterance = arg;

	if (is_cancelled(utterance) || utterance->err)
		return;
	if (!utterance->started) {
		utterance->started = true;
		utterance->err = start_decoder(utterance);
		if (utterance->err)
			return;
	}
	decoder_feed(utterance->decoder, utterance->batch, utterance->batch_count);
	if (utterance->last)
		decoder_finish(utterance->decoder, &utterance->session->mean, &utterance->result);
	else if (utterance->session->partialh)
		mem_replace_str(&utterance->partial, decoder_partial(utterance->decoder));
}

static void tell_partial(struct utterance *utterance)
{
	const char *partial = utterance->partial;

	if (!partial || !partial[0] || str_equal(partial, utterance->told))
		return;
	mem_replace_str(&utterance->told, partial);
	utterance->session->partialh(utterance->told, utterance->session->arg);
}

static void tell_final(struct utterance *utterance)
{
	struct session *session = utterance->session;
	const struct stt_result result = {
		.text = utterance->result.text ? utterance->result.text : "",
		.confidence = utterance->result.confidence,
		.in_grammar = utterance->result.in_grammar,
		.speech_ms = (uint32_t)(utterance->total * 1000 / session->rate_hz),
		.took_ms = (uint32_t)((clock_mono_us() - utterance->end_us) / 1000),
	};

	if (utterance->err)
		LOG_ERROR(&session->engine->log, "recognition_failed", LOG_ERR(utterance->err));
	/* Before the handler, which may begin the next utterance. */
	if (utterance->decoder)
		engine_keep(session->engine, utterance->decoder);
	utterance->decoder = NULL;
	utterance->done = true;
	utterance->finalh(&result, session->arg);
}

static void pump(struct utterance *utterance);

static void utterance_worked(void *arg)
{
	auto_unref struct utterance *utterance = arg;

	utterance->in_flight = false;
	if (is_cancelled(utterance))
		return;
	if (utterance->last)
		tell_final(utterance);
	else
		tell_partial(utterance);
	if (!is_cancelled(utterance) && !utterance->done)
		pump(utterance);
}

/* Hand over what has been collected, when it is worth a task and none is running. */
static void pump(struct utterance *utterance)
{
	const size_t enough = utterance->session->rate_hz * BATCH_MS / 1000;
	int16_t *spare = utterance->batch;

	if (utterance->in_flight)
		return;
	if (utterance->started && !utterance->ended && utterance->pending_count < enough)
		return;
	utterance->batch = utterance->pending;
	utterance->batch_count = utterance->pending_count;
	mem_free(spare);
	utterance->pending = NULL;
	utterance->pending_count = utterance->pending_cap = 0;
	utterance->last = utterance->ended;
	utterance->in_flight = true;
	strand_post(utterance->session->strand, utterance_work, utterance_worked,
		    mem_ref(utterance));
}

static void stt_destroy(void *data)
{
	struct stt *stt = data;

	if (stt->session) {
		atomic_store(&stt->session->closed, true);
		stt->session->engine->open--;
	}
	mem_unref(stt->current);
	mem_unref(stt->grammar);
	mem_unref(stt->session);
}

int stt_open(struct stt **ret_stt, struct stt_engine *engine, uint32_t rate_hz,
	     stt_partial_h *partialh, void *arg)
{
	struct session *session;
	struct stt *stt;

	if (rate_hz != 8000 && rate_hz != 16000)
		return -EINVAL;
	if (engine->open >= engine->max_open)
		return -EBUSY;
	session = mem_new(sizeof(*session), session_destroy);
	session->engine = mem_ref(engine);
	session->strand = strand_new(engine->pool);
	session->rate_hz = rate_hz;
	session->partialh = partialh;
	session->arg = arg;
	atomic_init(&session->closed, false);
	engine->open++;
	stt = mem_new(sizeof(*stt), stt_destroy);
	stt->session = session;
	*ret_stt = stt;
	return 0;
}

int stt_set_grammar(struct stt *stt, const char *jsgf)
{
	struct stt_grammar *grammar = NULL;
	const int err = jsgf ? engine_check(stt->session->engine, &grammar, jsgf) : 0;

	if (err)
		return err;
	mem_unref(stt->grammar);
	stt->grammar = grammar;
	return 0;
}

void stt_begin(struct stt *stt)
{
	struct utterance *utterance = mem_new(sizeof(*utterance), utterance_destroy);

	if (stt->current)
		atomic_store(&stt->current->cancelled, true);
	mem_unref(stt->current);
	utterance->session = mem_ref(stt->session);
	utterance->grammar = mem_ref(stt->grammar);
	utterance->decoder = engine_take(stt->session->engine, stt->grammar);
	atomic_init(&utterance->cancelled, false);
	stt->current = utterance;
	pump(utterance);
}

void stt_feed(struct stt *stt, const int16_t *samples, size_t count)
{
	struct utterance *utterance = stt->current;
	const size_t most = (size_t)UTTERANCE_S * stt->session->rate_hz;

	if (!utterance)
		return;
	if (count > most - utterance->total)
		count = most - utterance->total;
	if (utterance->pending_count + count > utterance->pending_cap) {
		utterance->pending_cap = 2 * (utterance->pending_count + count);
		utterance->pending =
			mem_realloc(utterance->pending, utterance->pending_cap * sizeof(*samples));
	}
	if (count > 0)
		memcpy(utterance->pending + utterance->pending_count, samples,
		       count * sizeof(*samples));
	utterance->pending_count += count;
	utterance->total += count;
	pump(utterance);
}

void stt_end(struct stt *stt, stt_final_h *finalh)
{
	struct utterance *utterance = stt->current;

	if (!utterance)
		return;
	stt->current = NULL;
	utterance->ended = true;
	utterance->finalh = finalh;
	utterance->end_us = clock_mono_us();
	pump(utterance);
	mem_unref(utterance); /* the task under way holds it */
}
