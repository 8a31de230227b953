/* Commitments and requests: who will do what, and when. */
#include "platform/analyser_text.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/str.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { ITEMS_MAX = 8, OBJECT_WORDS = 14 };

/* How a commitment or request begins. '*' stands for one word. */
static const struct opening {
	const char *words;
	enum { BY_SPEAKER, BY_LISTENER, BY_THIRD } by;
} openings[] = {
	{"i will be", BY_SPEAKER},       {"i'll", BY_SPEAKER},
	{"i will", BY_SPEAKER},          {"we'll", BY_SPEAKER},
	{"we will", BY_SPEAKER},         {"i'm going to", BY_SPEAKER},
	{"i am going to", BY_SPEAKER},   {"we're going to", BY_SPEAKER},
	{"we are going to", BY_SPEAKER}, {"i promise to", BY_SPEAKER},
	{"i need to", BY_SPEAKER},       {"i have to", BY_SPEAKER},
	{"could you", BY_LISTENER},      {"can you", BY_LISTENER},
	{"would you", BY_LISTENER},      {"will you", BY_LISTENER},
	{"you need to", BY_LISTENER},    {"you have to", BY_LISTENER},
	{"you should", BY_LISTENER},     {"please", BY_LISTENER},
	{"make sure to", BY_LISTENER},   {"colleague will", BY_THIRD},
	{"colleagues will", BY_THIRD},   {"team will", BY_THIRD},
	{"someone will", BY_THIRD},      {"technician will", BY_THIRD},
	{"manager will", BY_THIRD},      {"doctor will", BY_THIRD},
	{"office will", BY_THIRD},
};

/* What can be promised and done after the call. */
static const char *const verbs[] = {
	"send",       "call",        "email",    "mail",    "text",    "book",    "schedule",
	"reschedule", "check",       "find",     "forward", "confirm", "arrange", "order",
	"ship",       "refund",      "fix",      "repair",  "bring",   "pay",     "return",
	"come",       "follow",      "update",   "cancel",  "move",    "prepare", "deliver",
	"contact",    "ring",        "phone",    "visit",   "sign",    "fill",    "write",
	"review",     "investigate", "escalate", "provide", "drop",    "pick",    "reply",
	"respond",    "meet",        "get",      "let",     "give",    "replace", "transfer",
	"credit",     "invoice",     "submit",   "upload",  "remind",  "look",    "take",
	"ask",        "reset",       "renew",    "install", "post",    "print",   "complete"};

/* "get" and "let" promise something only in these words. */
static const struct {
	const char *verb, *needs;
} narrow_verbs[] = {{"get", "back"}, {"let", "know"}, {"take", "care"}, {"look", "into"}};

static const char *const breaks[] = {
	"but", "because", "so",    "if",     "which",  "okay", "thanks", "thank", "goodbye",
	"bye", "unless",  "while", "or",     "please", "i",    "i'm",    "i've",  "i'll",
	"we",  "we'll",   "it's",  "that's", "they",   "he",   "she"};

static const char *const units[] = {"minute", "minutes", "hour",  "hours",  "day",  "days",
				    "week",   "weeks",   "month", "months", "year", "years"};

static const char *const day_words[] = {
	"monday", "tuesday", "wednesday", "thursday",  "friday",    "saturday", "sunday",
	"today",  "tonight", "tomorrow",  "morning",   "afternoon", "evening",  "noon",
	"week",   "month",   "weekend",   "january",   "february",  "march",    "april",
	"june",   "july",    "august",    "september", "october",   "november", "december"};

static const char *const number_words[] = {
	"one",        "two",       "three",     "four",        "five",       "six",
	"seven",      "eight",     "nine",      "ten",         "eleven",     "twelve",
	"fifteen",    "twenty",    "thirty",    "forty",       "half",       "first",
	"second",     "third",     "fourth",    "fifth",       "sixth",      "seventh",
	"eighth",     "ninth",     "tenth",     "eleventh",    "twelfth",    "thirteenth",
	"fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
	"twentieth",  "thirtieth", "fifty",     "oh"};

