#include "http/listen_fd.h"

#include "core/str.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_FD = 3, MAX_FDS = 64 };

static int64_t number(const char *name, int64_t max)
{
	const char *text = getenv(name);
	int64_t value;

	return text && !str_parse_int(&value, text, 0, max) ? value : 0;
}

static bool is_same(const struct sockaddr *a, const struct sockaddr *b)
{
	const struct sockaddr_in *a4 = (const void *)a, *b4 = (const void *)b;
	const struct sockaddr_in6 *a6 = (const void *)a, *b6 = (const void *)b;

	if (a->sa_family != b->sa_family)
		return false;
	if (a->sa_family == AF_INET)
		return a4->sin_port == b4->sin_port && a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	return a->sa_family == AF_INET6 && a6->sin6_port == b6->sin6_port &&
	       !memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof(a6->sin6_addr));
}

static bool listens_on(int fd, const struct sockaddr *address)
{
	struct sockaddr_storage own = {0};
	socklen_t size = sizeof(own), flag_size = sizeof(int);
	int listening = 0;

	return !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &flag_size) && listening &&
	       !getsockname(fd, (struct sockaddr *)&own, &size) &&
	       is_same((const struct sockaddr *)&own, address);
}

int listen_fd_take(const struct sockaddr *address)
{
	/* Meant for us, and not for the parent whose environment we have. */
	int64_t count =
		number("LISTEN_PID", INT32_MAX) == getpid() ? number("LISTEN_FDS", MAX_FDS) : 0;

	for (int fd = FIRST_FD; fd < FIRST_FD + count; fd++) {
		int own;

		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
		if (!listens_on(fd, address))
			continue;
		own = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD);
		if (own >= 0)
			(void)fcntl(own, F_SETFL, fcntl(own, F_GETFL) | O_NONBLOCK);
		return own;
	}
	return -1;
}
