/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ask the kernel, or its double, what it takes: one line a question, "NAME<TAB>ANSWER",
 * where ANSWER is "ok" or an errno's name and, of programs, the verifier's last words. Each
 * question is one that the newest kernels take. Needs root, and tracefs.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/bpf_common.h>
#include <linux/btf.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define END(field) (offsetof(union bpf_attr, field) + sizeof(((union bpf_attr *)0)->field))

static char log_text[1 << 20];

static long bpf(int cmd, union bpf_attr *attr, unsigned int size)
{
	long result = syscall(__NR_bpf, cmd, attr, size);

	return result < 0 ? -errno : result;
}

static const char *errno_name(int err)
{
	static char number[16];

	switch (err) {
	case E2BIG: return "E2BIG";
	case EACCES: return "EACCES";
	case EBADF: return "EBADF";
	case EEXIST: return "EEXIST";
	case EINVAL: return "EINVAL";
	case ENOENT: return "ENOENT";
	case ENOMEM: return "ENOMEM";
	case EPERM: return "EPERM";
	default:
		snprintf(number, sizeof(number), "%d", err);
		return number;
	}
}

static void answer(const char *name, long result, const char *words)
{
	printf("%s\t%s%s%s\n", name, result < 0 ? errno_name((int)-result) : "ok",
	       words && *words ? " " : "", words ? words : "");
}

/* The last line of a log that is no statistics. */
static const char *last_words(void)
{
	const char *found = "";
	char *rest = NULL;

	for (char *line = strtok_r(log_text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (strncmp(line, "processed ", 10) != 0)
			found = line;
	return found;
}

/* ---- maps ------------------------------------------------------------------------------- */

static long create(uint32_t type, uint32_t key, uint32_t value, uint32_t entries, uint32_t flags)
{
	union bpf_attr attr = { .map_type = type, .key_size = key, .value_size = value,
				.max_entries = entries, .map_flags = flags };

	return bpf(BPF_MAP_CREATE, &attr, END(map_flags));
}

static int create_or_exit(uint32_t type)
{
	long fd = create(type, 4, 8, 1, 0);

	if (fd >= 0)
		return (int)fd;
	fprintf(stderr, "no map of type %u: %s\n", type, strerror((int)-fd));
	exit(1);
}

static void ask_map(const char *name, uint32_t type, uint32_t key, uint32_t value,
		    uint32_t entries, uint32_t flags)
{
	long fd = create(type, key, value, entries, flags);

	answer(name, fd, NULL);
	if (fd >= 0)
		close((int)fd);
}

static void ask_named_map(const char *name, const char *map_name)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8,
				.max_entries = 1 };
	long fd;

	memcpy(attr.map_name, map_name, strlen(map_name));
	fd = bpf(BPF_MAP_CREATE, &attr, END(map_name));
	answer(name, fd, NULL);
	if (fd >= 0)
		close((int)fd);
}

static void ask_maps(void)
{
	ask_map("map hash", BPF_MAP_TYPE_HASH, 4, 8, 16, 0);
	ask_map("map array", BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0);
	ask_map("map prog_array", BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 1, 0);
	ask_map("map perf_event_array", BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 1, 0);
	ask_map("map percpu_hash", BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 16, 0);
	ask_map("map percpu_array", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 1, 0);
	ask_map("map stack_trace", BPF_MAP_TYPE_STACK_TRACE, 4, 8 * 127, 16, 0);
	ask_map("map lru_hash", BPF_MAP_TYPE_LRU_HASH, 4, 8, 16, 0);
	ask_map("map lru_percpu_hash", BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 8, 16, 0);
	ask_map("map lpm_trie", BPF_MAP_TYPE_LPM_TRIE, 8, 8, 16, BPF_F_NO_PREALLOC);
	ask_map("map queue", BPF_MAP_TYPE_QUEUE, 0, 8, 16, 0);
	ask_map("map stack", BPF_MAP_TYPE_STACK, 0, 8, 16, 0);
	ask_map("map ringbuf", BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0);
	ask_map("map bloom_filter", BPF_MAP_TYPE_BLOOM_FILTER, 0, 8, 16, 0);
	ask_map("hash without preallocation", BPF_MAP_TYPE_HASH, 4, 8, 16, BPF_F_NO_PREALLOC);
	ask_map("hash of a node", BPF_MAP_TYPE_HASH, 4, 8, 16, BPF_F_NUMA_NODE);
	ask_map("array of a node", BPF_MAP_TYPE_ARRAY, 4, 8, 16, BPF_F_NUMA_NODE);
	ask_map("hash read-only", BPF_MAP_TYPE_HASH, 4, 8, 16, BPF_F_RDONLY);
	ask_map("array read-only", BPF_MAP_TYPE_ARRAY, 4, 8, 16, BPF_F_RDONLY);
	ask_map("hash of seed 0", BPF_MAP_TYPE_HASH, 4, 8, 16, BPF_F_ZERO_SEED);
	ask_map("array read-only to programs", BPF_MAP_TYPE_ARRAY, 4, 8, 1, BPF_F_RDONLY_PROG);
	ask_map("array to be mapped", BPF_MAP_TYPE_ARRAY, 4, 8, 1, BPF_F_MMAPABLE);
	ask_map("values of 1 MiB", BPF_MAP_TYPE_ARRAY, 4, 1 << 20, 1, 0);
	ask_map("values of 3 MiB", BPF_MAP_TYPE_ARRAY, 4, 3 << 20, 1, 0);
	ask_map("values of 5 MiB", BPF_MAP_TYPE_ARRAY, 4, 5 << 20, 1, 0);
	ask_named_map("map of a name", "a_name");
	ask_named_map("map of a name with a dot", "a.name");
}

