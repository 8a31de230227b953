/*
 * The telephone map: a small network that turns the cepstra of a narrow-band (telephone) recording
 * into those the wide-band recording would have had, so that an acoustic model of wide-band speech
 * can read them. Each frame is mapped from itself and the 4 frames on either side: 40 ms of delay.
 *
 *	x = (frames - mean_in) / deviation_in				117 = 9 frames of 13
 *	y = [x 1] linear + relu(relu(x a + a0) b + b0) c + c0
 *	frame = y * deviation_out + mean_out
 *
 * The weights file (made by tools/speech/train, little endian):
 *
 *	 0	8 bytes "VAITMAP1"
 *	 8	u32 cepstra of a frame (13), u32 frames of context on each side (4)
 *	16	u32 first hidden layer (1..1024), u32 second hidden layer (1..1024)
 *	24	u32 number of weights that follow, u32 zero
 *	32	SHA-256 of the weights
 *	64	float32 weights: mean_in, deviation_in, mean_out, deviation_out, linear (rows are
 *		inputs, the bias is the last), a, a0, b, b0, c, c0 (rows are inputs)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { MAP_CEPSTRA = 13, MAP_CONTEXT = 4 };

struct telephone_map; /* the weights; any number of threads may use them at once */

/*
 * Read and check a weights file. Owned by the caller. Returns 0, the errno of opening it, or
 * -EBADMSG when it is not a weights file, is damaged, or holds a value that is not finite.
 */
int telephone_map_load(struct telephone_map **ret_map, const char *path);

/* The same from memory, for tests and fuzzing. */
int telephone_map_parse(struct telephone_map **ret_map, const void *data, size_t len);

/* The frames of one utterance on their way through the map. Embedded by value; all zero to start.
 */
struct map_stream {
	float frames[2 * MAP_CONTEXT + 1][MAP_CEPSTRA]; /* the last ones, oldest first */
	size_t seen;                                    /* frames pushed */
	size_t shifted; /* and with the copies of the last one that follow it */
	size_t given;   /* frames mapped */
};

/* Takes one frame. True when out was filled with the frame that came 4 before it. */
bool telephone_map_push(const struct telephone_map *map, struct map_stream *stream,
			const float in[MAP_CEPSTRA], float out[MAP_CEPSTRA]);

/* At the end: each call gives one of the frames still inside; false when there are no more. */
bool telephone_map_pull(const struct telephone_map *map, struct map_stream *stream,
			float out[MAP_CEPSTRA]);
