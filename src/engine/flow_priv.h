/* Shared by the files that load a flow. */
#pragma once

#include "engine/flow.h"
#include "engine/flow_locate.h"

struct flow_loader {
	struct flow *flow;
	const char *name; /* of the file, for errors */
	const char *text;
	char *error; /* FLOW_ERROR_SIZE */
};

/* Say what is wrong and where; always -EINVAL. The first complaint stays. */
int flow_fail(struct flow_loader *loader, const struct flow_at *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* flow_check.c: every target leads somewhere, every state is reached, every slot is filled. */
int flow_check(struct flow_loader *loader);

/* flow_load_slot.c: the members "slots" and "calendar" of the document. */
int flow_load_slots(struct flow_loader *loader, const json_t *slots, const struct flow_at *at);
int flow_load_calendar(struct flow_loader *loader, const json_t *calendar,
		       const struct flow_at *at);

/* Members allowed are named in keys, with a space between. */
int flow_check_keys(struct flow_loader *loader, const json_t *object, const char *keys,
		    const struct flow_at *at);
/* [a-z][a-z0-9_]*, at most 40 characters. */
int flow_check_name(struct flow_loader *loader, const char *name, const struct flow_at *at);
int flow_add_rule(struct flow_loader *loader, const char *rule, const char *pattern,
		  const struct flow_at *at);
int flow_load_int(struct flow_loader *loader, int64_t *value, const json_t *object, const char *key,
		  int64_t min, int64_t max, const struct flow_at *at);
int flow_load_bool(struct flow_loader *loader, bool *value, const json_t *object, const char *key,
		   const struct flow_at *at);
/* A pattern, or a list of them, as one: "(a) | (b)". */
int flow_load_patterns(struct flow_loader *loader, char **ret_pattern, const json_t *patterns,
		       const struct flow_at *at);
