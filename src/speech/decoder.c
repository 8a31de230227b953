#include "speech/decoder.h"

#include "core/mem.h"
#include "core/str.h"
#include "speech/cepstra.h"
#include "speech/flite_door.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <pocketsphinx.h>
#include <ps_search.h>
#include <sphinxbase/feat.h>
#include <sphinxbase/fsg_model.h>

/* Compiled ones take 1 to 4 MiB each, and 1 to 10 ms to make again. */
enum { GRAMMARS_KEPT = 6 };
static const char lm_name[] = "lm";

struct compiled {
	char name[33];
	uint64_t used; /* decoder->clock when it was used last */
};

struct decoder {
	ps_decoder_t *main;
	ps_decoder_t *rival;
	struct cepstra *narrow, *wide;
	struct cepstra *front; /* of this utterance: one of the two */
	bool language_model;
	bool started;
	bool by_grammar;           /* this utterance */
	struct decoder_mean fresh; /* as the model starts */
	struct compiled grammars[GRAMMARS_KEPT];
	uint64_t clock;
};

/* PocketSphinx keeps parts of a search that was not ended, even when it is freed. */
static void end_utterance(struct decoder *decoder)
{
	if (!decoder->started)
		return;
	decoder->started = false;
	ps_end_utt(decoder->main);
	if (decoder->rival)
		ps_end_utt(decoder->rival);
}

static void decoder_destroy(void *data)
{
	struct decoder *decoder = data;

	end_utterance(decoder);
	if (decoder->main)
		ps_free(decoder->main);
	if (decoder->rival)
		ps_free(decoder->rival);
	mem_unref(decoder->narrow);
	mem_unref(decoder->wide);
}

/*
 * All senones are scored (-compallsen) so that scores are relative to the best senone of the frame
 * in both decoders, and thereby comparable. The rival makes do with two Gaussians a
 * codebook instead of four, which costs less and tells no less.
 */
static ps_decoder_t *load_main(const char *model_dir, bool language_model)
{
	auto_free char *acoustic = mem_printf("%s/en-us", model_dir);
	auto_free char *dictionary = mem_printf("%s/cmudict-en-us.dict", model_dir);
	auto_free char *model = mem_printf("%s/en-us.lm.bin", model_dir);
	cmd_ln_t *config = cmd_ln_init(NULL, ps_args(), FALSE, "-hmm", acoustic, "-dict",
				       dictionary, "-remove_noise", "no", "-remove_silence", "no",
				       "-compallsen", language_model ? "no" : "yes", "-bestpath",
				       language_model ? "yes" : "no", NULL);
	ps_decoder_t *ps = config ? ps_init(config) : NULL;

	if (config)
		cmd_ln_free_r(config);
	if (ps && language_model &&
	    (ps_set_lm_file(ps, lm_name, model) || ps_set_search(ps, lm_name))) {
		ps_free(ps);
		return NULL;
	}
	return ps;
}

static const char *const phone_set[] = {
	"AA", "AE", "AH", "AO", "AW", "AY", "B",  "CH", "D", "DH", "EH", "ER", "EY",
	"F",  "G",  "HH", "IH", "IY", "JH", "K",  "L",  "M", "N",  "NG", "OW", "OY",
	"P",  "R",  "S",  "SH", "T",  "TH", "UH", "UW", "V", "W",  "Y",  "Z",  "ZH",
};

/* Any phones in any order: one state with a word a phone, each leading back to it. */
static fsg_model_t *phone_loop(ps_decoder_t *ps)
{
	fsg_model_t *fsg = fsg_model_init("rival", ps_get_logmath(ps), 1.0f, 2);

	fsg->start_state = 0;
	fsg->final_state = 1;
	for (size_t i = 0; i < ARRAY_LEN(phone_set); i++)
		fsg_model_trans_add(fsg, 0, 0, 0, fsg_model_word_add(fsg, phone_set[i]));
	fsg_model_null_trans_add(fsg, 0, 1, 0);
	return fsg;
}

static ps_decoder_t *load_rival(const char *model_dir)
{
	auto_free char *acoustic = mem_printf("%s/en-us", model_dir);
	cmd_ln_t *config = cmd_ln_init(NULL, ps_args(), FALSE, "-hmm", acoustic, "-remove_noise",
				       "no", "-remove_silence", "no", "-compallsen", "yes", "-topn",
				       "2", "-bestpath", "no", "-beam", "1e-20", "-pbeam", "1e-20",
				       "-wbeam", "1e-15", "-lw", "1", "-pip", "0.05", NULL);
	ps_decoder_t *ps = config ? ps_init(config) : NULL;
	fsg_model_t *fsg;
	bool good;

	if (config)
		cmd_ln_free_r(config);
	if (!ps)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(phone_set); i++)
		ps_add_word(ps, phone_set[i], phone_set[i], FALSE);
	fsg = phone_loop(ps);
	good = !ps_set_fsg(ps, "rival", fsg) && !ps_set_search(ps, "rival");
	fsg_model_free(fsg);
	if (good)
		return ps;
	ps_free(ps);
	return NULL;
}

