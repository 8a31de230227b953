/*
 * Lists as a file (RFC 4180): cells, and a file that is sent while it is read, a page after the
 * peer has taken the one before. Memory holds one page, and nothing is answered before the first
 * one is there.
 */
#pragma once

#include "platform/store/batch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct api;
struct buf;
struct http_request;

/* A cell and the comma behind it. Text that a spreadsheet would take for a formula gets a ' in
 * front. NULL is an empty cell; so is a time that is 0. */
void csv_text(struct buf *out, const char *text);
void csv_int(struct buf *out, int64_t value);
void csv_time(struct buf *out, int64_t at);
void csv_bool(struct buf *out, bool value);
/* The last one of its row. */
void csv_last(struct buf *out, const char *text);

struct csv_export_params {
	const char *file_name; /* static, as head */
	const char *head;      /* the line of names, with its end */
	/* Add the statements of the next page, which only read. */
	void (*pageh)(struct batch *batch, void *arg);
	/* Append the page's rows; true when there may be another page. */
	bool (*rowsh)(struct buf *out, struct db_result *const *results, void *arg);
	void *arg; /* an object whose reference is taken over */
};

/* Answer req; errors of the database too. */
void csv_export(struct api *api, struct http_request *req, const struct csv_export_params *params);