/* ---- programs ---------------------------------------------------------------------------- */

static uint32_t running_version(void)
{
	unsigned int a = 0, b = 0, c = 0;
	struct utsname uts;

	if (uname(&uts) == 0)
		sscanf(uts.release, "%u.%u.%u", &a, &b, &c);
	return a << 16 | b << 8 | (c > 255 ? 255 : c);
}

/* `attr`: what there is besides the program's text; its end: `size`. */
static long load_as(union bpf_attr *attr, unsigned int size, const struct bpf_insn *code,
		    size_t count)
{
	*log_text = '\0';
	attr->insns = (uintptr_t)code;
	attr->insn_cnt = (uint32_t)count;
	attr->license = (uintptr_t)"GPL";
	attr->log_level = 1;
	attr->log_buf = (uintptr_t)log_text;
	attr->log_size = sizeof(log_text);
	return bpf(BPF_PROG_LOAD, attr, size);
}

static long load(uint32_t type, const struct bpf_insn *code, size_t count)
{
	union bpf_attr attr = { .prog_type = type, .kern_version = running_version() };

	return load_as(&attr, END(kern_version), code, count);
}

static void answer_load(const char *name, long fd)
{
	answer(name, fd, fd < 0 ? last_words() : NULL);
	if (fd >= 0)
		close((int)fd);
}

#define INSN(c, d, s, o, i) { .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) }
#define MOV(d, i) INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define COPY(d, s) INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define ALU(op, d, i) INSN(BPF_ALU64 | (op) | BPF_K, d, 0, 0, i)
#define ALU_X(op, d, s) INSN(BPF_ALU64 | (op) | BPF_X, d, s, 0, 0)
#define JUMP(op, d, i, o) INSN(BPF_JMP | (op) | BPF_K, d, 0, o, i)
#define GOTO(o) INSN(BPF_JMP | BPF_JA, 0, 0, o, 0)
#define CALL(id) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, id)
#define CALL_FUNCTION(o) INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, o)
#define EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define LOAD(size, d, s, o) INSN(BPF_LDX | BPF_MEM | (size), d, s, o, 0)
#define STORE(size, d, o, s) INSN(BPF_STX | BPF_MEM | (size), d, s, o, 0)
#define STORE_IMM(size, d, o, i) INSN(BPF_ST | BPF_MEM | (size), d, 0, o, i)
#define WIDE(d, s, i) INSN(BPF_LD | BPF_IMM | BPF_DW, d, s, 0, i), INSN(0, 0, 0, 0, 0)
#define MAP(d) WIDE(d, BPF_PSEUDO_MAP_FD, map)
#define RETURN MOV(0, 0), EXIT

#define ASK(name, type, ...)                                       \
	do {                                                       \
		const struct bpf_insn code[] = { __VA_ARGS__ };    \
		answer_load(name, load(type, code, COUNT(code)));  \
	} while (0)
#define ASK_FILTER(name, ...) ASK(name, BPF_PROG_TYPE_SOCKET_FILTER, __VA_ARGS__)
#define ASK_TRACEPOINT(name, ...) ASK(name, BPF_PROG_TYPE_TRACEPOINT, __VA_ARGS__)

