#include "core/map.h"

#include "core/digest.h"
#include "core/mem.h"

#include <pthread.h>
#include <string.h>

enum { FIRST_BUCKETS = 16 };

static uint64_t hash_key[2];
static pthread_once_t hash_once = PTHREAD_ONCE_INIT;

static void make_hash_key(void)
{
	random_bytes(hash_key, sizeof(hash_key));
}

static uint64_t rotate(uint64_t value, int bits)
{
	return value << bits | value >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	sip_round(v);
	v[0] ^= word;
}

static uint64_t hash_of(const char *key)
{
	size_t len = strlen(key), i;
	uint64_t v[4], word;

	pthread_once(&hash_once, make_hash_key);
	v[0] = hash_key[0] ^ 0x736f6d6570736575u;
	v[1] = hash_key[1] ^ 0x646f72616e646f6du;
	v[2] = hash_key[0] ^ 0x6c7967656e657261u;
	v[3] = hash_key[1] ^ 0x7465646279746573u;
	for (i = 0; i + 8 <= len; i += 8) {
		memcpy(&word, key + i, 8);
		sip_word(v, word);
	}
	word = 0;
	memcpy(&word, key + i, len - i);
	sip_word(v, word | (uint64_t)len << 56);
	v[2] ^= 0xff;
	for (i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static struct map_node **place_of(const struct map *map, uint64_t hash)
{
	return &map->buckets[hash & (map->bucket_count - 1)];
}

static void grow(struct map *map)
{
	struct map fresh = {.bucket_count =
				    map->bucket_count ? 2 * map->bucket_count : FIRST_BUCKETS};

	fresh.buckets = mem_alloc(fresh.bucket_count * sizeof(*fresh.buckets));
	for (size_t i = 0; i < map->bucket_count; i++) {
		for (struct map_node *node = map->buckets[i], *next; node; node = next) {
			struct map_node **place = place_of(&fresh, node->hash);

			next = node->next;
			node->next = *place;
			*place = node;
		}
	}
	mem_free(map->buckets);
	map->buckets = fresh.buckets;
	map->bucket_count = fresh.bucket_count;
}

void *map_get(const struct map *map, const char *key)
{
	uint64_t hash;

	if (!map->len)
		return NULL;
	hash = hash_of(key);
	for (struct map_node *node = *place_of(map, hash); node; node = node->next)
		if (node->hash == hash && !strcmp(node->key, key))
			return node->data;
	return NULL;
}

void map_add(struct map *map, struct map_node *node, const char *key, void *data)
{
	struct map_node **place;

	if (map->len >= map->bucket_count)
		grow(map);
	node->hash = hash_of(key);
	node->key = key;
	node->data = data;
	place = place_of(map, node->hash);
	node->next = *place;
	*place = node;
	map->len++;
}

void map_remove(struct map *map, struct map_node *node)
{
	struct map_node **place;

	if (!node->key)
		return;
	place = place_of(map, node->hash);
	while (*place != node)
		place = &(*place)->next;
	*place = node->next;
	node->key = NULL;
	map->len--;
}

void map_free(struct map *map)
{
	map->buckets = mem_free(map->buckets);
	map->bucket_count = map->len = 0;
}
