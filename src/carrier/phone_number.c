#include "carrier/phone_number.h"

#include "carrier/carrier_priv.h"
#include "core/clock.h"
#include "core/digest.h"
#include "core/encoding.h"
#include "core/json.h"
#include "core/mem.h"
#include "core/phone.h"
#include "core/setting.h"
#include "core/str.h"
#include "loop/work.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_FILE = 32 * 1024 * 1024 };

struct phone_book {
	struct carrier *carrier;
	char *path;
	struct list numbers; /* newest first */
	struct sid_index *by_sid, *by_number;
	uint64_t last_order;
};

static void target_clear(struct call_leg_target *target)
{
	target->url = mem_free(target->url);
	target->method = mem_free(target->method);
}

static void number_destroy(void *data)
{
	struct phone_number *number = data;

	list_remove(&number->node);
	sid_index_remove(&number->by_sid);
	sid_index_remove(&number->by_number);
	mem_free(number->number);
	mem_free(number->friendly_name);
	target_clear(&number->voice);
	target_clear(&number->fallback);
	target_clear(&number->status);
}

static void book_destroy(void *data)
{
	struct phone_book *book = data;
	void *number;

	while ((number = list_pop(&book->numbers)))
		mem_unref(number);
	mem_unref(book->by_sid);
	mem_unref(book->by_number);
	mem_free(book->path);
}

/* ---- the book ---- */

static struct phone_number *add(struct phone_book *book, const char *number, const char *sid)
{
	struct phone_number *entry = mem_new(sizeof(*entry), number_destroy);

	str_copy(entry->sid, sizeof(entry->sid), sid);
	entry->order = ++book->last_order;
	entry->number = mem_strdup(number);
	entry->friendly_name = mem_strdup(number);
	entry->created_us = entry->updated_us = clock_wall_us();
	list_prepend(&book->numbers, &entry->node, entry);
	sid_index_add(book->by_sid, &entry->by_sid, entry->sid, entry);
	sid_index_add(book->by_number, &entry->by_number, entry->number, entry);
	return entry;
}

struct phone_number *phone_book_add(struct phone_book *book, const char *number)
{
	char sid[SID_SIZE];

	if (book->numbers.len >= NUMBER_MAX)
		return NULL;
	sid_new(sid, "PN");
	return add(book, number, sid);
}

void phone_number_touch(struct phone_number *number)
{
	number->updated_us = clock_wall_us();
}

void phone_book_remove(struct phone_book *book, struct phone_number *number)
{
	mem_unref(number);
}

struct phone_number *phone_book_find(const struct phone_book *book, const char *sid)
{
	return sid_index_find(book->by_sid, sid);
}

struct phone_number *phone_book_by_number(const struct phone_book *book, const char *number)
{
	return sid_index_find(book->by_number, number);
}

void phone_book_each(const struct phone_book *book, uint64_t before, number_h *numberh, void *arg)
{
	LIST_EACH(&book->numbers, node)
	{
		struct phone_number *number = node->data;

		if ((!before || number->order < before) && !numberh(number, arg))
			return;
	}
}

/* ---- the file ---- */

static void set_target(json_t *json, const char *key, const struct call_leg_target *target)
{
	if (target->url)
		json_object_set_new(
			json, key,
			json_pack("{s:s,s:s}", "url", target->url, "method", target->method));
}

static void get_target(struct call_leg_target *target, const json_t *json, const char *key)
{
	const json_t *value = json_object_get(json, key);
	const char *url = json_get_str(value, "url", NULL);

	if (url)
		call_leg_target_set(target, url, json_get_str(value, "method", "POST"));
}

static json_t *number_to_json(const struct phone_number *number)
{
	json_t *json = json_object();

	json_set_str(json, "sid", number->sid);
	json_set_str(json, "number", number->number);
	json_set_str(json, "friendly_name", number->friendly_name);
	json_set_int(json, "created_us", number->created_us);
	json_set_int(json, "updated_us", number->updated_us);
	set_target(json, "voice", &number->voice);
	set_target(json, "fallback", &number->fallback);
	set_target(json, "status", &number->status);
	return json;
}

