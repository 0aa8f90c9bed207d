/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cancel.h"
#include "base/cleanup.h"

#define OUTPUT_MAX (1024 * 1024)
#define PASSED_FD 3
/* Descriptors are kept above those that the child gets, so that no dup2 hits another. */
#define LOWEST_FD 10
/* How often to look whether the child has ended while somebody still holds its pipes. */
#define TICK_MS 50

/* One of the child's output streams. */
struct stream {
	int fd;                /* read end; -1 after its end */
	struct buf buf;
	bool keep_tail;        /* of more than OUTPUT_MAX keep the end, not the beginning */
};

/* All that the child needs, made before fork: after it, only async-signal-safe calls. */
struct launch {
	char *path;
	char **env;
	int null_fd;
	int out_fd;            /* write ends of the pipes */
	int err_fd;
	int status_fd;         /* errno, when exec failed; closed by an exec that works */
	int extra_fd;
	pid_t parent;
};

struct child {
	pid_t pid;
	struct stream out;
	struct stream err;
};

static void launch__end(struct launch *launch)
{
	free(launch->path);
	free(launch->env); /* its strings are lent */
	closep(&launch->null_fd);
	closep(&launch->out_fd);
	closep(&launch->err_fd);
	closep(&launch->status_fd);
	closep(&launch->extra_fd);
}

static void child__end(struct child *child)
{
	closep(&child->out.fd);
	closep(&child->err.fd);
	buf__free(&child->out.buf);
	buf__free(&child->err.buf);
}

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* Where `name` lies, malloc'ed; NULL if nowhere. */
static char *find_program(const char *name)
{
	const char *search = getenv("PATH");
	const char *places[] = { search ? search : "/usr/bin:/bin", "/usr/sbin:/sbin" };
	char *path = NULL;

	if (strchr(name, '/'))
		return is_program(name) ? strdup(name) : NULL;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const char *at = places[i];

		while (*at) {
			size_t len = strcspn(at, ":");

			if (asprintf(&path, "%.*s/%s", (int)len, at, name) < 0)
				return NULL;
			if (len && is_program(path))
				return path;
			free(steal_ptr(path));
			at += len + (at[len] == ':');
		}
	}
	return NULL;
}

static bool same_name(const char *a, const char *b)
{
	size_t len = strcspn(a, "=");

	return strncmp(a, b, len) == 0 && b[len] == '=';
}

/* The environment with `added` in place of what has the same names. */
static char **make_env(const char *const *added)
{
	size_t count = 0, extra = 0, used = 0;
	char **env;

	while (environ && environ[count])
		count++;
	while (added && added[extra])
		extra++;
	env = calloc(count + extra + 1, sizeof(*env));
	if (!env)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		bool replaced = false;

		for (size_t j = 0; j < extra && !replaced; j++)
			replaced = same_name(added[j], environ[i]);
		if (!replaced)
			env[used++] = environ[i];
	}
	for (size_t j = 0; j < extra; j++)
		env[used++] = (char *)added[j];
	return env;
}

static int lift_fd(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, LOWEST_FD);

	return high < 0 ? -errno : high;
}

static int make_pipe(int *read_end, int *write_end)
{
	_cleanup_close_ int from = -1;
	_cleanup_close_ int to = -1;
	int fds[2], high;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	from = fds[0];
	to = fds[1];
	high = lift_fd(from);
	if (high < 0)
		return high;
	*read_end = high;
	high = lift_fd(to);
	if (high < 0)
		return high;
	*write_end = high;
	return 0;
}

static int launch__prepare(struct launch *launch, const struct child_opts *opts,
			   struct child *child, int *status_fd, struct error *err)
{
	_cleanup_close_ int null_fd = -1;
	const char *name = opts->argv[0];
	int res;

	launch->path = find_program(name);
	if (!launch->path)
		return error__set(err, ENOENT,
				  "%s: no such program in PATH, /usr/sbin or /sbin; install it",
				  name);
	launch->env = make_env(opts->env);
	if (!launch->env)
		return error__oom(err);
	null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null_fd < 0)
		return error__set(err, errno, "cannot open /dev/null: %s", strerror(errno));
	res = launch->null_fd = lift_fd(null_fd);
	if (res >= 0 && opts->extra_fd > 0)
		res = launch->extra_fd = lift_fd(opts->extra_fd);
	if (res >= 0)
		res = make_pipe(&child->out.fd, &launch->out_fd);
	if (res >= 0)
		res = make_pipe(&child->err.fd, &launch->err_fd);
	if (res >= 0)
		res = make_pipe(status_fd, &launch->status_fd);
	if (res < 0)
		return error__set(err, res, "cannot set up pipes to run %s: %s", name,
				  strerror(-res));
	return 0;
}

