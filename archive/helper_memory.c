/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "helper_memory.h"

static const struct helper_memory arguments[] = {
	{ BPF_FUNC_map_lookup_elem, BPF_REG_2, MEMORY_KEY, false },
	{ BPF_FUNC_map_update_elem, BPF_REG_2, MEMORY_KEY, false },
	{ BPF_FUNC_map_update_elem, BPF_REG_3, MEMORY_VALUE, false },
	{ BPF_FUNC_map_delete_elem, BPF_REG_2, MEMORY_KEY, false },
	{ BPF_FUNC_trace_printk, BPF_REG_1, MEMORY_SIZED, false },
	{ BPF_FUNC_perf_event_output, BPF_REG_4, MEMORY_SIZED, false },
	{ BPF_FUNC_get_current_comm, BPF_REG_1, MEMORY_SIZED, true },
	{ BPF_FUNC_probe_read, BPF_REG_1, MEMORY_SIZED, true },
	{ BPF_FUNC_probe_read_str, BPF_REG_1, MEMORY_SIZED, true },
	{ BPF_FUNC_probe_read_user, BPF_REG_1, MEMORY_SIZED, true },
	{ BPF_FUNC_probe_read_user_str, BPF_REG_1, MEMORY_SIZED, true },
	{ BPF_FUNC_probe_read_kernel, BPF_REG_1, MEMORY_SIZED, true },
	{ BPF_FUNC_probe_read_kernel_str, BPF_REG_1, MEMORY_SIZED, true },
};

const struct helper_memory *helper_memory__next(int32_t helper, const struct helper_memory *after)
{
	const struct helper_memory *end = arguments + sizeof(arguments) / sizeof(arguments[0]);

	for (const struct helper_memory *at = after ? after + 1 : arguments; at < end; at++)
		if (at->helper == helper)
			return at;
	return NULL;
}

const struct helper_memory *helper_memory__in(int32_t helper, uint8_t reg)
{
	const struct helper_memory *found = helper_memory__next(helper, NULL);

	while (found && found->reg != reg)
		found = helper_memory__next(helper, found);
	return found;
}
