#include "carrier/call_tape.h"

#include "core/buf.h"
#include "core/mem.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "loop/work.h"
#include "media/wav.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	RATE_HZ = 8000,
	SAMPLES_PER_MS = RATE_HZ / 1000,
	FLUSH_MS = 1000,
	LATENESS_MS = 200, /* a frame may come so late and still belong to its place */
	GAP_MS = 60,       /* jitter below this is no silence */
	MIX_FRAMES = 4096,
};

/* Samples of one side from position `done` on; what is missing is silence. */
struct track {
	struct buf samples;
};

/* Shared with the strand, which outlives the tape. */
struct file {
	int fd;
	int err;
	uint32_t channels;
	uint64_t data_len;
	char *path;
};

struct write_task {
	struct file *file;
	struct buf data;
	bool last;
	uint64_t duration_ms;
	call_tape_done_h *doneh;
	void *arg;
};

struct call_tape {
	struct loop *loop;
	struct strand *disk;
	struct timer *timer;
	struct file *file;
	uint64_t started_ms;
	uint64_t done; /* samples of each side given to the file */
	struct track heard, played;
	bool ended;
};

/* ---- the file ---- */

static int write_at(int fd, const void *data, size_t len, off_t at)
{
	const char *next = data;

	while (len) {
		ssize_t n = pwrite(fd, next, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		next += n;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static void file_destroy(void *data)
{
	struct file *file = data;

	if (file->fd >= 0)
		(void)close(file->fd);
	mem_free(file->path);
}

/* On the strand. Data first: a header never promises what is not there. */
static void file_write(void *arg)
{
	struct write_task *task = arg;
	struct file *file = task->file;
	uint8_t header[WAV_HEADER_SIZE];

	if (file->fd < 0 && !file->err) {
		file->fd = open(file->path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
		file->err = file->fd < 0 ? -errno : 0;
	}
	if (!file->err)
		file->err = write_at(file->fd, task->data.data, task->data.len,
				     (off_t)(WAV_HEADER_SIZE + file->data_len));
	if (file->err)
		return;
	file->data_len += task->data.len;
	wav_header(header, RATE_HZ, file->channels, file->data_len);
	file->err = write_at(file->fd, header, sizeof(header), 0);
	if (task->last) {
		(void)close(file->fd);
		file->fd = -1;
	}
}

static void on_written(void *arg)
{
	struct write_task *task = arg;

	if (task->doneh)
		task->doneh(task->file->err, task->duration_ms, task->arg);
	buf_free(&task->data);
	mem_unref(task->file);
	mem_free(task);
}

/* ---- the clock ---- */

static uint64_t now_samples(const struct call_tape *tape)
{
	return (loop_now_ms(tape->loop) - tape->started_ms) * SAMPLES_PER_MS;
}

static uint64_t track_end(const struct call_tape *tape, const struct track *track)
{
	return tape->done + track->samples.len / 2;
}

static void track_pad(struct call_tape *tape, struct track *track, uint64_t until)
{
	static const int16_t silence[RATE_HZ / 10];

	while (track_end(tape, track) < until) {
		uint64_t missing = until - track_end(tape, track);

		if (missing > RATE_HZ / 10)
			missing = RATE_HZ / 10;
		buf_append(&track->samples, silence, missing * 2);
	}
}

static void track_add(struct call_tape *tape, struct track *track, const int16_t *samples,
		      size_t count)
{
	uint64_t now = now_samples(tape);

	if (track_end(tape, track) + GAP_MS * SAMPLES_PER_MS < now)
		track_pad(tape, track, now);
	buf_append(&track->samples, samples, count * 2);
}

static int16_t mixed(int a, int b)
{
	int sum = a + b;

	return (int16_t)(sum > INT16_MAX ? INT16_MAX : sum < INT16_MIN ? INT16_MIN : sum);
}

static void interleave(struct buf *out, const struct call_tape *tape, size_t count)
{
	const int16_t *heard = (const int16_t *)(const void *)tape->heard.samples.data;
	const int16_t *played = (const int16_t *)(const void *)tape->played.samples.data;

	for (size_t i = 0; i < count; i++) {
		int16_t pair[2] = {heard[i], played[i]};

		if (tape->file->channels == 1)
			pair[0] = mixed(pair[0], pair[1]);
		buf_append(out, pair, tape->file->channels * 2);
	}
}

/* Give everything before `until` to the file. */
static void call_tape_flush(struct call_tape *tape, uint64_t until, call_tape_done_h *doneh,
			    void *arg)
{
	struct write_task *task;
	size_t count = until > tape->done ? (size_t)(until - tape->done) : 0;

	if (!count && !doneh)
		return;
	track_pad(tape, &tape->heard, until);
	track_pad(tape, &tape->played, until);
	task = mem_alloc(sizeof(*task));
	task->file = mem_ref(tape->file);
	interleave(&task->data, tape, count);
	buf_consume(&tape->heard.samples, count * 2);
	buf_consume(&tape->played.samples, count * 2);
	tape->done += count;
	task->last = doneh != NULL;
	task->duration_ms = tape->done / SAMPLES_PER_MS;
	task->doneh = doneh;
	task->arg = arg;
	strand_post(tape->disk, file_write, on_written, task);
}

static void on_flush(void *arg)
{
	struct call_tape *tape = arg;
	uint64_t now = now_samples(tape);

	if (now > LATENESS_MS * SAMPLES_PER_MS)
		call_tape_flush(tape, now - LATENESS_MS * SAMPLES_PER_MS, NULL, NULL);
	timer_start(tape->timer, FLUSH_MS);
}

/* ---- */

static void ignore_done(int err, uint64_t duration_ms, void *arg)
{
}

static void call_tape_destroy(void *data)
{
	struct call_tape *tape = data;

	if (!tape->ended)
		call_tape_end(tape, ignore_done, NULL);
	mem_unref(tape->timer);
	mem_unref(tape->file);
	buf_free(&tape->heard.samples);
	buf_free(&tape->played.samples);
}

struct call_tape *call_tape_new(const struct call_tape_conf *conf)
{
	struct call_tape *tape = mem_new(sizeof(*tape), call_tape_destroy);

	tape->loop = conf->loop;
	tape->disk = conf->disk;
	tape->file = mem_new(sizeof(*tape->file), file_destroy);
	tape->file->fd = -1;
	tape->file->channels = conf->channels;
	tape->file->path = mem_strdup(conf->path);
	tape->started_ms = loop_now_ms(conf->loop);
	tape->timer = timer_new(conf->loop, on_flush, tape);
	timer_start(tape->timer, FLUSH_MS);
	return tape;
}

void call_tape_hear(struct call_tape *tape, const int16_t *samples, size_t count)
{
	if (!tape->ended)
		track_add(tape, &tape->heard, samples, count);
}

void call_tape_play(struct call_tape *tape, const int16_t *samples, size_t count)
{
	if (!tape->ended)
		track_add(tape, &tape->played, samples, count);
}

void call_tape_clear(struct call_tape *tape)
{
	uint64_t now = now_samples(tape);
	uint64_t keep = now > tape->done ? now - tape->done : 0;

	if (tape->played.samples.len / 2 > keep) {
		struct buf kept = {0};

		buf_append(&kept, tape->played.samples.data, keep * 2);
		buf_free(&tape->played.samples);
		tape->played.samples = kept;
	}
}

void call_tape_end(struct call_tape *tape, call_tape_done_h *doneh, void *arg)
{
	tape->ended = true;
	timer_stop(tape->timer);
	call_tape_flush(tape, now_samples(tape), doneh, arg);
}

/* ---- files of earlier calls ---- */

static int open_tape(const char *path, uint32_t *ret_channels, uint64_t *ret_data_len)
{
	uint8_t header[WAV_HEADER_SIZE];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (read(fd, header, sizeof(header)) != sizeof(header) || memcmp(header, "RIFF", 4) ||
	    memcmp(header + 36, "data", 4) || header[22] < 1 || header[22] > 2) {
		(void)close(fd);
		return -EBADMSG;
	}
	*ret_channels = header[22];
	*ret_data_len = header[40] | (uint32_t)header[41] << 8 | (uint32_t)header[42] << 16 |
			(uint32_t)header[43] << 24;
	return fd;
}

uint64_t call_tape_file_duration_ms(const char *path)
{
	uint32_t channels;
	uint64_t len;
	int fd = open_tape(path, &channels, &len);

	if (fd < 0)
		return 0;
	(void)close(fd);
	return len / (2 * channels) / SAMPLES_PER_MS;
}

static int mix_frames(int out, int in, uint64_t *ret_len)
{
	int16_t pairs[MIX_FRAMES * 2], mono[MIX_FRAMES];
	ssize_t n;
	int err;

	while ((n = read(in, pairs, sizeof(pairs))) > 0) {
		size_t frames = (size_t)n / 4;

		for (size_t i = 0; i < frames; i++)
			mono[i] = mixed(pairs[2 * i], pairs[2 * i + 1]);
		err = write_at(out, mono, frames * 2, (off_t)(WAV_HEADER_SIZE + *ret_len));
		if (err)
			return err;
		*ret_len += frames * 2;
	}
	return n ? -errno : 0;
}

int call_tape_file_mix(const char *dst, const char *src)
{
	auto_free char *part = mem_printf("%s.part", dst);
	uint8_t header[WAV_HEADER_SIZE];
	uint32_t channels;
	uint64_t len, mixed_len = 0;
	int in = open_tape(src, &channels, &len), out, err;

	if (in < 0)
		return in;
	out = open(part, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	err = out < 0 ? -errno : channels != 2 ? -EINVAL : mix_frames(out, in, &mixed_len);
	if (!err) {
		wav_header(header, RATE_HZ, 1, mixed_len);
		err = write_at(out, header, sizeof(header), 0);
	}
	if (out >= 0)
		(void)close(out);
	(void)close(in);
	if (!err && rename(part, dst))
		err = -errno;
	return err;
}
