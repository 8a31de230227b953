#include "core/master_key.h"

#include "core/buf.h"
#include "core/clock.h"
#include "core/digest.h"
#include "core/encoding.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_TEXT = 512, COMMAND_LIMIT_MS = 10000 };

extern char **environ;

static void wipe(struct buf *buf)
{
	if (buf->data)
		explicit_bzero(buf->data, buf->cap);
	buf_free(buf);
}
#define auto_wipe __attribute__((cleanup(wipe)))

static int parse_bytes(uint8_t out[SEAL_KEY_LEN], const char *text, size_t len)
{
	struct buf auto_wipe bytes = {0};

	if (!hex_decode(out, SEAL_KEY_LEN, text, len))
		return 0;
	if (len != (size_t)BASE64_LEN(SEAL_KEY_LEN) || base64_decode(&bytes, text, len) ||
	    bytes.len != (size_t)SEAL_KEY_LEN)
		return -EINVAL;
	memcpy(out, bytes.data, SEAL_KEY_LEN);
	return 0;
}

int master_key_parse(struct master_key *ret_key, const char *text)
{
	uint8_t bytes[SEAL_KEY_LEN], hash[SHA256_LEN];
	size_t len = strlen(text);

	while (len > 0 && strchr(" \t\r\n", text[len - 1]))
		len--;
	if (parse_bytes(bytes, text, len))
		return -EINVAL;
	ret_key->key = seal_key_new(bytes);
	explicit_bzero(bytes, sizeof(bytes));
	seal_hash(hash, ret_key->key, "master key id", "", 0);
	hex_encode(ret_key->id, hash, (MASTER_KEY_ID_SIZE - 1) / 2);
	return 0;
}

static int add(struct master_keys *keys, const char *name, const char *text, char error[256])
{
	if (!master_key_parse(&keys->keys[keys->count], text)) {
		keys->count++;
		return 0;
	}
	snprintf(error, 256, "%s: must be 32 bytes, as 64 hex digits or as base64", name);
	return -EINVAL;
}

/* ---- from a file ---- */

static int read_fd(struct buf *out, int fd)
{
	char block[MAX_TEXT];
	ssize_t got = read(fd, block, sizeof(block));

	if (got > 0)
		buf_append(out, block, (size_t)got);
	explicit_bzero(block, sizeof(block));
	return got < 0 ? -errno : (int)got;
}

static int add_file(struct master_keys *keys, const char *name, const char *path, char error[256])
{
	struct buf auto_wipe text = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = fd < 0 ? -errno : read_fd(&text, fd);
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st) && st.st_mode & (S_IRWXG | S_IRWXO) && err >= 0) {
		snprintf(error, 256, "%s: %.160s is open to others than its owner: chmod 600 it",
			 name, path);
		close(fd);
		return -EPERM;
	}
	if (fd >= 0)
		close(fd);
	if (err < 0) {
		snprintf(error, 256, "%s: %.160s: %s", name, path, strerror(-err));
		return err;
	}
	return add(keys, name, buf_str(&text), error);
}

