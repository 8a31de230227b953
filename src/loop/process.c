#include "loop/process.h"

#include "core/mem.h"
#include "loop/loop_priv.h"

#include <signal.h>
#include <string.h>

/* The libuv handle outlives our object until libuv has let go of it. */
struct process_handle {
	uv_process_t uv;
	struct process *process; /* NULL once released */
};

struct process {
	struct loop *loop;
	struct process_handle *handle;
	process_exit_h *exith;
	void *arg;
	bool exited;
};

static void on_handle_closed(uv_handle_t *handle)
{
	mem_free(handle);
}

static void on_exit(uv_process_t *uv, int64_t status, int term_signal)
{
	struct process_handle *handle = (struct process_handle *)uv;
	struct process *process = handle->process;

	if (!process)
		return;
	process->exited = true;
	mem_ref(process);
	process->exith(term_signal ? -1 : (int)status, term_signal, process->arg);
	mem_unref(process);
}

static void process_destroy(void *data)
{
	struct process *process = data;

	if (process->handle) {
		process->handle->process = NULL;
		uv_close((uv_handle_t *)process->handle, on_handle_closed);
	}
	mem_unref(process->loop);
}

int process_spawn(struct process **ret_process, struct loop *loop, const char *const *argv,
		  int output_fd, process_exit_h *exith, void *arg)
{
	auto_unref struct process *process = mem_new(sizeof(*process), process_destroy);
	uv_stdio_container_t stdio[3] = {
		{.flags = UV_IGNORE},
		{.flags = UV_INHERIT_FD, .data.fd = output_fd < 0 ? 1 : output_fd},
		{.flags = UV_INHERIT_FD, .data.fd = output_fd < 0 ? 2 : output_fd},
	};
	uv_process_options_t options = {
		.exit_cb = on_exit,
		.file = argv[0],
		.args = (char **)argv,
		.stdio = stdio,
		.stdio_count = 3,
	};
	int err;

	process->loop = mem_ref(loop);
	process->exith = exith;
	process->arg = arg;
	process->handle = mem_alloc(sizeof(*process->handle));
	process->handle->process = process;
	err = uv_spawn(&loop->uv, &process->handle->uv, &options);
	if (err)
		return err; /* libuv's errors are negative errnos; the handle is closed all the same
			     */
	*ret_process = mem_ref(process);
	return 0;
}

int process_kill(struct process *process, int signum)
{
	return process->exited ? -ESRCH : uv_process_kill(&process->handle->uv, signum);
}

struct signal_handle {
	uv_signal_t uv;
	struct signal_watch *watch;
};

struct signal_watch {
	struct loop *loop;
	struct signal_handle *handle;
	signal_h *signalh;
	void *arg;
};

static void on_signal(uv_signal_t *uv, int signum)
{
	struct signal_watch *watch = ((struct signal_handle *)uv)->watch;

	if (watch)
		watch->signalh(signum, watch->arg);
}

static void signal_watch_destroy(void *data)
{
	struct signal_watch *watch = data;

	if (watch->handle) {
		watch->handle->watch = NULL;
		uv_close((uv_handle_t *)watch->handle, on_handle_closed);
	}
	mem_unref(watch->loop);
}

int signal_watch_new(struct signal_watch **ret_watch, struct loop *loop, int signum,
		     signal_h *signalh, void *arg)
{
	auto_unref struct signal_watch *watch = mem_new(sizeof(*watch), signal_watch_destroy);
	int err;

	watch->loop = mem_ref(loop);
	watch->signalh = signalh;
	watch->arg = arg;
	watch->handle = mem_alloc(sizeof(*watch->handle));
	watch->handle->watch = watch;
	uv_signal_init(&loop->uv, &watch->handle->uv);
	err = uv_signal_start(&watch->handle->uv, on_signal, signum);
	if (err)
		return err;
	*ret_watch = mem_ref(watch);
	return 0;
}