static cmn_t *mean_of(ps_decoder_t *ps)
{
	return ps_get_feat(ps)->cmn_struct;
}

static void read_mean(ps_decoder_t *ps, struct decoder_mean *mean)
{
	const cmn_t *cmn = mean_of(ps);

	memcpy(mean->sum, cmn->sum, sizeof(mean->sum));
	memcpy(mean->mean, cmn->cmn_mean, sizeof(mean->mean));
	mean->frames = cmn->nframe;
}

static void write_mean(ps_decoder_t *ps, const struct decoder_mean *mean)
{
	cmn_t *cmn = mean_of(ps);

	memcpy(cmn->sum, mean->sum, sizeof(mean->sum));
	memcpy(cmn->cmn_mean, mean->mean, sizeof(mean->mean));
	cmn->nframe = mean->frames;
}

int decoder_new(struct decoder **ret_decoder, const struct decoder_conf *conf)
{
	auto_unref struct decoder *decoder = mem_new(sizeof(*decoder), decoder_destroy);
	auto_free char *acoustic = mem_printf("%s/en-us", conf->model_dir);

	sphinx_silence();
	decoder->language_model = conf->language_model;
	if (cepstra_new(&decoder->narrow, acoustic, conf->map, 8000) ||
	    cepstra_new(&decoder->wide, acoustic, NULL, 16000))
		return -ENOENT;
	decoder->main = load_main(conf->model_dir, conf->language_model);
	if (!decoder->main)
		return -ENOENT;
	if (!conf->language_model) {
		decoder->rival = load_rival(conf->model_dir);
		if (!decoder->rival)
			return -ENOENT;
	}
	read_mean(decoder->main, &decoder->fresh);
	*ret_decoder = decoder;
	decoder = NULL;
	return 0;
}

bool decoder_has_language_model(const struct decoder *decoder)
{
	return decoder->language_model;
}

static struct compiled *find_compiled(const struct decoder *decoder, const char *name)
{
	for (size_t i = 0; i < GRAMMARS_KEPT; i++)
		if (strcmp(decoder->grammars[i].name, name) == 0)
			return (struct compiled *)&decoder->grammars[i];
	return NULL;
}

bool decoder_has_grammar(const struct decoder *decoder, const struct stt_grammar *grammar)
{
	return find_compiled(decoder, grammar->name) != NULL;
}

/* Two words of the dictionary written as one ("tooth" "ache"), which letter-to-sound reads badly.
 */
static bool find_compound(struct decoder *decoder, char phones[PHONES_SIZE], const char *word)
{
	enum { PART_MIN = 3 };
	const size_t len = strlen(word);
	bool found = false;

	for (size_t at = len; !found && at-- > PART_MIN;) {
		auto_free char *first = mem_strndup(word, at);
		char *head, *tail;

		if (len - at < PART_MIN)
			continue;
		head = ps_lookup_word(decoder->main, first);
		tail = head ? ps_lookup_word(decoder->main, word + at) : NULL;
		found = tail && snprintf(phones, PHONES_SIZE, "%s %s", head, tail) < PHONES_SIZE;
		ckd_free(head);
		ckd_free(tail);
	}
	return found;
}

static int add_missing_words(struct decoder *decoder, const fsg_model_t *fsg)
{
	char phones[PHONES_SIZE];

	for (int i = 0; i < fsg_model_n_word(fsg); i++) {
		const char *word = fsg_model_word_str(fsg, i);
		char *known = ps_lookup_word(decoder->main, word);

		ckd_free(known);
		if (known)
			continue;
		if (!find_compound(decoder, phones, word) && flite_door_phones(phones, word))
			return -EINVAL;
		if (ps_add_word(decoder->main, word, phones, FALSE) < 0)
			return -EINVAL;
	}
	return 0;
}

static struct compiled *make_room(struct decoder *decoder)
{
	struct compiled *oldest = &decoder->grammars[0];

	for (size_t i = 1; i < GRAMMARS_KEPT; i++)
		if (decoder->grammars[i].used < oldest->used)
			oldest = &decoder->grammars[i];
	if (oldest->name[0])
		ps_unset_search(decoder->main, oldest->name);
	memset(oldest, 0, sizeof(*oldest));
	return oldest;
}

static int use_grammar(struct decoder *decoder, const struct stt_grammar *grammar)
{
	struct compiled *compiled = find_compiled(decoder, grammar->name);
	fsg_model_t *fsg;
	int err;

	if (!compiled) {
		fsg = stt_grammar_compile(grammar, ps_get_logmath(decoder->main), 6.5f);
		if (!fsg)
			return -EINVAL;
		compiled = make_room(decoder);
		err = add_missing_words(decoder, fsg);
		if (!err && ps_set_fsg(decoder->main, grammar->name, fsg))
			err = -EINVAL;
		fsg_model_free(fsg);
		if (err)
			return err;
		str_copy(compiled->name, sizeof(compiled->name), grammar->name);
	}
	compiled->used = ++decoder->clock;
	return ps_set_search(decoder->main, grammar->name) ? -EINVAL : 0;
}

