#include "platform/proof.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/str.h"
#include "loop/work.h"
#include "platform/lockout.h"
#include "platform/store/batch.h"
#include "platform/store/sign_in.h"
#include "platform/store/user.h"

#include <errno.h>
#include <string.h>

enum { MAX_TRIES = 5, MAX_WAITING = 16 };

/*
 * What a worker needs; it may outlive the proof.
 */
struct hashing {
	struct proof *proof; /* NULL once it has gone */
	char *password;      /* NULL: nothing to check */
	char *hash;          /* NULL: of nobody */
	char *new_password;
	bool matches;
	char new_hash[AUTH_PASSWORD_SIZE];
};

struct proof {
	struct db *db;
	struct strand *strand;
	struct db_request *request;
	struct hashing *hashing;
	struct lockout_names names;
	char *email;
	char *password;
	char *new_password;
	char *user_id; /* NULL: nobody */
	char *name;
	char *hash;
	int tries;
	proof_done_h *doneh;
	void *arg;
};

static void wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	mem_free(text);
}

static void proof_destroy(void *data)
{
	struct proof *proof = data;

	if (proof->hashing)
		proof->hashing->proof = NULL;
	mem_unref(proof->hashing);
	mem_unref(proof->request);
	mem_unref(proof->strand);
	mem_free(proof->email);
	wipe(proof->password);
	wipe(proof->new_password);
	mem_free(proof->user_id);
	mem_free(proof->name);
	mem_free(proof->hash);
}

static void finish(struct proof *proof, int err, const char *new_hash, int64_t wait_us)
{
	struct proof_result result = {
		.user_id = proof->user_id,
		.email = proof->email,
		.name = proof->name,
		.new_hash = new_hash,
		.wait_s = (uint32_t)((wait_us + 999999) / 1000000),
	};

	proof->doneh(err, &result, proof->arg);
}

/* ---- hashing ---- */

static void hashing_destroy(void *data)
{
	struct hashing *hashing = data;

	wipe(hashing->password);
	wipe(hashing->new_password);
	mem_free(hashing->hash);
}

/* On a worker. */
static void hashing_run(void *arg)
{
	struct hashing *hashing = arg;

	hashing->matches =
		!hashing->password || auth_password_matches(hashing->hash, hashing->password);
	if (!hashing->matches)
		return;
	if (hashing->new_password)
		auth_password_hash(hashing->new_hash, hashing->new_password);
	else if (auth_password_is_weak(hashing->hash))
		auth_password_hash(hashing->new_hash, hashing->password);
}

static void on_cleared(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct proof *proof = arg;

	/* A count that stays does less harm than somebody who is right and not let in. */
	finish(proof, 0, proof->hashing->new_hash, 0);
}

static void hashing_done(void *arg)
{
	struct hashing *hashing = arg;
	struct proof *proof = hashing->proof;
	struct batch batch auto_batch = {0};

	if (proof && !hashing->matches) {
		finish(proof, -EACCES, "", 0);
	} else if (proof && !hashing->password) {
		finish(proof, 0, hashing->new_hash, 0);
	} else if (proof) {
		store_failure_delete(&batch, proof->names.account);
		store_failure_take_back(&batch, proof->names.network);
		batch_run(&batch, &proof->request, proof->db, on_cleared, proof);
	}
	mem_unref(hashing);
}

static void start_hashing(struct proof *proof)
{
	struct hashing *hashing = mem_new(sizeof(*hashing), hashing_destroy);

	hashing->proof = proof;
	hashing->password = mem_strdup(proof->password);
	hashing->hash = mem_strdup(proof->hash);
	hashing->new_password = mem_strdup(proof->new_password);
	proof->hashing = mem_ref(hashing);
	strand_post(proof->strand, hashing_run, hashing_done, hashing);
}

/* ---- counting ---- */

static void read_counts(struct proof *proof);

