#include "media/dtmf.h"

#include "core/mem.h"

#include <math.h>
#include <spandsp.h>
#include <string.h>

static const char digits[] = "0123456789*#ABCD"; /* in the order of RFC 4733, 3.2 */

enum { RATE_HZ = 8000 };
static const double tone_level = 6000; /* each; about -12 dBm0 for the pair */

int dtmf_event(char digit)
{
	const char *at = digit ? strchr(digits, digit) : NULL;

	return at ? (int)(at - digits) : -1;
}

char dtmf_digit(int event)
{
	return event >= 0 && event < 16 ? digits[event] : '\0';
}

bool dtmf_is_digit(char digit)
{
	return dtmf_event(digit) >= 0;
}

void dtmf_tone_start(struct dtmf_tone *tone, char digit)
{
	static const char keypad[] = "123A456B789C*0#D";
	static const double rows[] = {697, 770, 852, 941};
	static const double columns[] = {1209, 1336, 1477, 1633};
	const char *at = digit ? strchr(keypad, digit) : NULL;

	memset(tone, 0, sizeof(*tone));
	if (!at)
		return;
	tone->step[0] = 2 * M_PI * rows[(at - keypad) / 4] / RATE_HZ;
	tone->step[1] = 2 * M_PI * columns[(at - keypad) % 4] / RATE_HZ;
}

void dtmf_tone_fill(struct dtmf_tone *tone, int16_t *ret_samples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		ret_samples[i] =
			(int16_t)(tone_level * (sin(tone->phase[0]) + sin(tone->phase[1])));
		for (int k = 0; k < 2; k++)
			tone->phase[k] = fmod(tone->phase[k] + tone->step[k], 2 * M_PI);
	}
}

struct dtmf_detector {
	dtmf_rx_state_t *rx;
	dtmf_digit_h *digith;
	void *arg;
};

static void detector_destroy(void *data)
{
	struct dtmf_detector *detector = data;

	if (detector->rx)
		dtmf_rx_free(detector->rx);
}

static void on_digits(void *data, const char *found, int len)
{
	struct dtmf_detector *detector = data;

	for (int i = 0; i < len; i++)
		detector->digith(found[i], detector->arg);
}

struct dtmf_detector *dtmf_detector_new(dtmf_digit_h *digith, void *arg)
{
	struct dtmf_detector *detector = mem_new(sizeof(*detector), detector_destroy);

	detector->digith = digith;
	detector->arg = arg;
	detector->rx = dtmf_rx_init(NULL, on_digits, detector);
	return detector;
}

void dtmf_detector_feed(struct dtmf_detector *detector, const int16_t *samples, size_t count)
{
	dtmf_rx(detector->rx, samples, (int)count);
}
