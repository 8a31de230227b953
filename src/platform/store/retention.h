/* Table retention: how many days a tenant keeps what; 0 for ever. A tenant without a row keeps all.
 */
#pragma once

#include "platform/store/batch.h"

struct retention {
	int64_t words_days;
	int64_t recordings_days;
	int64_t calls_days;
	int64_t leads_days; /* to be set: -1 leaves it */
	/* Calls created before were seen to already; begins again when the days are changed. */
	int64_t words_until;
	int64_t recordings_until;
	int64_t updated_at; /* another one: it was set, or begun again */
};

void store_retention_set(struct batch *batch, const char *tenant_id,
			 const struct retention *retention, int64_t now);
void store_retention_select(struct batch *batch, const char *tenant_id);
/* All zero when there is no row. */
struct retention store_retention_load(const struct db_result *result);

/* Of what was loaded; changes nothing when it was set or begun again meanwhile. */
void store_retention_progress(struct batch *batch, const char *tenant_id,
			      const struct retention *retention);
/* Of every tenant: look at all calls again, for old ones have come. */
void store_retention_again(struct batch *batch);
/* tenant_id of every tenant that keeps something for so long only. */
void store_retention_tenants(struct batch *batch);
