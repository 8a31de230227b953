/*
 * What the API's resources share: who may ask, how errors look, and lists in pages.
 */
#pragma once

#include "core/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct call_leg;
struct carrier;
struct form;
struct http_request;

enum rest_code {
	REST_INVALID_PARAMETER = 20001, /* one that has no code of its own; named in the message */
	REST_AUTHENTICATE = 20003,
	REST_METHOD = 20004,
	REST_NOT_FOUND = 20404,
	REST_TOO_MANY = 20429,
	REST_SERVER = 20500,
	REST_NO_TO = 21201,
	REST_INVALID_URL = 21205,
	REST_INVALID_SEND_DIGITS = 21206,
	REST_INVALID_TIMEOUT = 21208,
	REST_INVALID_METHOD = 21209,
	REST_INVALID_TO = 21211,
	REST_INVALID_FROM = 21212,
	REST_NO_FROM = 21213,
	REST_INVALID_APPLICATION = 21218,
	REST_NOT_IN_PROGRESS = 21220,
	REST_INVALID_STATUS = 21222,
	REST_INVALID_NUMBER = 21421,
	REST_NUMBER_TAKEN = 21422,
};

/* {"code","message","more_info","status"}; the HTTP status follows from the code. */
void rest_error(struct http_request *req, enum rest_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

struct rest_fault;

/* Answer with the fault unless the request is good. True: it was answered. */
bool rest_refuse(struct http_request *req, bool good, const struct rest_fault *fault);

/*
 * Basic authentication with the account's SID and token, and the account in the path. False: the
 * request was answered.
 */
bool rest_admit(const struct carrier *carrier, struct http_request *req);

/* The "{name}" of the path without ".json"; "" when it is longer than a SID with an extension. */
enum { REST_NAME_SIZE = 64 };
void rest_name(const struct http_request *req, const char *name, char out[REST_NAME_SIZE]);

/* The leg of the call in the path, for who is admitted. NULL: it was answered. */
struct call_leg *rest_leg(struct carrier *carrier, struct http_request *req);

/* The request's form body. NULL: it was answered 400. Owned by the caller. */
struct form *rest_form(struct http_request *req);

struct rest_page {
	int64_t size;    /* 1..1000 */
	int64_t number;  /* from 0 */
	uint64_t before; /* number of the last leg of the page before, 0 for none */
	int64_t skip;    /* elements to pass over, when there is a number but no token */
};

/* False: the request was answered 400. */
bool rest_page_parse(struct rest_page *ret_page, struct http_request *req);

/*
 * Answer with a page. items is taken. next_before: number of its last element when more follow,
 * otherwise 0.
 */
void rest_page_reply(struct http_request *req, const struct rest_page *page, const char *key,
		     json_t *items, uint64_t next_before);

/*
 * A time filter: "2026-02-01" means that day (UTC), anything more precise that very second. Returns
 * 0 or -EINVAL; [*ret_from, *ret_to) in microseconds.
 */
int rest_time_range(int64_t *ret_from, int64_t *ret_to, const char *text);
