#include "cmd/progress.h"

#include <stdio.h>
#include <unistd.h>

void progress_show(size_t done, size_t total, void *arg)
{
	if (!total || !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r%3zu %%%s", done * 100 / total, done == total ? "\n" : "");
}
