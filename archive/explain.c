/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "explain.h"

#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So many complaints at the end of a log are read: what is before them is of other paths. */
#define TAIL_LINES 6
/* The call that libbpf puts in the place of an instruction that it can't relocate. */
#define POISON "195896080"
#define STACK_SIZE 512

/*
 * What complaints mean. `sign` is in the line, and `also`, where there is one; the first
 * that fits counts. Texts differ by version: who first had which is in the meaning.
 */
static const struct {
	const char *sign, *also, *meaning;
} signs[] = {
	{ "back-edge from insn", NULL, "the kernel allows no loops (before 5.3): unroll it" },
	{ "infinite loop detected", NULL,
	  "the verifier finds a loop that changes nothing it knows of: count in a variable that it "
	  "bounds" },
	{ "unreachable insn", NULL,
	  "there is code that nothing leads to; on a kernel without calls between BPF functions "
	  "(before 4.16) a function that is called is such: inline it" },
	{ "BPF_CALL uses reserved fields", NULL,
	  "the kernel has no calls between BPF functions (before 4.16): inline them" },
	{ "BPF_STX uses reserved fields", NULL,
	  "the kernel has no atomics that return a value, and no compare and swap (before 5.12)" },
	{ "BPF_XADD uses reserved fields", NULL,
	  "the kernel has no atomics that return a value, and no compare and swap (before 5.12)" },
	{ "BPF_ATOMIC uses invalid atomic opcode", NULL,
	  "the kernel lacks an atomic operation that the program asks for" },
	{ "BPF_MOV uses reserved fields", NULL,
	  "the kernel lacks sign-extending moves (before 6.6): compile with -mcpu=v1 to v3" },
	{ "BPF_ALU uses reserved fields", NULL,
	  "the kernel lacks signed division (before 6.6): compile with -mcpu=v1 to v3" },
	{ "BPF_END uses reserved fields", NULL,
	  "the kernel lacks an instruction that swaps bytes (before 6.6): compile with -mcpu=v1 to "
	  "v3" },
	{ "BPF_LDX uses reserved fields", NULL,
	  "the kernel lacks sign-extending loads (before 6.6): compile with -mcpu=v1 to v3" },
	{ "BPF_ARSH not supported for 32 bit", NULL,
	  "the kernel lacks 32-bit shifts with sign (before 5.0): compile with -mcpu=v1 or v2" },
	{ "unknown insn class 6", NULL,
	  "the kernel has no 32-bit jumps (before 5.1): compile with -mcpu=v1 or v2" },
	{ "invalid BPF_JMP opcode", NULL,
	  "the kernel has no jumps for \"less than\" (before 4.14): compile with -mcpu=v1" },
	{ "unrecognized bpf_ld_imm64 insn", NULL,
	  "the kernel has no addresses of variables (before 5.2) or of functions, as callbacks "
	  "need them (before 5.13), in instructions" },
	{ "invalid bpf_ld_imm64 insn", NULL,
	  "the kernel has no addresses of variables (before 5.2) or of functions, as callbacks "
	  "need them (before 5.13), in instructions" },
	{ "cannot use bpf_spin_lock yet", NULL,
	  "no kernel lets programs of this type have a spin lock: count with an atomic addition" },
	{ "cannot call GPL", NULL,
	  "the helper is for programs under the GPL: say so in the section \"license\"" },
	{ "program is too large", NULL,
	  "the program is too large, or takes too many ways, for this kernel: it looks at up to "
	  "1,000,000 instructions (65,536 to 131,072 before 5.2), each as often as a way leads "
	  "there" },
	{ "jumps is too complex", NULL, "the program branches more than this kernel follows" },
	{ "too many states", NULL, "the program branches more than this kernel follows" },
	{ "combined stack size", NULL,
	  "the functions that call each other use more than 512 bytes of stack" },
	{ "the call stack of", NULL, "functions call each other more than 8 deep" },
	{ "invalid indirect read from stack", NULL,
	  "a helper reads stack that was never written, such as padding: set it to zero first" },
	{ "invalid read from stack", NULL, "stack is read that was never written" },
	{ "R2 type=map_value expected=fp", NULL,
	  "the kernel takes keys and values of maps from the stack only (before 4.18): copy it "
	  "there; what does not fit into its 512 bytes can't be handed over" },
	{ "type=map_value expected=fp", NULL,
	  "the kernel's helper takes memory of the stack only, not of maps, nor variables (keys and "
	  "values before 4.18, all else before 4.11): copy it there; what does not fit into its 512 "
	  "bytes can't be handed over" },
	{ "expected=fp", NULL, "the kernel's helper takes memory of the stack only: copy it there" },
	{ "expected=imm", NULL,
	  "the kernel wants a constant as the length of what its helper reads or writes (before "
	  "4.11)" },
	{ "map_value_or_null", "invalid mem access",
	  "what a lookup gave is used before it was tested for NULL; Linux 4.9 does not know that a "
	  "copy is the same pointer" },
	{ "invalid mem access", "'inv'",
	  "a number is followed as if it were a pointer: read kernel memory by "
	  "bpf_probe_read_kernel (BPF_CORE_READ); pointers' types are known in fentry and tp_btf "
	  "programs only" },
	{ "invalid mem access", "'scalar'",
	  "a number is followed as if it were a pointer: read kernel memory by "
	  "bpf_probe_read_kernel (BPF_CORE_READ); pointers' types are known in fentry and tp_btf "
	  "programs only" },
	{ "math between", "unbounded",
	  "the verifier knows no bound of a number that is added to a pointer; kernels before 5.3 "
	  "forget it where the number was saved on the stack: bound it again just before" },
	{ "unbounded memory access", NULL,
	  "the verifier knows no bound of a length or index; kernels before 5.3 forget it where "
	  "it was saved on the stack: bound it again just before" },
	{ "min value is negative", NULL,
	  "the verifier does not see that a length or index can't be negative: make it unsigned, or "
	  "mask it just before" },
	{ "invalid access to map value", NULL,
	  "the verifier does not see that an access stays within the map's value" },
	{ "dereference of modified ctx ptr", NULL,
	  "the context is read at an offset that was computed: read it by bpf_probe_read_kernel, or "
	  "keep the compiler from merging loads" },
	{ "invalid bpf_context access", NULL,
	  "the context of this kernel's programs of this type has nothing there" },
	{ "cannot pass map_type", NULL, "the helper can't be used with a map of this type" },
};

