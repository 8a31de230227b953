/*
 * core/: what every folder may use and what needs no event loop: memory (here), strings and bytes
 * (str, buf, encoding, list), JSON, digests, ids and times, phone numbers, log lines, the metrics
 * that are counted, and the settings. Tables: setting_table.h, metric_table.h.
 *
 * Memory: reference-counted objects, plain blocks, and release by scope.
 *
 * Allocation does not fail: the process stops when memory is gone, so callers have nothing to
 * check. Anything sized by a peer is capped by the caller before it is allocated.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

/* Called once, when the last reference is dropped; must cope with a half-built object. */
typedef void mem_destroy_h(void *data);

/* A zeroed object with one reference. destroyh may be NULL. */
void *mem_new(size_t size, mem_destroy_h *destroyh);

/* Take or drop a reference; any thread. Both accept NULL; mem_unref() returns NULL. */
void *mem_ref(void *data);
void *mem_unref(void *data);

/* Plain blocks, to be released with mem_free(). mem_alloc() zeroes. */
void *mem_alloc(size_t size);
void *mem_realloc(void *block, size_t size);
void *mem_free(void *block); /* NULL is fine; returns NULL */
void *mem_memdup(const void *data, size_t len);
char *mem_strdup(const char *str); /* NULL gives NULL */
char *mem_strndup(const char *str, size_t len);
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *mem_vprintf(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

/*
 * For a server, at its start: up to 4 MiB that were released stay with the process. Otherwise every
 * large answer is made in pages that the system gives and takes back, which costs more than the
 * rest.
 */
void mem_keep_spare(void);

/* Released when the variable leaves scope. */
void mem_unref_scope(void *ptr);
void mem_free_scope(void *ptr);
#define auto_unref __attribute__((cleanup(mem_unref_scope)))
#define auto_free  __attribute__((cleanup(mem_free_scope)))

/* Replace what *ptr_ (a char *) points at by a copy of str_. */
#define mem_replace_str(ptr_, str_)              \
	do {                                     \
		char *fresh_ = mem_strdup(str_); \
		mem_free(*(ptr_));               \
		*(ptr_) = fresh_;                \
	} while (0)

#define ARRAY_LEN(a_) (sizeof(a_) / sizeof((a_)[0]))
