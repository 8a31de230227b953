#include "platform/auth_cache.h"

#include "core/list.h"
#include "core/mem.h"
#include "core/str.h"
#include "platform/principal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1024 };

struct entry {
	struct list_node bucket;
	struct list_node order;
	char key[AUTH_HASH_SIZE];
	uint64_t until_ms;
	struct principal *principal;
};

struct auth_cache {
	size_t max;
	uint32_t ttl_ms;
	struct list order; /* oldest first */
	struct list buckets[BUCKETS];
};

static void entry_destroy(void *data)
{
	struct entry *entry = data;

	list_remove(&entry->bucket);
	list_remove(&entry->order);
	mem_unref(entry->principal);
}

static void cache_destroy(void *data)
{
	auth_cache_clear(data);
}

struct auth_cache *auth_cache_new(size_t max, uint32_t ttl_ms)
{
	struct auth_cache *cache = mem_new(sizeof(*cache), cache_destroy);

	cache->max = max;
	cache->ttl_ms = ttl_ms;
	return cache;
}

/* Keys are digests: any few digits of them are as good as a hash. */
static struct list *bucket_of(struct auth_cache *cache, const char *key)
{
	char digits[5] = "";

	memcpy(digits, key, 4);
	return &cache->buckets[strtoul(digits, NULL, 16) % BUCKETS];
}

static struct entry *find(struct auth_cache *cache, const char *key)
{
	LIST_EACH(bucket_of(cache, key), node)
	{
		struct entry *entry = node->data;

		if (str_equal(entry->key, key))
			return entry;
	}
	return NULL;
}

int auth_cache_get(struct auth_cache *cache, const char key[AUTH_HASH_SIZE], uint64_t now_ms,
		   struct principal **ret_principal)
{
	struct entry *entry = find(cache, key);

	if (!entry)
		return -EAGAIN;
	if (now_ms >= entry->until_ms) {
		mem_unref(entry);
		return -EAGAIN;
	}
	*ret_principal = mem_ref(entry->principal);
	return 0;
}

void auth_cache_put(struct auth_cache *cache, const char key[AUTH_HASH_SIZE], uint64_t now_ms,
		    struct principal *principal)
{
	struct entry *entry;

	mem_unref(find(cache, key));
	if (cache->order.len >= cache->max)
		mem_unref(cache->order.head->data);
	entry = mem_new(sizeof(*entry), entry_destroy);
	str_copy(entry->key, sizeof(entry->key), key);
	entry->until_ms = now_ms + cache->ttl_ms;
	entry->principal = mem_ref(principal);
	list_append(&cache->order, &entry->order, entry);
	list_append(bucket_of(cache, key), &entry->bucket, entry);
}

void auth_cache_clear(struct auth_cache *cache)
{
	while (cache->order.head)
		mem_unref(cache->order.head->data);
}
