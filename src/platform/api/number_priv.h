/* What number.c and number_import.c share. */
#pragma once

#include <stdbool.h>

struct batch;
struct http_request;
struct store_number;

/* May the one who asks add numbers? False: answered 403. */
bool number_may_add(struct http_request *req);

/*
 * Tell of the number: number.imported, unless the tenant had it, or number.assigned. As
 * webhook_tell().
 */
int number_tell(struct batch *batch, const char *type, const struct store_number *number);

/* POST /api/v1/numbers/import; arg is struct platform. */
void number_import(struct http_request *req, void *arg);
