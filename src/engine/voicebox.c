#include "engine/voicebox.h"

static int real_open(void **ret_ear, const struct voicebox *box, uint32_t rate_hz,
		     stt_partial_h *partialh, void *arg)
{
	return stt_open((struct stt **)ret_ear, box->stt, rate_hz, partialh, arg);
}

static int real_set_grammar(void *ear, const char *jsgf)
{
	return stt_set_grammar(ear, jsgf);
}

static void real_begin(void *ear)
{
	stt_begin(ear);
}

static void real_feed(void *ear, const int16_t *samples, size_t count)
{
	stt_feed(ear, samples, count);
}

static void real_end(void *ear, stt_final_h *finalh)
{
	stt_end(ear, finalh);
}

static int real_speak(void **ret_speech, const struct voicebox *box,
		      const struct tts_params *params, tts_audio_h *audioh, tts_done_h *doneh,
		      void *arg)
{
	return tts_speak((struct tts_speech **)ret_speech, box->tts, params, audioh, doneh, arg);
}

struct voicebox voicebox_real(struct stt_engine *stt, struct tts *tts)
{
	return (struct voicebox){
		.open = real_open,
		.set_grammar = real_set_grammar,
		.begin = real_begin,
		.feed = real_feed,
		.end = real_end,
		.speak = real_speak,
		.stt = stt,
		.tts = tts,
	};
}
