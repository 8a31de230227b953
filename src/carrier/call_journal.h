/*
 * Calls across a restart: one JSON line in DATA_DIR/carrier/calls.jsonl for each change of a call,
 * the last one counts. Calls that were alive when the process died come back as failed or
 * completed, and their status callback is sent. The file is rewritten at each start and when it has
 * grown large.
 */
#pragma once

struct call_journal;
struct call_leg;
struct carrier;

/* Owned by the caller. Puts the calls it finds into the carrier's book. Returns 0 or a negative
 * errno. */
int call_journal_open(struct call_journal **ret_journal, struct carrier *carrier);

/* Note how the leg stands now. */
void call_journal_note(struct call_journal *journal, const struct call_leg *leg);

/* Settle the calls that were alive: their callbacks go out. Once, when the carrier can send. */
void call_journal_settle(struct carrier *carrier);
