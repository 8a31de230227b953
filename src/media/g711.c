#include "media/g711.h"

/* Values of the positive codes, complemented as on the wire: see table 2 of the recommendation. */
static int16_t ulaw_value(uint8_t code)
{
	int magnitude;

	code = (uint8_t)~code;
	magnitude = (((code & 0x0f) << 3) + 0x84) << ((code & 0x70) >> 4);
	magnitude -= 0x84;
	return (int16_t)(code & 0x80 ? -magnitude : magnitude);
}

static int16_t alaw_value(uint8_t code)
{
	int magnitude, segment;

	code ^= 0x55;
	magnitude = (code & 0x0f) << 4;
	segment = (code & 0x70) >> 4;
	magnitude += segment ? 0x108 : 8;
	if (segment > 1)
		magnitude <<= segment - 1;
	return (int16_t)(code & 0x80 ? magnitude : -magnitude);
}

static int highest_bit(unsigned value)
{
	return 31 - __builtin_clz(value);
}

static uint8_t ulaw_code(int16_t sample)
{
	int magnitude = sample < 0 ? -(int)sample : sample;
	int sign = sample < 0 ? 0x80 : 0;
	int segment;

	magnitude = (magnitude > 32635 ? 32635 : magnitude) + 0x84;
	segment = highest_bit((unsigned)magnitude) - 7;
	return (uint8_t) ~(sign | segment << 4 | ((magnitude >> (segment + 3)) & 0x0f));
}

static uint8_t alaw_code(int16_t sample)
{
	int magnitude = sample < 0 ? ~(int)sample : sample;
	int sign = sample < 0 ? 0 : 0x80;
	int segment = magnitude < 256 ? 0 : highest_bit((unsigned)magnitude) - 7;
	int step = segment ? segment + 3 : 4;

	return (uint8_t)((sign | segment << 4 | ((magnitude >> step) & 0x0f)) ^ 0x55);
}

void g711_encode(uint8_t *out, enum g711_law law, const int16_t *samples, size_t count)
{
	for (size_t i = 0; i < count; i++)
		out[i] = law == G711_ULAW ? ulaw_code(samples[i]) : alaw_code(samples[i]);
}

void g711_decode(int16_t *out, enum g711_law law, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		out[i] = law == G711_ULAW ? ulaw_value(bytes[i]) : alaw_value(bytes[i]);
}
