/*
 * Intrusive hash table with strings as keys. Keys may be chosen by a peer: the hash (SipHash-2-4)
 * is keyed at random in every process.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct map_node {
	struct map_node *next;
	uint64_t hash;
	const char *key; /* NULL when in no map */
	void *data;      /* the object the node is part of */
};

/* All zero is an empty map. */
struct map {
	struct map_node **buckets;
	size_t bucket_count; /* a power of two, or 0 */
	size_t len;
};

/* The object, or NULL. */
void *map_get(const struct map *map, const char *key);

/* The node must be in no map, and the key not in this one; it stays the caller's and unchanged. */
void map_add(struct map *map, struct map_node *node, const char *key, void *data);

/* Take the node out; nothing happens when it is in none. */
void map_remove(struct map *map, struct map_node *node);

/* Release the table; the objects are left alone, their nodes no longer valid. */
void map_free(struct map *map);

/* Walk objects in no order; the current one may be removed or released in the body. */
#define MAP_EACH(map_, node_)                                                                    \
	for (size_t bucket_##node_ = 0; bucket_##node_ < (map_)->bucket_count; bucket_##node_++) \
		for (struct map_node *node_ = (map_)->buckets[bucket_##node_],                   \
				     *next_##node_ = node_ ? node_->next : NULL;                 \
		     node_; node_ = next_##node_, next_##node_ = node_ ? node_->next : NULL)
