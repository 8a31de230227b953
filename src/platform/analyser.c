#include "platform/analyser_outcome.h"
#include "platform/analyser_text.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/str.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	TABLE_SIZE = 8192,
	POINTS_MAX = 6,
	HIGHLIGHTS_MAX = 3,
	FIRST_TURNS = 1000,
	QUOTES_MAX = 2,
	WHOLE_WORDS = 4,
};

/* From here on a call is positive or negative. */
static const double felt = 0.18;
/* From here on a sentence is worth quoting for its feeling. */
static const double notable = 0.45;

struct count {
	char word[ANALYSER_WORD_SIZE];
	unsigned count;
};

struct analysis {
	const struct analyser_params *params;
	const char *who; /* the other side: "caller" or "callee" */
	struct analyser_sentence *sentences;
	size_t sentences_len;
	size_t user_turns, agent_turns; /* that said something */
	struct count *counts;           /* of content words; hashed, open addressing */
	size_t words, stop_words, counts_len;
	double sentiment;
	bool is_readable; /* English, as far as one can tell */
};

static const struct {
	const char *reason, *text;
} end_texts[] = {
	{"caller_hangup", "the %s hung up"},
	{"agent_hangup", "the agent hung up"},
	{"ended_by_api", "it was ended by the operator"},
	{"timeout", "the time was up"},
	{"no_answer", "nobody answered"},
	{"busy", "the line was busy"},
	{"rejected", "the call was rejected"},
	{"provider_error", "of a technical error"},
	{"canceled", "it was cancelled"},
	{"lost", "the connection was lost"},
};

static uint32_t hash(const char *word)
{
	uint32_t h = 2166136261u;

	for (; *word; word++)
		h = (h ^ (unsigned char)*word) * 16777619u;
	return h;
}

/* The place of a word; NULL when it is new and the table is full. */
static struct count *count_of(struct analysis *a, const char *word)
{
	for (uint32_t i = hash(word);; i++) {
		struct count *count = &a->counts[i % TABLE_SIZE];

		if (count->word[0] && !str_equal(count->word, word))
			continue;
		if (!count->word[0]) {
			if (a->counts_len > TABLE_SIZE / 2)
				return NULL;
			str_copy(count->word, sizeof(count->word), word);
			a->counts_len++;
		}
		return count;
	}
}

static void count_words(struct analysis *a, const struct analyser_sentence *sentence)
{
	struct analyser_words words;

	analyser_split_words(&words, sentence->text, sentence->len);
	for (size_t i = 0; i < words.count; i++) {
		struct count *count;

		a->words++;
		if (analyser_is_stop_word(words.word[i])) {
			a->stop_words++;
			continue;
		}
		count = count_of(a, words.word[i]);
		if (count)
			count->count++;
	}
}

static size_t add_sentences(struct analysis *a, size_t turn)
{
	const struct analyser_turn *t = &a->params->turns[turn];
	const char *pos = t->text ? t->text : "", *end = pos + strnlen(pos, ANALYSER_TURN_BYTES);
	size_t added = 0;

	while (end > pos && ((unsigned char)*end & 0xc0) == 0x80)
		end--;
	if (!str_is_utf8(pos, (size_t)(end - pos)))
		return 0;
	while (pos < end && a->sentences_len < ANALYSER_SENTENCES_MAX) {
		struct analyser_sentence sentence = analyser_next_sentence(&pos, end);

		if (!sentence.len)
			break;
		sentence.turn = turn;
		sentence.is_agent = t->is_agent;
		count_words(a, &sentence);
		a->sentences[a->sentences_len++] = sentence;
		added++;
	}
	return added;
}

/* Of a call beyond all measure, how it began and how it ended. */
static void read_turns(struct analysis *a)
{
	const size_t len = a->params->turns_len;

	for (size_t i = 0; i < len; i++) {
		if (len > ANALYSER_TURNS_MAX && i == FIRST_TURNS)
			i = len - (ANALYSER_TURNS_MAX - FIRST_TURNS);
		if (!add_sentences(a, i))
			continue;
		if (a->params->turns[i].is_agent)
			a->agent_turns++;
		else
			a->user_turns++;
	}
}

