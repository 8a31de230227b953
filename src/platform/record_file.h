/* A file that holds one JSON array, read element by element, so that it may be larger than memory.
 */
#pragma once

#include "core/json.h"

struct record_file;

enum { RECORD_FILE_MAX_ELEMENT = 32 * 1024 * 1024 };

/* path: "-" is stdin. ret_file: owned by the caller, mem_unref(). Returns 0 or a negative errno. */
int record_file_open(struct record_file **ret_file, const char *path);

/*
 * The next element. Returns 1 with a new reference, 0 at the end of the array, or a negative errno
 * with error saying what is wrong and in which line: -EBADMSG (not a JSON array; *ret_json is NULL
 * and the file cannot be read further), -E2BIG (an element is larger than RECORD_FILE_MAX_ELEMENT),
 * -EIO.
 */
int record_file_next(struct record_file *file, json_t **ret_json, char error[256]);
