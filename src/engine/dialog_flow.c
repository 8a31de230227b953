/*
 * The conversation of a flow: where it stands, what it knows, what it says next. See flow.h.
 *
 * A turn is made at once, put in a queue, and given out piece by piece by a timer, so that nothing
 * is said before hear() has returned, and interrupt() or release can take back the rest.
 */
#include "engine/dialog.h"
#include "engine/flow.h"

#include "core/buf.h"
#include "core/list.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/str.h"
#include "loop/loop.h"
#include "loop/timer.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { HOPS_MAX = 64, HEARD_MAX = 8 };

/* A call ends by "goodbye" or "operator" misheard, so these must be surer than answers. */
static const double leave_confidence = 0.8;

enum piece_type { PIECE_SAY, PIECE_LISTEN, PIECE_TURN };

/* Something to give out. */
struct piece {
	struct list_node node;
	enum piece_type type;
	char *text; /* PIECE_LISTEN: NULL is the language model; PIECE_TURN: the reason */
	bool hang_up;
};

/* What an utterance would change. */
struct heard {
	const struct flow_rule *rule; /* NULL: a wish known everywhere */
	enum flow_global global;
	struct {
		int slot;
		char value[SLOT_VALUE_SIZE];
	} fills[HEARD_MAX];
	size_t fills_len;
	char words[SLOT_VALUE_SIZE];
};

struct dialog_flow {
	struct dialog dialog;
	struct log log;
	struct flow *flow;
	struct slot_context context;
	int state;
	char *values[FLOW_SLOTS_MAX]; /* NULL: empty */
	unsigned visits[FLOW_STATES_MAX];
	int64_t tries, silences, turns;
	unsigned hops, give_ups;
	struct heard pending; /* waits for a yes */
	bool is_pending;
	bool has_ended, is_hand_over, goal_reached;
	int jump;        /* state to go to in the next turn; -1: none */
	char *prompt;    /* the question that stands */
	char *greeting;  /* said instead of the first prompt */
	struct buf turn; /* of the agent, being made */
	struct list pieces;
	struct timer *timer;
	struct grammar_net *net; /* of net_rule */
	char net_rule[64];
};

static void go(struct dialog_flow *d, int target);

static struct dialog_flow *dialog_flow(struct dialog *dialog)
{
	return (struct dialog_flow *)dialog;
}

static const struct flow_state *current(const struct dialog_flow *d)
{
	return &d->flow->states[d->state];
}

static void set_value(struct dialog_flow *d, int slot, const char *value)
{
	mem_replace_str(&d->values[slot], value);
}

/* ---- the calendar ---- */

static bool requested(const struct dialog_flow *d, int32_t *day, int32_t *minute,
		      const struct day_part **part)
{
	const char *time = d->flow->time_slot >= 0 ? d->values[d->flow->time_slot] : NULL;

	*minute = -1;
	*part = time ? day_part_find(time) : NULL;
	if (time && !*part && clock_parse(minute, time))
		return false;
	return d->flow->has_calendar && d->values[d->flow->day_slot] &&
	       !date_parse(day, d->values[d->flow->day_slot]);
}

static bool find_offer(const struct dialog_flow *d, int32_t *day, int32_t *minute)
{
	const struct day_part *part;

	*day = d->context.now.day;
	if (!d->flow->has_calendar)
		return false;
	requested(d, day, minute, &part);
	if (part &&
	    calendar_offer(&d->flow->calendar, d->context.now, day, minute, part->from, part->to))
		return true;
	return calendar_offer(&d->flow->calendar, d->context.now, day, minute, 0, 24 * 60);
}

/* "in the morning" becomes the first free time of it once the day is known. */
static void settle_part(struct dialog_flow *d)
{
	const struct day_part *part;
	int32_t day, minute, wanted;
	char value[CALENDAR_DATE_SIZE];

	if (!requested(d, &day, &minute, &part) || !part)
		return;
	wanted = day;
	if (!calendar_offer(&d->flow->calendar, d->context.now, &day, &minute, part->from,
			    part->to) ||
	    day != wanted)
		return;
	clock_text(value, minute);
	set_value(d, d->flow->time_slot, value);
}

