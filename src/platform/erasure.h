/*
 * Erasure: everything about one person, known by a telephone number, is removed: what was said,
 * recordings, numbers, metadata. The calls stay as figures without a person. What remains is a
 * record that it was done: when, who asked, how much was removed, and a proof, a keyed hash over
 * these that only this tenant's keys can make (vault_prove()).
 */
#pragma once

struct platform;

#define JOB_ERASE "erase"

void erasure_setup(struct platform *platform);

/* POST and GET /api/v1/erasures, GET /api/v1/erasures/{id}. */
void api_erasure_routes(struct platform *platform);

/* What the proof is a hash of. Owned by the caller. */
struct db_result;
char *erasure_statement(const char *tenant_id, const struct db_result *erasure, long long at);
