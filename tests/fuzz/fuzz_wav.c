/* WAV files from outside (TwiML <Play>): whatever the bytes, an error or samples. */
#include "core/mem.h"
#include "media/wav.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[WAV_ERROR_SIZE];
	struct wav wav;
	int16_t *mono;

	if (wav_parse(&wav, data, size, error))
		return 0;
	mono = mem_alloc(wav.frames * sizeof(*mono) + 1);
	wav_mix_down(&wav, mono);
	mem_free(mono);
	wav_free(&wav);
	return 0;
}
