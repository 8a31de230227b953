/*
 * The platform's SQL, a file per table. Every statement names the tenant. Functions either add
 * statements to somebody's batch (batch.h) or read; reading handlers follow db.h.
 *
 * Tables: tenant, call, call_event, transcript_turn, call_summary, recording, job, webhook_receipt,
 * idempotency_key, lead, call_cost, cost_day, call_rollup, call_rollup_delta, webhook_endpoint,
 * webhook_delivery, webhook_attempt; schema.c has the migrations.
 */
#pragma once

#include "db/db.h"

/* The only tenant until there are several. */
#define STORE_TENANT "default"

struct settings;

/* DATABASE_URL, or where the database is when that is not set. Owned by the caller. */
char *store_url(const struct settings *settings);

/* db_conf.prelude of whoever may bring the schema up to date: settings that migrations look at. */
const char *store_prelude(const struct settings *settings);

/*
 * Open the database and bring its schema up to date. ret_db: owned by the caller, mem_unref().
 * Blocks; before the loop runs. error has room for 256. Returns 0 or a negative errno.
 */
int store_open(struct db **ret_db, struct loop *loop, const struct db_conf *conf, char error[256]);

/* Open the database with whatever schema it has. */
int store_connect(struct db **ret_db, struct loop *loop, const struct db_conf *conf,
		  char error[256]);

/* Whether the schema is the one of this program: 0, or -EPERM with the reason in error. */
int store_check_schema(struct db *db, char error[256]);
