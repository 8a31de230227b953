/*
 * How well and how fast speech is recognised and made, on this machine:
 *
 *	bench_speech [--map FILE] [--verbose]
 *
 * Callers are the flite voices and two of espeak-ng; where asterisk-core-sounds-en-wav is installed
 * its digits, days and months are a human one. All go through mu-law at 8 kHz.
 */
#include "core/clock.h"
#include "core/mem.h"
#include "core/str.h"
#include "speech/decoder.h"
#include "speech/espeak.h"
#include "speech/voice.h"
#include "media/resample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RATE_HZ = 8000, PAD = RATE_HZ / 4, SECONDS_MAX = 30 };

static const char desk[] =
	"#JSGF V1.0;\ngrammar desk;\n"
	"public <utterance> = <yesno> | <wish> | [on] <day> [at <time>] | [at] <time> | <digits>\n"
	" | [my name is | this is] <name> | i want to speak to (a person | someone) | goodbye;\n"
	"<yesno> = yes [please | that is right] | no [thank you | that is wrong] | correct | "
	"sure;\n"
	"<wish> = (i would like to | i want to | can i) (book | make | cancel | move | change)\n"
	"  (an | my) appointment [(for | to) [next] <day> [at <time>]];\n"
	"<day> = monday | tuesday | wednesday | thursday | friday | saturday | sunday | tomorrow\n"
	"  | today | [the] <ordinal> of <month> | <month> <ordinal>;\n"
	"<month> = january | february | march | april | may | june | july | august | september\n"
	"  | october | november | december;\n"
	"<ordinal> = first | second | third | fourth | fifth | sixth | seventh | eighth | ninth\n"
	"  | tenth | eleventh | twelfth | thirteenth | fifteenth | twentieth | twenty first;\n"
	"<hour> = one | two | three | four | five | six | seven | eight | nine | ten | eleven\n"
	"  | twelve | noon;\n"
	"<time> = <hour> [thirty | fifteen | forty five | o'clock]\n"
	"  [a m | p m | in the morning | in the afternoon] | half past <hour>;\n"
	"<digit> = zero | oh | one | two | three | four | five | six | seven | eight | nine;\n"
	"<digits> = [my number is] <digit> <digit> <digit>+;\n"
	"<name> = (john | mary | peter | anna | david | linda) (smith | jones | brown | miller);\n";

static const char *const inside[] = {
	"yes",
	"yes please",
	"no",
	"no thank you",
	"correct",
	"sure",
	"goodbye",
	"i would like to book an appointment",
	"i want to cancel my appointment",
	"can i move my appointment to next tuesday at three p m",
	"i would like to make an appointment for tomorrow at ten thirty",
	"monday",
	"wednesday",
	"on friday at nine fifteen a m",
	"thursday at four o'clock",
	"march third",
	"the twenty first of december at noon",
	"at two thirty in the afternoon",
	"half past eleven",
	"eight",
	"five five five one two three four",
	"my number is nine zero six two seven",
	"my name is anna miller",
	"peter brown",
	"i want to speak to a person",
};

static const char *const outside[] = {
	"the weather is really terrible around here",
	"how much does the green bicycle cost",
	"banana",
	"my dog ate the whole newspaper this weekend",
	"could you please turn the music down",
	"hello",
	"purple elephants dance in the kitchen",
	"what is the capital of france",
	"i lost my umbrella on the train",
	"the quick brown fox jumps over the lazy dog",
	"internet",
	"do you sell garden furniture",
	"let me think about it for a second",
	"well it depends",
	"what did you say",
};

static const char *const open_sentences[] = {
	"i would like to know what time you are open on saturday",
	"my internet connection has not been working since yesterday",
	"can you tell me the price of a new battery",
	"please ask the doctor to call me back this afternoon",
	"i am calling about the order i placed last week",
	"where can i park my car near your office",
	"thank you very much for your help",
	"i need to change the address on my account",
};

