/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "refusal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/file.h"

#define TEXT_LIMIT (1 << 20)
#define CAP_SYS_ADMIN_BIT 21
#define CAP_PERFMON_BIT 38
#define CAP_BPF_BIT 39
#define FILTERING 2 /* "Seccomp:" in /proc/self/status */
/* Of what a kernel before 5.11 gives to a process: 64 KiB, 8 MiB with newer systemd. */
#define SMALL_MEMLOCK (64ull << 20)

static char *read_text(const char *root, const char *path)
{
	_cleanup_free_ char *full = NULL;
	char *text = NULL;
	size_t size;

	if (asprintf(&full, "%s%s", root, path) < 0) {
		full = NULL;
		return NULL;
	}
	return file__read(full, TEXT_LIMIT, (void **)&text, &size) == 0 ? text : NULL;
}

/* The number behind a name at the beginning of a line, or `missing`. */
static unsigned long long number_of(const char *text, const char *name, int base,
				    unsigned long long missing)
{
	const char *at = text ? strstr(text, name) : NULL;

	return at ? strtoull(at + strlen(name), NULL, base) : missing;
}

/* The first user namespace maps all numbers to themselves. */
static bool maps_all(const char *uid_map)
{
	unsigned long long inside, outside, count;

	return sscanf(uid_map, "%llu %llu %llu", &inside, &outside, &count) == 3 && inside == 0 &&
	       outside == 0 && count == 4294967295ull;
}

static bool is_locked_down(const char *root)
{
	_cleanup_free_ char *text = read_text(root, "/sys/kernel/security/lockdown");

	return text && strstr(text, "[confidentiality]");
}

void refusal__look(const char *root, struct refusal *refusal)
{
	_cleanup_free_ char *status = read_text(root, "/proc/self/status");
	_cleanup_free_ char *uid_map = read_text(root, "/proc/self/uid_map");
	unsigned long long caps = number_of(status, "\nCapEff:", 16, ~0ull);
	struct rlimit limit = { .rlim_cur = RLIM_INFINITY };

	getrlimit(RLIMIT_MEMLOCK, &limit);
	*refusal = (struct refusal){
		.privileged = caps >> CAP_SYS_ADMIN_BIT & 1 ||
			      (caps >> CAP_BPF_BIT & 1 && caps >> CAP_PERFMON_BIT & 1),
		.user_namespace = uid_map && !maps_all(uid_map),
		.filtered = number_of(status, "\nSeccomp:", 10, 0) == FILTERING,
		.locked_down = is_locked_down(root),
		.memlock = limit.rlim_cur == RLIM_INFINITY ? ~0ull : limit.rlim_cur,
	};
}

void refusal__describe(const struct refusal *refusal, const char *subject, char *out, size_t size)
{
	if (!refusal->privileged)
		snprintf(out, size, "not allowed to %s: it takes root, or CAP_BPF and CAP_PERFMON "
			 "(CAP_SYS_ADMIN before 5.8)", subject);
	else if (refusal->user_namespace)
		snprintf(out, size, "not allowed to %s: root in a user namespace, as rootless "
			 "containers have it, is not root to the kernel", subject);
	else if (refusal->locked_down)
		snprintf(out, size, "not allowed to %s: the kernel is locked down "
			 "(/sys/kernel/security/lockdown says confidentiality)", subject);
	else if (refusal->filtered)
		snprintf(out, size, "not allowed to %s: a seccomp filter, as containers have one, "
			 "may refuse bpf(2): allow it, or add CAP_BPF or CAP_SYS_ADMIN to the container",
			 subject);
	else if (refusal->memlock < SMALL_MEMLOCK)
		snprintf(out, size, "not allowed to %s: kernels before 5.11 count it against "
			 "RLIMIT_MEMLOCK, which is %llu KiB: raise it (ulimit -l unlimited)", subject,
			 refusal->memlock >> 10);
	else
		snprintf(out, size, "not allowed to %s, though privileged: a security module may refuse it, "
			 "or an older kernel's lockdown", subject);
}

bool refusal__is_locked_down(void)
{
	return is_locked_down("");
}