static bool holds_calendar(const struct dialog_flow *d, unsigned statuses)
{
	const struct day_part *part;
	enum calendar_status status;
	int32_t day, minute;

	if (!requested(d, &day, &minute, &part))
		return false;
	status = calendar_check(&d->flow->calendar, d->context.now, day, minute);
	if (status == CALENDAR_FREE && part)
		status = CALENDAR_TAKEN;
	return statuses & 1u << status;
}

/* ---- what is said ---- */

static void add_heard(struct buf *buf, const struct dialog_flow *d)
{
	const struct heard *h = &d->pending;

	for (size_t i = 0; i < h->fills_len; i++) {
		if (i)
			buf_append_str(buf, ", ");
		slot_speak(buf, &d->flow->slots[h->fills[i].slot], h->fills[i].value, &d->context);
	}
	if (!h->fills_len)
		buf_append_str(buf, h->words);
}

static void add_offer(struct buf *buf, const struct dialog_flow *d, const char *what)
{
	const struct slot *day_slot = &d->flow->slots[d->flow->day_slot];
	const struct slot *time_slot = &d->flow->slots[d->flow->time_slot];
	char day_value[SLOT_VALUE_SIZE], time_value[SLOT_VALUE_SIZE];
	int32_t day, minute;

	if (!find_offer(d, &day, &minute))
		return;
	date_text(day_value, day);
	clock_text(time_value, minute);
	if (str_equal(what, "offer_day")) {
		buf_append_str(buf, day_value);
	} else if (str_equal(what, "offer_time")) {
		buf_append_str(buf, time_value);
	} else {
		slot_speak(buf, day_slot, day_value, &d->context);
		buf_append_str(buf, " at ");
		slot_speak(buf, time_slot, time_value, &d->context);
	}
}

static void add_name(struct buf *buf, const struct dialog_flow *d, const char *name)
{
	const int slot = flow_find_slot(d->flow, name);
	char today[CALENDAR_DATE_SIZE];

	if (slot >= 0 && d->values[slot]) {
		slot_speak(buf, &d->flow->slots[slot], d->values[slot], &d->context);
	} else if (str_equal(name, "heard")) {
		add_heard(buf, d);
	} else if (str_has_prefix(name, "offer") && d->flow->has_calendar) {
		add_offer(buf, d, name);
	} else if (str_equal(name, "today")) {
		const struct slot date = {.kind = SLOT_DATE};

		date_text(today, d->context.now.day);
		slot_speak(buf, &date, today, &d->context);
	}
}

/* The template with its names filled in. A full stop right after "p.m." would be one too many. */
static void add_template(struct buf *buf, const struct dialog_flow *d, const char *text)
{
	char name[48];

	while (*text) {
		if (*text != '{') {
			buf_append_char(buf, *text++);
			continue;
		}
		str_copy(name, sizeof(name), text + 1);
		name[strcspn(name, "}")] = '\0';
		add_name(buf, d, name);
		text += strlen(name) + 2;
		if (*text == '.' && buf->len && buf->data[buf->len - 1] == '.')
			text++;
	}
}

static void say_template(struct dialog_flow *d, const char *text)
{
	if (d->turn.len)
		buf_append_char(&d->turn, ' ');
	add_template(&d->turn, d, text);
}

static void say_text(struct dialog_flow *d, const struct flow_text *text, size_t which)
{
	if (text->len)
		say_template(d, text->variants[which < text->len ? which : text->len - 1]);
}

static void say(struct dialog_flow *d, const char *text)
{
	if (d->turn.len)
		buf_append_char(&d->turn, ' ');
	buf_append_str(&d->turn, text);
}

/* ---- giving it out ---- */

static void piece_destroy(void *data)
{
	struct piece *piece = data;

	list_remove(&piece->node);
	mem_free(piece->text);
}

static void add_piece(struct dialog_flow *d, enum piece_type type, const char *text, size_t len,
		      bool hang_up)
{
	struct piece *piece = mem_new(sizeof(*piece), piece_destroy);

	piece->type = type;
	piece->text = text ? mem_strndup(text, len) : NULL;
	piece->hang_up = hang_up;
	list_append(&d->pieces, &piece->node, piece);
}