static void limit_memory(uint64_t bytes)
{
	struct rlimit limit;

	if (!bytes || getrlimit(RLIMIT_AS, &limit) < 0)
		return;
	if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max > bytes)
		limit.rlim_cur = limit.rlim_max = bytes;
	setrlimit(RLIMIT_AS, &limit);
}

/* A fresh start: a handler or a blocked signal of ours must not be the child's. */
static void reset_signals(void)
{
	struct sigaction fallback = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &fallback, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child, between fork and exec: other threads may hold any lock, malloc's too. */
static __attribute__((noreturn)) void launch__exec(const struct launch *launch,
						   const struct child_opts *opts)
{
	int code;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != launch->parent)
		_exit(127); /* it died before the line above */
	reset_signals();
	if (opts->cwd && chdir(opts->cwd) < 0)
		goto failed;
	if (dup2(launch->null_fd, STDIN_FILENO) < 0 || dup2(launch->out_fd, STDOUT_FILENO) < 0 ||
	    dup2(launch->err_fd, STDERR_FILENO) < 0)
		goto failed;
	if (launch->extra_fd >= 0 && dup2(launch->extra_fd, PASSED_FD) < 0)
		goto failed;
#ifdef SYS_close_range
	/* Not all libraries open with O_CLOEXEC. 4 is CLOSE_RANGE_CLOEXEC (Linux 5.11). */
	syscall(SYS_close_range, launch->extra_fd >= 0 ? PASSED_FD + 1U : PASSED_FD, ~0U, 4U);
#endif
	limit_memory(opts->memory_limit);
	execve(launch->path, (char *const *)opts->argv, launch->env);
failed:
	code = errno;
	while (write(launch->status_fd, &code, sizeof(code)) < 0 && errno == EINTR)
		;
	_exit(127);
}

/* The program is running when this returns 0. */
static int child__start(struct child *child, const struct child_opts *opts, struct error *err)
{
	cleanup(launch__end) struct launch launch = {
		.null_fd = -1, .out_fd = -1, .err_fd = -1, .status_fd = -1, .extra_fd = -1,
		.parent = getpid(),
	};
	_cleanup_close_ int status_fd = -1;
	int code = 0, res;
	ssize_t got;

	res = launch__prepare(&launch, opts, child, &status_fd, err);
	if (res)
		return res;
	child->pid = fork();
	if (child->pid < 0)
		return error__set(err, errno, "cannot start %s: %s", opts->argv[0],
				  strerror(errno));
	if (child->pid == 0)
		launch__exec(&launch, opts);
	closep(&launch.status_fd);
	launch.status_fd = -1;
	do
		got = read(status_fd, &code, sizeof(code));
	while (got < 0 && errno == EINTR);
	if (got == (ssize_t)sizeof(code)) {
		while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
			;
		return error__set(err, code, "cannot start %s%s%s: %s", launch.path,
				  opts->cwd ? " in " : "", opts->cwd ? opts->cwd : "",
				  strerror(code));
	}
	return 0;
}

static void stream__keep(struct stream *stream, const char *data, size_t len)
{
	struct buf *buf = &stream->buf;

	if (stream->keep_tail) {
		if (buf->len + len > 2 * OUTPUT_MAX) {
			memmove(buf->data, buf->data + buf->len - OUTPUT_MAX, OUTPUT_MAX);
			buf->len = OUTPUT_MAX;
		}
	} else if (len > OUTPUT_MAX - buf->len) {
		len = OUTPUT_MAX - buf->len;
	}
	buf__add(buf, data, len);
}

/* Read once; the stream is closed at its end. */
static void stream__read(struct stream *stream)
{
	char data[65536];
	ssize_t got;

	if (stream->fd < 0)
		return;
	got = read(stream->fd, data, sizeof(data));
	if (got > 0) {
		stream__keep(stream, data, got);
	} else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
		close(stream->fd);
		stream->fd = -1;
	}
}