/* Helpers that programs often ask for in vain. */
static const struct {
	unsigned int number;
	const char *name, *since;
} helpers[] = {
	{ 27, "bpf_get_stackid", "4.6" }, { 35, "bpf_get_current_task", "4.8" },
	{ 45, "bpf_probe_read_str", "4.11" }, { 46, "bpf_get_socket_cookie", "4.12" },
	{ 55, "bpf_perf_event_read_value", "4.15" }, { 67, "bpf_get_stack", "4.18" },
	{ 80, "bpf_get_current_cgroup_id", "4.18" }, { 87, "bpf_map_push_elem", "4.20" },
	{ 88, "bpf_map_pop_elem", "4.20" }, { 93, "bpf_spin_lock", "5.1" },
	{ 107, "bpf_sk_storage_get", "5.2" }, { 109, "bpf_send_signal", "5.3" },
	{ 112, "bpf_probe_read_user", "5.5" }, { 113, "bpf_probe_read_kernel", "5.5" },
	{ 114, "bpf_probe_read_user_str", "5.5" }, { 115, "bpf_probe_read_kernel_str", "5.5" },
	{ 118, "bpf_jiffies64", "5.6" }, { 120, "bpf_get_ns_current_pid_tgid", "5.7" },
	{ 125, "bpf_ktime_get_boot_ns", "5.8" }, { 126, "bpf_seq_printf", "5.7" },
	{ 130, "bpf_ringbuf_output", "5.8" }, { 131, "bpf_ringbuf_reserve", "5.8" },
	{ 132, "bpf_ringbuf_submit", "5.8" }, { 147, "bpf_d_path", "5.10" },
	{ 148, "bpf_copy_from_user", "5.10" }, { 156, "bpf_task_storage_get", "5.11" },
	{ 158, "bpf_get_current_task_btf", "5.11" }, { 164, "bpf_for_each_map_elem", "5.13" },
	{ 165, "bpf_snprintf", "5.13" }, { 169, "bpf_timer_init", "5.15" },
	{ 173, "bpf_get_func_ip", "5.15" }, { 174, "bpf_get_attach_cookie", "5.15" },
	{ 175, "bpf_task_pt_regs", "5.15" }, { 177, "bpf_trace_vprintk", "5.16" },
	{ 181, "bpf_loop", "5.17" }, { 182, "bpf_strncmp", "5.17" },
	{ 183, "bpf_get_func_arg", "5.17" }, { 191, "bpf_copy_from_user_task", "5.18" },
	{ 195, "bpf_map_lookup_percpu_elem", "5.19" },
};

