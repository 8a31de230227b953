#include "core/seal_file.h"

#include "core/buf.h"
#include "core/digest.h"
#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

static const char magic[16] = "voiceai sealed 1";

enum { SEALED_PIECE = SEAL_FILE_PIECE + SEAL_TAG_LEN };

/* ---- keys ---- */

void seal_file_set_key(struct seal_file *file, const struct seal_key *key, const char *context)
{
	struct buf auto_buf bound = {0};

	buf_append(&bound, file->salt, sizeof(file->salt));
	buf_append_str(&bound, context);
	seal_hash(file->key, key, "file", bound.data, bound.len);
}

void seal_file_new(struct seal_file *ret_file, const struct seal_key *key,
		   const uint8_t key_id[SEAL_FILE_KEY_ID], const char *context)
{
	memcpy(ret_file->key_id, key_id, SEAL_FILE_KEY_ID);
	random_bytes(ret_file->salt, sizeof(ret_file->salt));
	seal_file_set_key(ret_file, key, context);
}

int seal_file_parse(struct seal_file *ret_file, const uint8_t header[SEAL_FILE_HEADER])
{
	if (memcmp(header, magic, sizeof(magic)) != 0)
		return -EBADMSG;
	*ret_file = (struct seal_file){0};
	memcpy(ret_file->key_id, header + sizeof(magic), SEAL_FILE_KEY_ID);
	memcpy(ret_file->salt, header + sizeof(magic) + SEAL_FILE_KEY_ID, SEAL_FILE_SALT);
	return 0;
}

void seal_file_wipe(struct seal_file *file)
{
	OPENSSL_cleanse(file, sizeof(*file));
}

/* ---- pieces ---- */

/* Never twice under one key: the piece's number, and whether it is the last. */
static void make_nonce(uint8_t nonce[SEAL_NONCE_LEN], int64_t piece, bool last)
{
	memset(nonce, 0, SEAL_NONCE_LEN);
	for (int i = 0; i < 8; i++)
		nonce[i] = (uint8_t)(piece >> (56 - 8 * i));
	nonce[SEAL_NONCE_LEN - 1] = last ? 1 : 0;
}

/* One direction over a file; the context keeps the key set up. */
struct cipher {
	EVP_CIPHER_CTX *ctx;
	bool seals;
};

static int cipher_open(struct cipher *cipher, const struct seal_file *file, bool seals)
{
	cipher->seals = seals;
	cipher->ctx = EVP_CIPHER_CTX_new();
	if (!cipher->ctx ||
	    !EVP_CipherInit_ex(cipher->ctx, EVP_aes_256_gcm(), NULL, file->key, NULL, seals)) {
		EVP_CIPHER_CTX_free(cipher->ctx);
		return -EIO;
	}
	return 0;
}

static void cipher_close(struct cipher *cipher)
{
	EVP_CIPHER_CTX_free(cipher->ctx);
}

/* len bytes of plaintext, in out or in data (which may be the same); the tag stands behind the
 * sealed ones. */
static int cipher_run(struct cipher *cipher, int64_t piece, bool last, const uint8_t *data,
		      size_t len, uint8_t *out)
{
	uint8_t nonce[SEAL_NONCE_LEN];
	int part = 0, rest;

	make_nonce(nonce, piece, last);
	if (!EVP_CipherInit_ex(cipher->ctx, NULL, NULL, NULL, nonce, cipher->seals) ||
	    (!cipher->seals && !EVP_CIPHER_CTX_ctrl(cipher->ctx, EVP_CTRL_GCM_SET_TAG, SEAL_TAG_LEN,
						    (void *)(data + len))) ||
	    (len && !EVP_CipherUpdate(cipher->ctx, out, &part, data, (int)len)) ||
	    !EVP_CipherFinal_ex(cipher->ctx, out + part, &rest))
		return -EBADMSG;
	if (cipher->seals &&
	    !EVP_CIPHER_CTX_ctrl(cipher->ctx, EVP_CTRL_GCM_GET_TAG, SEAL_TAG_LEN, out + len))
		return -EIO;
	return 0;
}

/* ---- writing ---- */

static int read_whole(int fd, uint8_t *out, size_t len, size_t *ret_got)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = read(fd, out + got, len - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		got += (size_t)n;
	}
	*ret_got = got;
	return 0;
}

