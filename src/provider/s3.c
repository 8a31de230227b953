#include "provider/s3.h"

#include "core/buf.h"
#include "core/clock.h"
#include "core/digest.h"
#include "core/encoding.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/http_url.h"
#include "loop/work.h"
#include "provider/s3_sign.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	MAX_RETRIES = 3,
	BACKOFF_MS = 200,
	BACKOFF_CAP_MS = 4000,
	TIMEOUT_MS = 60000,
	UPLOAD_ID_SIZE = 512,
	ETAG_SIZE = 128,
	MAX_PARTS = 10000,
	LOOK_BYTES = 16, /* not all servers understand a range of one */
	HEX_SIZE = 2 * SHA256_LEN + 1,
};

struct s3 {
	struct provider *provider;
	struct strand *strand;
	char *base; /* scheme://host[/bucket] */
	char *host;
	char *path; /* of the base: "" or "/bucket" */
	char *region, *access_key, *secret_key;
};

/* ---- answers ---- */

static const struct {
	const char *name;
	char value;
} entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};

bool s3_xml_text(char *out, size_t size, const char *xml, const char *name)
{
	auto_free char *open = mem_printf("<%s>", name);
	const char *text = strstr(xml, open);
	size_t len = 0;

	if (!text)
		return false;
	for (text += strlen(open); *text && *text != '<'; len++) {
		char c = *text;
		size_t used = 1;

		for (size_t i = 0; c == '&' && used == 1 && i < ARRAY_LEN(entities); i++)
			if (str_has_prefix(text, entities[i].name)) {
				c = entities[i].value;
				used = strlen(entities[i].name);
			}
		if (len + 1 >= size)
			return false;
		out[len] = c;
		text += used;
	}
	out[len] = '\0';
	return *text == '<';
}

/* <Error><Code>NoSuchBucket</Code><Message>...</Message> */
static void explain(struct provider_result *result, const json_t *json)
{
	char message[160] = "";

	s3_xml_text(result->code_name, sizeof(result->code_name), result->body, "Code");
	s3_xml_text(message, sizeof(message), result->body, "Message");
	provider_text(result->reason, sizeof(result->reason),
		      *message ? message : result->code_name);
}

static bool may_retry(const struct http_result *http, const json_t *json, uint32_t retry, bool safe,
		      uint64_t *ret_wait_ms)
{
	uint64_t asked = provider_retry_after_ms(http);
	uint64_t wait = provider_jitter_ms(BACKOFF_MS, retry + 1, BACKOFF_CAP_MS);

	*ret_wait_ms = wait > asked ? wait : asked;
	return http->err || http->status == 429 || http->status >= 500;
}

static const struct provider_policy policy = {
	.name = "s3",
	.max_retries = MAX_RETRIES,
	.max_wait_ms = 10000,
	.may_retry = may_retry,
	.explain = explain,
};

/* ---- the store ---- */

static void s3_destroy(void *data)
{
	struct s3 *s3 = data;

	mem_unref(s3->provider);
	mem_free(s3->base);
	mem_free(s3->host);
	mem_free(s3->path);
	mem_free(s3->region);
	mem_free(s3->access_key);
	mem_free(s3->secret_key);
}

int s3_new(struct s3 **ret_s3, struct loop *loop, struct http_client *client, struct strand *strand,
	   const struct s3_conf *conf)
{
	const char *rest = strstr(conf->endpoint, "://");
	struct s3 *s3;

	if (!rest || strchr(rest + 3, '/') || !rest[3] || str_is_empty(conf->bucket) ||
	    strspn(conf->bucket, "abcdefghijklmnopqrstuvwxyz0123456789.-") !=
		    strlen(conf->bucket) ||
	    str_is_empty(conf->access_key) || str_is_empty(conf->secret_key))
		return -EINVAL;
	s3 = mem_new(sizeof(*s3), s3_destroy);
	s3->provider = provider_new(loop, client, &policy);
	s3->strand = strand;
	s3->host = conf->path_style ? mem_strdup(rest + 3)
				    : mem_printf("%s.%s", conf->bucket, rest + 3);
	s3->path = conf->path_style ? mem_printf("/%s", conf->bucket) : mem_strdup("");
	s3->base = mem_printf("%.*s%s%s", (int)(rest + 3 - conf->endpoint), conf->endpoint,
			      s3->host, s3->path);
	s3->region = mem_strdup(conf->region);
	s3->access_key = mem_strdup(conf->access_key);
	s3->secret_key = mem_strdup(conf->secret_key);
	*ret_s3 = s3;
	return 0;
}

/* ---- requests ---- */

