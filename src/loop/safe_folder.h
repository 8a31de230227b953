/* Files that a server's earlier process did not come to seal (core/safe_file.h). */
#pragma once

struct safe;
struct strand;

/*
 * Seal the files in folder that are named *.wav now, on the strand, one after the other; those made
 * later are not touched. safe is referenced.
 */
void safe_folder_seal(struct strand *strand, struct safe *safe, const char *folder);
