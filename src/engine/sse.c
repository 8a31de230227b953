#include "engine/sse.h"

#include <errno.h>
#include <string.h>

void sse_reset(struct sse *sse)
{
	buf_free(&sse->line);
	buf_free(&sse->data);
	*sse = (struct sse){.stopped = true};
}

static void take_field(struct sse *sse, const char *line, size_t len)
{
	static const char name[] = "data";
	size_t at = sizeof(name) - 1;

	if (len < at || memcmp(line, name, at) != 0 || (len > at && line[at] != ':'))
		return; /* comments, and fields nobody here needs */
	if (len > at)
		at++;
	if (len > at && line[at] == ' ')
		at++;
	if (sse->has_data)
		buf_append_char(&sse->data, '\n');
	buf_append(&sse->data, line + at, len - at);
	sse->has_data = true;
}

static void end_line(struct sse *sse, sse_event_h *eventh, void *arg)
{
	const char *line = buf_str(&sse->line);
	size_t len = sse->line.len;

	if (!sse->started && len >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) {
		line += 3;
		len -= 3;
	}
	sse->started = true;
	if (len > 0) {
		take_field(sse, line, len);
		buf_clear(&sse->line);
	} else if (sse->has_data) {
		struct buf data = sse->data;

		sse->data = (struct buf){0};
		sse->has_data = false;
		buf_clear(&sse->line);
		eventh(buf_str(&data), data.len, arg);
		buf_free(&data);
	} else {
		buf_clear(&sse->line);
	}
}

int sse_feed(struct sse *sse, const char *bytes, size_t len, sse_event_h *eventh, void *arg)
{
	sse->stopped = false;
	for (size_t i = 0; i < len && !sse->stopped; i++) {
		char c = bytes[i];

		if (c == '\n' && sse->after_cr) {
			sse->after_cr = false;
			continue;
		}
		sse->after_cr = c == '\r';
		if (c == '\n' || c == '\r')
			end_line(sse, eventh, arg);
		else
			buf_append_char(&sse->line, c);
		if (sse->line.len + sse->data.len > SSE_MAX_EVENT)
			return -EMSGSIZE;
	}
	return 0;
}
