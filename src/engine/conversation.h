/*
 * One conversation: who speaks, who is listened to, what was said. It joins the caller's voice
 *(ear), the agent's voice (mouth) and what to say (dialog), and knows nothing of sockets.
 *
 *	NEW --join--> LISTENING --speech--> HEARING --stop--> RECOGNISING --heard--> THINKING
 *	                  ^  ^                 ^                                        |
 *	                  |  '--nothing--------|----------------------------------------|
 *	                  |                    '--speech (cuts the agent off)--.        say
 *	                  '--said--------------------------------------------- SPEAKING <'
 *	last words: from anywhere to CLOSING, which ends when they were heard. end: from anywhere to
 *ENDED.
 */
#pragma once

#include "core/json.h"
#include "engine/data_message.h"
#include "engine/dialog.h"
#include "engine/ear.h"
#include "engine/voicebox.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conversation;
struct loop;

enum { CONVERSATION_MAX_INACTIVITY = 16 };

enum inactivity_end { INACTIVITY_GOES_ON, INACTIVITY_HANGS_UP_SOFT, INACTIVITY_HANGS_UP };

struct conversation_inactivity {
	uint32_t after_ms;
	char *message;
	enum inactivity_end end;
};

/* What the create request says about the conversation. Strings are copied. */
struct conversation_conf {
	const char *call_id;
	const struct tts_voice *voice;
	const char *language;
	struct turn_conf turn;
	float threshold;
	bool user_first;
	const char *greeting; /* said as it stands; NULL: the dialogue's own */
	bool uninterruptible; /* the greeting */
	uint32_t greeting_delay_ms;
	bool has_fallback; /* user_first: greet after greeting_delay_ms of silence */
	bool text_output;  /* start with text instead of voice */
	struct conversation_inactivity inactivity[CONVERSATION_MAX_INACTIVITY];
	size_t inactivity_count;
	uint32_t max_duration_ms;
	const char *time_exceeded_message;
	bool ignore_digits;
	const char *digits_text; /* "..{digits}.."; NULL: digits go to the dialogue as they are */
	enum data_urgency digits_urgency;
	bool turn_timing; /* tell {"type":"turn_timing"} */
};

/* The caller's line, once there is one. */
struct conversation_line {
	uint32_t rate_hz;        /* of the caller's audio, 8000 or 16000 */
	uint32_t output_rate_hz; /* of the agent's */
	uint32_t lead_ms;
	void (*audioh)(const int16_t *samples, size_t count, void *arg);
	void (*markh)(uint64_t mark, void *arg); /* NULL: by the clock */
	void (*clearh)(void *arg);
	void *arg;
};

struct conversation_handlers {
	/* A data message for whoever listens (state, transcript, turn_timing...). */
	void (*messageh)(const json_t *message, void *arg);
	/* A Message object for the call's record. */
	void (*recordh)(json_t *message, void *arg);
	/* Once: the conversation is over, with one of the API's endReasons. */
	void (*endedh)(const char *reason, void *arg);
};

/* Owned by the caller; box must outlive it. */
struct conversation *conversation_new(struct loop *loop, const struct voicebox *box,
				      const struct conversation_conf *conf,
				      const struct conversation_handlers *handlers, void *arg);

/* What a dialogue made for this conversation gets; its arg is the conversation. */
extern const struct dialog_handlers conversation_dialog_handlers;

/* Before conversation_join(); referenced until the conversation is released. */
void conversation_set_dialog(struct conversation *conversation, struct dialog *dialog);

void conversation_join(struct conversation *conversation, const struct conversation_line *line);
void conversation_audio(struct conversation *conversation, const int16_t *samples, size_t count);
void conversation_marked(struct conversation *conversation, uint64_t mark);
void conversation_digit(struct conversation *conversation, char digit);

/* A client's instruction: user text, forced agent message, hang_up, set_output_medium. */
void conversation_command(struct conversation *conversation, const struct data_message *message);

/* It is over; endedh follows unless it was over already. */
void conversation_end(struct conversation *conversation, const char *reason);

/* "new", "listening", "hearing", "recognising", "thinking", "speaking", "closing", "ended". */
const char *conversation_state_name(const struct conversation *conversation);
