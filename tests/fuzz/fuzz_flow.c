/*
 * Protects: no flow file and nothing a caller says breaks the loader, the grammar or the
 * conversation. Input: a flow, optionally followed by a zero byte and what the caller says, a turn
 * a line.
 */
#include "core/buf.h"
#include "core/log.h"
#include "core/mem.h"
#include "engine/dialog.h"
#include "engine/flow.h"
#include "loop/loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TURNS_MAX = 30 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_say(const char *text, void *arg)
{
	if (strlen(text) > 100000)
		abort();
}

static void on_turn(bool hang_up, const char *reason, void *arg)
{
	++*(unsigned *)arg;
}

static void on_listen(const char *jsgf, void *arg)
{
}

static void on_line(const char *line, void *arg)
{
}

/* The dialogue takes flows from files: one of ours, in memory where there is such a thing. */
static void write_flow(char dir[64], const char *text, size_t len)
{
	char path[96];
	FILE *file;

	snprintf(dir, 64, "%s/fuzz_flow.%d", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm",
		 (int)getpid());
	if (mkdir(dir, 0700) && errno != EEXIST)
		abort();
	snprintf(path, sizeof(path), "%s/it.json", dir);
	file = fopen(path, "we");
	if (!file || fwrite(text, 1, len, file) != len || fclose(file))
		abort();
}

static void talk(const char *dir, char *said)
{
	const struct dialog_handlers handlers = {on_say, on_turn, on_listen, NULL};
	const struct dialog_conf conf = {.model = "flow/it", .now_us = INT64_C(1772446800000000)};
	auto_unref struct loop *loop = loop_new_fake();
	struct dialog *dialog;
	unsigned turns = 0, heard = 0;
	char error[256], *save = NULL;

	if (dialog_flow_new(&dialog, loop, dir, &conf, &handlers, &turns, error))
		abort();
	dialog->ops->greet(dialog, NULL);
	loop_advance_ms(loop, 10);
	for (char *line = strtok_r(said, "\n", &save); line && heard < TURNS_MAX;
	     line = strtok_r(NULL, "\n", &save)) {
		const struct dialog_input input = {.text = line,
						   .confidence = line[0] == '?' ? 0.3 : 1.0,
						   .in_grammar = line[0] != '!',
						   .is_digits = line[0] >= '0' && line[0] <= '9'};

		if (line[0] == '-')
			dialog->ops->silence(dialog);
		else
			dialog->ops->hear(dialog, &input);
		loop_advance_ms(loop, 10);
		if (turns != ++heard + 1)
			abort();
	}
	json_decref(dialog->ops->outcome(dialog));
	mem_unref(dialog);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *zero = memchr(data, 0, size);
	const size_t len = zero ? (size_t)(zero - data) : size;
	struct flow *flow = NULL;
	char error[FLOW_ERROR_SIZE], dir[64];
	char *said;

	log_set_handler(on_line, NULL);
	if (flow_parse(&flow, "it.json", (const char *)data, len, error)) {
		if (!error[0])
			abort();
		return 0;
	}
	mem_unref(flow);
	write_flow(dir, (const char *)data, len);
	said = mem_strndup(zero ? (const char *)zero + 1 : "yes\nno\n-\n1\n?yes\n!what\ngoodbye",
			   zero ? size - len - 1 : 64);
	talk(dir, said);
	mem_free(said);
	return 0;
}
