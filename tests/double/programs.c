/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sources: bpf_prog_load() and bpf_prog_load_check_attach_type() of kernel/bpf/syscall.c;
 * bpf_check() of kernel/bpf/verifier.c.
 */
#include "programs.h"

#include <errno.h>
#include <linux/bpf_common.h>
#include <stdbool.h>
#include <stdint.h>

#include "helpers.h"
#include "kernels.h"
#include "maps.h"
#include "verifier.h"

#define MAX_LENGTH 4096 /* BPF_MAXINSNS */

int verifier__check(const struct program *program, struct verdict *verdict)
{
	int err = instructions__check_all(program, verdict);

	if (!err)
		err = flow__check(program, verdict);
	return err ? err : walk__check(program, verdict);
}

static int check_length(const union bpf_attr *attr)
{
	if (!kernel__has(HAS_PROG_LENGTH_4096) && attr->insn_cnt >= MAX_LENGTH)
		return -EINVAL;
	return attr->insn_cnt == 0 || attr->insn_cnt > MAX_LENGTH ? -E2BIG : 0;
}

/* Which hooks a program of cgroups' sockets may be for; others are not looked at. */
static bool attach_type_fits(const union bpf_attr *attr)
{
	unsigned int hook = attr->expected_attach_type;

	if (!kernel__has(HAS_EXPECTED_ATTACH_TYPE))
		return true;
	if (attr->prog_type == BPF_PROG_TYPE_CGROUP_SOCK)
		return hook == 0 || hook == BPF_CGROUP_INET_SOCK_CREATE ||
		       hook == BPF_CGROUP_INET4_POST_BIND || hook == BPF_CGROUP_INET6_POST_BIND;
	if (attr->prog_type == BPF_PROG_TYPE_CGROUP_SOCK_ADDR)
		return (hook >= BPF_CGROUP_INET4_BIND && hook <= BPF_CGROUP_INET6_CONNECT) ||
		       hook == BPF_CGROUP_UDP4_SENDMSG || hook == BPF_CGROUP_UDP6_SENDMSG;
	return true;
}

static unsigned int known_flags(void)
{
	return BPF_F_STRICT_ALIGNMENT | (kernel__has(HAS_ANY_ALIGNMENT) ? BPF_F_ANY_ALIGNMENT : 0);
}

static bool log_is_sane(const union bpf_attr *attr)
{
	if (!attr->log_level && !attr->log_buf && !attr->log_size)
		return true;
	return attr->log_size >= 128 && attr->log_size <= UINT32_MAX >> 8 && attr->log_level &&
	       attr->log_buf;
}

int programs__check(const union bpf_attr *attr, struct verdict *verdict)
{
	struct program program = {
		.type = attr->prog_type,
		.code = (const struct bpf_insn *)(uintptr_t)attr->insns,
		.length = (int)attr->insn_cnt,
	};
	int err;

	if (attr->prog_flags & ~known_flags())
		return -EINVAL;
	err = check_length(attr);
	if (err)
		return err;
	if (attr->prog_type == BPF_PROG_TYPE_KPROBE && !kernel__has(HAS_FREE_KERN_VERSION) &&
	    attr->kern_version != kernel__version_code())
		return -EINVAL;
	if (!attach_type_fits(attr) || !program_type_is_known(attr->prog_type) ||
	    !name_is_valid(attr->prog_name) || !log_is_sane(attr))
		return -EINVAL;
	return verifier__check(&program, verdict);
}