static const struct bpf_insn shortest[] = { RETURN };

static void ask_type(const char *name, uint32_t type, uint32_t hook)
{
	union bpf_attr attr = { .prog_type = type, .kern_version = running_version(),
				.expected_attach_type = hook };
	const struct bpf_insn code[] = { MOV(0, 1), EXIT };

	answer_load(name, load_as(&attr, hook ? END(expected_attach_type) : END(kern_version), code,
				  COUNT(code)));
}

static void ask_types(void)
{
	ask_type("type socket_filter", BPF_PROG_TYPE_SOCKET_FILTER, 0);
	ask_type("type kprobe", BPF_PROG_TYPE_KPROBE, 0);
	ask_type("type sched_cls", BPF_PROG_TYPE_SCHED_CLS, 0);
	ask_type("type tracepoint", BPF_PROG_TYPE_TRACEPOINT, 0);
	ask_type("type xdp", BPF_PROG_TYPE_XDP, 0);
	ask_type("type perf_event", BPF_PROG_TYPE_PERF_EVENT, 0);
	ask_type("type cgroup_skb", BPF_PROG_TYPE_CGROUP_SKB, 0);
	ask_type("type cgroup_sock", BPF_PROG_TYPE_CGROUP_SOCK, 0);
	ask_type("type sock_ops", BPF_PROG_TYPE_SOCK_OPS, 0);
	ask_type("type raw_tracepoint", BPF_PROG_TYPE_RAW_TRACEPOINT, 0);
	ask_type("type raw_tracepoint_writable", BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, 0);
	ask_type("hook of cgroup_sock_addr", BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
		 BPF_CGROUP_INET4_CONNECT);
	ask_type("younger hook of cgroup_sock_addr", BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
		 BPF_CGROUP_UDP4_RECVMSG);
}

static void ask_unknown_byte(void)
{
	union {
		union bpf_attr attr;
		char bytes[1024];
	} large = { .attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER };

	large.bytes[sizeof(large) - 1] = 1;
	answer_load("large attributes, not zero", load_as(&large.attr, sizeof(large), shortest, 2));
}

static void ask_attributes(void)
{
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER };

	memcpy(attr.prog_name, "a_name", 6);
	answer_load("program of a name", load_as(&attr, END(prog_name), shortest, 2));
	attr.prog_name[1] = '.';
	answer_load("program of a name with a dot", load_as(&attr, END(prog_name), shortest, 2));
	attr = (union bpf_attr){ .prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
				 .prog_flags = BPF_F_STRICT_ALIGNMENT };
	answer_load("strict alignment", load_as(&attr, END(prog_flags), shortest, 2));
	attr.prog_flags = BPF_F_ANY_ALIGNMENT;
	answer_load("any alignment", load_as(&attr, END(prog_flags), shortest, 2));
	attr.prog_flags = BPF_F_TEST_STATE_FREQ;
	answer_load("younger flag", load_as(&attr, END(prog_flags), shortest, 2));
	attr = (union bpf_attr){ .prog_type = BPF_PROG_TYPE_KPROBE, .kern_version = 1 };
	answer_load("kprobe for another version", load_as(&attr, END(kern_version), shortest, 2));
	attr = (union bpf_attr){ .prog_type = BPF_PROG_TYPE_SOCKET_FILTER };
	answer_load("large attributes, zero", load_as(&attr, sizeof(attr), shortest, 2));
	ask_unknown_byte();
}

static void ask_lengths(void)
{
	struct bpf_insn code[5000];
	char name[32];

	for (size_t i = 0; i < COUNT(code); i++)
		code[i] = (struct bpf_insn)MOV(0, 0);
	for (size_t count = 4095; count <= 4097; count++) {
		code[count - 1] = (struct bpf_insn)EXIT;
		snprintf(name, sizeof(name), "%zu instructions", count);
		answer_load(name, load(BPF_PROG_TYPE_SOCKET_FILTER, code, count));
		code[count - 1] = (struct bpf_insn)MOV(0, 0);
	}
}