struct caller {
	const char *name;
	const struct tts_voice *voice; /* NULL: espeak with this variant */
	const char *variant;
};

static struct caller callers[16];
static size_t caller_count;
static bool verbose;

struct audio {
	int16_t samples[RATE_HZ * SECONDS_MAX];
	size_t count;
	struct resample *resample;
};

static int16_t through_mulaw(int16_t sample)
{
	const int sign = sample < 0;
	int size = sign ? -sample : sample, exponent = 7, mantissa;

	size = (size > 32635 ? 32635 : size) + 132;
	for (int bit = 0x4000; exponent > 0 && !(size & bit); bit >>= 1)
		exponent--;
	mantissa = (size >> (exponent + 3)) & 15;
	size = (((mantissa << 3) + 132) << exponent) - 132;
	return (int16_t)(sign ? -size : size);
}

static int collect(const int16_t *samples, size_t count, void *arg)
{
	struct audio *audio = arg;

	if (audio->count + count + PAD > ARRAY_LEN(audio->samples))
		return -1;
	memcpy(audio->samples + audio->count, samples, count * sizeof(*samples));
	audio->count += count;
	return 0;
}

static int collect_espeak(const int16_t *samples, size_t count, uint32_t rate_hz, void *arg)
{
	struct audio *audio = arg;
	auto_free int16_t *out = NULL;

	if (!audio->resample && resample_new(&audio->resample, rate_hz, RATE_HZ))
		return -1;
	out = mem_alloc(resample_bound(audio->resample, count) * sizeof(*out));
	return collect(out, resample_run(audio->resample, out, samples, count), audio);
}

/* One utterance with a quarter of a second of silence on both sides. */
static bool say(struct audio *audio, const struct caller *caller, const char *text)
{
	int err;

	memset(audio, 0, sizeof(*audio));
	audio->count = PAD;
	if (caller->voice)
		err = voice_speak(
			&(struct voice_request){.voice = caller->voice, .text = (char *)text},
			RATE_HZ, collect, audio);
	else
		err = espeak_speak(&(struct espeak_request){.language = "en-us",
							    .variant = caller->variant,
							    .text = text,
							    .words_per_minute = 150},
				   collect_espeak, audio);
	mem_unref(audio->resample);
	audio->count += PAD;
	for (size_t i = 0; i < audio->count; i++)
		audio->samples[i] = through_mulaw(audio->samples[i]);
	return err == 0;
}

/* What decoding cost, all together. */
static struct {
	double audio_s, decode_s, final_s, final_max_s;
	int utterances;
} cost;

/* The text is the caller's. */
static struct decoder_result decode(struct decoder *decoder, const struct stt_grammar *grammar,
				    struct decoder_mean *mean, const struct audio *audio)
{
	struct decoder_result result = {0};
	int64_t start, fed, end;

	if (decoder_start(decoder, grammar, RATE_HZ, mean)) {
		fprintf(stderr, "bench_speech: the grammar does not compile\n");
		exit(1);
	}
	start = clock_mono_us();
	for (size_t at = 0; at < audio->count; at += RATE_HZ / 10)
		decoder_feed(decoder, audio->samples + at,
			     audio->count - at < RATE_HZ / 10 ? audio->count - at : RATE_HZ / 10);
	fed = clock_mono_us();
	decoder_finish(decoder, mean, &result);
	end = clock_mono_us();
	cost.audio_s += (double)audio->count / RATE_HZ;
	cost.decode_s += (double)(end - start) / 1e6;
	cost.final_s += (double)(end - fed) / 1e6;
	cost.final_max_s = fmax(cost.final_max_s, (double)(end - fed) / 1e6);
	cost.utterances++;
	return result;
}

