#include "speech/flite_door.h"

#include "core/mem.h"
#include "core/str.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include <flite/flite.h>

/* Debian ships no header for these. */
cst_lexicon *cmu_lex_init(void);
cst_voice *register_cmu_us_rms(const char *voxdir);
cst_voice *register_cmu_us_slt(const char *voxdir);
cst_voice *register_cmu_us_awb(const char *voxdir);
cst_voice *register_cmu_us_kal16(const char *voxdir);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static cst_lexicon *lexicon;
static cst_voice *voices[FLITE_SPEAKERS];

static void set_up(void)
{
	flite_init();
	lexicon = cmu_lex_init();
	voices[FLITE_RMS] = register_cmu_us_rms(NULL);
	voices[FLITE_SLT] = register_cmu_us_slt(NULL);
	voices[FLITE_AWB] = register_cmu_us_awb(NULL);
	voices[FLITE_KAL16] = register_cmu_us_kal16(NULL);
}

/* Lexicon phones are lower case with a stress digit; "ax" is how they write a weak AH. */
static bool append_phones(char out[PHONES_SIZE], const cst_val *phones)
{
	for (const cst_val *at = phones; at; at = val_cdr(at)) {
		const char *phone = val_string(val_car(at));
		const size_t len = strlen(out);
		size_t used = len;

		if (str_equal(phone, "pau"))
			continue;
		if (len + strlen(phone) + 2 > PHONES_SIZE)
			return false;
		if (len > 0)
			out[used++] = ' ';
		if (str_has_prefix(phone, "ax"))
			phone = "ah";
		for (; *phone && !isdigit((unsigned char)*phone); phone++)
			out[used++] = (char)toupper((unsigned char)*phone);
		out[used] = '\0';
	}
	return true;
}

static bool append_word(char out[PHONES_SIZE], const char *word, const char *part_of_speech)
{
	cst_val *phones = lex_lookup(lexicon, word, part_of_speech, NULL);
	const bool fitted = append_phones(out, phones);

	delete_val(phones);
	return fitted;
}

/* Letters by name: "a" as a noun is the letter, not the article. */
static bool append_letter(char out[PHONES_SIZE], char letter)
{
	const char word[2] = {letter, '\0'};

	return append_word(out, letter == 'a' ? "_a" : word, letter == 'a' ? NULL : "n");
}

int flite_door_phones(char out[PHONES_SIZE], const char *word)
{
	static const char *const digits[] = {"zero", "one", "two",   "three", "four",
					     "five", "six", "seven", "eight", "nine"};
	char letters[65] = "";
	size_t count = 0;
	bool fitted = true;

	pthread_once(&once, set_up);
	if (strlen(word) >= sizeof(letters))
		return -EINVAL;
	out[0] = '\0';
	for (;; word++) {
		if (islower((unsigned char)*word) || (*word == '\'' && count > 0)) {
			letters[count++] = *word;
			continue;
		}
		letters[count] = '\0';
		if (count == 1)
			fitted &= append_letter(out, letters[0]);
		else if (count > 1)
			fitted &= append_word(out, letters, NULL);
		count = 0;
		if (*word >= '0' && *word <= '9')
			fitted &= append_word(out, digits[*word - '0'], NULL);
		if (!*word)
			break;
	}
	return out[0] && fitted ? 0 : -EINVAL;
}

struct speaking {
	flite_piece_h *pieceh;
	void *arg;
	bool cancelled;
	size_t samples;
};

static int on_piece(const cst_wave *wave, int start, int size, int last,
		    struct cst_audio_streaming_info_struct *info)
{
	struct speaking *speaking = info->userdata;

	if (size <= 0)
		return CST_AUDIO_STREAM_CONT;
	speaking->samples += (size_t)size;
	if (speaking->pieceh(wave->samples + start, (size_t)size, (uint32_t)wave->sample_rate,
			     speaking->arg))
		speaking->cancelled = true;
	return speaking->cancelled ? CST_AUDIO_STREAM_STOP : CST_AUDIO_STREAM_CONT;
}

/*
 * What differs between requests is set on the utterance, whose features are looked at before the
 * voice's; the voices themselves are never changed after set_up(), so threads can share them.
 */
static cst_utterance *new_request(const struct flite_request *request,
				  cst_audio_streaming_info *info)
{
	cst_utterance *utterance = new_utterance();

	utt_set_input_text(utterance, request->text);
	utt_init(utterance, voices[request->speaker]);
	feat_set(utterance->features, "streaming_info", audio_streaming_info_val(info));
	if (request->stretch > 0.0f)
		feat_set_float(utterance->features, "duration_stretch", request->stretch);
	if (request->pitch_hz > 0.0f)
		feat_set_float(utterance->features, "int_f0_target_mean", request->pitch_hz);
	return utterance;
}

int flite_door_speak(const struct flite_request *request, flite_piece_h *pieceh, void *arg)
{
	struct speaking speaking = {.pieceh = pieceh, .arg = arg};
	cst_audio_streaming_info *info;
	cst_utterance *utterance;

	pthread_once(&once, set_up);
	info = new_audio_streaming_info();
	info->min_buffsize = 1600;
	info->asc = on_piece;
	info->userdata = &speaking;
	utterance = new_request(request, info); /* owns info from here on */
	utt_synth(utterance);
	delete_utterance(utterance);
	if (speaking.cancelled)
		return -ECANCELED;
	return speaking.samples > 0 ? 0 : -EIO;
}
