#include "speech/tts.h"

#include "core/list.h"
#include "core/mem.h"
#include "core/str.h"
#include "loop/loop.h"
#include "loop/work.h"
#include "media/resample.h"
#include "speech/voice.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { TEXT_MAX = 4000 };

struct tts {
	struct loop *loop;
	struct work_pool *pool;
};

struct piece {
	struct list_node node;
	size_t count;
	int16_t samples[];
};

/*
 * Shared by the owner, the task, and the posts that bring pieces to the loop. Pieces are under the
 * lock; the handlers belong to the loop and are NULL from the cancellation on.
 */
struct job {
	struct loop *loop;
	struct voice_request request;
	uint32_t rate_hz;
	atomic_bool cancelled;
	int err;

	pthread_mutex_t lock;
	struct list pieces;
	bool posted;

	tts_audio_h *audioh;
	tts_done_h *doneh;
	void *arg;
};

struct tts_speech {
	struct job *job;
};

static void tts_destroy(void *data)
{
	struct tts *tts = data;

	mem_unref(tts->pool);
	mem_unref(tts->loop);
}

struct tts *tts_new(struct loop *loop, struct work_pool *pool)
{
	struct tts *tts = mem_new(sizeof(*tts), tts_destroy);

	tts->loop = mem_ref(loop);
	tts->pool = mem_ref(pool);
	return tts;
}

static void job_destroy(void *data)
{
	struct job *job = data;
	struct piece *piece;

	while ((piece = list_pop(&job->pieces)))
		mem_free(piece);
	pthread_mutex_destroy(&job->lock);
	mem_free(job->request.text);
	mem_free(job->request.language);
	mem_unref(job->loop);
}

/* On the loop: everything that has been made so far. */
static void deliver(struct job *job)
{
	struct list pieces;
	struct piece *piece;

	pthread_mutex_lock(&job->lock);
	pieces = job->pieces;
	memset(&job->pieces, 0, sizeof(job->pieces));
	job->posted = false;
	pthread_mutex_unlock(&job->lock);
	LIST_EACH(&pieces, node)
	node->list = &pieces;
	while ((piece = list_pop(&pieces))) {
		if (!atomic_load(&job->cancelled))
			job->audioh(piece->samples, piece->count, job->arg);
		mem_free(piece);
	}
}

static void deliver_posted(void *arg)
{
	auto_unref struct job *job = arg;

	deliver(job);
}

/* On the worker. */
static int on_samples(const int16_t *samples, size_t count, void *arg)
{
	struct job *job = arg;
	struct piece *piece;
	bool posted;

	if (atomic_load(&job->cancelled))
		return -ECANCELED;
	if (count == 0)
		return 0;
	piece = mem_alloc(sizeof(*piece) + count * sizeof(*samples));
	piece->count = count;
	memcpy(piece->samples, samples, count * sizeof(*samples));
	pthread_mutex_lock(&job->lock);
	list_append(&job->pieces, &piece->node, piece);
	posted = job->posted;
	job->posted = true;
	pthread_mutex_unlock(&job->lock);
	if (!posted)
		loop_post(job->loop, deliver_posted, mem_ref(job));
	return 0;
}

static void speak_work(void *arg)
{
	struct job *job = arg;

	if (!atomic_load(&job->cancelled))
		job->err = voice_speak(&job->request, job->rate_hz, on_samples, job);
}

static void speak_done(void *arg)
{
	auto_unref struct job *job = arg;

	deliver(job);
	if (!atomic_load(&job->cancelled))
		job->doneh(job->err, job->arg);
}

static void speech_destroy(void *data)
{
	struct tts_speech *speech = data;

	atomic_store(&speech->job->cancelled, true);
	mem_unref(speech->job);
}

int tts_speak(struct tts_speech **ret_speech, struct tts *tts, const struct tts_params *params,
	      tts_audio_h *audioh, tts_done_h *doneh, void *arg)
{
	auto_unref struct strand *strand = NULL;
	struct tts_speech *speech;
	struct job *job;

	if (!params->text || strnlen(params->text, TEXT_MAX + 1) > TEXT_MAX ||
	    !str_is_utf8(params->text, strlen(params->text)) || params->rate_hz < 8000 ||
	    params->rate_hz > 48000)
		return -EINVAL;
	job = mem_new(sizeof(*job), job_destroy);
	pthread_mutex_init(&job->lock, NULL);
	job->loop = mem_ref(tts->loop);
	job->request.voice = params->voice ? params->voice : tts_voices(NULL);
	job->request.language = mem_strdup(params->language);
	job->request.text = mem_strdup(params->text);
	job->rate_hz = params->rate_hz;
	atomic_init(&job->cancelled, false);
	job->audioh = audioh;
	job->doneh = doneh;
	job->arg = arg;
	speech = mem_new(sizeof(*speech), speech_destroy);
	speech->job = job;
	strand = strand_new(tts->pool);
	strand_post(strand, speak_work, speak_done, mem_ref(job));
	*ret_speech = speech;
	return 0;
}
