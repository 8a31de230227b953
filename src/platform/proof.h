/*
 * Proof of a password: whether somebody knows that of an account. The attempt is counted
 * (lockout.h), the password checked away from the loop, and the count dropped when it was right.
 * An account that does not exist takes the same steps and the same time.
 */
#pragma once

#include "core/uuid.h"
#include "platform/auth_password.h"

#include <stdint.h>

struct db;
struct proof;
struct strand;

struct proof_params {
	struct db *db;
	struct strand *strand; /* for hashing */
	const char *email;     /* lower case */
	const char *remote;    /* IP address */
	const char *password;
	const char *new_password; /* hashed along when the proof is right; or NULL */
};

struct proof_result {
	const char *user_id;
	const char *email;
	const char *name;
	const char *new_hash; /* of new_password, or of one that was hashed with less effort; "" */
	uint32_t wait_s;      /* -EAGAIN: until the next attempt */
};

/*
 * err: 0; -EACCES (wrong); -EAGAIN (too many were wrong); -EBUSY (too many attempts at once);
 * errors of the database. result is valid during the handler.
 */
typedef void proof_done_h(int err, const struct proof_result *result, void *arg);

/* Everything is copied. ret_proof: owned by the caller; releasing it silences the handler. */
void proof_start(struct proof **ret_proof, const struct proof_params *params, proof_done_h *doneh,
		 void *arg);

/* A hash alone, of a new password: the same with neither account nor count. */
void proof_hash(struct proof **ret_proof, struct strand *strand, const char *new_password,
		proof_done_h *doneh, void *arg);
