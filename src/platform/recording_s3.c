/* Recordings in an S3-compatible store: S3_PREFIX TENANT/CALL_ID.wav.sealed in S3_BUCKET. */
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "loop/timer.h"
#include "platform/recording_store.h"
#include "provider/s3.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SCHEME "s3://"

struct s3_place {
	struct recording_place place;
	struct s3 *s3;
	const struct settings *settings;
	struct loop *loop;
};

struct operation {
	struct s3_put *put;
	struct provider_request *request;
	char *where;         /* of a put */
	struct timer *timer; /* of one that could not begin */
	int err;
	recording_put_h *puth;
	recording_read_h *readh;
	recording_remove_h *removeh;
	void *arg;
};

static void operation_destroy(void *data)
{
	struct operation *op = data;

	mem_unref(op->put);
	mem_unref(op->request);
	mem_unref(op->timer);
	mem_free(op->where);
}

static void tell_failure(void *arg)
{
	struct operation *op = arg;

	if (op->puth)
		op->puth(op->err, strerror(-op->err), NULL, op->arg);
	else if (op->readh)
		op->readh(op->err, NULL, 0, -1, op->arg);
	else
		op->removeh(op->err, strerror(-op->err), op->arg);
}

/* It could not begin: tell on the next turn of the loop. */
static void fail(struct operation *op, const struct s3_place *place, int err)
{
	op->err = err;
	op->timer = timer_new(place->loop, tell_failure, op);
	timer_start(op->timer, 0);
}

static struct operation *operation_new(void **ret_op, void *arg)
{
	struct operation *op = mem_new(sizeof(*op), operation_destroy);

	op->arg = arg;
	*ret_op = op;
	return op;
}

/* The key of a place in our bucket; NULL for another's. */
static const char *key_of(const struct s3_place *place, const char *where)
{
	size_t len = strlen(place->settings->s3_bucket);

	where += strlen(SCHEME);
	return str_has_prefix(where, place->settings->s3_bucket) && where[len] == '/'
		       ? where + len + 1
		       : "";
}

/* ---- put ---- */

static void on_put(int err, const char *reason, void *arg)
{
	struct operation *op = arg;

	op->puth(err, reason, op->where, op->arg);
}

static void place_put(void **ret_op, struct recording_place *place, const char *tenant_id,
		      const char *call_id, const char *file, recording_put_h *puth, void *arg)
{
	struct s3_place *s3 = (struct s3_place *)place;
	struct operation *op = operation_new(ret_op, arg);
	auto_free char *key = mem_printf("%s%s/%s.wav" RECORDING_SEALED, s3->settings->s3_prefix,
					 tenant_id, call_id);
	int err;

	op->puth = puth;
	op->where = mem_printf(SCHEME "%s/%s", s3->settings->s3_bucket, key);
	err = s3_put_file(&op->put, s3->s3, key, file, on_put, op);
	if (err)
		fail(op, s3, err);
}

/* ---- read ---- */

static void on_data(const struct provider_result *result, int64_t total, void *arg)
{
	struct operation *op = arg;

	op->readh(result->err, result->body, result->err ? 0 : result->body_len, total, op->arg);
}

static void place_read(void **ret_op, struct recording_place *place, const char *where,
		       int64_t offset, size_t len, recording_read_h *readh, void *arg)
{
	struct s3_place *s3 = (struct s3_place *)place;
	struct operation *op = operation_new(ret_op, arg);

	op->readh = readh;
	if (s3_get(&op->request, s3->s3, key_of(s3, where), offset, len, on_data, op))
		fail(op, s3, -EINVAL);
}

/* ---- remove ---- */

static void on_removed(const struct provider_result *result, void *arg)
{
	struct operation *op = arg;

	op->removeh(result->err, result->reason, op->arg);
}

static void place_remove(void **ret_op, struct recording_place *place, const char *where,
			 recording_remove_h *removeh, void *arg)
{
	struct s3_place *s3 = (struct s3_place *)place;
	struct operation *op = operation_new(ret_op, arg);

	op->removeh = removeh;
	if (s3_remove(&op->request, s3->s3, key_of(s3, where), on_removed, op))
		fail(op, s3, -EINVAL);
}

static const struct recording_place_ops s3_ops = {
	.scheme = SCHEME,
	.put = place_put,
	.read = place_read,
	.remove = place_remove,
};

static void s3_place_destroy(void *data)
{
	mem_unref(((struct s3_place *)data)->s3);
}

int recording_s3_new(struct recording_place **ret_place, const struct recording_store_conf *conf,
		     char error[RECORDING_STORE_ERROR_SIZE])
{
	const struct settings *settings = conf->settings;
	struct s3_place *place;
	auto_free char *endpoint =
		str_is_empty(settings->s3_endpoint)
			? mem_printf("https://s3.%s.amazonaws.com", settings->s3_region)
			: mem_strdup(settings->s3_endpoint);
	struct s3_conf s3 = {
		.endpoint = endpoint,
		.region = settings->s3_region,
		.bucket = settings->s3_bucket,
		.access_key = settings->s3_access_key,
		.secret_key = settings->s3_secret_key,
		.path_style = settings->s3_path_style,
	};
	size_t len = strlen(endpoint);

	while (len && endpoint[len - 1] == '/')
		endpoint[--len] = '\0';
	place = mem_new(sizeof(*place), s3_place_destroy);
	place->place.ops = &s3_ops;
	place->settings = settings;
	place->loop = conf->loop;
	if (s3_new(&place->s3, conf->loop, conf->client, conf->strand, &s3)) {
		snprintf(
			error, RECORDING_STORE_ERROR_SIZE,
			"RECORDING_STORE: s3 needs S3_BUCKET, S3_ACCESS_KEY, S3_SECRET_KEY, and an "
			"S3_ENDPOINT without a path");
		mem_unref(place);
		return -EINVAL;
	}
	*ret_place = &place->place;
	return 0;
}