static void ask_instructions(int map)
{
	ASK_FILTER("less than", MOV(0, 0), JUMP(BPF_JLT, 0, 5, 0), EXIT);
	ASK_FILTER("signed less or equal", MOV(0, 0), JUMP(BPF_JSLE, 0, 5, 0), EXIT);
	ASK_FILTER("jump of 32 bits", MOV(0, 0), INSN(BPF_JMP32 | BPF_JEQ, 0, 0, 0, 1), EXIT);
	ASK_FILTER("long jump", MOV(0, 0), INSN(BPF_JMP32 | BPF_JA, 0, 0, 0, 0), EXIT);
	ASK_FILTER("shift of 32 bits, with sign", MOV(0, 0),
		   INSN(BPF_ALU | BPF_ARSH | BPF_K, 0, 0, 0, 1), EXIT);
	ASK_FILTER("swapped bytes, in any case", MOV(0, 0),
		   INSN(BPF_ALU64 | BPF_END, 0, 0, 0, 16), EXIT);
	ASK_FILTER("signed division", MOV(0, 6), INSN(BPF_ALU64 | BPF_DIV | BPF_K, 0, 0, 1, 2), EXIT);
	ASK_FILTER("move with sign", MOV(1, 6), INSN(BPF_ALU64 | BPF_MOV | BPF_X, 0, 1, 8, 0), EXIT);
	ASK_FILTER("load with sign", STORE_IMM(BPF_DW, 10, -8, 1),
		   INSN(BPF_LDX | 0x80 | BPF_B, 0, 10, -8, 0), EXIT);
	ASK_FILTER("atomic addition", MOV(0, 0), STORE_IMM(BPF_DW, 10, -8, 1),
		   INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 10, 0, -8, BPF_ADD), EXIT);
	ASK_FILTER("atomic addition that fetches", MOV(0, 0), STORE_IMM(BPF_DW, 10, -8, 1),
		   INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 10, 0, -8, BPF_ADD | BPF_FETCH), EXIT);
	ASK_FILTER("compare and exchange", MOV(0, 0), MOV(1, 0), STORE_IMM(BPF_DW, 10, -8, 1),
		   INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 10, 1, -8, BPF_CMPXCHG), RETURN);
	ASK_FILTER("number of 64 bits", WIDE(0, 0, 1), EXIT);
	ASK_FILTER("map", MAP(1), RETURN);
	ASK_FILTER("value of a map", WIDE(1, BPF_PSEUDO_MAP_VALUE, map), RETURN);
}

static void ask_flow(void)
{
	ASK_FILTER("loop that ends", MOV(0, 0), ALU(BPF_ADD, 0, 1), JUMP(BPF_JLT, 0, 3, -2), EXIT);
	ASK_FILTER("loop that ends, by older jumps", MOV(0, 3), ALU(BPF_SUB, 0, 1),
		   JUMP(BPF_JNE, 0, 0, -2), EXIT);
	ASK_FILTER("back, but not around", MOV(0, 0), GOTO(2), MOV(0, 1), EXIT, GOTO(-3));
	ASK_FILTER("function", CALL_FUNCTION(1), EXIT, RETURN);
	ASK_FILTER("two functions", CALL_FUNCTION(2), CALL_FUNCTION(3), EXIT, RETURN, RETURN);
	ASK_TRACEPOINT("helper in a function", CALL_FUNCTION(1), EXIT,
		       CALL(BPF_FUNC_ktime_get_boot_ns), EXIT);
}

static void ask_helpers(void)
{
	ASK_FILTER("ktime_get_ns for a filter", CALL(BPF_FUNC_ktime_get_ns), EXIT);
	ASK_TRACEPOINT("get_current_task", CALL(BPF_FUNC_get_current_task), RETURN);
	ASK_TRACEPOINT("get_numa_node_id", CALL(BPF_FUNC_get_numa_node_id), EXIT);
	ASK_TRACEPOINT("probe_read_str", COPY(1, 10), ALU(BPF_ADD, 1, -8), MOV(2, 8), MOV(3, 0),
		       CALL(BPF_FUNC_probe_read_str), EXIT);
	ASK_TRACEPOINT("get_current_cgroup_id", CALL(BPF_FUNC_get_current_cgroup_id), EXIT);
	ASK_TRACEPOINT("ktime_get_boot_ns", CALL(BPF_FUNC_ktime_get_boot_ns), EXIT);
	ASK_TRACEPOINT("probe_read_kernel", COPY(1, 10), ALU(BPF_ADD, 1, -8), MOV(2, 8), MOV(3, 0),
		       CALL(BPF_FUNC_probe_read_kernel), EXIT);
	ASK("skb_cgroup_id for tc", BPF_PROG_TYPE_SCHED_CLS, CALL(BPF_FUNC_skb_cgroup_id), EXIT);
	ASK("get_socket_cookie for cgroup_skb", BPF_PROG_TYPE_CGROUP_SKB,
	    CALL(BPF_FUNC_get_socket_cookie), MOV(0, 1), EXIT);
}

