#include "carrier/call_tape.h"

#include "core/buf.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/safe_file.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "loop/work.h"
#include "media/wav.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	RATE_HZ = 8000,
	SAMPLES_PER_MS = RATE_HZ / 1000,
	FLUSH_MS = 1000,
	LATENESS_MS = 300, /* a frame may come so late and still belong to its place */
	GAP_MS = 60,       /* what comes less behind its time continues what was before */
	HEARD_GAP_MS =
		240, /* of what is heard: that is how long it is waited for (media/jitter.h) */
	MIX_FRAMES = 4096,
	TRIM_WINDOW = RATE_HZ / 50, /* looked at as a whole */
	TRIM_MARGIN = RATE_HZ / 10, /* kept beside the sound */
	TRIM_LEVEL = 250,           /* mean of a window that is sound; some -42 dB */
};

enum pausing { NOT_PAUSED, PAUSED_AS_SILENCE, PAUSED_AS_NOTHING };

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
	bool trim;
	struct safe *safe;
	char *path;
};

struct write_task {
	struct file *file;
	struct buf data;
	bool last;
	uint64_t duration_ms; /* of the whole file, once it is written */
	int seal_err;
	call_tape_done_h *doneh;
	void *arg;
};

struct call_tape {
	struct loop *loop;
	struct strand *disk;
	struct timer *timer;
	struct file *file;
	uint64_t started_ms;
	uint64_t done; /* samples of each side given to the file, or passed over */
	enum pausing pausing;
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
	mem_unref(file->safe);
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
	if (!task->last)
		return;
	(void)close(file->fd);
	file->fd = -1;
	task->duration_ms = file->data_len / (2 * (uint64_t)file->channels) / SAMPLES_PER_MS;
	if (file->trim && !file->err)
		file->err = call_tape_file_trim(&task->duration_ms, file->path);
	if (!file->err)
		task->seal_err = safe_file_seal(file->safe, file->path);
}

/* It plays all the same, and is sealed at the next start. */
static void tell_not_sealed(const struct write_task *task)
{
	struct log log;

	log_init(&log, "carrier", NULL);
	LOG_WARN(&log, "recording_not_sealed", LOG_STR("path", task->file->path),
		 LOG_ERR(task->seal_err));
}

static void on_written(void *arg)
{
	struct write_task *task = arg;

	if (task->seal_err)
		tell_not_sealed(task);
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
		      size_t count, uint64_t gap_ms)
{
	uint64_t now = now_samples(tape);

	if (track_end(tape, track) + gap_ms * SAMPLES_PER_MS < now)
		track_pad(tape, track, now);
	buf_append(&track->samples, samples, count * 2);
}

static int16_t mixed(int a, int b)
{
	int sum = a + b;

	return (int16_t)(sum > INT16_MAX ? INT16_MAX : sum < INT16_MIN ? INT16_MIN : sum);
}

/* Both tracks' first samples as the file has them; what is paused is silent. */
static void interleave(struct buf *out, const struct call_tape *tape, size_t count)
{
	const int16_t *heard = (const int16_t *)(const void *)tape->heard.samples.data;
	const int16_t *played = (const int16_t *)(const void *)tape->played.samples.data;
	uint32_t channels = tape->file->channels;
	int16_t block[2 * TRIM_WINDOW] = {0};

	for (size_t at = 0; at < count;) {
		size_t n = count - at < TRIM_WINDOW ? count - at : TRIM_WINDOW;

		for (size_t i = 0; i < n && !tape->pausing; i++) {
			if (channels == 1) {
				block[i] = mixed(heard[at + i], played[at + i]);
			} else {
				block[2 * i] = heard[at + i];
				block[2 * i + 1] = played[at + i];
			}
		}
		buf_append(out, block, n * channels * sizeof(*block));
		at += n;
	}
}

/* Give everything before `until` to the file, or pass it over. */
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
	if (tape->pausing != PAUSED_AS_NOTHING)
		interleave(&task->data, tape, count);
	buf_consume(&tape->heard.samples, count * 2);
	buf_consume(&tape->played.samples, count * 2);
	tape->done += count;
	task->last = doneh != NULL;
	task->doneh = doneh;
	task->arg = arg;
	strand_post(tape->disk, file_write, on_written, task);
}

