/*
 * The analysis of one call's transcript by a chat model: the prompt and keys of the product's
 * specification, 5.3, as a structured output. What comes back is checked here, whatever the server
 * promised. A truncated answer is asked for once more with a larger limit, an invalid one once
 * more.
 */
#pragma once

#include "provider/openai.h"

struct openai_analysis;

struct openai_summary {
	const char *summary;   /* all borrowed, valid during the handler */
	const char *sentiment; /* positive, neutral or negative */
	json_t *key_topics;    /* arrays of strings */
	json_t *action_items;
	json_t *conversation_highlights;
	const char *model;
};

/*
 * Once. summary is NULL on failure: outcome and reason say why, and retry_after_ms (0 for not said)
 * and again whether a later try could do better.
 */
struct openai_verdict {
	enum openai_outcome outcome;
	const char *reason;
	bool again;
	uint32_t retry_after_ms;
	int64_t tokens; /* used by all that was asked, also when it was no use; 0: not said */
};
typedef void openai_analysis_h(const struct openai_summary *summary,
			       const struct openai_verdict *verdict, void *arg);

/*
 * transcript: lines "agent: ..." and "user: ...", UTF-8; what is over 100,000 bytes is cut out of
 * its middle. ret_analysis: owned by the caller; releasing it cancels. Returns 0 or -EINVAL.
 */
int openai_analyse(struct openai_analysis **ret_analysis, struct openai *openai,
		   const char *transcript, openai_analysis_h *analysish, void *arg);

/* Check an answer against the keys and types we need. Returns 0, or -EBADMSG with reason (room for
 * 160). */
int openai_summary_parse(struct openai_summary *ret_summary, const json_t *object,
			 char reason[160]);
