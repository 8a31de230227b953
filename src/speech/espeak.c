#include "speech/espeak.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/str.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAV_HEADER = 44, BLOCK = 8192 };

struct child {
	pid_t pid;
	int to;   /* its stdin: a socket, so that its death is an error and not a signal to us */
	int from; /* its stdout */
};

static int language_check(const char *language)
{
	const size_t len = strlen(language);

	if (len < 2 || len > 16)
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)language[i]) && language[i] != '-')
			return -EINVAL;
	return 0;
}

/* Its names are lower case; Mandarin is "cmn" there. base: without the region. */
static void voice_name(char out[32], const struct espeak_request *request, bool base)
{
	char language[17];

	str_copy(language, sizeof(language), request->language);
	str_lower(language);
	if (base)
		language[strcspn(language, "-")] = '\0';
	if (str_equal(language, "zh") || str_has_prefix(language, "zh-"))
		str_copy(language, sizeof(language), "cmn");
	snprintf(out, 32, "%s%s%s", language, request->variant ? "+" : "",
		 request->variant ? request->variant : "");
}

static int spawn(struct child *ret_child, const char *voice, unsigned words_per_minute)
{
	static const char *const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", NULL};
	char speed[16];
	const char *argv[] = {"espeak-ng", "-v", voice,     "-s",       speed,
			      "-b",        "1",  "--stdin", "--stdout", NULL};
	struct child child;
	int in[2], out[2], err;
	posix_spawn_file_actions_t actions;

	snprintf(speed, sizeof(speed), "%u", words_per_minute);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in))
		return -errno;
	if (pipe2(out, O_CLOEXEC)) {
		err = -errno;
		close(in[0]);
		close(in[1]);
		return err;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in[1], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	err = -posix_spawnp(&child.pid, "espeak-ng", &actions, NULL, (char *const *)argv,
			    (char *const *)environment);
	posix_spawn_file_actions_destroy(&actions);
	close(in[1]);
	close(out[1]);
	child.to = in[0];
	child.from = out[0];
	if (err) {
		close(child.to);
		close(child.from);
		return err;
	}
	*ret_child = child;
	return 0;
}

/* The text is smaller than a socket's buffer, so this does not block. */
static void write_text(struct child *child, const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		const ssize_t sent = send(child->to, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent <= 0)
			break;
		text += sent;
		len -= (size_t)sent;
	}
	close(child->to);
}

/* Returns the bytes read, 0 at the end, or a negative errno. */
static ssize_t read_some(struct child *child, void *data, size_t size, int64_t deadline_us)
{
	struct pollfd watched = {.fd = child->from, .events = POLLIN};
	const int64_t left_ms = (deadline_us - clock_mono_us()) / 1000;
	ssize_t got;

	if (left_ms <= 0 || poll(&watched, 1, (int)left_ms) == 0)
		return -ETIMEDOUT;
	got = read(child->from, data, size);
	return got < 0 ? (errno == EINTR ? read_some(child, data, size, deadline_us) : -errno)
		       : got;
}

struct stream {
	uint8_t block[BLOCK + 2];
	size_t held;  /* bytes in block */
	size_t total; /* bytes read */
	uint32_t rate_hz;
};

/* The header has the rate at byte 24; the sizes in it are unknown when it is written. */
static int take_header(struct stream *stream)
{
	const uint8_t *header = stream->block;

	if (memcmp(header, "RIFF", 4) != 0 || memcmp(header + 8, "WAVE", 4) != 0)
		return -EIO;
	stream->rate_hz = (uint32_t)header[24] | (uint32_t)header[25] << 8 |
			  (uint32_t)header[26] << 16 | (uint32_t)header[27] << 24;
	if (stream->rate_hz < 8000 || stream->rate_hz > 48000)
		return -EIO;
	stream->held -= WAV_HEADER;
	memmove(stream->block, stream->block + WAV_HEADER, stream->held);
	return 0;
}

static int give_samples(struct stream *stream, espeak_piece_h *pieceh, void *arg)
{
	int16_t samples[BLOCK / 2 + 1];
	const size_t count = stream->held / 2;

	for (size_t i = 0; i < count; i++)
		samples[i] = (int16_t)(stream->block[2 * i] | stream->block[2 * i + 1] << 8);
	stream->held -= 2 * count;
	if (stream->held)
		stream->block[0] = stream->block[2 * count];
	return count > 0 && pieceh(samples, count, stream->rate_hz, arg) ? -ECANCELED : 0;
}

/* Returns 0 at the end of the stream; -ENOENT when it held nothing (no such voice). */
static int read_stream(struct child *child, espeak_piece_h *pieceh, void *arg)
{
	const int64_t deadline_us = clock_mono_us() + ESPEAK_MAX_MS * 1000LL;
	struct stream stream = {.held = 0};
	int err = 0;

	while (!err) {
		const ssize_t got = read_some(child, stream.block + stream.held,
					      BLOCK - stream.held, deadline_us);

		if (got < 0)
			return (int)got;
		if (got == 0)
			return stream.rate_hz ? 0 : -ENOENT;
		stream.held += (size_t)got;
		stream.total += (size_t)got;
		if (stream.total > ESPEAK_MAX_BYTES)
			return -EFBIG;
		if (!stream.rate_hz && stream.held >= WAV_HEADER)
			err = take_header(&stream);
		if (!err && stream.rate_hz)
			err = give_samples(&stream, pieceh, arg);
	}
	return err;
}

static int speak_as(const char *voice, const struct espeak_request *request, espeak_piece_h *pieceh,
		    void *arg)
{
	struct child child = {.to = -1, .from = -1};
	int status;
	int err = spawn(&child, voice, request->words_per_minute);

	if (err)
		return err;
	write_text(&child, request->text);
	err = read_stream(&child, pieceh, arg);
	close(child.from);
	if (err)
		kill(child.pid, SIGKILL);
	while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR)
		;
	return err;
}

int espeak_speak(const struct espeak_request *request, espeak_piece_h *pieceh, void *arg)
{
	char voice[32];
	int err = language_check(request->language);

	if (err)
		return err;
	voice_name(voice, request, false);
	err = speak_as(voice, request, pieceh, arg);
	if (err == -ENOENT && strchr(request->language, '-')) {
		voice_name(voice, request, true);
		err = speak_as(voice, request, pieceh, arg);
	}
	return err;
}