void call_tape_pause(struct call_tape *tape, bool keep_silence)
{
	if (tape->ended || tape->pausing)
		return;
	call_tape_flush(tape, now_samples(tape), NULL, NULL);
	tape->pausing = keep_silence ? PAUSED_AS_SILENCE : PAUSED_AS_NOTHING;
}

void call_tape_resume(struct call_tape *tape)
{
	if (tape->ended || !tape->pausing)
		return;
	call_tape_flush(tape, now_samples(tape), NULL, NULL);
	tape->pausing = NOT_PAUSED;
}

static void on_flush(void *arg)
{
	struct call_tape *tape = arg;
	const uint64_t late = (uint64_t)LATENESS_MS * SAMPLES_PER_MS;
	uint64_t now = now_samples(tape);

	if (now > late)
		call_tape_flush(tape, now - late, NULL, NULL);
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
	tape->file->trim = conf->trim;
	tape->file->safe = mem_ref(conf->safe);
	tape->file->path = mem_strdup(conf->path);
	tape->started_ms = loop_now_ms(conf->loop);
	tape->timer = timer_new(conf->loop, on_flush, tape);
	timer_start(tape->timer, FLUSH_MS);
	return tape;
}

void call_tape_hear(struct call_tape *tape, const int16_t *samples, size_t count)
{
	if (!tape->ended)
		track_add(tape, &tape->heard, samples, count,
			  track_end(tape, &tape->heard) ? HEARD_GAP_MS : GAP_MS);
}