struct request {
	const char *method;
	const char *key;
	const char *query; /* "" for none */
	const char *range; /* NULL for none */
	const char *content_type;
	const void *body;
	size_t len;
	const char *hash; /* hex of the body; NULL: it is made here */
	size_t max_answer;
	provider_answer_h *answerh;
	provider_user_h *userh;
	void *arg;
};

/* Every byte but '/' that needs it is encoded. */
static char *encode_key(const char *key)
{
	struct buf out = {0};
	size_t len;

	for (; *key; key += len) {
		len = strcspn(key, "/");
		percent_encode(&out, key, len);
		if (key[len] == '/') {
			buf_append_char(&out, '/');
			len++;
		}
	}
	return buf_steal(&out);
}

static int send_request(struct provider_request **ret_request, struct s3 *s3,
			const struct request *want)
{
	auto_free char *key = encode_key(want->key);
	auto_free char *path = mem_printf("%s/%s", s3->path, key);
	auto_free char *url =
		mem_printf("%s/%s%s%s", s3->base, key, *want->query ? "?" : "", want->query);
	uint8_t digest[SHA256_LEN];
	char hash[HEX_SIZE];
	struct s3_signature signature;
	struct s3_sign_params sign = {
		.access_key = s3->access_key,
		.secret_key = s3->secret_key,
		.region = s3->region,
		.method = want->method,
		.host = s3->host,
		.path = path,
		.query = want->query,
		.range = want->range,
		.payload_hash = want->hash ? want->hash : hash,
		.at = clock_wall_us(),
	};
	struct provider_send_params send = {
		.http.method = want->method,
		.http.url = url,
		.http.body = want->body,
		.http.body_len = want->len,
		.http.timeout_ms = TIMEOUT_MS,
		.http.max_body_bytes = want->max_answer,
		.safe = true,
		.answerh = want->answerh,
		.userh = want->userh,
		.arg = want->arg,
	};

	if (!want->hash) {
		digest_sha256(digest, want->body ? want->body : "", want->len);
		hex_encode(hash, digest, sizeof(digest));
	}
	if (strlen(want->key) > S3_MAX_KEY || s3_sign(&signature, &sign))
		return -EINVAL;

	auto_free char *authorization = mem_printf("Authorization: %s", signature.authorization);
	auto_free char *date = mem_printf("X-Amz-Date: %s", signature.date);
	auto_free char *content = mem_printf("X-Amz-Content-Sha256: %s", sign.payload_hash);
	auto_free char *type =
		mem_printf("Content-Type: %s",
			   want->content_type ? want->content_type : "application/octet-stream");
	auto_free char *range = mem_printf("Range: %s", want->range ? want->range : "");
	const char *headers[] = {authorization, date, content, type, want->range ? range : NULL,
				 NULL};

	send.http.headers = headers;
	return provider_send(ret_request, s3->provider, &send);
}

/* "bytes 0-9/1234"; -1 when it is not that. */
static int64_t total_of(const struct http_exchange *exchange)
{
	const char *range = exchange ? http_exchange_header(exchange, "content-range") : NULL;
	const char *slash = range ? strchr(range, '/') : NULL;
	int64_t total = -1;

	if (slash)
		(void)str_parse_int(&total, slash + 1, 0, INT64_MAX);
	return total;
}

static void data_answered(struct provider_result *result, provider_user_h *userh, void *arg)
{
	int64_t total = result->err ? -1 : total_of(result->exchange);

	if (!result->err && total < 0) {
		result->err = -EBADMSG;
		str_copy(result->reason, sizeof(result->reason), "s3's answer is not a range");
	}
	((s3_data_h *)userh)(result, total, arg);
}

int s3_get(struct provider_request **ret_request, struct s3 *s3, const char *key, int64_t offset,
	   size_t len, s3_data_h *datah, void *arg)
{
	char range[64];
	struct request want = {
		.method = "GET",
		.key = key,
		.query = "",
		.range = range,
		.max_answer = len + 4096,
		.answerh = data_answered,
		.userh = (provider_user_h *)datah,
		.arg = arg,
	};

	snprintf(range, sizeof(range), "bytes=%" PRId64 "-%" PRId64, offset,
		 offset + (int64_t)len - 1);
	return send_request(ret_request, s3, &want);
}

static void removed(struct provider_result *result, provider_user_h *userh, void *arg)
{
	if (result->err == -ENOENT && !str_equal(result->code_name, "NoSuchBucket"))
		result->err = 0;
	((provider_done_h *)userh)(result, arg);
}

