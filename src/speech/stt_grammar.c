#include "speech/stt_grammar.h"

#include "core/digest.h"
#include "core/encoding.h"
#include "core/mem.h"
#include "core/str.h"
#include "speech/flite_door.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <sphinxbase/err.h>
#include <sphinxbase/fsg_model.h>
#include <sphinxbase/jsgf.h>
#include <sphinxbase/logmath.h>

static _Thread_local unsigned sphinx_errors;

/* sphinxbase reports a rule that is missing or recursive here and nowhere else. */
static void count_error(void *arg, err_lvl_t level, const char *fmt, ...)
{
	if (level >= ERR_ERROR)
		sphinx_errors++;
}

static void set_callback(void)
{
	err_set_logfp(NULL); /* before the callback: afterwards it would have no effect */
	err_set_callback(count_error, NULL);
}

void sphinx_silence(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, set_callback);
}

/* An import would read files. */
static bool has_import(const char *text)
{
	for (const char *at = strstr(text, "import"); at; at = strstr(at + 1, "import")) {
		const char *after = at + strlen("import");

		after += strspn(after, " \t\r\n");
		if (*after == '<' || *after == '/')
			return true;
	}
	return false;
}

static jsgf_rule_t *find_utterance(jsgf_t *jsgf)
{
	jsgf_rule_t *found = NULL;
	jsgf_rule_iter_t *at;

	for (at = jsgf_rule_iter(jsgf); at; at = jsgf_rule_iter_next(at)) {
		jsgf_rule_t *rule = jsgf_rule_iter_rule(at);

		if (jsgf_rule_public(rule) &&
		    (str_has_suffix(jsgf_rule_name(rule), ".utterance>") ||
		     str_equal(jsgf_rule_name(rule), "<utterance>")))
			found = rule;
	}
	return found;
}

struct fsg_model_s *stt_grammar_compile(const struct stt_grammar *grammar,
					struct logmath_s *logmath, float language_weight)
{
	const unsigned errors = sphinx_errors;
	fsg_model_t *fsg = NULL;
	jsgf_t *jsgf = jsgf_parse_string(grammar->text, NULL);
	jsgf_rule_t *rule = jsgf ? find_utterance(jsgf) : NULL;

	if (rule)
		fsg = jsgf_build_fsg(jsgf, rule, logmath, language_weight);
	if (jsgf)
		jsgf_grammar_free(jsgf);
	if (fsg && sphinx_errors != errors) {
		fsg_model_free(fsg);
		fsg = NULL;
	}
	for (int i = 0; fsg && i < fsg_model_n_word(fsg); i++)
		str_lower(fsg->vocab[i]);
	return fsg;
}

static bool words_are_speakable(const fsg_model_t *fsg)
{
	char phones[PHONES_SIZE];

	if (fsg_model_n_word(fsg) < 1 || fsg_model_n_word(fsg) > GRAMMAR_WORDS_MAX)
		return false;
	for (int i = 0; i < fsg_model_n_word(fsg); i++)
		if (flite_door_phones(phones, fsg_model_word_str(fsg, i)))
			return false;
	return true;
}

static void stt_grammar_destroy(void *data)
{
	struct stt_grammar *grammar = data;

	mem_free(grammar->text);
}

int stt_grammar_new(struct stt_grammar **ret_grammar, const char *text)
{
	auto_unref struct stt_grammar *grammar = NULL;
	const size_t len = strnlen(text, GRAMMAR_MAX + 1);
	uint8_t digest[SHA256_LEN];
	logmath_t *logmath;
	fsg_model_t *fsg;
	bool good;

	sphinx_silence();
	/* The scanner echoes what it does not know, so the header is looked for first. */
	if (len > GRAMMAR_MAX || !str_has_prefix(text, "#JSGF") || has_import(text))
		return -EINVAL;
	grammar = mem_new(sizeof(*grammar), stt_grammar_destroy);
	grammar->text = mem_strndup(text, len);
	digest_sha256(digest, text, len);
	hex_encode(grammar->name, digest, (sizeof(grammar->name) - 1) / 2);

	logmath = logmath_init(1.0001, 0, TRUE);
	fsg = stt_grammar_compile(grammar, logmath, 1.0f);
	good = fsg && words_are_speakable(fsg);
	if (fsg)
		fsg_model_free(fsg);
	logmath_free(logmath);
	if (!good)
		return -EINVAL;
	*ret_grammar = grammar;
	grammar = NULL;
	return 0;
}
