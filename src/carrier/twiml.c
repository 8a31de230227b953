#include "carrier/twiml.h"

#include "core/mem.h"
#include "core/str.h"

#include <errno.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdio.h>
#include <string.h>

enum type { TEXT, NUMBER, BOOLEAN, METHOD, KEYS, SINGLE_KEY, REASON, TRACK, INPUT };

struct attribute_rule {
	enum twiml_kind kind;
	const char *name;
	enum type type;
	const char *fallback; /* NULL: none */
	int64_t min, max;
};

#define CHILD(kind_) (1u << (kind_))

/* Which elements there are, where they may stand, and whether they carry text. */
static const struct element_rule {
	const char *name;
	enum twiml_kind kind;
	bool top; /* a verb: child of Response */
	bool text;
	unsigned children;
} element_rules[] = {
	{"Say", TWIML_SAY, true, true, 0},
	{"Play", TWIML_PLAY, true, true, 0},
	{"Pause", TWIML_PAUSE, true, false, 0},
	{"Gather", TWIML_GATHER, true, false,
	 CHILD(TWIML_SAY) | CHILD(TWIML_PLAY) | CHILD(TWIML_PAUSE)},
	{"Redirect", TWIML_REDIRECT, true, true, 0},
	{"Reject", TWIML_REJECT, true, false, 0},
	{"Hangup", TWIML_HANGUP, true, false, 0},
	{"Connect", TWIML_CONNECT, true, false, CHILD(TWIML_STREAM)},
	{"Start", TWIML_START, true, false, CHILD(TWIML_STREAM)},
	{"Stop", TWIML_STOP, true, false, CHILD(TWIML_STREAM)},
	{"Stream", TWIML_STREAM, false, false, CHILD(TWIML_PARAMETER)},
	{"Parameter", TWIML_PARAMETER, false, false, 0},
};

/* Verbs of the vendor that this carrier does not carry out: named, so that the error can say so. */
static const char *const unsupported[] = {
	"Dial",         "Record",
	"Enqueue",      "Leave",
	"Sms",          "Pay",
	"Prompt",       "Refer",
	"Siprec",       "Queue",
	"Message",      "Transcription",
	"Conversation", "ConversationRelay",
	"Room",         "VirtualAgent",
};

static const struct attribute_rule attribute_rules[] = {
	{TWIML_SAY, "voice", TEXT, NULL, 0, 64},
	{TWIML_SAY, "language", TEXT, NULL, 0, 35},
	{TWIML_SAY, "loop", NUMBER, "1", 0, 1000},
	{TWIML_PLAY, "loop", NUMBER, "1", 0, 1000},
	{TWIML_PLAY, "digits", KEYS, NULL, 1, 64},
	{TWIML_PAUSE, "length", NUMBER, "1", 0, 3600},
	{TWIML_GATHER, "input", INPUT, "dtmf", 0, 0},
	{TWIML_GATHER, "timeout", NUMBER, "5", 0, 600},
	{TWIML_GATHER, "finishOnKey", SINGLE_KEY, "#", 0, 0},
	{TWIML_GATHER, "numDigits", NUMBER, "0", 1, 128},
	{TWIML_GATHER, "action", TEXT, NULL, 0, 2048},
	{TWIML_GATHER, "method", METHOD, "POST", 0, 0},
	{TWIML_GATHER, "actionOnEmptyResult", BOOLEAN, "false", 0, 0},
	{TWIML_REDIRECT, "method", METHOD, "POST", 0, 0},
	{TWIML_REJECT, "reason", REASON, "rejected", 0, 0},
	{TWIML_CONNECT, "action", TEXT, NULL, 0, 2048},
	{TWIML_CONNECT, "method", METHOD, "POST", 0, 0},
	{TWIML_STREAM, "url", TEXT, NULL, 1, 2048},
	{TWIML_STREAM, "name", TEXT, NULL, 0, 256},
	{TWIML_STREAM, "track", TRACK, "inbound_track", 0, 0},
	{TWIML_STREAM, "statusCallback", TEXT, NULL, 0, 2048},
	{TWIML_STREAM, "statusCallbackMethod", METHOD, "POST", 0, 0},
	{TWIML_PARAMETER, "name", TEXT, NULL, 1, 499},
	{TWIML_PARAMETER, "value", TEXT, "", 0, 499},
};

struct parse {
	struct twiml_error *error;
	size_t nodes;
};