/* Not everywhere where the kernel is new enough: a matter of its configuration, or locked down. */
static bool is_optional(int id)
{
	return id == BPF_FUNC_probe_write_user || id == BPF_FUNC_override_return;
}

static bool has_helper(uint32_t type, int id)
{
	const struct bpf_insn code[] = { CALL(id), RETURN };
	long fd = load(type, code, COUNT(code));
	const char *words = fd < 0 ? last_words() : "";

	if (fd >= 0)
		close((int)fd);
	/* what is wrong with its arguments is said of those that are there */
	return fd >= 0 || (*words && !strstr(words, " func ") && !strstr(words, "cannot use helper"));
}

/* All that a program of a type may call, up to the last of el8: "1-7,12". */
static void ask_all_helpers(const char *name, uint32_t type)
{
	const int last = BPF_FUNC_rc_pointer_rel;
	char list[512] = "";
	int first = 0;

	for (int id = 1; id <= last + 1; id++) {
		bool has = id <= last && !is_optional(id) && has_helper(type, id);
		size_t used = strlen(list);

		if (!has && first)
			snprintf(list + used, sizeof(list) - used, first < id - 1 ? "%s%d-%d" : "%s%d",
				 used ? "," : "", first, id - 1);
		first = !has ? 0 : first ? first : id;
	}
	answer(name, 0, *list ? list : "none");
}

static void ask_helper_lists(void)
{
	ask_all_helpers("all helpers for kprobe", BPF_PROG_TYPE_KPROBE);
	ask_all_helpers("all helpers for tracepoint", BPF_PROG_TYPE_TRACEPOINT);
	ask_all_helpers("all helpers for raw_tracepoint", BPF_PROG_TYPE_RAW_TRACEPOINT);
	ask_all_helpers("all helpers for perf_event", BPF_PROG_TYPE_PERF_EVENT);
	ask_all_helpers("all helpers for socket_filter", BPF_PROG_TYPE_SOCKET_FILTER);
	ask_all_helpers("all helpers for sched_cls", BPF_PROG_TYPE_SCHED_CLS);
	ask_all_helpers("all helpers for xdp", BPF_PROG_TYPE_XDP);
	ask_all_helpers("all helpers for cgroup_skb", BPF_PROG_TYPE_CGROUP_SKB);
	ask_all_helpers("all helpers for cgroup_sock", BPF_PROG_TYPE_CGROUP_SOCK);
}

/* What no constant leads to may call what the kernel lacks. */
#define LACKING CALL(BPF_FUNC_ktime_get_boot_ns)

static void ask_dead_code(void)
{
	ASK_TRACEPOINT("equal constant decides", MOV(1, 0), JUMP(BPF_JEQ, 1, 0, 1), LACKING, RETURN);
	ASK_TRACEPOINT("equal constant decides !=", MOV(1, 7), JUMP(BPF_JNE, 1, 7, 2), MOV(0, 0), EXIT,
		       LACKING, RETURN);
	ASK_TRACEPOINT("unequal constant decides", MOV(1, 1), JUMP(BPF_JEQ, 1, 0, 2), MOV(0, 0), EXIT,
		       LACKING, RETURN);
	ASK_TRACEPOINT("greater constant decides", MOV(1, 4), JUMP(BPF_JGT, 1, 3, 1), LACKING, RETURN);
	ASK_TRACEPOINT("constant of 64 bits decides", WIDE(1, 0, 0), JUMP(BPF_JEQ, 1, 0, 1), LACKING,
		       RETURN);
	ASK_TRACEPOINT("moved constant decides", MOV(2, 0), COPY(1, 2), JUMP(BPF_JEQ, 1, 0, 1),
		       LACKING, RETURN);
	ASK_TRACEPOINT("constant moved by 32 bits decides", MOV(2, 0),
		       INSN(BPF_ALU | BPF_MOV | BPF_X, 1, 2, 0, 0), JUMP(BPF_JEQ, 1, 0, 1), LACKING,
		       RETURN);
	ASK_TRACEPOINT("sum decides", MOV(1, 1), ALU(BPF_ADD, 1, -1), JUMP(BPF_JEQ, 1, 0, 1), LACKING,
		       RETURN);
	ASK_TRACEPOINT("shifted constant decides", MOV(1, 2), ALU(BPF_RSH, 1, 2),
		       JUMP(BPF_JEQ, 1, 0, 1), LACKING, RETURN);
	ASK_TRACEPOINT("constant shifted with sign decides", MOV(1, 2), ALU(BPF_ARSH, 1, 2),
		       JUMP(BPF_JEQ, 1, 0, 1), LACKING, RETURN);
	ASK_TRACEPOINT("spilled zero decides", MOV(1, 0), STORE(BPF_DW, 10, -8, 1),
		       LOAD(BPF_DW, 1, 10, -8), JUMP(BPF_JEQ, 1, 0, 1), LACKING, RETURN);
	ASK_TRACEPOINT("spilled constant decides", MOV(1, 5), STORE(BPF_DW, 10, -8, 1),
		       LOAD(BPF_DW, 1, 10, -8), JUMP(BPF_JEQ, 1, 5, 1), LACKING, RETURN);
	ASK_TRACEPOINT("what was compared decides", CALL(BPF_FUNC_get_smp_processor_id),
		       JUMP(BPF_JNE, 0, 0, 2), JUMP(BPF_JEQ, 0, 0, 1), LACKING, RETURN);
}