int s3_remove(struct provider_request **ret_request, struct s3 *s3, const char *key,
	      provider_done_h *doneh, void *arg)
{
	struct request want = {
		.method = "DELETE",
		.key = key,
		.query = "",
		.answerh = removed,
		.userh = (provider_user_h *)doneh,
		.arg = arg,
	};

	return send_request(ret_request, s3, &want);
}

/* ---- putting ---- */

/*
 * begin, where there is more than one part -> (read -> send) for each -> complete -> look whether
 * the store has all of it. The file is read and hashed on the strand.
 */
struct s3_put {
	struct s3 *s3;
	struct provider_request *request;
	struct reading *reading; /* under way */
	char *key;
	int fd;
	int64_t size;
	int64_t sent;
	int parts;
	char upload_id[UPLOAD_ID_SIZE]; /* "": one request, or not begun */
	struct buf etags;               /* <Part>...</Part> of those sent */
	bool complete;
	s3_put_h *doneh;
	void *arg;
};

/* It outlives a put that is cancelled. */
struct reading {
	struct s3_put *put; /* NULL once cancelled */
	int fd;
	int64_t offset;
	size_t len;
	char *data;
	char hash[HEX_SIZE];
	int err;
};

static void reading_destroy(void *data)
{
	struct reading *reading = data;

	if (reading->fd >= 0)
		close(reading->fd);
	mem_free(reading->data);
}

static void ignore(const struct provider_result *result, void *arg)
{
}

/* Parts of an upload that is not completed cost money until somebody gives them up. */
static void abort_upload(struct s3_put *put)
{
	struct buf auto_buf query = {0};
	struct request want = {
		.method = "DELETE", .key = put->key, .userh = (provider_user_h *)ignore};

	if (!*put->upload_id || put->complete)
		return;
	buf_append_str(&query, "uploadId=");
	percent_encode(&query, put->upload_id, strlen(put->upload_id));
	want.query = buf_str(&query);
	*put->upload_id = '\0';
	send_request(NULL, put->s3, &want);
}

static void put_destroy(void *data)
{
	struct s3_put *put = data;

	if (put->reading)
		put->reading->put = NULL;
	mem_unref(put->request);
	abort_upload(put);
	if (put->fd >= 0)
		close(put->fd);
	mem_free(put->key);
	buf_free(&put->etags);
	mem_unref(put->s3);
}

static void put_end(struct s3_put *put, int err, const char *reason)
{
	put->doneh(err, reason, put->arg);
}

static int put_request(struct s3_put *put, const struct request *want)
{
	put->request = mem_unref(put->request);
	return send_request(&put->request, put->s3, want);
}

static void looked(const struct provider_result *result, int64_t total, void *arg)
{
	struct s3_put *put = arg;

	if (result->err)
		put_end(put, result->err, result->reason);
	else if (total != put->size)
		put_end(put, -EIO, "s3 does not have all of the file");
	else
		put_end(put, 0, "");
}

static void look(struct s3_put *put)
{
	put->complete = true;
	put->request = mem_unref(put->request);
	if (s3_get(&put->request, put->s3, put->key, 0, LOOK_BYTES, looked, put))
		put_end(put, -EINVAL, "the request cannot be made");
}

static void completed(const struct provider_result *result, void *arg)
{
	char code[64];

	/* The store may find an error after it has begun to answer 200. */
	if (result->err)
		put_end(arg, result->err, result->reason);
	else if (s3_xml_text(code, sizeof(code), result->body, "Code"))
		put_end(arg, -EREMOTEIO, code);
	else
		look(arg);
}

static void upload_query(struct buf *query, const struct s3_put *put, int part)
{
	if (part)
		buf_printf(query, "partNumber=%d&", part);
	buf_append_str(query, "uploadId=");
	percent_encode(query, put->upload_id, strlen(put->upload_id));
}

static void complete(struct s3_put *put)
{
	struct buf auto_buf query = {0}, auto_buf body = {0};
	struct request want = {.method = "POST",
			       .key = put->key,
			       .content_type = "application/xml",
			       .userh = (provider_user_h *)completed,
			       .arg = put};

	upload_query(&query, put, 0);
	buf_printf(&body, "<CompleteMultipartUpload>%s</CompleteMultipartUpload>",
		   buf_str(&put->etags));
	want.query = buf_str(&query);
	want.body = body.data;
	want.len = body.len;
	if (put_request(put, &want))
		put_end(put, -EINVAL, "the request cannot be made");
}

static void read_part(struct s3_put *put);