static int take_number(struct phone_book *book, const json_t *json)
{
	const char *number = json_get_str(json, "number", "");
	const char *sid = json_get_str(json, "sid", "");
	struct phone_number *entry;

	if (!phone_is_e164(number) || !sid_is_valid(sid, "PN") ||
	    phone_book_by_number(book, number) || phone_book_find(book, sid) ||
	    book->numbers.len >= NUMBER_MAX)
		return -EBADMSG;
	entry = add(book, number, sid);
	mem_replace_str(&entry->friendly_name, json_get_str(json, "friendly_name", number));
	entry->created_us = json_get_int(json, "created_us", entry->created_us);
	entry->updated_us = json_get_int(json, "updated_us", entry->updated_us);
	get_target(&entry->voice, json, "voice");
	get_target(&entry->fallback, json, "fallback");
	get_target(&entry->status, json, "status");
	return 0;
}

/* 0 also when there is no file yet. */
static int read_file(struct phone_book *book)
{
	FILE *in = fopen(book->path, "re");
	auto_json json_t *all = NULL;
	auto_free char *text = NULL;
	size_t len;
	int err;

	if (!in)
		return errno == ENOENT ? 0 : -errno;
	text = mem_alloc(MAX_FILE + 1);
	len = fread(text, 1, MAX_FILE + 1, in);
	fclose(in);
	if (len > MAX_FILE)
		return -EFBIG;
	err = json_parse(&all, text, len, NULL);
	if (err)
		return err;
	/* Written newest first. */
	for (size_t i = json_array_size(all); !err && i-- > 0;)
		err = take_number(book, json_array_get(all, i));
	return err;
}

/* The same SID at every start, also before anything was written. */
static void add_own(struct phone_book *book)
{
	const struct settings *s = book->carrier->settings;
	auto_free char *seed = mem_printf("%s %s", s->twilio_account_sid, s->twilio_phone_number);
	uint8_t digest[SHA256_LEN];
	char hex[2 * SHA256_LEN + 1], sid[SID_SIZE];

	if (!phone_is_e164(s->twilio_phone_number) ||
	    phone_book_by_number(book, s->twilio_phone_number))
		return;
	digest_sha256(digest, seed, strlen(seed));
	hex_encode(hex, digest, sizeof(digest));
	snprintf(sid, sizeof(sid), "PN%.32s", hex);
	add(book, s->twilio_phone_number, sid);
}

int phone_book_open(struct phone_book **ret_book, struct carrier *carrier, char error[256])
{
	struct phone_book *book = mem_new(sizeof(*book), book_destroy);
	int err;

	book->carrier = carrier;
	book->path = mem_printf("%s/carrier/numbers.json", carrier->settings->data_dir);
	book->by_sid = sid_index_new();
	book->by_number = sid_index_new();
	err = read_file(book);
	if (err) {
		snprintf(error, 256, "DATA_DIR: %.150s: %s", book->path, strerror(-err));
		mem_unref(book);
		return err;
	}
	add_own(book);
	*ret_book = book;
	return 0;
}

/* ---- writing, on the strand ---- */

struct save {
	char *path, *part;
	char *text;
	int err;
	phone_saved_h *savedh;
	void *arg;
};

static void save_destroy(void *data)
{
	struct save *save = data;

	mem_free(save->path);
	mem_free(save->part);
	mem_free(save->text);
}

static int write_all(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len) {
		ssize_t written = write(fd, text, len);

		if (written < 0 && errno != EINTR)
			return -errno;
		if (written > 0) {
			text += written;
			len -= (size_t)written;
		}
	}
	return fsync(fd) ? -errno : 0;
}

static void write_file(void *arg)
{
	struct save *save = arg;
	int fd = open(save->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0) {
		save->err = -errno;
		return;
	}
	save->err = write_all(fd, save->text);
	if (close(fd) && !save->err)
		save->err = -errno;
	if (!save->err && rename(save->part, save->path))
		save->err = -errno;
}

static void written(void *arg)
{
	struct save *save = arg;

	save->savedh(save->err, save->arg);
	mem_unref(save);
}

void phone_book_save(struct phone_book *book, phone_saved_h *savedh, void *arg)
{
	struct save *save = mem_new(sizeof(*save), save_destroy);
	auto_json json_t *all = json_array();

	LIST_EACH(&book->numbers, node)
	{
		json_array_append_new(all, number_to_json(node->data));
	}
	save->path = mem_strdup(book->path);
	save->part = mem_printf("%s.part", book->path);
	save->text = json_text(all);
	save->savedh = savedh;
	save->arg = arg;
	strand_post(book->carrier->disk, write_file, written, save);
}
