/*
 * What the files of the PostgreSQL driver share: postgres.c (lanes, and which batch goes when),
 * postgres_conn.c (one connection), postgres_migrate.c.
 *
 * Batches wait in the queue of a lane. Each lane has connections of its own. A connection takes
 * segments: what is sent up to a Sync message, which the server runs as one transaction and whose
 * results come back in order. Everything happens on the loop's thread.
 */
#pragma once

#include "db/db_priv.h"
#include "db/postgres_sql.h"
#include "db/postgres_value.h"

#include <uv.h>

enum { PG_GROUP_MAX = 64, PG_CACHE_BUCKETS = 128, PG_CACHE_MAX = 256, PG_PLACES = 128 };

struct pg;
struct pg_lane;
struct pg_resolver;

/* A server, or those of which one is the primary. */
struct pg_target {
	char *url;
	PQconninfoOption *options; /* parsed from it */
	uint32_t failures;         /* to connect, in a row */
	int64_t retry_us;          /* no connecting before */
};

/* What names in the url were resolved to, as libpq wants it: lists with commas. */
struct pg_addresses {
	const char *hosts;
	const char *addresses;
	const char *ports;
};

/* A statement prepared on one connection. */
struct pg_cached {
	struct pg_cached *next;
	const char *key; /* the caller's text: statements are static */
	char *copy;      /* of it: a caller's mistake must not run another statement */
	int64_t expect_rows;
	bool alone;
	bool counted;
	bool returns;
	int err; /* of preparing it; the next use tries again */
	char name[24];
};

enum pg_segment_type {
	PG_SEGMENT_PREPARE,
	PG_SEGMENT_CONTROL, /* the connection's own words; failing ends it */
	PG_SEGMENT_PROBE,   /* see postgres_replica.c */
	PG_SEGMENT_JOBS,
};

struct pg_segment {
	struct list_node node;
	enum pg_segment_type type;
	struct pg_cached *prepares;
	int64_t asked_us; /* of a probe */
	struct db_job *jobs[PG_GROUP_MAX];
	size_t job_count;
	size_t at_job; /* whose result comes next; job_count when all are here */
	size_t at_statement;
	int err;       /* of the statement at these two: the whole segment came to nothing */
	bool passing;  /* and is worth another try */
	bool collided; /* which had better not come at once */
	bool flushed;  /* nothing of it waits to be sent */
	bool certain;  /* once it is lost: nothing of it was committed */
};

enum pg_conn_state { PG_CONN_OFF, PG_CONN_RESOLVING, PG_CONN_CONNECTING, PG_CONN_READY };

struct pg_conn {
	struct pg_lane *lane;
	enum pg_conn_state state;
	struct pg_resolver *resolver; /* while resolving */
	PGconn *handle;
	uv_poll_t *poll;
	int events;           /* waited for, of uv_poll_event */
	int64_t since_us;     /* connecting began, or anything came from the server */
	struct list segments; /* sent, in order */
	size_t jobs;          /* in them */
	bool ended;           /* the server has said that it ends the connection */
	struct pg_cached *cache[PG_CACHE_BUCKETS];
	size_t cached;
	uint64_t next_name;
	uint64_t replan_at; /* of pg->executed: then the server is to plan its statements anew */
};

struct pg_lane {
	struct pg *pg;
	struct pg_target *target;
	const char *name;
	struct pg_conn *conns;
	size_t conn_count;
	struct list queue;
	size_t group;            /* batches in one segment, at most */
	size_t depth;            /* batches under way on one connection: no more are sent to it */
	bool reads;              /* nothing else */
	bool plans_once;         /* each statement, whatever its parameters are */
	bool gathers;            /* until the end of the turn what is then sent together */
	uint32_t statement_ms;   /* longest run of one statement */
	int64_t pause_us;        /* nothing is sent before */
	struct pg_lane *slower;  /* where what took too long is begun again; NULL: nowhere */
	struct pg_lane *instead; /* where everything goes that is not answered here, or NULL */
};

