/* Text to be spoken comes from language models, tool results and TwiML. */
#include "core/buf.h"
#include "core/mem.h"
#include "core/str.h"
#include "speech/say_text.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = mem_strndup((const char *)data, size);
	auto_buf struct buf out = {0};

	say_text(&out, text);
	for (size_t i = 0; i < out.len; i++)
		if ((unsigned char)out.data[i] >= 0x80 || out.data[i] == '\0')
			abort();
	return 0;
}
