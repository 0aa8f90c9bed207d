/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "probe.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdint.h>

#include "base/cleanup.h"

static int load(const struct bpf_insn *code, size_t count)
{
	_cleanup_close_ int fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, NULL, "GPL", code,
					       count, NULL);

	if (fd >= 0)
		return 1;
	return errno == EPERM ? -EPERM : 0;
}

int probe__bpf(void)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return load(code, 2);
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