/* Where the primary's log ended at some time. */
struct pg_place {
	int64_t at_us;
	int64_t place;
};

struct pg_replica {
	int64_t max_lag_us;
	int64_t next_us;  /* when it is asked again */
	int64_t heard_us; /* its last answer */
	bool usable;
	struct pg_place places[PG_PLACES]; /* not reached yet, oldest first */
	size_t place_count;
};

struct pg {
	struct db db;
	uv_loop_t *uv;
	struct pg_target primary;
	struct pg_target secondary; /* no url: none */
	uv_timer_t *tick;           /* runs while anything waits */
	bool ticking;
	uv_prepare_t *turn; /* runs before the loop waits, when batches were started in this turn */
	bool turning;
	bool closing;
	uint64_t executed; /* statements, on all connections */
	PGconn *admin;     /* of the migrations, blocking */
	char *prelude;     /* its first statements, or NULL */
	struct pg_lane writes;
	struct pg_lane lookups;
	struct pg_lane reads;
	struct pg_lane replica_reads;
	struct pg_replica replica;
};

extern const struct log pg_log;

/* ---- postgres_conn.c ---- */

void pg_conn_connect(struct pg_conn *conn);
/* Names were looked up; NULL: none was found. */
void pg_conn_resolved(struct pg_conn *conn, const struct pg_addresses *addresses);
/* A question of the driver's own, for pg_replica_answer(). */
void pg_conn_ask(struct pg_conn *conn, const char *sql);

/* One segment. False: the connection is lost, the jobs are still the caller's. */
bool pg_conn_send(struct pg_conn *conn, struct db_job *const *jobs, size_t count);

/* The socket is ready. */
void pg_conn_io(struct pg_conn *conn);

/* Give up: what was sent is handed to pg_lane_lost(). reason NULL: nothing is wrong. */
void pg_conn_drop(struct pg_conn *conn, const char *reason);

/* A connection to be used for blocking calls; NULL on failure. Owned by the caller, PQfinish(). */
PGconn *pg_connect_blocking(const struct pg_target *target, char error[256]);

/* ---- postgres_target.c ---- */

/* Returns 0 or -EINVAL; to be closed in either case. */
int pg_target_open(struct pg_target *target, const char *url);
void pg_target_close(struct pg_target *target);
/* addresses: NULL to let libpq find them. Owned by the caller, PQfinish(). */
PGconn *pg_target_connect(const struct pg_target *target, const struct pg_addresses *addresses,
			  bool blocking);
bool pg_target_has_names(const struct pg_target *target);
/* Calls pg_conn_resolved(), perhaps at once. */
void pg_target_resolve(struct pg_conn *conn);
void pg_target_forget(struct pg_conn *conn);

/* ---- postgres_replica.c ---- */

void pg_replica_tick(struct pg *pg, int64_t now);
void pg_replica_answer(struct pg_lane *lane, const PGresult *result, int64_t asked_us);

/* ---- postgres.c: what connections tell ---- */

void pg_lane_connected(struct pg_lane *lane);
void pg_lane_not_connected(struct pg_lane *lane, const char *reason);
/* All results of the segment are here. */
void pg_lane_done(struct pg_lane *lane, struct pg_segment *segment);
/* They will not come. */
void pg_lane_lost(struct pg_lane *lane, struct pg_segment *segment);
void pg_lane_push(struct pg_lane *lane);
bool pg_lane_is_connected(const struct pg_lane *lane);
/* Ask on a connection there is; make one for the next time when there is none. */
void pg_lane_ask(struct pg_lane *lane, const char *sql);

/* ---- postgres_migrate.c ---- */

int pg_probe(const char *url, char error[256]);
int pg_migration_level(struct db *db, int64_t *ret_number, char error[256]);
int pg_migrate(struct db *db, const struct db_migration *migration, char error[256]);
void pg_migrate_end(struct pg *pg);
