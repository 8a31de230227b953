#include "platform/listen_source.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/str.h"
#include "core/uuid.h"
#include "loop/loop.h"
#include "media/g711.h"
#include "media/resample.h"
#include "platform/platform_priv.h"
#include "state/state.h"

#include <endian.h>
#include <string.h>

enum { MAX_PIECE = 3200 }; /* samples that go as one message */

struct listen_source {
	struct platform *platform;
	char call_id[UUID_SIZE];
	struct resample *rates[LISTEN_CHANNELS];
	struct state_subscription *asks; /* NULL: there are no other pods */
	uint64_t asked_ms;               /* when another pod wanted it last; 0: never */
};

static bool is_wanted_elsewhere(const struct listen_source *source)
{
	return source->asked_ms && loop_now_ms(source->platform->api.loop) - source->asked_ms <
					   (uint64_t)2 * LISTEN_ASK_MS;
}

static void publish(struct listen_source *source, const void *data, size_t len)
{
	char channel[LISTEN_CHANNEL_SIZE];

	listen_channel(channel, "listen", source->call_id);
	state_publish(source->platform->api.state, channel, data, len);
}

static void on_asked(const char *data, size_t len, void *arg)
{
	struct listen_source *source = arg;

	source->asked_ms = loop_now_ms(source->platform->api.loop);
}

static void source_destroy(void *data)
{
	struct listen_source *source = data;
	const char end = LISTEN_END;

	if (is_wanted_elsewhere(source))
		publish(source, &end, 1);
	listen_over(source->platform->listen, source->call_id);
	mem_unref(source->asks);
	for (size_t side = 0; side < LISTEN_CHANNELS; side++)
		mem_unref(source->rates[side]);
}

struct listen_source *listen_source_new(struct platform *platform, const char *call_id,
					uint32_t rate_hz)
{
	static const struct state_listener asked = {.messageh = on_asked};
	struct listen_source *source = mem_new(sizeof(*source), source_destroy);
	char channel[LISTEN_CHANNEL_SIZE];

	source->platform = platform;
	str_copy(source->call_id, sizeof(source->call_id), call_id);
	for (size_t side = 0; side < LISTEN_CHANNELS; side++)
		(void)resample_new(&source->rates[side], rate_hz, LISTEN_RATE_HZ);
	listen_channel(channel, "listen-ask", call_id);
	if (state_is_shared(platform->api.state))
		source->asks = state_subscribe(platform->api.state, channel, &asked, source);
	return source;
}

/* As the carrier would send it, behind the byte that says whose it is. */
static void encode(struct buf *out, struct resample *rate, enum listen_side side, const char *pcm,
		   size_t count)
{
	auto_free int16_t *in = mem_alloc((count + 1) * sizeof(*in));
	auto_free int16_t *slow = mem_alloc((resample_bound(rate, count) + 1) * sizeof(*slow));
	const char kind = (char)side;
	size_t len;

	memcpy(in, pcm, count * sizeof(*in));
	for (size_t i = 0; i < count; i++)
		in[i] = (int16_t)le16toh((uint16_t)in[i]);
	len = resample_run(rate, slow, in, count);
	buf_append(out, &kind, 1);
	g711_encode((uint8_t *)buf_extend(out, len), G711_ULAW, slow, len);
}

static void give_piece(struct listen_source *source, enum listen_side side, const char *pcm,
		       size_t count)
{
	struct listen_hub *hub = source->platform->listen;
	auto_buf struct buf out = {0};

	encode(&out, source->rates[side], side, pcm, count);
	if (out.len < 2)
		return;
	listen_hear(hub, source->call_id, out.data, out.len);
	if (is_wanted_elsewhere(source))
		publish(source, out.data, out.len);
}

void listen_source_give(struct listen_source *source, enum listen_side side, const char *pcm,
			size_t bytes)
{
	size_t count = bytes / sizeof(int16_t), piece;

	if (!listen_is_wanted(source->platform->listen, source->call_id) &&
	    !is_wanted_elsewhere(source))
		return;
	for (; count; count -= piece, pcm += piece * sizeof(int16_t)) {
		piece = count < MAX_PIECE ? count : MAX_PIECE;
		give_piece(source, side, pcm, piece);
	}
}