void call_tape_play(struct call_tape *tape, const int16_t *samples, size_t count)
{
	if (!tape->ended)
		track_add(tape, &tape->played, samples, count, GAP_MS);
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

/* Returns 0 or -EBADMSG: nothing that a tape wrote. */
static int parse_header(const uint8_t header[WAV_HEADER_SIZE], uint32_t *ret_channels,
			uint64_t *ret_data_len)
{
	if (memcmp(header, "RIFF", 4) || memcmp(header + 36, "data", 4) || header[22] < 1 ||
	    header[22] > 2)
		return -EBADMSG;
	*ret_channels = header[22];
	*ret_data_len = header[40] | (uint32_t)header[41] << 8 | (uint32_t)header[42] << 16 |
			(uint32_t)header[43] << 24;
	return 0;
}

static int open_tape(struct safe_file **ret_file, const struct safe *safe, const char *path,
		     uint32_t *ret_channels, uint64_t *ret_data_len)
{
	uint8_t header[WAV_HEADER_SIZE];
	struct safe_file *file;
	int err = safe_file_open(&file, safe, path);

	if (err)
		return err;
	if (safe_file_read(file, 0, header, sizeof(header)) != sizeof(header) ||
	    parse_header(header, ret_channels, ret_data_len)) {
		mem_unref(file);
		return -EBADMSG;
	}
	*ret_file = file;
	return 0;
}

uint64_t call_tape_file_duration_ms(const struct safe *safe, const char *path)
{
	struct safe_file *file;
	uint32_t channels = 1;
	uint64_t len = 0;

	if (open_tape(&file, safe, path, &channels, &len))
		return 0;
	mem_unref(file);
	return len / (2 * (uint64_t)channels) / SAMPLES_PER_MS;
}

/* Whether any channel of the frames sounds. */
static bool sounds(const int16_t *samples, size_t frames, uint32_t channels)
{
	for (uint32_t c = 0; c < channels; c++) {
		uint64_t sum = 0;

		for (size_t i = 0; i < frames; i++)
			sum += (uint64_t)abs(samples[i * channels + c]);
		if (sum > (uint64_t)frames * TRIM_LEVEL)
			return true;
	}
	return false;
}

/* The first (or last) window with sound in it; -ENODATA when there is none. */
static int64_t find_sound(int fd, uint32_t channels, uint64_t windows, bool last)
{
	int16_t samples[2 * TRIM_WINDOW];
	size_t size = (size_t)TRIM_WINDOW * channels * sizeof(*samples);

	for (uint64_t i = 0; i < windows; i++) {
		uint64_t window = last ? windows - 1 - i : i;
		ssize_t n = pread(fd, samples, size, (off_t)(WAV_HEADER_SIZE + window * size));

		if (n < 0)
			return -errno;
		if (sounds(samples, (size_t)n / (channels * sizeof(*samples)), channels))
			return (int64_t)window;
	}
	return -ENODATA;
}

/* Move len bytes of data to the beginning of the file, which ends behind them then. */
static int keep_part(int fd, uint32_t channels, uint64_t from, uint64_t len)
{
	uint8_t block[16384], header[WAV_HEADER_SIZE];

	for (uint64_t at = 0; at < len && from;) {
		size_t want = len - at < sizeof(block) ? (size_t)(len - at) : sizeof(block);
		ssize_t n = pread(fd, block, want, (off_t)(WAV_HEADER_SIZE + from + at));
		int err = n <= 0 ? -EIO
				 : write_at(fd, block, (size_t)n, (off_t)(WAV_HEADER_SIZE + at));

		if (err)
			return err;
		at += (uint64_t)n;
	}
	wav_header(header, RATE_HZ, channels, len);
	if (ftruncate(fd, (off_t)(WAV_HEADER_SIZE + len)))
		return -errno;
	return write_at(fd, header, sizeof(header), 0);
}

static int trim_fd(uint64_t *ret_ms, int fd, uint32_t channels, uint64_t len)
{
	uint64_t frame = channels * sizeof(int16_t), frames = len / frame;
	uint64_t windows = (frames + TRIM_WINDOW - 1) / TRIM_WINDOW, from, until;
	int64_t first = find_sound(fd, channels, windows, false);
	int64_t last = first < 0 ? first : find_sound(fd, channels, windows, true);

	if (first == -ENODATA)
		frames = from = until = 0;
	else if (first < 0 || last < 0)
		return (int)(first < 0 ? first : last);
	else {
		from = (uint64_t)first * TRIM_WINDOW;
		from = from > TRIM_MARGIN ? from - TRIM_MARGIN : 0;
		until = (uint64_t)(last + 1) * TRIM_WINDOW + TRIM_MARGIN;
	}
	if (until > frames)
		until = frames;
	*ret_ms = (until - from) / SAMPLES_PER_MS;
	return keep_part(fd, channels, from * frame, (until - from) * frame);
}

int call_tape_file_trim(uint64_t *ret_ms, const char *path)
{
	uint8_t header[WAV_HEADER_SIZE];
	uint32_t channels = 1;
	uint64_t len = 0;
	int fd = open(path, O_RDWR | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = pread(fd, header, sizeof(header), 0) == sizeof(header)
		      ? parse_header(header, &channels, &len)
		      : -EBADMSG;
	if (!err)
		err = trim_fd(ret_ms, fd, channels, len);
	(void)close(fd);
	return err;
}

static int mix_frames(int out, struct safe_file *in, uint64_t *ret_len)
{
	int16_t pairs[MIX_FRAMES * 2], mono[MIX_FRAMES];
	int64_t offset = WAV_HEADER_SIZE;
	ssize_t n;
	int err;

	while ((n = safe_file_read(in, offset, pairs, sizeof(pairs))) > 0) {
		size_t frames = (size_t)n / 4;

		for (size_t i = 0; i < frames; i++)
			mono[i] = mixed(pairs[2 * i], pairs[2 * i + 1]);
		err = write_at(out, mono, frames * 2, (off_t)(WAV_HEADER_SIZE + *ret_len));
		if (err)
			return err;
		*ret_len += frames * 2;
		offset += n;
	}
	return (int)n;
}

static int mix_file(const char *dst, struct safe_file *in)
{
	uint8_t header[WAV_HEADER_SIZE];
	uint64_t len = 0;
	int out = open(dst, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600), err;

	if (out < 0)
		return -errno;
	err = mix_frames(out, in, &len);
	wav_header(header, RATE_HZ, 1, len);
	if (!err)
		err = write_at(out, header, sizeof(header), 0);
	(void)close(out);
	return err;
}

int call_tape_file_mix(const struct safe *safe, const char *dst, const char *src)
{
	auto_free char *part = mem_printf("%s.part", dst);
	auto_unref struct safe_file *in = NULL;
	uint32_t channels = 1;
	uint64_t len = 0;
	int err = open_tape(&in, safe, src, &channels, &len);

	if (!err)
		err = channels == 2 ? mix_file(part, in) : -EINVAL;
	if (!err && rename(part, dst))
		err = -errno;
	return err ? err : safe_file_seal(safe, dst);
}
