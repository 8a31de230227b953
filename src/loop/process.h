/* Child processes and signals of this process. */
#pragma once

#include <stdint.h>

struct loop;
struct process;
struct signal_watch;

/* exit_code is -1 when a signal ended it. Called once, on the loop. */
typedef void process_exit_h(int exit_code, int signal, void *arg);

/*
 * Start argv (argv[0] a path, NULL at the end). stdin is empty; stdout and stderr go to the file
 * descriptor output_fd, or are inherited when it is -1.
 * Releasing the object stops reports but leaves the child alone. Returns 0 or a negative errno.
 */
int process_spawn(struct process **ret_process, struct loop *loop, const char *const *argv,
		  int output_fd, process_exit_h *exith, void *arg);
int process_kill(struct process *process, int signum);

typedef void signal_h(int signum, void *arg);

/* Owned by the caller; releasing it gives the signal its default action back. */
int signal_watch_new(struct signal_watch **ret_watch, struct loop *loop, int signum,
		     signal_h *signalh, void *arg);
