/*
 * Calls across a restart: lines in DATA_DIR/carrier/calls.jsonl, each how one call stood, as JSON,
 * sealed (core/safe.h); the last one of a call counts. Calls that were alive when the process died
 * come back as failed or completed, and their status callback is sent. The file is rewritten at
 * each start, when it has grown large, and when calls have had their time (call_expiry.h).
 *
 * The loop only notes which call has changed. Once it is free, one line for each of them goes to a
 * thread, which appends them in one write() while the next gather; so many changes under load cost
 * little, and a lone one is written at once. What a crash of the process can lose is what happened
 * in the milliseconds of that write: a call whose creation is lost is unknown afterwards (404), one
 * whose end is lost is reported to have ended once more. Nothing is synced to the disk: a crash of
 * the machine ends every call anyway.
 */
#pragma once

struct call_journal;
struct call_leg;
struct carrier;

/* Owned by the caller. Puts the calls it finds into the carrier's book. Returns 0, or a negative
 * errno with error: -EACCES the file is sealed under another master key. */
int call_journal_open(struct call_journal **ret_journal, struct carrier *carrier, char error[256]);

/* Note how the leg stands now. */
void call_journal_note(struct call_journal *journal, struct call_leg *leg);

/* Calls have had their time: have what the file holds of them go. */
void call_journal_expire(struct call_journal *journal);

/* The carrier goes away: write what was noted, waiting for the disk, and note nothing more. */
void call_journal_close(struct call_journal *journal);

/* Settle the calls that were alive: their callbacks go out. Once, when the carrier can send. */
void call_journal_settle(struct carrier *carrier);
