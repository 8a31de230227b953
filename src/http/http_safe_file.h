/* Answers out of files that a server keeps sealed. */
#pragma once

struct http_request;
struct safe;

/*
 * Answer with the content of the file at path (core/safe_file.h), or the range asked for; it is
 * opened piece by piece. safe: used until this returns. Returns 0, or a negative errno and has not
 * answered.
 */
int http_reply_safe_file(struct http_request *req, const struct safe *safe, const char *path,
			 const char *content_type);
