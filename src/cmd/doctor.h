/*
 * What the files of `voiceai doctor` share: doctor.c runs the checks and prints what they found,
 * doctor_machine.c looks at this machine, doctor_store.c at database and shared state,
 * doctor_vendor.c asks whoever is at the other end of an URL.
 */
#pragma once

#include "core/json.h"

#include <stddef.h>
#include <stdint.h>

struct http_client;
struct http_result;
struct loop;
struct settings;

enum finding_level {
	FINDING_OK,
	FINDING_WARN, /* it works, but not as it should */
	FINDING_FAIL, /* something will not work */
};

struct doctor {
	const struct settings *settings;
	struct loop *loop;
	struct http_client *client;
	json_t *findings; /* array of {"check","level","message","advice"} */
	size_t failures;
	size_t waiting;  /* answers still to come */
	bool compared;   /* somebody's clock was seen */
	int64_t skew_us; /* the most that ours is ahead (negative: behind) */
};

/* advice: what to do about it; NULL when there is nothing to do. */
void doctor_say(struct doctor *doctor, enum finding_level level, const char *check,
		const char *advice, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Each says what it finds, some of it later, while doctor->waiting is not 0. */
void doctor_machine(struct doctor *doctor);
void doctor_store(struct doctor *doctor);
void doctor_vendors(struct doctor *doctor);

/* Is it one of our servers that has this TCP port? what: "PORT 8000" and the like, static. */
void doctor_whose_port(struct doctor *doctor, const char *setting, int port, const char *service);

/* Everybody has answered: what their clocks say of ours. */
void doctor_clock(struct doctor *doctor);