static void print_cost(const char *what)
{
	printf("%-34s RTF %.3f, after the end %.1f ms on average, %.1f ms at most\n", what,
	       cost.decode_s / cost.audio_s, 1e3 * cost.final_s / cost.utterances,
	       1e3 * cost.final_max_s);
	memset(&cost, 0, sizeof(cost));
}

static void explain(const char *who, const char *said, const struct decoder_result *result)
{
	if (verbose)
		printf("  %-8s %-3s %.2f main %6.1f rival %6.1f margin %6.1f  %s | %s\n", who,
		       result->in_grammar ? "in" : "out", result->confidence, result->per_frame,
		       result->rival_per_frame, result->per_frame - result->rival_per_frame, said,
		       result->text);
}

static void bench_grammar(struct decoder *decoder)
{
	auto_unref struct stt_grammar *grammar = NULL;
	struct audio *audio = mem_alloc(sizeof(*audio));
	int exact_all = 0, taken_all = 0, refused_all = 0;

	if (stt_grammar_new(&grammar, desk))
		exit(1);
	for (size_t c = 0; c < caller_count; c++) {
		struct decoder_mean mean = {.frames = 0};
		int exact = 0, taken = 0, refused = 0;

		for (size_t i = 0; i < ARRAY_LEN(inside) + ARRAY_LEN(outside); i++) {
			const bool in = i < ARRAY_LEN(inside);
			const char *said = in ? inside[i] : outside[i - ARRAY_LEN(inside)];
			struct decoder_result result;

			if (!say(audio, &callers[c], said))
				continue;
			result = decode(decoder, grammar, &mean, audio);
			exact += in && str_equal(result.text, said);
			taken += in && result.in_grammar;
			refused += !in && !result.in_grammar;
			explain(callers[c].name, said, &result);
			mem_free(result.text);
		}
		printf("  %-8s sentence right %2d of %zu, accepted %2d; outside refused %2d of "
		       "%zu\n",
		       callers[c].name, exact, ARRAY_LEN(inside), taken, refused,
		       ARRAY_LEN(outside));
		exact_all += exact;
		taken_all += taken;
		refused_all += refused;
	}
	printf("%-34s sentence right %.1f %%, accepted %.1f %%; outside refused %.1f %%\n",
	       "desk grammar, 8 kHz mu-law",
	       100.0 * exact_all / (double)(caller_count * ARRAY_LEN(inside)),
	       100.0 * taken_all / (double)(caller_count * ARRAY_LEN(inside)),
	       100.0 * refused_all / (double)(caller_count * ARRAY_LEN(outside)));
	print_cost("grammar decoding");
	mem_free(audio);
}

/* Levenshtein distance between the words. */
static int word_errors(const char *said, const char *heard, int *ret_words)
{
	auto_free char *a = mem_strdup(said);
	auto_free char *b = mem_strdup(heard);
	char *as[64], *bs[64], *at;
	int distance[65][65], n = 0, m = 0;

	for (char *w = strtok_r(a, " ", &at); w && n < 64; w = strtok_r(NULL, " ", &at))
		as[n++] = w;
	for (char *w = strtok_r(b, " ", &at); w && m < 64; w = strtok_r(NULL, " ", &at))
		bs[m++] = w;
	for (int i = 0; i <= n; i++)
		for (int k = 0; k <= m; k++) {
			int best = i + k;

			if (i > 0 && k > 0) {
				best = distance[i - 1][k - 1] + !str_equal(as[i - 1], bs[k - 1]);
				if (distance[i - 1][k] + 1 < best)
					best = distance[i - 1][k] + 1;
				if (distance[i][k - 1] + 1 < best)
					best = distance[i][k - 1] + 1;
			}
			distance[i][k] = best;
		}
	*ret_words += n;
	return distance[n][m];
}