static int fail(struct parse *parse, int code, const xmlNode *node, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static int fail(struct parse *parse, int code, const xmlNode *node, const char *fmt, ...)
{
	auto_free char *reason = NULL;
	va_list ap;

	va_start(ap, fmt);
	reason = mem_vprintf(fmt, ap);
	va_end(ap);
	parse->error->code = code;
	if (node)
		snprintf(parse->error->message, sizeof(parse->error->message), "line %ld: %s",
			 xmlGetLineNo(node), reason);
	else
		snprintf(parse->error->message, sizeof(parse->error->message), "%s", reason);
	return -EBADMSG;
}

static const struct element_rule *element_rule(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(element_rules); i++)
		if (str_equal(element_rules[i].name, name))
			return &element_rules[i];
	return NULL;
}

static bool is_one_of(const char *value, const char *const *words)
{
	for (; *words; words++)
		if (str_equal(value, *words))
			return true;
	return false;
}

/* Checks one value against its rule; on success the value's number is set. */
static bool value_fits(const struct attribute_rule *rule, const char *value, int64_t *ret_number)
{
	static const char *const methods[] = {"GET", "POST", NULL};
	static const char *const reasons[] = {"rejected", "busy", NULL};
	static const char *const tracks[] = {"inbound_track", "outbound_track", "both_tracks",
					     NULL};
	static const char *const inputs[] = {"dtmf", "dtmf speech", NULL};
	bool flag = false;

	switch (rule->type) {
	case TEXT:
		return strlen(value) >= (size_t)rule->min && strlen(value) <= (size_t)rule->max;
	case NUMBER:
		return str_parse_int(ret_number, value, rule->min, rule->max) == 0;
	case BOOLEAN:
		if (str_parse_bool(&flag, value))
			return false;
		*ret_number = flag;
		return true;
	case METHOD:
		return is_one_of(value, methods);
	case KEYS:
		return strlen(value) <= (size_t)rule->max && *value &&
		       value[strspn(value, "0123456789ABCDabcd*#wW")] == '\0';
	case SINGLE_KEY:
		return strlen(value) <= 1 && value[strspn(value, "0123456789*#")] == '\0';
	case REASON:
		return is_one_of(value, reasons);
	case TRACK:
		return is_one_of(value, tracks);
	case INPUT:
		return is_one_of(value, inputs);
	}
	return false;
}

static int add_attribute(struct parse *parse, struct twiml_verb *verb, const xmlNode *node,
			 const struct attribute_rule *rule)
{
	struct twiml_attribute *attribute = &verb->attributes[verb->attribute_count++];
	xmlChar *value = node ? xmlGetNoNsProp((xmlNode *)node, BAD_CAST rule->name) : NULL;
	int err = 0;

	attribute->name = rule->name;
	attribute->given = value != NULL;
	attribute->value = mem_strdup(value ? (const char *)value : rule->fallback);
	if (value && !value_fits(rule, attribute->value, &attribute->number))
		err = fail(parse, TWIML_ERROR_SCHEMA, node,
			   "attribute %s of <%s> has the invalid value \"%.40s\"", rule->name,
			   twiml_name(verb->kind), attribute->value);
	else if (!value && rule->fallback && rule->type == NUMBER)
		(void)str_parse_int(&attribute->number, rule->fallback, 0, rule->max);
	xmlFree(value);
	return err;
}

/* node NULL: every attribute gets its default. */
static int add_attributes(struct parse *parse, struct twiml_verb *verb, const xmlNode *node)
{
	for (size_t i = 0; i < ARRAY_LEN(attribute_rules); i++) {
		int err;

		if (attribute_rules[i].kind != verb->kind)
			continue;
		err = add_attribute(parse, verb, node, &attribute_rules[i]);
		if (err)
			return err;
	}
	return 0;
}

/* The one <Stream> inside; only one that goes one way has a choice of tracks. */
static int check_stream(struct parse *parse, const struct twiml_verb *verb, const xmlNode *node)
{
	const struct twiml_verb *stream = verb->children;
	const char *needed = verb->kind == TWIML_STOP ? "name" : "url";

	if (verb->child_count != 1)
		return fail(parse, TWIML_ERROR_SCHEMA, node, "<%s> needs exactly one <Stream>",
			    twiml_name(verb->kind));
	if (!twiml_text(stream, needed))
		return fail(parse, TWIML_ERROR_SCHEMA, node, "<Stream> has no %s", needed);
	if (verb->kind == TWIML_CONNECT && !str_equal(twiml_text(stream, "track"), "inbound_track"))
		return fail(parse, TWIML_ERROR_SCHEMA, node,
			    "a <Stream> inside <Connect> has inbound_track only");
	return 0;
}

