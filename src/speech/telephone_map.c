#include "speech/telephone_map.h"

#include "core/digest.h"
#include "core/mem.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
	WINDOW = 2 * MAP_CONTEXT + 1,
	INPUTS = WINDOW * MAP_CEPSTRA,
	HIDDEN_MAX = 1024,
	HEADER_SIZE = 64,
	FILE_MAX = 16 << 20,
};

struct telephone_map {
	size_t hidden1, hidden2;
	/* Parts of weights[]. */
	const float *mean_in, *deviation_in, *mean_out, *deviation_out;
	const float *linear, *a, *a0, *b, *b0, *c, *c0;
	float *weights;
};

static void map_destroy(void *data)
{
	struct telephone_map *map = data;

	mem_free(map->weights);
}

static uint32_t read_u32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

static size_t weight_count(size_t hidden1, size_t hidden2)
{
	return 2 * INPUTS + 2 * MAP_CEPSTRA + (INPUTS + 1) * MAP_CEPSTRA + (INPUTS + 1) * hidden1 +
	       (hidden1 + 1) * hidden2 + (hidden2 + 1) * MAP_CEPSTRA;
}

/* Name the parts of weights[] in the order of the file. */
static void lay_out(struct telephone_map *map)
{
	const struct {
		const float **part;
		size_t count;
	} parts[] = {
		{&map->mean_in, INPUTS},
		{&map->deviation_in, INPUTS},
		{&map->mean_out, MAP_CEPSTRA},
		{&map->deviation_out, MAP_CEPSTRA},
		{&map->linear, (size_t)(INPUTS + 1) * MAP_CEPSTRA},
		{&map->a, INPUTS * map->hidden1},
		{&map->a0, map->hidden1},
		{&map->b, map->hidden1 * map->hidden2},
		{&map->b0, map->hidden2},
		{&map->c, map->hidden2 * MAP_CEPSTRA},
		{&map->c0, MAP_CEPSTRA},
	};
	const float *at = map->weights;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		*parts[i].part = at;
		at += parts[i].count;
	}
}

static bool weights_are_sane(const struct telephone_map *map, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!isfinite(map->weights[i]) || fabsf(map->weights[i]) > 1e6f)
			return false;
	for (size_t i = 0; i < INPUTS; i++)
		if (map->deviation_in[i] < 1e-6f)
			return false;
	for (size_t i = 0; i < MAP_CEPSTRA; i++)
		if (map->deviation_out[i] < 1e-6f)
			return false;
	return true;
}

int telephone_map_parse(struct telephone_map **ret_map, const void *data, size_t len)
{
	const uint8_t *bytes = data;
	auto_unref struct telephone_map *map = NULL;
	uint8_t digest[SHA256_LEN];
	size_t count;

	if (len < HEADER_SIZE || memcmp(bytes, "VAITMAP1", 8) != 0 ||
	    read_u32(bytes + 8) != MAP_CEPSTRA || read_u32(bytes + 12) != MAP_CONTEXT)
		return -EBADMSG;
	map = mem_new(sizeof(*map), map_destroy);
	map->hidden1 = read_u32(bytes + 16);
	map->hidden2 = read_u32(bytes + 20);
	if (map->hidden1 < 1 || map->hidden1 > HIDDEN_MAX || map->hidden2 < 1 ||
	    map->hidden2 > HIDDEN_MAX)
		return -EBADMSG;
	count = weight_count(map->hidden1, map->hidden2);
	if (read_u32(bytes + 24) != count || read_u32(bytes + 28) != 0 ||
	    len != HEADER_SIZE + 4 * count)
		return -EBADMSG;
	digest_sha256(digest, bytes + HEADER_SIZE, 4 * count);
	if (memcmp(digest, bytes + 32, SHA256_LEN) != 0)
		return -EBADMSG;

	map->weights = mem_alloc(count * sizeof(float));
	for (size_t i = 0; i < count; i++) {
		const uint32_t word = read_u32(bytes + HEADER_SIZE + 4 * i);

		memcpy(&map->weights[i], &word, sizeof(word));
	}
	lay_out(map);
	if (!weights_are_sane(map, count))
		return -EBADMSG;
	*ret_map = map;
	map = NULL;
	return 0;
}

