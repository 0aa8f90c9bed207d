/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"

static int load_as(enum bpf_prog_type type, const struct bpf_insn *code, size_t count)
{
	_cleanup_close_ int fd = bpf_prog_load(type, NULL, "GPL", code, count, NULL);

	if (fd >= 0)
		return 1;
	return errno == EPERM || errno == ENOSYS ? -errno : 0;
}

static int load(const struct bpf_insn *code, size_t count)
{
	return load_as(BPF_PROG_TYPE_SOCKET_FILTER, code, count);
}

/* Nothing but `return 0`. */
static const struct bpf_insn empty[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

static int load_empty(enum bpf_prog_type type)
{
	return load_as(type, empty, sizeof(empty) / sizeof(empty[0]));
}

int probe__bpf(void)
{
	return load_empty(BPF_PROG_TYPE_SOCKET_FILTER);
}

int probe__tracing(void)
{
	return load_empty(BPF_PROG_TYPE_TRACEPOINT);
}

int probe__attach_types(void)
{
	/* of this type no kernel looks at it, as long as it knows that there is such a thing */
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_CGROUP_INET_EGRESS);
	_cleanup_close_ int fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, NULL, "GPL", empty,
					       sizeof(empty) / sizeof(empty[0]), &opts);

	if (fd >= 0)
		return 1;
	return errno == EPERM || errno == ENOSYS ? -errno : 0;
}

int probe__global_data(void)
{
	_cleanup_close_ int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, NULL, sizeof(uint32_t), 32, 1,
						 NULL);
	const struct bpf_insn code[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = BPF_REG_1,
		  .src_reg = BPF_PSEUDO_MAP_VALUE, .imm = map },
		{ .imm = 16 },
		{ .code = BPF_ST | BPF_DW | BPF_MEM, .dst_reg = BPF_REG_1, .imm = 42 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	if (map < 0)
		return errno == EPERM ? -EPERM : 0;
	return load(code, 5);
}

static int make_array(const char *name, uint32_t flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = flags);
	_cleanup_close_ int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, name, sizeof(uint32_t), 8, 1,
						 &opts);

	if (map >= 0)
		return 1;
	return errno == EPERM ? -EPERM : 0;
}

int probe__dotted_names(void)
{
	return make_array("kbtf.dot", 0);
}

int probe__map_flag(uint32_t flag)
{
	return make_array(NULL, flag);
}

int probe__atomics(void)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_ST | BPF_DW | BPF_MEM, .dst_reg = BPF_REG_10, .off = -8 },
		{ .code = BPF_STX | BPF_DW | BPF_ATOMIC, .dst_reg = BPF_REG_10,
		  .src_reg = BPF_REG_0, .off = -8, .imm = BPF_ADD | BPF_FETCH },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return load(code, 4);
}

int probe__calls(void)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_CALL, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return load(code, 4);
}

/* libbpf's probe does not know the words of Linux 6.9 and later for "not in such a program". */
static int refused_by_new_words(enum bpf_prog_type type, uint32_t id)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_JMP | BPF_CALL, .imm = (int32_t)id },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	char log[4096] = "";
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_buf = log, .log_size = sizeof(log),
		    .log_level = 1);
	_cleanup_close_ int fd = bpf_prog_load(type, NULL, "GPL", code, 2, &opts);

	return fd < 0 && strstr(log, "cannot use helper") != NULL;
}

int probe__helper(enum bpf_prog_type type, uint32_t id)
{
	int has = libbpf_probe_bpf_helper(type, (enum bpf_func_id)id, NULL);

	return has > 0 && refused_by_new_words(type, id) ? 0 : has;
}

/* A program that looks a map's value up, and hands it to a helper in this register. */
static int hand_over_value(enum bpf_prog_type type, uint8_t reg, int32_t helper)
{
	_cleanup_close_ int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, NULL, sizeof(uint32_t), 32, 1,
						 NULL);
	const struct bpf_insn code[] = {
		{ .code = BPF_ST | BPF_W | BPF_MEM, .dst_reg = BPF_REG_10, .off = -4 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_2, .src_reg = BPF_REG_10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_2, .imm = -4 },
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = BPF_REG_1,
		  .src_reg = BPF_PSEUDO_MAP_FD, .imm = map },
		{},
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_map_lookup_elem },
		{ .code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = BPF_REG_0, .off = 2 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = BPF_REG_1,
		  .src_reg = BPF_PSEUDO_MAP_FD, .imm = map },
		{},
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 16 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = reg, .src_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_CALL, .imm = helper },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	if (map < 0)
		return errno == EPERM ? -EPERM : 0;
	return load_as(type, code, sizeof(code) / sizeof(code[0]));
}

int probe__keys_in_maps(void)
{
	return hand_over_value(BPF_PROG_TYPE_SOCKET_FILTER, BPF_REG_2, BPF_FUNC_map_lookup_elem);
}

int probe__memory_in_maps(void)
{
	return hand_over_value(BPF_PROG_TYPE_TRACEPOINT, BPF_REG_1, BPF_FUNC_get_current_comm);
}