static void bench_open(struct decoder *decoder)
{
	struct audio *audio = mem_alloc(sizeof(*audio));
	int errors = 0, words = 0;

	for (size_t c = 0; c < caller_count; c++) {
		struct decoder_mean mean = {.frames = 0};

		for (size_t i = 0; i < ARRAY_LEN(open_sentences); i++) {
			struct decoder_result result;

			if (!say(audio, &callers[c], open_sentences[i]))
				continue;
			result = decode(decoder, NULL, &mean, audio);
			errors += word_errors(open_sentences[i], result.text, &words);
			explain(callers[c].name, open_sentences[i], &result);
			mem_free(result.text);
		}
	}
	printf("%-34s WER %.1f %% of %d words\n", "open vocabulary, 8 kHz mu-law",
	       100.0 * errors / words, words);
	print_cost("language model decoding");
	mem_free(audio);
}

static const struct {
	const char *file, *word;
} human[] = {
	{"digits/0", "zero"},          {"digits/1", "one"},
	{"digits/2", "two"},           {"digits/3", "three"},
	{"digits/4", "four"},          {"digits/5", "five"},
	{"digits/6", "six"},           {"digits/7", "seven"},
	{"digits/8", "eight"},         {"digits/9", "nine"},
	{"digits/10", "ten"},          {"digits/11", "eleven"},
	{"digits/12", "twelve"},       {"digits/day-0", "sunday"},
	{"digits/day-1", "monday"},    {"digits/day-2", "tuesday"},
	{"digits/day-3", "wednesday"}, {"digits/day-4", "thursday"},
	{"digits/day-5", "friday"},    {"digits/day-6", "saturday"},
	{"digits/mon-0", "january"},   {"digits/mon-1", "february"},
	{"digits/mon-2", "march"},     {"digits/mon-3", "april"},
	{"digits/mon-4", "may"},       {"digits/mon-5", "june"},
	{"digits/mon-6", "july"},      {"digits/mon-7", "august"},
	{"digits/mon-8", "september"}, {"digits/mon-9", "october"},
	{"digits/mon-10", "november"}, {"digits/mon-11", "december"},
	{"digits/h-1", "first"},       {"digits/h-2", "second"},
	{"digits/h-3", "third"},       {"digits/h-4", "fourth"},
	{"digits/h-5", "fifth"},       {"digits/h-10", "tenth"},
	{"digits/a-m", "a m"},         {"digits/p-m", "p m"},
	{"digits/today", "today"},     {"digits/tomorrow", "tomorrow"},
	{"digits/oclock", "o'clock"},
};

/* 8 kHz, 16 bit, one channel, header of 44 bytes: what the package holds. */
static bool load_human(struct audio *audio, const char *name)
{
	auto_free char *path =
		mem_printf("/usr/share/asterisk/sounds/en_US_f_Allison/%s.wav", name);
	FILE *file = fopen(path, "rbe");

	memset(audio, 0, sizeof(*audio));
	if (!file)
		return false;
	audio->count = PAD;
	if (fseek(file, 44, SEEK_SET) == 0)
		audio->count += fread(audio->samples + PAD, sizeof(int16_t), RATE_HZ * 10, file);
	fclose(file);
	audio->count += PAD;
	for (size_t i = 0; i < audio->count; i++)
		audio->samples[i] = through_mulaw(audio->samples[i]);
	return true;
}

/* Any one of the words above, nothing known about which. */
static void bench_human(struct decoder *decoder)
{
	auto_unref struct stt_grammar *grammar = NULL;
	struct audio *audio = mem_alloc(sizeof(*audio));
	struct decoder_mean mean = {.frames = 0};
	char text[4096] = "#JSGF V1.0;\ngrammar human;\npublic <utterance> = zero";
	int right = 0, taken = 0, count = 0;

	for (size_t i = 1; i < ARRAY_LEN(human); i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), " | %s", human[i].word);
	snprintf(text + strlen(text), sizeof(text) - strlen(text), ";\n");
	if (stt_grammar_new(&grammar, text))
		exit(1);
	for (size_t i = 0; i < ARRAY_LEN(human); i++) {
		struct decoder_result result;

		if (!load_human(audio, human[i].file))
			continue;
		result = decode(decoder, grammar, &mean, audio);
		count++;
		right += str_equal(result.text, human[i].word);
		taken += result.in_grammar;
		explain("human", human[i].word, &result);
		mem_free(result.text);
	}
	if (count > 0)
		printf("%-34s right %d of %d, accepted %d\n", "human single words, 8 kHz mu-law",
		       right, count, taken);
	mem_free(audio);
}

