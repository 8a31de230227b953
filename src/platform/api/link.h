/* Following a link to a call (call_link.h), for the resources that links open. */
#pragma once

#include <stdbool.h>

struct call_link;
struct http_request;
struct vault;

struct link_proof {
	const struct call_link *link;
	const char *token;   /* which link was parsed from */
	struct vault *vault; /* after vault_refresh() of its tenant */
	bool stands;         /* store_link_select() has found it */
};

/* Whether it opens what it names: signed by us, not yet over, not taken back. False: answered. */
bool link_opens(struct http_request *req, const struct link_proof *proof);
