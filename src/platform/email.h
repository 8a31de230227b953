/* Email addresses. */
#pragma once

enum { EMAIL_MAX = 254 }; /* RFC 5321, 4.5.3.1.3 */

/* Trimmed and in lower case, owned by the caller; NULL when it is no address. */
char *email_clean(const char *text);
