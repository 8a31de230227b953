/*
 * Every call there is and the latest that were, newest first. What is over stays for the API until
 * CALL_LEG_BOOK_MAX younger ones have ended, or its time has passed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call_leg;
struct call_leg_book;
struct call_recording;

enum { CALL_LEG_BOOK_MAX = 10000 };

struct call_leg_book *call_leg_book_new(void); /* owned by the caller */

/* Takes a reference; numbers the leg. */
void call_leg_book_add(struct call_leg_book *book, struct call_leg *leg);
void call_leg_book_remove(struct call_leg_book *book, struct call_leg *leg);

/* Remove those that were over before a time (clock_wall_us()); returns how many. */
size_t call_leg_book_expire(struct call_leg_book *book, int64_t before_us);

/* NULL when there is none, or the customer deleted it. */
struct call_leg *call_leg_book_find(const struct call_leg_book *book, const char *sid);

/* A recording of a leg in the book, which it leaves with the leg or when it is deleted. */
void call_leg_book_add_recording(struct call_leg_book *book, struct call_recording *recording);
struct call_recording *call_leg_book_find_recording(const struct call_leg_book *book,
						    const char *sid);

/* Newest first; legs whose number is below `before` (0: all). Return false to stop. The handler
 * must not change the book. */
typedef bool call_leg_h(struct call_leg *leg, void *arg);
void call_leg_book_each(const struct call_leg_book *book, uint64_t before, call_leg_h *legh,
			void *arg);
typedef bool call_recording_h(struct call_recording *recording, void *arg);
void call_leg_book_each_recording(const struct call_leg_book *book, uint64_t before,
				  call_recording_h *recordingh, void *arg);