static void drop_pieces(struct dialog_flow *d)
{
	LIST_EACH(&d->pieces, node)
	mem_unref(node->data);
}

/* One piece a time; nothing of d is touched after its handler, which may have released it. */
static void on_timer(void *arg)
{
	struct dialog_flow *d = arg;
	const struct dialog_handlers handlers = d->dialog.handlers;
	void *const handler_arg = d->dialog.arg;
	auto_unref struct piece *piece = list_pop(&d->pieces);

	if (!piece)
		return;
	if (d->pieces.len)
		timer_start(d->timer, 0);
	switch (piece->type) {
	case PIECE_SAY:
		handlers.sayh(piece->text, handler_arg);
		break;
	case PIECE_LISTEN:
		handlers.listenh(piece->text, handler_arg);
		break;
	case PIECE_TURN:
		handlers.turnh(piece->hang_up, piece->text, handler_arg);
		break;
	}
}

/* The end of the sentence that begins at text; a stop in "p.m." or "3.5" is none. */
static size_t sentence_len(const char *text)
{
	for (const char *p = text; *p; p++) {
		if (!strchr(".!?", *p) || (p[1] && p[1] != ' '))
			continue;
		if (*p == '.' && p - text >= 3 && p[-2] == '.' && islower((unsigned char)p[-1]) &&
		    p[1] && !isupper((unsigned char)p[2]))
			continue;
		return (size_t)(p - text) + 1;
	}
	return strlen(text);
}

static void cut_sentences(struct dialog_flow *d)
{
	const char *text = buf_str(&d->turn);

	while (*text) {
		const size_t len = sentence_len(text);

		add_piece(d, PIECE_SAY, text, len, false);
		text += len;
		while (*text == ' ')
			text++;
	}
	buf_clear(&d->turn);
}

static void add_listen(struct dialog_flow *d)
{
	auto_buf struct buf jsgf = {0};
	char rule[64];

	if (current(d)->free_slot >= 0 && !d->is_pending) {
		add_piece(d, PIECE_LISTEN, NULL, 0, false);
		return;
	}
	flow_rule_name(rule, current(d), d->is_pending);
	grammar_jsgf(&jsgf, d->flow->grammar, rule, rule);
	add_piece(d, PIECE_LISTEN, buf_str(&jsgf), jsgf.len, false);
}

static void finish_turn(struct dialog_flow *d)
{
	const char *reason = d->has_ended ? current(d)->reason : NULL;

	cut_sentences(d);
	if (d->has_ended && !reason)
		reason = "gave_up";
	if (!d->has_ended)
		add_listen(d);
	add_piece(d, PIECE_TURN, reason, reason ? strlen(reason) : 0, d->has_ended);
	d->hops = 0;
	timer_start(d->timer, 0);
}

/* ---- where it goes ---- */

static bool holds(const struct dialog_flow *d, const struct flow_test *test)
{
	const char *value = test->type == FLOW_TEST_CALENDAR ? NULL : d->values[test->slot];
	int64_t number;

	switch (test->type) {
	case FLOW_TEST_FILLED:
		return value != NULL;
	case FLOW_TEST_EMPTY:
		return value == NULL;
	case FLOW_TEST_EQUAL:
		return str_equal(value, test->value);
	case FLOW_TEST_RANGE:
		return value && !str_parse_int(&number, value, test->min, test->max);
	case FLOW_TEST_CALENDAR:
		return holds_calendar(d, test->statuses);
	}
	return false;
}

static bool rule_holds(const struct dialog_flow *d, const struct flow_rule *rule)
{
	for (size_t i = 0; i < rule->tests_len; i++)
		if (!holds(d, &rule->tests[i]))
			return false;
	return true;
}

/*
 * What is set may be an offer, which is counted from what is about to be replaced. kept: slots that
 * the caller has just filled, bit per slot.
 */