/* Looks the map's value up into r0. */
#define LOOKUP STORE_IMM(BPF_W, 10, -4, 0), COPY(2, 10), ALU(BPF_ADD, 2, -4), MAP(1), \
	       CALL(BPF_FUNC_map_lookup_elem)
#define LOOKUP_OR_RETURN LOOKUP, JUMP(BPF_JNE, 0, 0, 1), EXIT

static void ask_memory(int map)
{
	ASK_TRACEPOINT("load from a map's value", LOOKUP_OR_RETURN, LOAD(BPF_DW, 1, 0, 0), RETURN);
	ASK_TRACEPOINT("by a copy that was not tested", LOOKUP, COPY(6, 0), JUMP(BPF_JNE, 0, 0, 1), EXIT,
		       LOAD(BPF_DW, 1, 6, 0), RETURN);
	ASK_TRACEPOINT("by a spilled pointer", LOOKUP_OR_RETURN, STORE(BPF_DW, 10, -16, 0),
		       LOAD(BPF_DW, 1, 10, -16), LOAD(BPF_W, 2, 1, 4), RETURN);
	ASK_TRACEPOINT("by a sum with a spilled pointer", LOOKUP_OR_RETURN, STORE(BPF_DW, 10, -16, 0),
		       LOAD(BPF_DW, 1, 10, -16), ALU(BPF_ADD, 1, 4), LOAD(BPF_W, 2, 1, 0), RETURN);
	ASK_TRACEPOINT("by an index", LOOKUP_OR_RETURN, COPY(6, 0),
		       CALL(BPF_FUNC_get_smp_processor_id), ALU(BPF_AND, 0, 7), ALU_X(BPF_ADD, 6, 0),
		       LOAD(BPF_B, 1, 6, 0), RETURN);
	ASK_TRACEPOINT("by an index that was spilled", LOOKUP_OR_RETURN, COPY(6, 0),
		       CALL(BPF_FUNC_get_smp_processor_id), ALU(BPF_AND, 0, 7),
		       STORE(BPF_DW, 10, -16, 0), LOAD(BPF_DW, 0, 10, -16), ALU_X(BPF_ADD, 6, 0),
		       LOAD(BPF_B, 1, 6, 0), RETURN);
	ASK_TRACEPOINT("by an index and a spilled pointer", LOOKUP_OR_RETURN, STORE(BPF_DW, 10, -16, 0),
		       CALL(BPF_FUNC_get_smp_processor_id), ALU(BPF_AND, 0, 7),
		       LOAD(BPF_DW, 6, 10, -16), ALU_X(BPF_ADD, 6, 0), LOAD(BPF_B, 1, 6, 0), RETURN);
	ASK_TRACEPOINT("by an index that was compared", LOOKUP_OR_RETURN, COPY(6, 0),
		       CALL(BPF_FUNC_get_smp_processor_id), JUMP(BPF_JGT, 0, 7, 2),
		       ALU_X(BPF_ADD, 6, 0), LOAD(BPF_B, 1, 6, 0), RETURN);
	ASK_TRACEPOINT("moved pointer, spilled", LOOKUP_OR_RETURN, ALU(BPF_ADD, 0, 4),
		       STORE(BPF_DW, 10, -16, 0), LOAD(BPF_DW, 1, 10, -16), LOAD(BPF_W, 2, 1, 0),
		       RETURN);
	ASK_TRACEPOINT("by a sum with the pointer on the left", LOOKUP_OR_RETURN, ALU(BPF_ADD, 0, 4),
		       LOAD(BPF_W, 1, 0, 0), RETURN);
	ASK_TRACEPOINT("by a sum with the pointer on the right", LOOKUP_OR_RETURN, MOV(1, 4),
		       ALU_X(BPF_ADD, 1, 0), LOAD(BPF_W, 1, 1, 0), RETURN);
	ASK_TRACEPOINT("helper writes to the stack", COPY(1, 10), ALU(BPF_ADD, 1, -8), MOV(2, 8),
		       CALL(BPF_FUNC_get_current_comm), RETURN);
	ASK_TRACEPOINT("helper writes to a map's value", LOOKUP_OR_RETURN, COPY(1, 0), MOV(2, 8),
		       CALL(BPF_FUNC_get_current_comm), RETURN);
	ASK_TRACEPOINT("helper writes into a map's value", LOOKUP_OR_RETURN, COPY(1, 0),
		       ALU(BPF_ADD, 1, 4), MOV(2, 4), CALL(BPF_FUNC_get_current_comm), RETURN);
	ASK_TRACEPOINT("a map's value as key", LOOKUP_OR_RETURN, COPY(2, 0), MAP(1),
		       CALL(BPF_FUNC_map_lookup_elem), RETURN);
	ASK_TRACEPOINT("a map's value as value", LOOKUP_OR_RETURN, COPY(3, 0), COPY(2, 10),
		       ALU(BPF_ADD, 2, -4), MAP(1), MOV(4, 0), CALL(BPF_FUNC_map_update_elem), RETURN);
	ASK_TRACEPOINT("size from 1 to 8", CALL(BPF_FUNC_get_smp_processor_id), COPY(2, 0),
		       ALU(BPF_AND, 2, 7), ALU(BPF_ADD, 2, 1), COPY(1, 10), ALU(BPF_ADD, 1, -8),
		       STORE_IMM(BPF_DW, 10, -8, 0), CALL(BPF_FUNC_get_current_comm), RETURN);
	ASK_TRACEPOINT("size from 1 to 8, spilled", CALL(BPF_FUNC_get_smp_processor_id), COPY(2, 0),
		       ALU(BPF_AND, 2, 7), ALU(BPF_ADD, 2, 1), STORE(BPF_DW, 10, -16, 2),
		       LOAD(BPF_DW, 2, 10, -16), COPY(1, 10), ALU(BPF_ADD, 1, -8),
		       STORE_IMM(BPF_DW, 10, -8, 0), CALL(BPF_FUNC_get_current_comm), RETURN);
}

