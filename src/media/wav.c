#include "media/wav.h"

#include "core/mem.h"
#include "media/g711.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	FORMAT_PCM = 1,
	FORMAT_ALAW = 6,
	FORMAT_ULAW = 7,
	FORMAT_EXTENSIBLE = 0xfffe,
	CHUNK_HEADER = 8,
};

struct format {
	uint16_t coding;
	uint16_t channels;
	uint32_t rate_hz;
	uint16_t bits;
};

static uint16_t get_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t get_u32(const uint8_t *at)
{
	return (uint32_t)get_u16(at) | (uint32_t)get_u16(at + 2) << 16;
}

static int fail(char *ret_error, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(char *ret_error, int err, const char *fmt, ...)
{
	va_list ap;

	if (ret_error) {
		va_start(ap, fmt);
		vsnprintf(ret_error, WAV_ERROR_SIZE, fmt, ap);
		va_end(ap);
	}
	return err;
}

/* A chunk of the file; one that claims more than there is ends with the file. */
static const uint8_t *find_chunk(const uint8_t *data, size_t len, const char *id, size_t *ret_size)
{
	size_t at = 12;

	while (at + CHUNK_HEADER <= len) {
		size_t size = get_u32(data + at + 4);
		size_t left = len - at - CHUNK_HEADER;

		if (!memcmp(data + at, id, 4)) {
			*ret_size = size < left ? size : left;
			return data + at + CHUNK_HEADER;
		}
		if (size >= left)
			return NULL;
		at += CHUNK_HEADER + size + (size & 1);
	}
	return NULL;
}

static int parse_format(struct format *ret_format, const uint8_t *data, size_t len, char *error)
{
	size_t size = 0;
	const uint8_t *chunk = find_chunk(data, len, "fmt ", &size);
	struct format format;

	if (!chunk || size < 16)
		return fail(error, -EBADMSG, "no fmt chunk");
	format.coding = get_u16(chunk);
	format.channels = get_u16(chunk + 2);
	format.rate_hz = get_u32(chunk + 4);
	format.bits = get_u16(chunk + 14);
	if (format.coding == FORMAT_EXTENSIBLE && size >= 26)
		format.coding = get_u16(chunk + 24);

	if (format.channels < 1 || format.channels > 2)
		return fail(error, -ENOTSUP, "%u channels, 1 or 2 are known", format.channels);
	if (format.rate_hz < WAV_MIN_RATE_HZ || format.rate_hz > WAV_MAX_RATE_HZ)
		return fail(error, -ENOTSUP, "rate of %u Hz is out of range", format.rate_hz);
	if (!(format.coding == FORMAT_PCM && (format.bits == 16 || format.bits == 8)) &&
	    !(format.coding == FORMAT_ULAW && format.bits == 8) &&
	    !(format.coding == FORMAT_ALAW && format.bits == 8))
		return fail(error, -ENOTSUP,
			    "coding %u with %u bits; PCM of 16 or 8, mu-law and A-law are known",
			    format.coding, format.bits);
	*ret_format = format;
	return 0;
}

static void decode(int16_t *out, const struct format *format, const uint8_t *data, size_t count)
{
	if (format->coding != FORMAT_PCM) {
		g711_decode(out, format->coding == FORMAT_ULAW ? G711_ULAW : G711_ALAW, data,
			    count);
		return;
	}
	for (size_t i = 0; i < count; i++)
		out[i] = format->bits == 16 ? (int16_t)get_u16(data + 2 * i)
					    : (int16_t)((data[i] - 128) * 256);
}

int wav_parse(struct wav *ret_wav, const void *data, size_t len, char ret_error[WAV_ERROR_SIZE])
{
	const uint8_t *bytes = data, *samples;
	struct format format = {.channels = 1, .bits = 16};
	size_t size = 0, count;
	int err;

	if (len > WAV_MAX_BYTES)
		return fail(ret_error, -EFBIG, "larger than %d bytes", WAV_MAX_BYTES);
	if (len < 12 || memcmp(bytes, "RIFF", 4) != 0 || memcmp(bytes + 8, "WAVE", 4) != 0)
		return fail(ret_error, -EBADMSG, "not a RIFF WAVE file");
	err = parse_format(&format, bytes, len, ret_error);
	if (err)
		return err;
	samples = find_chunk(bytes, len, "data", &size);
	if (!samples)
		return fail(ret_error, -EBADMSG, "no data chunk");

	ret_wav->rate_hz = format.rate_hz;
	ret_wav->channels = format.channels;
	ret_wav->frames = size / (format.bits / 8u) / format.channels;
	count = ret_wav->frames * format.channels;
	ret_wav->samples = mem_alloc(count ? count * sizeof(int16_t) : 1);
	decode(ret_wav->samples, &format, samples, count);
	return 0;
}

void wav_free(struct wav *wav)
{
	wav->samples = mem_free(wav->samples);
	wav->frames = 0;
}

void wav_mix_down(const struct wav *wav, int16_t *ret_samples)
{
	for (size_t i = 0; i < wav->frames; i++)
		ret_samples[i] =
			wav->channels == 1
				? wav->samples[i]
				: (int16_t)((wav->samples[2 * i] + wav->samples[2 * i + 1]) / 2);
}

static void put_u16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

static void put_u32(uint8_t *at, uint32_t value)
{
	put_u16(at, value);
	put_u16(at + 2, value >> 16);
}

void wav_header(uint8_t ret_header[WAV_HEADER_SIZE], uint32_t rate_hz, uint32_t channels,
		uint64_t data_bytes)
{
	const uint32_t most = UINT32_MAX - WAV_HEADER_SIZE;
	uint32_t bytes = data_bytes > most ? most : (uint32_t)data_bytes;

	memcpy(ret_header, "RIFF....WAVEfmt ", 16);
	put_u32(ret_header + 4, bytes + WAV_HEADER_SIZE - CHUNK_HEADER);
	put_u32(ret_header + 16, 16);
	put_u16(ret_header + 20, FORMAT_PCM);
	put_u16(ret_header + 22, channels);
	put_u32(ret_header + 24, rate_hz);
	put_u32(ret_header + 28, rate_hz * channels * 2);
	put_u16(ret_header + 32, channels * 2);
	put_u16(ret_header + 34, 16);
	memcpy(ret_header + 36, "data", 4);
	put_u32(ret_header + 40, bytes);
}
