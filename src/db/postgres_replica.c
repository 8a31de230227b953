/*
 * Reading from a replica. Every second the primary is asked where its log ends and the replica how
 * far it has come: the replica lags by the age of the oldest place that it has not reached. So one
 * that has lost its primary lags, too, although it has replayed all it was sent. It is used while
 * it answers and lags less than the bound; what it cannot answer, the primary is asked.
 */
#include "core/clock.h"
#include "core/log.h"
#include "core/metric.h"
#include "db/postgres_priv.h"

#include <stdlib.h>
#include <string.h>

enum { PROBE_US = 1000000, SILENT_US = 3000000 };

static int64_t oldest_us(const struct pg_replica *replica)
{
	return replica->place_count ? replica->places[0].at_us : 0;
}

/* How far it is behind, as far as is known. */
static int64_t lag_us(const struct pg_replica *replica, int64_t now)
{
	int64_t lag = replica->place_count ? now - oldest_us(replica) : 0;
	int64_t silent = now - replica->heard_us;

	return silent > SILENT_US && silent > lag ? silent : lag;
}

static void set_usable(struct pg *pg, bool usable, int64_t lag)
{
	struct pg_replica *replica = &pg->replica;

	if (replica->usable == usable)
		return;
	replica->usable = usable;
	if (usable)
		LOG_INFO(&pg_log, "replica_used", LOG_INT("lag_ms", lag / 1000));
	else
		LOG_WARN(&pg_log, "replica_not_used", LOG_INT("lag_ms", lag / 1000));
}

static void judge(struct pg *pg, int64_t now)
{
	struct pg_replica *replica = &pg->replica;
	int64_t lag = lag_us(replica, now);

	metric_set(METRIC_DB_REPLICA_LAG, "", (double)lag / 1e6);
	set_usable(pg,
		   replica->heard_us && now - replica->heard_us <= SILENT_US &&
			   lag <= replica->max_lag_us && pg_lane_is_connected(&pg->replica_reads),
		   lag);
}

/* ---- asking ---- */

static const char primary_sql[] = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')";
static const char replica_sql[] =
	"SELECT pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0') WHERE pg_is_in_recovery()";

void pg_replica_answer(struct pg_lane *lane, const PGresult *result, int64_t asked_us)
{
	struct pg_replica *replica = &lane->pg->replica;
	size_t reached = 0;
	int64_t place;

	/* No row: it is no replica, or none any more. */
	if (PQntuples(result) != 1 || PQgetisnull(result, 0, 0))
		return;
	place = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
	if (lane->target == &lane->pg->primary) {
		if (replica->place_count < PG_PLACES)
			replica->places[replica->place_count++] =
				(struct pg_place){.at_us = asked_us, .place = place};
		return;
	}
	replica->heard_us = clock_mono_us();
	while (reached < replica->place_count && replica->places[reached].place <= place)
		reached++;
	replica->place_count -= reached;
	memmove(replica->places, replica->places + reached,
		replica->place_count * sizeof(*replica->places));
	judge(lane->pg, replica->heard_us);
}

void pg_replica_tick(struct pg *pg, int64_t now)
{
	struct pg_replica *replica = &pg->replica;

	if (now < replica->next_us)
		return;
	replica->next_us = now + PROBE_US;
	pg_lane_ask(&pg->lookups, primary_sql);
	pg_lane_ask(&pg->replica_reads, replica_sql);
	judge(pg, now);
}
