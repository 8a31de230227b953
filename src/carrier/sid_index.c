#include "carrier/sid_index.h"

#include "core/mem.h"
#include "core/str.h"

#include <stddef.h>

/* Chains stay short up to several times the calls that the carrier remembers. */
enum { BUCKETS = 8192 };

struct sid_index {
	struct sid_index_entry *buckets[BUCKETS];
};

/* FNV-1a. SIDs are our own random digits, so nobody can choose ones that collide. */
static size_t bucket_of(const char *sid)
{
	uint32_t hash = 2166136261U;

	for (; *sid; sid++)
		hash = (hash ^ (uint8_t)*sid) * 16777619U;
	return hash % BUCKETS;
}

static void index_destroy(void *data)
{
	struct sid_index *index = data;

	for (size_t i = 0; i < BUCKETS; i++)
		while (index->buckets[i])
			sid_index_remove(index->buckets[i]);
}

struct sid_index *sid_index_new(void)
{
	return mem_new(sizeof(struct sid_index), index_destroy);
}

void sid_index_add(struct sid_index *index, struct sid_index_entry *entry, const char *sid,
		   void *data)
{
	struct sid_index_entry **bucket = &index->buckets[bucket_of(sid)];

	*entry =
		(struct sid_index_entry){.next = *bucket, .index = index, .sid = sid, .data = data};
	*bucket = entry;
}

void sid_index_remove(struct sid_index_entry *entry)
{
	struct sid_index_entry **at;

	if (!entry->index)
		return;
	at = &entry->index->buckets[bucket_of(entry->sid)];
	while (*at != entry)
		at = &(*at)->next;
	*at = entry->next;
	entry->index = NULL;
	entry->next = NULL;
}

void *sid_index_find(const struct sid_index *index, const char *sid)
{
	const struct sid_index_entry *entry = index->buckets[bucket_of(sid)];

	while (entry && !str_equal(entry->sid, sid))
		entry = entry->next;
	return entry ? entry->data : NULL;
}
