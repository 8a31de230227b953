/*
 * Listening sockets that a supervisor opened for us before we started (socket activation as systemd
 * does it: LISTEN_PID, LISTEN_FDS, from descriptor 3 on). It holds them while we are started again,
 * so that clients wait instead of being refused.
 */
#pragma once

#include <sys/socket.h>

/*
 * A descriptor of the caller's own, non-blocking, for the inherited TCP socket that listens on
 * exactly this address and port; -1 when there is none. The inherited one stays open for those who
 * ask later.
 */
int listen_fd_take(const struct sockaddr *address);
