/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sources: the ..._LAST_FIELD of each command, CHECK_ATTR(), bpf_check_uarg_tail_zero()
 * and the switch at the end of kernel/bpf/syscall.c; enum bpf_attach_type in
 * include/uapi/linux/bpf.h; bpf_prog_attach().
 */
#include "commands.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernels.h"

#define PAGE 4096

#define END(field) (offsetof(union bpf_attr, field) + sizeof(((union bpf_attr *)0)->field))

/* Where the attributes of each command end, in bytes; 0: no such command. */
static const struct {
	int cmd;
	unsigned char end[KERNEL_COUNT]; /* 4.9, 4.14, 4.18, 4.18-el8 */
} commands[] = {
	{ BPF_MAP_CREATE, { END(map_flags), END(numa_node), END(btf_value_type_id),
			    END(btf_value_type_id) } },
	{ BPF_MAP_LOOKUP_ELEM, { END(value), END(value), END(value), END(value) } },
	{ BPF_MAP_UPDATE_ELEM, { END(flags), END(flags), END(flags), END(flags) } },
	{ BPF_MAP_DELETE_ELEM, { END(key), END(key), END(key), END(key) } },
	{ BPF_MAP_GET_NEXT_KEY, { END(next_key), END(next_key), END(next_key), END(next_key) } },
	{ BPF_PROG_LOAD, { END(kern_version), END(prog_flags), END(expected_attach_type),
			   END(line_info_cnt) } },
	{ BPF_OBJ_PIN, { END(bpf_fd), END(bpf_fd), END(file_flags), END(file_flags) } },
	{ BPF_OBJ_GET, { END(bpf_fd), END(bpf_fd), END(file_flags), END(file_flags) } },
	{ BPF_PROG_ATTACH, { 0, END(attach_flags), END(attach_flags), END(attach_flags) } },
	{ BPF_PROG_DETACH, { 0, END(attach_type), END(attach_type), END(attach_type) } },
	{ BPF_PROG_TEST_RUN, { 0, END(test.duration), END(test.duration), END(test.duration) } },
	{ BPF_PROG_GET_NEXT_ID, { 0, END(next_id), END(next_id), END(next_id) } },
	{ BPF_MAP_GET_NEXT_ID, { 0, END(next_id), END(next_id), END(next_id) } },
	{ BPF_PROG_GET_FD_BY_ID, { 0, END(prog_id), END(prog_id), END(prog_id) } },
	{ BPF_MAP_GET_FD_BY_ID, { 0, END(map_id), END(open_flags), END(open_flags) } },
	{ BPF_OBJ_GET_INFO_BY_FD, { 0, END(info.info), END(info.info), END(info.info) } },
	{ BPF_PROG_QUERY, { 0, 0, END(query.prog_cnt), END(query.prog_cnt) } },
	{ BPF_RAW_TRACEPOINT_OPEN, { 0, 0, END(raw_tracepoint.prog_fd),
				     END(raw_tracepoint.prog_fd) } },
	{ BPF_BTF_LOAD, { 0, 0, END(btf_log_level), END(btf_log_level) } },
	{ BPF_BTF_GET_FD_BY_ID, { 0, 0, END(btf_id), END(btf_id) } },
	{ BPF_TASK_FD_QUERY, { 0, 0, END(task_fd_query.probe_addr),
			       END(task_fd_query.probe_addr) } },
	{ BPF_MAP_LOOKUP_AND_DELETE_ELEM, { 0, 0, 0, END(value) } },
};

static bool any_set(const void *bytes, size_t begin, size_t end)
{
	const uint8_t *at = bytes;

	for (size_t i = begin; i < end; i++)
		if (at[i])
			return true;
	return false;
}

int commands__read(int cmd, const void *user, unsigned int size, union bpf_attr *attr)
{
	size_t known = kernel->attr_size, end = 0;

	if (size > PAGE || any_set(user, known, size))
		return -E2BIG;
	memset(attr, 0, sizeof(*attr));
	memcpy(attr, user, size < known ? size : known);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].cmd == cmd)
			end = commands[i].end[kernel__column()];
	return !end || any_set(attr, end, known) ? -EINVAL : 0;
}

/* ---- attaching -------------------------------------------------------------------------- */

/* One past the last attach type of each kernel's enum. */
static const unsigned char attach_types[KERNEL_COUNT] = {
	0,                              /* none before 4.10 */
	BPF_SK_SKB_STREAM_VERDICT + 1,
	BPF_LIRC_MODE2 + 1,
	BPF_FLOW_DISSECTOR + 1,
};

int commands__check_attach(const union bpf_attr *attr)
{
	unsigned int flags = BPF_F_ALLOW_OVERRIDE;

	if (kernel__has(HAS_ALLOW_MULTI))
		flags |= BPF_F_ALLOW_MULTI;
	if (attr->attach_type >= attach_types[kernel__column()] || attr->attach_flags & ~flags)
		return -EINVAL;
	return 0;
}
