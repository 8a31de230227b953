/*
 * Files in an S3-compatible store: put from a file, read in parts, removed. Large files go up in
 * parts of S3_PART_BYTES, read one after the other: memory is bounded by a part. Each body carries
 * its SHA-256, which the server checks. Requests are sent again after failures that may pass, a few
 * times; every one of them may be repeated without harm.
 */
#pragma once

#include "provider/provider.h"

struct s3;
struct strand;

enum { S3_PART_BYTES = 5 * 1024 * 1024, S3_MAX_KEY = 512 };

struct s3_conf {
	const char *endpoint; /* scheme and host, no trailing slash; all copied */
	const char *region;
	const char *bucket;
	const char *access_key;
	const char *secret_key;
	bool path_style; /* the bucket is in the path, otherwise in the host's name */
};

/* client is referenced; files are read on strand, which outlives it. Owned by the caller. Returns 0
 * or -EINVAL. */
int s3_new(struct s3 **ret_s3, struct loop *loop, struct http_client *client, struct strand *strand,
	   const struct s3_conf *conf);

/*
 * Put the file at path under key; done once the store says that it has all of it. A put that fails
 * or is cancelled leaves nothing but parts, which it gives up. ret_put is owned by the caller,
 * releasing it cancels. err is as in provider.h, or a negative errno of the file.
 */
struct s3_put;
typedef void s3_put_h(int err, const char *reason, void *arg);
int s3_put_file(struct s3_put **ret_put, struct s3 *s3, const char *key, const char *path,
		s3_put_h *doneh, void *arg);

/*
 * Read len bytes from offset. total: the whole file's length. data is valid during the handler.
 * ret_request as in provider_send(). -ENOENT: there is no such file.
 */
typedef void s3_data_h(const struct provider_result *result, int64_t total, void *arg);
int s3_get(struct provider_request **ret_request, struct s3 *s3, const char *key, int64_t offset,
	   size_t len, s3_data_h *datah, void *arg);

/* No error when it is not there. */
int s3_remove(struct provider_request **ret_request, struct s3 *s3, const char *key,
	      provider_done_h *doneh, void *arg);

/* The text of the first element of that name in xml, its entities resolved; false: none, or it does
 * not fit. */
bool s3_xml_text(char *out, size_t size, const char *xml, const char *name);
