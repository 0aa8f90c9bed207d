/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sources: enum bpf_map_type in include/uapi/linux/bpf.h; map_create() and
 * bpf_obj_name_cpy() in kernel/bpf/syscall.c; ..._CREATE_FLAG_MASK and the checks of
 * ..._alloc() or ..._alloc_check() in kernel/bpf/{arraymap,hashtab,lpm_trie,stackmap}.c.
 */
#include "maps.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "kernels.h"

#define PREALLOC BPF_F_NO_PREALLOC
#define LRU BPF_F_NO_COMMON_LRU
#define NUMA BPF_F_NUMA_NODE
#define ACCESS (BPF_F_RDONLY | BPF_F_WRONLY)
#define SEED BPF_F_ZERO_SEED
#define BUILD_ID BPF_F_STACK_BUILD_ID

#define HASH_FLAGS { PREALLOC, PREALLOC | LRU | NUMA, PREALLOC | LRU | NUMA | ACCESS, \
		     PREALLOC | LRU | NUMA | ACCESS | SEED }
#define ARRAY_FLAGS { 0, NUMA, NUMA | ACCESS, NUMA | ACCESS }
#define TRIE_FLAGS { 0, PREALLOC | NUMA, PREALLOC | NUMA | ACCESS, PREALLOC | NUMA | ACCESS }
#define STACK_FLAGS { 0, NUMA, NUMA | ACCESS | BUILD_ID, NUMA | ACCESS | BUILD_ID }
/* Left to the running kernel, which knows no more of them. */
#define ANY_FLAGS { ~0u, ~0u, ~0u, ~0u }

enum { NOT_IN_4 = 99, BEFORE_4 = 0 };

static const struct {
	unsigned char type, minor; /* with which 4.x it came */
	bool in_el8;
	unsigned int flags[KERNEL_COUNT];
} types[] = {
	{ BPF_MAP_TYPE_HASH, BEFORE_4, true, HASH_FLAGS },
	{ BPF_MAP_TYPE_ARRAY, BEFORE_4, true, ARRAY_FLAGS },
	{ BPF_MAP_TYPE_PROG_ARRAY, 2, true, ARRAY_FLAGS },
	{ BPF_MAP_TYPE_PERF_EVENT_ARRAY, 3, true, ARRAY_FLAGS },
	{ BPF_MAP_TYPE_PERCPU_HASH, 6, true, HASH_FLAGS },
	{ BPF_MAP_TYPE_PERCPU_ARRAY, 6, true, ARRAY_FLAGS },
	{ BPF_MAP_TYPE_STACK_TRACE, 6, true, STACK_FLAGS },
	{ BPF_MAP_TYPE_CGROUP_ARRAY, 8, true, ARRAY_FLAGS },
	{ BPF_MAP_TYPE_LRU_HASH, 10, true, HASH_FLAGS },
	{ BPF_MAP_TYPE_LRU_PERCPU_HASH, 10, true, HASH_FLAGS },
	{ BPF_MAP_TYPE_LPM_TRIE, 11, true, TRIE_FLAGS },
	{ BPF_MAP_TYPE_ARRAY_OF_MAPS, 12, true, ARRAY_FLAGS },
	{ BPF_MAP_TYPE_HASH_OF_MAPS, 12, true, HASH_FLAGS },
	{ BPF_MAP_TYPE_DEVMAP, 14, true, ARRAY_FLAGS },
	{ BPF_MAP_TYPE_SOCKMAP, 14, true, ARRAY_FLAGS },
	{ BPF_MAP_TYPE_CPUMAP, 15, true, ARRAY_FLAGS },
	{ BPF_MAP_TYPE_XSKMAP, 18, true, ANY_FLAGS },
	{ BPF_MAP_TYPE_SOCKHASH, 18, true, ANY_FLAGS },
	{ BPF_MAP_TYPE_CGROUP_STORAGE, 19, true, ANY_FLAGS },
	{ BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 19, true, ANY_FLAGS },
	{ BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, 20, true, ANY_FLAGS },
	{ BPF_MAP_TYPE_QUEUE, 20, true, ANY_FLAGS },
	{ BPF_MAP_TYPE_STACK, 20, true, ANY_FLAGS },
	{ BPF_MAP_TYPE_SK_STORAGE, NOT_IN_4, false, ANY_FLAGS },
	{ BPF_MAP_TYPE_RINGBUF, NOT_IN_4, false, ANY_FLAGS },
	/* and no other */
};

bool name_is_valid(const char *name)
{
	size_t len = strnlen(name, BPF_OBJ_NAME_LEN);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '_' &&
		    !(name[i] == '.' && kernel__has(HAS_DOTS_IN_NAMES)))
			return false;
	return len < BPF_OBJ_NAME_LEN;
}

/* Later kernels allow larger ones. */
static int check_value_size(const union bpf_attr *attr)
{
	const unsigned int beside = 512 + 40; /* key and head of a hash table's element */
	unsigned int most = kernel__has(HAS_4M_MAP_VALUES) ? 4u << 20 : (2u << 20) - 1;

	switch (attr->map_type) {
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		return attr->value_size > most ? -E2BIG : 0;
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
		return attr->value_size >= most - beside ? -E2BIG : 0;
	default:
		return 0;
	}
}

int maps__check(const union bpf_attr *attr)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (types[i].type != attr->map_type)
			continue;
		if (!kernel__is_since(types[i].minor, types[i].in_el8) ||
		    attr->map_flags & ~types[i].flags[kernel__column()] ||
		    !name_is_valid(attr->map_name))
			return -EINVAL;
		return check_value_size(attr);
	}
	return -EINVAL;
}
