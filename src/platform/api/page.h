/* The files of dashboard/, compiled in: the table is made by tools/embed.cmake. */
#pragma once

#include <stddef.h>

struct page_file {
	const char *path; /* "/" for index.html */
	const char *content_type;
	const char *etag; /* with its quotes */
	const unsigned char *data;
	size_t len;
};
extern const struct page_file page_files[];
extern const size_t page_file_count;
