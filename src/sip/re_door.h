/*
 * The one place that includes libre. Some of its names are also ours with another meaning
 * (mem_alloc, list_append, struct list, struct sip): they are renamed while its headers are read,
 * and our folder uses none of them. At link time both exist: ours are hidden (-fvisibility=hidden),
 * so that the library keeps calling its own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define sip           re_sip
#define list          re_list
#define list_append   re_list_append
#define list_prepend  re_list_prepend
#define mem_alloc     re_mem_alloc
#define mem_realloc   re_mem_realloc
#define mem_ref       re_mem_ref
#define base64_encode re_base64_encode
#define base64_decode re_base64_decode
#include <re.h>
#define DEBUG_MODULE "voiceai" /* re_dbg.h insists; we only take its messages */
#define DEBUG_LEVEL  0
#include <re_dbg.h>
#undef DEBUG_MODULE
#undef DEBUG_LEVEL
#undef sip
#undef list
#undef list_append
#undef list_prepend
#undef mem_alloc
#undef mem_realloc
#undef mem_ref
#undef base64_encode
#undef base64_decode
#undef ARRAY_SIZE
#undef MAX
#undef MIN