/* When a type of map came, by its number. */
static const char *const map_versions[] = {
	[BPF_MAP_TYPE_HASH] = "3.19", [BPF_MAP_TYPE_ARRAY] = "3.19",
	[BPF_MAP_TYPE_PROG_ARRAY] = "4.2", [BPF_MAP_TYPE_PERF_EVENT_ARRAY] = "4.3",
	[BPF_MAP_TYPE_PERCPU_HASH] = "4.6", [BPF_MAP_TYPE_PERCPU_ARRAY] = "4.6",
	[BPF_MAP_TYPE_STACK_TRACE] = "4.6", [BPF_MAP_TYPE_CGROUP_ARRAY] = "4.8",
	[BPF_MAP_TYPE_LRU_HASH] = "4.10", [BPF_MAP_TYPE_LRU_PERCPU_HASH] = "4.10",
	[BPF_MAP_TYPE_LPM_TRIE] = "4.11", [BPF_MAP_TYPE_ARRAY_OF_MAPS] = "4.12",
	[BPF_MAP_TYPE_HASH_OF_MAPS] = "4.12", [BPF_MAP_TYPE_DEVMAP] = "4.14",
	[BPF_MAP_TYPE_SOCKMAP] = "4.14", [BPF_MAP_TYPE_CPUMAP] = "4.15",
	[BPF_MAP_TYPE_XSKMAP] = "4.18", [BPF_MAP_TYPE_SOCKHASH] = "4.18",
	[BPF_MAP_TYPE_CGROUP_STORAGE] = "4.19", [BPF_MAP_TYPE_REUSEPORT_SOCKARRAY] = "4.19",
	[BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE] = "4.20", [BPF_MAP_TYPE_QUEUE] = "4.20",
	[BPF_MAP_TYPE_STACK] = "4.20", [BPF_MAP_TYPE_SK_STORAGE] = "5.2",
	[BPF_MAP_TYPE_DEVMAP_HASH] = "5.4", [BPF_MAP_TYPE_STRUCT_OPS] = "5.6",
	[BPF_MAP_TYPE_RINGBUF] = "5.8", [BPF_MAP_TYPE_INODE_STORAGE] = "5.10",
	[BPF_MAP_TYPE_TASK_STORAGE] = "5.11", [BPF_MAP_TYPE_BLOOM_FILTER] = "5.16",
	[31] = "6.1", [32] = "6.2", [33] = "6.9", /* user_ringbuf, cgrp_storage, arena */
};

const char *explain__map_since(enum bpf_map_type type)
{
	return type < sizeof(map_versions) / sizeof(map_versions[0]) ? map_versions[type] : NULL;
}

/* ---- relocations ----------------------------------------------------------------------- */

/* What the kernel has not, by the kind of relocation as libbpf names it. */
static const char *kind_words(const char *kind, size_t len)
{
	static const struct {
		const char *kind, *words;
	} kinds[] = {
		{ "byte_off", "field" }, { "byte_sz", "field" }, { "signed", "field" },
		{ "lshift_u64", "field" }, { "rshift_u64", "field" }, { "target_type_id", "type" },
		{ "type_size", "type" }, { "type_id", "type" }, { "enumval_value", "enumerator" },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strlen(kinds[i].kind) == len && strncmp(kind, kinds[i].kind, len) == 0)
			return kinds[i].words;
	return "type, field or enumerator";
}

/*
 * "failed to resolve CO-RE relocation <byte_off> [312] struct x.field (0:0 @ offset 0)", which
 * libbpf writes into the log.
 */
static void describe_relocation(const char *line, char *out, size_t size)
{
	const char *kind = strchr(line, '<'), *spec = strstr(line, "] ");
	size_t kind_len = kind ? strcspn(kind + 1, ">") : 0, spec_len;

	spec = spec ? spec + 2 : "";
	spec_len = strcspn(spec, "(=");
	if (spec_len && spec[spec_len])
		spec_len--; /* the space before */
	snprintf(out, size, "the BTF has no %s %.*s, which the program needs: it is another kernel's "
		 "or minimized for another object, or the program has to ask before "
		 "(bpf_core_field_exists and its kin)",
		 kind ? kind_words(kind + 1, kind_len) : "type or field", (int)spec_len, spec);
}

/* ---- lines ----------------------------------------------------------------------------- */

bool explain__is_listing(const char *line)
{
	size_t digits = strspn(line, "0123456789");

	return *line == ';' || *line == ' ' || (digits && line[digits] == ':') ||
	       strncmp(line, "processed ", 10) == 0 || strncmp(line, "verification time", 17) == 0 ||
	       strncmp(line, "stack depth", 11) == 0 || strncmp(line, "from ", 5) == 0;
}

/* "invalid func unknown#93", or of 4.9 "invalid func 93" */
static bool explain_helper(const char *line, char *out, size_t size)
{
	const char *at = strstr(line, "invalid func ");
	unsigned int number;

	if (!at)
		return false;
	at += strlen("invalid func ");
	number = (unsigned int)strtoul(at + strcspn(at, "0123456789"), NULL, 10);
	for (size_t i = 0; i < sizeof(helpers) / sizeof(helpers[0]); i++)
		if (helpers[i].number == number) {
			snprintf(out, size, "the kernel has no helper %s (before %s)", helpers[i].name,
				 helpers[i].since);
			return true;
		}
	snprintf(out, size, "the kernel has no such helper");
	return true;
}