static void bench_voices(void)
{
	struct audio *audio = mem_alloc(sizeof(*audio));

	for (size_t c = 0; c < caller_count; c++) {
		const int64_t start = clock_mono_us();
		double power = 0.0;
		size_t loud = 0;
		int peak = 0;

		say(audio, &callers[c], "Good morning, you are booked for Tuesday at ten thirty.");
		for (size_t i = 0; i < audio->count; i++)
			peak = abs(audio->samples[i]) > peak ? abs(audio->samples[i]) : peak;
		for (size_t at = 0; at + 160 <= audio->count; at += 160) {
			double block = 0.0;

			for (size_t i = 0; i < 160; i++)
				block += pow(audio->samples[at + i], 2) / 160;
			power += block > 4e4 ? block : 0.0;
			loud += block > 4e4;
		}
		printf("  %-8s RTF %.3f, %.1f dBFS, peak %.1f dBFS\n", callers[c].name,
		       (double)(clock_mono_us() - start) / 1e6 / ((double)audio->count / RATE_HZ),
		       10 * log10(power / (double)(loud ? loud : 1) / 32768 / 32768),
		       20 * log10(peak / 32768.0));
	}
	mem_free(audio);
}

/* Anonymous memory of the process, in KiB. */
static long memory_kib(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	long kib = 0;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "RssAnon: %ld", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib;
}

static struct decoder *load(const struct telephone_map *map, bool language_model)
{
	struct decoder *decoder;
	const long before = memory_kib();
	const int64_t start = clock_mono_us();

	if (decoder_new(&decoder,
			&(struct decoder_conf){.model_dir = "/usr/share/pocketsphinx/model/en-us",
					       .map = map,
					       .language_model = language_model})) {
		fprintf(stderr, "bench_speech: no models\n");
		exit(1);
	}
	printf("%-34s %ld MiB of its own, %.0f ms to load\n",
	       language_model ? "decoder with the language model" : "decoder for grammars",
	       (memory_kib() - before) / 1024, (double)(clock_mono_us() - start) / 1e3);
	return decoder;
}

int main(int argc, char **argv)
{
	const char *map_path = SOURCE_DIR "/config/speech/telephone_map.bin";
	struct telephone_map *map;
	struct decoder *grammar_decoder, *open_decoder;
	size_t count;
	const struct tts_voice *voices = tts_voices(&count);

	for (int i = 1; i < argc; i++) {
		verbose |= str_equal(argv[i], "--verbose");
		if (str_equal(argv[i], "--map") && i + 1 < argc)
			map_path = argv[++i];
	}
	for (size_t i = 0; i < count; i++)
		callers[caller_count++] = (struct caller){voices[i].name, &voices[i], NULL};
	callers[caller_count++] = (struct caller){"espeak m", NULL, "m3"};
	callers[caller_count++] = (struct caller){"espeak f", NULL, "f2"};
	if (telephone_map_load(&map, map_path)) {
		fprintf(stderr, "bench_speech: %s: not a weights file\n", map_path);
		return 1;
	}
	bench_voices();
	grammar_decoder = load(map, false);
	bench_grammar(grammar_decoder);
	bench_human(grammar_decoder);
	mem_unref(grammar_decoder);
	open_decoder = load(map, true);
	bench_open(open_decoder);
	mem_unref(open_decoder);
	mem_unref(map);
	return 0;
}
