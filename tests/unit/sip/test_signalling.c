/*
 * Protects the call against the other side's ways: trunks that ask for a password, answers that
 * come twice, late, crossed or never, holds and moves within the call, refusals of every kind. The
 * other side is written by hand (raw_phone.h), so that it can do what no phone should.
 */
#include "unit/sip/sip_fixture.h"

#include <openssl/evp.h>

/* Digest authentication (RFC 2617) */

static const char *md5(char hex[33], const char *format, ...)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char text[1024];
	unsigned len = 0;
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	EVP_Digest(text, strlen(text), digest, &len, EVP_md5(), NULL);
	for (unsigned i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return hex;
}

/* The value of name="value" or name=value; commas and quotes end it. */
static const char *auth_param(const char *header, const char *name, char value[RAW_NAME])
{
	char key[64];
	const char *at;

	value[0] = '\0';
	snprintf(key, sizeof(key), " %s=", name);
	at = strstr(header, key);
	if (!at)
		return value;
	at += strlen(key);
	at += *at == '"';
	snprintf(value, RAW_NAME, "%.*s", (int)strcspn(at, "\","), at);
	return value;
}

static void check_response(const char *header, const char *password, bool qop)
{
	char uri[RAW_NAME], cnonce[RAW_NAME], nc[RAW_NAME], got[RAW_NAME], value[RAW_NAME];
	char ha1[33], ha2[33], want[33];

	assert_string_equal(auth_param(header, "username", value), "trunk-user");
	assert_string_equal(auth_param(header, "nonce", value), "n0nce");
	assert_string_equal(auth_param(header, "opaque", value), "0paque");
	auth_param(header, "uri", uri);
	auth_param(header, "cnonce", cnonce);
	auth_param(header, "nc", nc);
	md5(ha1, "trunk-user:the trunk:%s", password);
	md5(ha2, "INVITE:%s", uri);
	if (qop)
		md5(want, "%s:n0nce:%s:%s:auth:%s", ha1, nc, cnonce, ha2);
	else
		md5(want, "%s:n0nce:%s", ha1, ha2);
	assert_string_equal(auth_param(header, "response", got), want);
}

static void trunk_challenges_are_answered(void **state)
{
	static const struct {
		const char *status, *challenge, *response;
		bool qop;
	} cases[] = {
		{"401 Unauthorized", "WWW-Authenticate", "Authorization", false},
		{"401 Unauthorized", "WWW-Authenticate", "Authorization", true},
		{"407 Proxy Authentication Required", "Proxy-Authenticate", "Proxy-Authorization",
		 true},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char challenge[256], header[RAW_NAME];

		snprintf(challenge, sizeof(challenge),
			 "%s: Digest realm=\"the trunk\", nonce=\"n0nce\", opaque=\"0paque\"%s\r\n",
			 cases[i].challenge, cases[i].qop ? ", qop=\"auth\", algorithm=MD5" : "");
		f->trace[0] = '\0';
		f->ended = false;
		dial_with(f, "trunk-user", "s3cret");
		assert_string_equal(raw_header(f->phone.invite, cases[i].response, header), "");
		raw_reply(&f->phone, f->phone.invite, cases[i].status, challenge, NULL);
		WAIT_MSG(f, "ACK ");
		WAIT_MSG(f, "INVITE ");
		raw_header(f->phone.invite, cases[i].response, header);
		check_response(header, "s3cret", cases[i].qop);
		raw_reply(&f->phone, f->phone.invite, "200 OK", NULL, raw_sdp(&f->phone, "0", ""));
		WAIT_FOR(f, strstr(f->trace, "answered"));
		sip_call_hangup(f->call);
		WAIT_MSG(f, "BYE ");
		raw_reply(&f->phone, f->phone.msg, "200 OK", NULL, NULL);
		WAIT_FOR(f, f->ended);
		f->call = mem_unref(f->call);
	}
}

static void a_refused_password_is_not_tried_again(void **state)
{
	static const char challenge[] =
		"WWW-Authenticate: Digest realm=\"the trunk\", nonce=\"n0nce\"\r\n";
	struct fixture *f = *state;

	dial_with(f, "trunk-user", "wrong");
	for (int i = 0; i < 2; i++) {
		raw_reply(&f->phone, f->phone.invite, "401 Unauthorized", challenge, NULL);
		WAIT_MSG(f, "ACK ");
		if (!i)
			WAIT_MSG(f, "INVITE ");
	}
	WAIT_FOR(f, f->ended);
	assert_int_equal(f->end, SIP_END_REJECTED);
	assert_int_equal(f->code, 401);
	assert_false(raw_got(&f->phone, "INVITE "));
}

