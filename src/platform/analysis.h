/* The analysis of a finished call, by OpenAI or by the embedded analyser, as a job. */
#pragma once

struct platform;

/* Handle JOB_ANALYSE jobs; before the queue is started. */
void analysis_setup(struct platform *platform);
