/* The parameters that calls and recordings are asked for with: checks, and what they mean. */
#pragma once

#include "carrier/rest_form.h"

struct call_leg;
struct call_recording_conf;

/* False: no good, and why. */
bool call_params_check(struct rest_fault *fault, const struct form *form);
bool call_params_check_recording(struct rest_fault *fault, const struct form *form);

/* Of a form that was checked, into a fresh leg. False when an event is not known. */
bool call_params_read(struct rest_fault *fault, const struct form *form, struct call_leg *leg);
bool call_params_read_recording(struct rest_fault *fault, const struct form *form,
				struct call_recording_conf *conf);