static void challenges_we_cannot_answer_end_the_call(void **state)
{
	static const struct {
		const char *username, *challenge;
	} cases[] = {
		{NULL, "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n"},
		{"user",
		 "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", algorithm=SHA-256\r\n"},
		{"user", "WWW-Authenticate: Basic realm=\"r\"\r\n"},
		{"user", "WWW-Authenticate: \r\n"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		f->ended = false;
		dial_with(f, cases[i].username, "p");
		raw_reply(&f->phone, f->phone.invite, "401 Unauthorized", cases[i].challenge, NULL);
		WAIT_FOR(f, f->ended);
		assert_int_equal(f->end, SIP_END_REJECTED);
		assert_int_equal(f->code, 401);
		f->call = mem_unref(f->call);
	}
}

/* Final responses */

static void final_responses_keep_their_codes(void **state)
{
	static const struct {
		const char *status;
		int code;
	} cases[] = {
		{"300 Multiple Choices", 300},
		{"404 Not Found", 404},
		{"408 Request Timeout", 408},
		{"480 Temporarily Unavailable", 480},
		{"486 Busy Here", 486},
		{"487 Request Terminated", 487},
		{"488 Not Acceptable Here", 488},
		{"500 Server Internal Error", 500},
		{"503 Service Unavailable", 503},
		{"600 Busy Everywhere", 600},
		{"603 Decline", 603},
		{"699 Whatever", 699},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		f->ended = false;
		dial_with(f, NULL, NULL);
		raw_reply(&f->phone, f->phone.invite, cases[i].status, NULL, NULL);
		WAIT_MSG(f, "ACK ");
		WAIT_FOR(f, f->ended);
		assert_int_equal(f->end, SIP_END_REJECTED);
		assert_int_equal(f->code, cases[i].code);
		assert_string_equal(f->reason, cases[i].status + 4);
		f->call = mem_unref(f->call);
	}
}

/* A trunk must not send our calls, or our password, to addresses of its choice. */
static void redirects_are_not_followed(void **state)
{
	static const struct {
		const char *before, *after;
	} forms[] = {
		{"Contact: <", ">"},
		{"m: ", ";q=0.5"},
		{"contact :\r\n <", ">"},
	};
	struct fixture *f = *state;
	struct raw_phone other;

	raw_open(&other, sip_port(f->sip));
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		char contact[128];

		f->ended = false;
		snprintf(contact, sizeof(contact), "%ssip:premium@127.0.0.1:%u%s\r\n",
			 forms[i].before, other.sip_port, forms[i].after);
		dial_with(f, "user", "password");
		raw_reply(&f->phone, f->phone.invite, "302 Moved Temporarily", contact, NULL);
		WAIT_MSG(f, "ACK ");
		WAIT_FOR(f, f->ended);
		assert_int_equal(f->end, SIP_END_REJECTED);
		assert_int_equal(f->code, 302);
		assert_false(raw_got(&other, "INVITE"));
		assert_false(raw_got(&f->phone, "INVITE"));
		f->call = mem_unref(f->call);
	}
	raw_close(&other);
}

static void early_media_is_heard_and_no_answer(void **state)
{
	struct fixture *f = *state;
	int16_t loud[1600];

	for (size_t i = 0; i < ARRAY_LEN(loud); i++)
		loud[i] = i / 8 % 2 ? 9000 : -9000;
	dial_with(f, NULL, NULL);
	sip_call_play(f->call, loud, ARRAY_LEN(loud));
	sip_call_mark(f->call, 1);
	raw_reply(&f->phone, f->phone.invite, "183 Session Progress", NULL,
		  raw_sdp(&f->phone, "0", ""));
	WAIT_FOR(f, strstr(f->trace, "early"));
	raw_got(&f->phone, "none");
	speak(f, 0, 20, 20);
	assert_true(f->loud_frames > 5);
	while (raw_got_rtp(&f->phone))
		assert_int_equal(f->phone.packet[100], 0xff); /* ours is kept for the answer */
	assert_int_equal(f->marks, 0);
	assert_string_equal(f->trace, "early ");

	/* The announcement's ports are not those of the one who answers. */
	close(f->phone.rtp_fd);
	close(f->phone.rtcp_fd);
	raw_open_rtp(&f->phone);
	raw_reply(&f->phone, f->phone.invite, "200 OK", NULL, raw_sdp(&f->phone, "0", ""));
	WAIT_FOR(f, f->marks);
	WAIT_FOR(f, raw_got_rtp(&f->phone) && f->phone.packet[100] != 0xff);
	assert_string_equal(f->trace, "early answered ");
}

static void an_answer_without_our_codecs_ends_the_call(void **state)
{
	static const char *const answers[] = {
		"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
		"m=audio 4000 RTP/AVP 18\r\n",
		"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
		"m=audio 0 RTP/AVP 0\r\n",
		"v=0\r\no=- 1 1 IN IP6 ::1\r\ns=-\r\nc=IN IP6 ::1\r\nt=0 0\r\n"
		"m=audio 4000 RTP/AVP 0\r\n",
		"not SDP",
		"",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		f->ended = false;
		dial_with(f, NULL, NULL);
		raw_reply(&f->phone, f->phone.invite, "200 OK", NULL, answers[i]);
		WAIT_MSG(f, "ACK ");
		WAIT_MSG(f, "BYE ");
		raw_reply(&f->phone, f->phone.msg, "200 OK", NULL, NULL);
		WAIT_FOR(f, f->ended);
		assert_int_equal(f->end, SIP_END_ERROR);
		assert_int_equal(f->code, 488);
		f->call = mem_unref(f->call);
	}
}

/* Things that cross, repeat or never come */

static void a_cancel_that_crosses_the_answer_hangs_up(void **state)
{
	struct fixture *f = *state;

	dial_with(f, NULL, NULL);
	raw_reply(&f->phone, f->phone.invite, "180 Ringing", NULL, NULL);
	WAIT_FOR(f, strstr(f->trace, "ringing"));
	sip_call_hangup(f->call);
	WAIT_MSG(f, "CANCEL ");
	raw_reply(&f->phone, f->phone.msg, "200 OK", NULL, NULL);
	raw_reply(&f->phone, f->phone.invite, "200 OK", NULL, raw_sdp(&f->phone, "0", ""));
	WAIT_MSG(f, "ACK ");
	WAIT_MSG(f, "BYE ");
	raw_reply(&f->phone, f->phone.msg, "200 OK", NULL, NULL);
	WAIT_FOR(f, f->ended);
	assert_string_equal(f->trace, "ringing ended ");
	assert_int_equal(f->end, SIP_END_LOCAL);
}

static void every_copy_of_the_answer_is_acknowledged(void **state)
{
	struct fixture *f = *state;

	connect_out(f, "0", "");
	for (int i = 0; i < 3; i++) {
		raw_reply(&f->phone, f->phone.invite, "200 OK", NULL, raw_sdp(&f->phone, "0", ""));
		WAIT_MSG(f, "ACK ");
	}
	assert_string_equal(f->trace, "answered ");
}

static void a_bye_nobody_answers_ends_the_call_at_once(void **state)
{
	struct fixture *f = *state;
	uint64_t start;
	char first[RAW_NAME], second[RAW_NAME];

	connect_out(f, "0", "");
	start = now_ms();
	sip_call_hangup(f->call);
	WAIT_FOR(f, f->ended);
	assert_true(now_ms() - start < 1000);
	assert_int_equal(f->end, SIP_END_LOCAL);
	WAIT_MSG(f, "BYE ");
	raw_header(f->phone.msg, "Via", first);
	WAIT_MSG(f, "BYE "); /* again, the same transaction */
	assert_string_equal(raw_header(f->phone.msg, "Via", second), first);
	/* Closing does not wait for it for long. */
	f->call = mem_unref(f->call);
	start = now_ms();
	f->sip = mem_unref(f->sip);
	assert_true(now_ms() - start < 1500);
}

static void hanging_up_before_the_ack_sends_bye_after_it(void **state)
{
	struct fixture *f = *state;

	raw_request(&f->phone, "INVITE", NULL, raw_sdp(&f->phone, "0", ""));
	WAIT_FOR(f, f->call);
	sip_call_answer(f->call);
	WAIT_MSG(f, "SIP/2.0 200");
	raw_learn_dialogue(&f->phone);
	WAIT_MSG(f, "SIP/2.0 200"); /* repeated until the ACK comes */
	sip_call_hangup(f->call);
	WAIT_FOR(f, f->ended);
	assert_int_equal(f->end, SIP_END_LOCAL);
	raw_request(&f->phone, "ACK", NULL, NULL);
	WAIT_MSG(f, "BYE ");
	raw_reply(&f->phone, f->phone.msg, "200 OK", NULL, NULL);
}

static void a_repeated_invite_is_one_call(void **state)
{
	struct fixture *f = *state;
	struct sip_call *call;

	raw_request(&f->phone, "INVITE", NULL, raw_sdp(&f->phone, "0", ""));
	WAIT_FOR(f, f->call);
	call = f->call;
	f->phone.cseq--; /* the same bytes but for the branch: a merged request or a copy */
	raw_request(&f->phone, "CANCEL", NULL, NULL);
	f->phone.cseq++;
	raw_request(&f->phone, "CANCEL", NULL, NULL);
	WAIT_FOR(f, f->ended);
	assert_ptr_equal(call, f->call);
	assert_int_equal(f->code, 487);
	WAIT_MSG(f, "SIP/2.0 487");
}

/* Offers */

static void an_offer_in_the_answer_is_agreed_in_the_ack(void **state)
{
	struct fixture *f = *state;

	raw_request(&f->phone, "INVITE", NULL, NULL);
	WAIT_FOR(f, f->call);
	sip_call_answer(f->call);
	WAIT_MSG(f, "SIP/2.0 200");
	assert_non_null(strstr(f->phone.msg, "m=audio "));
	assert_non_null(strstr(f->phone.msg, "a=rtpmap:8 PCMA/8000"));
	raw_learn_dialogue(&f->phone);
	raw_request(&f->phone, "ACK", NULL, raw_sdp(&f->phone, "8", ""));
	WAIT_FOR(f, strstr(f->trace, "answered"));
	WAIT_FOR(f, raw_got_rtp(&f->phone));
	assert_int_equal(f->phone.packet[1] & 0x7f, 8);
}

static void an_ack_without_the_answer_ends_the_call(void **state)
{
	struct fixture *f = *state;

	raw_request(&f->phone, "INVITE", NULL, NULL);
	WAIT_FOR(f, f->call);
	sip_call_answer(f->call);
	WAIT_MSG(f, "SIP/2.0 200");
	raw_learn_dialogue(&f->phone);
	raw_request(&f->phone, "ACK", NULL, NULL);
	WAIT_MSG(f, "BYE ");
	raw_reply(&f->phone, f->phone.msg, "200 OK", NULL, NULL);
	WAIT_FOR(f, f->ended);
	assert_int_equal(f->end, SIP_END_ERROR);
	assert_int_equal(f->code, 488);
	assert_null(strstr(f->trace, "answered"));
}

static void reinvite(struct fixture *f, const char *formats, const char *more, const char *status)
{
	raw_request(&f->phone, "INVITE", NULL, raw_sdp(&f->phone, formats, more));
	WAIT_MSG(f, status);
	raw_request(&f->phone, "ACK", NULL, NULL);
}

/* Until none has come for a tenth of a second. */
static void wait_for_silence(struct fixture *f)
{
	uint64_t since = now_ms();

	WAIT_FOR(f, (raw_drain_rtp(&f->phone) ? (since = now_ms()) : 0, now_ms() - since > 100));
}

static void hold_and_resume(void **state)
{
	static const struct {
		const char *theirs, *ours;
	} cases[] = {{"a=sendonly\r\n", "a=recvonly"}, {"a=inactive\r\n", "a=inactive"}};
	struct fixture *f = *state;

	connect_in(f, "0 101", "a=rtpmap:101 telephone-event/8000\r\n");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		WAIT_FOR(f, raw_got_rtp(&f->phone));
		reinvite(f, "0", cases[i].theirs, "SIP/2.0 200");
		assert_non_null(strstr(f->phone.msg, cases[i].ours));
		wait_for_silence(f);
		reinvite(f, "0", "a=sendrecv\r\n", "SIP/2.0 200");
		assert_non_null(strstr(f->phone.msg, "a=sendrecv"));
		WAIT_FOR(f, raw_got_rtp(&f->phone));
	}
	f->loud_frames = 0;
	speak(f, 0, 20, 15);
	assert_true(f->loud_frames > 5);
	raw_request(&f->phone, "BYE", NULL, NULL);
	WAIT_FOR(f, f->ended);
	assert_int_equal(f->end, SIP_END_REMOTE);
}

