#include "platform/live_message.h"

#include "core/mem.h"
#include "core/str.h"

#include <errno.h>
#include <string.h>

enum { MAX_LINE = 256, MAX_WORDS = 6 };

static const int64_t max_row = (1ll << 33) - 1;

static const char *word(const char *text)
{
	return text[0] ? text : "-";
}

void live_message_write(struct buf *out, const struct live_message *message)
{
	if (message->kind == LIVE_MESSAGE_NOTE) {
		buf_printf(out, "N %lld\n", (long long)message->seq);
		return;
	}
	if (message->kind == LIVE_MESSAGE_ROW)
		buf_printf(out, "R %lld ", (long long)message->seq);
	else
		buf_append_str(out, "E ");
	buf_printf(out, "%lld %s %s %s\n", (long long)message->at, word(message->tenant_id),
		   word(message->call_id), message->type);
	buf_append_str(out, message->data);
}

static bool take_word(char *out, size_t size, const char *text)
{
	return text[0] && str_copy(out, size, !strcmp(text, "-") ? "" : text);
}

/* at tenant call type */
static int parse_event(struct live_message *message, char **words)
{
	if (str_parse_int(&message->at, words[0], 0, INT64_MAX) ||
	    !take_word(message->tenant_id, sizeof(message->tenant_id), words[1]) ||
	    !take_word(message->call_id, sizeof(message->call_id), words[2]) ||
	    !take_word(message->type, sizeof(message->type), words[3]) || !message->type[0])
		return -EBADMSG;
	return message->data[0] ? 0 : -EBADMSG;
}

static int parse_words(struct live_message *message, char **words, size_t count)
{
	const char *kind = words[0];

	if (!strcmp(kind, "E") && count == 5) {
		message->kind = LIVE_MESSAGE_EVENT;
		return parse_event(message, words + 1);
	}
	if (count < 2 || str_parse_int(&message->seq, words[1], 1, max_row))
		return -EBADMSG;
	if (!strcmp(kind, "R") && count == 6) {
		message->kind = LIVE_MESSAGE_ROW;
		return parse_event(message, words + 2);
	}
	message->kind = LIVE_MESSAGE_NOTE;
	return !strcmp(kind, "N") && count == 2 && !message->data[0] ? 0 : -EBADMSG;
}

int live_message_parse(struct live_message *ret_message, const char *text, size_t len)
{
	struct live_message message = {0};
	const char *end = memchr(text, '\n', len);
	char line[MAX_LINE], *words[MAX_WORDS + 1], *next = line;
	size_t count = 0;

	if (!end || (size_t)(end - text) >= sizeof(line) || memchr(text, '\0', len))
		return -EBADMSG;
	memcpy(line, text, (size_t)(end - text));
	line[end - text] = '\0';
	message.data = end + 1;
	while (next && count <= MAX_WORDS) {
		words[count++] = next;
		next = strchr(next, ' ');
		if (next)
			*next++ = '\0';
	}
	if (parse_words(&message, words, count))
		return -EBADMSG;
	*ret_message = message;
	return 0;
}