bool explain__is_tracing(enum bpf_prog_type type)
{
	switch (type) {
	case BPF_PROG_TYPE_KPROBE:
	case BPF_PROG_TYPE_TRACEPOINT:
	case BPF_PROG_TYPE_PERF_EVENT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE:
	case BPF_PROG_TYPE_TRACING:
	case BPF_PROG_TYPE_LSM:
		return true;
	default:
		return false;
	}
}

/* "unknown func NAME#N"; since 6.9 "program of this type cannot use helper NAME#N" */
static bool explain_refused_helper(const char *line, enum bpf_prog_type type, char *out,
				   size_t size)
{
	static const char *const words[] = { "unknown func ", "cannot use helper " };
	const char *name = NULL;

	for (size_t i = 0; i < 2 && !name; i++) {
		name = strstr(line, words[i]);
		name = name ? name + strlen(words[i]) : NULL;
	}
	if (!name)
		return false;
	/* all kernels have them, for tracing */
	if (explain__is_tracing(type) && strncmp(name, "bpf_probe_read", 14) == 0)
		snprintf(out, size, "the kernel is locked down (confidentiality) and lets nobody read "
			 "its memory by %.*s: boot it without", (int)strcspn(name, "#\n"), name);
	else
		snprintf(out, size, "the kernel has no helper %.*s for programs of this type",
			 (int)strcspn(name, "#\n"), name);
	return true;
}

/* By the lowest three bits, its class; the next is whether of a register, then what it does. */
static bool explain_opcode(const char *line, char *out, size_t size)
{
	const char *at = strstr(line, "unknown opcode ");
	unsigned int code, what;

	if (!at || sscanf(at, "unknown opcode %x", &code) != 1)
		return false;
	what = BPF_OP(code);
	if (BPF_CLASS(code) == BPF_JMP32)
		snprintf(out, size, what == BPF_JA ? "the kernel has no far jumps (before 6.6): compile "
						     "with -mcpu=v1 to v3" :
			 "the kernel has no 32-bit jumps (before 5.1): compile with -mcpu=v1 or v2");
	else if (BPF_CLASS(code) == BPF_JMP && what >= BPF_JLT && what <= BPF_JSLE)
		snprintf(out, size, "the kernel has no jumps for \"less than\" (before 4.14): compile "
				    "with -mcpu=v1");
	else
		snprintf(out, size, "the kernel lacks an instruction: compile with -mcpu=v1");
	return true;
}

/* "invalid stack off=-520 size=8", "invalid write to stack R10 off=-520 size=8" */
static bool explain_stack(const char *line, char *out, size_t size)
{
	const char *at = strstr(line, "off=");

	if (!strstr(line, "stack") || !at || atoi(at + 4) >= -STACK_SIZE)
		return false;
	snprintf(out, size, "the program uses more than the %d bytes of stack that there are",
		 STACK_SIZE);
	return true;
}

static bool explain_sign(const char *line, char *out, size_t size)
{
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (strstr(line, signs[i].sign) &&
		    (!signs[i].also || strstr(line, signs[i].also))) {
			snprintf(out, size, "%s", signs[i].meaning);
			return true;
		}
	return false;
}

static bool explain_line(const char *line, enum bpf_prog_type type, char *out, size_t size)
{
	if (strstr(line, "CO-RE relocation <")) {
		describe_relocation(line, out, size);
		return true;
	}
	if (strstr(line, "invalid func") && strstr(line, POISON)) {
		snprintf(out, size, "a CO-RE relocation failed: the BTF lacks what the program needs "
			 "there; it is another kernel's or minimized for another object, or the program "
			 "has to ask before (bpf_core_field_exists and its kin)");
		return true;
	}
	return explain_helper(line, out, size) || explain_refused_helper(line, type, out, size) ||
	       explain_opcode(line, out, size) || explain_stack(line, out, size) ||
	       explain_sign(line, out, size);
}

/* The line that ends where `end` points, without its newline, into `line`; its beginning. */
static const char *line_before(const char *log, const char *end, char *line, size_t size)
{
	const char *begin = end;

	while (begin > log && begin[-1] != '\n')
		begin--;
	snprintf(line, size, "%.*s", (int)(end - begin), begin);
	return begin;
}

bool explain__log(const char *log, enum bpf_prog_type type, char *out, size_t size)
{
	const char *end = log + strlen(log);
	size_t complaints = 0;
	char line[512];

	*out = '\0';
	while (end > log && complaints < TAIL_LINES) {
		const char *begin = line_before(log, end, line, sizeof(line));

		if (*line && !explain__is_listing(line)) {
			complaints++;
			if (explain_line(line, type, out, size))
				return true;
		}
		end = begin > log ? begin - 1 : log;
	}
	return false;
}