static void media_follows_to_another_port(void **state)
{
	struct fixture *f = *state;
	struct raw_phone before;

	connect_in(f, "0", "");
	speak(f, 0, 20, 10);
	before = f->phone;
	raw_open_rtp(&f->phone);
	reinvite(f, "0", "", "SIP/2.0 200");
	WAIT_FOR(f, raw_got_rtp(&f->phone));
	f->loud_frames = 0;
	speak(f, 0, 20, 15);
	assert_true(f->loud_frames > 5);
	raw_drain_rtp(&before);
	WAIT_FOR(f, raw_got_rtp(&f->phone) && raw_got_rtp(&f->phone));
	assert_int_equal(raw_got_rtp(&before), 0);
	close(before.rtp_fd);
	close(before.rtcp_fd);
}

static void an_impossible_offer_leaves_the_call_as_it_was(void **state)
{
	struct fixture *f = *state;

	connect_in(f, "0", "");
	reinvite(f, "18", "a=rtpmap:18 G729/8000\r\n", "SIP/2.0 488");
	raw_drain_rtp(&f->phone);
	WAIT_FOR(f, raw_got_rtp(&f->phone));
	f->loud_frames = 0;
	speak(f, 0, 20, 15);
	assert_true(f->loud_frames > 5);
	/* One without an offer gets ours; an ACK without the answer changes nothing either. */
	raw_request(&f->phone, "INVITE", NULL, NULL);
	WAIT_MSG(f, "SIP/2.0 200");
	raw_request(&f->phone, "ACK", NULL, NULL);
	raw_request(&f->phone, "BYE", NULL, NULL);
	WAIT_FOR(f, f->ended);
	assert_int_equal(f->end, SIP_END_REMOTE);
	assert_int_equal(f->code, 200);
}