/* An ETag is a quoted string; what would break out of the list of parts is no ETag. */
static bool keep_etag(struct s3_put *put, const struct provider_result *result)
{
	const char *etag = result->exchange ? http_exchange_header(result->exchange, "etag") : NULL;
	size_t len = etag ? strlen(etag) : 0;

	if (len < 2 || len > ETAG_SIZE || etag[0] != '"' || etag[len - 1] != '"' ||
	    strspn(etag + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "0123456789-_+/=.") != len - 2)
		return false;
	buf_printf(&put->etags,
		   "<Part><PartNumber>%d</PartNumber><ETag>&quot;%.*s&quot;</ETag></Part>",
		   put->parts, (int)len - 2, etag + 1);
	return true;
}

static void part_answered(struct provider_result *result, provider_user_h *userh, void *arg)
{
	struct s3_put *put = arg;

	if (result->err)
		put_end(put, result->err, result->reason);
	else if (!*put->upload_id)
		look(put);
	else if (!keep_etag(put, result))
		put_end(put, -EBADMSG, "s3 gave no ETag for a part");
	else if (put->sent < put->size)
		read_part(put);
	else
		complete(put);
}

static void send_part(struct s3_put *put, const struct reading *reading)
{
	struct buf auto_buf query = {0};
	struct request want = {
		.method = "PUT",
		.key = put->key,
		.body = reading->data,
		.len = reading->len,
		.hash = reading->hash,
		.answerh = part_answered,
		.arg = put,
	};

	put->parts++;
	put->sent += (int64_t)reading->len;
	if (*put->upload_id)
		upload_query(&query, put, put->parts);
	want.query = buf_str(&query);
	if (put_request(put, &want))
		put_end(put, -EINVAL, "the request cannot be made");
}

static void read_on_strand(void *arg)
{
	struct reading *reading = arg;
	uint8_t digest[SHA256_LEN];
	size_t got = 0;

	reading->data = mem_alloc(reading->len + 1);
	while (got < reading->len) {
		ssize_t n = pread(reading->fd, reading->data + got, reading->len - got,
				  reading->offset + (int64_t)got);

		if (n <= 0 && !(n < 0 && errno == EINTR)) {
			reading->err = n ? -errno : -EIO; /* shorter than it was */
			return;
		}
		if (n > 0)
			got += (size_t)n;
	}
	digest_sha256(digest, reading->data, reading->len);
	hex_encode(reading->hash, digest, sizeof(digest));
}

static void was_read(void *arg)
{
	struct reading *reading = arg;
	struct s3_put *put = reading->put;

	if (put) {
		put->reading = NULL;
		if (reading->err)
			put_end(put, reading->err, "the file cannot be read");
		else
			send_part(put, reading);
	}
	mem_unref(reading);
}

static void read_part(struct s3_put *put)
{
	struct reading *reading = mem_new(sizeof(*reading), reading_destroy);
	int64_t left = put->size - put->sent;

	reading->put = put;
	reading->fd = fcntl(put->fd, F_DUPFD_CLOEXEC, 0);
	reading->offset = put->sent;
	reading->len = left < S3_PART_BYTES ? (size_t)left : S3_PART_BYTES;
	put->reading = reading;
	strand_post(put->s3->strand, read_on_strand, was_read, reading);
}

static void begun(const struct provider_result *result, void *arg)
{
	struct s3_put *put = arg;

	if (result->err)
		put_end(put, result->err, result->reason);
	else if (!s3_xml_text(put->upload_id, sizeof(put->upload_id), result->body, "UploadId") ||
		 !*put->upload_id)
		put_end(put, -EBADMSG, "s3 gave no UploadId");
	else
		read_part(put);
}

static int begin(struct s3_put *put)
{
	struct request want = {.method = "POST",
			       .key = put->key,
			       .query = "uploads=",
			       .userh = (provider_user_h *)begun,
			       .arg = put};

	return put_request(put, &want);
}

int s3_put_file(struct s3_put **ret_put, struct s3 *s3, const char *key, const char *path,
		s3_put_h *doneh, void *arg)
{
	struct s3_put *put = mem_new(sizeof(*put), put_destroy);
	struct stat info;
	int err = 0;

	put->s3 = mem_ref(s3);
	put->key = mem_strdup(key);
	put->doneh = doneh;
	put->arg = arg;
	put->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (put->fd < 0 || fstat(put->fd, &info))
		err = -errno;
	else if (!info.st_size || info.st_size > (int64_t)S3_PART_BYTES * MAX_PARTS)
		err = -EFBIG;
	else
		put->size = info.st_size;
	if (!err && put->size > S3_PART_BYTES)
		err = begin(put);
	else if (!err)
		read_part(put);
	if (err) {
		mem_unref(put);
		return err;
	}
	*ret_put = put;
	return 0;
}