int telephone_map_load(struct telephone_map **ret_map, const char *path)
{
	FILE *file = fopen(path, "rbe");
	auto_free uint8_t *data = NULL;
	long size;
	int err = -EBADMSG;

	if (!file)
		return -errno;
	if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= HEADER_SIZE &&
	    size <= FILE_MAX && fseek(file, 0, SEEK_SET) == 0) {
		data = mem_alloc((size_t)size);
		if (fread(data, 1, (size_t)size, file) == (size_t)size)
			err = telephone_map_parse(ret_map, data, (size_t)size);
	}
	fclose(file);
	return err;
}

/* out = bias + in * weights; row by row, so that the inner loop runs along memory. */
static void layer(float *out, size_t out_count, const float *in, size_t in_count,
		  const float *weights, const float *bias)
{
	memcpy(out, bias, out_count * sizeof(*out));
	for (size_t i = 0; i < in_count; i++) {
		const float value = in[i];
		const float *row = weights + i * out_count;

		for (size_t k = 0; value != 0.0f && k < out_count; k++)
			out[k] += value * row[k];
	}
}

static void relu(float *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		values[i] = values[i] > 0.0f ? values[i] : 0.0f;
}

/* The frame in the middle of the window. */
static void map_frame(const struct telephone_map *map, float out[MAP_CEPSTRA],
		      const struct map_stream *stream)
{
	float x[INPUTS], first[HIDDEN_MAX], second[HIDDEN_MAX];
	float straight[MAP_CEPSTRA], residual[MAP_CEPSTRA];
	const float *in = (const float *)stream->frames;

	for (size_t i = 0; i < INPUTS; i++)
		x[i] = (in[i] - map->mean_in[i]) / map->deviation_in[i];
	layer(straight, MAP_CEPSTRA, x, INPUTS, map->linear,
	      map->linear + (size_t)INPUTS * MAP_CEPSTRA);
	layer(first, map->hidden1, x, INPUTS, map->a, map->a0);
	relu(first, map->hidden1);
	layer(second, map->hidden2, first, map->hidden1, map->b, map->b0);
	relu(second, map->hidden2);
	layer(residual, MAP_CEPSTRA, second, map->hidden2, map->c, map->c0);
	for (size_t i = 0; i < MAP_CEPSTRA; i++)
		out[i] = (straight[i] + residual[i]) * map->deviation_out[i] + map->mean_out[i];
}

static void shift_in(struct map_stream *stream, const float in[MAP_CEPSTRA])
{
	memmove(stream->frames[0], stream->frames[1], (WINDOW - 1) * sizeof(stream->frames[0]));
	memcpy(stream->frames[WINDOW - 1], in, sizeof(stream->frames[0]));
}

bool telephone_map_push(const struct telephone_map *map, struct map_stream *stream,
			const float in[MAP_CEPSTRA], float out[MAP_CEPSTRA])
{
	/* What lies before the first frame looks like the first frame. */
	for (size_t i = 0; stream->seen == 0 && i < WINDOW; i++)
		memcpy(stream->frames[i], in, sizeof(stream->frames[0]));
	shift_in(stream, in);
	stream->seen++;
	stream->shifted++;
	if (stream->seen <= MAP_CONTEXT)
		return false;
	map_frame(map, out, stream);
	stream->given++;
	return true;
}

bool telephone_map_pull(const struct telephone_map *map, struct map_stream *stream,
			float out[MAP_CEPSTRA])
{
	float last[MAP_CEPSTRA];

	if (stream->given >= stream->seen)
		return false;
	/* What lies after the last frame looks like the last frame. */
	memcpy(last, stream->frames[WINDOW - 1], sizeof(last));
	for (; stream->shifted < stream->given + 1 + MAP_CONTEXT; stream->shifted++)
		shift_in(stream, last);
	map_frame(map, out, stream);
	stream->given++;
	return true;
}