static void apply_rule(struct dialog_flow *d, const struct flow_rule *rule, uint64_t kept)
{
	char *fresh[FLOW_TESTS_MAX];

	if (rule->say.len)
		say_text(d, &rule->say, d->visits[d->state] % rule->say.len);
	for (size_t i = 0; i < rule->sets_len; i++) {
		struct buf buf = {0};

		add_template(&buf, d, rule->sets[i].value);
		fresh[i] = buf_steal(&buf);
	}
	for (size_t i = 0; i < d->flow->slots_len; i++)
		if (rule->clears & ~kept & UINT64_C(1) << i)
			set_value(d, (int)i, NULL);
	for (size_t i = 0; i < rule->sets_len; i++) {
		set_value(d, rule->sets[i].slot, str_is_empty(fresh[i]) ? NULL : fresh[i]);
		mem_free(fresh[i]);
	}
}

static void follow_next(struct dialog_flow *d)
{
	const struct flow_state *s = current(d);

	settle_part(d);
	for (size_t i = 0; i < s->next_len; i++) {
		if (!rule_holds(d, &s->next[i]))
			continue;
		apply_rule(d, &s->next[i], 0);
		go(d, s->next[i].target);
		return;
	}
}

static void end(struct dialog_flow *d)
{
	d->has_ended = true;
	d->goal_reached = current(d)->is_end && current(d)->goal_reached;
	d->is_hand_over = current(d)->is_end && current(d)->is_hand_over;
	LOG_INFO(&d->log, "flow_ended", LOG_STR("state", current(d)->name),
		 LOG_INT("goal_reached", d->goal_reached));
}

/* The state's own text, a new wording at each visit. */
static void ask(struct dialog_flow *d)
{
	const struct flow_state *s = current(d);
	const unsigned visit = d->visits[d->state]++;
	auto_buf struct buf prompt = {0};

	if (d->greeting)
		buf_append_str(&prompt, d->greeting);
	else
		add_template(&prompt, d, s->say.variants[visit % s->say.len]);
	d->greeting = mem_free(d->greeting);
	mem_free(d->prompt);
	d->prompt = buf_steal(&prompt);
	say(d, d->prompt);
}

static void go(struct dialog_flow *d, int target)
{
	const struct flow_state *s = &d->flow->states[target];

	d->state = target;
	d->tries = d->silences = 0;
	d->is_pending = false;
	if (++d->hops > HOPS_MAX) {
		LOG_ERROR(&d->log, "flow_goes_round", LOG_STR("state", s->name));
		end(d);
		return;
	}
	if (!s->is_end && s->ask >= 0 && d->values[s->ask]) {
		follow_next(d);
	} else if (!s->is_end && !s->answers_len && s->free_slot < 0) {
		say_text(d, &s->say, d->visits[target]++);
		follow_next(d);
	} else {
		ask(d);
		if (s->is_end)
			end(d);
	}
}

static void give_up(struct dialog_flow *d, int target)
{
	if (++d->give_ups > 2 || target == d->state) {
		say(d, "Goodbye.");
		end(d);
		return;
	}
	go(d, target);
}

static void repeat_question(struct dialog_flow *d)
{
	if (d->is_pending)
		say_text(d, &d->flow->confirm, 0);
	else if (d->prompt)
		say(d, d->prompt);
}

static void not_understood(struct dialog_flow *d)
{
	const struct flow_state *s = current(d);

	if (++d->tries >= d->flow->max_tries) {
		give_up(d, d->flow->give_up_state);
	} else if (s->reprompt.len && !d->is_pending) {
		say_text(d, &s->reprompt, (size_t)d->tries - 1);
	} else {
		say_text(d, &d->flow->reprompt, (size_t)d->tries - 1);
		repeat_question(d);
	}
}

/* ---- what was heard ---- */

static void do_global(struct dialog_flow *d, enum flow_global global)
{
	switch (global) {
	case FLOW_REPEAT:
		repeat_question(d);
		break;
	case FLOW_HELP:
		say_text(d, current(d)->help.len ? &current(d)->help : &d->flow->help, 0);
		break;
	case FLOW_OPERATOR:
		go(d, d->flow->operator_state);
		break;
	default:
		go(d, d->flow->goodbye_state);
	}
}

