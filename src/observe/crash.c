#include "observe/crash.h"

#include "core/buf.h"
#include "core/clock.h"
#include "core/encoding.h"
#include "core/mem.h"
#include "core/str.h"

#include <elf.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { STACK_BYTES = 64 * 1024, MAX_BUILD_ID = 32 };

static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP};

struct crash_watch {
	char *path;
	void *stack; /* of the handler: the thread's own may be what is used up */
	stack_t stack_before;
	struct sigaction before[ARRAY_LEN(signals)];
};

/* What the handler needs, found out while the process was well. */
static struct {
	int fd;
	const char *head;
	size_t head_len;
	const struct sigaction *before;
	_Atomic pid_t thread; /* that crashed first; 0 while none has */
} crash;

/* ---- in the handler: only what signal-safety(7) allows ---- */

static void put(const char *text, size_t len)
{
	while (len) {
		ssize_t written = write(crash.fd, text, len);

		if (written <= 0)
			return;
		text += written;
		len -= (size_t)written;
	}
}

static void put_line(const char *key, uint64_t value, unsigned base)
{
	char digits[32];
	size_t at = sizeof(digits);

	put(key, strlen(key));
	digits[--at] = '\n';
	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	put(digits + at, sizeof(digits) - at);
}

static void put_thread(void)
{
	char name[32] = "thread ";
	size_t len = strlen(name);

	(void)prctl(PR_GET_NAME, name + len);
	len = strlen(name);
	name[len++] = '\n';
	put(name, len);
}

static void put_crash(int signum, const siginfo_t *info)
{
	void *frames[CRASH_MAX_FRAMES];
	struct timespec now;
	const bool has_address = info->si_code > 0 && signum != SIGABRT && signum != SIGTRAP;
	int count;

	put(crash.head, crash.head_len);
	put_line("signal ", (uint64_t)signum, 10);
	put_line("code ", (uint32_t)info->si_code, 10);
	put_line("address ", has_address ? (uint64_t)(uintptr_t)info->si_addr : 0, 16);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	put_line("time ", (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000, 10);
	put_thread();
	/* Last, because it is the most likely to fail. */
	count = backtrace(frames, CRASH_MAX_FRAMES);
	for (int i = 0; i < count; i++)
		put_line("frame ", (uint64_t)(uintptr_t)frames[i], 16);
}

static void on_crash(int signum, siginfo_t *info, void *context)
{
	const int saved_errno = errno;
	const pid_t thread = gettid();
	pid_t none = 0;

	if (!atomic_compare_exchange_strong(&crash.thread, &none, thread) && none != thread)
		for (;;) /* the process ends while we wait */
			(void)pause();
	if (!none)
		put_crash(signum, info);
	/* What would have happened without us: a fault comes again when we return. */
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		if (signals[i] == signum)
			(void)sigaction(signum, &crash.before[i], NULL);
	if (info->si_code <= 0)
		(void)raise(signum);
	errno = saved_errno;
}

/* ---- the head: what is the same whatever happens ---- */

static void find_build_id(char *out, const struct dl_phdr_info *info, const ElfW(Phdr) * segment)
{
	const ElfW(Addr) address = info->dlpi_addr + segment->p_vaddr;
	const char *note, *end;

	memcpy(&note, &address, sizeof(note));
	end = note + segment->p_memsz;
	while (end - note >= (ptrdiff_t)sizeof(ElfW(Nhdr))) {
		const ElfW(Nhdr) *head = (const void *)note;
		const char *name = note + sizeof(*head);
		const char *desc = name + ((head->n_namesz + 3) & ~3u);

		if (desc + head->n_descsz > end)
			return;
		if (head->n_type == NT_GNU_BUILD_ID && head->n_namesz == 4 &&
		    !memcmp(name, "GNU", 4) && head->n_descsz <= MAX_BUILD_ID) {
			hex_encode(out, desc, head->n_descsz);
			return;
		}
		note = desc + ((head->n_descsz + 3) & ~3u);
	}
}

static int add_module(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct buf *head = arg;
	char path[1024] = "", build_id[2 * MAX_BUILD_ID + 1] = "";
	uint64_t end = 0;
	ssize_t len = 0;

	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

		if (segment->p_type == PT_LOAD && segment->p_vaddr + segment->p_memsz > end)
			end = segment->p_vaddr + segment->p_memsz;
		if (segment->p_type == PT_NOTE && !*build_id)
			find_build_id(build_id, info, segment);
	}
	if (str_is_empty(info->dlpi_name))
		len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	else
		str_copy(path, sizeof(path), info->dlpi_name);
	if (len < 0 || strchr(path, '\n') || head->len + sizeof(path) > CRASH_MAX_FILE / 2)
		return 0;
	buf_printf(head, "module %llx %llx %s %s\n", (unsigned long long)info->dlpi_addr,
		   (unsigned long long)end, *build_id ? build_id : "-", path);
	return 0;
}

/* ---- watching ---- */

static void watch_destroy(void *data)
{
	struct crash_watch *watch = data;

	if (crash.before == watch->before)
		for (size_t i = 0; i < ARRAY_LEN(signals); i++)
			(void)sigaction(signals[i], &watch->before[i], NULL);
	if (watch->stack) {
		(void)sigaltstack(&watch->stack_before, NULL);
		mem_free(watch->stack);
	}
	if (crash.fd > 0) {
		(void)unlink(watch->path);
		(void)close(crash.fd);
	}
	mem_free((void *)crash.head);
	memset(&crash, 0, sizeof(crash));
	mem_free(watch->path);
}

static int open_file(struct crash_watch *watch, const char *folder, const char *server)
{
	if (mkdir(folder, 0700) && errno != EEXIST)
		return -errno;
	/* In the order of time. */
	watch->path = mem_printf("%s/%016llx-%s-%d.crash", folder,
				 (unsigned long long)clock_wall_us(), server, (int)getpid());
	crash.fd = open(watch->path, O_CREAT | O_EXCL | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
	if (crash.fd < 0 || flock(crash.fd, LOCK_EX | LOCK_NB))
		return -errno;
	return 0;
}

static void install(struct crash_watch *watch)
{
	struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK};
	stack_t stack = {.ss_size = STACK_BYTES};
	void *frame;

	/* The first use loads a library, which a handler could not. */
	(void)backtrace(&frame, 1);
	watch->stack = mem_alloc(STACK_BYTES);
	stack.ss_sp = watch->stack;
	(void)sigaltstack(&stack, &watch->stack_before);
	action.sa_sigaction = on_crash;
	(void)sigfillset(&action.sa_mask);
	crash.before = watch->before;
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		(void)sigaction(signals[i], &action, &watch->before[i]);
}

int crash_watch_new(struct crash_watch **ret_watch, const char *folder, const char *server,
		    const char *version)
{
	struct crash_watch *watch;
	struct buf head = {0};
	int err;

	if (crash.head)
		return -EBUSY;
	watch = mem_new(sizeof(*watch), watch_destroy);
	buf_printf(&head, "server %s\nversion %s\n", server, version);
	dl_iterate_phdr(add_module, &head);
	crash.head_len = head.len;
	crash.head = buf_steal(&head);
	err = open_file(watch, folder, server);
	if (err) {
		mem_unref(watch);
		return err;
	}
	install(watch);
	*ret_watch = watch;
	return 0;
}