/* What no single attribute can be blamed for. */
static int check_verb(struct parse *parse, const struct twiml_verb *verb, const xmlNode *node)
{
	switch (verb->kind) {
	case TWIML_SAY:
		if (strlen(verb->text) > TWIML_MAX_TEXT)
			return fail(parse, TWIML_ERROR_SCHEMA, node,
				    "<Say> has more than %d bytes of text", TWIML_MAX_TEXT);
		break;
	case TWIML_PLAY:
		if (!*verb->text && !twiml_text(verb, "digits"))
			return fail(parse, TWIML_ERROR_SCHEMA, node,
				    "<Play> has neither a URL nor digits");
		break;
	case TWIML_CONNECT:
	case TWIML_START:
	case TWIML_STOP:
		return check_stream(parse, verb, node);
	case TWIML_PARAMETER:
		if (!twiml_text(verb, "name"))
			return fail(parse, TWIML_ERROR_SCHEMA, node, "<Parameter> has no name");
		if (strlen(twiml_text(verb, "name")) + strlen(twiml_text(verb, "value")) >= 500)
			return fail(parse, TWIML_ERROR_SCHEMA, node,
				    "<Parameter> name and value are 500 characters or more");
		break;
	default:
		break;
	}
	return 0;
}

static int parse_children(struct parse *parse, struct twiml_verb **ret_verbs, size_t *ret_count,
			  const xmlNode *parent, const struct element_rule *inside);

static int parse_verb(struct parse *parse, struct twiml_verb *verb, const xmlNode *node,
		      const struct element_rule *rule)
{
	int err;

	verb->kind = rule->kind;
	if (rule->text) {
		/* SSML inside Say is spoken as the text it marks up. */
		xmlChar *content = xmlNodeGetContent(node);
		auto_free char *copy = mem_strdup(content ? (const char *)content : "");

		xmlFree(content);
		verb->text = mem_strdup(str_trim(copy));
	} else {
		verb->text = mem_strdup("");
	}
	err = add_attributes(parse, verb, node);
	if (!err && !rule->text)
		err = parse_children(parse, &verb->children, &verb->child_count, node, rule);
	return err ? err : check_verb(parse, verb, node);
}

static int unknown_element(struct parse *parse, const xmlNode *node,
			   const struct element_rule *inside)
{
	const char *name = (const char *)node->name;

	for (size_t i = 0; i < ARRAY_LEN(unsupported); i++)
		if (str_equal(name, unsupported[i]))
			return fail(parse, TWIML_ERROR_SCHEMA, node,
				    "<%s> is not supported by this carrier", name);
	return fail(parse, TWIML_ERROR_SCHEMA, node, "<%.40s> is not known inside <%s>", name,
		    inside ? inside->name : "Response");
}

static bool is_allowed(const struct element_rule *rule, const struct element_rule *inside)
{
	return inside ? (inside->children & CHILD(rule->kind)) != 0 : rule->top;
}

/* inside NULL: the verbs of Response. */
static int parse_children(struct parse *parse, struct twiml_verb **ret_verbs, size_t *ret_count,
			  const xmlNode *parent, const struct element_rule *inside)
{
	size_t count = xmlChildElementCount((xmlNode *)parent);

	parse->nodes += count;
	if (parse->nodes > TWIML_MAX_NODES)
		return fail(parse, TWIML_ERROR_SCHEMA, parent, "more than %d elements",
			    TWIML_MAX_NODES);
	*ret_verbs = mem_alloc((count + 1) * sizeof(**ret_verbs));
	for (const xmlNode *node = xmlFirstElementChild((xmlNode *)parent); node;
	     node = xmlNextElementSibling((xmlNode *)node)) {
		const struct element_rule *rule = element_rule((const char *)node->name);
		int err;

		if (!rule || !is_allowed(rule, inside))
			return unknown_element(parse, node, inside);
		err = parse_verb(parse, &(*ret_verbs)[(*ret_count)++], node, rule);
		if (err)
			return err;
	}
	return 0;
}