static void apply(struct dialog_flow *d, const struct heard *heard)
{
	const struct flow_state *s = current(d);
	uint64_t filled = 0;

	d->is_pending = false;
	d->tries = d->silences = 0;
	if (!heard->rule) {
		do_global(d, heard->global);
		return;
	}
	for (size_t i = 0; i < heard->fills_len; i++) {
		set_value(d, heard->fills[i].slot, heard->fills[i].value);
		filled |= UINT64_C(1) << heard->fills[i].slot;
	}
	apply_rule(d, heard->rule, filled);
	if (heard->rule->target >= 0)
		go(d, heard->rule->target);
	else if (s->ask >= 0 && !d->values[s->ask])
		go(d, d->state);
	else
		follow_next(d);
}

static bool must_confirm(const struct dialog_flow *d, const struct heard *heard, double confidence)
{
	bool is_unsure = confidence < d->flow->confirm_below;

	if (!heard->rule)
		return heard->global >= FLOW_OPERATOR && confidence < leave_confidence;
	for (size_t i = 0; i < heard->fills_len; i++) {
		const enum slot_confirm confirm = d->flow->slots[heard->fills[i].slot].confirm;

		if (confirm == SLOT_CONFIRM_ALWAYS)
			return true;
		is_unsure &= confirm != SLOT_CONFIRM_NEVER;
	}
	return is_unsure;
}

static void take(struct dialog_flow *d, const struct heard *heard, double confidence)
{
	if (must_confirm(d, heard, confidence)) {
		d->pending = *heard;
		d->is_pending = true;
		say_text(d, &d->flow->confirm, 0);
		return;
	}
	apply(d, heard);
}

static void take_confirmation(struct dialog_flow *d, bool yes)
{
	const struct heard heard = d->pending;

	if (yes) {
		apply(d, &heard);
		return;
	}
	d->is_pending = false;
	if (++d->tries >= d->flow->max_tries) {
		give_up(d, d->flow->give_up_state);
		return;
	}
	say(d, "Sorry about that.");
	repeat_question(d);
}

static enum weekday weekday_of(const char *date)
{
	int32_t day;

	return date && !date_parse(&day, date) ? date_weekday(day) : WEEKDAY_NONE;
}

/* For what day and by which hours a time of that slot is meant. */
static struct slot_context context_of(const struct dialog_flow *d, int slot,
				      const struct heard *heard)
{
	struct slot_context context = d->context;
	const char *date = NULL;

	if (!d->flow->slots[slot].is_in_calendar) {
		if (d->flow->slots[slot].kind == SLOT_DATE)
			context.calendar = NULL;
		return context;
	}
	date = d->values[d->flow->day_slot];
	for (size_t i = 0; i < heard->fills_len; i++)
		if (heard->fills[i].slot == d->flow->day_slot)
			date = heard->fills[i].value;
	context.weekday = weekday_of(date);
	return context;
}

static int read_slots(struct dialog_flow *d, struct heard *heard, const struct grammar_match *m)
{
	for (size_t i = 0; i < m->count; i++) {
		size_t len = 0;

		if (m->tags[i].key != GRAMMAR_TAG_slot)
			continue;
		while (i + 1 + len < m->count && m->tags[i + 1 + len].key != GRAMMAR_TAG_slot)
			len++;
		if (heard->fills_len == HEARD_MAX)
			return -ERANGE;
		const int slot = m->tags[i].value;
		const struct slot_context context = context_of(d, slot, heard);
		const int err = slot_resolve(heard->fills[heard->fills_len].value,
					     &d->flow->slots[slot], m->tags + i + 1, len, &context);

		if (err)
			return err;
		heard->fills[heard->fills_len++].slot = slot;
	}
	return 0;
}

static const struct flow_rule *answer_rule(const struct dialog_flow *d, int32_t answer)
{
	return answer >= FLOW_ANYWHERE ? &d->flow->anywhere[answer - FLOW_ANYWHERE].rule
				       : &current(d)->answers[answer].rule;
}

