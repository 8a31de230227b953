#include "engine/preview.h"

#include "core/buf.h"
#include "core/mem.h"
#include "http/http_server.h"
#include "media/wav.h"
#include "speech/tts.h"

#include <endian.h>
#include <errno.h>

struct preview {
	struct list_node node;
	struct tts_speech *speech;
	struct http_request *req;
	struct buf wav; /* its header first */
};

static void preview_destroy(void *data)
{
	struct preview *preview = data;

	list_remove(&preview->node);
	mem_unref(preview->speech);
	mem_unref(preview->req);
	buf_free(&preview->wav);
}

static void on_audio(const int16_t *samples, size_t count, void *arg)
{
	struct preview *preview = arg;
	size_t most = WAV_HEADER_SIZE + (size_t)PREVIEW_RATE_HZ * PREVIEW_MAX_S * sizeof(*samples);

	for (size_t i = 0; i < count && preview->wav.len < most; i++) {
		uint16_t sample = htole16((uint16_t)samples[i]);

		buf_append(&preview->wav, &sample, sizeof(sample));
	}
}

static void on_done(int err, void *arg)
{
	struct preview *preview = arg;
	struct buf *wav = &preview->wav;

	if (!err) {
		wav_header((uint8_t *)wav->data, PREVIEW_RATE_HZ, 1,
			   (uint32_t)(wav->len - WAV_HEADER_SIZE));
		http_reply(preview->req, 200, "audio/wav", wav->data, wav->len);
	}
	mem_unref(preview); /* without an answer the request is answered 500 */
}

int preview_start(struct list *all, struct tts *tts, const struct tts_voice *voice,
		  struct http_request *req)
{
	auto_free char *text =
		mem_printf("Hello, my name is %s. How can I help you today?", voice->name);
	struct tts_params params = {.voice = voice, .text = text, .rate_hz = PREVIEW_RATE_HZ};
	static const uint8_t header[WAV_HEADER_SIZE];
	struct preview *preview;
	int err;

	if (all->len >= PREVIEW_MAX)
		return -EBUSY;
	preview = mem_new(sizeof(*preview), preview_destroy);
	list_append(all, &preview->node, preview);
	buf_append(&preview->wav, header, sizeof(header));
	err = tts_speak(&preview->speech, tts, &params, on_audio, on_done, preview);
	if (err)
		mem_unref(preview);
	else
		preview->req = mem_ref(req);
	return err;
}