static void video_is_declined_and_audio_taken(void **state)
{
	struct fixture *f = *state;

	connect_in(f, "0",
		   "m=video 4002 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
		   "m=application 4004 UDP/BFCP *\r\n");
	assert_non_null(strstr(f->phone.msg, "m=video 0 "));
	assert_non_null(strstr(f->phone.msg, "m=application 0 "));
	speak(f, 0, 20, 15);
	assert_true(f->loud_frames > 5);
}

static void offers_we_cannot_take_are_refused(void **state)
{
	static const char *const media[] = {
		"m=audio 4000 RTP/SAVP 0\r\n",
		"m=audio 0 RTP/AVP 0\r\n",
		"m=audio 4000 RTP/AVP 300\r\na=rtpmap:300 PCMU/8000\r\n",
		"m=video 4000 RTP/AVP 96\r\n",
		"m=audio 4000 RTP/AVP 0\r\nc=IN IP6 ::1\r\n",
		"",
	};
	struct fixture *f = *state;
	char sdp[512];

	for (size_t i = 0; i < ARRAY_LEN(media); i++) {
		snprintf(sdp, sizeof(sdp),
			 "v=0\r\no=raw 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
			 "c=IN IP4 127.0.0.1\r\nt=0 0\r\n%s",
			 media[i]);
		snprintf(f->phone.call_id, RAW_NAME, "offer%zu-%u", i, f->phone.sip_port);
		raw_request(&f->phone, "INVITE", NULL, sdp);
		WAIT_FOR(f, raw_got(&f->phone, "SIP/2.0 488") || f->call);
		if (f->call)
			fail_msg("taken: %s", media[i]);
	}
}

