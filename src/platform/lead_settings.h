/*
 * How a tenant takes leads, the member "leads" of its settings (docs/leads.md):
 *
 *	{"enabled": true, "allowed_origins": ["https://www.example.com"],
 *	 "call_back_agent": "desk", "call_backs_per_day": 50, "collapse_minutes": 10}
 *
 * A tenant that says nothing, or nothing that makes sense, takes none.
 */
#pragma once

#include "core/json.h"
#include "platform/agent.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LEAD_MAX_ORIGINS = 20, LEAD_REASON_SIZE = 160 };

/* Owned by whoever made it, mem_unref(). */
struct lead_settings {
	bool enabled;
	char *origins[LEAD_MAX_ORIGINS]; /* as browsers write them */
	size_t origin_count;
	char agent[AGENT_NAME_SIZE]; /* "": nobody is called back */
	int64_t call_backs_per_day;
	int64_t collapse_minutes;
};

/* leads may be NULL: there are none. False: reason says what it must be. */
bool lead_settings_are_valid(const json_t *leads, char reason[LEAD_REASON_SIZE]);

/* Of a tenant's settings (JSON text, may be NULL). Never NULL. */
struct lead_settings *lead_settings_of(const char *text);

/* Are forms of pages from there taken? origin may be NULL, and then they are not. */
bool lead_settings_allow(const struct lead_settings *settings, const char *origin);
/* The same for where a form wants to lead to. */
bool lead_settings_allow_url(const struct lead_settings *settings, const char *url);