static char *stream__take(struct stream *stream)
{
	struct buf *buf = &stream->buf;

	if (buf->len > OUTPUT_MAX) {
		memmove(buf->data, buf->data + buf->len - OUTPUT_MAX, OUTPUT_MAX);
		buf->len = OUTPUT_MAX;
	}
	return buf__cstr(buf) ? (char *)buf__steal(buf, NULL) : NULL;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Ended, but not reaped: until then nobody else gets its process group's number. */
static bool child__has_ended(const struct child *child)
{
	siginfo_t info = {};

	return waitid(P_PID, child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == child->pid;
}

/* Follow the child to its end, its timeout or a cancel: 0, -ETIMEDOUT, -ECANCELED. */
static int child__watch(struct child *child, unsigned int timeout_s)
{
	uint64_t end = now_ms() + (uint64_t)timeout_s * 1000;
	int tick = 1;

	while (!child__has_ended(child)) {
		struct pollfd fds[] = {
			{ .fd = child->out.fd, .events = POLLIN },
			{ .fd = child->err.fd, .events = POLLIN },
			{ .fd = cancel__fd(), .events = POLLIN },
		};

		if (cancel__requested())
			return -ECANCELED;
		if (timeout_s && now_ms() >= end)
			return -ETIMEDOUT;
		if (poll(fds, 3, tick) > 0)
			tick = 1; /* an end of file may be the child's end */
		else
			tick = tick * 2 > TICK_MS ? TICK_MS : tick * 2;
		stream__read(&child->out);
		stream__read(&child->err);
	}
	return 0;
}

static int child__reap(struct child *child)
{
	int status = 0;

	kill(-child->pid, SIGKILL);
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/*
 * What was still in the pipes. That is bounded by what a pipe holds (1 MiB at most), which
 * matters when a descendant escaped into a session of its own and goes on writing.
 */
static void child__read_rest(struct child *child)
{
	struct stream *streams[] = { &child->out, &child->err };

	for (size_t i = 0; i < 2; i++) {
		struct pollfd more = { .fd = streams[i]->fd, .events = POLLIN };

		for (int round = 0; round < 16 && streams[i]->fd >= 0; round++)
			if (poll(&more, 1, 0) > 0)
				stream__read(streams[i]);
	}
}

int child__run(const struct child_opts *opts, struct child_result *result, struct error *err)
{
	cleanup(child__end) struct child child = {
		.pid = -1, .out = { .fd = -1 }, .err = { .fd = -1, .keep_tail = true },
	};
	int res;

	*result = (struct child_result){};
	res = child__start(&child, opts, err);
	if (res)
		return res;
	fcntl(child.out.fd, F_SETFL, O_NONBLOCK);
	fcntl(child.err.fd, F_SETFL, O_NONBLOCK);
	res = child__watch(&child, opts->timeout_s);
	result->exit_code = child__reap(&child);
	child__read_rest(&child);
	result->out = stream__take(&child.out);
	result->err = stream__take(&child.err);
	if (res == -ETIMEDOUT)
		return error__set(err, ETIMEDOUT, "%s did not end within %u s and was stopped",
				  opts->argv[0], opts->timeout_s);
	if (res)
		return error__set(err, -res, "%s was stopped: canceled", opts->argv[0]);
	return result->out && result->err ? 0 : error__oom(err);
}

void child_result__free(struct child_result *result)
{
	free(result->out);
	free(result->err);
	*result = (struct child_result){};
}

const char *child_result__tail(const struct child_result *result, char *tail, size_t size)
{
	const char *text = result->err && *result->err ? result->err : result->out;
	size_t len = text ? strlen(text) : 0, skip = 0;

	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	if (len >= size) {
		const char *line;

		skip = len - size + 1;
		/* begin with a whole line where there is one */
		line = strchr(text + skip, '\n');
		if (line && line < text + len)
			skip = line - text + 1;
	}
	for (size_t i = skip; i < len; i++) {
		char c = text[i];

		tail[i - skip] = c == '\n' ? ';' : (unsigned char)c < ' ' ? ' ' : c;
	}
	tail[len - skip] = '\0';
	if (len == skip)
		snprintf(tail, size, "it said nothing");
	return tail;
}