/* Trunks ask within a call whether it lives, or want to refresh it. */
static void questions_within_a_call_do_it_no_harm(void **state)
{
	static const struct {
		const char *method, *status;
	} cases[] = {{"OPTIONS", "SIP/2.0 200"},
		     {"UPDATE", "SIP/2.0 405"},
		     {"MESSAGE", "SIP/2.0 405"},
		     {"REFER", "SIP/2.0 501"},
		     {"NOTIFY", "SIP/2.0 405"}};
	struct fixture *f = *state;

	connect_in(f, "0", "");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		raw_request(&f->phone, cases[i].method, NULL, NULL);
		WAIT_MSG(f, cases[i].status);
	}
	raw_request(&f->phone, "BYE", NULL, NULL);
	WAIT_FOR(f, f->ended);
	assert_int_equal(f->end, SIP_END_REMOTE);
}

static void digits_come_in_info(void **state)
{
	static const struct {
		const char *type, *body, *status, *digits;
		uint32_t ms;
	} cases[] = {
		{"application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", "SIP/2.0 200", "5", 160},
		{"application/dtmf-relay", "Signal= #\r\nDuration= 80", "SIP/2.0 200", "#", 80},
		{"application/dtmf", "7", "SIP/2.0 200", "7", 100},
		{"application/dtmf-relay", "Signal=1\r\nDuration=4294967295", "SIP/2.0 200", "1",
		 5000},
		{"application/dtmf-relay", "Signal=x", "SIP/2.0 200", "", 0},
		{"application/dtmf-relay", "", "SIP/2.0 200", "", 0},
		{"application/dtmf", "", "SIP/2.0 200", "", 0},
		{"text/plain", "5", "SIP/2.0 415", "", 0},
	};
	struct fixture *f = *state;

	connect_in(f, "0", "");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char type[64];

		memset(f->digits, 0, sizeof(f->digits));
		snprintf(type, sizeof(type), "Content-Type: %s\r\n", cases[i].type);
		raw_request(&f->phone, "INFO", type, cases[i].body);
		WAIT_MSG(f, cases[i].status);
		WAIT_FOR(f, strlen(f->digits) >= strlen(cases[i].digits));
		assert_string_equal(f->digits, cases[i].digits);
		if (cases[i].ms)
			assert_int_equal(f->digit_ms, cases[i].ms);
	}
	assert_false(f->ended);
}

