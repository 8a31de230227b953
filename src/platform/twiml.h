/* TwiML documents the platform answers the carrier with. Strings are owned by the caller
 * (mem_free). */
#pragma once

#define TWIML_CONTENT_TYPE "application/xml; charset=utf-8"

/* Stream the call's audio to url (ws or wss), and hang up when the agent has left. */
char *twiml_connect(const char *url);

/* Do not answer: the line is busy. */
char *twiml_reject_busy(void);

/* Say text (UTF-8, may be NULL for nothing), then hang up. */
char *twiml_hangup(const char *text);
