/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "targets.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <glob.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/file.h"

#define SYMBOLS_LIMIT (256u << 20)

void targets__free_lists(struct targets *targets)
{
	btf__free(targets->btf);
	free(targets->symbols);
	targets->btf = NULL;
	targets->symbols = NULL;
	targets->btf_tried = targets->symbols_tried = false;
}

void targets__free(struct targets *targets)
{
	targets__free_lists(targets);
	for (size_t i = 0; i < targets->kprobe_count; i++)
		close(targets->kprobes[i]);
	free(targets->kprobes);
	*targets = (struct targets){};
}

/* ---- by symbol ------------------------------------------------------------------------------ */

enum where { NOWHERE, UNKNOWN, IN_KERNEL, IN_MODULE };

/* Lines are "ADDRESS TYPE NAME" or "ADDRESS TYPE NAME\t[MODULE]". */
static enum where find_function(struct targets *targets, const char *name, size_t len)
{
	char wanted[300];
	size_t wanted_len = (size_t)snprintf(wanted, sizeof(wanted), " %.*s", (int)len, name);
	const char *at, *end;

	if (!targets->symbols_tried) {
		void *data = NULL;

		if (file__read("/proc/kallsyms", SYMBOLS_LIMIT, &data, &targets->symbols_size) == 0)
			targets->symbols = data;
		targets->symbols_tried = true;
	}
	if (!targets->symbols_size || wanted_len >= sizeof(wanted))
		return UNKNOWN;
	end = targets->symbols + targets->symbols_size;
	for (at = targets->symbols; (at = memmem(at, (size_t)(end - at), wanted, wanted_len)); at++)
		if (at > targets->symbols && strchr("tTwW", at[-1]) &&
		    (at[wanted_len] == '\n' || at[wanted_len] == '\t'))
			return at[wanted_len] == '\t' ? IN_MODULE : IN_KERNEL;
	return NOWHERE;
}

/* ---- by the kernel's BTF ---------------------------------------------------------------- */

/* How the kernel names in its BTF what the rest of a section's name means. */
static bool names_target(const struct bpf_program *program, const char *target, char *name,
			 size_t size, int *kind)
{
	const char *prefix = "";

	*kind = BTF_KIND_FUNC;
	switch (bpf_program__expected_attach_type(program)) {
	case BPF_TRACE_FENTRY:
	case BPF_TRACE_FEXIT:
	case BPF_MODIFY_RETURN:
		break;
	case BPF_TRACE_RAW_TP:
		prefix = "btf_trace_";
		*kind = BTF_KIND_TYPEDEF;
		break;
	case BPF_TRACE_ITER:
		prefix = "bpf_iter_";
		break;
	case BPF_LSM_MAC:
	case BPF_LSM_CGROUP:
		prefix = "bpf_lsm_";
		break;
	default:
		return false;
	}
	return snprintf(name, size, "%s%s", prefix, target) < (int)size;
}

/* What comes behind the first slash of the section's name, or NULL. */
static const char *target_of(const struct bpf_program *program)
{
	const char *slash = strchr(bpf_program__section_name(program), '/');

	return slash && slash[1] ? slash + 1 : NULL;
}

static int32_t find_id(struct targets *targets, const char *name, int kind)
{
	if (!targets->btf_tried)
		targets->btf = btf__load_vmlinux_btf();
	targets->btf_tried = true;
	return targets->btf ? btf__find_by_name_kind(targets->btf, name, (uint32_t)kind) : -ENOENT;
}

bool targets__has_btf_target(struct targets *targets, const struct bpf_program *program)
{
	const char *target = target_of(program);
	char name[256];
	int kind;

	/* others are named in other ways, or later */
	return !target || !names_target(program, target, name, sizeof(name), &kind) ||
	       find_id(targets, name, kind) > 0 ||
	       /* libbpf looks for it in the BTF of modules, too */
	       (kind == BTF_KIND_FUNC && find_function(targets, target, strlen(target)) == IN_MODULE);
}

