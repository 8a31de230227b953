#include "observe/process.h"

#include "core/metric.h"
#include "core/mem.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* Where a control group says how much memory its processes may have: version 2, then 1. */
static const char *const memory_limits[] = {"/sys/fs/cgroup/memory.max",
					    "/sys/fs/cgroup/memory/memory.limit_in_bytes"};

/* A file of one buffer; "" when it cannot be read. */
static const char *read_all(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	text[len > 0 ? len : 0] = '\0';
	return text;
}

static double clock_ticks(void)
{
	long ticks = sysconf(_SC_CLK_TCK);

	return ticks > 0 ? (double)ticks : 100;
}

static double boot_time_s(void)
{
	struct timespec now, since_boot;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &since_boot);
	return (double)(now.tv_sec - since_boot.tv_sec) +
	       (double)(now.tv_nsec - since_boot.tv_nsec) / 1e9;
}

/* proc(5): the fields after the name, which is in brackets and may hold anything; 3 is the first.
 */
static void sample_stat(void)
{
	unsigned long long fields[25] = {0};
	char text[1024];
	const char *at = strrchr(read_all("/proc/self/stat", text, sizeof(text)), ')');
	char *end;
	static double started_s;

	if (!at || strlen(at) < 4)
		return;
	at += 3; /* ") S": the state is a letter */
	for (int i = 4; i < 25; i++, at = end)
		fields[i] = strtoull(at, &end, 10);
	metric_set(METRIC_PROCESS_CPU, "", (double)(fields[14] + fields[15]) / clock_ticks());
	metric_set(METRIC_PROCESS_THREADS, "", (double)fields[20]);
	metric_set(METRIC_PROCESS_VIRTUAL, "", (double)fields[23]);
	metric_set(METRIC_PROCESS_RESIDENT, "", (double)fields[24] * (double)sysconf(_SC_PAGESIZE));
	if (started_s == 0) /* else it would move with the clock */
		started_s = boot_time_s() + (double)fields[22] / clock_ticks();
	metric_set(METRIC_PROCESS_START, "", started_s);
}

static void sample_fds(void)
{
	struct rlimit limit;
	DIR *dir = opendir("/proc/self/fd");
	int count = -3; /* ".", ".." and the folder itself */

	if (!dir)
		return;
	while (readdir(dir))
		count++;
	closedir(dir);
	metric_set(METRIC_PROCESS_OPEN_FDS, "", count);
	if (!getrlimit(RLIMIT_NOFILE, &limit))
		metric_set(METRIC_PROCESS_MAX_FDS, "", (double)limit.rlim_cur);
}

static void sample_machine(void)
{
	double bytes = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
	cpu_set_t cpus;

	for (size_t i = 0; i < ARRAY_LEN(memory_limits); i++) {
		char text[64];
		double limit = strtod(read_all(memory_limits[i], text, sizeof(text)), NULL);

		if (limit > 0 && limit < bytes)
			bytes = limit;
	}
	metric_set(METRIC_MACHINE_MEMORY, "", bytes);
	if (!sched_getaffinity(0, sizeof(cpus), &cpus))
		metric_set(METRIC_MACHINE_CPUS, "", CPU_COUNT(&cpus));
}

void process_sample(void)
{
	sample_stat();
	sample_fds();
	sample_machine();
}
