/*
 * The account's phone numbers (IncomingPhoneNumbers): which there are, and whom the vendor asks
 * when one of them is called.
 */
#pragma once

#include "provider/twilio.h"

struct twilio_number {
	char sid[TWILIO_SID_SIZE];
	char number[32];             /* E.164 */
	char name[65];               /* the friendly name; "" for none */
	bool voice;                  /* it can take calls */
	const char *voice_url;       /* borrowed; "" for none */
	const char *status_callback; /* the same */
};

/* numbers is valid during the handler. next: what to ask for the next page with, or NULL. */
typedef void twilio_numbers_h(const struct provider_result *result,
			      const struct twilio_number *numbers, size_t count, const char *next,
			      void *arg);

/*
 * A page of the numbers. number: only that one; NULL: all. next: of the page before, NULL for the
 * first; it must lie under the account's numbers. ret_request as in provider_send(). Returns 0 or
 * -EINVAL.
 */
int twilio_number_list(struct provider_request **ret_request, struct twilio *twilio,
		       const char *number, const char *next, twilio_numbers_h *numbersh, void *arg);

/* Whom to ask (POST) when the number is called, and whom to tell how the call goes. The same. */
int twilio_number_update(struct provider_request **ret_request, struct twilio *twilio,
			 const char *sid, const char *voice_url, const char *status_callback,
			 provider_done_h *doneh, void *arg);
