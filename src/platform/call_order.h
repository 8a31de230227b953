/*
 * An outbound call that somebody asks for, over the API or as a visitor of a web site: from what is
 * wanted to a call in the database. Which of the tenant's numbers it comes from, who speaks and
 * what is said, whether it may go there and at that time of the day. The job that dials it is
 * written together with it (outbound.h), so a vendor is waited for by nobody.
 */
#pragma once

#include "platform/api/error.h"
#include "platform/platform_priv.h"

struct principal;

/* How it ends. */
struct call_order_end {
	/*
	 * 0: call was made. -EEXIST: the key was used before for the same; call is the one it made.
	 * -ECANCELED: refused, with what follows. Or an error of the database.
	 */
	int err;
	struct call *call; /* valid during the handler */
	enum api_error error;
	const char *field;     /* may be NULL */
	const char *reason;    /* a sentence, or NULL: the error's own */
	int64_t retry_after_s; /* 0: nobody can say */
};

/* What is wanted. Strings and JSON live as long as the order; NULL is absent. */
struct call_wanted {
	const char *phone_number; /* checked */
	const char *agent;        /* NULL: DEFAULT_AGENT */
	const char *from;         /* NULL: the tenant's first number */
	const char *voice;
	const char *system_prompt;
	const char *first_message;
	const char *language;
	const json_t *metadata;
	const json_t *variables;
	/* Of the variables, those that the agent has are taken, and null is empty where there is no
	 * default; otherwise it has to have them all. */
	bool declared_only;
	const json_t *retry;
	double temperature;     /* NAN: the agent's */
	int64_t max_duration_s; /* 0: the agent's */
	int64_t scheduled_at;   /* UTC microseconds; 0: at once, if that may be */
	const char *idempotency_key;
	const char *request_digest; /* hex SHA-256, with the key */
	const struct principal *by; /* for audit_log; or NULL */
};

struct call_order;
typedef void call_order_end_h(struct call_order *order, const struct call_order_end *end);

/* First member of whatever is under way; the task is made with the id of the call. */
struct call_order {
	struct task task;
	struct call_wanted want;
	/* the order's own */
	int64_t asked_at;
	char *number;
	struct agent *speaker;
	int64_t duration_s;
	call_order_end_h *endh;
};

/* endh comes once, perhaps before this returns, and ends the task. */
void call_order_place(struct call_order *order, call_order_end_h *endh);
/* For the releaseh of the task. */
void call_order_release(struct call_order *order);
