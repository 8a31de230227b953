/*
 * media/: audio that is not tied to a protocol. Codecs (g711), files (wav), tones (dtmf), the
 * receiving side of a packet stream (jitter), what covers its losses (plc), and rates (resample).
 * No file here knows of calls, sockets or loops; everything is signed 16 bit, mono unless said
 * otherwise.
 *
 * ITU-T G.711: one byte a sample at 8 kHz, two laws.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum g711_law { G711_ULAW, G711_ALAW };

enum { G711_ULAW_SILENCE = 0xff, G711_ALAW_SILENCE = 0xd5 };

void g711_encode(uint8_t *out, enum g711_law law, const int16_t *samples, size_t count);
void g711_decode(int16_t *out, enum g711_law law, const uint8_t *bytes, size_t count);