/* ---- other commands ------------------------------------------------------------------------ */

static void ask_commands(int map)
{
	union bpf_attr attr = { .target_fd = -1u, .attach_bpf_fd = -1u };
	char info[256] = {};
	long result;

	answer("prog_attach", bpf(BPF_PROG_ATTACH, &attr, END(attach_flags)), NULL);
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	answer("prog_attach, several", bpf(BPF_PROG_ATTACH, &attr, END(attach_flags)), NULL);
	attr.attach_flags = 0;
	attr.attach_type = BPF_CGROUP_SYSCTL;
	answer("prog_attach to a younger hook", bpf(BPF_PROG_ATTACH, &attr, END(attach_flags)), NULL);
	attr = (union bpf_attr){ .link_create.prog_fd = -1u };
	answer("link_create", bpf(BPF_LINK_CREATE, &attr, sizeof(attr)), NULL);
	attr = (union bpf_attr){ .raw_tracepoint = { (uintptr_t)"sched_switch", -1u } };
	answer("raw_tracepoint_open", bpf(BPF_RAW_TRACEPOINT_OPEN, &attr, END(raw_tracepoint)), NULL);
	attr = (union bpf_attr){ .info = { (uint32_t)map, sizeof(info), (uintptr_t)info } };
	result = bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, END(info));
	answer("what is told of a map", result, result < 0 ? NULL : attr.info.info_len > 80 ?
	       "and more" : attr.info.info_len > 24 ? "with name and BTF" : "in short");
}

/* ---- BTF ------------------------------------------------------------------------------------- */

#define TYPE(name, kind, count, size) name, (kind) << 24 | (count), size

