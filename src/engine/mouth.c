#include "engine/mouth.h"

#include "core/buf.h"
#include "core/mem.h"
#include "engine/playout.h"
#include "engine/sentence.h"
#include "loop/loop.h"
#include "loop/timer.h"

#include <string.h>

enum {
	AHEAD_MS = 3000,       /* the next sentence is made when less than this is unheard */
	CHARACTERS_PER_S = 15, /* to guess the length of a sentence not yet made */
};

struct utterance {
	char *text;
	uint64_t start, end; /* playout positions */
	bool begun;          /* synthesis was started */
	bool made;           /* all of its audio is in the playout */
	bool told;
};

struct mouth {
	struct loop *loop;
	const struct voicebox *box;
	struct mouth_conf conf;
	char *language;
	struct mouth_handlers handlers;
	void *arg;
	struct playout *playout;
	void *speech; /* synthesis under way */
	struct timer *soon;
	struct utterance utterances[MOUTH_MAX_SENTENCES];
	size_t count, making; /* making: index of the sentence being synthesised or next to be */
	bool open, complete, silent, sounded;
	char *heard; /* set by mouth_stop() */
};

static uint64_t unheard_ms(const struct mouth *mouth)
{
	return (playout_pushed(mouth->playout) - playout_heard(mouth->playout)) * 1000 /
	       mouth->conf.rate_hz;
}

static void on_audio(const int16_t *samples, size_t count, void *arg)
{
	struct mouth *mouth = arg;
	bool first = !mouth->sounded && count > 0;

	if (!mouth->open || !mouth->speech || playout_push(mouth->playout, samples, count) != 0)
		return;
	mouth->sounded = mouth->sounded || first;
	mouth->utterances[mouth->making].end = playout_pushed(mouth->playout);
	if (first && mouth->handlers.firsth)
		mouth->handlers.firsth(mouth->arg);
}

static void sentence_made(struct mouth *mouth)
{
	struct utterance *utterance = &mouth->utterances[mouth->making++];

	utterance->end = playout_pushed(mouth->playout);
	utterance->made = true;
	timer_start(mouth->soon, 0);
}

static void on_made(int err, void *arg)
{
	struct mouth *mouth = arg;

	mouth->speech = mem_unref(mouth->speech);
	if (!mouth->open)
		return;
	if (err && mouth->utterances[mouth->making].end == mouth->utterances[mouth->making].start) {
		mouth->utterances[mouth->making].text[0] = '\0'; /* nobody will hear it */
		mouth->utterances[mouth->making].told = true;
	}
	sentence_made(mouth);
}

static void make_next(struct mouth *mouth)
{
	struct utterance *utterance;
	struct tts_params params = {
		.voice = mouth->conf.voice,
		.language = mouth->language,
		.rate_hz = mouth->conf.rate_hz,
	};

	if (!mouth->open || mouth->speech || mouth->making >= mouth->count ||
	    unheard_ms(mouth) > AHEAD_MS)
		return;
	utterance = &mouth->utterances[mouth->making];
	utterance->start = utterance->end = playout_pushed(mouth->playout);
	utterance->begun = true;
	params.text = utterance->text;
	if (mouth->silent ||
	    mouth->box->speak(&mouth->speech, mouth->box, &params, on_audio, on_made, mouth) != 0)
		sentence_made(mouth);
}

/* Sentences the ear has reached are told, in order. */
static void tell_words(struct mouth *mouth)
{
	uint64_t heard = playout_heard(mouth->playout);

	for (size_t i = 0; i < mouth->count && mouth->open; i++) {
		struct utterance *utterance = &mouth->utterances[i];

		if (utterance->told)
			continue;
		if (!utterance->begun || (utterance->end == utterance->start && !utterance->made) ||
		    (heard <= utterance->start && utterance->end > utterance->start))
			return;
		utterance->told = true;
		mouth->handlers.wordsh(utterance->text, mouth->arg);
	}
}

static void progress(void *arg)
{
	struct mouth *mouth = mem_ref(arg);

	if (mouth->open) {
		tell_words(mouth);
		make_next(mouth);
	}
	if (mouth->open && mouth->complete && mouth->making == mouth->count && !mouth->speech &&
	    playout_is_idle(mouth->playout)) {
		mouth->open = false;
		mouth->heard = mouth_heard(mouth);
		mouth->handlers.saidh(mouth->arg);
	}
	mem_unref(mouth);
}

