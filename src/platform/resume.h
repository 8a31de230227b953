/* What an earlier process left behind: calls that may have ended while nobody listened. */
#pragma once

struct platform;

/*
 * Ask the carrier for every call that is not over and has a SID, a few at a time, and settle what
 * has changed; live ones go on. Calls without a SID are carried on by their dialling jobs.
 */
void resume_start(struct platform *platform);
void resume_stop(struct platform *platform);