static void ask_btf(const char *name, const uint32_t *types, size_t size)
{
	static const char strings[] = "\0int\0name";
	struct {
		struct btf_header header;
		char rest[256];
	} btf = { .header = { .magic = BTF_MAGIC, .version = BTF_VERSION,
			      .hdr_len = sizeof(btf.header), .type_len = (uint32_t)size,
			      .str_off = (uint32_t)size, .str_len = sizeof(strings) } };
	union bpf_attr attr = { .btf = (uintptr_t)&btf,
				.btf_size = (uint32_t)(sizeof(btf.header) + size + sizeof(strings)),
				.btf_log_buf = (uintptr_t)log_text, .btf_log_size = sizeof(log_text),
				.btf_log_level = 1 };

	memcpy(btf.rest, types, size);
	memcpy(btf.rest + size, strings, sizeof(strings));
	*log_text = '\0';
	answer_load(name, bpf(BPF_BTF_LOAD, &attr, END(btf_log_level)));
}

static void ask_btf_kinds(void)
{
#define INT TYPE(1, BTF_KIND_INT, 0, 4), BTF_INT_SIGNED << 24 | 32
	const uint32_t number[] = { INT };
	const uint32_t function[] = { INT, TYPE(0, BTF_KIND_FUNC_PROTO, 0, 1),
				      TYPE(5, BTF_KIND_FUNC, 0, 2) };
	const uint32_t variable[] = { INT, TYPE(5, BTF_KIND_VAR, 0, 1), BTF_VAR_STATIC };
	const uint32_t real[] = { INT, TYPE(5, BTF_KIND_FLOAT, 0, 4) };

	ask_btf("BTF", number, sizeof(number));
	ask_btf("BTF of functions", function, sizeof(function));
	ask_btf("BTF of variables", variable, sizeof(variable));
	ask_btf("BTF of real numbers", real, sizeof(real));
}

/* ---- attaching --------------------------------------------------------------------------------- */

static long open_tracepoint(const char *name)
{
	static const char *const roots[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr),
					.sample_period = 1, .wakeup_events = 1 };
	unsigned int id = 0;
	char path[200];
	long fd;

	for (size_t i = 0; i < COUNT(roots) && !id; i++) {
		FILE *file;

		snprintf(path, sizeof(path), "%s/events/%s/id", roots[i], name);
		file = fopen(path, "re");
		if (file && fscanf(file, "%u", &id) != 1)
			id = 0;
		if (file)
			fclose(file);
	}
	if (!id)
		return -ENOENT;
	attr.config = id;
	fd = syscall(__NR_perf_event_open, &attr, -1, 0, -1, 0);
	return fd < 0 ? -errno : fd;
}

static long attach(const char *tracepoint, int *event)
{
	long program = load(BPF_PROG_TYPE_TRACEPOINT, shortest, COUNT(shortest));
	long result = open_tracepoint(tracepoint);

	*event = (int)result;
	if (result >= 0 && program >= 0)
		result = ioctl(*event, PERF_EVENT_IOC_SET_BPF, (int)program) < 0 ? -errno : 0;
	if (program >= 0)
		close((int)program);
	return program < 0 ? program : result;
}

static void ask_attaching(void)
{
	int first, second, other;

	answer("tracepoint", attach("sched/sched_process_exit", &first), NULL);
	answer("the same again", attach("sched/sched_process_exit", &second), NULL);
	answer("another beside", attach("sched/sched_process_exec", &other), NULL);
	close(first);
	close(second);
	close(other);
	answer("once the first is gone", attach("sched/sched_process_exit", &first), NULL);
	close(first);
	answer("tracepoint of a system call", attach("syscalls/sys_enter_openat", &first), NULL);
	close(first);
}

static void ask_file(const char *name, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	answer(name, fd < 0 ? -errno : 0, access(path, R_OK) == (fd < 0 ? -1 : 0) ? NULL : "or not");
	if (fd >= 0)
		close(fd);
}

int main(void)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	int map;

	setrlimit(RLIMIT_MEMLOCK, &all);
	map = create_or_exit(BPF_MAP_TYPE_ARRAY);
	ask_maps();
	ask_types();
	ask_attributes();
	ask_lengths();
	ask_instructions(map);
	ask_flow();
	ask_helpers();
	ask_helper_lists();
	ask_dead_code();
	ask_memory(map);
	ask_commands(map);
	ask_btf_kinds();
	ask_attaching();
	ask_file("PMU of uprobes", "/sys/bus/event_source/devices/uprobe/type");
	ask_file("BTF in sysfs", "/sys/kernel/btf/vmlinux");
	close(map);
	return 0;
}
