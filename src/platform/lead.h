/*
 * Leads: what visitors of web sites send with a form (docs/leads.md). Kept once, told to webhooks
 * and live readers in the transaction that keeps it; calling back is a job (lead_call.h).
 */
#pragma once

#include "core/json_writer.h"
#include "platform/store/lead.h"

struct lead_form;
struct lead_settings;
struct platform;

struct lead_keep_params {
	const char *tenant_id;
	struct lead_form *form; /* without faults; referenced */
	const struct lead_settings *settings;
	const char *origin;
};

/* Is somebody going to be called? */
bool lead_wants_call(const struct lead_form *form, const struct lead_settings *settings);

/*
 * err as of db.h. repeated: the same was sent a moment ago, and was counted there. Once, later; the
 * object may be released then. It is owned by the caller: releasing it before silences kepth, and
 * the lead is kept all the same.
 */
typedef void lead_kept_h(int err, bool repeated, void *arg);
struct lead_keeping *lead_keep(struct platform *platform, const struct lead_keep_params *params,
			       lead_kept_h *kepth, void *arg);

/* Members of the object that is open. */
void lead_write(struct json_writer *writer, const struct lead *lead);