static void release_verbs(struct twiml_verb *verbs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < verbs[i].attribute_count; k++)
			mem_free(verbs[i].attributes[k].value);
		release_verbs(verbs[i].children, verbs[i].child_count);
		mem_free(verbs[i].text);
	}
	mem_free(verbs);
}

static void twiml_destroy(void *data)
{
	struct twiml *twiml = data;

	release_verbs(twiml->verbs, twiml->count);
}

static int parse_document(struct parse *parse, struct twiml *twiml, xmlDoc *doc)
{
	const xmlNode *root = xmlDocGetRootElement(doc);

	/* A DTD may define entities; nobody needs them in TwiML. */
	if (doc->intSubset || doc->extSubset)
		return fail(parse, TWIML_ERROR_PARSE, NULL, "a document type is not allowed");
	if (!root || !str_equal((const char *)root->name, "Response"))
		return fail(parse, TWIML_ERROR_PARSE, root, "the root element is not <Response>");
	return parse_children(parse, &twiml->verbs, &twiml->count, root, NULL);
}

static int report_bad_xml(struct parse *parse)
{
	const xmlError *last = xmlGetLastError();
	auto_free char *reason = mem_strdup(last && last->message ? last->message : "not XML");

	return fail(parse, TWIML_ERROR_PARSE, NULL, "line %d: %s", last ? last->line : 1,
		    str_trim(reason));
}

int twiml_parse(struct twiml **ret_twiml, const char *text, size_t len, struct twiml_error *error)
{
	struct parse parse = {.error = error};
	struct twiml *twiml;
	xmlDoc *doc;
	int err;

	if (len > TWIML_MAX_BYTES)
		return fail(&parse, TWIML_ERROR_PARSE, NULL, "the document is larger than %d bytes",
			    TWIML_MAX_BYTES);
	/* A declaration must come first, but servers often send a line break before it. */
	for (; len && strchr(" \t\r\n", *text) && *text; text++)
		len--;
	if (!len)
		return fail(&parse, TWIML_ERROR_PARSE, NULL, "the document is empty");
	xmlResetLastError();
	doc = xmlReadMemory(text, (int)len, NULL, NULL,
			    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
				    XML_PARSE_NOCDATA);
	if (!doc)
		return report_bad_xml(&parse);
	twiml = mem_new(sizeof(*twiml), twiml_destroy);
	err = parse_document(&parse, twiml, doc);
	xmlFreeDoc(doc);
	if (err) {
		mem_unref(twiml);
		return err;
	}
	*ret_twiml = twiml;
	return 0;
}

const char *twiml_name(enum twiml_kind kind)
{
	for (size_t i = 0; i < ARRAY_LEN(element_rules); i++)
		if (element_rules[i].kind == kind)
			return element_rules[i].name;
	return "";
}

static const struct twiml_attribute *find(const struct twiml_verb *verb, const char *name)
{
	static const struct twiml_attribute none;

	for (size_t i = 0; i < verb->attribute_count; i++)
		if (str_equal(verb->attributes[i].name, name))
			return &verb->attributes[i];
	return &none;
}

const char *twiml_text(const struct twiml_verb *verb, const char *name)
{
	return find(verb, name)->value;
}

int64_t twiml_number(const struct twiml_verb *verb, const char *name)
{
	return find(verb, name)->number;
}

static struct twiml *new_single(enum twiml_kind kind, const char *text)
{
	struct twiml *twiml = mem_new(sizeof(*twiml), twiml_destroy);
	struct twiml_error error;
	struct parse parse = {.error = &error};

	twiml->count = 1;
	twiml->verbs = mem_alloc(sizeof(*twiml->verbs));
	twiml->verbs[0].kind = kind;
	twiml->verbs[0].text = mem_strndup(text, TWIML_MAX_TEXT);
	(void)add_attributes(&parse, &twiml->verbs[0], NULL);
	return twiml;
}

struct twiml *twiml_new_say(const char *text)
{
	return new_single(TWIML_SAY, text);
}

struct twiml *twiml_new_play(const char *url, const char *digits)
{
	struct twiml *twiml = new_single(TWIML_PLAY, url ? url : "");

	for (size_t i = 0; digits && i < twiml->verbs[0].attribute_count; i++)
		if (str_equal(twiml->verbs[0].attributes[i].name, "digits"))
			mem_replace_str(&twiml->verbs[0].attributes[i].value, digits);
	return twiml;
}