/* The wish a match carries; *ret_confirm is 0 or 1 when it answers a confirmation, else -1. */
static int read_match(struct dialog_flow *d, struct heard *heard, int32_t *ret_confirm,
		      const struct grammar_match *m)
{
	bool is_found = false;

	*ret_confirm = -1;
	for (size_t i = 0; i < m->count && !is_found; i++) {
		is_found = true;
		if (m->tags[i].key == GRAMMAR_TAG_confirm)
			*ret_confirm = m->tags[i].value;
		else if (m->tags[i].key == GRAMMAR_TAG_global)
			heard->global = (enum flow_global)m->tags[i].value;
		else if (m->tags[i].key == GRAMMAR_TAG_answer)
			heard->rule = answer_rule(d, m->tags[i].value);
		else
			is_found = false;
	}
	return is_found ? read_slots(d, heard, m) : -ENOMSG;
}

static int match(struct dialog_flow *d, struct grammar_match *ret_match, const struct words *words)
{
	char rule[64];

	flow_rule_name(rule, current(d), d->is_pending);
	if (!str_equal(rule, d->net_rule)) {
		d->net = mem_unref(d->net);
		d->net_rule[0] = '\0';
		if (grammar_compile(&d->net, d->flow->grammar, rule))
			return -ENOMSG;
		str_copy(d->net_rule, sizeof(d->net_rule), rule);
	}
	return grammar_match(ret_match, d->net, words);
}

static void hear_words(struct dialog_flow *d, const struct dialog_input *input)
{
	const bool is_free = current(d)->free_slot >= 0 && !d->is_pending;
	struct heard heard = {0};
	struct grammar_match m;
	struct words words;
	int32_t confirm;
	int err;

	words_parse(&words, input->text);
	str_copy(heard.words, sizeof(heard.words), input->text ? input->text : "");
	err = words.count ? match(d, &m, &words) : -ENOMSG;
	if (is_free && words.count && (err || m.skipped)) {
		set_value(d, current(d)->free_slot, heard.words);
		d->tries = d->silences = 0;
		follow_next(d);
		return;
	}
	if (err || (!is_free && input->confidence < d->flow->reject_below) ||
	    read_match(d, &heard, &confirm, &m))
		not_understood(d);
	else if (confirm >= 0)
		take_confirmation(d, confirm == 1);
	else
		take(d, &heard, input->in_grammar ? input->confidence : 0);
}

/* Which slot keys would fill here: the one asked for, or the only one there is. */
static int key_slot(const struct dialog_flow *d)
{
	char rule[64];
	uint64_t slots;

	if (current(d)->ask >= 0)
		return current(d)->ask;
	flow_rule_name(rule, current(d), false);
	slots = grammar_slots(d->flow->grammar, rule);
	return slots && !(slots & (slots - 1)) ? __builtin_ctzll(slots) : -1;
}

static const struct flow_rule *key_rule(const struct dialog_flow *d, char key)
{
	for (size_t i = 0; i < current(d)->answers_len; i++)
		if (current(d)->answers[i].key == key)
			return &current(d)->answers[i].rule;
	return NULL;
}

/* What the keys mean here. A slot filled by keys goes the way of the state's next. */
static int read_keys(struct dialog_flow *d, struct heard *heard, const char *keys)
{
	static const struct flow_rule onward = {.target = -1};
	const int slot = key_slot(d);

	heard->rule = keys[0] && !keys[1] ? key_rule(d, keys[0]) : NULL;
	if (heard->rule)
		return 0;
	if (slot >= 0) {
		const struct slot_context context = context_of(d, slot, heard);

		if (current(d)->next_len &&
		    !slot_keys(heard->fills[0].value, &d->flow->slots[slot], keys, &context)) {
			heard->rule = &onward;
			heard->fills[0].slot = slot;
			heard->fills_len = 1;
			return 0;
		}
	}
	heard->global = FLOW_OPERATOR;
	return str_equal(keys, "0") ? 0 : -ENOMSG;
}

