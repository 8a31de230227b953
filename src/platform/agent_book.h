/*
 * Which agent answers to a name: what the tenant has published under it, otherwise the built-in
 * one. What was looked up is kept for a moment, so that a call costs no look-up of its own; a
 * change made here counts at once, one made by another process after AGENT_BOOK_TTL_MS at most.
 */
#pragma once

#include "platform/agent.h"

struct agent_book;
struct db;
struct loop;

enum { AGENT_BOOK_TTL_MS = 3000 };

/* Referenced by nobody: loop, db and set outlive it. Owned by the caller. */
struct agent_book *agent_book_new(struct loop *loop, struct db *db, const struct agent_set *set);

/*
 * 0: *ret_agent is it, valid until the loop turns, longer with mem_ref(); -ENOENT: there is none;
 * -EAGAIN: not known at the moment, agent_book_ask() is.
 */
int agent_book_find(struct agent **ret_agent, struct agent_book *book, const char *tenant_id,
		    const char *name);

/* The same from the database. err: 0, -ENOENT, or a database error; agent is NULL unless 0. */
typedef void agent_found_h(int err, struct agent *agent, void *arg);
void agent_book_ask(struct agent_book *book, const char *tenant_id, const char *name,
		    agent_found_h *foundh, void *arg);

/* Something was published, rolled back or deleted under that name. */
void agent_book_forget(struct agent_book *book, const char *tenant_id, const char *name);