/* Content words that the rest of the call repeats; the caller's and early ones tell more. */
static void score_sentences(struct analysis *a)
{
	for (size_t i = 0; i < a->sentences_len; i++) {
		struct analyser_sentence *s = &a->sentences[i];
		struct analyser_words words;
		double sum = 0;
		size_t content = 0;

		analyser_split_words(&words, s->text, s->len);
		for (size_t k = 0; k < words.count; k++) {
			const struct count *count;

			if (analyser_is_stop_word(words.word[k]))
				continue;
			count = count_of(a, words.word[k]);
			sum += 1.0 + log(1.0 + (count ? count->count : 0));
			content++;
		}
		s->score = content < 2 ? 0 : sum / sqrt((double)words.count + 2);
		s->score *= s->is_agent ? 0.7 : 1.3;
		if (i * 4 < a->sentences_len)
			s->score *= 1.15;
	}
}

/* The other side's turns, the later the heavier. */
static double call_sentiment(const struct analysis *a)
{
	double sum = 0, weights = 0;

	for (size_t i = 0; i < a->sentences_len; i++) {
		const struct analyser_sentence *s = &a->sentences[i];
		char text[ANALYSER_QUOTE_BYTES + 8];
		double feeling, weight;

		if (s->is_agent)
			continue;
		analyser_quote(text, s);
		feeling = analyser_sentiment(text);
		/* Sentences without feeling water the rest down, but not away. */
		weight = (0.5 + (double)(i + 1) / (double)a->sentences_len) *
			 (fabs(feeling) > 0.05 ? 1.0 : 0.08);
		sum += weight * feeling;
		weights += weight;
	}
	return weights > 0 ? sum / weights : 0;
}

static bool is_english(const struct analysis *a)
{
	const char *language = a->params->language;

	if (language && language[0] && strncmp(language, "en", 2) != 0)
		return false;
	return a->words < 12 || a->stop_words * 100 / a->words >= 12;
}

static const char *sentiment_name(double sentiment)
{
	return sentiment > felt ? "positive" : sentiment < -felt ? "negative" : "neutral";
}

/* ---- what came of it ---- */

static void describe_end(struct buf *buf, const struct analysis *a)
{
	const char *reason = a->params->end_reason;

	for (size_t i = 0; reason && i < ARRAY_LEN(end_texts); i++) {
		const char *text = end_texts[i].text, *hole;

		if (!str_equal(end_texts[i].reason, reason))
			continue;
		hole = strstr(text, "%s");
		buf_printf(buf, " The call ended because %.*s%s%s.",
			   (int)(hole ? (size_t)(hole - text) : strlen(text)), text,
			   hole ? a->who : "", hole ? hole + 2 : "");
		return;
	}
}

/* ---- choosing sentences ---- */

static double likeness(const struct analyser_sentence *a, const struct analyser_sentence *b)
{
	struct analyser_words x, y;
	size_t shared = 0;

	analyser_split_words(&x, a->text, a->len);
	analyser_split_words(&y, b->text, b->len);
	for (size_t i = 0; i < x.count; i++)
		for (size_t k = 0; k < y.count; k++)
			if (str_equal(x.word[i], y.word[k])) {
				shared++;
				break;
			}
	return x.count + y.count ? 2.0 * (double)shared / (double)(x.count + y.count) : 1.0;
}

static bool is_like_any(const struct analysis *a, const struct analyser_sentence *s,
			const size_t *chosen, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (likeness(s, &a->sentences[chosen[i]]) > 0.6)
			return true;
	return false;
}

static int by_position(const void *a, const void *b)
{
	const size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return x < y ? -1 : x > y;
}

/* Pick the sentence with the highest score that says something new; SIZE_MAX when none is left. */
static size_t pick(const struct analysis *a, const double *scores, double least,
		   const size_t *chosen, size_t count)
{
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < a->sentences_len; i++)
		if (scores[i] > least && (best == SIZE_MAX || scores[i] > scores[best]) &&
		    !is_like_any(a, &a->sentences[i], chosen, count))
			best = i;
	return best;
}

