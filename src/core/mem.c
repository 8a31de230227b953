#include "core/mem.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGE_BYTES = 1024 * 1024, SPARE_BYTES = 4 * LARGE_BYTES };

/* Sits before every counted object; keeps the object aligned for any type. */
struct mem_header {
	_Alignas(max_align_t) mem_destroy_h *destroyh;
	atomic_uint refs;
};

static void *checked(void *block)
{
	if (!block) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return block;
}

static struct mem_header *header_of(void *data)
{
	return (struct mem_header *)data - 1;
}

void *mem_new(size_t size, mem_destroy_h *destroyh)
{
	struct mem_header *header;

	if (size > SIZE_MAX - sizeof(*header))
		abort();
	header = checked(calloc(1, sizeof(*header) + size));
	header->destroyh = destroyh;
	atomic_init(&header->refs, 1);
	return header + 1;
}

void *mem_ref(void *data)
{
	if (data)
		atomic_fetch_add_explicit(&header_of(data)->refs, 1, memory_order_relaxed);
	return data;
}

void *mem_unref(void *data)
{
	struct mem_header *header;

	if (!data)
		return NULL;
	header = header_of(data);
	if (atomic_fetch_sub_explicit(&header->refs, 1, memory_order_acq_rel) != 1)
		return NULL;

	/* A destructor may take and drop references of its own: keep it from running twice. */
	atomic_store_explicit(&header->refs, 1u << 30, memory_order_relaxed);
	if (header->destroyh)
		header->destroyh(data);
	free(header);
	return NULL;
}

void *mem_alloc(size_t size)
{
	return checked(calloc(1, size ? size : 1));
}

void *mem_realloc(void *block, size_t size)
{
	return checked(realloc(block, size ? size : 1));
}

void *mem_free(void *block)
{
	free(block);
	return NULL;
}

void *mem_memdup(const void *data, size_t len)
{
	void *copy = mem_alloc(len);

	if (len)
		memcpy(copy, data, len);
	return copy;
}

char *mem_strdup(const char *str)
{
	return str ? mem_strndup(str, strlen(str)) : NULL;
}

char *mem_strndup(const char *str, size_t len)
{
	char *copy;

	len = strnlen(str, len);
	copy = mem_alloc(len + 1);
	memcpy(copy, str, len);
	return copy;
}

char *mem_vprintf(const char *fmt, va_list ap)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	return text;
}

char *mem_printf(const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = mem_vprintf(fmt, ap);
	va_end(ap);
	return text;
}

void mem_keep_spare(void)
{
	mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
	mallopt(M_TRIM_THRESHOLD, SPARE_BYTES);
}

void mem_unref_scope(void *ptr)
{
	mem_unref(*(void **)ptr);
}

void mem_free_scope(void *ptr)
{
	mem_free(*(void **)ptr);
}
