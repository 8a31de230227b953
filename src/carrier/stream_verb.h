/* <Start> and <Stop>: unidirectional media streams of a call (call_fork.h), as TwiML asks for them.
 */
#pragma once

struct call_leg;
struct twiml_verb;

/*
 * stream is the <Stream> inside; base_url is the document's, or NULL. A stream that cannot be begun
 * is logged, and nothing else comes of it; so is one to be stopped that is not there.
 */
void stream_verb_start(struct call_leg *leg, const struct twiml_verb *stream, const char *base_url);
void stream_verb_stop(struct call_leg *leg, const struct twiml_verb *stream);
