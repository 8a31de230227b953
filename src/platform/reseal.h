/*
 * What is stored sealed is brought under the tenant's newest key: after a new one was made, and
 * where it was stored before there were keys. A job that goes through the tables page by page;
 * rows that others change meanwhile are left to them, for what they write is sealed anew anyway.
 */
#pragma once

struct batch;
struct platform;

#define JOB_RESEAL "reseal"

void reseal_setup(struct platform *platform);

/* Find tenants with calls that were stored before there were keys, and have them sealed. */
void reseal_start(struct platform *platform);

/* Add the job to somebody's transaction; once for each occasion, such as the new key's id. */
void reseal_add(struct batch *batch, const char *tenant_id, const char *occasion);
