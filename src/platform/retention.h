/*
 * Retention: each tenant says how many days it keeps what was said, recordings, calls and leads;
 * what is older is removed, a job a tenant and hour. The days count from the creation of a call.
 */
#pragma once

#include <stdint.h>

struct db;
struct loop;
struct platform;

#define JOB_RETENTION "retention"

/*
 * Nobody keeps anything for less than a day. A call that is over later than that after its creation
 * has a job of its own, so long after its end: by then nothing is written about it any more.
 */
#define RETENTION_LATE_US INT64_C(86400000000)
enum { RETENTION_LATE_MS = 3600000 };

void retention_setup(struct platform *platform);
/* The job of this hour, for every tenant that keeps something for so long only. */
void retention_start(struct platform *platform);

/*
 * Old calls have come, such as from a file: every tenant's are looked at again, by a job that
 * whoever runs takes up at once. Blocks. Returns 0 or an error of the database.
 */
int retention_again(struct loop *loop, struct db *db);

/* GET and PUT /api/v1/retention. */
void api_retention_routes(struct platform *platform);
