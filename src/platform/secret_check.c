#include "platform/secret_check.h"

#include "core/clock.h"
#include "core/digest.h"
#include "core/encoding.h"
#include "core/mem.h"
#include "core/str.h"
#include "loop/loop.h"
#include "platform/store/batch.h"
#include "platform/store/secret_check.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { LIMIT_MS = 10000, HASH_SIZE = 2 * SHA256_LEN + 1 };

struct asked {
	bool done;
	int err;
	char hash[HASH_SIZE]; /* of the secret that the servers share */
};

static void hash_of(char out[HASH_SIZE], const char *name, const char *secret)
{
	uint8_t mac[SHA256_LEN];
	char text[96];

	snprintf(text, sizeof(text), "voiceai secret check %s", name);
	digest_hmac_sha256(mac, secret, strlen(secret), text, strlen(text));
	hex_encode(out, mac, sizeof(mac));
}

/* Results: the insertion, the row. */
static void on_answer(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct asked *asked = arg;

	asked->done = true;
	asked->err = err;
	if (!err)
		str_copy(asked->hash, sizeof(asked->hash), db_get_text(results[1], 0, 0));
}

static int ask(struct asked *asked, struct loop *loop, struct db *db, struct batch *batch,
	       char error[256])
{
	int64_t until_us = clock_mono_us() + LIMIT_MS * 1000ll;
	struct db_request *request auto_unref = NULL;

	batch_run(batch, &request, db, on_answer, asked);
	while (!asked->done && clock_mono_us() < until_us)
		loop_run_once(loop, 50);
	if (!asked->done)
		asked->err = -ETIMEDOUT;
	if (asked->err)
		snprintf(error, 256, "the table secret_check cannot be read: %s",
			 strerror(-asked->err));
	return asked->err;
}

int secret_check(struct loop *loop, struct db *db, const char *name, const char *secret,
		 char error[256])
{
	struct batch batch auto_batch = {0};
	struct asked asked = {0};
	char hash[HASH_SIZE];
	int err;

	hash_of(hash, name, secret);
	store_secret_note(&batch, name, hash, clock_wall_us());
	err = ask(&asked, loop, db, &batch, error);
	if (err || str_equal(asked.hash, hash))
		return err;
	snprintf(error, 256,
		 "%s: the other servers on this database have another one; all need the same. To "
		 "change it on purpose: voiceai keys auth-secret (docs/access.md)",
		 name);
	return -EACCES;
}

int secret_check_replace(struct loop *loop, struct db *db, const char *name, const char *secret,
			 char error[256])
{
	struct batch batch auto_batch = {0};
	struct asked asked = {0};
	char hash[HASH_SIZE];

	hash_of(hash, name, secret);
	store_secret_replace(&batch, name, hash, clock_wall_us());
	return ask(&asked, loop, db, &batch, error);
}
