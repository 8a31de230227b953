/*
 * Objects by their SID, found without looking at the others. The entries are part of the objects;
 * an object that goes takes its entry out.
 */
#pragma once

#include <stdint.h>

struct sid_index;

struct sid_index_entry {
	struct sid_index_entry *next;
	struct sid_index *index; /* NULL when in none */
	const char *sid;
	void *data;
};

struct sid_index *sid_index_new(void); /* owned by the caller; entries may outlive it */

/* The entry must be in no index; sid must stay as it is while it is in this one. */
void sid_index_add(struct sid_index *index, struct sid_index_entry *entry, const char *sid,
		   void *data);

/* Nothing happens when it is in no index. */
void sid_index_remove(struct sid_index_entry *entry);

/* NULL when there is none. Of two with one SID, the one added last. */
void *sid_index_find(const struct sid_index *index, const char *sid);