/* Architectures may have fentry in their BTF and no trampolines to attach it by. */
bool targets__can_attach(struct targets *targets, const struct bpf_program *program)
{
	enum bpf_attach_type type = bpf_program__expected_attach_type(program);
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = type);
	_cleanup_close_ int fd = -1, link = -1;
	const char *target = target_of(program);
	int32_t id;

	if (!target || bpf_program__type(program) != BPF_PROG_TYPE_TRACING ||
	    (type != BPF_TRACE_FENTRY && type != BPF_TRACE_FEXIT && type != BPF_MODIFY_RETURN))
		return true;
	id = find_id(targets, target, BTF_KIND_FUNC);
	if (id <= 0)
		return find_function(targets, target, strlen(target)) == IN_MODULE;
	opts.attach_btf_id = (uint32_t)id;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, NULL, "GPL", code, 2, &opts);
	if (fd >= 0)
		link = bpf_raw_tracepoint_open(NULL, fd);
	return link >= 0;
}

/* ---- by trying it ---------------------------------------------------------------------------- */

/* The number of the kernel's source of perf events that are kprobes (4.17), or -errno. */
static int kprobe_source(void)
{
	_cleanup_free_ void *text = NULL;
	size_t size;
	int err = file__read("/sys/bus/event_source/devices/kprobe/type", 64, &text, &size);

	return err ? err : atoi(text);
}

/*
 * 1: there is such a function, and a kprobe can be put there; 0: there is not; -errno: it
 * can't be told that way. All symbols take the kernel much longer to print.
 */
static int try_kprobe(struct targets *targets, const char *name, size_t len)
{
	struct perf_event_attr attr = { .size = sizeof(attr) };
	_cleanup_free_ char *function = strndup(name, len);
	int source = kprobe_source(), fd, *grown;

	if (source < 0 || !function)
		return source < 0 ? source : -ENOMEM;
	attr.type = (uint32_t)source;
	attr.config1 = (uint64_t)(uintptr_t)function;
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	/* the latter: there are several of that name */
	if (fd < 0)
		return errno == ENOENT || errno == EADDRNOTAVAIL ? 0 : -errno;
	grown = realloc(targets->kprobes, (targets->kprobe_count + 1) * sizeof(*grown));
	if (!grown) {
		close(fd);
		return 1;
	}
	targets->kprobes = grown;
	grown[targets->kprobe_count++] = fd;
	return 1;
}

/* ---- by the tracing file system --------------------------------------------------------------- */

static const char *tracing_dir(void)
{
	static const char *const dirs[][2] = {
		{ "/sys/kernel/tracing", "/sys/kernel/tracing/events" },
		{ "/sys/kernel/debug/tracing", "/sys/kernel/debug/tracing/events" },
	};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (access(dirs[i][1], R_OK) == 0)
			return dirs[i][0];
	return NULL;
}

/* In the kernel's list, where kprobes are made in the tracing file system. */
static bool has_kprobe_function(struct targets *targets, const char *name, size_t len)
{
	const char *dir = tracing_dir();
	int has = try_kprobe(targets, name, len);
	char path[64];

	if (has >= 0)
		return has;
	if (dir && snprintf(path, sizeof(path), "%s/kprobe_events", dir) < (int)sizeof(path) &&
	    access(path, F_OK) < 0)
		return false; /* a kernel without kprobes */
	return find_function(targets, name, len) != NOWHERE;
}

/* `pattern`: CATEGORY/NAME, where the category may be a star. */
static bool has_tracepoint(const char *pattern)
{
	const char *dir = tracing_dir();
	char path[300];
	glob_t found;
	bool has;

	if (!dir || snprintf(path, sizeof(path), "%s/events/%s", dir, pattern) >= (int)sizeof(path))
		return true;
	has = glob(path, GLOB_NOSORT, NULL, &found) == 0;
	globfree(&found);
	return has;
}

static bool begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool targets__has_named(struct targets *targets, const struct bpf_program *program)
{
	const char *section = bpf_program__section_name(program), *target = target_of(program);
	char pattern[256];

	if (!target)
		return true;
	if (begins(section, "kprobe/") || begins(section, "kretprobe/"))
		return has_kprobe_function(targets, target, strcspn(target, "+"));
	if (begins(section, "tracepoint/") || begins(section, "tp/"))
		return has_tracepoint(target);
	if (!begins(section, "raw_tp/") && !begins(section, "raw_tracepoint/"))
		return true;
	return snprintf(pattern, sizeof(pattern), "*/%s", target) >= (int)sizeof(pattern) ||
	       has_tracepoint(pattern);
}