static const char *const links[] = {"at",      "on",     "by",     "in",    "the",     "next",
				    "this",    "before", "until",  "past",  "quarter", "to",
				    "p",       "a",      "m",      "pm",    "am",      "o'clock",
				    "of",      "end",    "within", "later", "around",  "about",
				    "hundred", "after",  "coming", "and"};

#define IS_IN(word_, list_) is_in(word_, list_, ARRAY_LEN(list_))

static bool is_in(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(list[i], word))
			return true;
	return false;
}

static bool is_number(const char *word)
{
	return isdigit((unsigned char)word[0]) || IS_IN(word, number_words);
}

/* "right away", "as soon as possible": words from at that say when by themselves. */
static size_t fixed_when(const struct analyser_words *w, size_t at)
{
	static const char *const phrases[] = {"as soon as possible", "right away",  "immediately",
					      "straight away",       "later today", "shortly",
					      "right now",           "soon"};

	for (size_t i = 0; i < ARRAY_LEN(phrases); i++) {
		struct analyser_words phrase;
		size_t n = 0;

		analyser_split_words(&phrase, phrases[i], strlen(phrases[i]));
		while (n < phrase.count && at + n < w->count &&
		       str_equal(phrase.word[n], w->word[at + n]))
			n++;
		if (n == phrase.count)
			return n;
	}
	return 0;
}

/* How many words from at on say when: links, numbers and days, with a day, a unit or "at NUMBER".
 */
static size_t when_len(const struct analyser_words *w, size_t at)
{
	const size_t fixed = fixed_when(w, at);
	bool has_anchor = false;
	size_t end = at, len = 0;

	if (fixed)
		return fixed;
	for (; end < w->count; end++) {
		const char *word = w->word[end];

		if (IS_IN(word, day_words) || IS_IN(word, units))
			has_anchor = true;
		else if (is_number(word))
			has_anchor |=
				end > at &&
				is_in(w->word[end - 1],
				      (const char *const[]){"at", "by", "past", "to", "around"}, 5);
		else if (!IS_IN(word, links))
			break;
		if (has_anchor &&
		    (IS_IN(word, day_words) || IS_IN(word, units) || is_number(word) ||
		     is_in(word, (const char *const[]){"m", "pm", "am", "o'clock", "later"}, 5)))
			len = end + 1 - at;
	}
	/* "a", "the", "to", "and" belong to it only with something like "next week" after them */
	return len && !(str_equal(w->word[at], "and") || str_equal(w->word[at], "to")) ? len : 0;
}

static void add_word(struct buf *buf, const char *word)
{
	if (buf->len)
		buf_append_char(buf, ' ');
	buf_append_str(buf, word);
}

/* The same word from outside: "you" of the agent is the caller. */
static void add_turned(struct buf *buf, const char *word, const char *speaker, const char *listener)
{
	char other[48];

	if (str_equal(word, "you") || str_equal(word, "your"))
		snprintf(other, sizeof(other), "the %s%s", listener, word[3] ? "'s" : "");
	else if (is_in(word, (const char *const[]){"me", "my", "us", "our"}, 4))
		snprintf(other, sizeof(other), "the %s%s", speaker,
			 str_equal(word, "my") || str_equal(word, "our") ? "'s" : "");
	else
		str_copy(other, sizeof(other), word);
	str_lower(other);
	add_word(buf, other);
}

static bool narrow_verb_fits(const struct analyser_words *w, size_t verb)
{
	for (size_t i = 0; i < ARRAY_LEN(narrow_verbs); i++) {
		if (!str_equal(narrow_verbs[i].verb, w->word[verb]))
			continue;
		for (size_t k = verb + 1; k < w->count && k < verb + 4; k++)
			if (str_equal(narrow_verbs[i].needs, w->word[k]))
				return true;
		return false;
	}
	return true;
}