static void forget(struct mouth *mouth)
{
	for (size_t i = 0; i < mouth->count; i++)
		mem_free(mouth->utterances[i].text);
	mouth->count = mouth->making = 0;
}

void mouth_open(struct mouth *mouth)
{
	mouth_stop(mouth);
	forget(mouth);
	mouth->heard = mem_free(mouth->heard);
	playout_clear(mouth->playout);
	mouth->open = true;
	mouth->complete = mouth->sounded = false;
}

void mouth_say(struct mouth *mouth, const char *text)
{
	struct sentence_cutter cutter = {0};
	char *sentence;

	if (!mouth->open)
		return;
	sentence_add(&cutter, text, strlen(text));
	while ((sentence = sentence_next(&cutter, true))) {
		if (mouth->count == MOUTH_MAX_SENTENCES) {
			mem_free(sentence);
			continue;
		}
		mouth->utterances[mouth->count++] = (struct utterance){.text = sentence};
	}
	sentence_free(&cutter);
	make_next(mouth);
}

void mouth_complete(struct mouth *mouth)
{
	mouth->complete = true;
	timer_start(mouth->soon, 0);
}

void mouth_set_silent(struct mouth *mouth, bool silent)
{
	mouth->silent = silent;
}

static void add_heard(const struct mouth *mouth, const struct utterance *utterance, struct buf *out)
{
	uint64_t total = utterance->end - utterance->start, at = playout_heard(mouth->playout);
	uint64_t heard = at > utterance->start ? at - utterance->start : 0;
	auto_free char *part = NULL;

	if (utterance->made && heard >= total) {
		part = utterance->told || total > 0 ? mem_strdup(utterance->text) : NULL;
	} else {
		uint64_t guess = strlen(utterance->text) * mouth->conf.rate_hz / CHARACTERS_PER_S;

		if (!utterance->made && guess > total)
			total = guess;
		part = sentence_heard(utterance->text, heard, total);
	}
	if (part && *part)
		buf_printf(out, "%s%s", out->len ? " " : "", part);
}

char *mouth_heard(const struct mouth *mouth)
{
	struct buf out = {0};

	if (mouth->heard)
		return mem_strdup(mouth->heard);
	for (size_t i = 0; i < mouth->count && mouth->utterances[i].begun; i++)
		add_heard(mouth, &mouth->utterances[i], &out);
	return out.data ? buf_steal(&out) : mem_strdup("");
}

void mouth_stop(struct mouth *mouth)
{
	char *heard;

	if (!mouth->open)
		return;
	heard = mouth_heard(mouth);
	mem_free(mouth->heard);
	mouth->heard = heard;
	mouth->open = false;
	mouth->speech = mem_unref(mouth->speech);
	timer_stop(mouth->soon);
	playout_clear(mouth->playout);
}

void mouth_marked(struct mouth *mouth, uint64_t mark)
{
	playout_marked(mouth->playout, mark);
}

static void play_audio(const int16_t *samples, size_t count, void *arg)
{
	struct mouth *mouth = arg;

	mouth->handlers.audioh(samples, count, mouth->arg);
}

static void play_mark(uint64_t mark, void *arg)
{
	struct mouth *mouth = arg;

	mouth->handlers.markh(mark, mouth->arg);
}

static void play_clear(void *arg)
{
	struct mouth *mouth = arg;

	mouth->handlers.clearh(mouth->arg);
}

static void mouth_destroy(void *data)
{
	struct mouth *mouth = data;

	mem_unref(mouth->speech);
	mem_unref(mouth->playout);
	mem_unref(mouth->soon);
	mem_free(mouth->language);
	mem_free(mouth->heard);
	forget(mouth);
}

struct mouth *mouth_new(struct loop *loop, const struct voicebox *box,
			const struct mouth_conf *conf, const struct mouth_handlers *handlers,
			void *arg)
{
	struct mouth *mouth = mem_new(sizeof(*mouth), mouth_destroy);
	struct playout_conf playout = {.rate_hz = conf->rate_hz, .lead_ms = conf->lead_ms};
	struct playout_handlers playing = {
		.audioh = play_audio,
		.markh = handlers->markh ? play_mark : NULL,
		.clearh = play_clear,
		.heardh = progress,
	};

	mouth->loop = loop;
	mouth->box = box;
	mouth->conf = *conf;
	mouth->language = mem_strdup(conf->language);
	mouth->handlers = *handlers;
	mouth->arg = arg;
	mouth->playout = playout_new(loop, &playout, &playing, mouth);
	mouth->soon = timer_new(loop, progress, mouth);
	return mouth;
}
