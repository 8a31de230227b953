#include "platform/recording_store.h"

#include "core/mem.h"
#include "core/seal_file.h"
#include "core/setting.h"
#include "core/str.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "loop/work.h"
#include "platform/vault.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct recording_store {
	struct recording_place *folder;
	struct recording_place *s3; /* NULL: none is set up */
	struct recording_place *put_to;
	struct loop *loop;
	struct strand *strand;
	struct vault *vault;
};

static void store_destroy(void *data)
{
	struct recording_store *store = data;

	mem_unref(store->folder);
	mem_unref(store->s3);
}

int recording_store_open(struct recording_store **ret_store,
			 const struct recording_store_conf *conf,
			 char error[RECORDING_STORE_ERROR_SIZE])
{
	const struct settings *settings = conf->settings;
	bool to_s3 = str_equal(settings->recording_store, "s3");
	struct recording_store *store;
	auto_free char *dir = mem_printf("%s/recordings", settings->data_dir);

	if (mkdir(dir, 0700) && errno != EEXIST) {
		int err = -errno;

		snprintf(error, RECORDING_STORE_ERROR_SIZE, "DATA_DIR: recordings: %s",
			 strerror(-err));
		return err;
	}
	store = mem_new(sizeof(*store), store_destroy);
	store->loop = conf->loop;
	store->strand = conf->strand;
	store->vault = conf->vault;
	store->folder = recording_folder_new(conf);
	if ((to_s3 || !str_is_empty(settings->s3_bucket)) &&
	    recording_s3_new(&store->s3, conf, error)) {
		mem_unref(store);
		return -EINVAL;
	}
	store->put_to = to_s3 ? store->s3 : store->folder;
	*ret_store = store;
	return 0;
}

int recording_place_is_file(const char *place)
{
	return !strstr(place, "://");
}

struct vault *recording_store_vault(const struct recording_store *store)
{
	return store->vault;
}

/* ---- a place that is not set up any more ---- */

struct lost {
	struct timer *timer;
	recording_read_h *readh;
	recording_remove_h *removeh;
	void *arg;
};

static void lost_destroy(void *data)
{
	mem_unref(((struct lost *)data)->timer);
}

static void tell_lost(void *data)
{
	struct lost *lost = data;

	if (lost->readh)
		lost->readh(-ENXIO, NULL, 0, -1, lost->arg);
	else
		lost->removeh(-ENXIO, "the store it lies in is not set up", lost->arg);
}

static struct lost *lose(void **ret_op, struct recording_store *store, void *arg)
{
	struct lost *lost = mem_new(sizeof(*lost), lost_destroy);

	lost->timer = timer_new(store->loop, tell_lost, lost);
	lost->arg = arg;
	timer_start(lost->timer, 0);
	*ret_op = lost;
	return lost;
}

/* ---- operations ---- */

static struct recording_place *place_of(const struct recording_store *store, const char *place)
{
	if (recording_place_is_file(place))
		return store->folder;
	return store->s3 && str_has_prefix(place, store->s3->ops->scheme) ? store->s3 : NULL;
}

void recording_read_stored(void **ret_op, struct recording_store *store, const char *place,
			   int64_t offset, size_t len, recording_read_h *readh, void *arg)
{
	struct recording_place *backend = place_of(store, place);

	if (backend)
		backend->ops->read(ret_op, backend, place, offset, len, readh, arg);
	else
		lose(ret_op, store, arg)->readh = readh;
}

void recording_remove(void **ret_op, struct recording_store *store, const char *place,
		      recording_remove_h *removeh, void *arg)
{
	struct recording_place *backend = place_of(store, place);

	if (backend)
		backend->ops->remove(ret_op, backend, place, removeh, arg);
	else
		lose(ret_op, store, arg)->removeh = removeh;
}

/* ---- put: sealed beside the file, then given to the backend ---- */

struct putting {
	struct recording_store *store;
	struct sealing *sealing; /* on the strand, NULL before and after */
	void *op;                /* the backend's */
	char *tenant_id, *call_id;
	char *file;
	char *sealed; /* the file to be put; ours */
	recording_put_h *puth;
	void *arg;
};

/* What runs on the strand outlives whoever has asked for it. */
struct sealing {
	struct putting *putting; /* NULL once cancelled */
	struct seal_file seal;
	char *from, *to;
	int err;
};

static void putting_destroy(void *data)
{
	struct putting *putting = data;

	vault_cancel(putting->store->vault, putting);
	if (putting->sealing)
		putting->sealing->putting = NULL;
	mem_unref(putting->op);
	if (putting->sealed)
		(void)unlink(putting->sealed);
	mem_free(putting->tenant_id);
	mem_free(putting->call_id);
	mem_free(putting->file);
	mem_free(putting->sealed);
}

static void sealing_destroy(void *data)
{
	struct sealing *sealing = data;

	seal_file_wipe(&sealing->seal);
	mem_free(sealing->from);
	mem_free(sealing->to);
}

static void on_put(int err, const char *reason, const char *place, void *arg)
{
	struct putting *putting = arg;

	putting->puth(err, reason, place, putting->arg);
}

static void on_sealed(void *arg)
{
	struct sealing *sealing = arg;
	struct putting *putting = sealing->putting;
	struct recording_place *to = putting ? putting->store->put_to : NULL;
	int err = sealing->err;

	if (putting)
		putting->sealing = NULL;
	else
		(void)unlink(sealing->to);
	mem_unref(sealing);
	if (putting && err)
		putting->puth(err, strerror(-err), NULL, putting->arg);
	else if (putting)
		to->ops->put(&putting->op, to, putting->tenant_id, putting->call_id,
			     putting->sealed, on_put, putting);
}

static void seal_on_strand(void *arg)
{
	struct sealing *sealing = arg;

	sealing->err = seal_file_write(&sealing->seal, sealing->from, sealing->to);
}

static int seal(struct putting *putting)
{
	struct seal_file key;
	struct sealing *sealing;
	int err = vault_file_new(&key, putting->store->vault, putting->tenant_id, putting->call_id);

	if (err)
		return err;
	putting->sealed = mem_printf("%s" RECORDING_SEALED, putting->file);
	sealing = mem_new(sizeof(*sealing), sealing_destroy);
	sealing->putting = putting;
	sealing->seal = key;
	seal_file_wipe(&key);
	sealing->from = mem_strdup(putting->file);
	sealing->to = mem_strdup(putting->sealed);
	putting->sealing = sealing;
	strand_post(putting->store->strand, seal_on_strand, on_sealed, sealing);
	return 0;
}

static void on_put_keys(int err, int64_t count, void *arg)
{
	struct putting *putting = arg;

	if (!err)
		err = seal(putting);
	if (err)
		putting->puth(err, "the tenant's keys cannot be read", NULL, putting->arg);
}

void recording_put(void **ret_op, struct recording_store *store, const char *tenant_id,
		   const char *call_id, const char *file, recording_put_h *puth, void *arg)
{
	struct putting *putting = mem_new(sizeof(*putting), putting_destroy);

	putting->store = store;
	putting->tenant_id = mem_strdup(tenant_id);
	putting->call_id = mem_strdup(call_id);
	putting->file = mem_strdup(file);
	putting->puth = puth;
	putting->arg = arg;
	*ret_op = putting;
	if (seal(putting))
		vault_refresh(store->vault, tenant_id, on_put_keys, putting);
}
