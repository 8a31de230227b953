/*
 * TwiML: what a customer's server says a call shall do next. A document is parsed into verbs whose
 * attributes are checked and filled with defaults; nothing is fetched, entities and DTDs are
 * refused.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum twiml_kind {
	TWIML_SAY,
	TWIML_PLAY,
	TWIML_PAUSE,
	TWIML_GATHER, /* children: Say, Play, Pause */
	TWIML_REDIRECT,
	TWIML_REJECT,
	TWIML_HANGUP,
	TWIML_CONNECT, /* children: one Stream */
	TWIML_START,   /* children: one Stream */
	TWIML_STOP,    /* children: one Stream, by its name */
	TWIML_STREAM,  /* children: Parameter */
	TWIML_PARAMETER,
};

enum {
	TWIML_MAX_BYTES = 64 * 1024,
	TWIML_MAX_NODES = 500,
	TWIML_MAX_ATTRIBUTES = 8,
	TWIML_MAX_TEXT = 4000, /* of one Say */
	/* Codes of document errors, as the vendor numbers them. */
	TWIML_ERROR_PARSE = 12100,
	TWIML_ERROR_SCHEMA = 12200,
};

struct twiml_attribute {
	const char *name;
	char *value; /* the default when the document has none; NULL when there is no default either
		      */
	int64_t number; /* of integers and booleans */
	bool given;
};

struct twiml_verb {
	enum twiml_kind kind;
	char *text; /* white space cut at both ends; "" when none */
	struct twiml_attribute attributes[TWIML_MAX_ATTRIBUTES];
	size_t attribute_count;
	struct twiml_verb *children;
	size_t child_count;
};

struct twiml {
	struct twiml_verb *verbs;
	size_t count;
};

struct twiml_error {
	int code;          /* TWIML_ERROR_* */
	char message[200]; /* names line, element or attribute, and the reason */
};

/*
 * ret_twiml: owned by the caller, mem_unref(). Returns 0, or -EBADMSG with error filled. An empty
 * <Response/> is a document without verbs.
 */
int twiml_parse(struct twiml **ret_twiml, const char *text, size_t len, struct twiml_error *error);

const char *twiml_name(enum twiml_kind kind); /* "Say" */

/* By attribute name; the name must be one of the verb's. */
const char *twiml_text(const struct twiml_verb *verb, const char *name);
int64_t twiml_number(const struct twiml_verb *verb, const char *name);

/* A document of one verb that says text; for errors and for plain text. Owned by the caller. */
struct twiml *twiml_new_say(const char *text);
/* A document of one verb that plays url, or digits when url is NULL. */
struct twiml *twiml_new_play(const char *url, const char *digits);
