/*
 * Variables of an agent's texts. An agent declares its own ({"name": {"description", "default"}});
 * one without a default must be given with each outbound call. These are always there:
 *
 *	agent direction caller_number called_number now date time weekday	(UTC)
 *
 * Values are put in as they are, but for control characters, which become spaces: a value is one
 * line of text, and what looks like a variable in it stays what it is.
 */
#pragma once

#include "platform/agent.h"

struct agent_facts {
	const char *direction; /* "INBOUND", "OUTBOUND" */
	const char *caller_number;
	const char *called_number;
	int64_t now; /* UTC microseconds */
};

/* What an agent says of its variables. Returns 0, or -EINVAL with fault. */
int agent_variables_check(const json_t *variables, struct agent_fault *fault);

/* Do the texts use only variables there are? The same. */
int agent_texts_check(const struct agent *agent, struct agent_fault *fault);

/*
 * What a call brings: an object of strings, numbers and booleans that the agent declares (any may
 * come when others_too). Fields are "variables.NAME". given may be NULL. Returns 0; -EINVAL, or
 * -ENODATA (one without a default was not given), with fault.
 */
int agent_given_check(const struct agent *agent, const json_t *given, bool others_too,
		      struct agent_fault *fault);

/*
 * A text of the agent's, or instead of it, with the values filled in; most: how long it may become.
 * lenient: what has no value is left empty. ret_text: owned by the caller. Returns 0, or -EINVAL,
 * -ENODATA with fault, whose field is field or "variables.NAME".
 */
struct agent_fill {
	const struct agent *agent;
	const json_t *given; /* may be NULL */
	const struct agent_facts *facts;
	bool lenient;
};
int agent_fill(char **ret_text, const struct agent_fill *fill, const char *field, const char *text,
	       size_t most, struct agent_fault *fault);