static void hear_keys(struct dialog_flow *d, const struct dialog_input *input)
{
	struct heard heard = {0};
	char keys[40];
	size_t len;

	str_copy(keys, sizeof(keys), input->text ? input->text : "");
	len = strlen(keys);
	if (len > 1 && keys[len - 1] == '#')
		keys[len - 1] = '\0';
	if (d->is_pending && (str_equal(keys, "1") || str_equal(keys, "2")))
		take_confirmation(d, keys[0] == '1');
	else if (read_keys(d, &heard, keys))
		not_understood(d);
	else
		take(d, &heard, 1.0);
}

/* ---- what somebody else wants ---- */

/* True when the next turn was decided by an instruction. */
static bool jump(struct dialog_flow *d)
{
	int target = d->jump;

	if (target < 0)
		return false;
	d->jump = -1;
	d->is_pending = false;
	d->tries = d->silences = 0;
	go(d, target);
	return true;
}

static bool fill(struct dialog_flow *d, char *name, char *value)
{
	int slot = flow_find_slot(d->flow, str_trim(name));

	value = str_trim(value);
	if (slot < 0 || strlen(value) >= SLOT_VALUE_SIZE ||
	    !slot_accepts(&d->flow->slots[slot], value))
		return false;
	set_value(d, slot, value);
	return true;
}

/* "SLOT = value", or the name of a state to go on with. */
static void flow_instruct(struct dialog *dialog, const char *text)
{
	struct dialog_flow *d = dialog_flow(dialog);
	char *auto_free copy = mem_strdup(text);
	char *name = str_trim(copy), *value = strchr(name, '=');
	int state = value ? -1 : flow_find_state(d->flow, name);

	if (state >= 0) {
		d->jump = state;
		return;
	}
	if (value)
		*value++ = '\0';
	if (!value || !fill(d, name, value))
		LOG_WARN(&d->log, "instruction_not_understood");
}

/* ---- dialog_ops ---- */

static void flow_greet(struct dialog *dialog, const char *text)
{
	struct dialog_flow *d = dialog_flow(dialog);

	mem_replace_str(&d->greeting, text);
	go(d, d->flow->start);
	finish_turn(d);
}

static void flow_hear(struct dialog *dialog, const struct dialog_input *input)
{
	struct dialog_flow *d = dialog_flow(dialog);

	drop_pieces(d);
	buf_clear(&d->turn);
	if (d->has_ended) {
		say(d, "Goodbye.");
	} else if (++d->turns > d->flow->max_turns) {
		say(d, "I am afraid I have to end this call now. Goodbye.");
		end(d);
	} else if (jump(d)) {
		LOG_INFO(&d->log, "instruction_followed", LOG_STR("state", current(d)->name));
	} else if (input->is_digits) {
		hear_keys(d, input);
	} else {
		hear_words(d, input);
	}
	finish_turn(d);
}

static void flow_silence(struct dialog *dialog)
{
	struct dialog_flow *d = dialog_flow(dialog);
	const struct flow_text *own = &current(d)->silence;

	drop_pieces(d);
	buf_clear(&d->turn);
	if (d->has_ended) {
		finish_turn(d);
		return;
	}
	if (jump(d)) {
		finish_turn(d);
		return;
	}
	if (++d->silences >= d->flow->max_silences) {
		give_up(d, d->flow->silent_state);
	} else if (own->len && !d->is_pending) {
		say_text(d, own, (size_t)d->silences - 1);
	} else {
		say_text(d, &d->flow->silence, (size_t)d->silences - 1);
		repeat_question(d);
	}
	finish_turn(d);
}

static void flow_interrupt(struct dialog *dialog, const char *heard)
{
	struct dialog_flow *d = dialog_flow(dialog);

	timer_stop(d->timer);
	drop_pieces(d);
}

static json_t *slot_json(const struct slot *slot, const char *value)
{
	int64_t number;

	if (slot->kind == SLOT_NUMBER && !str_parse_int(&number, value, 0, 999))
		return json_integer(number);
	return json_string(value);
}

