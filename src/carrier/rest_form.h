/*
 * Checks of the form parameters of the API's requests. Each takes a parameter that is missing or
 * empty as well, and returns false with the fault named when it is there and no good.
 */
#pragma once

#include "carrier/rest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct form;

struct rest_fault {
	enum rest_code code;
	char message[400];
};

void rest_fault_set(struct rest_fault *fault, enum rest_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The value; NULL when missing or empty. */
const char *rest_form_get(const struct form *form, const char *name);
/* The number; what is missing or none is otherwise. */
uint32_t rest_form_number_or(const struct form *form, const char *name, uint32_t otherwise);
bool rest_form_is_true(const struct form *form, const char *name);

bool rest_form_utf8(struct rest_fault *fault, const struct form *form); /* every value */
bool rest_form_url(struct rest_fault *fault, const struct form *form, const char *name);
bool rest_form_method(struct rest_fault *fault, const struct form *form, const char *name);
bool rest_form_number(struct rest_fault *fault, const struct form *form, const char *name,
		      int64_t min, int64_t max, enum rest_code code);
bool rest_form_bool(struct rest_fault *fault, const struct form *form, const char *name);

/* words: "one|another" */
bool rest_form_word(struct rest_fault *fault, const struct form *form, const char *name,
		    const char *words);

struct rest_event {
	const char *name;
	unsigned flag;
};

/*
 * The flags of the events named by param, whose values are lists separated by spaces and which may
 * be there several times; ret_events is left alone when it names none.
 */
bool rest_form_events(struct rest_fault *fault, const struct form *form, const char *param,
		      const struct rest_event *names, size_t count, unsigned *ret_events);
