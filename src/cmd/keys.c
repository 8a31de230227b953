/* voiceai keys: the keys that stored data is sealed under. */
#include "cmd/cmd.h"

#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "core/uuid.h"
#include "loop/loop.h"
#include "platform/reseal.h"
#include "platform/secret_check.h"
#include "platform/store/batch.h"
#include "platform/store/store.h"
#include "platform/vault.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
	"usage: voiceai keys rotate [TENANT]\n"
	"       voiceai keys rewrap\n"
	"       voiceai keys auth-secret\n"
	"\n"
	"rotate makes a new data key for TENANT (\"default\" when not given). Servers use it "
	"within "
	"half\n"
	"a minute, without a restart, and bring what is stored already under it.\n"
	"rewrap wraps all data keys under MASTER_KEY, those too that are wrapped under "
	"MASTER_KEY_ALSO:\n"
	"the last step of changing the master key (docs/sealing.md).\n"
	"auth-secret makes AUTH_SECRET, as it is set now, the one that servers have to have when "
	"they\n"
	"start (docs/access.md).\n";

struct keys {
	struct loop *loop;
	struct db *db;
	struct vault *vault;
	bool done;
	int err;
	int64_t count;
};

static void on_done(int err, int64_t count, void *arg)
{
	struct keys *keys = arg;

	keys->done = true;
	keys->err = err;
	keys->count = count;
}

static int wait_for(struct keys *keys)
{
	while (!keys->done)
		loop_run_once(keys->loop, 100);
	if (!keys->err)
		return CMD_OK;
	fprintf(stderr, "voiceai keys: %s\n",
		keys->err == -EACCES
			? "a key is wrapped under a master key that is neither MASTER_KEY "
			  "nor MASTER_KEY_ALSO"
		: keys->err == -ENOENT ? "there is no such tenant"
				       : strerror(-keys->err));
	return CMD_FAILED;
}

static void on_added(int err, struct db_result *const *results, size_t failed, void *arg)
{
	on_done(err, 0, arg);
}

/* The servers bring what is stored under the new key, in the background. */
static int add_reseal(struct keys *keys, const char *tenant_id)
{
	struct batch batch auto_batch = {0};
	char occasion[UUID_SIZE];

	keys->done = false;
	uuid_new(occasion);
	reseal_add(&batch, tenant_id, occasion);
	batch_run(&batch, NULL, keys->db, on_added, keys);
	return wait_for(keys);
}

static int rotate(struct keys *keys, const char *tenant_id)
{
	int code;

	vault_rotate(keys->vault, tenant_id, on_done, keys);
	code = wait_for(keys);
	if (code == CMD_OK)
		code = add_reseal(keys, tenant_id);
	if (code == CMD_OK)
		printf("tenant %s has a new data key; servers bring what is stored under it\n",
		       tenant_id);
	return code;
}

static int rewrap(struct keys *keys)
{
	int code;

	vault_rewrap(keys->vault, on_done, keys);
	code = wait_for(keys);
	if (code == CMD_OK)
		printf("%lld data keys wrapped under MASTER_KEY\n", (long long)keys->count);
	return code;
}

static int replace_auth_secret(struct keys *keys, const struct settings *settings)
{
	char error[256];

	if (secret_check_replace(keys->loop, keys->db, "AUTH_SECRET", settings->auth_secret,
				 error)) {
		fprintf(stderr, "voiceai keys: %s\n", error);
		return CMD_FAILED;
	}
	printf("servers start with this AUTH_SECRET from now on; restart those that run\n");
	return CMD_OK;
}

static int run(struct keys *keys, const struct settings *settings, int argc, char **argv)
{
	auto_free char *url = store_url(settings);
	char error[256];

	if (store_open(&keys->db, keys->loop,
		       &(struct db_conf){.url = url, .prelude = store_prelude(settings)}, error) ||
	    vault_attach(&keys->vault, keys->loop, keys->db, settings, error)) {
		fprintf(stderr, "voiceai keys: %s\n", error);
		return CMD_FAILED;
	}
	if (str_equal(argv[1], "rewrap"))
		return rewrap(keys);
	if (str_equal(argv[1], "auth-secret"))
		return replace_auth_secret(keys, settings);
	return rotate(keys, argc == 3 ? argv[2] : STORE_TENANT);
}

static bool is_understood(int argc, char **argv)
{
	if (argc == 2 && (str_equal(argv[1], "rewrap") || str_equal(argv[1], "auth-secret")))
		return true;
	return (argc == 2 || argc == 3) && str_equal(argv[1], "rotate");
}

int cmd_keys(int argc, char **argv)
{
	struct settings *settings auto_unref = NULL;
	struct keys keys = {0};
	int code;

	if (cmd_help(argc, argv, usage))
		return CMD_OK;
	if (!is_understood(argc, argv))
		return cmd_misuse("keys", "say rotate, rewrap or auth-secret");
	settings = cmd_settings();
	if (!settings)
		return CMD_USAGE;
	keys.loop = loop_new();
	code = run(&keys, settings, argc, argv);
	mem_unref(keys.vault);
	mem_unref(keys.db);
	mem_unref(keys.loop);
	return code;
}