static json_t *flow_outcome(const struct dialog *dialog)
{
	const struct dialog_flow *d = (const struct dialog_flow *)dialog;
	json_t *outcome = json_object(), *slots = json_object();

	for (size_t i = 0; i < d->flow->slots_len; i++)
		if (d->values[i] && !d->flow->slots[i].is_internal)
			json_object_set_new(slots, d->flow->slots[i].name,
					    slot_json(&d->flow->slots[i], d->values[i]));
	json_set_bool(outcome, "goal_reached", d->goal_reached);
	json_object_set_new(outcome, "slots", slots);
	json_set_str(outcome, "state", current(d)->name);
	if (d->has_ended)
		json_set_str(outcome, "reason",
			     current(d)->reason ? current(d)->reason : "gave_up");
	if (d->is_hand_over)
		json_set_bool(outcome, "hand_over", true);
	return outcome;
}

static const struct dialog_ops flow_ops = {
	.name = "flow",
	.opens = true,
	.greet = flow_greet,
	.hear = flow_hear,
	.silence = flow_silence,
	.interrupt = flow_interrupt,
	.instruct = flow_instruct,
	.outcome = flow_outcome,
};

static void dialog_flow_destroy(void *data)
{
	struct dialog_flow *d = data;

	mem_unref(d->timer);
	drop_pieces(d);
	for (size_t i = 0; i < FLOW_SLOTS_MAX; i++)
		mem_free(d->values[i]);
	mem_free(d->prompt);
	mem_free(d->greeting);
	buf_free(&d->turn);
	mem_unref(d->net);
	mem_unref(d->flow);
}

/* "flow/NAME" to its file; a name is no path. */
static int flow_path(char *out, size_t size, const char *flow_dir, const char *model)
{
	const char *name = model && str_has_prefix(model, "flow/") ? model + 5 : "";
	const size_t len =
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	if (!len || name[len] || len > 64)
		return -EINVAL;
	return snprintf(out, size, "%s/%s.json", flow_dir, name) < (int)size ? 0 : -EINVAL;
}

/* What is known before the call: metadata "slot.NAME". */
static void prefill(struct dialog_flow *d, const json_t *metadata)
{
	for (size_t i = 0; metadata && i < d->flow->slots_len; i++) {
		char key[64];
		const char *value;

		snprintf(key, sizeof(key), "slot.%s", d->flow->slots[i].name);
		value = json_get_str(metadata, key, NULL);
		if (value && strlen(value) < SLOT_VALUE_SIZE &&
		    slot_accepts(&d->flow->slots[i], value))
			set_value(d, (int)i, value);
	}
}

static void set_now(struct dialog_flow *d, const struct dialog_conf *conf)
{
	const int64_t local_s = conf->now_us / 1000000 + conf->utc_offset_s;

	d->context.now.day = (int32_t)(local_s / 86400);
	d->context.now.minute = (int32_t)(local_s % 86400 / 60);
	if (d->flow->has_calendar)
		d->context.calendar = &d->flow->calendar;
}

int dialog_flow_new(struct dialog **ret_dialog, struct loop *loop, const char *flow_dir,
		    const struct dialog_conf *conf, const struct dialog_handlers *handlers,
		    void *arg, char error[256])
{
	auto_unref struct flow *flow = NULL;
	struct dialog_flow *d;
	char path[1200];
	int err;

	error[0] = '\0';
	if (flow_path(path, sizeof(path), flow_dir, conf->model)) {
		snprintf(error, 256, "model: \"%.80s\" does not name a flow (flow/NAME)",
			 conf->model ? conf->model : "");
		return -EINVAL;
	}
	err = flow_load(&flow, path, error);
	if (err)
		return err;
	d = mem_new(sizeof(*d), dialog_flow_destroy);
	d->dialog = (struct dialog){&flow_ops, loop, *handlers, arg};
	log_init(&d->log, "engine", conf->call_id ? conf->call_id : "");
	d->flow = mem_ref(flow);
	d->state = flow->start;
	d->jump = -1;
	d->timer = timer_new(loop, on_timer, d);
	set_now(d, conf);
	prefill(d, conf->metadata);
	*ret_dialog = &d->dialog;
	return 0;
}
