/*
 * The numbers of the account (the IncomingPhoneNumber resource): whom an inbound call to one of
 * them asks what to do. They are kept in DATA_DIR/carrier/numbers.json. TWILIO_PHONE_NUMBER is
 * always among them, and what a number does not say is as CARRIER_VOICE_URL and CARRIER_STATUS_URL
 * say.
 */
#pragma once

#include "carrier/call_leg.h"
#include "core/list.h"

struct carrier;
struct http_request;
struct phone_book;

enum { NUMBER_MAX = 10000, NUMBER_MAX_NAME = 64 };

struct phone_number {
	struct list_node node; /* in the book, newest first */
	struct sid_index_entry by_sid, by_number;
	char sid[SID_SIZE];
	uint64_t order; /* of creation; also the page token */
	char *number;   /* E.164 */
	char *friendly_name;
	struct call_leg_target voice, fallback, status; /* url NULL: not set */
	int64_t created_us, updated_us;
};

/* Reads the file. Owned by the caller. Returns 0, or a negative errno with one line in error. */
int phone_book_open(struct phone_book **ret_book, struct carrier *carrier, char error[256]);

struct phone_number *phone_book_find(const struct phone_book *book, const char *sid);
struct phone_number *phone_book_by_number(const struct phone_book *book, const char *number);

/* Newest first, those older than before (0: all), until numberh returns false. */
typedef bool number_h(struct phone_number *number, void *arg);
void phone_book_each(const struct phone_book *book, uint64_t before, number_h *numberh, void *arg);

/* The new number, which is not in the book yet; NULL when there are too many. */
struct phone_number *phone_book_add(struct phone_book *book, const char *number);
/* It was changed: before it is saved. */
void phone_number_touch(struct phone_number *number);
void phone_book_remove(struct phone_book *book, struct phone_number *number);

/* Write the file; savedh runs on the loop, err is 0 or a negative errno. */
typedef void phone_saved_h(int err, void *arg);
void phone_book_save(struct phone_book *book, phone_saved_h *savedh, void *arg);
