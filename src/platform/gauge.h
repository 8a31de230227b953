/*
 * What only the database can say about the whole system, every few seconds, as metrics: open calls
 * by status, jobs by kind, how old the oldest are, how many are dead. Every pod says the same.
 */
#pragma once

struct db;
struct gauge;
struct loop;

/* Ask until it is dropped (mem_unref), which goes before loop and db. Owned by the caller. */
struct gauge *gauge_new(struct loop *loop, struct db *db);
