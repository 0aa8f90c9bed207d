/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A test double of old kernels, for LD_PRELOAD: KERNEL_DOUBLE=4.9|4.14|4.18|4.18-el8. Calls
 * to bpf(2), perf_event_open(2), uname(2) and for a few files are answered as those
 * kernels answer them where they refuse; the rest goes to the running kernel. See README.md.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "btf.h"
#include "commands.h"
#include "events.h"
#include "kernels.h"
#include "maps.h"
#include "programs.h"
#include "verdict.h"

#define EXPORT __attribute__((visibility("default")))
#define EXIT_USAGE 2

/* The function of libc that ours stands before. */
#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

__attribute__((constructor)) static void choose_kernel(void)
{
	const char *name = getenv("KERNEL_DOUBLE");

	if (!name || !*name || kernel__choose(name))
		return;
	fprintf(stderr, "KERNEL_DOUBLE=%s: no such; 4.9, 4.14, 4.18 or 4.18-el8\n", name);
	_exit(EXIT_USAGE);
}

/* ---- bpf(2) -------------------------------------------------------------------------------- */

/* What the verifier says goes to the log that the caller gave. */
static void write_log(uint64_t log, unsigned int size, unsigned int level,
		      const struct verdict *verdict)
{
	if (level && log && size)
		snprintf((char *)(uintptr_t)log, size, "%s", verdict->text);
}

/* An old kernel fills in what it knows of, and wants zeros behind. */
static int check_info(union bpf_attr *user)
{
	const char *info = (const char *)(uintptr_t)user->info.info;
	char link[32], target[64] = "";
	unsigned int known;

	snprintf(link, sizeof(link), "/proc/self/fd/%u", user->info.bpf_fd);
	if (readlink(link, target, sizeof(target) - 1) < 0)
		return 0;
	known = strstr(target, "bpf-map") ? kernel->map_info_size :
		strstr(target, "bpf-prog") ? kernel->prog_info_size : 0;
	if (!known)
		return 0;
	for (unsigned int i = known; i < user->info.info_len; i++)
		if (info[i])
			return -E2BIG;
	if (user->info.info_len > known)
		user->info.info_len = known;
	return 0;
}

static int check_bpf(int cmd, union bpf_attr *user, unsigned int size)
{
	struct verdict verdict = {};
	union bpf_attr attr;
	int err = commands__read(cmd, user, size, &attr);

	if (err)
		return err;
	switch (cmd) {
	case BPF_MAP_CREATE:
		return maps__check(&attr);
	case BPF_PROG_LOAD:
		err = programs__check(&attr, &verdict);
		if (*verdict.text)
			write_log(attr.log_buf, attr.log_size, attr.log_level, &verdict);
		return err;
	case BPF_BTF_LOAD:
		err = btf__check((const void *)(uintptr_t)attr.btf, attr.btf_size, &verdict);
		if (*verdict.text)
			write_log(attr.btf_log_buf, attr.btf_log_size, attr.btf_log_level, &verdict);
		return err;
	case BPF_PROG_ATTACH:
		return commands__check_attach(&attr);
	case BPF_OBJ_GET_INFO_BY_FD:
		return check_info(user);
	default:
		return 0;
	}
}

static long fail(int err)
{
	errno = -err;
	return -1;
}

EXPORT long syscall(long number, ...)
{
	long arg[6];
	va_list args;
	long result;
	int err = 0;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		arg[i] = va_arg(args, long);
	va_end(args);
	if (kernel && number == __NR_bpf)
		err = check_bpf((int)arg[0], (union bpf_attr *)arg[1], (unsigned int)arg[2]);
	else if (kernel && number == __NR_perf_event_open)
		err = events__check_open((const struct perf_event_attr *)arg[0]);
	if (err)
		return fail(err);
	result = REAL(syscall)(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
	if (kernel && number == __NR_perf_event_open)
		events__opened((int)result, (const struct perf_event_attr *)arg[0]);
	return result;
}

/* ---- events -------------------------------------------------------------------------------- */

EXPORT int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;
	int err = 0, result;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (kernel && request == PERF_EVENT_IOC_SET_BPF)
		err = events__check_program(fd);
	if (err)
		return (int)fail(err);
	result = REAL(ioctl)(fd, request, arg);
	if (kernel && request == PERF_EVENT_IOC_SET_BPF && result == 0)
		events__got_program(fd);
	return result;
}

/* ---- what else tells the kernel --------------------------------------------------------------- */

EXPORT int uname(struct utsname *name)
{
	int result = REAL(uname)(name);

	if (kernel && result == 0) {
		snprintf(name->release, sizeof(name->release), "%s", kernel->release);
		snprintf(name->version, sizeof(name->version), "#1 SMP (a test double)");
	}
	return result;
}

static bool begins(const char *path, const char *with)
{
	return strncmp(path, with, strlen(with)) == 0;
}

/* Files of sysfs that came with a feature. */
static bool is_missing(const char *path)
{
	if (!kernel || !path)
		return false;
	if (begins(path, "/sys/kernel/btf"))
		return !kernel__has(HAS_BTF_IN_SYSFS);
	if (begins(path, "/sys/bus/event_source/devices/kprobe") ||
	    begins(path, "/sys/bus/event_source/devices/uprobe"))
		return !kernel__has(HAS_PROBE_PMU);
	return false;
}

EXPORT int access(const char *path, int mode)
{
	return is_missing(path) ? (int)fail(-ENOENT) : REAL(access)(path, mode);
}

EXPORT int faccessat(int dir, const char *path, int mode, int flags)
{
	return is_missing(path) ? (int)fail(-ENOENT) : REAL(faccessat)(dir, path, mode, flags);
}

static int open_file(int dir, const char *path, int flags, unsigned int mode)
{
	return is_missing(path) ? (int)fail(-ENOENT) : REAL(openat)(dir, path, flags, mode);
}

/* The mode may be left out; then nobody looks at it. */
#define OPEN(name, parameters, dir, more_flags)                       \
	EXPORT int name parameters                                    \
	{                                                             \
		va_list args;                                         \
		unsigned int mode;                                    \
                                                                      \
		va_start(args, flags);                                \
		mode = va_arg(args, unsigned int);                    \
		va_end(args);                                         \
		return open_file(dir, path, flags | (more_flags), mode); \
	}

OPEN(open, (const char *path, int flags, ...), AT_FDCWD, 0)
OPEN(open64, (const char *path, int flags, ...), AT_FDCWD, O_LARGEFILE)
OPEN(openat, (int dir, const char *path, int flags, ...), dir, 0)
OPEN(openat64, (int dir, const char *path, int flags, ...), dir, O_LARGEFILE)

static FILE *no_file(void)
{
	errno = ENOENT;
	return NULL;
}

EXPORT FILE *fopen(const char *path, const char *how)
{
	return is_missing(path) ? no_file() : REAL(fopen)(path, how);
}

EXPORT FILE *fopen64(const char *path, const char *how)
{
	return is_missing(path) ? no_file() : REAL(fopen64)(path, how);
}