/* Processes started together race here: the first one's file stays. */
static int make_file(const char *path)
{
	enum { DIGITS = 2 * SEAL_KEY_LEN };
	char hex[DIGITS + 2], temporary[1200];
	int fd, err = 0;

	random_hex(hex, DIGITS);
	hex[DIGITS] = '\n';
	snprintf(temporary, sizeof(temporary), "%s.%d", path, (int)getpid());
	fd = open(temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (write(fd, hex, DIGITS + 1) != DIGITS + 1 || fsync(fd))
		err = -EIO;
	close(fd);
	if (!err && link(temporary, path) && errno != EEXIST)
		err = -errno;
	(void)unlink(temporary);
	explicit_bzero(hex, sizeof(hex));
	return err;
}

static int add_own_file(struct master_keys *keys, const struct settings *settings, char error[256])
{
	auto_free char *path = mem_printf("%s/master.key", settings->data_dir);
	int err = 0;

	if (mkdir(settings->data_dir, 0700) && errno != EEXIST)
		err = -errno;
	if (!err && access(path, F_OK))
		err = make_file(path);
	if (err) {
		snprintf(error, 256, "DATA_DIR: cannot write %.160s: %s", path, strerror(-err));
		return err;
	}
	return add_file(keys, "DATA_DIR", path, error);
}

/* ---- from a command ---- */

static int spawn_shell(pid_t *ret_pid, int *ret_fd, const char *command)
{
	char *argv[] = {"/bin/sh", "-c", (char *)command, NULL};
	posix_spawn_file_actions_t actions;
	int pipes[2], err;

	if (pipe2(pipes, O_CLOEXEC))
		return -errno;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, pipes[1], 1);
	err = -posix_spawn(ret_pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(pipes[1]);
	if (err)
		close(pipes[0]);
	else
		*ret_fd = pipes[0];
	return err;
}

static int read_until(struct buf *out, int fd, int64_t until_us)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	int64_t left_ms;
	int got;

	do {
		left_ms = (until_us - clock_mono_us()) / 1000;
		if (left_ms <= 0 || poll(&ready, 1, (int)left_ms) <= 0)
			return -ETIMEDOUT;
		got = read_fd(out, fd);
	} while (got > 0 && out->len < MAX_TEXT);
	return got < 0 ? got : 0;
}

static int run_command(struct buf *out, const char *command)
{
	int64_t until_us = clock_mono_us() + COMMAND_LIMIT_MS * 1000ll;
	int fd = -1, status = 0, err;
	pid_t pid = -1;

	err = spawn_shell(&pid, &fd, command);
	if (err)
		return err;
	err = read_until(out, fd, until_us);
	close(fd);
	if (err)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!err && (!WIFEXITED(status) || WEXITSTATUS(status)))
		err = -ECHILD;
	return err;
}

static int add_command(struct master_keys *keys, const char *command, char error[256])
{
	struct buf auto_wipe text = {0};
	int err = run_command(&text, command);

	if (!err)
		return add(keys, "MASTER_KEY_COMMAND", buf_str(&text), error);
	snprintf(error, 256, "MASTER_KEY_COMMAND: %s",
		 err == -ECHILD      ? "the command failed"
		 : err == -ETIMEDOUT ? "the command took longer than 10 s"
				     : strerror(-err));
	return err;
}

/* ---- all ---- */

static int add_first(struct master_keys *keys, const struct settings *settings, char error[256])
{
	int set = (*settings->master_key ? 1 : 0) + (*settings->master_key_file ? 1 : 0) +
		  (*settings->master_key_command ? 1 : 0);

	if (set > 1) {
		snprintf(error, 256,
			 "MASTER_KEY: only one of MASTER_KEY, MASTER_KEY_FILE and "
			 "MASTER_KEY_COMMAND may be set");
		return -EINVAL;
	}
	if (*settings->master_key)
		return add(keys, "MASTER_KEY", settings->master_key, error);
	if (*settings->master_key_file)
		return add_file(keys, "MASTER_KEY_FILE", settings->master_key_file, error);
	if (*settings->master_key_command)
		return add_command(keys, settings->master_key_command, error);
	return add_own_file(keys, settings, error);
}

int master_keys_load(struct master_keys *ret_keys, const struct settings *settings, char error[256])
{
	struct master_keys keys = {0};
	int err = add_first(&keys, settings, error);

	if (!err && *settings->master_key_also)
		err = add(&keys, "MASTER_KEY_ALSO", settings->master_key_also, error);
	if (err)
		master_keys_free(&keys);
	else
		*ret_keys = keys;
	return err;
}

void master_keys_free(struct master_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		mem_unref(keys->keys[i].key);
	keys->count = 0;
}
