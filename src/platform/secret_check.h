/*
 * Whether a secret that all servers on one database share is the one they share: the first to start
 * leaves a keyed hash of it in table secret_check, from which it cannot be told.
 */
#pragma once

struct db;
struct loop;

/*
 * secret is that of the setting name, which is static. Runs the loop for the answer, 10 s at most:
 * before anything else is on it. Returns 0, -EACCES (the others have another one) or a negative
 * errno, with error (room for 256).
 */
int secret_check(struct loop *loop, struct db *db, const char *name, const char *secret,
		 char error[256]);

/* From now on that is the one. */
int secret_check_replace(struct loop *loop, struct db *db, const char *name, const char *secret,
			 char error[256]);
