/* What this process uses of its machine: the metrics process_* and machine_*. Linux. */
#pragma once

/* Set them to what is the case now; reads a few files of /proc. For every scrape. */
void process_sample(void);
