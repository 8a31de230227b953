/*
 * What a visitor of a web site sends: the fields of a form, from JSON or as a browser encodes them,
 * cleaned and checked. Everything that is wrong is said at once, for people who fill in forms.
 */
#pragma once

#include "core/json.h"

#include <stdbool.h>
#include <stddef.h>

struct form;

enum {
	/* in characters */
	LEAD_MAX_NAME = 120,
	LEAD_MAX_EMAIL = 254,
	LEAD_MAX_PHONE = 32,
	LEAD_MAX_COMPANY = 120,
	LEAD_MAX_MESSAGE = 4000,
	LEAD_MAX_URL = 2048,
	LEAD_MAX_TENANT = 36,
	LEAD_MAX_BODY = 64 * 1024, /* bytes of a request */
	LEAD_MAX_FAULTS = 16,
};

enum lead_fault_kind { LEAD_MISSING, LEAD_INVALID, LEAD_UNKNOWN };

struct lead_fault {
	enum lead_fault_kind kind;
	char field[64];
	char reason[160]; /* a sentence that names the field */
};

/* Texts are NULL when absent or empty. Owned by whoever made it, mem_unref(). */
struct lead_form {
	char *name;
	char *email; /* lower case */
	char *phone; /* E.164 */
	char *company;
	char *message; /* lines end in '\n' */
	char *website; /* the trap */
	char *tenant;
	char *redirect; /* of forms only */
	bool consent;
	bool call_back;
	struct lead_fault faults[LEAD_MAX_FAULTS];
	size_t fault_count;
};

/* body is an object. Never NULL: what is wrong is in its faults. */
struct lead_form *lead_form_of_json(const json_t *body);
struct lead_form *lead_form_of_fields(const struct form *given);

/* One more fault; reason is printf. */
void lead_form_fault(struct lead_form *form, enum lead_fault_kind kind, const char *field,
		     const char *reason, ...) __attribute__((format(printf, 4, 5)));
