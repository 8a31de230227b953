/*
 * A dialogue's outcome as prose, for the embedded analyser only: "Daniel booked an appointment for
 * Thursday, 3 December at 3 p.m." It reads reasons of the form NOUN_VERB (appointment_booked) and
 * slots by their kind; what it cannot read it lists as it stands.
 *
 *	outcome  {"goal_reached", "slots", "reason", "hand_over"}
 *	who      of the other side, "caller" or "callee"; a slot "name" is used instead
 */
#pragma once

#include "core/buf.h"
#include "core/json.h"

/* One or two sentences. */
void analyser_describe_outcome(struct buf *buf, const json_t *outcome, const char *who);

/* What was settled, a string per fact, at most max of them. */
void analyser_add_outcome_points(json_t *points, const json_t *outcome, size_t max);

/* What the outcome binds somebody to. */
void analyser_add_outcome_actions(json_t *items, const json_t *outcome, const char *who);
