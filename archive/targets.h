/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Whether the running kernel has what a program attaches to, as its section names it:
 * a function, a tracepoint, a BTF-typed target. What can't be told counts as present:
 * attaching will say so.
 */
#ifndef ARCHIVE_TARGETS_H
#define ARCHIVE_TARGETS_H

#include <bpf/libbpf.h>
#include <stdbool.h>

/*
 * The kernel's own lists, read when they are first asked for, and kprobes that were tried and
 * are there; taking those away again costs the kernel milliseconds each. Begin with {}.
 */
struct targets {
	struct btf *btf;
	bool btf_tried;
	char *symbols;       /* /proc/kallsyms */
	size_t symbols_size;
	bool symbols_tried;
	int *kprobes;        /* perf events, disabled */
	size_t kprobe_count;
};

void targets__free(struct targets *targets);
/* The lists, which nobody needs once the programs are chosen. */
void targets__free_lists(struct targets *targets);
/* fentry, fexit, fmod_ret, tp_btf, LSM and iterator programs: in the kernel's own BTF. */
bool targets__has_btf_target(struct targets *targets, const struct bpf_program *program);
/* Attaches an empty fentry, fexit or fmod_ret program for a moment; true for all others. */
bool targets__can_attach(struct targets *targets, const struct bpf_program *program);
/* kprobes by function, tracepoints and raw tracepoints by name; true for all others. */
bool targets__has_named(struct targets *targets, const struct bpf_program *program);

#endif
