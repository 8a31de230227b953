/*
 * Where the files of recordings lie: in DATA_DIR/recordings, or in an S3-compatible store
 * (RECORDING_STORE). A file's place says which: "s3://BUCKET/KEY", or a path. Files stay where they
 * were put when the setting changes, and are read and removed there.
 *
 * Files are sealed under a key of their tenant before they are put (core/seal_file.h), bound to
 * their call; their places end in RECORDING_SEALED. Places that do not are of before there was
 * sealing. recording_file.h reads both.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct http_client;
struct loop;
struct recording_store;
struct settings;
struct strand;
struct vault;

#define RECORDING_SEALED ".sealed"

/*
 * Every operation: ret_op is owned by the caller, mem_unref() cancels. The handler runs once, after
 * the function has returned; on an error, reason is a line for people. Errors: -ENOENT (there is no
 * such file), others may pass.
 */
typedef void recording_put_h(int err, const char *reason, const char *place, void *arg);
typedef void recording_read_h(int err, const void *data, size_t len, int64_t total, void *arg);
typedef void recording_remove_h(int err, const char *reason, void *arg);

/* The backends, one const instance each; the store checks arguments and picks by place. */
struct recording_place;
struct recording_place_ops {
	const char *scheme; /* that its places begin with; "" for the folder's */
	void (*put)(void **ret_op, struct recording_place *place, const char *tenant_id,
		    const char *call_id, const char *file, recording_put_h *puth, void *arg);
	void (*read)(void **ret_op, struct recording_place *place, const char *where,
		     int64_t offset, size_t len, recording_read_h *readh, void *arg);
	void (*remove)(void **ret_op, struct recording_place *place, const char *where,
		       recording_remove_h *removeh, void *arg);
};

/* First member of every backend's own struct. What backends are given is sealed already. */
struct recording_place {
	const struct recording_place_ops *ops;
};

enum { RECORDING_STORE_ERROR_SIZE = 300 };

struct recording_store_conf {
	struct loop *loop;
	struct http_client *client;
	struct strand *strand; /* file work */
	struct vault *vault;
	const struct settings *settings;
};

/* Makes the folder. Owned by the caller; conf's objects outlive it. Returns 0, or a negative errno
 * with one line in error. */
int recording_store_open(struct recording_store **ret_store,
			 const struct recording_store_conf *conf,
			 char error[RECORDING_STORE_ERROR_SIZE]);

/* Move the file, which may be gone afterwards or not, sealed, to where recordings go; the same
 * call's earlier file is replaced. */
void recording_put(void **ret_op, struct recording_store *store, const char *tenant_id,
		   const char *call_id, const char *file, recording_put_h *puth, void *arg);

/* len bytes from offset as they lie there; total: the whole file. */
void recording_read_stored(void **ret_op, struct recording_store *store, const char *place,
			   int64_t offset, size_t len, recording_read_h *readh, void *arg);

/* No error when it is not there. */
void recording_remove(void **ret_op, struct recording_store *store, const char *place,
		      recording_remove_h *removeh, void *arg);

/* A file of this machine's, which unlink() removes. */
int recording_place_is_file(const char *place);

/* The keys of what the store holds. */
struct vault *recording_store_vault(const struct recording_store *store);

/* recording_folder.c, recording_s3.c; owned by the caller. */
struct recording_place *recording_folder_new(const struct recording_store_conf *conf);
/* Returns 0, or -EINVAL with the setting at fault in error. */
int recording_s3_new(struct recording_place **ret_place, const struct recording_store_conf *conf,
		     char error[RECORDING_STORE_ERROR_SIZE]);
