/* What the files of the Twilio client share. */
#pragma once

#include "provider/twilio.h"

struct twilio {
	struct provider *provider;
	char *base; /* .../2010-04-01/Accounts/AC.. */
	char *api_url;
	char *account_sid;
	char *auth_token;
	uint32_t timeout_ms;
};

/* A request with the account's credentials. */
struct provider_send_params twilio_request(const struct twilio *twilio, const char *method,
					   const char *url);

/* POST form; the rest is as in provider_send(). */
int twilio_post_form(struct provider_request **ret_request, struct twilio *twilio, const char *url,
		     const struct form *form, provider_answer_h *answerh, provider_user_h *userh,
		     void *arg);

/* Make a success a failure: the answer is not what the vendor documents. */
void twilio_not_documented(struct provider_result *result);