static void on_counted(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct proof *proof = arg;

	proof->request = mem_unref(proof->request);
	if (err == -EAGAIN && ++proof->tries < MAX_TRIES)
		read_counts(proof); /* somebody else's attempt was counted meanwhile */
	else if (err)
		finish(proof, err == -EAGAIN ? -EBUSY : err, "", 0);
	else
		start_hashing(proof);
}

struct count {
	int64_t seen; /* as stored */
	int64_t failures;
	int64_t last_at;
};

static struct count find_count(const struct db_result *result, const char *who, int64_t now)
{
	struct count count = {0};

	for (size_t i = 0; i < db_rows(result); i++) {
		if (!str_equal(db_get_text(result, i, 0), who))
			continue;
		count.seen = db_get_int(result, i, 1);
		count.last_at = db_get_int(result, i, 2);
		count.failures = lockout_failures(count.seen, count.last_at, now);
	}
	return count;
}

static void take_user(struct proof *proof, const struct db_result *result)
{
	if (!db_rows(result))
		return;
	mem_replace_str(&proof->user_id, db_get_text(result, 0, 0));
	mem_replace_str(&proof->name, db_get_text(result, 0, 2));
	mem_replace_str(&proof->hash, db_get_text(result, 0, 3));
}

static void on_counts(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct proof *proof = arg;
	int64_t now = clock_wall_us(), wait, network_wait;
	struct count account, network;
	struct batch batch auto_batch = {0};

	proof->request = mem_unref(proof->request);
	if (err) {
		finish(proof, err, "", 0);
		return;
	}
	account = find_count(results[0], proof->names.account, now);
	network = find_count(results[0], proof->names.network, now);
	wait = lockout_wait_us(account.failures, LOCKOUT_ACCOUNT_FREE, account.last_at, now);
	network_wait =
		lockout_wait_us(network.failures, LOCKOUT_NETWORK_FREE, network.last_at, now);
	if (wait > 0 || network_wait > 0) {
		finish(proof, -EAGAIN, "", wait > network_wait ? wait : network_wait);
		return;
	}
	if (strand_pending(proof->strand) >= MAX_WAITING) {
		finish(proof, -EBUSY, "", 0);
		return;
	}
	take_user(proof, results[1]);
	store_failure_set(&batch, proof->names.account, account.failures + 1, account.seen, now);
	store_failure_set(&batch, proof->names.network, network.failures + 1, network.seen, now);
	batch_run(&batch, &proof->request, proof->db, on_counted, proof);
}

static void read_counts(struct proof *proof)
{
	struct batch batch auto_batch = {0};

	store_failure_select(&batch, proof->names.account, proof->names.network);
	store_user_by_email(&batch, proof->email);
	batch_run(&batch, &proof->request, proof->db, on_counts, proof);
}

static struct proof *proof_new(struct proof **ret_proof, struct strand *strand, proof_done_h *doneh,
			       void *arg)
{
	struct proof *proof = mem_new(sizeof(*proof), proof_destroy);

	proof->strand = mem_ref(strand);
	proof->doneh = doneh;
	proof->arg = arg;
	*ret_proof = proof;
	return proof;
}

void proof_start(struct proof **ret_proof, const struct proof_params *params, proof_done_h *doneh,
		 void *arg)
{
	struct proof *proof = proof_new(ret_proof, params->strand, doneh, arg);

	proof->db = params->db;
	proof->email = mem_strdup(params->email);
	proof->password = mem_strdup(params->password);
	proof->new_password = mem_strdup(params->new_password);
	proof->names = lockout_names(params->email, params->remote);
	read_counts(proof);
}

void proof_hash(struct proof **ret_proof, struct strand *strand, const char *new_password,
		proof_done_h *doneh, void *arg)
{
	struct proof *proof = proof_new(ret_proof, strand, doneh, arg);

	proof->new_password = mem_strdup(new_password);
	start_hashing(proof);
}