/* What is to be done, from the verb to the end of the clause, apart from when. */
static void read_what(struct buf *what, struct buf *when, const struct analyser_words *w,
		      size_t verb, const char *speaker, const char *listener)
{
	for (size_t i = verb; i < w->count && i < verb + OBJECT_WORDS;) {
		const size_t len = i > verb ? when_len(w, i) : 0;

		if (len) {
			for (size_t k = 0; k < len; k++)
				add_word(when, w->word[i + k]);
			i += len;
			continue;
		}
		if (i > verb &&
		    (IS_IN(w->word[i], breaks) ||
		     (str_equal(w->word[i], "and") && i + 1 < w->count &&
		      (IS_IN(w->word[i + 1], breaks) || str_equal(w->word[i + 1], "you") ||
		       str_equal(w->word[i + 1], "then")))))
			break;
		add_turned(what, w->word[i++], speaker, listener);
	}
}

/* "tomorrow i will send it": the time may also come first. */
static void read_when_before(struct buf *when, const struct analyser_words *w, size_t opening)
{
	for (size_t i = 0; i < opening && !when->len; i++) {
		const size_t len = when_len(w, i);

		for (size_t k = 0; k < len && i + k < opening; k++)
			add_word(when, w->word[i + k]);
	}
}

void analyser_add_action(json_t *items, const char *who, const char *what, const char *when)
{
	auto_buf struct buf item = {0};
	json_t *known;
	size_t i;

	buf_printf(&item, "%s: %s", who, what);
	item.data[0] = (char)toupper((unsigned char)item.data[0]);
	json_array_foreach(items, i,
			   known) if (str_has_prefix(json_string_value(known), item.data)) return;
	if (!str_is_empty(when))
		buf_printf(&item, " (%s)", when);
	if (json_array_size(items) < ITEMS_MAX)
		json_array_append_new(items, json_string(item.data));
}

/* The words after an opening that stands at a word; 0 when it does not. */
static size_t opening_len(const struct analyser_words *w, size_t at, const struct opening *opening)
{
	struct analyser_words o;

	analyser_split_words(&o, opening->words, strlen(opening->words));
	for (size_t i = 0; i < o.count; i++)
		if (at + i >= w->count || !str_equal(o.word[i], w->word[at + i]))
			return 0;
	return o.count;
}

static bool try_opening(json_t *items, const struct analyser_words *w, size_t at,
			const struct opening *opening, const char *speaker, const char *listener)
{
	auto_buf struct buf what = {0}, when = {0};
	const size_t len = opening_len(w, at, opening);
	size_t verb = at + len;

	if (!len)
		return false;
	while (verb < w->count &&
	       is_in(w->word[verb], (const char *const[]){"please", "then", "also", "just", "now"},
		     5))
		verb++;
	if (verb >= w->count || !IS_IN(w->word[verb], verbs) || !narrow_verb_fits(w, verb))
		return false;
	read_what(&what, &when, w, verb, speaker, listener);
	read_when_before(&when, w, at);
	if (strlen(buf_str(&what)) < 4)
		return false;
	analyser_add_action(items,
			    opening->by == BY_SPEAKER    ? speaker
			    : opening->by == BY_LISTENER ? listener
							 : "colleague",
			    buf_str(&what), buf_str(&when));
	return true;
}

void analyser_add_actions(json_t *items, const struct analyser_sentence *sentence, const char *who)
{
	const char *speaker = sentence->is_agent ? "agent" : who;
	const char *listener = sentence->is_agent ? who : "agent";
	struct analyser_words words;

	analyser_split_words(&words, sentence->text, sentence->len);
	for (size_t at = 0; at < words.count; at++)
		for (size_t i = 0; i < ARRAY_LEN(openings); i++)
			if (try_opening(items, &words, at, &openings[i], speaker, listener))
				break;
}
