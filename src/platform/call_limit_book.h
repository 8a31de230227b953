/*
 * The limits of tenants, kept for a moment so that a call costs no look-up of its own: a change
 * made here counts at once, one made by another process after CALL_LIMIT_TTL_MS at most.
 */
#pragma once

#include "platform/call_limit.h"

struct call_limit_book;
struct db;
struct loop;

enum { CALL_LIMIT_TTL_MS = 3000 };

/* loop and db outlive it; defaults is referenced. Owned by the caller, mem_unref(). */
struct call_limit_book *call_limit_book_new(struct loop *loop, struct db *db,
					    struct call_limit *defaults);

struct call_limit *call_limit_book_defaults(const struct call_limit_book *book);

/*
 * 0: *ret_limit holds for the tenant, valid until the loop turns, longer with mem_ref(); -EAGAIN:
 * not known at the moment, call_limit_book_ask() is.
 */
int call_limit_book_find(struct call_limit **ret_limit, struct call_limit_book *book,
			 const char *tenant_id);

/*
 * The same from the database. err: 0 or a database error; limit is NULL unless 0. ret_ask may be
 * NULL; what it names is gone once foundh has been called.
 */
struct call_limit_ask;
typedef void call_limit_found_h(int err, struct call_limit *limit, void *arg);
void call_limit_book_ask(struct call_limit_ask **ret_ask, struct call_limit_book *book,
			 const char *tenant_id, call_limit_found_h *foundh, void *arg);
/* foundh is not called; takes NULL. */
void call_limit_ask_cancel(struct call_limit_ask *ask);

/* The tenant's limits were changed. */
void call_limit_book_forget(struct call_limit_book *book, const char *tenant_id);