/* Silence */

static int set_up_impatient(void **state)
{
	return set_up_conf(state, &(struct sip_conf){.rtp_timeout_ms = 200});
}

static void silence_ends_the_call(void **state)
{
	struct fixture *f = *state;

	connect_in(f, "0", "");
	speak(f, 0, 20, 25);
	assert_false(f->ended);
	WAIT_MSG(f, "BYE ");
	raw_reply(&f->phone, f->phone.msg, "200 OK", NULL, NULL);
	WAIT_FOR(f, f->ended);
	assert_int_equal(f->end, SIP_END_RTP_TIMEOUT);
}

/* A phone on hold may send nothing; its call does not last for ever all the same. */
static void silence_on_hold_is_borne_longer(void **state)
{
	static const char *const holds[] = {"a=sendonly\r\n", "a=inactive\r\n"};
	struct fixture *f = *state;
	uint64_t start;

	connect_in(f, "0", "");
	for (size_t i = 0; i < ARRAY_LEN(holds); i++) {
		reinvite(f, "0", holds[i], "SIP/2.0 200");
		start = now_ms();
		WAIT_FOR(f, now_ms() - start > 700);
		assert_false(f->ended);
		reinvite(f, "0", "", "SIP/2.0 200");
		speak(f, 0, 20, 5);
	}
	reinvite(f, "0", holds[1], "SIP/2.0 200");
	WAIT_FOR(f, f->ended);
	assert_int_equal(f->end, SIP_END_RTP_TIMEOUT);
}

/* Addresses */

static int set_up_any(void **state)
{
	return set_up_conf(state, &(struct sip_conf){.bind_address = "0.0.0.0"});
}

/* Whoever uses the address of a Contact gets an answer. */
static void check_contact(struct fixture *f, const char *msg)
{
	char contact[RAW_NAME], host[64];
	struct raw_phone other;
	unsigned port;

	raw_header(msg, "Contact", contact);
	assert_int_equal(sscanf(contact, "<sip:%*[^@]@%63[0-9.]:%u>", host, &port), 2);
	assert_string_not_equal(host, "0.0.0.0");
	raw_open(&other, (uint16_t)port);
	inet_pton(AF_INET, host, &other.peer.sin_addr);
	raw_request(&other, "OPTIONS", NULL, NULL);
	WAIT_FOR(f, raw_got(&other, "SIP/2.0 200"));
	raw_close(&other);
}