static size_t choose(const struct analysis *a, const double *scores, double least, size_t *chosen,
		     size_t max)
{
	size_t count = 0;

	while (count < max) {
		const size_t best = pick(a, scores, least, chosen, count);

		if (best == SIZE_MAX)
			break;
		chosen[count++] = best;
	}
	qsort(chosen, count, sizeof(*chosen), by_position);
	return count;
}

static void append_quote(json_t *list, const struct analysis *a, size_t sentence)
{
	const struct analyser_sentence *s = &a->sentences[sentence];
	char quote[ANALYSER_QUOTE_BYTES + 8];
	auto_buf struct buf line = {0};

	analyser_quote(quote, s);
	buf_printf(&line, "%s: \"%s\"",
		   s->is_agent                   ? "Agent"
		   : str_equal(a->who, "caller") ? "Caller"
						 : "Callee",
		   quote);
	json_array_append_new(list, json_string(buf_str(&line)));
}

/* Enough words to be read alone: "next thursday" tells nothing without its question. */
static bool is_whole(const struct analyser_sentence *s)
{
	struct analyser_words words;

	analyser_split_words(&words, s->text, s->len);
	return words.count >= WHOLE_WORDS;
}

/* What was settled, then what was said; without an outcome what the agent said counts too. */
static json_t *key_points(const struct analysis *a)
{
	auto_free double *scores = mem_alloc((a->sentences_len + 1) * sizeof(*scores));
	json_t *points = json_array();
	size_t chosen[POINTS_MAX], count;

	if (a->params->outcome)
		analyser_add_outcome_points(points, a->params->outcome, POINTS_MAX - 1);
	for (size_t i = 0; i < a->sentences_len; i++) {
		const struct analyser_sentence *s = &a->sentences[i];

		scores[i] = is_whole(s) && !(a->params->outcome && s->is_agent) ? s->score : 0;
	}
	count = a->is_readable
			? choose(a, scores, 0.5, chosen, POINTS_MAX - json_array_size(points))
			: 0;
	for (size_t i = 0; i < count; i++)
		append_quote(points, a, chosen[i]);
	return points;
}

/* What was felt most, else what said most. */
static json_t *highlights(const struct analysis *a)
{
	auto_free double *scores = mem_alloc((a->sentences_len + 1) * sizeof(*scores));
	json_t *list = json_array();
	size_t chosen[HIGHLIGHTS_MAX], count;

	if (!a->is_readable)
		return list;
	for (size_t i = 0; i < a->sentences_len; i++) {
		char quote[ANALYSER_QUOTE_BYTES + 8];

		analyser_quote(quote, &a->sentences[i]);
		scores[i] = a->sentences[i].is_agent || a->sentences[i].score <= 0
				    ? 0
				    : fabs(analyser_sentiment(quote));
	}
	count = choose(a, scores, notable, chosen, HIGHLIGHTS_MAX);
	if (!count) {
		for (size_t i = 0; i < a->sentences_len; i++)
			scores[i] = a->sentences[i].is_agent ? 0 : a->sentences[i].score;
		count = choose(a, scores, 0.5, chosen, 1);
	}
	for (size_t i = 0; i < count; i++)
		append_quote(list, a, chosen[i]);
	return list;
}

static json_t *action_items(const struct analysis *a)
{
	json_t *items = json_array();

	if (a->params->outcome)
		analyser_add_outcome_actions(items, a->params->outcome, a->who);
	for (size_t i = 0; a->is_readable && i < a->sentences_len; i++)
		analyser_add_actions(items, &a->sentences[i], a->who);
	return items;
}

/* ---- the summary ---- */

