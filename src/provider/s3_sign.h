/* Signatures of S3 requests: AWS Signature Version 4, all in the Authorization header. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct s3_sign_params {
	const char *access_key;
	const char *secret_key;
	const char *region;
	const char *method;
	const char *host;  /* as in the Host header: with the port, unless it is the scheme's */
	const char *path;  /* percent-encoded, from '/' */
	const char *query; /* percent-encoded, names in order, each with '='; "" for none */
	const char *range; /* value of the Range header; NULL for none */
	const char *payload_hash; /* hex SHA-256 of the body */
	int64_t at;               /* UTC microseconds */
};

enum { S3_DATE_SIZE = 17, S3_AUTHORIZATION_SIZE = 512 };

struct s3_signature {
	char date[S3_DATE_SIZE];                   /* value of X-Amz-Date */
	char authorization[S3_AUTHORIZATION_SIZE]; /* value of Authorization */
};

/* Returns 0, or -EINVAL when a key or region is too long. */
int s3_sign(struct s3_signature *ret_signature, const struct s3_sign_params *params);