int decoder_start(struct decoder *decoder, const struct stt_grammar *grammar, uint32_t rate_hz,
		  const struct decoder_mean *mean)
{
	int err;

	end_utterance(decoder); /* the last one may have been abandoned */
	if (!grammar && !decoder->language_model)
		return -EINVAL;
	err = grammar ? use_grammar(decoder, grammar) : 0;
	if (err)
		return err;
	decoder->by_grammar = grammar != NULL;
	decoder->front = rate_hz == 8000 ? decoder->narrow : decoder->wide;
	cepstra_start(decoder->front);
	mean = mean->frames ? mean : &decoder->fresh;
	write_mean(decoder->main, mean);
	if (decoder->rival)
		write_mean(decoder->rival, mean);
	if (ps_start_utt(decoder->main) || (decoder->rival && ps_start_utt(decoder->rival)))
		return -EINVAL;
	decoder->started = true;
	return 0;
}

/* PocketSphinx normalises the frames it is given in place, so the rival gets copies. */
static void on_frames(float (*frames)[MAP_CEPSTRA], size_t count, void *arg)
{
	struct decoder *decoder = arg;

	for (size_t i = 0; i < count; i++) {
		float copy[MAP_CEPSTRA];
		float *row = copy;

		memcpy(copy, frames[i], sizeof(copy));
		if (decoder->rival)
			ps_process_cep(decoder->rival, &row, 1, FALSE, FALSE);
		row = frames[i];
		ps_process_cep(decoder->main, &row, 1, FALSE, FALSE);
	}
}

void decoder_feed(struct decoder *decoder, const int16_t *samples, size_t count)
{
	if (decoder->started)
		cepstra_feed(decoder->front, samples, count, on_frames, decoder);
}

const char *decoder_partial(struct decoder *decoder)
{
	const char *text = decoder->started ? ps_get_hyp(decoder->main, NULL) : NULL;

	return text ? text : "";
}

/* Mean acoustic score a frame of what was answered: 0 is perfect, less is worse. */
static double score_per_frame(ps_decoder_t *ps)
{
	double sum = 0.0;
	int frames = 0;

	for (ps_seg_t *seg = ps_seg_iter(ps); seg; seg = ps_seg_next(seg)) {
		int32 acoustic = 0, language = 0, back = 0;
		int first = 0, last = 0;
		const char *word = ps_seg_word(seg);

		ps_seg_prob(seg, &acoustic, &language, &back);
		ps_seg_frames(seg, &first, &last);
		if (!word || word[0] == '<' || last < first)
			continue;
		sum += acoustic;
		frames += last - first + 1;
	}
	return frames > 0 ? sum / frames : -1e6;
}

/* Mean posterior of the words; only known after the best path through the lattice. */
static double posterior(ps_decoder_t *ps)
{
	double sum = 0.0;
	int words = 0;

	for (ps_seg_t *seg = ps_seg_iter(ps); seg; seg = ps_seg_next(seg)) {
		int32 acoustic, language, back;
		const char *word = ps_seg_word(seg);
		const int32 log_posterior = ps_seg_prob(seg, &acoustic, &language, &back);

		if (!word || word[0] == '<' || word[0] == '[')
			continue;
		sum += logmath_exp(ps_get_logmath(ps), log_posterior);
		words++;
	}
	return words > 0 ? fmin(1.0, sum / words) : 0.0;
}

/* Of the margin over the rival, see docs/speech.md. */
static double margin_confidence(double margin)
{
	return 1.0 / (1.0 + exp(-(margin - -11.0) / 2.5));
}

void decoder_finish(struct decoder *decoder, struct decoder_mean *mean,
		    struct decoder_result *ret_result)
{
	struct decoder_result result = {.in_grammar = true};
	const char *text = NULL;

	if (decoder->started) {
		cepstra_finish(decoder->front, on_frames, decoder);
		end_utterance(decoder);
		text = ps_get_hyp(decoder->main, NULL);
		read_mean(decoder->main, mean);
	}
	result.text = mem_strdup(text ? text : "");
	if (result.text[0] && decoder->by_grammar) {
		result.per_frame = score_per_frame(decoder->main);
		result.rival_per_frame = score_per_frame(decoder->rival);
		result.confidence = margin_confidence(result.per_frame - result.rival_per_frame);
		result.in_grammar = result.confidence >= 0.5;
	} else if (result.text[0]) {
		result.confidence = posterior(decoder->main);
	} else {
		result.in_grammar = !decoder->by_grammar;
	}
	*ret_result = result;
}