static void every_address_told_can_be_reached(void **state)
{
	struct fixture *f = *state;
	char want[64];

	connect_in(f, "0", "");
	assert_int_equal(f->phone.rtp_peer.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	speak(f, 0, 20, 15);
	assert_true(f->loud_frames > 5);
	raw_request(&f->phone, "INVITE", NULL, raw_sdp(&f->phone, "0", ""));
	WAIT_MSG(f, "SIP/2.0 200");
	check_contact(f, f->phone.msg);
	snprintf(want, sizeof(want), "@127.0.0.1:%u>", sip_port(f->sip));
	assert_non_null(strstr(f->phone.msg, want));
	raw_request(&f->phone, "ACK", NULL, NULL);
	raw_request(&f->phone, "BYE", NULL, NULL);
	WAIT_FOR(f, f->ended);
	f->call = mem_unref(f->call);

	dial_with(f, NULL, NULL);
	check_contact(f, f->phone.invite);
	assert_int_equal(f->phone.rtp_peer.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
}

static void targets_out_of_reach_end_soon(void **state)
{
	static const char *const uris[] = {
		"sip:x@[::1]:5060",
		"sip:x@127.0.0.1:5060;transport=tcp",
		"sip:x@no-such-host.invalid:5060",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(uris); i++) {
		f->ended = false;
		assert_int_equal(sip_dial(&f->call, f->sip,
					  &(struct sip_dial_params){.to_uri = uris[i],
								    .ring_timeout_ms = 3000},
					  &handlers, f),
				 0);
		WAIT_FOR(f, f->ended);
		assert_true(f->end == SIP_END_ERROR || f->end == SIP_END_TIMEOUT);
		assert_true(*f->reason);
		f->call = mem_unref(f->call);
	}
}

static void bad_bind_addresses_are_refused(void **state)
{
	static const char *const addresses[] = {"", "localhost", "256.1.1.1", "203.0.113.1"};
	struct fixture *f = *state;
	struct sip *sip = NULL;

	for (size_t i = 0; i < ARRAY_LEN(addresses); i++)
		assert_true(sip_open(&sip, f->loop,
				     &(struct sip_conf){.bind_address = addresses[i]}, NULL,
				     NULL) < 0);
	assert_null(sip);
}

int main(void)
{
#define WITH(set_up_, test_) cmocka_unit_test_setup_teardown(test_, set_up_, tear_down)
	const struct CMUnitTest tests[] = {
		WITH(set_up, trunk_challenges_are_answered),
		WITH(set_up, a_refused_password_is_not_tried_again),
		WITH(set_up, challenges_we_cannot_answer_end_the_call),
		WITH(set_up, final_responses_keep_their_codes),
		WITH(set_up, redirects_are_not_followed),
		WITH(set_up, early_media_is_heard_and_no_answer),
		WITH(set_up, an_answer_without_our_codecs_ends_the_call),
		WITH(set_up, a_cancel_that_crosses_the_answer_hangs_up),
		WITH(set_up, every_copy_of_the_answer_is_acknowledged),
		WITH(set_up, a_bye_nobody_answers_ends_the_call_at_once),
		WITH(set_up, hanging_up_before_the_ack_sends_bye_after_it),
		WITH(set_up, a_repeated_invite_is_one_call),
		WITH(set_up, an_offer_in_the_answer_is_agreed_in_the_ack),
		WITH(set_up, an_ack_without_the_answer_ends_the_call),
		WITH(set_up, hold_and_resume),
		WITH(set_up, media_follows_to_another_port),
		WITH(set_up, an_impossible_offer_leaves_the_call_as_it_was),
		WITH(set_up, video_is_declined_and_audio_taken),
		WITH(set_up, offers_we_cannot_take_are_refused),
		WITH(set_up, questions_within_a_call_do_it_no_harm),
		WITH(set_up, digits_come_in_info),
		WITH(set_up_impatient, silence_ends_the_call),
		WITH(set_up_impatient, silence_on_hold_is_borne_longer),
		WITH(set_up_any, every_address_told_can_be_reached),
		WITH(set_up, targets_out_of_reach_end_soon),
		WITH(set_up, bad_bind_addresses_are_refused),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