static int write_whole(int fd, const uint8_t *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_header(const struct seal_file *file, int fd)
{
	uint8_t header[SEAL_FILE_HEADER];

	memcpy(header, magic, sizeof(magic));
	memcpy(header + sizeof(magic), file->key_id, SEAL_FILE_KEY_ID);
	memcpy(header + sizeof(magic) + SEAL_FILE_KEY_ID, file->salt, SEAL_FILE_SALT);
	return write_whole(fd, header, sizeof(header));
}

/* A piece is the last when the one after it is empty, so one is read ahead. */
static int write_pieces(struct cipher *cipher, int from, int to)
{
	auto_free uint8_t *now = mem_alloc(SEALED_PIECE), *ahead = mem_alloc(SEALED_PIECE);
	size_t len = 0, next_len = 0;
	int err = read_whole(from, now, SEAL_FILE_PIECE, &len);

	for (int64_t piece = 0; !err; piece++) {
		uint8_t *swap = now;
		bool last;

		err = read_whole(from, ahead, SEAL_FILE_PIECE, &next_len);
		last = !next_len;
		if (!err)
			err = cipher_run(cipher, piece, last, now, len, now);
		if (!err)
			err = write_whole(to, now, len + SEAL_TAG_LEN);
		if (last)
			break;
		now = ahead;
		ahead = swap;
		len = next_len;
	}
	return err;
}

int seal_file_write(const struct seal_file *file, const char *from_path, const char *to_path)
{
	int from = open(from_path, O_RDONLY | O_CLOEXEC), to, err;
	struct cipher cipher = {0};

	if (from < 0)
		return -errno;
	to = open(to_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	err = to < 0 ? -errno : cipher_open(&cipher, file, true);
	if (!err) {
		err = write_header(file, to);
		if (!err)
			err = write_pieces(&cipher, from, to);
		cipher_close(&cipher);
	}
	if (!err && fsync(to))
		err = -errno;
	if (to >= 0)
		close(to);
	if (err && to >= 0)
		(void)unlink(to_path);
	close(from);
	return err;
}

/* ---- reading ---- */

int64_t seal_file_plain_size(int64_t sealed_size)
{
	int64_t body = sealed_size - SEAL_FILE_HEADER;
	int64_t pieces = (body + SEALED_PIECE - 1) / SEALED_PIECE;

	if (body < SEAL_TAG_LEN || body - (pieces - 1) * SEALED_PIECE < SEAL_TAG_LEN)
		return -EBADMSG;
	return body - pieces * SEAL_TAG_LEN;
}

struct seal_file_range seal_file_range(int64_t plain_size, int64_t offset, size_t len)
{
	struct seal_file_range range = {.plain_size = plain_size};
	int64_t left = plain_size - offset, first = offset / SEAL_FILE_PIECE, end, last;

	if (left <= 0 || !len)
		return range;
	range.want = (uint64_t)left < len ? (size_t)left : len;
	range.skip = (size_t)(offset % SEAL_FILE_PIECE);
	last = (offset + (int64_t)range.want - 1) / SEAL_FILE_PIECE;
	end = (last + 1) * SEAL_FILE_PIECE;
	if (end > plain_size)
		end = plain_size;
	range.offset = SEAL_FILE_HEADER + first * (int64_t)SEALED_PIECE;
	range.len = (size_t)(end - first * SEAL_FILE_PIECE + (last - first + 1) * SEAL_TAG_LEN);
	return range;
}

int seal_file_open(const struct seal_file *file, const struct seal_file_range *range,
		   const void *sealed, uint8_t *out)
{
	int64_t piece = (range->offset - SEAL_FILE_HEADER) / SEALED_PIECE;
	const uint8_t *data = sealed;
	struct cipher cipher = {0};
	int err;

	if (!range->len)
		return 0;
	err = cipher_open(&cipher, file, false);
	if (err)
		return err;
	for (size_t left = range->len; !err && left; piece++) {
		bool last = (piece + 1) * SEAL_FILE_PIECE >= range->plain_size;
		size_t len = left < SEALED_PIECE ? left : SEALED_PIECE;

		err = cipher_run(&cipher, piece, last, data, len - SEAL_TAG_LEN, out);
		data += len;
		out += SEAL_FILE_PIECE;
		left -= len;
	}
	cipher_close(&cipher);
	return err;
}
