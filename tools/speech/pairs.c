/*
 * Material to train the telephone map with: pairs of frames, one from a telephone and one from the
 * same recording in wide band.
 *
 *	speech_pairs ACOUSTIC_DIR SEED < list of .g722 files > pairs
 *
 * Each recording gives two copies: one clean through mu-law at 8 kHz, one with a random gain, band
 * limits and noise, because real lines have those. A pair is 26 float32 in the machine's order: the
 * 13 cepstra heard and the 13 wanted; the pairs of a recording are consecutive and come after an
 * uint32 with their number. Uses the product's own front end, so what is learnt fits what is used.
 */
#include "core/mem.h"
#include "media/resample.h"
#include "speech/cepstra.h"
#include "speech/stt_grammar.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <spandsp.h>

enum { WIDE_HZ = 16000, NARROW_HZ = 8000, PAD = WIDE_HZ * 3 / 10, SECONDS_MAX = 60 };

struct sound {
	float *samples;
	size_t count;
};

static double random_unit(void)
{
	return (double)random() / ((double)RAND_MAX + 1.0);
}

static double random_range(double low, double high)
{
	return low + (high - low) * random_unit();
}

/* Box-Muller. */
static double random_normal(void)
{
	return sqrt(-2.0 * log(random_unit() + 1e-12)) * cos(2.0 * M_PI * random_unit());
}

static int16_t clip(double value)
{
	return (int16_t)lrint(fmax(-32768.0, fmin(32767.0, value)));
}

/* G.722 at 64 kbit/s, with 0.3 s of silence on both sides. */
static size_t read_recording(int16_t *out, size_t cap, const char *path)
{
	static uint8_t coded[SECONDS_MAX * 8000];
	FILE *file = fopen(path, "rbe");
	g722_decode_state_t *g722;
	size_t len;
	int count;

	if (!file)
		return 0;
	len = fread(coded, 1, sizeof(coded), file);
	fclose(file);
	if (len < 4000 || 2 * len + 2 * PAD > cap)
		return 0;
	g722 = g722_decode_init(NULL, 64000, 0);
	memset(out, 0, PAD * sizeof(*out));
	count = g722_decode(g722, out + PAD, coded, (int)len);
	g722_decode_free(g722);
	memset(out + PAD + count, 0, PAD * sizeof(*out));
	return (size_t)count + 2 * PAD;
}

/* A second-order section (Butterworth, RBJ's formulas), run over the samples in place. */
static void filter(float *samples, size_t count, double cutoff_hz, bool high, double q)
{
	const double w = 2.0 * M_PI * cutoff_hz / NARROW_HZ, c = cos(w), alpha = sin(w) / (2.0 * q);
	const double b1 = high ? -(1.0 + c) : 1.0 - c, b0 = fabs(b1) / 2.0;
	const double a0 = 1.0 + alpha, a1 = -2.0 * c, a2 = 1.0 - alpha;
	double x1 = 0, x2 = 0, y1 = 0, y2 = 0;

	for (size_t i = 0; i < count; i++) {
		const double x = samples[i];
		const double y = (b0 * x + b1 * x1 + b0 * x2 - a1 * y1 - a2 * y2) / a0;

		x2 = x1, x1 = x, y2 = y1, y1 = y;
		samples[i] = (float)y;
	}
}

/* Fourth order: two sections with these Qs. */
static void limit_band(float *samples, size_t count)
{
	const double low = random_range(180, 320), high = random_range(3200, 3650);

	filter(samples, count, low, true, 0.541);
	filter(samples, count, low, true, 1.307);
	filter(samples, count, high, false, 0.541);
	filter(samples, count, high, false, 1.307);
}

/* Against the power where it is loud. */
static void add_noise(float *samples, size_t count, double snr_db)
{
	const double colour = 0.9 * random_unit();
	double mean = 0, power = 0, noise = 0, scale;
	size_t loud = 0;

	for (size_t i = 0; i < count; i++)
		mean += fabsf(samples[i]) / (double)count;
	for (size_t i = 0; i < count; i++) {
		if (fabsf(samples[i]) <= mean)
			continue;
		power += (double)samples[i] * samples[i];
		loud++;
	}
	scale = sqrt(power / (double)(loud ? loud : 1) + 1.0) * pow(10.0, -snr_db / 20.0) *
		sqrt(1.0 - colour * colour);
	for (size_t i = 0; i < count; i++) {
		noise = colour * noise + random_normal();
		samples[i] += (float)(noise * scale);
	}
}

