/* The files of dashboard/, compiled in: the table is made by tools/embed.cmake. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct page_body {
	const char *etag; /* with its quotes */
	const unsigned char *data;
	size_t len;
};

struct page_file {
	const char *path; /* "/" for index.html */
	const char *content_type;
	struct page_body plain;
	struct page_body gzip;
};
extern const struct page_file page_files[];
extern const size_t page_file_count;

/* A file's path, or an address of the dashboard such as "/calls/{call_id}", which gives index.html.
 */
bool page_has(const char *pattern);