static void describe_conversation(struct buf *buf, const struct analysis *a)
{
	auto_free double *scores = mem_alloc((a->sentences_len + 1) * sizeof(*scores));
	const char *direction = a->params->is_inbound ? "inbound" : "outbound";
	const size_t turns = a->user_turns + a->agent_turns;
	size_t best[QUOTES_MAX], count;

	for (size_t i = 0; i < a->sentences_len; i++) {
		const struct analyser_sentence *s = &a->sentences[i];

		scores[i] = s->is_agent || !is_whole(s) ? 0 : s->score;
	}
	count = choose(a, scores, 0, best, QUOTES_MAX);
	if (!count && a->params->outcome) {
		/* The outcome says more than answers of a word or two. */
		buf_printf(buf, "The %s call took %zu turn%s.", direction, turns,
			   turns == 1 ? "" : "s");
		return;
	}
	for (size_t i = 0; !count && i < a->sentences_len; i++)
		scores[i] = a->sentences[i].is_agent ? 0 : a->sentences[i].score;
	if (!count)
		count = choose(a, scores, 0, best, 1);
	buf_printf(buf, "In this %s call of %zu turns the %s said", direction, turns, a->who);
	for (size_t i = 0; i < count; i++) {
		char quote[ANALYSER_QUOTE_BYTES + 8];

		analyser_quote(quote, &a->sentences[best[i]]);
		buf_printf(buf, "%s \"%s\"", i ? ", and" : ":", quote);
	}
	buf_append_str(buf, count ? "." : " little that can be summarised.");
}

/* The last thing of substance the agent said. */
static void describe_conclusion(struct buf *buf, const struct analysis *a)
{
	char quote[ANALYSER_QUOTE_BYTES + 8];

	for (size_t i = a->sentences_len; i-- > 0;) {
		if (!a->sentences[i].is_agent || a->sentences[i].score < 0.8)
			continue;
		analyser_quote(quote, &a->sentences[i]);
		buf_printf(buf, "Towards the end the agent said: \"%s\".", quote);
		return;
	}
	buf_append_str(buf, "No conclusion was spoken.");
}

/* What came of it, what was said, how it ended. */
static void summarise(struct buf *buf, const struct analysis *a)
{
	const char *direction = a->params->is_inbound ? "inbound" : "outbound";

	if (a->params->outcome) {
		analyser_describe_outcome(buf, a->params->outcome, a->who);
		buf_append_char(buf, ' ');
	}
	if (!a->sentences_len)
		buf_printf(buf, "Nothing was said in this %s call.", direction);
	else if (!a->user_turns)
		buf_printf(buf,
			   "In this %s call only the agent spoke; nothing was heard of the %s.",
			   direction, a->who);
	else if (!a->is_readable)
		buf_printf(
			buf,
			"This %s call of %zu turns was not held in English, which is all that the "
			"embedded analyser reads; what was said is not summarised.",
			direction, a->user_turns + a->agent_turns);
	else
		describe_conversation(buf, a);
	if (!a->params->outcome && a->is_readable && a->user_turns) {
		buf_append_char(buf, ' ');
		describe_conclusion(buf, a);
	}
	describe_end(buf, a);
}

json_t *analyser_run(const struct analyser_params *params)
{
	struct analysis a = {.params = params, .who = params->is_inbound ? "caller" : "callee"};
	auto_free struct analyser_sentence *sentences =
		mem_alloc(ANALYSER_SENTENCES_MAX * sizeof(*sentences));
	auto_free struct count *counts = mem_alloc(TABLE_SIZE * sizeof(*counts));
	auto_buf struct buf summary = {0};
	json_t *result = json_object();

	a.sentences = sentences;
	a.counts = counts;
	read_turns(&a);
	a.is_readable = is_english(&a);
	if (a.is_readable) {
		score_sentences(&a);
		a.sentiment = call_sentiment(&a);
	}
	summarise(&summary, &a);
	json_set_str(result, "summary", buf_str(&summary));
	json_object_set_new(result, "key_points", key_points(&a));
	json_set_str(result, "sentiment", sentiment_name(a.sentiment));
	json_set_number(result, "sentiment_score", a.sentiment);
	json_object_set_new(result, "action_items", action_items(&a));
	json_object_set_new(result, "highlights", highlights(&a));
	json_set_str(result, "analyser", "embedded");
	return result;
}
