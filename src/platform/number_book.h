/*
 * Which number of a tenant a call comes from: the one that was asked for, when it is the tenant's,
 * or its own first one. Like agent_book.h: what was looked up is kept for NUMBER_BOOK_TTL_MS. The
 * platform's own number is STORE_TENANT's without a row.
 */
#pragma once

struct db;
struct loop;
struct number_book;

enum { NUMBER_BOOK_TTL_MS = 3000 };

/* own: TWILIO_PHONE_NUMBER. All outlive it. Owned by the caller. */
struct number_book *number_book_new(struct loop *loop, struct db *db, const char *own);

/*
 * wanted: NULL for the first one. 0: *ret_number, valid until the loop turns; -ENOENT: not the
 * tenant's, or it has none; -EAGAIN: number_book_ask() knows.
 */
int number_book_find(const char **ret_number, struct number_book *book, const char *tenant_id,
		     const char *wanted);

/* err: 0, -ENOENT, or a database error; number is NULL unless 0. */
typedef void number_found_h(int err, const char *number, void *arg);
void number_book_ask(struct number_book *book, const char *tenant_id, const char *wanted,
		     number_found_h *foundh, void *arg);

/* Numbers have come or gone. */
void number_book_forget(struct number_book *book);
