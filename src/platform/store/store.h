/*
 * The platform's SQL, a file per table. Every statement names the tenant. Functions either add
 * statements to somebody's batch (batch.h) or read; reading handlers follow db.h.
 *
 * Tables: tenant, call, call_event, transcript_turn, call_summary, recording, job, webhook_receipt,
 * idempotency_key; schema.c has the migrations.
 */
#pragma once

#include "db/db.h"

/* The only tenant until there are several. */
#define STORE_TENANT "default"

/*
 * Open the database and bring its schema up to date. ret_db: owned by the caller, mem_unref().
 * Blocks; before the loop runs. error has room for 256. Returns 0 or a negative errno.
 */
int store_open(struct db **ret_db, struct loop *loop, const char *url, char error[256]);
