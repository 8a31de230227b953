/*
 * Outbound calls: a job carries a committed PENDING call to the carrier: voice session, then the
 * create request. It survives the process. A create whose answer was lost, or that an earlier
 * process may have sent, is looked up at the carrier before anything is sent again, so nobody is
 * dialled twice.
 */
#pragma once

struct platform;

/* Handle JOB_DIAL jobs; before the queue is started. */
void outbound_setup(struct platform *platform);
