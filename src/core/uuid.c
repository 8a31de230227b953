#include "core/uuid.h"

#include "core/clock.h"
#include "core/digest.h"
#include "core/encoding.h"

#include <ctype.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

/*
 * The millisecond, and in rand_a a counter that goes on within it (RFC 9562, 6.2 method 1), so that
 * ids made by one process sort in the order they were made.
 */
static uint64_t next_tick(void)
{
	static _Atomic uint64_t last;
	uint64_t now = (uint64_t)(clock_wall_us() / 1000) << 12;
	uint64_t before = atomic_load(&last), tick;

	do {
		tick = now > before ? now : before + 1;
	} while (!atomic_compare_exchange_weak(&last, &before, tick));
	return tick;
}

void uuid_new(char out[UUID_SIZE])
{
	uint8_t bytes[16];
	char hex[33];
	uint64_t tick = next_tick(), ms = tick >> 12;

	random_bytes(bytes, sizeof(bytes));
	for (int i = 0; i < 6; i++)
		bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
	bytes[6] = (uint8_t)(0x70 | ((tick >> 8) & 0x0f));
	bytes[7] = (uint8_t)tick;
	bytes[8] = (uint8_t)(0x80 | (bytes[8] & 0x3f));
	hex_encode(hex, bytes, sizeof(bytes));

	memcpy(out, hex, 8);
	memcpy(out + 9, hex + 8, 4);
	memcpy(out + 14, hex + 12, 4);
	memcpy(out + 19, hex + 16, 4);
	memcpy(out + 24, hex + 20, 12);
	out[8] = out[13] = out[18] = out[23] = '-';
	out[36] = '\0';
}

bool uuid_is_valid(const char *text)
{
	if (!text || strlen(text) != 36)
		return false;
	for (int i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
			return false;
	}
	return true;
}