/* What the other end of a telephone line hears of it, up-sampled again. Returns the count. */
static size_t through_telephone(int16_t *out, const int16_t *in, size_t count, bool degrade)
{
	static int16_t narrow[SECONDS_MAX * NARROW_HZ + 4096];
	static float line[SECONDS_MAX * NARROW_HZ + 4096];
	auto_unref struct resample *down = NULL;
	auto_unref struct resample *up = NULL;
	size_t heard, made;

	resample_new(&down, WIDE_HZ, NARROW_HZ);
	resample_new(&up, NARROW_HZ, WIDE_HZ);
	heard = resample_run(down, narrow, in, count);
	heard += resample_flush(down, narrow + heard);
	for (size_t i = 0; i < heard; i++)
		line[i] = narrow[i];
	if (degrade && random_unit() < 0.6)
		limit_band(line, heard);
	if (degrade && random_unit() < 0.6)
		add_noise(line, heard, random_range(12, 40));
	for (size_t i = 0; i < heard; i++)
		narrow[i] = ulaw_to_linear(linear_to_ulaw(clip(line[i])));
	made = resample_run(up, out, narrow, heard);
	return made + resample_flush(up, out + made);
}

struct frames {
	float (*rows)[MAP_CEPSTRA];
	size_t count;
};

static void on_frames(float (*rows)[MAP_CEPSTRA], size_t count, void *arg)
{
	struct frames *frames = arg;

	frames->rows = mem_realloc(frames->rows, (frames->count + count) * sizeof(*frames->rows));
	memcpy(frames->rows + frames->count, rows, count * sizeof(*rows));
	frames->count += count;
}

static void compute(struct frames *frames, struct cepstra *cepstra, const int16_t *samples,
		    size_t count)
{
	frames->count = 0;
	cepstra_start(cepstra);
	cepstra_feed(cepstra, samples, count, on_frames, frames);
	cepstra_finish(cepstra, on_frames, frames);
}

static void write_pairs(const struct frames *heard, const struct frames *wanted)
{
	const uint32_t count =
		(uint32_t)(heard->count < wanted->count ? heard->count : wanted->count);

	fwrite(&count, sizeof(count), 1, stdout);
	for (uint32_t i = 0; i < count; i++) {
		fwrite(heard->rows[i], sizeof(float), MAP_CEPSTRA, stdout);
		fwrite(wanted->rows[i], sizeof(float), MAP_CEPSTRA, stdout);
	}
}

int main(int argc, char **argv)
{
	static int16_t wide[SECONDS_MAX * WIDE_HZ], phone[SECONDS_MAX * WIDE_HZ + 8192];
	struct frames heard = {0}, wanted = {0};
	struct cepstra *cepstra;
	char path[1024];

	sphinx_silence();
	if (argc != 3 || cepstra_new(&cepstra, argv[1], NULL, WIDE_HZ)) {
		fprintf(stderr, "usage: speech_pairs ACOUSTIC_DIR SEED < list > pairs\n");
		return 2;
	}
	srandom((unsigned)atoi(argv[2]));
	while (fgets(path, sizeof(path), stdin)) {
		size_t count;

		path[strcspn(path, "\n")] = '\0';
		count = read_recording(wide, ARRAY_LEN(wide), path);
		for (int degrade = 0; count > 0 && degrade < 2; degrade++) {
			const double gain = degrade ? pow(10.0, random_range(-15, 3) / 20.0) : 1.0;

			for (size_t i = 0; i < count; i++)
				wide[i] = clip(wide[i] * gain);
			compute(&wanted, cepstra, wide, count);
			compute(&heard, cepstra, phone,
				through_telephone(phone, wide, count, degrade));
			write_pairs(&heard, &wanted);
		}
	}
	mem_free(heard.rows);
	mem_free(wanted.rows);
	mem_unref(cepstra);
	return fflush(stdout) ? 1 : 0;
}
