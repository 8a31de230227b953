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

/*
 * sphinxbase writes every rule out wherever it is mentioned, so a few lines can unfold to more than
 * any memory holds. This counts what they would become before it tries.
 */
enum { RULES_MAX = 1024, UNFOLDED_MAX = 50000, NESTING_MAX = 128 };

struct rule {
	const char *name;
	size_t name_len;
	const char *body, *end;
	size_t unfolded; /* words; 0: not counted yet */
	bool counting;
};

struct rules {
	struct rule rule[RULES_MAX];
	size_t count;
};

/* Past white space, comments, tags and weights; at the end of the text it stays. */
static const char *skip_blank(const char *at)
{
	for (;;) {
		at += strspn(at, " \t\r\n");
		if (at[0] == '/' && at[1] == '/')
			at += strcspn(at, "\n");
		else if (at[0] == '/' && at[1] == '*' && strstr(at + 2, "*/"))
			at = strstr(at + 2, "*/") + 2;
		else if (at[0] == '{' && strchr(at, '}'))
			at = strchr(at, '}') + 1;
		else
			return at;
	}
}

/* Past one word, quoted word, <name> or sign. */
static const char *skip_token(const char *at)
{
	size_t len;

	if (*at == '<' && strchr(at, '>'))
		return strchr(at, '>') + 1;
	if (*at == '"' && strchr(at + 1, '"'))
		return strchr(at + 1, '"') + 1;
	len = strcspn(at, " \t\r\n=;|*+<>()[]{}/\"");
	return at + (len > 0 ? len : *at != '\0');
}

static void find_rules(struct rules *rules, const char *text)
{
	const char *name = NULL, *at = skip_blank(text);
	size_t name_len = 0;

	while (*at && rules->count < RULES_MAX) {
		const char *next = skip_token(at);

		if (*at == '<') {
			name = at;
			name_len = (size_t)(next - at);
		} else if (*at == '=' && name) {
			struct rule *rule = &rules->rule[rules->count++];

			*rule = (struct rule){.name = name, .name_len = name_len, .body = next};
			for (at = skip_blank(next); *at && *at != ';';)
				at = skip_blank(skip_token(at));
			rule->end = at;
			next = at;
			name = NULL;
		}
		at = skip_blank(next);
	}
}

static struct rule *find_rule(struct rules *rules, const char *name, size_t len)
{
	for (size_t i = 0; i < rules->count; i++)
		if (rules->rule[i].name_len == len && memcmp(rules->rule[i].name, name, len) == 0)
			return &rules->rule[i];
	return NULL;
}

/* Words a rule unfolds to, at most just above UNFOLDED_MAX; the same when it nests too deep. */
static size_t count_unfolded(struct rules *rules, struct rule *rule, unsigned depth)
{
	size_t sum = 1, nesting = depth;

	if (rule->unfolded)
		return rule->unfolded;
	if (rule->counting) /* recursion, which sphinxbase writes out once */
		return 1;
	rule->counting = true;
	for (const char *at = skip_blank(rule->body);
	     at < rule->end && sum <= UNFOLDED_MAX && nesting <= NESTING_MAX;) {
		const char *next = skip_token(at);
		struct rule *other = *at == '<' ? find_rule(rules, at, (size_t)(next - at)) : NULL;

		nesting += (*at == '(') + (*at == '[');
		if (nesting > depth)
			nesting -= (*at == ')') + (*at == ']');
		sum += other ? count_unfolded(rules, other, (unsigned)nesting + 1) : 1;
		at = skip_blank(next);
	}
	rule->counting = false;
	rule->unfolded = nesting > NESTING_MAX ? UNFOLDED_MAX + 1 : sum;
	return rule->unfolded;
}

static bool is_bounded(const char *text)
{
	auto_free struct rules *rules = mem_alloc(sizeof(*rules));

	find_rules(rules, text);
	for (size_t i = 0; i < rules->count; i++)
		if (count_unfolded(rules, &rules->rule[i], 0) > UNFOLDED_MAX)
			return false;
	return rules->count < RULES_MAX;
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
	if (len > GRAMMAR_MAX || !str_has_prefix(text, "#JSGF") || has_import(text) ||
	    !is_bounded(text))
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
