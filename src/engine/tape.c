#include "engine/tape.h"

#include "core/buf.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/safe_file.h"
#include "loop/work.h"
#include "media/wav.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum {
	WRITE_BYTES = 64 << 10,
	MAX_AGENT_S = 120,
	MAX_FILE_BYTES = 1 << 30, /* nine hours at 8 kHz */
};

/* The file; shared with the worker, which closes it after the last piece. */
struct reel {
	int fd;
	uint32_t rate_hz;
	uint32_t data_bytes;
	struct safe *safe;
	char *path;
	int seal_err;
};

struct tape {
	struct strand *strand;
	struct reel *reel;
	uint32_t rate_hz, agent_rate_hz;
	struct buf agent; /* int16_t at rate_hz, not yet heard */
	struct buf out;   /* stereo frames not yet written */
	double agent_at;
	uint64_t bytes;
};

struct piece {
	struct reel *reel;
	struct buf data;
};

static void write_header(const struct reel *reel)
{
	uint8_t header[WAV_HEADER_SIZE];

	wav_header(header, reel->rate_hz, 2, reel->data_bytes);
	if (pwrite(reel->fd, header, sizeof(header), 0) != (ssize_t)sizeof(header))
		return; /* a full disk shows in a short file */
}

static void write_piece(void *arg)
{
	struct piece *piece = arg;
	struct reel *reel = piece->reel;
	ssize_t written = pwrite(reel->fd, piece->data.data, piece->data.len,
				 WAV_HEADER_SIZE + reel->data_bytes);

	if (written > 0)
		reel->data_bytes += (uint32_t)written;
	write_header(reel);
}

static void piece_done(void *arg)
{
	mem_unref(arg);
}

static void piece_destroy(void *data)
{
	struct piece *piece = data;

	buf_free(&piece->data);
	mem_unref(piece->reel);
}

static void write_out(struct tape *tape)
{
	struct piece *piece;

	if (tape->out.len == 0)
		return;
	piece = mem_new(sizeof(*piece), piece_destroy);
	piece->reel = mem_ref(tape->reel);
	piece->data = tape->out;
	tape->out = (struct buf){0};
	strand_post(tape->strand, write_piece, piece_done, piece);
}

static void reel_destroy(void *data)
{
	struct reel *reel = data;

	if (reel->fd >= 0)
		close(reel->fd);
	mem_unref(reel->safe);
	mem_free(reel->path);
}

static void finish_reel(void *arg)
{
	struct reel *reel = arg;

	close(reel->fd);
	reel->fd = -1;
	reel->seal_err = safe_file_seal(reel->safe, reel->path);
}

/* It plays all the same, and is sealed at the next start; unless it was deleted meanwhile. */
static void reel_finished(void *arg)
{
	struct reel *reel = arg;
	struct log log;

	log_init(&log, "engine", NULL);
	if (reel->seal_err && reel->seal_err != -ENOENT)
		LOG_WARN(&log, "recording_not_sealed", LOG_STR("path", reel->path),
			 LOG_ERR(reel->seal_err));
	mem_unref(reel);
}

static void tape_destroy(void *data)
{
	struct tape *tape = data;

	if (tape->strand) {
		write_out(tape);
		strand_post(tape->strand, finish_reel, reel_finished, mem_ref(tape->reel));
	}
	mem_unref(tape->strand);
	mem_unref(tape->reel);
	buf_free(&tape->agent);
	buf_free(&tape->out);
}

int tape_new(struct tape **ret_tape, const struct tape_conf *conf)
{
	int fd = open(conf->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct tape *tape;

	if (fd < 0)
		return -errno;
	tape = mem_new(sizeof(*tape), tape_destroy);
	tape->reel = mem_new(sizeof(*tape->reel), reel_destroy);
	tape->reel->fd = fd;
	tape->reel->rate_hz = conf->rate_hz;
	tape->reel->safe = mem_ref(conf->safe);
	tape->reel->path = mem_strdup(conf->path);
	tape->rate_hz = conf->rate_hz;
	tape->agent_rate_hz = conf->agent_rate_hz;
	tape->strand = strand_new(conf->pool);
	write_header(tape->reel);
	*ret_tape = tape;
	return 0;
}

void tape_agent(struct tape *tape, const int16_t *samples, size_t count)
{
	double step = (double)tape->agent_rate_hz / tape->rate_hz;

	if (tape->agent.len > (size_t)tape->rate_hz * 2 * MAX_AGENT_S)
		return;
	for (; tape->agent_at < (double)count; tape->agent_at += step)
		buf_append(&tape->agent, &samples[(size_t)tape->agent_at], sizeof(int16_t));
	tape->agent_at -= (double)count;
}

void tape_cut(struct tape *tape)
{
	buf_clear(&tape->agent);
}

void tape_caller(struct tape *tape, const int16_t *samples, size_t count)
{
	size_t agent = tape->agent.len / sizeof(int16_t);
	const int16_t *words = (const int16_t *)tape->agent.data;

	if (tape->bytes > MAX_FILE_BYTES)
		return;
	if (agent > count)
		agent = count;
	for (size_t i = 0; i < count; i++) {
		int16_t frame[2] = {samples[i], i < agent ? words[i] : 0};

		buf_append(&tape->out, frame, sizeof(frame));
	}
	buf_consume(&tape->agent, agent * sizeof(int16_t));
	tape->bytes += count * 4;
	if (tape->out.len >= WRITE_BYTES)
		write_out(tape);
}
